"""The PyPI package crypt4gh, another's implementation: what the tests ask of it."""

import io
from collections.abc import Sequence
from typing import Any

from crypt4gh import header, lib

from broker.adapters.crypt4gh.packets import SecretKey


def _keys(reader: SecretKey) -> list[tuple[int, bytes, Any]]:
    return [(0, reader.private.private_bytes_raw(), reader.public)]


def encrypted(plain: bytes, readers: Sequence[SecretKey], writer: SecretKey) -> bytes:
    out = io.BytesIO()
    secret = writer.private.private_bytes_raw()
    lib.encrypt([(0, secret, reader.public) for reader in readers], io.BytesIO(plain), out)
    return out.getvalue()


def decrypted(file: bytes, reader: SecretKey, offset: int = 0, span: int | None = None) -> bytes:
    out = io.BytesIO()
    lib.decrypt(_keys(reader), io.BytesIO(file), out, offset=offset, span=span)
    return out.getvalue()


def rearranged(file: bytes, owner: SecretKey, offset: int, span: int) -> bytes:
    """A part of the file, with an edit list, for its owner."""
    out = io.BytesIO()
    lib.rearrange(_keys(owner), io.BytesIO(file), out, offset=offset, span=span)
    return out.getvalue()


def with_edits(file: bytes, owner: SecretKey, edits: Sequence[int]) -> bytes:
    """The file with an edit list in its header."""
    stream = io.BytesIO(file)
    packets = [*header.parse(stream)]
    edit = header.make_packet_data_edit_list(edits)
    more = header.encrypt(edit, [(0, owner.private.private_bytes_raw(), owner.public)])
    return bytes(header.serialize([*packets, *more])) + stream.read()
