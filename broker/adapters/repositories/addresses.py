"""Under which address does a store answer for an object, and with which credentials? S3, GCS, Azure, plain HTTP.

`obstore` signs: it knows the three clouds' ways, and where their credentials come from. It fetches nothing: its
client follows redirects and cannot be kept from private addresses, so bytes come by our own (origins.py), and a
signed address is good for one reading and never leaves this process unless a dataset's owner allows it.

Credentials are named by a repository and lie in a folder of files, one each, that nobody else may read. Trusted:
whoever reads that folder has the data.
"""

import json
import stat
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import AzureStore, GCSStore, S3Store

from broker.core.rows import Repository
from broker.ports.sources import SourceBrokenError

AMBIENT: Final = "ambient"
"""Credentials of the machine: the cloud's usual variables, or what it says about itself."""

_KEYS: Mapping[str, frozenset[str]] = {
    "s3": frozenset({"access_key_id", "secret_access_key", "session_token"}),
    "gs": frozenset({"service_account_key"}),
    "az": frozenset({"account_key", "sas_key", "client_id", "client_secret", "tenant_id"}),
    "https": frozenset({"authorization"}),
    "http": frozenset({"authorization"}),
}
"""Scheme of a root to what a file of credentials may say: credentials, and nothing that leads elsewhere."""
_ENDPOINT: Mapping[str, str] = {"s3": "endpoint", "gs": "base_url", "az": "endpoint"}
"""What obstore calls the address of a store that is not the cloud's own."""
_DOTS = frozenset({"", ".", ".."})


class Addresses:
    """Addresses of objects in remote repositories."""

    def __init__(self, credentials: Path | None) -> None:
        """`credentials`: the folder of credentials, a JSON file each; None: there are none but the machine's."""
        self._folder = credentials
        self._signers: dict[tuple[str, int], Any] = {}

    async def of(self, repository: Repository, path: str, seconds: int) -> tuple[str, Mapping[str, str]]:
        """An address that gives the object for `seconds`, and the header fields that it needs besides.

        SourceBrokenError: the path is none, or there are no such credentials.
        """
        if not path.isprintable() or not _DOTS.isdisjoint(path.split("/")):
            raise SourceBrokenError("a path is relative and printable, without empty or dot components")
        scheme = urlsplit(repository.root).scheme
        if scheme not in _KEYS:
            raise SourceBrokenError("no kind of store that is known")
        if scheme in ("https", "http"):
            return f"{repository.root.rstrip('/')}/{quote(path)}", self._credentials(repository, scheme)
        bucket, prefix = _parts(repository)
        key = f"{prefix}/{path}" if prefix else path
        if not repository.credentials:
            return _public(repository, scheme, bucket, key), {}
        if (
            scheme == "az" and quote(key) != key
        ):  # obstore signs what the address has, and Azure what the blob is called
            raise SourceBrokenError(f"{repository.id}: in Azure no address is signed for a name with such characters")
        try:
            store = self._signer(repository, scheme, bucket)
            return await obstore.sign_async(store, "GET", key, timedelta(seconds=seconds)), {}
        except (BaseError, ValueError) as error:
            raise SourceBrokenError(f"{repository.id}: no address: {type(error).__name__}") from None

    def _signer(self, repository: Repository, scheme: str, bucket: str) -> Any:
        """Kept for as long as the row is the same one: it remembers credentials that it had to fetch."""
        name = (repository.id, repository.version)
        if name not in self._signers:
            self._signers[name] = _store(repository, scheme, bucket, self._credentials(repository, scheme))
        return self._signers[name]

    def _credentials(self, repository: Repository, scheme: str) -> dict[str, str]:
        if repository.credentials in ("", AMBIENT):
            return {}
        path = (self._folder or Path("/nonexistent")) / f"{repository.credentials}.json"
        try:
            if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise SourceBrokenError(f"{repository.id}: others can read its credentials; chmod 600 them")
            said = json.loads(path.read_bytes())
        except (OSError, ValueError) as error:
            raise SourceBrokenError(f"{repository.id}: no credentials: {type(error).__name__}") from None
        if not isinstance(said, dict) or not all(isinstance(value, str) for value in said.values()):
            raise SourceBrokenError(f"{repository.id}: credentials are strings by name")
        if unknown := said.keys() - _KEYS[scheme]:
            raise SourceBrokenError(f"{repository.id}: credentials say {', '.join(sorted(unknown))}")
        return said


def _parts(repository: Repository) -> tuple[str, str]:
    """Bucket (of Azure: account and container) and prefix."""
    parts = urlsplit(repository.root)
    path = parts.path.strip("/")
    if parts.scheme == "az":
        container, _, prefix = path.partition("/")
        return f"{parts.netloc}/{container}", prefix
    return parts.netloc, path


def _store(repository: Repository, scheme: str, bucket: str, said: Mapping[str, str]) -> Any:
    made: dict[str, Any] = dict(said)
    if repository.endpoint:
        made |= {_ENDPOINT[scheme]: repository.endpoint, "client_options": {"allow_http": repository.internal}}
    if scheme == "s3":
        return S3Store(bucket, region=repository.region or "us-east-1", virtual_hosted_style_request=False, **made)
    if scheme == "gs":
        return GCSStore(bucket, **made)
    account, _, container = bucket.partition("/")
    return AzureStore(container, account_name=account, **made)


def _public(repository: Repository, scheme: str, bucket: str, key: str) -> str:
    """An object that needs no credentials."""
    account, _, container = bucket.partition("/")
    usual = {
        "s3": f"https://s3.{repository.region or 'us-east-1'}.amazonaws.com/{bucket}",
        "gs": f"https://storage.googleapis.com/{bucket}",
        "az": f"https://{account}.blob.core.windows.net/{container}",
    }[scheme]
    base = f"{repository.endpoint.rstrip('/')}/{container or bucket}" if repository.endpoint else usual
    return f"{base}/{quote(key)}"
