"""What we sign as a Visa Issuer, read back twice: by our own clearinghouse, and by PyJWT with the published keys."""

from dataclasses import replace
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.adapters import jose
from broker.adapters.signing import OwnTokens, own_trust
from broker.core.ids import Issuer, PersonId
from broker.core.oidc.release import MintedVisa
from broker.core.outcome import Reason
from broker.core.passport.assertions import (
    ASSERTION_SECONDS,
    CONDITIONS_BYTES,
    CustomClaims,
    Stated,
    fault,
    origins,
    visa_jti,
)
from broker.core.passport.linked import linked_value, read_pairs
from broker.core.passport.trust import Trust
from broker.core.passport.verify import verify_visa
from broker.core.passport.visa import AFFILIATION, GRANT, LINK, RESEARCHER, TERMS, Visa
from broker.core.rows import Assertion, CustomType, Evidence, Row, Session
from broker.core.time import Seconds
from broker.flows.visas import VISA_SECONDS, held_visas, mint
from tests import builders as b
from tests.fakes import START, at_once
from tests.flows.worlds import ADA, Stage, stage
from tests.web.site import keys

SOCIETY = "https://society.example"
BONA_FIDE = "https://doi.org/10.1038/s41431-018-0219-y"
RAS = "https://ras.example/visas/v1.1"
JKU = f"{b.US}/visas/jwks.json"
SESSION = Session(
    id="ses", person=b.ADA, idp=b.HOME, identities=((b.HOME, "ada"),), auth_time=START, expires=Seconds(START + 9000),
    affiliations=("faculty@rhine.example",), location="DE",
)  # fmt: skip
LINKED = replace(SESSION, identities=((b.HOME, "ada"), (Issuer("https://other.example/a,b;c"), "a;d,a%2C")))
CUSTOM = CustomType(
    id=RAS, description="NIH permissions", coordination="registry", claims=frozenset({"ras_permissions"})
)


def assertion(**changes: Any) -> Assertion:
    made = Assertion(
        id="asr_019ab000-0000-7000-8000-000000000001",
        iss=b.HOME,
        sub="ada",
        type=RESEARCHER,
        value=BONA_FIDE,
        source=SOCIETY,
        by="so",
        asserted=Seconds(START - 500),
        ends=Seconds(START + b.YEAR),
        entered_by=PersonId("usr_olga"),
    )
    return replace(made, **changes)


ALL: tuple[Row, ...] = (
    assertion(),
    assertion(id="asr_2", type=TERMS, value="https://terms.example/1", by="self"),
    assertion(id="asr_3", type=AFFILIATION, value="public.citizen-scientist@no.organization", by=None),
    assertion(id="asr_4", type=RAS, value="x", extra={"ras_permissions": [{"phs_id": "phs1"}]}),
    assertion(id="asr_5", conditions=(({"type": AFFILIATION, "value": "pattern:faculty@*"},),)),
    CUSTOM,
)
TYPES = {AFFILIATION, GRANT, LINK, RESEARCHER, TERMS, RAS}


def issued(*more: Row, session: Session = LINKED, **changes: Any) -> tuple[Stage, OwnTokens, tuple[MintedVisa, ...]]:
    """Everything that Ada holds, really signed."""
    s, tokens = stage(*more, **changes), OwnTokens(keys(), b.US, lambda: START)
    world = replace(s.world, signer=tokens)
    now = s.clock.now()
    return s, tokens, at_once(mint(world, ADA, held_visas(world, ADA, session, now), now))


def read(tokens: OwnTokens, token: str, at: int = START, **trust: Any) -> Visa | Reason:
    """As our own clearinghouse reads it."""
    row = replace(own_trust(tokens, b.US), types=frozenset(TYPES), **trust)
    return verify_visa(token, Trust([row]), {}, at=Seconds(at), us=frozenset({b.US}), check=jose.check_signature)


def decoded(tokens: OwnTokens, token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """As somebody reads it who only knows the standards: the key at `jku` with that `kid`, and PyJWT."""
    head = jwt.get_unverified_header(token)
    assert head["jku"] == JKU
    (found,) = [key for key in jwt.PyJWKSet.from_dict(tokens.visa_jwks()).keys if key.key_id == head["kid"]]
    options: Any = {"verify_exp": False, "verify_iat": False, "require": ["iss", "sub", "iat", "exp", "jti"]}
    claims = jwt.decode(token, found, algorithms=["ES256", "RS256"], issuer=b.US, options=options)
    return head, claims


@pytest.mark.row("V1", "V2", "V3", "V4", "V5", "V6", "V7", "B16")
def test_every_type_is_issued_as_a_document_token_that_others_can_read() -> None:
    _, tokens, visas = issued(*ALL)
    assert {visa.type for visa in visas} == TYPES
    for visa in visas:
        head, claims = decoded(tokens, visa.token)
        assert head == {"alg": "ES256", "typ": "vnd.ga4gh.visa+jwt", "kid": head["kid"], "jku": JKU}
        assert (claims["iss"], claims["sub"], claims["jti"]) == (b.US, ADA.id, visa.jti)
        assert "scope" not in claims
        assert "aud" not in claims
        assert claims["exp"] - claims["iat"] <= VISA_SECONDS
        said, ours = claims["ga4gh_visa_v1"], read(tokens, visa.token)
        assert isinstance(ours, Visa), (visa.type, ours)
        assert (ours.type, ours.value, ours.source, ours.by) == (
            said["type"],
            said["value"],
            said["source"],
            said.get("by"),
        )
        assert (ours.type, ours.value, ours.source) == (visa.type, visa.value, visa.source)
        assert said["asserted"] <= claims["iat"] == START


@pytest.mark.row("V5")
def test_no_two_visas_have_the_same_jti() -> None:
    s, tokens, visas = issued(*ALL)
    again = at_once(mint(replace(s.world, signer=tokens), ADA, held_visas(s.world, ADA, LINKED, START), START))
    jtis = [visa.jti for visa in (*visas, *again)]
    assert len(set(jtis)) == len(jtis)


@pytest.mark.row("V8", "V10")
@pytest.mark.parametrize(("left", "life"), [(10, 10), (86_400, 86_400), (86_401, 86_400), (999_999, 86_400)])
def test_a_visa_lives_a_day_and_never_beyond_what_it_says(left: int, life: int) -> None:
    _, tokens, visas = issued(assertion(ends=Seconds(START + left)))
    (visa,) = [one for one in visas if one.type == RESEARCHER]
    assert decoded(tokens, visa.token)[1]["exp"] == START + life
    assert visa.exp == START + life


@pytest.mark.row("V11")
@pytest.mark.row("RUL-VISA-ENDS")
def test_the_end_of_one_participants_consent_is_in_no_visa() -> None:
    """It ends nobody else's grant, and a date that others lack would say that somebody's consent ends (ruling 10)."""
    soon = b.consent(b.PIA, effective_to=Seconds(START + 60))
    with_end, without = (
        {visa.value: visa.exp for visa in issued(*more)[2] if visa.type == GRANT} for more in ((soon,), ())
    )
    assert b.HEART in with_end
    assert with_end == without


@pytest.mark.row("RUL-VISA-ENDS")
def test_what_ends_the_use_of_everybody_ends_its_visas() -> None:
    proof = Evidence(id="security.level:2", valid_from=Seconds(0), valid_to=Seconds(START + 60))
    rows = (b.dataset(security_level=2), b.organisation(evidence=(proof,)))
    assert [visa.exp for visa in issued(*rows)[2] if visa.type == GRANT] == [START + 60]


def test_the_keys_at_jku_are_public_and_each_for_one_algorithm() -> None:
    tokens = OwnTokens(keys(), b.US, lambda: START)
    listed: Any = tokens.visa_jwks()["keys"]
    assert len({key["kid"] for key in listed}) == len(listed) > 0
    for key in listed:
        assert key.keys() == {"kty", "crv", "x", "y", "kid", "alg", "use"}
        assert (key["alg"], key["use"]) == ("ES256", "sig")


@pytest.mark.row("V7")
@pytest.mark.parametrize(
    ("what", "changes"),
    [
        ("ended by its source", {"ended": START}),
        ("ended by itself", {"ends": START}),
        ("not yet", {"asserted": Seconds(START + 1)}),
        ("somebody else's", {"sub": "bao"}),
        ("the same sub elsewhere", {"iss": Issuer("https://other.example")}),
    ],
)
def test_nothing_is_minted_from_what_does_not_hold(what: str, changes: dict[str, Any]) -> None:
    del what
    _, _, visas = issued(assertion(**changes), session=SESSION)
    assert RESEARCHER not in {visa.type for visa in visas}


def test_an_assertion_about_our_own_sub_is_about_the_person() -> None:
    _, _, visas = issued(assertion(iss=b.US, sub=str(b.ADA)))
    assert RESEARCHER in {visa.type for visa in visas}


def test_who_has_one_identity_needs_no_link() -> None:
    _, _, visas = issued(session=SESSION)
    assert LINK not in {visa.type for visa in visas}


IDENTITIES = st.lists(st.tuples(st.text(min_size=1, max_size=30), st.text(min_size=1, max_size=30)), min_size=1)


@given(IDENTITIES)
def test_a_link_says_exactly_who_is_linked(pairs: list[tuple[str, str]]) -> None:
    fine = [pair for pair in pairs if all(half.isprintable() and half for half in pair)]
    value = linked_value(fine)
    assert read_pairs(value) == tuple(fine) or not fine
    assert value.count(";") == max(0, len(fine) - 1)


@pytest.mark.row("V2")
def test_the_longest_links_fit_into_visas() -> None:
    many = tuple((Issuer(f"https://{n:03}.example/" + "é" * 231), f"{n:03}" + "é" * 252) for n in range(20))
    _, tokens, visas = issued(session=replace(SESSION, identities=many))
    links = [read(tokens, visa.token) for visa in visas if visa.type == LINK]
    assert all(isinstance(one, Visa) for one in links)
    assert {pair for one in links if isinstance(one, Visa) for pair in one.linked} == set(many)


GOOD = assertion().said
FAULTS: list[tuple[str, dict[str, Any], str]] = [
    ("a grant", {"type": GRANT, "by": "dac"}, "REQ-VISA-GRANT"),
    ("a link", {"type": LINK, "value": "a,b"}, "REQ-VISA-LINK"),
    ("an unknown type", {"type": "Unheard"}, "REQ-VISA-TYPE"),
    ("a custom type that nobody registered", {"type": "https://else.example/t"}, "REQ-VISA-TYPE"),
    ("a claim of a standard type", {"extra": {"ras_permissions": []}}, "REQ-INVALID"),
    ("a claim that is not registered", {"type": RAS, "extra": {"more": 1}}, "REQ-INVALID"),
    ("too much of it", {"type": RAS, "extra": {"ras_permissions": "x" * 4096}}, "REQ-INVALID"),
    ("no URL as value", {"value": "bona fide"}, "REQ-INVALID"),
    ("256 characters", {"value": "https://x.example/" + "a" * 238}, "REQ-INVALID"),
    ("256 characters of source", {"source": "https://x.example/" + "a" * 238}, "REQ-INVALID"),
    ("no URL as source", {"source": "society"}, "REQ-INVALID"),
    ("asserted in a second", {"asserted": Seconds(START + 1)}, "REQ-INVALID"),
    ("ended", {"ends": START}, "REQ-INVALID"),
    ("longer than ten years", {"ends": Seconds(START + ASSERTION_SECONDS + 1)}, "REQ-INVALID"),
    ("terms without by", {"type": TERMS, "by": None}, "REQ-INVALID"),
    ("a by that is none", {"by": "friend"}, "REQ-INVALID"),
    ("an affiliation without @", {"type": AFFILIATION, "value": "faculty"}, "REQ-INVALID"),
    ("nothing after the @", {"type": AFFILIATION, "value": "faculty@"}, "REQ-INVALID"),
    ("a role of nobody's standard", {"type": AFFILIATION, "value": "boss@rhine.example"}, "REQ-INVALID"),
    ("a role in capitals", {"type": AFFILIATION, "value": "Faculty@rhine.example"}, "REQ-INVALID"),
    ("faculty of no organisation", {"type": AFFILIATION, "value": "faculty@no.organization"}, "REQ-INVALID"),
    ("empty conditions", {"conditions": ()}, "REQ-INVALID"),
    ("an empty alternative", {"conditions": ((),)}, "REQ-INVALID"),
    ("a clause of a type alone", {"conditions": (({"type": TERMS},),)}, "REQ-INVALID"),
    ("an unknown match", {"conditions": (({"type": TERMS, "value": "regex:x"},),)}, "REQ-INVALID"),
    ("a claim with a time", {"conditions": (({"type": TERMS, "asserted": "const:1"},),)}, "REQ-INVALID"),
    (
        "long conditions",
        {"conditions": (({"type": TERMS, "value": "const:" + "x" * CONDITIONS_BYTES},),)},
        "REQ-INVALID",
    ),
]


@pytest.mark.row("V7")
@pytest.mark.parametrize(("what", "changes", "code"), FAULTS, ids=[row[0] for row in FAULTS])
def test_what_cannot_be_asserted_is_refused(what: str, changes: dict[str, Any], code: str) -> None:
    del what
    found = fault(replace(GOOD, **changes), [CUSTOM.rule], START)
    assert found is not None
    assert found.code == code


FINE: list[dict[str, Any]] = [
    {},
    {"value": "https://x.example/" + "a" * 237},
    {"asserted": START},
    {"ends": Seconds(START + 1)},
    {"ends": Seconds(START + ASSERTION_SECONDS)},
    {"by": None},
    {"type": AFFILIATION, "value": "student@a@b.example"},
    {"type": AFFILIATION, "value": "rhine.dean@rhine.example"},
    {"type": RAS, "value": "x", "extra": {"ras_permissions": "x" * 4000}},
    {"conditions": (({"type": AFFILIATION, "value": "pattern:faculty@*", "by": "const:so"},),)},
]


@pytest.mark.parametrize("changes", FINE, ids=str)
def test_what_can_be_asserted_is_not_refused(changes: dict[str, Any]) -> None:
    assert fault(replace(GOOD, **changes), [CUSTOM.rule], START) is None


def test_claims_of_the_standard_cannot_be_registered_nor_overwritten() -> None:
    sly = CustomClaims(type=RAS, claims=frozenset({"sub"}))
    assert fault(replace(GOOD, type=RAS, value="x", extra={"sub": "mei"}), [sly], START) is not None
    _, tokens, visas = issued(assertion(type=RAS, value="x", extra={"sub": "mei", "iss": "x", "exp": 1}))
    (visa,) = [one for one in visas if one.type == RAS]
    assert decoded(tokens, visa.token)[1]["sub"] == ADA.id


@given(
    st.builds(
        Stated,
        type=st.sampled_from([TERMS, RESEARCHER, AFFILIATION, RAS, GRANT, "x"]),
        value=st.sampled_from(["https://a.example/1", "faculty@rhine.example", "member@a@b", "", "x y", "é@é"]),
        source=st.sampled_from([SOCIETY, "x", "", "https://é.example"]),
        by=st.sampled_from([None, "so", "self", "x"]),
        asserted=st.integers(START - 10, START + 10).map(Seconds),
        ends=st.integers(START - 10, START + 200_000).map(Seconds),
        conditions=st.sampled_from([None, (), ((),), (({"type": TERMS, "value": "const:a"},),), (({"value": "x"},),)]),
    )
)
def test_whatever_passes_is_read_by_the_clearinghouse_as_it_was_meant(said: Stated) -> None:
    if fault(said, [CUSTOM.rule], START) is not None:
        return
    row = assertion(
        type=said.type, value=said.value, source=said.source, by=said.by, asserted=said.asserted, ends=said.ends,
        conditions=said.conditions,
    )  # fmt: skip
    _, tokens, visas = issued(row, session=replace(SESSION, affiliations=()), grant=None)
    (visa,) = visas
    ours = read(tokens, visa.token)
    assert isinstance(ours, Visa)
    assert (ours.type, ours.value, ours.source, ours.by) == (said.type, said.value, said.source, said.by)
    assert (ours.conditions is None) == (said.conditions is None)
    assert ours.exp <= said.ends


def test_a_visa_names_the_assertion_and_the_version_that_it_was_minted_from() -> None:
    id = assertion().id
    assert origins(visa_jti(id, 3, "u")) == (id, f"{id}.3")
    for other in ("vis_1", id, f"{id}.3", "a.3.u", ""):
        assert origins(other) == (), other
