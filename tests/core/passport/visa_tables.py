"""Visas that must be accepted, and visas that must be refused, each with its reason (adversarial tests A and B)."""

import json
from collections.abc import Mapping
from typing import Any

from broker.adapters.jose import public_jwk
from broker.core.passport import limits
from broker.core.time import FOREVER
from tests.core.passport.visa_builders import (
    BROKER_JKU,
    DROP,
    EC,
    ISSUER,
    JKU,
    NOW,
    OTHER_EC,
    RSA,
    b64,
    passport_token,
    sign_text,
    signed_raw,
    visa_payload,
    visa_token,
)

GOOD: dict[str, str] = {
    "RS256 with the issuer's other key": visa_token({"alg": "RS256", "kid": "v-2"}, key=RSA),
    "typ JWT, common in the field": visa_token({"typ": "JWT"}),
    "typ in other letters, RFC 7515 4.1.9": visa_token({"typ": "application/VND.GA4GH.Visa+JWT"}),
    "no typ": visa_token({"typ": DROP}),
    "no jti": visa_token(payload={"jti": DROP}),
    "scope without openid": visa_token(payload={"scope": "ga4gh_passport_v1 openidx"}),
    "unknown members everywhere": visa_token({"x": 1}, {"y": 2}, {"z": [3]}),
    "aud names us": visa_token(payload={"aud": "https://clearinghouse.example"}),
    "aud names us among others": visa_token(payload={"aud": ["https://a.example", "https://clearinghouse.example"]}),
    "empty conditions": visa_token(visa={"conditions": []}),
    "asserted by a clock 30 s ahead": visa_token(visa={"asserted": NOW - 60 + 30}),
    "nbf in the past": visa_token(payload={"nbf": NOW - 1}),
    "a sub of 255 characters": visa_token(payload={"sub": "s" * 255}),
    "a source of 255 characters": visa_token(visa={"source": "https://" + "s" * 247}),
    "an affiliation with a second at": visa_token(visa={"type": "AffiliationAndRole", "value": "faculty@a@b.example"}),
    "a custom role": visa_token(
        visa={"type": "AffiliationAndRole", "value": "public.citizen-scientist@no.organization", "by": DROP}
    ),
    "an identity in letters of all kinds": visa_token(payload={"sub": "Ægir Ó 名"}),
}


def _claim(**payload: Any) -> str:
    return visa_token(payload=payload)


def _said(**visa: Any) -> str:
    return visa_token(visa=visa)


def _raw_payload(text: str) -> str:
    header = {"alg": "ES256", "kid": "v-1", "jku": JKU}
    return signed_raw(json.dumps(header).encode(), text.encode())


def _text_of(**payload: Any) -> str:
    return json.dumps(visa_payload(payload))


_PARTS = visa_token().split(".")
_HEADER, _PAYLOAD, _SIGNATURE = _PARTS

BAD_TEXT: dict[str, tuple[str, str]] = {
    "nothing": ("", "VISA-MALFORMED"),
    "two parts": (f"{_HEADER}.{_PAYLOAD}", "VISA-MALFORMED"),
    "signature stripped": (f"{_HEADER}.{_PAYLOAD}.", "VISA-MALFORMED"),
    "payload stripped": (f"{_HEADER}..{_SIGNATURE}", "VISA-MALFORMED"),
    "a JWE of five parts": (".".join([*_PARTS, "YQ", "YQ"]), "VISA-MALFORMED"),
    "leading blank": (" " + ".".join(_PARTS), "VISA-MALFORMED"),
    "newline inside": (f"{_HEADER}.\n{_PAYLOAD}.{_SIGNATURE}", "VISA-MALFORMED"),
    "Bearer before it": ("Bearer " + ".".join(_PARTS), "VISA-MALFORMED"),
    "padding": (".".join(_PARTS) + "==", "VISA-MALFORMED"),
    "padding inside": (sign_text(f"{_HEADER}=.{_PAYLOAD}", EC), "VISA-MALFORMED"),
    "the other base64 alphabet": (f"{b64(b'{}')}+/.{_PAYLOAD}.{_SIGNATURE}", "VISA-MALFORMED"),
    "not ASCII": (f"{_HEADER}é.{_PAYLOAD}.{_SIGNATURE}", "VISA-MALFORMED"),
    "a lone surrogate": ("\ud800.a.b", "VISA-MALFORMED"),
    "payload an array": (_raw_payload("[]"), "VISA-MALFORMED"),
    "payload not JSON": (_raw_payload("{"), "VISA-MALFORMED"),
    "payload not UTF-8": (signed_raw(b'{"alg":"ES256"}', b'{"a":"\xff"}'), "VISA-MALFORMED"),
    "payload nested 5,000 deep": (_raw_payload("[" * 5000 + "]" * 5000), "VISA-MALFORMED"),
    "header an array": (signed_raw(b"[]", b"{}"), "VISA-MALFORMED"),
    "duplicate header member": (
        signed_raw(b'{"alg":"ES256","alg":"ES256"}', visa_token().encode()),
        "VISA-MALFORMED",
    ),
    "duplicate sub": (_raw_payload(_text_of().replace("{", '{"sub": "bob",', 1)), "VISA-MALFORMED"),
    "NaN": (_raw_payload(_text_of(exp=float("nan"))), "VISA-MALFORMED"),
    "Infinity": (_raw_payload(_text_of(exp=float("inf"))), "VISA-MALFORMED"),
    "1e400": (_raw_payload(_text_of(exp="E").replace('"E"', "1e400")), "VISA-MALFORMED"),
    "a number of 9,000 digits": (_raw_payload(_text_of(exp="E").replace('"E"', "9" * 9_000)), "VISA-MALFORMED"),
}

BAD_HEADER: dict[str, tuple[str, str]] = {
    "crit": (visa_token({"crit": ["exp"]}), "VISA-HEADER"),
    "crit empty": (visa_token({"crit": []}), "VISA-HEADER"),
    "b64 false": (visa_token({"b64": False}), "VISA-HEADER"),
    "zip": (visa_token({"zip": "DEF"}), "VISA-HEADER"),
    "cty JWT": (visa_token({"cty": "JWT"}), "VISA-HEADER"),
    "jwk of the attacker": (visa_token({"jwk": public_jwk(OTHER_EC, "v-1", "ES256")}, key=OTHER_EC), "VISA-HEADER"),
    "x5c": (visa_token({"x5c": ["AA=="]}), "VISA-HEADER"),
    "x5u": (visa_token({"x5u": "https://evil.example/c.pem"}), "VISA-HEADER"),
    "no alg": (visa_token({"alg": DROP}), "VISA-ALGORITHM"),
    "alg a list": (visa_token({"alg": ["ES256"]}), "VISA-ALGORITHM"),
    "no kid": (visa_token({"kid": DROP}), "VISA-CLAIMS"),
    "empty kid": (visa_token({"kid": ""}), "VISA-CLAIMS"),
    "kid a number": (visa_token({"kid": 1}), "VISA-CLAIMS"),
    "kid of 256 characters": (visa_token({"kid": "k" * 256}), "VISA-CLAIMS"),
    "unknown kid": (visa_token({"kid": "zzz"}), "VISA-KEY-UNKNOWN"),
    "typ of a Passport": (visa_token({"typ": "vnd.ga4gh.passport+jwt"}), "VISA-TYP"),
    "typ of an access token": (visa_token({"typ": "at+jwt"}), "VISA-TYP"),
    "typ of a DPoP proof": (visa_token({"typ": "dpop+jwt"}), "VISA-TYP"),
    "typ of an ID token": (visa_token({"typ": "id_token+jwt"}), "VISA-TYP"),
    "typ null": (visa_token({"typ": None}), "VISA-TYP"),
    "typ empty": (visa_token({"typ": ""}), "VISA-TYP"),
    "typ a list": (visa_token({"typ": ["JWT"]}), "VISA-TYP"),
    "typ with a Kelvin sign": (visa_token({"typ": "jwt\u212a"}), "VISA-TYP"),
    "neither jku nor openid": (visa_token({"jku": DROP}), "VISA-STYLE"),
    "both jku and openid": (visa_token(payload={"scope": "a openid"}), "VISA-STYLE"),
    "an access token of an issuer of documents": (visa_token({"jku": DROP}, {"scope": "openid"}), "VISA-STYLE"),
    "scope a list": (visa_token(payload={"scope": ["openid"]}), "VISA-CLAIMS"),
    "jku a list": (visa_token({"jku": [JKU]}), "VISA-JKU-UNTRUSTED"),
    "jku null": (visa_token({"jku": None}), "VISA-JKU-UNTRUSTED"),
}
BAD_HEADER |= {
    f"alg {alg}": (visa_token({"alg": alg}), "VISA-ALGORITHM")
    for alg in ("none", "None", "nOnE", "", "HS256", "ES384", "PS256", "EdDSA", "RS512", "es256")
}
BAD_HEADER |= {
    f"jku {jku}": (visa_token({"jku": jku}), "VISA-JKU-UNTRUSTED")
    for jku in (
        "http://visas.example/jwks.json",
        "https://user@visas.example/jwks.json",
        "https://visas.example@evil.example/jwks.json",
        "https://visas.example:443/jwks.json",
        "https://visas.example./jwks.json",
        "https://VISAS.example/jwks.json",
        "https://visas.example/%6Awks.json",
        "https://visas.example/./jwks.json",
        "https://visas.example//jwks.json",
        "https://visas.example/jwks.json#",
        "https://visas.example/jwks.json?x=1",
        "https://visas.example/jwks.json/",
        "https://visas.example.evil.example/jwks.json",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        BROKER_JKU,
        "",
    )
}

BAD_CLAIMS: dict[str, tuple[str, str]] = {
    "iss a prefix": (_claim(iss=ISSUER[:-1]), "VISA-ISSUER-UNTRUSTED"),
    "iss longer": (_claim(iss=ISSUER + "/"), "VISA-ISSUER-UNTRUSTED"),
    "iss in capitals": (_claim(iss=ISSUER.upper()), "VISA-ISSUER-UNTRUSTED"),
    "iss absent": (_claim(iss=DROP), "VISA-ISSUER-UNTRUSTED"),
    "iss a list": (_claim(iss=[ISSUER]), "VISA-ISSUER-UNTRUSTED"),
    "iss of another trusted issuer": (_claim(iss="https://broker.example/"), "VISA-JKU-UNTRUSTED"),
    "exp in milliseconds": (_claim(exp=(NOW + 3600) * 1000), "VISA-CLAIMS"),
    "exp beyond any life": (_claim(exp=NOW - 60 + limits.VISA_LIFETIME + 1), "VISA-LIFETIME"),
    "iat ahead of us, nbf not": (_claim(iat=NOW + 31, nbf=NOW), "VISA-NOT-YET"),
    "exp is iat": (_claim(exp=NOW - 60), "VISA-LIFETIME"),
    "exp before iat": (_claim(exp=NOW - 61), "VISA-LIFETIME"),
    "aud another": (_claim(aud="https://clearinghouse.example/"), "VISA-AUDIENCE"),
    "aud a list of others": (_claim(aud=["https://a.example"]), "VISA-AUDIENCE"),
    "aud empty": (_claim(aud=[]), "VISA-AUDIENCE"),
    "aud null": (_claim(aud=None), "VISA-AUDIENCE"),
    "aud with a number in it": (_claim(aud=["https://clearinghouse.example", 1]), "VISA-AUDIENCE"),
    "aud an object": (_claim(aud={"https://clearinghouse.example": 1}), "VISA-AUDIENCE"),
    "also a Passport": (_claim(ga4gh_passport_v1=[]), "VISA-CLAIMS"),
    "no visa object": (_claim(ga4gh_visa_v1=DROP), "VISA-CLAIMS"),
    "visa object a list": (_claim(ga4gh_visa_v1=[]), "VISA-CLAIMS"),
    "visa object null": (_claim(ga4gh_visa_v1=None), "VISA-CLAIMS"),
    "a Passport as a visa": (passport_token(), "VISA-STYLE"),
}
NO_TIME: tuple[Any, ...] = (None, True, False, "1800003600", 1800003600.0, 0.5, -1, 0, [NOW], {}, FOREVER + 1)
NO_NAME: tuple[Any, ...] = (None, "", 123, ["a"], "a\n", "a\x00", "a\u202eb", "\u200b", "s" * 256)
BAD_CLAIMS |= {
    f"{name} {value!r:.40}": (_claim(**{name: value}), "VISA-CLAIMS")
    for names, values in ((("exp", "iat", "nbf"), NO_TIME), (("sub", "jti"), NO_NAME))
    for name in names
    for value in values
}
BAD_CLAIMS |= {f"{name} is half a character": (_claim(**{name: "\ud800"}), "VISA-MALFORMED") for name in ("sub", "jti")}
BAD_CLAIMS |= {f"{name} absent": (_claim(**{name: DROP}), "VISA-CLAIMS") for name in ("exp", "iat", "sub")}

BAD_OBJECT: dict[str, tuple[str, str]] = {
    "part of a type's name": (_said(type="AcceptedTerms"), "VISA-TYPE-UNKNOWN"),
    "type in small letters": (_said(type="controlledaccessgrants"), "VISA-TYPE-UNKNOWN"),
    "a custom type too long": (_said(type="https://t.example/" + "t" * 238), "VISA-CLAIMS"),
    "asserted in milliseconds": (_said(asserted=(NOW - 86_400) * 1000), "VISA-CLAIMS"),
    "asserted after it was issued": (_said(asserted=NOW - 60 + 31), "VISA-CLAIMS"),
    "source not a URL": (_said(source="data.example"), "VISA-CLAIMS"),
    "source with a blank": (_said(source="https://data.example/a b"), "VISA-CLAIMS"),
    "source with a newline at the end": (_said(source="https://data.example/\n"), "VISA-CLAIMS"),
    "source of 256 characters": (_said(source="https://" + "s" * 248), "VISA-CLAIMS"),
    "value not a URL": (_said(value="DS1"), "VISA-VALUE-MALFORMED"),
    "value of 256 characters": (_said(value="https://" + "v" * 248), "VISA-VALUE-MALFORMED"),
    "value with a look-alike": (_said(value="https://data.ex\u0430mple/datasets/DS1"), "VISA-VALUE-MALFORMED"),
    "terms not a URL": (_said(type="AcceptedTermsAndPolicies", value="terms"), "VISA-VALUE-MALFORMED"),
    "status not a URL": (_said(type="ResearcherStatus", value="yes"), "VISA-VALUE-MALFORMED"),
    "affiliation without at": (_said(type="AffiliationAndRole", value="faculty"), "VISA-VALUE-MALFORMED"),
    "affiliation without role": (_said(type="AffiliationAndRole", value="@a.example"), "VISA-VALUE-MALFORMED"),
    "affiliation of nobody": (_said(type="AffiliationAndRole", value="faculty@"), "VISA-VALUE-MALFORMED"),
    "affiliation with a newline": (_said(type="AffiliationAndRole", value="a@b\nc"), "VISA-VALUE-MALFORMED"),
    "role in capitals": (_said(type="AffiliationAndRole", value="Faculty@a.example"), "VISA-VALUE-MALFORMED"),
    "links malformed": (_said(type="LinkedIdentities", value="a,b,c"), "VISA-VALUE-MALFORMED"),
    "an affiliation by nobody known": (
        _said(type="AffiliationAndRole", value="faculty@a.example", by="boss"),
        "VISA-CLAIMS",
    ),
    "terms without by": (
        _said(type="AcceptedTermsAndPolicies", value="https://t.example", by=DROP),
        "VISA-CLAIMS",
    ),
}
NO_MEMBER: Mapping[str, tuple[Any, ...]] = {
    "type": (DROP, None, 1, ["ControlledAccessGrants"], ""),
    "asserted": (DROP, None, "1", True, 1.5, -1, 0),
    "value": (DROP, None, 1, ["a"]),
    "source": (DROP, None, 1, ""),
    "by": (DROP, None, "dacc", "DAC", "", 1, ["dac"]),
}
NO_CONDITIONS: tuple[Any, ...] = ("x", None, {}, True, [[]], [{}], [["a"]], [[{"type": "a", "by": 1}]])
BAD_OBJECT |= {
    f"{name} {value!r}": (_said(**{name: value}), "VISA-CLAIMS")
    for name, values in NO_MEMBER.items()
    for value in values
}
BAD_OBJECT |= {
    f"conditions {value!r:.40}": (_said(conditions=value), "VISA-CONDITIONS-MALFORMED") for value in NO_CONDITIONS
}
