"""What would be accepted of this issuer, provider or client, and why not? Fetched and checked, nothing changed.

Everything that decides is the code that decides in service: the guarded client fetches, the clearinghouse's own
functions judge a sample, under the row as it would be.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from broker.core.administration import Managed
from broker.core.inspection import (
    Finding,
    Fits,
    KeyFinding,
    address_fault,
    client_findings,
    discovery,
    fetched,
    issuer_findings,
    key_set,
    provider_findings,
)
from broker.core.outcome import Reason
from broker.core.passport import counts, limits
from broker.core.passport.keys import usable
from broker.core.passport.read import read_visa
from broker.core.passport.trust import ALGORITHMS, Jwk, Trust
from broker.core.passport.verify import CheckSignature, seal_visa
from broker.core.plain import canonical, plain
from broker.core.reasons import sentence
from broker.core.reasons.found_words import FOUND_WORDS
from broker.core.rows import Client, IdentityProvider, VisaIssuer
from broker.core.strict_json import StrictJsonError, loads
from broker.flows.world import World
from broker.ports import Probe

_WELL_KNOWN = "/.well-known/openid-configuration"
_OF_KEYS = ("discovery", "issuer", "jwks_uri")
"""Findings about a document that matter where nobody signs in by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was found. `passes`: nothing was refused."""

    findings: tuple[Finding, ...]
    keys: tuple[KeyFinding, ...] = ()

    @property
    def passes(self) -> bool:
        return all(finding.level != "refused" for finding in self.findings)

    def told(self) -> dict[str, Any]:
        """As JSON, for the API and for commands."""
        why = {key.why: FOUND_WORDS[f"found.key.{key.why}"] if key.why else "" for key in self.keys}
        keys = [{**plain(key), "why": why[key.why], "used": not key.why} for key in self.keys]
        found = [{"level": one.level, "about": one.about, "text": one.text} for one in self.findings]
        return {"passes": self.passes, "findings": found, "keys": keys}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What looking takes: a way out, and the functions that check in service."""

    probe: Probe
    fits: Fits
    check: CheckSignature


async def inspect(w: World, tools: Tools, row: Managed, sample: str | None = None) -> Report:
    """Look at `row`, stored or not. `sample`: a visa of that issuer, to be judged under it."""
    if isinstance(row, Client):
        return await _client(tools, row)
    if isinstance(row, IdentityProvider):
        others = [one.id async for one in w.rows.scan(IdentityProvider)]
        return await _provider(tools, row, others, w.issuer)
    return await _issuer(w, tools, row, sample)


async def keys_of(tools: Tools, iss: str, *, internal: bool) -> tuple[Report, str | None]:
    """What the discovery document of `iss` says of its keys, and where they are; None: it cannot be believed."""
    address = iss.rstrip("/") + _WELL_KNOWN
    got = await tools.probe.look(address, internal=internal)
    if isinstance(got, str):
        return Report(findings=(fetched("discovery", address, got),)), None
    said, document = discovery(got, iss, internal=internal)
    said = tuple(one for one in said if one.about in _OF_KEYS)
    report, jwks_uri = Report(findings=(fetched("discovery", address, got), *said)), document.get("jwks_uri")
    return report, jwks_uri if report.passes and isinstance(jwks_uri, str) else None


async def _issuer(w: World, tools: Tools, row: VisaIssuer, sample: str | None) -> Report:
    findings = list(issuer_findings(row, [one.id async for one in w.rows.scan(VisaIssuer)]))
    shown: list[KeyFinding] = []
    sets: dict[tuple[str, str], Sequence[Jwk]] = {}
    if row.trust.keys:
        said, keys = key_set(canonical({"keys": row.trust.keys}), row.trust.algorithms, tools.fits)
        findings += said
        shown += keys
    for jku in row.trust.jku if not row.trust.keys else ():
        got = await tools.probe.look(jku, internal=row.internal)
        findings.append(fetched("jku", jku, got))
        if isinstance(got, bytes):
            said, keys = key_set(got, row.trust.algorithms, tools.fits)
            findings += said
            shown += keys
            sets[row.id, jku] = _usable(got)
    if row.trust.discovery and not row.trust.keys:
        said, keys = await _discovered(tools, row.id, internal=row.internal, signs_in=False)
        findings += said
        shown += keys
    if sample is not None:
        findings.append(_judged(w, tools, row, sample, sets))
    return Report(findings=tuple(findings), keys=tuple(shown))


def _judged(
    w: World, tools: Tools, row: VisaIssuer, sample: str, sets: dict[tuple[str, str], Sequence[Jwk]]
) -> Finding:
    """Would this visa count here, of this issuer, as far as it alone can say?"""
    now, trust = w.clock.now(), Trust((row.trust,))
    us = frozenset({w.issuer, f"{w.issuer}/", f"{w.issuer}/ga4gh/drs/v1"})
    claimed = read_visa(sample, trust, at=now, us=us)
    if isinstance(claimed, Reason):
        return _no(claimed)
    keys = claimed.need.pinned if claimed.need.pair is None else sets.get(claimed.need.pair)
    visa = seal_visa(claimed, keys, tools.check)
    if isinstance(visa, Reason):
        return _no(visa)
    names = w.snapshots.current().revoked_names(counts.revocation_names(visa), now)
    found = counts.refusal(visa, trust, now, limits.LEEWAY, names)
    if isinstance(found, Reason):
        return _no(found)
    opens = counts.dataset(visa, found)
    what = f"{visa.type} of {visa.source}" + (f", which opens {opens}" if opens is not None else "")
    return Finding(level="ok", about="sample", code="counts", facts=(("what", what[:500]),))


def _no(reason: Reason) -> Finding:
    why = f"{reason.code}: {sentence(reason.code, dict(reason.facts))}"
    return Finding(level="refused", about="sample", code="counts_not", facts=(("why", why),))


async def _provider(tools: Tools, row: IdentityProvider, others: Sequence[str], own: str) -> Report:
    said, keys = await _discovered(tools, row.id, internal=row.internal, signs_in=True)
    return Report(findings=(*provider_findings(row, others, own), *said), keys=keys)


async def _discovered(
    tools: Tools, iss: str, *, internal: bool, signs_in: bool
) -> tuple[tuple[Finding, ...], tuple[KeyFinding, ...]]:
    """The discovery document of `iss` and the keys that it names. `signs_in`: is it asked to sign people in?"""
    address = iss.rstrip("/") + _WELL_KNOWN
    got = await tools.probe.look(address, internal=internal)
    if isinstance(got, str):
        return (fetched("discovery", address, got),), ()
    said, document = discovery(got, iss, internal=internal)
    if not signs_in:
        said = tuple(one for one in said if one.about in _OF_KEYS)
    jwks_uri = document.get("jwks_uri")
    more, keys = tuple[Finding, ...](), tuple[KeyFinding, ...]()
    if isinstance(jwks_uri, str) and address_fault(jwks_uri, internal=internal) is None:
        more, keys = await _keys_at(tools, jwks_uri, "jwks_uri", internal=internal)
    return (fetched("discovery", address, got), *said, *more), keys


async def _client(tools: Tools, row: Client) -> Report:
    findings, keys = list(client_findings(row)), tuple[KeyFinding, ...]()
    if row.jwks:
        more, keys = key_set(canonical({"keys": row.jwks}), ALGORITHMS, tools.fits)
        findings += more
    elif row.jwks_uri is not None:
        more, keys = await _keys_at(tools, row.jwks_uri, "jwks_uri", internal=row.internal)
        findings += more
    return Report(findings=tuple(findings), keys=keys)


async def _keys_at(
    tools: Tools, url: str, about: str, *, internal: bool
) -> tuple[tuple[Finding, ...], tuple[KeyFinding, ...]]:
    got = await tools.probe.look(url, internal=internal)
    if isinstance(got, str):
        return (fetched(about, url, got),), ()
    said, keys = key_set(got, ALGORITHMS, tools.fits)
    return (fetched(about, url, got), *said), keys


def _usable(raw: bytes) -> Sequence[Jwk]:
    try:
        return usable(loads(raw, limits.KEY_SET_BYTES)) or ()
    except StrictJsonError:
        return ()
