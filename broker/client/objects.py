"""Which files does a name stand for? A `drs://` address, the address of an object, its bare id, or a dataset.

Nothing is sent to any host but the broker that somebody signed in at: a name that leads elsewhere is refused, and
said so. What a file is called comes from its server, so it is looked at before it becomes a path.
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from broker.client.answers import RefusedError, TalkError
from broker.client.api import Api
from broker.core.drs.identifiers import BASE_PATH, BadUri, CompactUri, HostUri, decode, encode, parse_drs_uri
from broker.core.drs.objects import is_checksum, is_name

SEALED = "crypt4gh"
"""The way of access by which a file comes encrypted; taken where there is no other."""
_DEEPEST = 16
"""Bundles within bundles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One file to be fetched. `folder`: the bundles that it is in, as path below where it goes."""

    id: str
    name: str
    size: int
    checksums: Mapping[str, str]
    access: str
    """Path at which the broker is asked for the bytes."""
    sealed: bool = False
    """It comes encrypted, as a Crypt4GH file; size and checksums are those of what is in there."""
    folder: str = ""
    mime_type: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """An object that cannot be had, and what was answered in its place."""

    id: str
    folder: str
    why: RefusedError | TalkError


def under_names_of_their_own(files: Iterable[Wanted | Missed]) -> list[Wanted | Missed]:
    """The same, each once, and no two in one place, also where case does not count: then the id comes first."""
    found, places = list[Wanted | Missed](), dict[str, str]()
    for file in files:
        if isinstance(file, Missed):
            found.append(file)
            continue
        other = replace(file, name=f"{encode(file.id).replace('%', '_')}-{file.name}")
        kept = next((one for one in (file, other) if places.get(_place(one), one.id) == one.id), None)
        if kept is None or not is_name(kept.name):
            why = TalkError(f"{file.name} is the name of another file that you asked for: get it into another folder")
            found.append(Missed(id=file.id, folder=file.folder, why=why))
        elif _place(kept) not in places:
            places[_place(kept)] = kept.id
            found.append(kept)
    return found


def _place(file: Wanted) -> str:
    return f"{file.folder}{file.name}".casefold()


async def wanted(api: Api, name: str) -> AsyncIterator[Wanted | Missed]:
    """The files that `name` stands for; one that cannot be had keeps nobody from the others.

    TalkError for a name that means nothing here; RefusedError of the list of datasets.
    """
    async for _ in api.each("/api/v1/datasets", "datasets", id=name):
        async for each in api.each("/api/v1/datasets/objects", "objects", dataset=name):
            async for file in _files(api, str(each["id"]), "", 0):
                yield file
        return
    async for file in _files(api, object_id(name, api.issuer), "", 0):
        yield file


def object_id(name: str, issuer: str) -> str:
    """The id of the object that `name` is, at the broker `issuer`. TalkError for one of another host."""
    home = urlsplit(issuer)
    if name.lower().startswith("drs://"):
        uri = parse_drs_uri(name)
        if isinstance(uri, BadUri):
            raise TalkError(f"{name}: {uri.why}")
        if isinstance(uri, CompactUri):
            port, _, rest = uri.accession.partition("/")
            if uri.provider is None and uri.namespace == home.hostname and port.isdecimal():
                raise TalkError(f"{name}: a drs:// address has no port. Write: drs://{home.hostname}/{rest}")
            raise TalkError(
                f"{name} names a registry and no host. Ask the broker's operator: broker drs resolve {name}"
            )
        return _here(uri, home.hostname, name)
    if "://" not in name:
        return name
    prefix = f"{issuer}{BASE_PATH}/objects/"
    id = decode(name.removeprefix(prefix)) if name.startswith(prefix) else None
    if id is None:
        raise TalkError(f"{name} is no object of {issuer}, where you are signed in")
    return id


def _here(uri: HostUri, host: str | None, name: str) -> str:
    """A `drs://` address has no port (DRS 1.5.0): the host alone must be that of the broker."""
    if uri.host != host:
        raise TalkError(f"{name} is at {uri.host}. You are signed in at {host}, and nothing is sent to others")
    return uri.object_id


async def _files(api: Api, id: str, folder: str, depth: int) -> AsyncIterator[Wanted | Missed]:
    try:
        async for file in _inside(api, id, folder, depth):
            yield file
    except (RefusedError, TalkError) as no:
        yield Missed(id=id, folder=folder, why=no)


async def _inside(api: Api, id: str, folder: str, depth: int) -> AsyncIterator[Wanted | Missed]:
    said = await api.call("GET", f"{BASE_PATH}/objects/{encode(id)}")
    name = said.get("name") or id
    if not is_name(name) or name in {".", ".."}:
        name = encode(id).replace("%", "_")
    inside = said.get("contents")
    if isinstance(inside, list) and inside:
        if depth >= _DEEPEST:
            raise TalkError(f"{id}: bundles within bundles, more than {_DEEPEST} deep")
        for each in inside:
            if isinstance(each, dict) and isinstance(each.get("id"), str):
                async for file in _files(api, each["id"], f"{folder}{name}/", depth + 1):
                    yield file
        return
    yield _wanted(said, id, name, folder)


def _wanted(said: Mapping[str, Any], id: str, name: str, folder: str) -> Wanted:
    methods = [one for one in said.get("access_methods", ()) if one.get("type") == "https" and one.get("access_id")]
    if not methods:
        raise TalkError(f"{id} cannot be had by https")
    ways = [str(one["access_id"]) for one in methods]
    way = next((one for one in ways if one != SEALED), SEALED)
    checksums = {one["type"]: one["checksum"] for one in said.get("checksums", ())}
    return Wanted(
        id=id,
        name=name,
        size=int(said["size"]),
        checksums={kind: value for kind, value in checksums.items() if is_checksum(kind, value)},
        access=f"{BASE_PATH}/objects/{encode(id)}/access/{encode(way)}",
        sealed=way == SEALED,
        folder=folder,
        mime_type=str(said.get("mime_type", "")),
    )
