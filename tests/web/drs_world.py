"""Objects for the tests of DRS: files, bundles, hidden ones, some that are not there yet, and who asks for them."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from broker.core.ids import DatasetId, GrantId, ObjectId
from broker.core.rows import DrsObject, Row
from broker.core.rows.catalogue import Member
from broker.core.time import Seconds
from tests import builders as b
from tests.fakes import START
from tests.web.site import Site
from tests.web.test_attacks import passport, visas

BASE = "/ga4gh/drs/v1"
OTHER = DatasetId("https://bank.example/datasets/other")
SECRET = DatasetId("https://bank.example/datasets/secret")
MEI = "usr_mei"
_SCHEMA = json.loads((Path(__file__).parents[2] / "schemas" / "drs.schema.json").read_text("utf-8"))


def valid(kind: str, value: Any) -> Any:
    """`value`, which is what the published schema says of `kind`."""
    schema = {**_SCHEMA, "$ref": f"#/$defs/{kind}"}
    faults = [
        f"{one.json_path}: {one.message}"
        for one in Draft202012Validator(schema, format_checker=FormatChecker()).iter_errors(value)
    ]
    assert not faults, faults
    return value


def file(id: str, **changes: Any) -> DrsObject:
    return b.drs_object(
        ObjectId(id), **{"name": "f.bam", "checksums": {"sha-256": "ab" * 32, "md5": "cd" * 16}, **changes}
    )


def bundle(id: str, *members: str, **changes: Any) -> DrsObject:
    held = tuple(Member(name=f"m{n}", object=ObjectId(one)) for n, one in enumerate(members))
    return b.drs_object(
        ObjectId(id), (), **{"members": held, "path": "", "size": 0, "checksums": {}, "name": "run", **changes}
    )


WORLD: tuple[Row, ...] = (
    b.dataset(id=OTHER, title="Other"),
    b.dataset(id=SECRET, title="Secret", existence="hidden"),
    b.grant(id=GrantId("grt_secret"), dataset=SECRET),
    replace(b.consent(), datasets=frozenset({b.HEART, OTHER, SECRET})),
    file("others", dataset=OTHER),
    file("inside", dataset=SECRET, size=1000),
    file("named", aliases=("EGAF00001",), content_version="2", updated=Seconds(START - 5), description="Reads."),
    bundle("run", "obj-1", "inside"),
    bundle("study", "run", "obj-2"),
    bundle("dark", "inside", dataset=SECRET),
    bundle("only-dark", "inside"),
)
"""Ada holds grants for `heart` (obj-1, obj-2) and for the hidden dataset; nobody one for `other`."""


def of(s: Site, person: str = str(b.ADA), **claims: Any) -> str:
    """A Passport of ours; Ada's with all her visas."""
    inside = visas(s) if person == str(b.ADA) else []
    return passport(s, inside, sub=person, sid=f"fam-{person}", **claims)


async def asked(s: Site, auth: str, path: str, **body: Any) -> tuple[int, Any]:
    """The same question as clients of each kind put it: GET with or without a token, or POST with a Passport."""
    if auth == "passport":
        answer = await s.http.post(BASE + path, json={"passports": [of(s)], **body})
    else:
        headers = s.headers() if auth == "bearer" else {}
        query = {name: str(value) for name, value in body.items()}
        answer = await s.http.get(BASE + path, params=query, headers=headers)
    assert answer.content_type == "application/json"
    return answer.status, await answer.json()
