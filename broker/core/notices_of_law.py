"""Who is told of a change of the rules, and of what is said to it? Part of the table of notices.py."""

from collections.abc import Iterator

from broker.core.happened import Happened, Told, person_box, role_box
from broker.core.rows import Comment, Consultation, PackProposal

_SERVICE = "service"
_WRITERS = ("admin", "legal_officer")


def second_persons(h: Happened) -> Iterator[Told]:
    """Who may put other rules in force: not who wrote or proposed them."""
    for row in h.of(PackProposal):
        for role in _WRITERS:
            yield Told(to=role_box(role, _SERVICE), about=row.id, but=tuple(sorted(row.authors)))


def consulted(h: Happened) -> Iterator[Told]:
    """The communities whose word on a change of the rules is asked for; when it begins, and when it is closed."""
    for row in h.of(Consultation):
        commented = row.version > 1 and row.state == "open"
        for ref in () if commented else row.communities:
            yield Told(to=role_box("community_authority", f"community:{ref}"), about=row.id)


def said_of_law(h: Happened) -> Iterator[Told]:
    """Of a comment who answers it; of an answer who commented."""
    for row in h.of(Comment):
        if row.answered is not None:
            yield Told(to=person_box(row.person), about=row.consultation)
        else:
            for role in _WRITERS:
                yield Told(to=role_box(role, _SERVICE), about=row.consultation, but=(row.person,))
