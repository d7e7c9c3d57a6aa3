"""An application for data, and what each committee makes of it. Drafts are no rows: they may be lost (ruling 27)."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from broker.core.access.clock import Clock
from broker.core.access.life import Stage
from broker.core.access.parts import Part
from broker.core.access.votes import Vote
from broker.core.ids import ApplicationId, DatasetId, PersonId, RequestId, ReviewId
from broker.core.purpose import Purpose
from broker.core.time import Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """To a question that the operator put into the form. `asked`: in which words it was asked then."""

    question: str
    asked: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """What the applicant wrote. `lay`: the same for people who are no scientists."""

    title: str
    statement: str
    lay: str = ""
    benefit: str = ""
    """What the use gives to the population that the data come from; needed across a border."""
    purpose: Purpose
    datasets: tuple[DatasetId, ...] = ()
    """For which data they were handed in."""
    people: tuple[PersonId, ...] = ()
    """Who applied then, the applicant first."""
    form: str = ""
    """In which form they were written (`questions.Form.called`): another form changes nothing of them."""
    answers: tuple[Answer, ...] = ()
    """To what the operator asks besides, for people to read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accessor:
    """Somebody who applies with the applicant, for grants of their own. They joined themselves, signed in.

    `affiliations`, `location`: what their own sign-in said of them then; nobody states it for them.
    """

    person: PersonId
    joined: Seconds
    affiliations: tuple[str, ...] = ()
    location: str | None = None
    left: Seconds | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """A file beside an application. `scanned`: did something look at it, and find nothing? `turn`: of which papers."""

    id: str
    called: str
    media: str
    size: int
    sha256: str
    at: Seconds
    turn: int
    scanned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """The bytes of such a file, in base64; empty, once it was removed or its sender erased."""

    KIND: ClassVar[str] = "attachment"
    id: str
    version: int = 1
    application: ApplicationId
    person: PersonId
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """Somebody asks for datasets, for one project. Each (dataset, person) of it is a Request, with its own answer.

    `turn` counts how often it was handed in; the papers of every turn are kept, so that both sides see what changed.
    """

    KIND: ClassVar[str] = "application"
    id: ApplicationId
    version: int = 1
    person: PersonId
    papers: tuple[Paper, ...]
    reviews: tuple[ReviewId, ...]
    created: Seconds
    affiliations: tuple[str, ...] = ()
    location: str | None = None
    copied_from: ApplicationId | None = None
    together: tuple[Accessor, ...] = ()
    """Who applies with them, or once did."""
    attached: tuple[Attached, ...] = ()

    @property
    def people(self) -> tuple[PersonId, ...]:
        """Who applies, the applicant first."""
        return (self.person, *(one.person for one in self.together if one.left is None))

    @property
    def ever(self) -> frozenset[PersonId]:
        """Who applies or once did: nobody of them has a part in the decision."""
        return frozenset({self.person, *(one.person for one in self.together)})

    @property
    def turn(self) -> int:
        return len(self.papers)

    @property
    def paper(self) -> Paper:
        """As it was handed in last."""
        return self.papers[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """Something said about an application. `about`: the member of the paper that it is about; None: all of it.

    `to`: the applicant reads it too, or only those who decide. Who said it is never shown to applicants, only as what.
    """

    id: str
    person: PersonId
    part: Part
    text: str
    about: str | None
    to: Literal["everybody", "committee"]
    at: Seconds
    turn: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """Both sides of a use, as the committee sees them (WHO 2024, 3.3-2). No score comes of it: it orders arguments."""

    risk_of_use: str
    risk_of_non_use: str
    """What is lost, and by whom, if the data are not used."""
    benefit: str
    to_whom: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessed:
    """An assessment of one dataset, and of which papers. `turn` as in a vote."""

    dataset: DatasetId
    assessment: Assessment
    person: PersonId
    at: Seconds
    turn: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Invited:
    """Somebody whom the committee asks for advice, or to decide in its place; for this application alone."""

    person: PersonId
    part: Literal[Part.REVIEWER, Part.DECIDER]
    by: PersonId
    at: Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """Somebody who has an interest of their own in it, and so takes no part in the decision."""

    person: PersonId
    ground: str
    at: Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """An application before one committee. `stage` changes only by core/access/life.py."""

    KIND: ClassVar[str] = "review"
    id: ReviewId
    version: int = 1
    application: ApplicationId
    committee: str
    requests: tuple[RequestId, ...]
    stage: Stage
    clock: Clock
    endorsed_by: PersonId | None = None
    confirmed_by: PersonId | None = None
    remarks: tuple[Remark, ...] = ()
    votes: tuple[Vote, ...] = ()
    invited: tuple[Invited, ...] = ()
    aside: tuple[Aside, ...] = ()
    assessed: tuple[Assessed, ...] = ()

    @property
    def apart(self) -> frozenset[PersonId]:
        """Who stepped aside."""
        return frozenset(one.person for one in self.aside)

    def assessment(self, dataset: DatasetId, turn: int) -> Assessment | None:
        """The last one of a dataset and of the papers of `turn`, unless its author stepped aside."""
        found = [one for one in self.assessed if (one.dataset, one.turn) == (dataset, turn)]
        return next((one.assessment for one in reversed(found) if one.person not in self.apart), None)
