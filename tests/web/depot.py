"""A repository that serves its own bytes, and how it asks: for tests of the doors that answer it."""

import asyncio
import hashlib
from base64 import b64encode
from typing import Any

from broker.core.ids import ClientId, DatasetId, ObjectId
from broker.core.rows import Client, Role, Row
from tests import builders as b
from tests.fakes import START, signed
from tests.web.site import Site

SECRET = "depot-secret-of-more-than-32-characters"
AUDIENCE = "https://bank.example/files"
SCOPES = ("decisions:ask", "feed:read", "usage:write")
DEPOT = Client(
    id=ClientId("depot"), name="Depot", auth_method="client_secret_basic",
    secret=hashlib.sha256(SECRET.encode()).hexdigest(), grant_types=("client_credentials",), scopes=SCOPES,
    serves=(AUDIENCE,),
)  # fmt: skip
SPEAKS = Role(id="depot", role="repository", scope="repository:bank", iss=b.US, sub="client:depot")
OTHER = Client(
    id=ClientId("other"), name="Other", auth_method="client_secret_basic", secret="0" * 64,
    grant_types=("client_credentials",), scopes=SCOPES, serves=("https://elsewhere.example",),
)  # fmt: skip
SPEAKS_ELSEWHERE = Role(id="other", role="repository", scope="repository:elsewhere", iss=b.US, sub="client:other")
FOREIGN = DatasetId("https://elsewhere.example/datasets/lungs")
THEIRS = ObjectId("lungs-1")


def depots() -> tuple[Row, ...]:
    """Two repositories, and data of the other one."""
    lungs = b.dataset(id=FOREIGN, repository="elsewhere")
    return DEPOT, SPEAKS, OTHER, SPEAKS_ELSEWHERE, lungs, b.drs_object(id=THEIRS, dataset=FOREIGN)


def as_client(s: Site, client: str = "depot", scope: str = " ".join(SCOPES), **claims: Any) -> dict[str, str]:
    """The headers of a repository with its own token."""
    said = {
        "iss": b.US, "sub": client, "aud": [b.US], "client_id": client, "scope": scope, "jti": f"s-{client}",
        "iat": START, "exp": START + 600,
    }  # fmt: skip
    return {"Authorization": f"Bearer {signed(s.tokens, 'oidc-es256', 'at+jwt', said | claims)}"}


def basic(client: str = "depot", secret: str = SECRET) -> str:
    return "Basic " + b64encode(f"{client}:{secret}".encode()).decode()


def user(sub: str = str(b.ADA), **properties: Any) -> dict[str, Any]:
    return {"type": "user", "id": sub} | ({"properties": properties} if properties else {})


def question(subject: Any = None, object: str = str(b.ONE), way: str = "download", **more: Any) -> dict[str, Any]:
    resource = {"type": "object", "id": object}
    return {"subject": subject or user(), "action": {"name": way}, "resource": resource, **more}


async def ask(s: Site, body: Any, path: str = "evaluation", client: str = "depot", **headers: str) -> Any:
    """The answer's JSON; an assertion error if it is none."""
    got = await s.http.post(f"/access/v1/{path}", json=body, headers=as_client(s, client) | headers)
    assert got.status == 200, (got.status, await got.text())
    return await got.json()


async def lying(port: int, line: str, headers: dict[str, str]) -> int:
    """The status of the answer to exactly this request line, which no honest client would send."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    sent = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(f"{line}\r\nHost: broker.example\r\nConnection: close\r\n{sent}\r\n".encode())
    status = await reader.readline()
    writer.close()
    return int(status.split()[1])
