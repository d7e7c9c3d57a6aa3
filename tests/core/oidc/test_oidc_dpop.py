"""A DPoP proof is about one request, signed by the key that it brings (RFC 9449 sections 4.2 and 4.3)."""

import base64
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st

from broker.adapters import jose
from broker.core.oidc import dpop_nonce
from broker.core.oidc.dpop import Claimed, Proof, Sent, ath, is_jkt, read_proof, same_address, seal
from broker.core.oidc.errors import OAuthError
from broker.core.oidc.limits import LEEWAY, MAX_JTI, MAX_PROOF, NONCE_LIFE
from broker.core.time import Seconds
from tests.fakes import START
from tests.proofs import ClientKey

URL = "https://b.example/oauth2/token"
TOKEN = "a.b.c"
KEY, RSA = ClientKey(), ClientKey("RS256")
WRONG = OAuthError.DPOP_PROOF

pytestmark = pytest.mark.row("T076")


def judged(*proofs: str, method: str = "POST", url: str = URL, now: int = START, token: str | None = None) -> Any:
    claimed = read_proof(Sent(proofs=proofs, method=method, url=url), Seconds(now), token)
    return seal(claimed, jose.check_signature) if isinstance(claimed, Claimed) else claimed


def tampered(proof: str, part: int, **members: Any) -> str:
    """`proof` with members of one part replaced, and the old signature."""
    parts = proof.split(".")
    said = json.loads(base64.urlsafe_b64decode(parts[part] + "=="))
    parts[part] = base64.urlsafe_b64encode(json.dumps(said | members).encode()).rstrip(b"=").decode()
    return ".".join(parts)


@pytest.mark.parametrize("key", [KEY, RSA])
def test_a_good_proof_names_its_key(key: ClientKey) -> None:
    proof = judged(key.proof("POST", URL))
    assert isinstance(proof, Proof)
    assert (proof.jkt, proof.ends) == (key.jkt, START + LEEWAY)


def test_the_name_of_a_key_is_that_of_the_specification() -> None:
    """RFC 9449 section 6.1: the key of section 4.1 and its thumbprint."""
    key = {
        "kty": "EC", "crv": "P-256",
        "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs", "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
    }  # fmt: skip
    proof = (
        "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0Rsc"
        "EJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In"
        "19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuI"
        "iwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT"
        "3Lg"
    )
    found = judged(proof, url="https://server.example.com/token", now=1562262616)
    assert isinstance(found, Proof)
    assert found.jkt == THUMBPRINT
    assert json.loads(base64.urlsafe_b64decode(proof.split(".", maxsplit=1)[0] + "=="))["jwk"] == key


BAD: list[tuple[str, Mapping[str, Any], Mapping[str, Any] | None]] = [
    ("another method", {"htm": "GET"}, None),
    ("the method in small letters", {"htm": "post"}, None),
    ("no method", {"htm": None}, None),
    ("another address", {"htu": "https://b.example/oauth2/userinfo"}, None),
    ("another host", {"htu": "https://c.example/oauth2/token"}, None),
    ("no address", {"htu": None}, None),
    ("an address that is none", {"htu": ["https://b.example/oauth2/token"]}, None),
    ("no jti", {"jti": None}, None),
    ("an empty jti", {"jti": ""}, None),
    ("a jti that is a number", {"jti": 1}, None),
    ("a jti that is too long", {"jti": "j" * (MAX_JTI + 1)}, None),
    ("no time", {"iat": None}, None),
    ("a time that is text", {"iat": str(START)}, None),
    ("a time with a fraction", {"iat": START + 0.5}, None),
    ("a time that is a truth", {"iat": True}, None),
    ("a nonce that is a number", {"nonce": 1}, None),
    ("another typ", {}, {"typ": "JWT"}),
    ("no typ", {}, {"typ": None}),
    ("no key", {}, {"jwk": None}),
    ("a key that is text", {}, {"jwk": json.dumps(KEY.jwk)}),
    ("a symmetric key", {}, {"jwk": {"kty": "oct", "k": "AAAA"}}),
    ("a key of another kind", {}, {"jwk": RSA.jwk}),
    ("a key that lacks a part", {}, {"jwk": {name: KEY.jwk[name] for name in ("kty", "crv", "x")}}),
    ("a key with its private part", {}, {"jwk": KEY.jwk | {"d": "AAAA"}}),
    ("a key on another curve", {}, {"jwk": KEY.jwk | {"crv": "P-384"}}),
    ("a key for encryption", {}, {"jwk": KEY.jwk | {"use": "enc"}}),
    ("a key for another algorithm", {}, {"jwk": KEY.jwk | {"alg": "RS256"}}),
    ("somebody else's key", {}, {"jwk": ClientKey().jwk}),
    ("a key in a second spelling", {}, {"jwk": KEY.jwk | {"x": KEY.jwk["x"] + "="}}),
    ("a critical extension", {}, {"crit": ["b64"], "b64": True}),
    ("a second key by address", {}, {"jku": "https://evil.example/jwks"}),
    ("a certificate", {}, {"x5c": ["AAAA"]}),
]


@pytest.mark.parametrize(("claims", "header"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_whatever_is_wrong_refuses_in_the_same_words(claims: Any, header: Any) -> None:
    assert judged(KEY.proof("POST", URL, header=header, **claims)) is WRONG


def test_a_private_key_is_refused_before_anything_is_done_with_it() -> None:
    proof = KEY.proof("POST", URL, header={"jwk": KEY.jwk | {"d": "AAAA"}})
    assert read_proof(Sent(proofs=(proof,), method="POST", url=URL), START) is WRONG


def test_a_weak_key_is_no_key() -> None:
    weak = ClientKey("RS256", private=rsa.generate_private_key(65537, 1024))
    header = {"typ": "dpop+jwt", "alg": "RS256", "jwk": weak.jwk}
    parts = [base64.urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=") for one in (
        header, {"jti": "j", "htm": "POST", "htu": URL, "iat": START},
    )]  # fmt: skip
    signature = weak.private.sign(b".".join(parts), PKCS1v15(), SHA256())
    proof = b".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode()
    assert isinstance(read_proof(Sent(proofs=(proof,), method="POST", url=URL), START), Claimed)
    assert judged(proof) is WRONG


@pytest.mark.parametrize("algorithm", ["none", "HS256", "ES384", "EdDSA", "PS256", "RS256", None, ["ES256"], {}])
def test_only_two_algorithms_are_taken_and_each_with_its_own_kind_of_key(algorithm: Any) -> None:
    assert judged(tampered(KEY.proof("POST", URL), 0, alg=algorithm)) is WRONG


def test_there_is_exactly_one_proof_and_it_is_not_too_long() -> None:
    proof = KEY.proof("POST", URL)
    for proofs in ((), (proof, proof), (proof, KEY.proof("POST", URL)), (f"{proof}, {proof}",), ("",), ("x" * 99,)):
        assert judged(*proofs) is WRONG
    padded = KEY.proof("POST", URL, pad="")
    room = MAX_PROOF - len(padded)
    assert isinstance(judged(KEY.proof("POST", URL, pad="x" * (room * 3 // 4 - 4))), Proof)
    assert judged(KEY.proof("POST", URL, pad="x" * (room * 3 // 4 + 8))) is WRONG


def test_a_signature_that_does_not_fit_is_no_proof() -> None:
    assert judged(tampered(KEY.proof("POST", URL), 1, iat=START + 1)) is WRONG


@pytest.mark.parametrize(
    ("age", "good"), [(-LEEWAY - 1, False), (-LEEWAY, True), (0, True), (LEEWAY - 1, True), (LEEWAY, False)]
)
def test_a_proof_is_alive_within_the_leeway(age: int, good: bool) -> None:  # noqa: FBT001 (a table)
    assert isinstance(judged(KEY.proof("POST", URL, at=START - age)), Proof) is good


@pytest.mark.parametrize(
    ("said", "good"),
    [
        (ath(TOKEN), True),
        (ath("x.y.z"), False),
        (None, False),
        (TOKEN, False),
        (1, False),
        (ath(TOKEN) + "=", False),
        ("é", False),
    ],
)
def test_a_proof_at_a_resource_names_the_access_token(said: Any, good: bool) -> None:  # noqa: FBT001 (a table)
    found = judged(KEY.proof("GET", URL, ath=said), method="GET", token=TOKEN)
    assert isinstance(found, Proof) is good


def test_one_proof_is_known_by_its_key_and_number() -> None:
    one, two = KEY.proof("POST", URL, jti="j"), KEY.proof("POST", URL, jti="j", more=1)
    other = ClientKey().proof("POST", URL, jti="j")
    assert judged(one).once == judged(two).once != judged(other).once


THUMBPRINT = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"


@pytest.mark.parametrize(
    ("text", "good"),
    [
        (THUMBPRINT, True),
        (THUMBPRINT + "=", False),
        (THUMBPRINT[:-1], False),
        (THUMBPRINT[:-1] + "J", False),
        ("+" + THUMBPRINT[1:], False),
        ("", False),
    ],
)
def test_a_thumbprint_has_one_form(text: str, good: bool) -> None:  # noqa: FBT001 (a table)
    assert is_jkt(text) is good


# Addresses


@pytest.mark.parametrize(
    ("htu", "url", "same"),
    [
        ("https://b.example/t", "https://b.example/t", True),
        ("HTTPS://B.Example/t", "https://b.example/t", True),
        ("https://b.example:443/t", "https://b.example/t", True),
        ("https://b.example:/t", "https://b.example/t", True),
        ("http://127.0.0.1:80/t", "http://127.0.0.1/t", True),
        ("https://b.example", "https://b.example/", True),
        ("https://b.example/t?x=1#y", "https://b.example/t", True),
        ("https://[::1]:8443/t", "https://[::1]:8443/t", True),
        ("http://b.example/t", "https://b.example/t", False),
        ("https://b.example:80/t", "https://b.example/t", False),
        ("https://b.example:0443/t", "https://b.example/t", False),
        ("https://b.example/T", "https://b.example/t", False),
        ("https://b.example/t/", "https://b.example/t", False),
        ("https://b.example//t", "https://b.example/t", False),
        ("https://b.example/./t", "https://b.example/t", False),
        ("https://b.example/x/../t", "https://b.example/t", False),
        ("https://b.example/%74", "https://b.example/t", False),
        ("https://b.example/%2f", "https://b.example/%2F", False),
        ("https://b.example./t", "https://b.example/t", False),
        ("https://b.example.evil.example/t", "https://b.example/t", False),
        ("https://b.example@evil.example/t", "https://b.example/t", False),
        ("https://u:p@b.example/t", "https://b.example/t", False),
        ("https://b.example\\@evil/t", "https://b.example/t", False),
        (" https://b.example/t", "https://b.example/t", False),
        ("https://b.example/t ", "https://b.example/t", False),
        ("https://b.example/t\n", "https://b.example/t", False),
        ("https://b.example/t?\n", "https://b.example/t", False),
        ("//b.example/t", "https://b.example/t", False),
        ("/t", "https://b.example/t", False),
        ("", "", False),
        (None, "https://b.example/t", False),
        ("https://\uff42.example/t", "https://b.example/t", False),
        ("https://\u212a.example/t", "https://k.example/t", False),
    ],
)
def test_two_addresses_are_the_same_or_not(htu: object, url: str, same: bool) -> None:  # noqa: FBT001 (a table)
    assert same_address(htu, url) is same


hosts = st.from_regex(r"[a-z][a-z0-9]{0,8}(\.[a-z]{1,5}){1,2}", fullmatch=True)
paths = st.lists(st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF), max_size=6), max_size=4).map(
    lambda parts: "/" + "/".join(quote(part, safe="") for part in parts)
)


@given(hosts, paths, st.sampled_from(["", ":443"]), st.sampled_from(["", "?q=1", "#f", "?a/b#c"]), st.randoms())
def test_case_of_the_host_default_port_query_and_fragment_never_matter(
    host: str, path: str, port: str, tail: str, random: Any
) -> None:
    written = "".join(random.choice((letter.upper(), letter)) for letter in host)
    assert same_address(f"https://{written}{port}{path}{tail}", f"https://{host}{path}")


@given(hosts, paths, paths)
def test_another_path_is_another_address(host: str, path: str, other: str) -> None:
    assert same_address(f"https://{host}{path}", f"https://{host}{other}") is (path == other)


@given(st.text(max_size=60))
def test_no_text_is_an_error(text: str) -> None:
    assert same_address(text, URL) in {True, False}
    assert judged(text) is WRONG


# Nonces


@pytest.mark.parametrize(
    ("later", "good"), [(0, True), (NONCE_LIFE, True), (2 * NONCE_LIFE - 1, True), (2 * NONCE_LIFE, False), (-1, False)]
)
def test_a_nonce_lives_for_two_windows(later: int, good: bool) -> None:  # noqa: FBT001 (a table)
    begins = START // NONCE_LIFE * NONCE_LIFE
    nonce = dpop_nonce.current(b"k" * 32, Seconds(begins))
    assert dpop_nonce.is_ours(b"k" * 32, nonce, Seconds(begins + later)) is good
    assert not dpop_nonce.is_ours(b"o" * 32, nonce, Seconds(begins + later))


def test_nobody_elses_text_is_a_nonce_and_a_short_key_makes_none() -> None:
    for text in (None, "", "x", "é", dpop_nonce.current(b"k" * 32, START) + "="):
        assert not dpop_nonce.is_ours(b"k" * 32, text, START)
    with pytest.raises(ValueError, match="32 bytes"):
        dpop_nonce.current(b"k" * 31, START)
