"""More OAuth clients for the demo, from a file that its user wrote."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from broker.adapters.yaml_files import load_yaml

_GRANTS = ("authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:token-exchange")
_SCOPES = ("openid", "profile", "eduperson_scoped_affiliation", "ga4gh_passport_v1")
_MEMBERS = {"id", "name", "secret", "auth_method", "redirect_uris", "grant_types", "scopes", "consent"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtraClient:
    """One client. `secret` empty: a public one."""

    members: dict[str, Any]
    secret: str

    def yaml(self, issuer: str) -> str:
        """Its lines at the end of the catalogue, where the list of clients ends."""
        audiences = {"resources": [issuer, f"{issuer}/ga4gh/drs/v1"]}
        lines = yaml.safe_dump([self.members | audiences], sort_keys=False, allow_unicode=True).splitlines()
        return "".join(f"  {line}\n" for line in lines)


def extra_clients(path: Path) -> list[ExtraClient]:
    """The clients of a JSON or YAML file: one, or a list. ValueError names what is wrong.

    Members: `id`, `redirect_uris`; optional `name`, `secret` (none: a public client), `auth_method`,
    `grant_types`, `scopes`, `consent` (`ask` or `remembered`).
    """
    value = load_yaml(path, anchors=False).value
    return [_client(path, one) for one in (value if isinstance(value, list) else [value])]


def _client(path: Path, raw: Any) -> ExtraClient:
    if not isinstance(raw, dict) or not raw.keys() <= _MEMBERS or "id" not in raw:
        raise ValueError(f"{path}: a client has an id, and of other members only {', '.join(sorted(_MEMBERS))}")
    secret = str(raw.get("secret", ""))
    grants = _GRANTS if secret else _GRANTS[:2]
    members = {
        "id": raw["id"],
        "name": raw.get("name", raw["id"]),
        "auth_method": raw.get("auth_method", "client_secret_basic" if secret else "none"),
        "redirect_uris": raw.get("redirect_uris", []),
        "grant_types": raw.get("grant_types", list(grants)),
        "scopes": raw.get("scopes", list(_SCOPES)),
        "consent": raw.get("consent", "ask"),
    }
    if secret:
        members["secret_sha256"] = hashlib.sha256(secret.encode()).hexdigest()
    return ExtraClient(members=members, secret=secret)
