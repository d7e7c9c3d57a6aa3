"""`broker`: what an operator, a committee's helper or a newcomer types."""

import sys
from pathlib import Path

import click

from broker.commands import apply, audit, check, demo, doctor, init, keys, serve
from broker.commands.common import Fail, logging


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--config", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Settings file (TOML).")
@click.version_option(package_name="ga4gh-access-broker")
@click.pass_context
def cli(context: click.Context, config: Path | None) -> None:
    """A data access broker for human genomic data: Passports, DUO, consent, jurisdiction, and a record of it all."""
    context.obj = config
    logging("info")


for command in (
    serve.serve, demo.demo, init.init, apply.apply, keys.keys, audit.audit, check.check, doctor.doctor,
):  # fmt: skip
    cli.add_command(command)


def main() -> None:
    """The console script. What an operator can mend ends in one line and status 2, not in a traceback."""
    try:
        cli(prog_name="broker")
    except Fail as failure:
        click.echo(f"broker: {failure}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
