"""Every parser of what strangers send, fed with random and with mutated input: only the declared answers come out.

Briefly here; for longer: HYPOTHESIS_PROFILE=thorough python -m pytest tests/fuzz --hypothesis-seed=<number>
A parser that raises, returns another type, or believes what was not signed, fails.
"""

import json
from base64 import b64encode, urlsafe_b64decode
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.adapters.jose import check_signature
from broker.core import jws, strict_json
from broker.core.oidc import client_assertion, parameters
from broker.core.oidc.bearer import Shown, shown_token
from broker.core.oidc.client_auth import Credentials, credentials
from broker.core.oidc.dpop import Claimed as ClaimedProof
from broker.core.oidc.dpop import Sent, read_proof
from broker.core.oidc.errors import OAuthError
from broker.core.oidc.parameters import Parameters
from broker.core.oidc.requested_claims import RequestedClaims, requested_claims
from broker.core.outcome import Reason
from broker.core.passport import compact, conditions, keys, limits, linked, patterns
from broker.core.passport.case import bench, judge_conditions, judge_pattern, judge_visa
from broker.core.passport.discovered import Discovered, read_document
from broker.core.passport.health import Concerns, concerns
from broker.core.passport.left_out import left_out
from broker.core.passport.read import Claimed, read_passport, read_visa
from broker.core.passport.trust import Trust
from broker.core.passport.userinfo import Answer, Bearer, Said, issuer_of, read_answer, read_bearer
from broker.core.passport.visa import Passport, Visa
from tests.core.passport.visa_builders import (
    BROKER,
    BROKER_JKU,
    ISSUER,
    JKU,
    KEYS,
    NOW,
    TRUST,
    US,
    broker_row,
    issuer_row,
    verify,
    verify_p,
    visa_payload,
    visa_token,
)
from tests.fuzz.mutants import documents, scalars, tokens, values

pytestmark = pytest.mark.row("T018")
CASES = Path(__file__).parents[1] / "cases"
VISA_HEADER = {"alg": "ES256", "typ": "vnd.ga4gh.visa+jwt", "kid": "v-1", "jku": JKU}
PASSPORT_HEADER = {"alg": "ES256", "typ": "vnd.ga4gh.passport+jwt", "kid": "b-1"}
PASSPORT = {"iss": BROKER, "sub": "u-1", "iat": NOW - 60, "exp": NOW + 600, "jti": "p", "ga4gh_passport_v1": ["x.y.z"]}
ACCESS_HEADER = {"alg": "ES256", "typ": "at+jwt", "kid": "b-1"}
ACCESS = {"iss": BROKER, "sub": "u-1", "iat": NOW - 60, "exp": NOW + 600, "scope": "openid ga4gh_passport_v1"}
ASKING = Trust([
    broker_row(userinfo=True, userinfo_url=f"{BROKER}userinfo", discovery=True),
    issuer_row(access_tokens=True, polled=True, userinfo_url=f"{ISSUER}userinfo"),
])  # fmt: skip
PROOF = {"jti": "a" * 20, "htm": "POST", "htu": "https://broker.example/oauth2/token", "iat": NOW}
PROOF_HEADER = {"typ": "dpop+jwt", "alg": "ES256", "jwk": {name: KEYS[ISSUER, JKU][0][name] for name in ("kty", "crv", "x", "y")}}  # fmt: skip
ASSERTION = {"iss": "c", "sub": "c", "aud": "https://broker.example", "jti": "j", "iat": NOW, "exp": NOW + 60}


@given(tokens(VISA_HEADER, visa_payload()))
def test_visas(token: str) -> None:
    assert isinstance(compact.parse(token, limits.VISA_BYTES, "VISA"), compact.Compact | Reason)
    assert isinstance(read_visa(token, TRUST, at=NOW, us=US), Claimed | Reason)
    assert isinstance(read_visa(token, ASKING, at=NOW, us=US), Claimed | Reason)
    found = verify(token)
    assert isinstance(found, Visa | Reason)
    if isinstance(found, Visa):
        assert (found.iss, found.exp > NOW - 30, found.iat <= NOW + 30) == (ISSUER, True, True)
        assert judged_by_hand(token), "what is accepted is accepted by an independent reading too"
    else:
        assert isinstance(concerns(token, found, TRUST), Concerns | None)
        assert len(left_out([(token, found)], TRUST)) == 1


def judged_by_hand(token: str) -> bool:
    """Another reading of a visa that ours accepted: what must hold of every one, written without looking at ours."""

    def members(part: str) -> dict[str, Any]:
        made: dict[str, Any] = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        return made

    head, said = (members(part) for part in token.split(".")[:2])
    visa = said["ga4gh_visa_v1"]
    return (
        head["alg"] in ("ES256", "RS256")
        and isinstance(head["kid"], str)
        and not {"crit", "jwk", "x5c", "x5u", "b64", "zip", "cty"} & head.keys()
        and head.get("jku") == JKU
        and "openid" not in str(said.get("scope", "")).split(" ")
        and said["iss"] == ISSUER
        and isinstance(said["sub"], str)
        and said["sub"] != ""
        and all(type(said[name]) is int for name in ("iat", "exp"))
        and said["iat"] - 30 <= NOW < said["exp"] + 30
        and type(visa["asserted"]) is int
        and all(isinstance(visa[name], str) and visa[name] for name in ("type", "value", "source"))
        and len(visa["source"]) <= 255
        and (visa["type"] not in ("ControlledAccessGrants", "AcceptedTermsAndPolicies") or visa.get("by") is not None)
        and visa.get("by", "so") in ("self", "peer", "system", "so", "dac")
    )


@given(tokens(PASSPORT_HEADER, PASSPORT))
def test_passports(token: str) -> None:
    assert isinstance(read_passport(token, TRUST, at=NOW, us=US), Claimed | Reason)
    assert isinstance(verify_p(token), Passport | Reason)


@given(tokens(ACCESS_HEADER, ACCESS))
def test_access_tokens_of_brokers(token: str) -> None:
    assert isinstance(issuer_of(token), str | None)
    found = read_bearer(token, ASKING, at=NOW)
    assert isinstance(found, Bearer | Reason)
    if isinstance(found, Bearer):
        assert found.signed is not None, "nothing here is opaque"


@given(documents({"sub": "u-1", "iss": BROKER, "ga4gh_passport_v1": [visa_token()]}), st.booleans())
def test_answers_of_userinfo(body: bytes, jwt: object) -> None:
    row = ASKING.of(BROKER)
    assert row is not None
    media: Any = "application/jwt" if jwt else "application/json"
    found = read_answer(Answer(media=media, body=body), Bearer(row=row, sub="u-1"), at=NOW)
    assert isinstance(found, Said | Reason)
    assert not isinstance(found, Said) or found.sub == "u-1"


@given(documents({"issuer": BROKER, "jwks_uri": BROKER_JKU, "userinfo_endpoint": f"{BROKER}u", "x": {"y": 1}}))
def test_discovery_documents(raw: bytes) -> None:
    found = read_document(raw, BROKER, (), internal=False)
    assert isinstance(found, Discovered | str)
    if isinstance(found, Discovered):
        assert found.jwks_uri.startswith(BROKER)
        assert found.userinfo is None or found.userinfo.startswith(BROKER)


@given(documents({"keys": [dict(key) for key in KEYS[ISSUER, JKU]]}))
def test_key_sets(raw: bytes) -> None:
    found = keys.read_set(raw)
    for key in found or ():
        assert isinstance(keys.thumbprint(key), str)
        assert not {"d", "p", "q", "k"} & key.keys()
        assert check_signature("ES256", key, b"x", b"y" * 64) is False


@given(documents({"a": [1, {"b": None}], "c": "d"}), st.integers(0, 400))
def test_json(raw: bytes, limit: int) -> None:
    try:
        found = strict_json.loads(raw, limit)
    except strict_json.StrictJsonError:
        return
    assert json.loads(raw) == found, "what is read is what everybody reads"


@given(values)
def test_conditions(stated: Any) -> None:
    found = conditions.read(stated)
    assert found is None or isinstance(found, tuple)
    assert isinstance(judge_conditions(stated, [{"type": "x", "value": "y", "by": "so"}]), bool)


@given(scalars, scalars)
def test_patterns(expression: Any, value: Any) -> None:
    assert isinstance(judge_pattern(expression, value), bool)
    assert patterns.parse(str(expression)) is None or isinstance(expression, str)


@given(st.text(max_size=200) | st.from_regex(r"([a-z%0-9A-F]{1,6},[a-z%0-9A-F:/.]{1,9};?){1,5}"))
def test_linked_identities(value: str) -> None:
    found = linked.read_pairs(value)
    assert found is None or all(iss and sub for iss, sub in found)


@given(st.binary(max_size=200) | st.from_regex(rb"([a-z_%+0-9A-F]{0,8}=[a-z%+0-9A-F]{0,8}&?){0,6}"))
def test_form_parameters(raw: bytes) -> None:
    assert isinstance(parameters.parse(raw), Parameters | OAuthError)


@given(st.text(max_size=80) | st.binary(max_size=60).map(lambda raw: "Basic " + b64encode(raw).decode()))
def test_authorization_headers(header: str) -> None:
    form = parameters.parse(b"grant_type=x")
    assert isinstance(form, Parameters)
    assert isinstance(credentials(header, form), Credentials | OAuthError)
    assert isinstance(shown_token(header), Shown | OAuthError)


@given(
    st.none() | st.text(max_size=200) | documents({"userinfo": {"name": None}}).map(lambda raw: raw.decode("latin-1"))
)
def test_the_claims_parameter(text: str | None) -> None:
    assert isinstance(requested_claims(text), RequestedClaims | OAuthError)


@given(tokens(PROOF_HEADER, PROOF))
def test_proofs_of_possession(proof: str) -> None:
    sent = Sent(proofs=(proof,), method="POST", url="https://broker.example/oauth2/token")
    assert isinstance(read_proof(sent, NOW), ClaimedProof | OAuthError)


@given(tokens({"alg": "ES256", "kid": "c-1", "typ": "JWT"}, ASSERTION))
def test_client_assertions(text: str) -> None:
    parsed = jws.read(text)
    if parsed is None:
        return
    assert isinstance(client_assertion.claimed_by(parsed.payload), str | None)
    ours = frozenset({"https://broker.example"})
    found = client_assertion.read(parsed.header, parsed.payload, "c", ours, NOW)
    assert isinstance(found, client_assertion.Assertion | None)


VISA_CASES: dict[str, Any] = json.loads((CASES / "visa_tokens.json").read_text())


@given(documents({name: value for name, value in VISA_CASES.items() if name != "tokens"}))
def test_case_files(raw: bytes) -> None:
    try:
        document = strict_json.loads(raw, 10_000_000)
        made = bench(document)
    except ValueError:
        return
    judge_visa(made, VISA_CASES["tokens"][0]["token"], check_signature)


def test_an_unsigned_change_is_never_believed() -> None:
    """The mutants above are signed again by the issuer's key; without that nothing passes at all."""
    good = visa_token()
    head, said, signature = good.split(".")
    for other in (visa_token(payload={"sub": "mallory"}), visa_token({"typ": "JWT"})):
        theirs = other.split(".")
        assert isinstance(verify(f"{theirs[0]}.{said}.{signature}"), Reason) is (theirs[0] != head)
        assert isinstance(verify(f"{head}.{theirs[1]}.{signature}"), Reason) is (theirs[1] != said)
