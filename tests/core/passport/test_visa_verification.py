"""Every way in which a signed visa can be bad, each with the reason that it must give (adversarial A and B)."""

import time
import tracemalloc
from base64 import b64decode, urlsafe_b64decode, urlsafe_b64encode
from contextlib import suppress
from itertools import product
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from hypothesis import given
from hypothesis import strategies as st

from broker.adapters.jose import public_jwk
from broker.core.jws import _decoded
from broker.core.outcome import Reason
from broker.core.passport import limits
from broker.core.passport.keys import thumbprint
from broker.core.passport.read import read_visa
from broker.core.passport.trust import Trust
from broker.core.passport.verify import seal_passport, verify_visa
from broker.core.passport.visa import Visa
from tests.core.passport.visa_builders import (
    DATASET,
    DROP,
    ISSUER,
    JKU,
    KEYS,
    NOW,
    OTHER_EC,
    TRUST,
    US,
    b64,
    broker_row,
    code,
    issuer_row,
    verify,
    visa_token,
)
from tests.core.passport.visa_tables import BAD_CLAIMS, BAD_HEADER, BAD_OBJECT, BAD_TEXT, GOOD

_HEADER, _PAYLOAD, _SIGNATURE = visa_token().split(".")


@pytest.mark.row("C6", "V5")
def test_a_good_visa_becomes_a_visa_with_all_that_it_says() -> None:
    visa = verify(visa_token())
    assert isinstance(visa, Visa)
    assert visa.identity == (ISSUER, "alice")
    assert (visa.type, visa.value, visa.by, visa.jti) == ("ControlledAccessGrants", DATASET, "dac", "v-1")
    assert (visa.asserted, visa.iat, visa.exp) == (NOW - 86_400, NOW - 60, NOW + 3600)
    assert (visa.jku, visa.kid, visa.algorithm) == (JKU, "v-1", "ES256")
    assert visa.key == thumbprint(KEYS[(ISSUER, JKU)][0])


@pytest.mark.row("V5")
@pytest.mark.parametrize("name", GOOD)
def test_what_the_standards_allow_is_accepted(name: str) -> None:
    assert isinstance(verify(GOOD[name]), Visa), name


@pytest.mark.row("T008", "T009", "T010", "T006", "C6", "V2")
@pytest.mark.parametrize("name", BAD_TEXT)
def test_a_text_that_is_no_strict_compact_jws_is_refused(name: str) -> None:
    token, reason = BAD_TEXT[name]
    assert code(verify(token)) == reason


@pytest.mark.row("T002", "T005", "T006", "T021", "V4", "V6", "C6", "T013", "T049")
@pytest.mark.parametrize("name", BAD_HEADER)
def test_a_header_that_asks_for_something_else_is_refused(name: str) -> None:
    token, reason = BAD_HEADER[name]
    assert code(verify(token)) == reason


@pytest.mark.row("T008", "T011", "T017", "T019", "T020", "C6", "V5", "T014")
@pytest.mark.parametrize("name", BAD_CLAIMS)
def test_a_claim_that_is_missing_or_not_exact_is_refused(name: str) -> None:
    token, reason = BAD_CLAIMS[name]
    assert code(verify(token)) == reason


@pytest.mark.row("T017", "C6", "T040")
@pytest.mark.parametrize("name", BAD_OBJECT)
def test_a_visa_object_that_is_not_well_formed_is_refused(name: str) -> None:
    token, reason = BAD_OBJECT[name]
    assert code(verify(token)) == reason


@pytest.mark.row("C6")
def test_a_signature_by_another_key_or_over_another_text_is_refused() -> None:
    assert code(verify(visa_token(key=OTHER_EC))) == "VISA-SIGNATURE"
    other = visa_token(payload={"sub": "bob"}).split(".")[1]
    assert code(verify(f"{_HEADER}.{other}.{_SIGNATURE}")) == "VISA-SIGNATURE"


@pytest.mark.row("T004", "C6")
def test_a_key_is_chosen_by_its_name_alone() -> None:
    assert code(verify(visa_token({"kid": "v-2"}))) == "VISA-SIGNATURE"
    twice = {(ISSUER, JKU): (*KEYS[(ISSUER, JKU)], public_jwk(OTHER_EC, "v-1", "ES256"))}
    assert code(verify(visa_token(), keys_of=twice)) == "VISA-KEY-UNKNOWN"


@pytest.mark.row("C6")
def test_keys_that_cannot_be_had_and_keys_that_are_gone_are_told_apart() -> None:
    assert code(verify(visa_token(), keys_of={})) == "VISA-KEYS-UNAVAILABLE"
    assert code(verify(visa_token(), keys_of={(ISSUER, JKU): ()})) == "VISA-KEY-UNKNOWN"


@pytest.mark.row("T020", "C8", "T033")
def test_keys_belong_to_an_issuer_and_an_address_together() -> None:
    moved = {("https://broker.example/", JKU): KEYS[(ISSUER, JKU)]}
    assert code(verify(visa_token(), keys_of=moved)) == "VISA-KEYS-UNAVAILABLE"


@pytest.mark.row("T012", "C6")
@pytest.mark.parametrize(
    ("member", "offset", "reason"),
    [
        ("exp", -30, "VISA-EXPIRED"),
        ("exp", -29, None),
        ("exp", 0, None),
        ("exp", 1, None),
        ("nbf", 29, None),
        ("nbf", 30, None),
        ("nbf", 31, "VISA-NOT-YET"),
        ("iat", 29, None),
        ("iat", 30, None),
        ("iat", 31, "VISA-NOT-YET"),
    ],
)
def test_one_half_open_time_rule_with_thirty_seconds_for_foreign_clocks(
    member: str, offset: int, reason: str | None
) -> None:
    issued = {"iat": NOW - 600} if member == "exp" else {}
    assert code(verify(visa_token(payload={**issued, member: NOW + offset}))) == reason


@pytest.mark.row("T012")
def test_the_leeway_is_an_argument() -> None:
    token = visa_token(payload={"iat": NOW - 600, "exp": NOW})
    assert code(verify(token, leeway=0)) == "VISA-EXPIRED"
    assert isinstance(verify(token, leeway=1), Visa)


@pytest.mark.row("T011")
def test_the_longest_life_is_the_rows_own_or_a_year() -> None:
    year = limits.VISA_LIFETIME
    assert isinstance(verify(visa_token(payload={"exp": NOW - 60 + year})), Visa)
    short = Trust([issuer_row(max_lifetime=3660)])
    assert isinstance(verify(visa_token(), short), Visa)
    assert code(verify(visa_token(payload={"exp": NOW + 3601}), short)) == "VISA-LIFETIME"


@pytest.mark.row("T045", "T007")
def test_a_visa_of_16_kib_is_read_and_one_character_more_is_not() -> None:
    def padded(length: int) -> str:
        return visa_token(payload={"pad": "x" * length})

    length = next(n for n in range(11_000, 12_300) if len(padded(n)) in (limits.VISA_BYTES - 1, limits.VISA_BYTES))
    whole = padded(length)
    assert isinstance(verify(whole), Visa)
    token = whole + "A" * (limits.VISA_BYTES - len(whole))
    assert len(token) == limits.VISA_BYTES
    assert code(verify(token)) != "VISA-TOO-LARGE"
    over = verify(token + "A")
    assert over == Reason(code="VISA-TOO-LARGE", facts=(("limit", "16384"),))


HOSTILE = {
    "200,000 dots": "." * 200_000,
    "a header of 10 MB": b64(b'{"alg":"' + b"x" * 7_500_000 + b'"}') + ".e30.e30",
    "a kid of 1 MB": visa_token({"kid": "k" * 1_000_000}),
    "deep in a Passport's size": "A" * 3 + "." + "WzE" * 300_000 + ".AA",
}


@pytest.mark.row("T007")
@pytest.mark.parametrize("name", HOSTILE)
def test_a_huge_token_costs_neither_time_nor_memory(name: str) -> None:
    tracemalloc.start()
    started = time.process_time()
    assert code(verify(HOSTILE[name])) == "VISA-TOO-LARGE"
    used, peak = time.process_time() - started, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert used < 0.05
    assert peak < 1_000_000


@pytest.mark.row("T005", "T019", "C9", "C8", "T021")
def test_nothing_asks_for_keys_of_a_token_that_cannot_count() -> None:
    every = (BAD_TEXT | BAD_HEADER | BAD_CLAIMS | BAD_OBJECT).items()
    for name, (token, reason) in every:
        claimed = read_visa(token, TRUST, at=NOW, us=US)
        assert isinstance(claimed, Reason) or reason == "VISA-KEY-UNKNOWN", name


@pytest.mark.row("C8", "C9", "T019", "T020")
def test_only_registered_addresses_are_ever_needed() -> None:
    claimed = read_visa(visa_token(), TRUST, at=NOW, us=US)
    assert not isinstance(claimed, Reason)
    assert claimed.need.pair == (ISSUER, JKU)
    assert claimed.need.kid == "v-1"


class TestPinnedKeys:
    @pytest.mark.row("C8", "V9")
    def test_need_no_fetch_and_leave_the_token_free_to_name_any_address(self) -> None:
        trust = Trust([issuer_row(jku=(), keys=KEYS[(ISSUER, JKU)])])
        token = visa_token({"jku": "https://elsewhere.example/jwks"})
        claimed = read_visa(token, trust, at=NOW, us=US)
        assert not isinstance(claimed, Reason)
        assert claimed.need.pair is None
        assert isinstance(verify(token, trust, keys_of={}), Visa)
        assert code(verify(visa_token({"jku": ["https://elsewhere.example/jwks"]}), trust)) == "VISA-JKU-UNTRUSTED"

    @pytest.mark.row("C8", "T021")
    def test_still_compare_the_address_where_one_is_registered(self) -> None:
        trust = Trust([issuer_row(keys=KEYS[(ISSUER, JKU)])])
        assert isinstance(verify(visa_token(), trust, keys_of={}), Visa)
        assert code(verify(visa_token({"jku": JKU + "?"}), trust)) == "VISA-JKU-UNTRUSTED"

    def test_are_used_instead_of_what_an_address_serves(self) -> None:
        trust = Trust([issuer_row(keys=(public_jwk(OTHER_EC, "v-1", "ES256"),))])
        assert code(verify(visa_token(), trust)) == "VISA-SIGNATURE"

    @pytest.mark.row("C8")
    def test_a_row_without_any_key_verifies_nothing(self) -> None:
        assert code(verify(visa_token(), Trust([issuer_row(jku=())]))) == "VISA-JKU-UNTRUSTED"


class TestVisaAccessTokens:
    TRUST = Trust([issuer_row(access_tokens=True), broker_row()])

    def _token(self, header: dict[str, Any] | None = None, **payload: Any) -> str:
        claims = {"scope": "openid ga4gh_passport_v1", **payload}
        return visa_token({"jku": DROP, "typ": "at+jwt", **(header or {})}, claims)

    def test_count_for_an_hour_since_nobody_asks_their_issuer_again(self) -> None:
        visa = verify(self._token(exp=NOW + 86_400), self.TRUST)
        assert isinstance(visa, Visa)
        assert visa.exp == NOW - 60 + 3600
        assert visa.jku is None
        old = self._token(iat=NOW - 3629, exp=NOW + 86_400)
        assert isinstance(verify(old, self.TRUST), Visa)
        assert code(verify(self._token(iat=NOW - 3630, exp=NOW + 86_400), self.TRUST)) == "VISA-EXPIRED"

    @pytest.mark.row("C7")
    def test_never_outlive_their_own_end(self) -> None:
        visa = verify(self._token(exp=NOW + 10), self.TRUST)
        assert isinstance(visa, Visa)
        assert visa.exp == NOW + 10

    @pytest.mark.row("V6", "T049")
    def test_have_no_audience_no_jku_and_no_other_typ(self) -> None:
        assert code(verify(self._token(aud="https://clearinghouse.example"), self.TRUST)) == "VISA-AUDIENCE"
        assert code(verify(self._token({"jku": JKU}), self.TRUST)) == "VISA-STYLE"
        assert code(verify(self._token({"typ": "vnd.ga4gh.visa+jwt"}), self.TRUST)) == "VISA-TYP"
        assert isinstance(verify(self._token({"typ": "JWT"}), self.TRUST), Visa)


def test_an_issuers_own_names_for_datasets_need_not_be_urls() -> None:
    trust = Trust([issuer_row(aliases={"EGAD1": DATASET})])
    assert isinstance(verify(visa_token(visa={"value": "EGAD1"}), trust), Visa)
    assert code(verify(visa_token(visa={"value": "EGAD2"}), trust)) == "VISA-VALUE-MALFORMED"
    assert (
        code(verify(visa_token(visa={"type": "ResearcherStatus", "value": "EGAD1"}), trust)) == "VISA-VALUE-MALFORMED"
    )


@pytest.mark.row("T004", "C6")
def test_an_algorithm_counts_only_if_the_row_allows_it() -> None:
    assert code(verify(visa_token(), Trust([issuer_row(algorithms=frozenset({"RS256"}))]))) == "VISA-ALGORITHM"


@pytest.mark.row("T010")
def test_the_digest_names_the_statement_and_not_the_signature() -> None:
    """ECDSA signatures can be rewritten (s -> n - s); a deny-list by digest is not dodged by that."""
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    raw = urlsafe_b64decode(_SIGNATURE + "==")
    turned = raw[:32] + (order - int.from_bytes(raw[32:])).to_bytes(32)
    one, other = verify(visa_token()), verify(f"{_HEADER}.{_PAYLOAD}.{b64(turned)}")
    assert isinstance(one, Visa)
    assert one == other


@pytest.mark.row("T013")
def test_a_visa_is_never_sealed_as_a_passport() -> None:
    claimed = read_visa(visa_token(), TRUST, at=NOW, us=US)
    assert not isinstance(claimed, Reason)
    with pytest.raises(TypeError):
        seal_passport(claimed, (), lambda *_: True)


@pytest.mark.row("T004", "T015", "T016")
def test_a_weak_or_foreign_key_under_the_right_name_signs_nothing() -> None:
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    numbers = weak.public_key().public_numbers()
    jwk = {"kty": "RSA", "kid": "v-2", "n": b64(numbers.n.to_bytes(128)), "e": "AQAB"}
    text = ".".join(visa_token({"alg": "RS256", "kid": "v-2"}).split(".")[:2])
    token = f"{text}.{b64(weak.sign(text.encode(), PKCS1v15(), hashes.SHA256()))}"
    assert code(verify(token, keys_of={(ISSUER, JKU): (jwk,)})) == "VISA-SIGNATURE"
    p384 = ec.generate_private_key(ec.SECP384R1()).public_key().public_numbers()
    wrong = {"kty": "EC", "crv": "P-384", "kid": "v-1", "x": b64(p384.x.to_bytes(48)), "y": b64(p384.y.to_bytes(48))}
    assert code(verify(visa_token(), keys_of={(ISSUER, JKU): (wrong,)})) == "VISA-SIGNATURE"


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from([JKU, ISSUER]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
_NAMES = st.sampled_from(
    ["alg", "kid", "jku", "typ", "iss", "sub", "exp", "iat", "nbf", "aud", "scope", "jti", "ga4gh_visa_v1"]
)
_OBJECT = st.sampled_from(["type", "asserted", "value", "source", "by", "conditions"])


@pytest.mark.row("T018")
@given(st.text(max_size=60))
def test_any_text_is_answered(text: str) -> None:
    assert isinstance(verify(text), Reason)


@pytest.mark.row("T018", "C6")
@given(st.data())
def test_a_token_with_any_character_changed_is_refused(data: st.DataObject) -> None:
    token = visa_token()
    place = data.draw(st.integers(0, len(token) - 1))
    character = data.draw(st.characters().filter(lambda one: one != token[place]))
    assert isinstance(verify(token[:place] + character + token[place + 1 :]), Reason)


@pytest.mark.row("T018", "T008")
@given(
    st.dictionaries(_NAMES, _JSON, max_size=3),
    st.dictionaries(_NAMES, _JSON, max_size=3),
    st.dictionaries(_OBJECT, _JSON, max_size=3),
)
def test_any_members_of_any_type_are_answered(header: Any, payload: Any, visa: Any) -> None:
    found = verify_visa(
        visa_token(header, payload, visa), TRUST, {}, at=NOW, us=US, check=lambda *_: pytest.fail("no key, no check")
    )
    assert isinstance(found, Reason)


@pytest.mark.row("T010")
def test_base64url_is_read_exactly_where_it_is_the_one_spelling() -> None:
    """Against encoding anew, over every text of up to four letters out of a hostile alphabet."""
    for length in range(5):
        for letters in product(b"AQZw019-_+/= \n.", repeat=length):
            part = bytes(letters)
            decoded = _decoded(part)
            if decoded is not None:
                assert urlsafe_b64encode(decoded).rstrip(b"=") == part
            else:
                padded = part + b"=" * (-len(part) % 4)
                with suppress(ValueError):
                    read = b64decode(padded.translate(bytes.maketrans(b"-_", b"+/")), validate=True)
                    assert urlsafe_b64encode(read).rstrip(b"=") != part
