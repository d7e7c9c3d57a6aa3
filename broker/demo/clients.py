"""More OAuth clients for the demo, from a file that its user wrote."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from broker.adapters.catalogue.models import ClientPart
from broker.adapters.yaml_files import load_yaml

_GRANTS = ("authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:token-exchange")
_SCOPES = ("openid", "profile", "eduperson_scoped_affiliation", "ga4gh_passport_v1")
_MEMBERS = {"secret"} | (ClientPart.model_fields.keys() - {"secret_sha256", "status"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtraClient:
    """One client. `secret` empty: a public one."""

    members: dict[str, Any]
    secret: str

    def yaml(self, issuer: str) -> str:
        """Its lines at the end of the catalogue, where the list of clients ends."""
        audiences = {"resources": [issuer, f"{issuer}/ga4gh/drs/v1"]}
        lines = yaml.safe_dump([audiences | self.members], sort_keys=False, allow_unicode=True).splitlines()
        return "".join(f"  {line}\n" for line in lines)


def extra_clients(path: Path) -> list[ExtraClient]:
    """The clients of a JSON or YAML file: one, or a list. ValueError names what is wrong.

    Members: those of a client in a catalogue, of which only `id` is needed; and `secret`, in clear, instead of its
    hash. Without a secret and keys it is a public client. May ask for our own addresses and for our DRS, if nothing
    else is said.
    """
    value = load_yaml(path, anchors=False).value
    return [_client(path, one) for one in (value if isinstance(value, list) else [value])]


def _client(path: Path, raw: Any) -> ExtraClient:
    if not isinstance(raw, dict) or not raw.keys() <= _MEMBERS or "id" not in raw:
        raise ValueError(f"{path}: a client has an id, and of other members only {', '.join(sorted(_MEMBERS))}")
    secret = str(raw.get("secret", ""))
    keys = bool(raw.get("jwks") or raw.get("jwks_uri"))
    usual = "private_key_jwt" if keys else "client_secret_basic" if secret else "none"
    members = {
        "id": raw["id"],
        "name": raw["id"],
        "auth_method": usual,
        "grant_types": list(_GRANTS if secret or keys else _GRANTS[:2]),
        "scopes": list(_SCOPES),
    } | {name: member for name, member in raw.items() if name != "secret"}
    if secret:
        members["secret_sha256"] = hashlib.sha256(secret.encode()).hexdigest()
    return ExtraClient(members=members, secret=secret)
