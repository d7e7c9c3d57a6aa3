"""Who is in the demo? Fourteen personas who sign in, and four participants whose genomes were made up.

Nobody here exists. The names, the subs and the pseudonyms are stable, so that the catalogue can name them.
"""

from dataclasses import dataclass
from typing import Final, Literal

from broker.core.ids import SubjectRef

IssuerName = Literal["home", "biobank", "college"]
"""`home`: the researchers' university federation. `biobank`: where participants sign in. `college`: of researchers too,
and not connected to the broker until an administrator does it.
"""

MFA: Final = "https://refeds.org/profile/mfa"
SFA: Final = "https://refeds.org/profile/sfa"


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """Somebody whose data the demo's files hold. `sample`: their name in BAM and VCF headers."""

    sample: str
    subject: SubjectRef


PARTICIPANTS: Final = (
    Participant(sample="DEMO0001", subject=SubjectRef("sub_4d1f7a92c05e")),
    Participant(sample="DEMO0002", subject=SubjectRef("sub_9b30e6d81c74")),
    Participant(sample="DEMO0003", subject=SubjectRef("sub_c27a5f0e93b6")),
    Participant(sample="DEMO0004", subject=SubjectRef("sub_e816d3b4f029")),
)
"""The first is the one who withdraws in the story."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Persona:
    """Somebody who can sign in at the demo identity provider.

    `id` is the `login_hint`. `sub` is opaque and never reused. `name` is empty for participants, of whom
    their issuer says nothing but `sub`. `country`: of the institution, ISO 3166-1 alpha-2.
    """

    id: str
    issuer: IssuerName
    sub: str
    title: str
    """What the sign-in page says about them."""
    name: str = ""
    affiliations: tuple[str, ...] = ()
    country: str | None = None
    acr: str = SFA
    amr: tuple[str, ...] = ("pwd",)


PERSONAS: Final = (
    Persona(
        id="ada",
        issuer="home",
        sub="9f86d081-ada",
        title="Dr Ada Lind, researcher at Rhine University, Germany",
        name="Ada Lind",
        affiliations=("faculty@rhine-university.example", "member@rhine-university.example"),
        country="DE",
        acr=MFA,
        amr=("pwd", "otp", "mfa"),
    ),
    Persona(
        id="bao",
        issuer="home",
        sub="60303ae2-bao",
        title="Bao Tran, her colleague at Plains State University, United States",
        name="Bao Tran",
        affiliations=("faculty@plains-state.example", "member@plains-state.example"),
        country="US",
        acr=MFA,
        amr=("pwd", "otp", "mfa"),
    ),
    Persona(
        id="mei",
        issuer="home",
        sub="fd61a03a-mei",
        title="Mei Okoro, member of the data access committee",
        name="Mei Okoro",
        affiliations=("staff@elbe-biobank.example",),
        country="DE",
        acr=MFA,
        amr=("pwd", "hwk", "mfa"),
    ),
    Persona(
        id="olga",
        issuer="home",
        sub="a4e624d6-olga",
        title="Olga Roth, administrator of this broker",
        name="Olga Roth",
        affiliations=("staff@rhine-university.example",),
        country="DE",
        acr=MFA,
        amr=("pwd", "hwk", "mfa"),
    ),
    Persona(
        id="lee",
        issuer="home",
        sub="7d865e95-lee",
        title="Lee Sato, chair of the board for the Tideland families",
        name="Lee Sato",
        affiliations=("staff@elbe-biobank.example",),
        country="DE",
        acr=MFA,
        amr=("pwd", "hwk", "mfa"),
    ),
    Persona(
        id="sam",
        issuer="home",
        sub="19581e27-sam",
        title="Sam Weber, who signs for Rhine University",
        name="Sam Weber",
        affiliations=("staff@rhine-university.example",),
        country="DE",
        acr=MFA,
        amr=("pwd", "hwk", "mfa"),
    ),
    Persona(
        id="lex",
        issuer="home",
        sub="4a44dc15-lex",
        title="Lex Amadi, legal officer of this broker",
        name="Lex Amadi",
        affiliations=("staff@elbe-biobank.example",),
        country="DE",
        acr=MFA,
        amr=("pwd", "hwk", "mfa"),
    ),
    Persona(
        id="viv",
        issuer="home",
        sub="4fc82b26-viv",
        title="Viv Moreau, who answers complaints",
        name="Viv Moreau",
        affiliations=("staff@elbe-biobank.example",),
        country="DE",
        acr=MFA,
        amr=("pwd", "hwk", "mfa"),
    ),
    Persona(
        id="eve",
        issuer="home",
        sub="2c624232-eve",
        title="Eve Haas, auditor",
        name="Eve Haas",
        affiliations=("staff@plains-state.example",),
        country="US",
        acr=MFA,
        amr=("pwd", "hwk", "mfa"),
    ),
    Persona(
        id="eli",
        issuer="home",
        sub="6b51d431-eli",
        title="Eli Thomsen, who speaks for the Tideland families",
        name="Eli Thomsen",
        affiliations=("affiliate@elbe-biobank.example",),
        country="DE",
        acr=MFA,
        amr=("pwd", "hwk", "mfa"),
    ),
    Persona(
        id="ira",
        issuer="home",
        sub="c7d1a3f0-ira",
        title="Ira Lange, IT director of Rhine University",
        name="Ira Lange",
        affiliations=("staff@rhine-university.example",),
        country="DE",
        acr=MFA,
        amr=("pwd", "hwk", "mfa"),
    ),
    Persona(
        id="pat",
        issuer="home",
        sub="b5e20c94-pat",
        title="Pat Moss, of the panel that answers appeals",
        name="Pat Moss",
        affiliations=("staff@plains-state.example",),
        country="US",
        acr=MFA,
        amr=("pwd", "hwk", "mfa"),
    ),
    Persona(
        id="pia",
        issuer="biobank",
        sub=PARTICIPANTS[0].subject,
        title="Pia, a participant: her genome is in the first file (the broker learns her pseudonym only)",
    ),
    Persona(
        id="noa",
        issuer="biobank",
        sub=PARTICIPANTS[1].subject,
        title="Noa, a participant whose genome is in the second file, and who has taken nothing back",
    ),
)
"""Everybody who can sign in, as the sign-in pages list them."""


NEWCOMERS: Final = (
    Persona(
        id="nia",
        issuer="college",
        sub="d1e9b7c2-nia",
        title="Nia Berg, researcher at Fjord College, Norway",
        name="Nia Berg",
        affiliations=("faculty@fjord-college.example", "member@fjord-college.example"),
        country="NO",
        acr=MFA,
        amr=("pwd", "otp", "mfa"),
    ),
)
"""Who can sign in once somebody has connected their organisation."""


def persona(id: str, issuer: IssuerName) -> Persona | None:
    """The persona of that name at that issuer, or None: a persona of one cannot sign in at the other."""
    return next((one for one in (*PERSONAS, *NEWCOMERS) if (one.id, one.issuer) == (id, issuer)), None)
