"""How the registered issuers are doing: their addresses as the key client sees them, and what was refused."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from broker.adapters.jwks import JwksClient
from broker.core.passport.health import AddressHealth, Concerns, Hint, IssuerReport, Refusals, shown
from broker.core.passport.keys import usable
from broker.core.passport.trust import TrustRow
from broker.core.time import Seconds


@dataclass(slots=True)
class _Seen:
    """`counts`: code -> (how often, when last). Codes and hints are closed lists, so this is bounded."""

    counts: dict[str, tuple[int, Seconds]] = field(default_factory=dict)
    hints: dict[Hint, None] = field(default_factory=dict)
    last: str | None = None


class LiveIssuerHealth:
    """A ports.IssuerHealth. Counts are of this process, since its start."""

    def __init__(self, keys: JwksClient) -> None:
        self._keys = keys
        self._rows: dict[str, TrustRow] = {}
        self._seen: dict[str, _Seen] = {}

    def register(self, rows: Iterable[TrustRow]) -> None:
        """These issuers and no others from now on. A row that changed starts anew: it may have been mended."""
        listed = {row.iss: row for row in rows}
        kept = {iss: seen for iss, seen in self._seen.items() if listed.get(iss) == self._rows.get(iss)}
        self._rows = listed
        self._seen = {iss: kept.get(iss) or _Seen() for iss in listed}

    def refused(self, concerns: Concerns, at: Seconds) -> None:
        """Count a refused token of a registered issuer."""
        seen = self._seen.get(concerns.iss)
        if seen is None:
            return
        count, _ = seen.counts.get(concerns.code, (0, at))
        seen.counts[concerns.code] = (count + 1, at)
        seen.last = concerns.code
        if concerns.hint is not None:
            seen.hints[concerns.hint] = None

    def reports(self) -> Sequence[IssuerReport]:
        """Every registered issuer, in the order of registration."""
        addresses: dict[str, list[AddressHealth]] = {}
        for iss, health in self._keys.health():
            addresses.setdefault(iss, []).append(health)
        return tuple(self._report(row, addresses.get(iss, [])) for iss, row in self._rows.items())

    async def refresh(self, iss: str) -> IssuerReport | None:
        """Ask every address of `iss` now; None if it is not registered."""
        if iss not in self._rows:
            return None
        for issuer, health in self._keys.health():
            if issuer == iss:
                await self._keys.refresh(iss, health.jku)
        return next((report for report in self.reports() if report.iss == iss), None)

    def _report(self, row: TrustRow, addresses: list[AddressHealth]) -> IssuerReport:
        seen = self._seen[row.iss]
        return IssuerReport(
            iss=row.iss,
            addresses=(*_pinned(row), *addresses),
            refusals=tuple(Refusals(code=code, count=n, last=last) for code, (n, last) in sorted(seen.counts.items())),
            last_code=seen.last,
            hints=tuple(seen.hints),
        )


def _pinned(row: TrustRow) -> tuple[AddressHealth, ...]:
    """Keys that were exchanged out of band need no address and are as old as the row."""
    if not row.keys:
        return ()
    keys = tuple(shown(key) for key in usable({"keys": list(row.keys)}) or ())
    return (AddressHealth(jku="", state="good", keys=keys),)
