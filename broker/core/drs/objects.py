"""How do a DRS object, its ways of access and its errors look in JSON? (DRS 1.5.0, schemas)

Plain values in, plain dicts out, in the order of the specification; members that are not set are left out.
What cannot be said in DRS is a ValueError here and must have been refused when the catalogue was applied:
`is_object_id`, `is_name` and `is_checksum` say what can.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from broker.core.drs.bundles import Whole
from broker.core.drs.identifiers import is_object_id, self_uri
from broker.core.time import Seconds, rfc3339

Json = dict[str, Any]

AccessType = Literal["s3", "gs", "ftp", "gsiftp", "globus", "htsget", "https", "file"]

AuthType = Literal["None", "BasicAuth", "BearerAuth", "PassportAuth"]

MAX_SIZE = 2**63 - 1
"""`size` is an int64."""

HEX_DIGITS: Mapping[str, int | None] = {
    "sha-256": 64,
    "sha-384": 96,
    "sha-512": 128,
    "sha3-224": 56,
    "sha3-256": 64,
    "sha3-384": 96,
    "sha3-512": 128,
    "blake2s-256": 64,
    "blake2b-256": 64,
    "blake2b-512": 128,
    "md5": 32,
    "sha1": 40,
    "crc32c": 8,
    "trunc512": 48,
    "etag": None,
}
"""The checksum types that we publish: IANA hash names, then those that DRS itself names.

The value is how many hexadecimal digits one has; an `etag` is whatever its store says.
"""

_NAME = re.compile(r"[A-Za-z0-9._-]{1,255}")
_HEX = re.compile(r"[0-9a-f]+")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+: [\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")


def is_name(text: str) -> bool:
    """May this be an object's `name`? `[A-Za-z0-9.-_]` only, a POSIX portable file name."""
    return _NAME.fullmatch(text) is not None


def is_checksum(kind: str, value: str) -> bool:
    """Is this lower-case hexadecimal of the length that its type has? Unknown types are refused."""
    if kind not in HEX_DIGITS or _HEX.fullmatch(value) is None:
        return False
    return HEX_DIGITS[kind] in (None, len(value))


def drs_object(
    *,
    base_url: str,
    object_id: str,
    size: int,
    created: Seconds,
    checksums: Mapping[str, str],
    access_methods: Sequence[Json] = (),
    contents: Sequence[Json] = (),
    name: str | None = None,
    updated: Seconds | None = None,
    version: str | None = None,
    mime_type: str | None = None,
    description: str | None = None,
    aliases: Sequence[str] = (),
) -> Json:
    """DrsObject: of a blob with `access_methods`, of a bundle with `contents`.

    `base_url` gives the host of `self_uri`; `checksums`: type to hexadecimal. One id always means the same bytes, so
    `updated` is left out unless the content really has two dates.
    """
    if not is_object_id(object_id):
        raise ValueError("not a DRS id")
    if name is not None and not is_name(name):
        raise ValueError(f"{object_id}: a name has letters, digits, full stops, hyphens and underscores only")
    if not 0 <= size <= MAX_SIZE:
        raise ValueError(f"{object_id}: a size is an int64")
    if bool(access_methods) == bool(contents):
        raise ValueError(f"{object_id}: a blob needs a way to get at it, and a bundle has contents instead")
    return _stated(
        id=object_id,
        name=name,
        self_uri=self_uri(base_url, object_id),
        size=size,
        created_time=rfc3339(created),
        updated_time=None if updated is None else rfc3339(updated),
        version=version,
        mime_type=mime_type,
        checksums=_checksums(object_id, checksums),
        access_methods=list(access_methods) or None,
        contents=list(contents) or None,
        description=description,
        aliases=list(aliases) or None,
    )


def contents(base_url: str, bundle: Whole, *, expand: bool) -> list[Json]:
    """ContentsObject for each member of a bundle; with `expand` also what is in those that are bundles, all the way."""
    return [
        _stated(
            name=name,
            id=member.id,
            drs_uri=[self_uri(base_url, member.id)],
            contents=contents(base_url, member, expand=True) if expand and member.members else None,
        )
        for name, member in bundle.members
    ]


def _checksums(object_id: str, checksums: Mapping[str, str]) -> list[Json]:
    """As `Checksum` objects, in the order of `HEX_DIGITS`."""
    if not checksums or not all(is_checksum(kind, value) for kind, value in checksums.items()):
        raise ValueError(f"{object_id}: at least one checksum, each hexadecimal and of a known type")
    return [{"checksum": checksums[kind], "type": kind} for kind in HEX_DIGITS if kind in checksums]


def access_method(
    *,
    kind: AccessType,
    access_id: str | None = None,
    url: Json | None = None,
    cloud: str | None = None,
    region: str | None = None,
    available: bool | None = None,
    auth: Json | None = None,
) -> Json:
    """AccessMethod. `access_id` for the `/access` call, or `url` (an `access_url`) where anybody may have it.

    `auth` (Authorizations) says who may make the `/access` call, so it needs an `access_id`.
    """
    if access_id is None and url is None:
        raise ValueError("an access method needs an access_id or an access_url")
    if auth is not None and access_id is None:
        raise ValueError("authorizations are about the /access call: an access_id is needed")
    return _stated(
        type=kind,
        access_url=url,
        access_id=access_id,
        cloud=cloud,
        region=region,
        available=available,
        authorizations=auth,
    )


def access_url(url: str, headers: Sequence[str] = ()) -> Json:
    """AccessURL. `headers` are lines, "Name: value" (htsget has an object in this place)."""
    if not all(_HEADER.fullmatch(line) for line in headers):
        raise ValueError('a header is one line, "Name: value"')
    return _stated(url=url, headers=list(headers) or None)


def authorizations(
    types: Sequence[AuthType],
    *,
    object_id: str | None = None,
    visa_issuers: Sequence[str] = (),
    token_issuers: Sequence[str] = (),
) -> Json:
    """Authorizations: what a caller may show. Empty `types` would mean "anybody", so it must be said: `None`.

    `visa_issuers` are the `iss` of visas, not of brokers; named if, and only if, Passports are taken.
    """
    if not types or ("PassportAuth" in types) != bool(visa_issuers):
        raise ValueError("name the types; with PassportAuth the visa issuers, and only then")
    if token_issuers and "BearerAuth" not in types:
        raise ValueError("token issuers go with BearerAuth")
    return _stated(
        drs_object_id=object_id,
        supported_types=list(types),
        passport_auth_issuers=list(visa_issuers) or None,
        bearer_auth_issuers=list(token_issuers) or None,
    )


def error(status: int, message: str, *, code: str | None = None, decision: str | None = None) -> Json:
    """Error; beside its two members our reason code, and the id of the decision where one was made."""
    return _stated(msg=message, status_code=status, code=code, decision=decision)


def _stated(**members: Any) -> Json:
    """The members that are set."""
    return {name: value for name, value in members.items() if value is not None}
