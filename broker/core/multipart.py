"""The body of a form that carries a file (RFC 7578), read strictly: what could be read in two ways is refused."""

import re
from dataclasses import dataclass

PARTS = 20
"""Of one body, at most."""
_BOUNDARY = re.compile(r'multipart/form-data;\s*boundary="?([0-9A-Za-z\'()+_,./:=?-]{1,70})"?', re.IGNORECASE)
_NAME = re.compile(r'form-data; name="([a-z_]{1,40})"(?:; filename="((?:[^"\\\r\n]|\\.)*)")?', re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One field. `filename`: None, if it is no file."""

    name: str
    filename: str | None
    content: bytes


def parts(content_type: str, body: bytes) -> tuple[Part, ...]:
    """The fields of a body. ValueError for anything that is not exactly as it must be."""
    found = _BOUNDARY.fullmatch(content_type.strip())
    if found is None:
        raise ValueError("no boundary")
    mark = b"--" + found[1].encode("ascii")
    pieces = (b"\r\n" + body).split(b"\r\n" + mark)
    if len(pieces) < 3 or len(pieces) > PARTS + 2 or pieces[0] or pieces[-1].strip() != b"--":  # noqa: PLR2004
        raise ValueError("not what lies between boundaries")
    return tuple(_part(one) for one in pieces[1:-1])


def _part(piece: bytes) -> Part:
    if not piece.startswith(b"\r\n"):
        raise ValueError("a boundary with something behind it")
    head, gap, content = piece[2:].partition(b"\r\n\r\n")
    if not gap:
        raise ValueError("a part without an end of its headers")
    lines = [line.partition(":") for line in head.decode("utf-8").split("\r\n")]
    said = [value.strip() for name, _, value in lines if name.strip().lower() == "content-disposition"]
    encoded = [name for name, _, _ in lines if name.strip().lower() == "content-transfer-encoding"]
    named = _NAME.fullmatch(said[0]) if len(said) == 1 and not encoded else None
    if named is None:
        raise ValueError("a part without one name")
    filename = re.sub(r"\\(.)", r"\1", named[2]) if named[2] is not None else None
    return Part(name=named[1], filename=filename, content=content)
