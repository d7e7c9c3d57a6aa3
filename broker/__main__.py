"""`broker`: what an operator, a committee's helper or a newcomer types."""

import sys
from importlib import import_module
from pathlib import Path

import click

COMMANDS = {
    "apply": "Apply catalogue files: show the plan, then all of it or nothing.",
    "audit": "The record: prove it, or name what was done to it.",
    "backup": "Copy rows and log to a file, of whichever database.",
    "check": "Judge case files with the product's own rules.",
    "clients": "The programs that may ask for tokens.",
    "consents": "Consent records of participants, in and out.",
    "data": "The files of a repository: encrypt, register and verify them.",
    "datasets": "What data there are, and what you may use them for.",
    "decisions": "Make decisions of before again, and show them.",
    "demo": "Tell the whole story, then go on serving until Ctrl-C.",
    "doctor": "Look at everything that a start needs.",
    "drs": "Addresses of objects, here and elsewhere.",
    "duo": "Data use conditions of other systems, in and out.",
    "feed": "What has ended of what a repository gave out.",
    "get": "Download, whole and checked.",
    "idps": "Where people sign in.",
    "init": "Make database, log and keys.",
    "issuers": "Whom we trust to issue visas, and for what.",
    "keys": "The signing keys.",
    "login": "Sign this computer in at a broker.",
    "logout": "End that sign-in.",
    "migrate": "Bring the database of an older version up to date.",
    "ontology": "The disease ontology: check a release, look a term up.",
    "passport": "What a broker would tell others of you.",
    "people": "What people may ask of who holds their data: a copy, erasure; and holds.",
    "policy": "Policy packs: check, list, try and activate them.",
    "recipient": "The Crypt4GH keys for which data are encrypted for you.",
    "request": "Ask a committee for data.",
    "restore": "Bring such a copy into an empty database.",
    "retention": "How much was kept long enough, and dropping it.",
    "sanctions": "Warnings, suspensions and what follows them.",
    "serve": "Answer requests until SIGTERM.",
    "visas": "What is asserted of people, and becomes visas.",
}
"""Every command and what it is for; a module of broker/commands each, imported when it is asked for."""


class Commands(click.Group):
    """The commands, loaded one at a time: `--help` must not wait for a web server to be imported."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        found = getattr(import_module(f"broker.commands.{cmd_name}"), cmd_name)
        return found if isinstance(found, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--config", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Settings file (TOML).")
@click.option("--language", metavar="TAG", envvar=["LC_ALL", "LC_MESSAGES", "LANG"], help="Of reasons, for example es.")
@click.version_option(package_name="ga4gh-access-broker")
@click.pass_context
def cli(context: click.Context, config: Path | None, language: str | None) -> None:
    """A data access broker for human genomic data: Passports, DUO, consent, jurisdiction, and a record of it all."""
    from broker.commands.common import LANGUAGE  # noqa: PLC0415 (not for --help)
    from broker.commands.logs import logging  # noqa: PLC0415 (not for --help)

    context.obj, context.meta[LANGUAGE] = config, language or ""
    logging("info")


def main() -> None:
    """The console script. What an operator can mend ends in one line and status 2, not in a traceback."""
    try:
        cli(prog_name="broker")
    except click.ClickException:
        raise
    except Exception as failure:
        from broker.commands.common import Fail  # noqa: PLC0415 (not for --help)

        if not isinstance(failure, Fail):
            raise
        click.echo(f"broker: {failure}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
