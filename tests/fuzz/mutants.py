"""Texts that strangers may send: random ones, and honest ones with something changed in them."""

import json
from typing import Any

from hypothesis import strategies as st

from tests.core.passport.visa_builders import EC, b64, sign_text

scalars = (
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=True, allow_infinity=True)
    | st.text(max_size=20) | st.sampled_from(["", "openid", "const:x", "pattern:*", "https://a.example/", "\x00", "ES256", "none", "\u202e"])
)  # fmt: skip
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4), max_leaves=12
)  # fmt: skip


def changed(honest: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """`honest` with up to three members replaced, taken away or added, also inside its objects."""
    names = st.sampled_from([*honest, "crit", "jwk", "aud", "nbf", "scope", "cnf", "conditions", "x"])
    nested = [name for name, value in honest.items() if isinstance(value, dict)]
    edits = st.lists(st.tuples(names, values, st.booleans()), max_size=3)

    def apply(listed: list[tuple[str, Any, bool]], inner: dict[str, Any] | None) -> dict[str, Any]:
        made = dict(honest)
        if nested and inner is not None:
            made[nested[0]] = inner
        for name, value, gone in listed:
            if gone:
                made.pop(name, None)
            else:
                made[name] = value
        return made

    insides = changed(honest[nested[0]]) if nested else st.none()
    return st.builds(apply, edits, st.none() | insides)


def tokens(header: dict[str, Any], payload: dict[str, Any]) -> st.SearchStrategy[str]:
    """Signed tokens whose header or payload was changed, and the same with their text changed afterwards."""

    def signed(head: Any, said: Any) -> str:
        return sign_text(f"{_part(head)}.{_part(said)}", EC)

    whole = st.builds(signed, changed(header), changed(payload))
    return whole | st.builds(_torn, whole, st.integers(0, 3000), st.text(max_size=3)) | st.text(max_size=300)


def documents(honest: dict[str, Any]) -> st.SearchStrategy[bytes]:
    """JSON documents that were changed, torn ones, and random bytes."""
    whole = changed(honest).map(_json)
    return whole | st.builds(_torn_bytes, whole, st.integers(0, 2000), st.binary(max_size=3)) | st.binary(max_size=300)


def _part(members: Any) -> str:
    return b64(_json(members))


def _json(members: Any) -> bytes:
    return json.dumps(members).encode()


def _torn(text: str, place: int, into: str) -> str:
    place %= len(text) + 1
    return text[:place] + into + text[place + len(into) :]


def _torn_bytes(raw: bytes, place: int, into: bytes) -> bytes:
    place %= len(raw) + 1
    return raw[:place] + into + raw[place + len(into) :]
