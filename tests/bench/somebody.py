"""Whoever asks in the benchmarks: signed in, with an authorisation for one client."""

from broker.core.ids import ClientId
from broker.core.rows import Family, Person, Session
from broker.core.time import Seconds
from tests import builders as b


def ada(client: ClientId, now: Seconds, end: Seconds) -> tuple[Person, Session, Family]:
    """The person, the session and the family of tokens."""
    person = Person(id=b.ADA, log_key="aa" * 32, created=now)
    session = Session(
        id="ses", person=person.id, idp=b.HOME, identities=((b.HOME, "ada"),), auth_time=now, expires=end,
        affiliations=("faculty@rhine.example",), location="DE",
    )  # fmt: skip
    family = Family(
        id="fam", client=client, person=person.id, session="ses", scope=("openid",), released=None, auth_time=now,
        expires=end,
    )  # fmt: skip
    return person, session, family
