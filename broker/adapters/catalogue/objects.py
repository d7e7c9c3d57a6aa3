"""From the part of a catalogue file that declares a DRS object, a file or a bundle, to its row."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from broker.adapters.catalogue.form import Part, Sha256, Text, Url, Word
from broker.adapters.catalogue.genomic import KINDS, assert_samples, indexed
from broker.adapters.catalogue.repositories import Roots
from broker.core.crypt4gh.header import MAGIC, MAX_HEADER, HeaderError, parse
from broker.core.crypt4gh.segments import plain_size
from broker.core.drs.bundles import HASHES, MOST_CONTENTS
from broker.core.drs.identifiers import is_object_id
from broker.core.drs.objects import HEX_DIGITS, MAX_SIZE, is_checksum
from broker.core.htsget.index_files import MAX_FILE
from broker.core.htsget.layout import Format
from broker.core.ids import DatasetId, ObjectId, SubjectRef
from broker.core.rows import DrsObject
from broker.core.rows.catalogue import Envelope, IndexFile, Member
from broker.core.time import Seconds, parse_rfc3339

_CHUNK = 1 << 20
_ALWAYS = ("sha-256", "md5")
_BUNDLE_LACKS = (
    "path", "size", "checksums", "source_tag", "subjects", "unrestricted", "encrypted", "index", "format", "samples",
)  # fmt: skip

ObjectIdText = Annotated[str, Field(min_length=1, max_length=256)]
"""Any printable characters without blanks; what is not a letter, digit or one of `.-_~` is percent-encoded in URLs."""
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,255}$")]


class MemberPart(Part):
    name: FileName
    """What it is called in the bundle; nothing else there is called so."""
    object: ObjectIdText


class EnvelopePart(Part):
    """A Crypt4GH file that is not on this machine; `broker data describe` says these of a copy."""

    header: Annotated[int, Field(gt=0, le=MAX_HEADER)]
    """Bytes of its header."""
    header_sha256: Sha256
    size: Annotated[int, Field(gt=0, le=MAX_SIZE)]
    """Of the file, header and all, as are the digests."""
    sha256: Sha256


class IndexPart(Part):
    path: Text
    """Below the repository's root."""
    kind: Literal["BAI", "CSI", "TBI", "CRAI"]
    size: Annotated[int, Field(gt=0, le=MAX_FILE)]
    """Of the index itself, also if it lies there encrypted, and so is the digest."""
    sha256: Sha256
    encrypted: EnvelopePart | None = None
    """The Crypt4GH file in which it lies; an encrypted file has an encrypted index."""
    layout_sha256: Sha256 | None = None
    """Of what stands at the beginning of the file; `broker data describe` says it of a copy. With it the store cannot
    pass another beginning off; without it the first one that is read is believed.
    """


class ObjectPart(Part):
    id: ObjectIdText
    dataset: Url
    name: FileName
    path: Text | None = None
    """Below the repository's root; a bundle has none. Size and checksums are read from the file, if it is there."""
    mime_type: Annotated[str, Field(pattern=r"^[a-z0-9.+-]{1,64}/[a-z0-9.+-]{1,64}$")] = "application/octet-stream"
    created: str | None = None
    updated: str | None = None
    """When the content was updated last, where that is not when it was created."""
    content_version: Text | None = None
    """Which version of the content this is; other content is another object with an id of its own."""
    aliases: list[Text] = []
    """Names by which others speak of it, for example accessions."""
    description: str = ""
    subjects: list[Text] = []
    unrestricted: bool = False
    """True for a file without personal data."""
    size: Annotated[int, Field(ge=0, le=MAX_SIZE)] | None = None
    """In bytes; needed where the file is not there yet, or not on this machine."""
    encrypted: bool | EnvelopePart = False
    """True for a Crypt4GH file, and of one that is not on this machine what it is: then size and sha-256 are those of
    what is in it, and must be said.
    """
    checksums: dict[str, str] = {}
    """Kind to lower-case hexadecimal: `sha-256` is needed where `size` is, others may be added."""
    source_tag: Word | None = None
    """The entity tag under which a store over HTTP holds it, without quotation marks: another one is refused."""
    members: Annotated[list[MemberPart], Field(max_length=MOST_CONTENTS)] = []
    """What is in it: then it is a bundle, and has no file, size or checksums of its own."""
    availability: Literal["online", "staging", "offline"] = "online"
    """Are the bytes there, being brought, or somewhere from where they must be brought first?"""
    ready: str | None = None
    """RFC 3339 instant: when they are expected to be there."""
    index: Text | IndexPart | None = None
    """Of a BAM, CRAM, VCF or BCF file: its index. Then its regions can be asked for. Of a file on this machine that is
    there its path below the repository's root; else what it is, and `format`.
    """
    format: Literal["BAM", "CRAM", "VCF", "BCF"] | None = None
    """What a file is that is not on this machine, or not there yet, and has an index. It is read before it is used."""
    samples: dict[Text, Text] = {}
    """Of a VCF or BCF with an index: whose each genotype column is. Then participants can be taken out of it on its
    way.
    """


def drs_object(part: ObjectPart, roots: Roots, homes: dict[str, str]) -> DrsObject:
    """The row of a declared object. ValueError names the member that is wrong."""
    home = homes.get(part.dataset)
    if home is None or home not in roots:
        raise ValueError("dataset: an object is declared beside its dataset and repository")
    if not is_object_id(part.id):
        raise ValueError("id: no object can have this one; DRS clients could not reach it")
    if part.ready is not None and part.availability == "online":
        raise ValueError("ready: the bytes are there already")
    if part.members:
        return _bundle(part)
    if part.path is None:
        raise ValueError("path: a file has one, and a bundle has members")
    if part.unrestricted == bool(part.subjects):
        raise ValueError("subjects: either the participants whose data it holds, or unrestricted: true")
    root = roots[home]
    path = _file(part.path, root)
    if part.encrypted is True and part.index is not None:
        raise ValueError("index: of an encrypted file `broker data register` finds it, with the keys")
    size, checksums, modified, envelope = _content(part, path)
    created = _instant(part.created)
    format, index = _indexed(part, root, path)
    if part.samples:
        assert_samples(format, path, part.samples, part.subjects)
    return DrsObject(
        id=ObjectId(part.id),
        dataset=DatasetId(part.dataset),
        name=part.name,
        path=part.path,
        size=size,
        checksums=checksums,
        mime_type=part.mime_type,
        created=created if created is not None else modified,
        description=part.description,
        subjects=frozenset(map(SubjectRef, part.subjects)),
        unrestricted=part.unrestricted,
        aliases=tuple(part.aliases),
        content_version=part.content_version,
        updated=_instant(part.updated),
        availability=part.availability,
        ready=_instant(part.ready),
        envelope=envelope,
        format=format,
        index=index,
        source_tag=part.source_tag or "",
        samples={column: SubjectRef(whose) for column, whose in part.samples.items()},
    )


def _indexed(part: ObjectPart, root: Path | None, path: Path | None) -> tuple[Format | None, IndexFile | None]:
    """What regions are asked for with: read here, or as it is said, and read before it is used."""
    here = root is not None and path is not None and path.exists()
    if isinstance(part.index, str) and root is not None and path is not None and part.format is None:
        return indexed(root, path, part.index)
    said = part.index if isinstance(part.index, IndexPart) else None
    if (here and (said or part.format)) or (part.index is not None and said is None):
        raise ValueError(
            "index: of a file on this machine its path, and nothing else; of others `path`, `kind`, `size` and `sha256`"
        )
    if (said is None) != (part.format is None):
        raise ValueError("format: a file that is not here has one if it has an index, and only then")
    if said is None or part.format is None:
        return None, None
    if said.kind not in KINDS[part.format]:
        raise ValueError(f"index: a {part.format} file has one of {' or '.join(KINDS[part.format])}")
    if (said.encrypted is None) != (part.encrypted is False):
        raise ValueError("index: is encrypted if its file is, and only then")
    _file(said.path, root)
    around = _around(said.encrypted, said.size) if said.encrypted is not None else None
    return part.format, IndexFile(
        kind=said.kind,
        path=said.path,
        size=said.size,
        sha256=said.sha256,
        envelope=around,
        layout_sha256=said.layout_sha256 or "",
    )


def _around(said: EnvelopePart, content: int) -> Envelope:
    """The file around a content of so many bytes; an edit list may keep less than there is. ValueError."""
    try:
        fits = plain_size(said.size - said.header) >= content
    except ValueError:
        fits = False
    if not fits:
        raise ValueError("encrypted: a file of this size does not hold such a content")
    return Envelope(header=said.header, size=said.size, sha256=said.sha256, header_sha256=said.header_sha256)


def _file(path: str, root: Path | None) -> Path | None:
    """The file on this machine; None where the repository is another one's."""
    if root is None:
        if not {"", ".", ".."}.isdisjoint(path.split("/")) or not path.isprintable():
            raise ValueError("path: relative and printable, without empty or dot components")
        return None
    found = (root / path).resolve()
    if not found.is_relative_to(root):
        raise ValueError("path: leaves the repository")
    return found


def _bundle(part: ObjectPart) -> DrsObject:
    """What is in a bundle, and whether it has an end, is judged with everything else (core/catalogue.py)."""
    odd = next((name for name in _BUNDLE_LACKS if getattr(part, name)), None)
    if odd is not None or part.availability != "online":
        raise ValueError(f"{odd or 'availability'}: a bundle has none of its own; its members do")
    if part.created is None:
        raise ValueError("created: a bundle has no file whose date it could have")
    return DrsObject(
        id=ObjectId(part.id),
        dataset=DatasetId(part.dataset),
        name=part.name,
        path="",
        size=0,
        checksums={},
        mime_type=part.mime_type,
        created=parse_rfc3339(part.created),
        description=part.description,
        aliases=tuple(part.aliases),
        content_version=part.content_version,
        updated=_instant(part.updated),
        members=tuple(Member(name=one.name, object=ObjectId(one.object)) for one in part.members),
    )


def _content(part: ObjectPart, path: Path | None) -> tuple[int, dict[str, str], Seconds, Envelope | None]:
    """Size, checksums, date, and the file around the content.

    OSError if the file should be there and is not; ValueError if it is another one.
    """
    wrong = next((kind for kind, value in part.checksums.items() if not is_checksum(kind, value)), None)
    if wrong is not None:
        raise ValueError(f"checksums: {wrong}: lower-case hexadecimal of one of {', '.join(HEX_DIGITS)}")
    if path is None or (part.availability != "online" and not path.exists()):
        return _elsewhere(part)
    modified = Seconds(int(path.stat().st_mtime))
    envelope = envelope_of(path)
    if part.encrypted is not (envelope is not None):
        raise ValueError(f"encrypted: {'false' if envelope is None else 'true'} of this file, which is measured")
    if envelope is not None:
        if part.size is None or "sha-256" not in part.checksums:
            raise ValueError(
                "size: of what is encrypted, size and sha-256 must be said; `broker data register` finds them"
            )
        return part.size, part.checksums, modified, envelope
    size, measured = _measured(path, part.checksums)
    if part.size not in (None, size):
        raise ValueError(f"size: the file has {size} bytes")
    differs = next((kind for kind, value in measured.items() if part.checksums.get(kind, value) != value), None)
    if differs is not None:
        raise ValueError(f"checksums: {differs}: the file's is {measured[differs]}")
    return size, {**part.checksums, **measured}, modified, None


def _elsewhere(part: ObjectPart) -> tuple[int, dict[str, str], Seconds, Envelope | None]:
    """The same of a file that is not there yet, or on another machine: taken at its word until it is read."""
    if part.size is None or "sha-256" not in part.checksums or part.created is None:
        raise ValueError("size: of a file that is not there yet, or elsewhere, size, sha-256 and created must be said")
    if part.encrypted is True:
        raise ValueError("encrypted: of a file that is not there it must be said how (`broker data describe`)")
    return part.size, part.checksums, Seconds(0), _around(part.encrypted, part.size) if part.encrypted else None


def envelope_of(path: Path) -> Envelope | None:
    """The Crypt4GH file that `path` is; None for any other. ValueError: its header is broken. OSError."""
    with path.open("rb") as file:
        start = file.read(MAX_HEADER)
    if not start.startswith(MAGIC):
        return None
    try:
        header = parse(start)
    except HeaderError as wrong:
        raise ValueError(f"path: {wrong}") from None
    size, checksums = _measured(path, {})
    return Envelope(
        header=header.length,
        size=size,
        sha256=checksums["sha-256"],
        header_sha256=hashlib.sha256(start[: header.length]).hexdigest(),
    )


def _instant(said: str | None) -> Seconds | None:
    return parse_rfc3339(said) if said is not None else None


def _measured(path: Path, said: Mapping[str, str]) -> tuple[int, dict[str, str]]:
    """Size and checksums of a file, read once: two kinds always, others of those that are `said`. OSError."""
    hashes = {kind: HASHES[kind]() for kind in HASHES if kind in _ALWAYS or kind in said}
    size = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            for each in hashes.values():
                each.update(chunk)
            size += len(chunk)
    return size, {kind: each.hexdigest() for kind, each in hashes.items()}
