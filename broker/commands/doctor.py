"""`broker doctor`: is everything there that a start needs, and is it as it should be?"""

import asyncio
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from broker.adapters.clock import SystemClock
from broker.adapters.crypt4gh.archive_keys import FOLDER
from broker.adapters.keys import open_keys
from broker.adapters.languages import load_languages
from broker.adapters.ontology import load_ontology
from broker.adapters.policy_files import load_packs
from broker.adapters.storage.shards import NEXT as ENDED
from broker.adapters.storage.soundness import assert_sound
from broker.commands.common import MENDABLE, settings
from broker.commands.doctor_links import links
from broker.config import Settings
from broker.core.administration import SORTS, Managed, Sort
from broker.core.audit.entry import decode
from broker.core.inspection import Finding, client_findings, issuer_findings, provider_findings
from broker.core.jurisdiction.rulebook import overdue
from broker.core.rows import DrsObject, IdentityProvider, VisaIssuer
from broker.core.time import Seconds, day_of
from broker.database import every, open_any_log, rows_of, server_told
from broker.policies import policy_folder, rules_in
from broker.state import archive_keys


@click.command()
@click.option("--links", "ask", is_flag=True, help="Ask the addresses at which people read how data are governed, too.")
@click.pass_obj
def doctor(config: Path | None, *, ask: bool) -> None:
    """Look at settings, keys, database, policy packs and ontology; say what is wrong and what to do."""
    chosen = settings(config)
    click.echo(f"ok    settings: issuer {chosen.issuer}, mode {chosen.mode}, state {chosen.state}")
    failed = sum(_look(name, found) for name, found in _checks(chosen))
    failed += _look("links", lambda: links(chosen.store)) if ask else False
    sys.exit(1 if failed else 0)


def _checks(chosen: Settings) -> Iterator[tuple[str, Callable[[], str]]]:
    yield "keys", lambda: _keys(chosen)
    if chosen.database_url is None:
        yield "database", lambda: _database(chosen.database)
        yield "log head", lambda: _database(chosen.lock_database)
    else:
        yield "database", lambda: server_told(chosen)
    yield "log", lambda: asyncio.run(_log(chosen, SystemClock().now()))
    yield "policy packs", lambda: _packs(chosen)
    yield "translations", lambda: _translations(chosen)
    yield "issuers, clients, providers", lambda: _administered(chosen)
    yield "ontology", lambda: _ontology(chosen)
    yield "Crypt4GH keys", lambda: _archive(chosen)


def _look(name: str, check: Callable[[], str]) -> bool:
    """Print one line; True if it is a bad one."""
    try:
        click.echo(f"ok    {name}: {check()}")
    except MENDABLE as wrong:
        click.echo(f"WRONG {name}: {wrong}")
        return True
    return False


def _keys(chosen: Settings) -> str:
    open_keys(chosen.keys, chosen.passphrase_file)
    apart = chosen.passphrase_file.parent.resolve() != chosen.state.resolve()
    return "readable with the passphrase" + ("" if apart else "; keep the passphrase apart from the state folder")


def _database(path: Path) -> str:
    assert_sound(path)
    return f"{path.name} is sound"


async def _log(chosen: Settings, now: Seconds) -> str:
    """How long it is, and whether it should have ended. ValueError for one that is older than what was published."""
    async with open_any_log(chosen) as log:
        size, published = await log.head() - log.first, await log.published()
        begun, last = await log.at(log.first), await log.newest(1)
    if published.size > size:
        raise ValueError(
            f"{log.origin}: {published.size} entries were published, and here are {size}: an old backup was restored"
        )
    if last and decode(last[0].body).entry.kind == ENDED:
        raise ValueError(f"{log.origin} has ended, and none goes on from it: give `broker audit turn` again")
    today = day_of(now)
    told = f"{log.origin}, {size} entries"
    if begun is None or day_of(begun).year >= today.year:
        return told
    look = f"it goes on since {day_of(begun)}: open the next one (`broker audit turn {today.year}`)"
    return f"{told}\n      look: {look}"


def _packs(chosen: Settings) -> str:
    folder = policy_folder(chosen)
    rules = rules_in(folder, chosen)
    count = len(load_packs(folder))
    today = day_of(SystemClock().now())
    look = "".join(f"\n      look: {told}" for pack in rules.packs.values() if (told := overdue(pack, today)))
    return f"{len(rules.digests)} of {count} in force" + ("; EXAMPLES, no legal basis" if rules.example else "") + look


def _ontology(chosen: Settings) -> str:
    ontology = load_ontology(chosen.ontology_file)
    shipped = Settings.model_fields["ontology"].default.name
    excerpt = "; an EXCERPT for demonstrations: name a release of MONDO" if chosen.ontology_file.name == shipped else ""
    return f"{ontology.version}, {len(ontology.names)} terms{excerpt}"


def _archive(chosen: Settings) -> str:
    """Encrypted files without a key of the repository cannot be handed out. KeyStoreError."""
    encrypted = sum(row.envelope is not None for row in asyncio.run(every(chosen.store, DrsObject)))
    made = any((chosen.keys / FOLDER).glob("*.pem"))
    count = len(archive_keys(chosen).all()) if made or encrypted else 0
    return f"{count} keys, {encrypted} encrypted files"


def _translations(chosen: Settings) -> str:
    """Production tells people nothing in words that no person has read, unless the operator knows that it does."""
    languages = load_languages(chosen.text_folder)
    told = []
    for tag, language in languages.items():
        texts = (*language.sentences.values(), *language.words.values())
        unread = sum(not text.reviewed for text in texts)
        look = f"\n      look: {tag}: nobody has reviewed {unread} of {len(texts)} translations"
        told.append(tag + (look if unread and chosen.mode == "production" else ""))
    return ", ".join(told)


def _administered(chosen: Settings) -> str:
    """How many there are, and what somebody should look at. ValueError for what cannot work as it is registered."""
    rows = asyncio.run(_rows(chosen.store))
    active = [row for row in rows if row.status == "active"]
    found = [(row.id, one) for row in active for one in _findings(row, [other.id for other in active], chosen.issuer)]
    bad = [f"{id}: {one.about}: {one.text}" for id, one in found if one.level == "refused"]
    if bad:
        raise ValueError("; ".join(bad))
    counts = ", ".join(f"{_of(sort, active)} of {_of(sort, rows)} {noun}" for noun, sort in SORTS.items())
    look = "".join(f"\n      look: {id}: {one.about}: {one.text}" for id, one in found if one.level == "warning")
    return f"{counts} active{look}"


def _of(sort: Sort, rows: list[Managed]) -> int:
    return sum(isinstance(row, sort.kind) for row in rows)


async def _rows(database: Path | str) -> list[Managed]:
    async with rows_of(database) as rows:
        return [row for sort in SORTS.values() async for row in rows.scan(sort.kind)]


def _findings(row: Managed, others: list[str], own: str) -> Iterator[Finding]:
    """What the row alone shows; `broker issuers|clients|idps test` asks the addresses, too."""
    if isinstance(row, VisaIssuer):
        return issuer_findings(row, others)
    return provider_findings(row, others, own) if isinstance(row, IdentityProvider) else client_findings(row)
