"""How much is used under a grant, from where; from when on people are told of it; and what they were told."""

from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

from broker.core.ids import DatasetId, GrantId, PersonId
from broker.core.time import Seconds

Rule = Literal[
    "bytes_a_day", "bytes_in_all", "downloads_a_day", "countries_a_day", "elsewhere", "pieces_a_day", "times_in_all"
]
"""`elsewhere`: from a country that the approved purpose does not name; `times_in_all`: more than the data hold, several
times over."""
RULES: tuple[Rule, ...] = get_args(Rule)
BYTES = frozenset[Rule]({"bytes_a_day", "bytes_in_all", "times_in_all"})
"""Those that count bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Of a dataset: above what a use under one grant is told to people. None: there is no such limit.

    `holds`: rules after which the grant rests too, until a person resumes it.
    """

    bytes_a_day: int | None = None
    bytes_in_all: int | None = None
    downloads_a_day: int | None = None
    """Deliveries from the first byte on."""
    countries_a_day: int | None = None
    elsewhere: bool = True
    holds: frozenset[Rule] = frozenset()
    pieces_a_day: int | None = None
    """Deliveries of any part: who asks for one small region after another is found by this."""
    times_in_all: int | None = None
    """Bytes in all, as a multiple of what the dataset holds: for who set no number of bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UseTally:
    """What left under one grant, as far as it was counted. `id` is the grant's; a day is counted from 1970, UTC."""

    KIND: ClassVar[str] = "use_tally"
    id: GrantId
    version: int = 1
    bytes: int = 0
    day: int = 0
    day_bytes: int = 0
    day_downloads: int = 0
    day_countries: frozenset[str] = frozenset()
    day_pieces: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class UseVolume:
    """How many bytes left in a year, of all data; `id` is the year, UTC. `again`: of `whole`, what a project had."""

    KIND: ClassVar[str] = "use_volume"
    id: str
    version: int = 1
    whole: int = 0
    """In downloads of whole files."""
    parts: int = 0
    """In ranges and regions, and in downloads that broke off."""
    again: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class UseWhole:
    """A project got a whole file, so many times. `id` is a digest of both."""

    KIND: ClassVar[str] = "use_whole"
    id: str
    version: int = 1
    times: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class UseMark:
    """How far deliveries were counted. There is one: `id` is `deliveries`.

    `upto`: the last id that was looked at; `running`: those before it that had not ended then.
    """

    KIND: ClassVar[str] = "use_mark"
    id: str
    version: int = 1
    upto: str = ""
    running: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """People are told that a use went beyond a limit, and one of them says what it was.

    `found`, `limit`: bytes, downloads or countries. `held`: the grant was suspended with it.
    """

    KIND: ClassVar[str] = "alert"
    id: str
    version: int = 1
    grant: GrantId
    dataset: DatasetId
    rule: Rule
    day: int
    found: int
    limit: int
    countries: tuple[str, ...] = ()
    held: bool = False
    raised: Seconds
    state: Literal["open", "closed"] = "open"
    closed: Seconds | None = None
    closed_by: PersonId | None = None
    ground: str = ""
    """What it was, in the words of who looked into it."""
