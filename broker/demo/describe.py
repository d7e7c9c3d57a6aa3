"""What any outside client needs to try the demo, as one JSON document: nothing else is known to the story."""

from dataclasses import dataclass
from typing import Any

from broker.adapters.keys import open_keys
from broker.app import Running
from broker.config import Settings
from broker.core.drs.ways import HTTPS
from broker.core.rows import Dataset
from broker.demo.browser import Browser
from broker.demo.clients import ExtraClient
from broker.demo.people import PARTICIPANTS, PERSONAS
from broker.state import log_key

CALLBACK = "http://127.0.0.1:8765/callback"
PURPOSE = {
    "kinds": ["hmb"],
    "commercial": False,
    "clinical_care": False,
    "genetic_data": True,
    "countries": ["DE"],
    "project": "heart-2026",
    "duration_months": 12,
    "ai_use": "none",
    "linkage": False,
    "recontact": False,
    "sensitive": [],
    "agreements": {"publish": True, "return_data": True},
}
"""A purpose that the heart cohort's codes permit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """The document, and the broker that it describes."""

    document: dict[str, Any]
    running: Running


async def describe(
    settings: Settings,
    running: Running,
    web_secret: str,
    extra: list[ExtraClient],
    idp: str,
) -> Described:
    """The document, with an administrator's token that was got over HTTP like any other."""
    datasets = _datasets(running)  # first: opening keys takes longer than a picture of PostgreSQL is new
    document: dict[str, Any] = {
        "issuer": settings.issuer,
        "drs": f"{settings.issuer}/ga4gh/drs/v1",
        "identity_provider": idp,
        "state": str(settings.state.resolve()),
        "sign_in": "add login_hint=<persona> and prompt=none to the authorization request: no page is shown",
        "personas": [
            {"id": one.id, "login_hint": one.id, "title": one.title, "issuer": f"{idp}/{one.issuer}", "sub": one.sub}
            for one in PERSONAS
        ],
        "clients": {
            "confidential": {"client_id": "demo-web", "client_secret": web_secret, "redirect_uris": [CALLBACK]},
            "public": {"client_id": "demo-public", "redirect_uris": ["http://127.0.0.1/callback"]},
            "device": {"client_id": "demo-device"},
            "more": [
                {"client_id": one.members["id"], "client_secret": one.secret or None,
                 "redirect_uris": one.members["redirect_uris"]}
                for one in extra
            ],
        },
        "scopes": ["openid", "profile", "eduperson_scoped_affiliation", "ga4gh_passport_v1"],
        "purpose": PURPOSE,
        "log_key": str(log_key(open_keys(settings.keys, settings.passphrase_file), settings.issuer)[0]),
        "datasets": datasets,
        "participant": PARTICIPANTS[0].subject,
    }  # fmt: skip
    async with Browser(document) as browser:
        tokens = await browser.tokens("olga")
    document["administrator"] = {
        "persona": "olga",
        "access_token": tokens["access_token"],
        "refresh_token": tokens["refresh_token"],
        "expires_in": tokens["expires_in"],
    }
    return Described(document=document, running=running)


def _datasets(running: Running) -> list[dict[str, Any]]:
    snapshot = running.world.snapshots.current()
    return [
        {
            "id": dataset.id,
            "title": dataset.title,
            "committee": dataset.committee,
            "objects": [
                {
                    "id": row.id,
                    "name": row.name,
                    "size": row.size,
                    "sha256": row.checksums.get("sha-256"),
                    "access_id": HTTPS.access_id,
                }
                for row in snapshot.objects(dataset.id)
            ],
        }
        for dataset in snapshot.all(Dataset)
    ]
