"""Consent versions as they are stored: one immutable row each, bitemporal (core/consent)."""

from dataclasses import dataclass
from typing import ClassVar

from broker.core.consent.model import ConsentVersion
from broker.core.ids import DatasetId


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentRow:
    """One version of one person's, family's or community's consent. `id` is `<consent id>/<version>`."""

    KIND: ClassVar[str] = "consent"
    id: str
    version: int = 1
    datasets: frozenset[DatasetId]
    """The datasets that hold this participant's data."""
    consent: ConsentVersion
