"""Where bytes lie, as a catalogue file says it: a folder beside it, or a store that is reached over HTTP.

Credentials are named and never written: a catalogue file is read by many.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from broker.adapters.catalogue.form import Part, Slug, Text, Url
from broker.core.inspection import address_fault
from broker.core.rows import Repository

Roots = Mapping[str, Path | None]
"""Folder of each repository; None for one that is not on this machine."""

_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,254}", re.ASCII)
_CLOUDS = ("s3", "gs", "az")


class RepositoryPart(Part):
    id: Slug
    name: Text
    root: Text
    """Folder with the files; a relative one lies beside the catalogue file. Or `s3://bucket/prefix`,
    `gs://bucket/prefix`, `az://account/container/prefix`, `https://host/path`.
    """
    region: Slug | None = None
    """Of a bucket at S3."""
    endpoint: Url | None = None
    """Of a store that speaks S3, GCS or Azure elsewhere."""
    credentials: Slug | None = None
    """Name of a file in the folder `repository_credentials`, or `ambient`: what the machine has. None: none are needed.
    """
    internal: bool = False
    """May be at a private address, and without TLS."""
    signs: bool = False
    """May callers be given addresses that the store signs? Only of datasets that allow `uninterruptible_delivery`."""


def root_of(part: RepositoryPart, folder: Path) -> Path | None:
    """The folder that is meant, seen from `folder`."""
    return None if "://" in part.root else (folder / part.root).resolve()


def repository(part: RepositoryPart, roots: Roots) -> Repository:
    """The row. ValueError names the member that is wrong."""
    root = roots[part.id]
    if root is not None and not root.is_dir():
        raise ValueError(f"root: {part.root} is not a folder")
    fault = _of_a_folder(part) if root is not None else _of_a_store(part)
    if fault is not None:
        raise ValueError(fault)
    return Repository(
        id=part.id,
        name=part.name,
        root=str(root) if root is not None else part.root.rstrip("/"),
        region=part.region or "",
        endpoint=part.endpoint or "",
        credentials=part.credentials or "",
        internal=part.internal,
        signs=part.signs,
    )


def _of_a_folder(part: RepositoryPart) -> str | None:
    odd = next(
        (name for name in ("region", "endpoint", "credentials", "internal", "signs") if getattr(part, name)), None
    )
    return f"{odd}: a folder of this machine has none" if odd is not None else None


def _of_a_store(part: RepositoryPart) -> str | None:
    try:
        parts = urlsplit(part.root)
    except ValueError:
        return "root: not an address"
    names = [parts.netloc, *parts.path.strip("/").split("/")] if parts.path.strip("/") else [parts.netloc]
    if parts.query or parts.fragment or not {"", ".", ".."}.isdisjoint(names) or not part.root.isprintable():
        return "root: an address without query, fragment, empty or dot components"
    if part.endpoint is not None and (fault := address_fault(part.endpoint, internal=part.internal)) is not None:
        return f"endpoint: {fault}"
    if part.signs and (parts.scheme not in _CLOUDS or part.credentials is None):
        return "signs: a store of a cloud signs, with credentials"
    if parts.scheme in _CLOUDS:
        least = 2 if parts.scheme == "az" else 1
        fits = len(names) >= least and all(map(_BUCKET.fullmatch, names[:least]))
        return None if fits else "root: not the name of a bucket, or of an account and a container"
    fault = address_fault(part.root, internal=part.internal)
    return f"root: {fault}" if fault is not None else None
