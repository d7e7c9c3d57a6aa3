"""What administration commands print: tables for people, the API's JSON for programs. Colour alone says nothing."""

import json
import sys
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

_WIDE = 200
_STYLES = {"refused": "bold red", "warning": "yellow", "ok": "green", "suspended": "yellow", "removed": "red"}
_COLUMNS = {
    "issuers": ("jku", "values", "may_link", "is_broker"),
    "clients": ("name", "auth_method", "grant_types"),
    "idps": ("slug", "name", "audience"),
}


def rows(noun: str, found: list[dict[str, Any]], *, as_json: bool) -> None:
    """Many rows, in a line each."""
    if as_json:
        click.echo(json.dumps({noun: found}, indent=2, ensure_ascii=False))
        return
    columns = _COLUMNS[noun]
    table = _table("id", "status", "version", *columns)
    for one in found:
        said = one["declared"]
        table.add_row(
            Text(one["id"]),
            _word(one["status"]),
            str(one["version"]),
            *(Text(_text(said.get(name))) for name in columns),
        )
    _print(table)


def row(found: dict[str, Any], *, as_json: bool) -> None:
    """One row: every member; a secret that was just made in a line of its own."""
    if as_json:
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    table = _table("member", "value")
    for name in ("id", "ref", "status", "version", "has_secret"):
        if name in found:
            table.add_row(name, _word(_text(found[name])))
    for name, value in found["declared"].items():
        if name not in ("id", "issuer") and value not in (None, [], {}):
            table.add_row(name, Text(_text(value)))
    _print(table)
    if "client_secret" in found:
        click.echo("the secret, shown now and never again:", err=True)
        click.echo(found["client_secret"])


def report(found: dict[str, Any], *, as_json: bool) -> None:
    """What `test` found: each finding with its verdict as a word, then the keys, then the last word."""
    if as_json:
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    table = _table("", "what", "found")
    for one in found["findings"]:
        table.add_row(_word(one["level"]), one["about"], Text(one["text"]))
    _print(table)
    if found["keys"]:
        keys = _table("key", "kty", "alg", "size", "used", "thumbprint")
        for key in found["keys"]:
            used = _word("ok") if key["used"] else Text(f"no: {key['why']}")
            keys.add_row(*(Text(key[name]) for name in ("kid", "kty", "alg", "size")), used, key["thumbprint"][:16])
        _print(keys)
    click.echo("it would be accepted" if found["passes"] else "NOT as it is: see what was refused")


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        table.add_column(name, overflow="fold")
    return table


def _print(table: Table) -> None:
    terminal = sys.stdout.isatty()
    Console(width=None if terminal else _WIDE, no_color=not terminal, highlight=False).print(table)


def _word(word: str) -> Text:
    return Text(word, style=_STYLES.get(word, ""))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return " ".join(value)
    return value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False)
