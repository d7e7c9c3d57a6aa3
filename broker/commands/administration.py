"""`broker issuers|clients|idps …`: one group of commands per sort, over the same calls here and over HTTP."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import click

from broker.adapters.remote import RemoteError, read_credentials, remote
from broker.adapters.storage.head import LedgerRefusedError
from broker.adapters.yaml_files import load_yaml, read_yaml
from broker.app import opened
from broker.commands.administration_here import Calls, Here
from broker.commands.administration_shown import report, row, rows
from broker.commands.common import Fail, language, settings, telling
from broker.core.administration import Noun
from broker.web.state import BROKER

TITLES: Mapping[Noun, tuple[str, str]] = {
    "issuers": ("a visa issuer", "Whom we trust to issue visas and Passports, and for what."),
    "clients": ("a client", "The programs that may ask for tokens."),
    "idps": ("an identity provider", "Where people sign in."),
}
Run = Callable[[Calls], Awaitable[Any]]


class At:
    """Where a command works: on a stopped broker's state, or at a running broker."""

    def __init__(self, config: Path | None, server: str | None, token_file: Path | None, *, as_json: bool) -> None:
        self.config, self.server, self.token_file, self.as_json = config, server, token_file, as_json

    def run(self, work: Run) -> Any:
        """What `work` gives. Fail, in one line, for whatever an operator can mend."""
        with telling():
            try:
                return asyncio.run(self._run(work))
            except RemoteError as wrong:
                raise Fail(str(wrong)) from None
            except LedgerRefusedError as wrong:
                told = f"{wrong}; use --server URL --token-file FILE while it runs, or stop it first"
                raise Fail(told) from None

    async def _run(self, work: Run) -> Any:
        async with self._calls() as calls:
            return await work(calls)

    @asynccontextmanager
    async def _calls(self) -> AsyncIterator[Calls]:
        if self.server is None:
            async with opened(settings(self.config)) as running:
                yield Here(running.world, running.app[BROKER].administration)
            return
        if self.token_file is None:
            raise RemoteError("--server needs --token-file, with an access token or a service's credentials")
        async with remote(self.server, read_credentials(self.token_file), language().tag) as calls:
            yield calls


def _where(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that every command has."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="For programs: the JSON of the API."),
        click.option(
            "--token-file", type=click.Path(path_type=Path, exists=True), help="Access token, or credentials."
        ),
        click.option("--server", help="A running broker's address; without it a stopped broker's state is used."),
    ):
        command = option(command)
    return command


def _saying(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of commands that take a row."""
    for option in (
        click.option("--secret-file", type=click.Path(path_type=Path, exists=True), help="File with our secret there."),
        click.option("--set", "sets", multiple=True, metavar="NAME=VALUE", help="A member; the value is YAML."),
        click.option(
            "--file", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="YAML with the part."
        ),
    ):
        command = option(command)
    return command


def _said(file: Path | None, sets: tuple[str, ...], secret_file: Path | None) -> dict[str, Any]:
    """The row that the options state: the file, over it each --set, over it the secret."""
    found: dict[str, Any] = {}
    if file is not None:
        loaded = load_yaml(file, anchors=False).value
        if not isinstance(loaded, dict):
            raise Fail(f"{file}: one part of a catalogue file is needed, a mapping")
        found |= loaded
    for one in sets:
        name, equals, value = one.partition("=")
        if not equals or not name:
            raise Fail(f"--set {name}: NAME=VALUE is needed")
        found[name] = read_yaml(f"value: {value}\n".encode(), f"--set {name}", anchors=False).value["value"]
    if secret_file is not None:
        found["client_secret"] = secret_file.read_text("utf-8").strip()
    return found


def group(noun: Noun) -> click.Group:
    """The commands of one sort."""
    title, what = TITLES[noun]
    made = click.Group(noun, help=f"{what} A stopped broker's state is changed directly; for a running one: --server.")
    for command in (_list, _show, _add, _change, _test, *(_mover(verb) for verb in _MOVES)):
        made.add_command(command(noun, title))
    return made


def _list(noun: Noun, _: str) -> click.Command:
    @click.command("list", help="All of them, in one line each.")
    @_where
    @click.pass_obj
    def command(config: Path | None, /, **where: Any) -> None:
        at = At(config, **where)
        found = at.run(lambda calls: calls.listed(noun))
        rows(noun, found, as_json=at.as_json)

    return command


def _show(noun: Noun, title: str) -> click.Command:
    @click.command("show", help=f"Show {title}, by its id or ref; everything but its secrets.")
    @click.argument("name")
    @_where
    @click.pass_obj
    def command(config: Path | None, /, name: str, **where: Any) -> None:
        at = At(config, **where)
        row(at.run(lambda calls: calls.show(noun, name)), as_json=at.as_json)

    return command


def _add(noun: Noun, title: str) -> click.Command:
    @click.command("add", help=f"Register {title}, from --file, --set or both.")
    @_saying
    @_where
    @click.pass_obj
    def command(
        config: Path | None, /, file: Path | None, sets: tuple[str, ...], secret_file: Path | None, **where: Any
    ) -> None:
        at = At(config, **where)
        with telling():
            said = _said(file, sets, secret_file)
        row(at.run(lambda calls: calls.add(noun, said)), as_json=at.as_json)

    return command


def _change(noun: Noun, title: str) -> click.Command:
    @click.command("change", help=f"Change members of {title}; what is not named stays as it is.")
    @click.argument("name")
    @_saying
    @_where
    @click.pass_obj
    def command(
        config: Path | None,
        /,
        name: str,
        file: Path | None,
        sets: tuple[str, ...],
        secret_file: Path | None,
        **where: Any,
    ) -> None:
        at = At(config, **where)
        with telling():
            said = _said(file, sets, secret_file)

        async def work(calls: Calls) -> dict[str, Any]:
            now = await calls.show(noun, name)
            return await calls.change(noun, name, now["declared"] | said, now["version"])

        row(at.run(work), as_json=at.as_json)

    return command


def _test(noun: Noun, title: str) -> click.Command:
    @click.command(
        "test",
        help=f"Fetch and check what {title} publishes: what would be accepted, and why not. Changes nothing. "
        "Without NAME the row of --file and --set is looked at. Status 1 if something would be refused.",
    )
    @click.argument("name", required=False)
    @click.option(
        "--sample", type=click.Path(path_type=Path, exists=True), help="File with a visa of theirs, to judge."
    )
    @_saying
    @_where
    @click.pass_obj
    def command(
        config: Path | None,
        /,
        name: str | None,
        sample: Path | None,
        file: Path | None,
        sets: tuple[str, ...],
        secret_file: Path | None,
        **where: Any,
    ) -> None:
        at = At(config, **where)
        with telling():
            said = _said(file, sets, secret_file)
            visa = sample.read_text("utf-8").strip() if sample is not None else None
        if (name is None) == (not said):
            raise Fail("either NAME, or --file and --set for one that is not registered")
        found = at.run(lambda calls: calls.test(noun, name, said, visa))
        report(found, as_json=at.as_json)
        sys.exit(0 if found["passes"] else 1)

    return command


_MOVES = {
    "suspend": "Everything that rests on it stops now; `resume` undoes it.",
    "resume": "Let a suspended one work again.",
    "remove": "Remove it for good: what rests on it ends now and never comes back. The row stays, for the record.",
}


def _mover(verb: str) -> Callable[[Noun, str], click.Command]:
    def make(noun: Noun, title: str) -> click.Command:
        @click.command(verb, help=f"{_MOVES[verb]} NAME: the id or ref of {title}.")
        @click.argument("name")
        @click.option("--ground", help="Why, for the record.")
        @click.option("--yes", is_flag=True, hidden=verb != "remove", help="Do not ask.")
        @_where
        @click.pass_obj
        def command(config: Path | None, /, name: str, *, ground: str | None, yes: bool, **where: Any) -> None:
            at = At(config, **where)
            if verb == "remove" and not yes:
                click.confirm(f"remove {name} for good", abort=True, err=True)
            row(at.run(lambda calls: calls.move(noun, name, verb, ground)), as_json=at.as_json)

        return command

    return make


def secret_command() -> click.Command:
    """`broker clients secret NAME`."""

    @click.command("secret", help="A new secret for a client, printed once; the one before it is worth nothing now.")
    @click.argument("name")
    @_where
    @click.pass_obj
    def command(config: Path | None, /, name: str, **where: Any) -> None:
        at = At(config, **where)
        row(at.run(lambda calls: calls.secret(name)), as_json=at.as_json)

    return command
