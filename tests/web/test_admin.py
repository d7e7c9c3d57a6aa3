"""Visa issuers, clients and identity providers, administered over HTTP: who may, with which version, what is shown."""

import asyncio
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from broker.adapters import jose
from broker.core.administration import SORTS, ref
from broker.core.audit.entry import encode
from broker.core.ids import ClientId, Issuer
from broker.core.oidc.opaque import stored_id
from broker.core.passport.health import AddressHealth, IssuerReport, KeyShown, shown
from broker.core.passport.trust import TrustRow
from broker.core.provider_health import ProviderHealth
from broker.core.rows import Client, IdentityProvider, Role, Row, VisaIssuer
from broker.web.paging import MOST
from broker.web.routes import ROUTES
from tests import builders as b
from tests.web.site import Site, keys, site

EGA = "https://ega.example"
HASH = stored_id("a secret of somebody who hashed it himself")
FORMS: dict[str, dict[str, Any]] = {
    "issuers": {"issuer": EGA, "jku": [f"{EGA}/jwks"], "values": [f"{EGA}/datasets/*"]},
    "clients": {
        "id": "portal", "name": "Portal", "auth_method": "client_secret_basic", "grant_types": ["authorization_code"],
        "scopes": ["openid"], "redirect_uris": ["https://portal.example/back"], "secret_sha256": HASH,
    },
    "idps": {
        "issuer": "https://uni.example", "slug": "uni", "name": "Uni", "client_id": "us", "client_secret": "their-secret-of-ours",
    },
}  # fmt: skip
IDS = {"issuers": EGA, "clients": "portal", "idps": "https://uni.example"}
CHANGES: dict[str, dict[str, Any]] = {
    "issuers": {"may_link": True},
    "clients": {"name": "Other"},
    "idps": {"name": "Other"},
}
NOUNS = tuple(SORTS)


def role(name: str = "admin", scope: str = "service", sub: str = "mei") -> Role:
    return Role(id=f"{name} {scope} {sub}", role=name, scope=scope, iss=b.HOME, sub=sub)


def address(noun: str, end: str = "") -> str:
    return f"/api/v1/{noun}/{quote(IDS[noun], safe='')}{end}"


async def call(s: Site, method: str, path: str, body: Any = None, person: str = "usr_mei", **headers: str) -> Any:
    sent = {**s.headers(person), **{name.replace("_", "-"): value for name, value in headers.items()}}
    from yarl import URL  # noqa: PLC0415

    return await s.http.request(method, URL(path, encoded=True), json=body, headers=sent)


async def add(s: Site, noun: str, **changes: Any) -> Any:
    made = await call(s, "POST", f"/api/v1/{noun}", FORMS[noun] | changes)
    assert made.status == 201, await made.text()
    return made


@pytest.mark.parametrize("noun", NOUNS)
async def test_a_row_from_its_beginning_to_its_end(tmp_path: Path, noun: str) -> None:
    async with site(tmp_path, role()) as s:
        made = await add(s, noun)
        assert made.headers["ETag"] == '"v1"'
        found = await (await call(s, "GET", made.headers["Location"])).json()
        assert (found["id"], found["ref"], found["version"], found["status"]) == (
            IDS[noun],
            ref(IDS[noun]),
            1,
            "active",
        )
        secretless = {name: v for name, v in FORMS[noun].items() if name not in ("secret_sha256", "client_secret")}
        assert found["declared"].items() >= secretless.items()
        put = await call(s, "PUT", address(noun), found["declared"] | CHANGES[noun], If_Match='"v1"')
        assert (put.status, put.headers["ETag"]) == (200, '"v2"')
        for verb, state in (("suspend", "suspended"), ("suspend", "suspended"), ("resume", "active")):
            moved = await call(s, "POST", address(noun, f"/{verb}"))
            assert (moved.status, (await moved.json())["status"]) == (200, state)
        gone = await call(s, "DELETE", address(noun), If_Match='"v4"')
        assert (gone.status, (await gone.json())["status"]) == (200, "removed")
        word = SORTS[noun].word  # type: ignore[index]
        assert s.stage.kinds() == [
            f"{word}.{what}" for what in ("registered", "registered", "suspended", "resumed", "removed")
        ]
        listed = await (await call(s, "GET", f"/api/v1/{noun}")).json()
        assert {one["id"]: one["status"] for one in listed[noun]}[IDS[noun]] == "removed"


@pytest.mark.parametrize("noun", NOUNS)
async def test_what_was_removed_never_comes_back(tmp_path: Path, noun: str) -> None:
    async with site(tmp_path, role()) as s:
        await add(s, noun)
        await call(s, "DELETE", address(noun), If_Match='"v1"')
        before = len(s.stage.kinds())
        for method, path, body in (
            ("POST", address(noun, "/resume"), None),
            ("POST", address(noun, "/suspend"), None),
            ("PUT", address(noun), FORMS[noun]),
            ("POST", f"/api/v1/{noun}", FORMS[noun]),
        ):
            got = await call(s, method, path, body, If_Match='"v2"')
            assert (got.status, (await got.json())["code"]) == (409, "REQ-STATE"), path
        assert (await call(s, "DELETE", address(noun), If_Match='"v2"')).status == 200
        assert len(s.stage.kinds()) == before


# Who may.

OTHERS = [
    ("nobody in particular", []),
    ("another role", [("committee_member", "service"), ("custodian", "service"), ("legal_officer", "service")]),
    ("an admin of a committee", [("admin", f"committee:{b.DAC}")]),
    ("an admin of another row", [("admin", "issuer:https://other.example"), ("admin", "client:other"), ("admin", "idp:https://x.example")]),
    ("an admin of another sort", [("admin", f"client:{EGA}"), ("admin", "issuer:portal"), ("admin", "issuer:https://uni.example")]),
    ("a longer scope", [("admin", f"{SORTS[n].word}:{IDS[n]}/") for n in NOUNS]),
    ("a shorter scope", [("admin", f"{SORTS[n].word}:{IDS[n][:-1]}") for n in NOUNS]),
    ("look-alikes", [(name, "service") for name in ("ferrum:administrator", "administrator", "Admin", "admin ", "\u0430dmin", "admin\0", "root", "*")]),
    ("look-alike scopes", [("admin", scope) for scope in ("Service", "service ", "service:", "*", "", "issuer:*")]),
]  # fmt: skip
ADMIN_ROUTES = [route for route in ROUTES if route.path.split("/")[3:4] and route.path.split("/")[3] in NOUNS]


@pytest.mark.row("T134")
@pytest.mark.parametrize("route", ADMIN_ROUTES, ids=lambda route: f"{route.method} {route.path}")
async def test_every_administrative_address_refuses_who_is_no_administrator(tmp_path: Path, route: Any) -> None:
    noun = route.path.split("/")[3]
    async with site(tmp_path, role()) as s:
        await add(s, noun)
        before = len(s.stage.kinds())
        path = route.path.replace("{name}", quote(IDS[noun], safe=""))
        body = None if route.method == "GET" else FORMS[noun]
        from yarl import URL  # noqa: PLC0415

        nothing = await s.http.request(route.method, URL(path, encoded=True), json=body, headers={"If-Match": '"v1"'})
        assert nothing.status == 401
        signing_in_only = s.headers("usr_mei", scope="openid")
        weak = await s.http.request(
            route.method, URL(path, encoded=True), json=body, headers={**signing_in_only, "If-Match": '"v1"'}
        )
        assert weak.status == 403
        for name, roles in OTHERS:
            held: list[Row] = [role(*one, sub="ada") for one in roles]
            s.stage.ledger.on_commit(tuple(held))
            got = await call(s, route.method, path, body, person=str(b.ADA), If_Match='"v1"')
            assert (got.status, (await got.json())["code"]) == (403, "AUTH-NOT-YOURS"), name
            s.stage.ledger.on_commit(tuple(Role(id=r.id, version=2, role=r.role, scope=r.scope, iss=r.iss, sub=r.sub, status="ended") for r in held if isinstance(r, Role)))  # fmt: skip
        assert len(s.stage.kinds()) == before


@pytest.mark.row("T134")
@pytest.mark.parametrize("noun", NOUNS)
async def test_who_administers_one_row_sees_and_changes_that_one(tmp_path: Path, noun: str) -> None:
    scoped = role(scope=f"{SORTS[noun].word}:{IDS[noun]}", sub="ada")  # type: ignore[index]
    async with site(tmp_path, role(), scoped) as s:
        await add(s, noun)
        assert (await call(s, "GET", address(noun), person=str(b.ADA))).status == 200
        assert (await call(s, "POST", address(noun, "/suspend"), person=str(b.ADA))).status == 200
        listed = await (await call(s, "GET", f"/api/v1/{noun}", person=str(b.ADA))).json()
        assert [one["id"] for one in listed[noun]] == [IDS[noun]]


BELIEVED: dict[str, list[dict[str, Any]]] = {
    "issuers": [
        {"values": ["https://any.example/*"]}, {"may_link": True}, {"is_broker": True},
        {"is_broker": True, "vouches": True}, {"sources": ["https://else.example"]}, {"granted_by": ["self", "dac"]},
        {"types": ["ControlledAccessGrants"]}, {"access_tokens": True}, {"internal": True}, {"max_lifetime_seconds": 9},
        {"aliases": {"x": "https://any.example/x"}}, {"grant_profile": {"kinds": ["general"]}},
        {"gather": {"push": True, "subjects_of": "https://uni.example"}}, {"gather": {"userinfo": True}},
        {"userinfo_url": "https://thief.example/u", "userinfo": True, "is_broker": True},
    ],
    "clients": [
        {"scopes": ["openid", "ga4gh_passport_v1"]}, {"grant_types": ["authorization_code", "refresh_token"]},
        {"serves": ["https://bank.example"]}, {"resources": ["https://bank.example"]}, {"consent": "remembered"},
        {"internal": True}, {"visa_style": "access_token"},
    ],
    "idps": [
        {"scopes": ["everywhere.example"]}, {"internal": True}, {"silent_sign_in": True}, {"audience": "participant"},
        {"login_hints": ["@everywhere.example"]}, {"endpoint_hosts": ["thief.example"]}, {"slug": "other"},
    ],
}  # fmt: skip
REACHED: dict[str, dict[str, Any]] = {
    "issuers": {"jku": [f"{EGA}/jwks", f"{EGA}/more"], "gather": {"push": True}},
    "clients": {"name": "Other", "redirect_uris": ["https://portal.example/other"]},
    "idps": {"name": "Other", "client_id": "them"},
}


@pytest.mark.row("T070", "T134")
@pytest.mark.parametrize("noun", NOUNS)
async def test_who_administers_one_row_does_not_say_what_it_is_believed(tmp_path: Path, noun: str) -> None:
    """Or one row would be as good as all: its administrator could let it open every dataset, for anybody."""
    scoped = role(scope=f"{SORTS[noun].word}:{IDS[noun]}", sub="ada")  # type: ignore[index]
    async with site(tmp_path, role(), scoped) as s:
        alone = await call(s, "POST", f"/api/v1/{noun}", FORMS[noun], person=str(b.ADA))
        assert (alone.status, (await alone.json())["code"]) == (403, "AUTH-NOT-YOURS"), "nor does it begin with them"
        await add(s, noun)
        for said in BELIEVED[noun]:
            for method, end in (("PUT", ""), ("POST", "/test")):
                path = address(noun) if method == "PUT" else f"/api/v1/{noun}{end}"
                got = await call(s, method, path, FORMS[noun] | said, person=str(b.ADA), If_Match='"v1"')
                told = await got.json()
                assert (got.status, told.get("code")) == (403, "AUTH-NOT-YOURS"), (method, said, told)
        fine = await call(s, "PUT", address(noun), FORMS[noun] | REACHED[noun], person=str(b.ADA), If_Match='"v1"')
        assert fine.status == 200, await fine.text()
        assert (await call(s, "POST", address(noun, "/suspend"))).status == 200
        got = await call(s, "POST", address(noun, "/resume"), person=str(b.ADA))
        assert got.status == 403, "what the service suspended, its own administrator does not let back in"
        assert (await call(s, "POST", address(noun, "/resume"))).status == 200


@pytest.mark.row("T133")
@pytest.mark.parametrize("way", [[{"api": "https://thief.example"}], [None, {"api": "https://thief.example"}]])
async def test_a_secret_is_not_sent_to_another_address_by_who_never_saw_it(tmp_path: Path, way: list[Any]) -> None:
    async with site(tmp_path, role()) as s:
        mine = {"gather": {"api": "https://rems.example"}, "gather_key": "our-key-there"}
        await add(s, "issuers", **mine)

        def stored() -> str:
            row = s.stage.ledger.rows["visa_issuer", EGA]
            assert isinstance(row, VisaIssuer)
            return row.gather_key

        kept = FORMS["issuers"] | {"gather": mine["gather"], "may_link": True}
        assert (await call(s, "PUT", address("issuers"), kept, If_Match='"v1"')).status == 200
        assert stored() == "our-key-there"
        for version, gather in enumerate(way, 2):
            said = FORMS["issuers"] | {"gather": gather}
            assert (await call(s, "PUT", address("issuers"), said, If_Match=f'"v{version}"')).status == 200
        assert stored() == ""
        said = FORMS["issuers"] | {"gather": {"api": "https://new.example"}, "gather_key": "new"}
        assert (await call(s, "PUT", address("issuers"), said, If_Match=f'"v{2 + len(way)}"')).status == 200
        assert stored() == "new", "who has it sends it along"


async def test_an_auditor_sees_and_changes_nothing(tmp_path: Path) -> None:
    async with site(tmp_path, role(), role("auditor", sub="ada")) as s:
        for noun in NOUNS:
            await add(s, noun)
            assert (await call(s, "GET", address(noun), person=str(b.ADA))).status == 200
            assert (await call(s, "POST", address(noun, "/suspend"), person=str(b.ADA))).status == 403
            assert (await call(s, "POST", address(noun, "/test"), person=str(b.ADA))).status == 403


async def test_an_issuer_admin_administers_issuers_only(tmp_path: Path) -> None:
    async with site(tmp_path, role("issuer_admin", sub="mei")) as s:
        await add(s, "issuers")
        for noun in ("clients", "idps"):
            assert (await call(s, "POST", f"/api/v1/{noun}", FORMS[noun])).status == 403


# With which version.


@pytest.mark.parametrize("noun", NOUNS)
@pytest.mark.parametrize(
    ("if_match", "status"),
    [
        (None, 428),
        ("*", 428),
        ('"v2"', 412),
        ('W/"v1"', 412),
        ('"1"', 412),
        ("v1", 400),
        ("", 400),
        ('"v1"', 200),
        ('"v9", "v1"', 200),
    ],
)
async def test_a_change_says_what_it_changes(tmp_path: Path, noun: str, if_match: str | None, status: int) -> None:
    headers = {"If_Match": if_match} if if_match is not None else {}
    for method in ("PUT", "DELETE"):
        async with site(tmp_path, role()) as s:
            await add(s, noun)
            got = await call(s, method, address(noun), FORMS[noun] if method == "PUT" else None, **headers)
            assert got.status == status


@pytest.mark.row("T115")
@pytest.mark.parametrize("noun", NOUNS)
async def test_of_two_administrators_at_once_one_is_told_to_look_again(tmp_path: Path, noun: str) -> None:
    async with site(tmp_path, role()) as s:
        await add(s, noun)
        both = await asyncio.gather(
            *(call(s, "PUT", address(noun), FORMS[noun] | CHANGES[noun], If_Match='"v1"') for _ in range(2))
        )
        assert sorted(one.status for one in both) == [200, 412]
        assert len(s.stage.kinds()) == 2


async def test_a_change_between_our_look_and_our_record_is_not_lost(tmp_path: Path) -> None:
    async with site(tmp_path, role()) as s:
        await add(s, "issuers")
        row = s.stage.ledger.rows["visa_issuer", EGA]
        record = s.stage.ledger.record

        async def late(entry: Any, *changes: Any) -> int:
            s.stage.ledger.rows["visa_issuer", EGA] = VisaIssuer(id=Issuer(EGA), version=2, trust=row.trust)  # type: ignore[attr-defined]
            return await record(entry, *changes)

        s.stage.ledger.record = late  # type: ignore[method-assign]
        got = await call(s, "PUT", address("issuers"), FORMS["issuers"], If_Match='"v1"')
        assert (got.status, (await got.json())["code"]) == (412, "REQ-STALE")


async def test_who_has_this_version_is_sent_nothing(tmp_path: Path) -> None:
    async with site(tmp_path, role()) as s:
        await add(s, "issuers")
        for given, status in (('"v1"', 304), ('W/"v1"', 304), ('"v0", "v1"', 304), ("*", 304), ('"v2"', 200)):
            got = await call(s, "GET", address("issuers"), If_None_Match=given)
            assert (got.status, got.headers["ETag"]) == (status, '"v1"')


# What is shown.


@pytest.mark.parametrize("noun", ["clients", "idps"])
async def test_a_secret_goes_in_and_never_comes_out(
    tmp_path: Path, noun: str, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = FORMS[noun].get("secret_sha256") or FORMS[noun]["client_secret"]
    async with site(tmp_path, role()) as s:
        said = [await (await add(s, noun)).text()]
        for method, end, body in (
            ("GET", "", None), ("PUT", "", {**FORMS[noun], "nonsense": 1}), ("PUT", "", {**FORMS[noun], **CHANGES[noun]}),
            ("POST", "/test", None), ("POST", "/suspend", None),
        ):  # fmt: skip
            said.append(await (await call(s, method, address(noun, end), body, If_Match='"v1"')).text())
        said.append(await (await call(s, "GET", f"/api/v1/{noun}")).text())
        said += [encode(entry).decode() for entry in s.stage.ledger.entries]
        out = capsys.readouterr()
        assert not [text for text in (*said, out.out, out.err) if secret in text]
        assert not [entry for entry in s.stage.ledger.entries if stored_id(secret) in encode(entry).decode()]


async def test_a_secret_that_is_not_sent_stays(tmp_path: Path) -> None:
    async with site(tmp_path, role()) as s:
        for noun, member in (("clients", "secret"), ("idps", "client_secret")):
            made = await (await add(s, noun)).json()
            assert made["has_secret"] is True
            await call(s, "PUT", address(noun), made["declared"] | CHANGES[noun], If_Match='"v1"')
            row = s.stage.ledger.rows[SORTS[noun].kind.KIND, IDS[noun]]  # type: ignore[index]
            assert row.version == 2
            assert getattr(row, member) == FORMS[noun].get("secret_sha256", FORMS[noun].get("client_secret"))


async def test_a_made_secret_is_shown_once_and_works(tmp_path: Path) -> None:
    form = {name: value for name, value in FORMS["clients"].items() if name != "secret_sha256"}
    async with site(tmp_path, role()) as s:
        made = await call(s, "POST", "/api/v1/clients", form, Idempotency_Key="k1")
        secret = (await made.json())["client_secret"]
        assert made.headers["Cache-Control"] == "no-store"
        again = await call(s, "POST", "/api/v1/clients", form, Idempotency_Key="k1")
        assert (again.status, again.headers["Idempotent-Replayed"]) == (201, "true")
        assert "client_secret" not in await again.json()
        row: Any = s.stage.ledger.rows["client", "portal"]
        assert row.secret == stored_id(secret)
        turned = await call(s, "POST", address("clients", "/secret"), If_Match='"v1"', Idempotency_Key="k2")
        other = (await turned.json())["client_secret"]
        assert other != secret
        assert s.stage.ledger.rows["client", "portal"].secret == stored_id(other)  # type: ignore[attr-defined]
        kept = json.dumps([value for value, _ in s.stage.world.scratch.values.values()])  # type: ignore[attr-defined]
        import base64  # noqa: PLC0415

        answers = [base64.b64decode(value["body"]).decode() for value in json.loads(kept)]
        assert answers
        assert not [text for text in answers if secret in text or other in text]


async def test_a_client_without_a_secret_gets_none(tmp_path: Path) -> None:
    form = {"id": "app", "name": "App", "auth_method": "none", "grant_types": ["authorization_code"], "scopes": ["openid"], "redirect_uris": ["https://a.example/b"]}  # fmt: skip
    async with site(tmp_path, role()) as s:
        made = await call(s, "POST", "/api/v1/clients", form)
        assert "client_secret" not in await made.json()
        assert (await call(s, "POST", "/api/v1/clients/app/secret", If_Match='"v1"')).status == 409


async def test_an_entry_says_who_what_and_which_version(tmp_path: Path) -> None:
    async with site(tmp_path, role()) as s:
        await add(s, "issuers")
        await call(s, "PUT", address("issuers"), FORMS["issuers"] | {"may_link": True}, If_Match='"v1"')
        entry = s.stage.ledger.entries[-1]
        assert entry.who is not None
        assert (entry.about["id"], entry.about["version"], entry.about["fields"]) == (EGA, 2, ("trust",))
        assert len(str(entry.about["digest"])) == 64


async def test_a_row_has_more_names_than_one(tmp_path: Path) -> None:
    async with site(tmp_path, role()) as s:
        await add(s, "idps")
        for name in (quote(IDS["idps"], safe=""), ref(IDS["idps"]), "uni"):
            assert (await (await call(s, "GET", f"/api/v1/idps/{name}")).json())["id"] == IDS["idps"]
        assert (await call(s, "GET", "/api/v1/idps/nobody")).status == 404


PAGES = [
    ("1", 200),
    (str(MOST), 200),
    (str(MOST + 1), 400),
    ("0", 400),
    ("-1", 400),
    ("x", 400),
    ("", 400),
    ("1.0", 400),
]


@pytest.mark.parametrize(("size", "status"), PAGES)
async def test_the_size_of_a_page(tmp_path: Path, size: str, status: int) -> None:
    async with site(tmp_path, role()) as s:
        assert (await call(s, "GET", f"/api/v1/issuers?page_size={size}")).status == status


async def test_pages_together_are_the_list(tmp_path: Path) -> None:
    rows = [
        VisaIssuer(id=Issuer(f"https://i{n}.example"), trust=TrustRow(iss=f"https://i{n}.example")) for n in range(7)
    ]
    async with site(tmp_path, role(), *rows) as s:
        seen: list[str] = []
        path: str | None = "/api/v1/issuers?page_size=3"
        while path is not None:
            told = await (await call(s, "GET", path)).json()
            seen += [one["id"] for one in told["issuers"]]
            path = f"/api/v1/issuers?page_size=3&token={told['next_page_token']}" if told["next_page_token"] else None
        assert seen == [row.id for row in rows]
        for token in ("%ff", "!!!", "x" * 2000):
            assert (await call(s, "GET", f"/api/v1/issuers?token={token}")).status == 400


# What cannot be registered.

BAD: list[tuple[str, str, dict[str, Any], str]] = [
    ("no https", "issuers", {"issuer": "http://ega.example"}, "https"),
    ("loopback", "issuers", {"issuer": "https://127.0.0.1"}, "private"),
    ("loopback by name", "issuers", {"issuer": "https://localhost:8443"}, "private"),
    ("a private v6 address", "issuers", {"issuer": "https://[fd00::1]"}, "private"),
    ("metadata service", "issuers", {"jku": ["https://169.254.169.254/jwks"]}, "private"),
    ("a jku without https", "issuers", {"jku": ["http://ega.example/jwks"]}, "https"),
    ("user name in the address", "issuers", {"issuer": "https://a@ega.example"}, "user name"),
    ("ourselves", "issuers", {"issuer": b.US}, "this broker itself"),
    ("a provider without https", "idps", {"issuer": "http://uni.example"}, "https"),
    ("ourselves as a provider", "idps", {"issuer": b.US}, "this broker itself"),
    ("silent sign-in in production", "idps", {"silent_sign_in": True}, "demo"),
    ("no page in production", "clients", {"consent": "remembered"}, "demo"),
    ("an unknown member", "issuers", {"trust": "everything"}, "trust"),
    ("a wildcard over everything", "issuers", {"values": ["*"]}, "prefix"),
    ("a scope that nobody knows", "clients", {"scopes": ["root"]}, "scopes"),
    ("a redirect by http", "clients", {"redirect_uris": ["http://portal.example/"]}, "redirect_uris"),
    ("status removed", "issuers", {"status": "removed"}, "status"),
]  # fmt: skip


@pytest.mark.row("T135")
@pytest.mark.parametrize(("noun", "change", "says"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
async def test_what_cannot_be_registered(tmp_path: Path, noun: str, change: dict[str, Any], says: str) -> None:
    async with site(tmp_path, role()) as s:
        got = await call(s, "POST", f"/api/v1/{noun}", FORMS[noun] | change)
        told = await got.json()
        assert (got.status, told["code"]) == (400, "REQ-INVALID")
        assert says in told["detail"]
        assert s.stage.kinds() == []


@pytest.mark.row("T135")
@pytest.mark.parametrize("noun", NOUNS)
async def test_nothing_is_registered_twice(tmp_path: Path, noun: str) -> None:
    async with site(tmp_path, role()) as s:
        await add(s, noun)
        again = await call(s, "POST", f"/api/v1/{noun}", FORMS[noun])
        assert (again.status, (await again.json())["code"]) == (409, "REQ-STATE")


async def test_two_providers_have_two_slugs_and_one_is_for_participants(tmp_path: Path) -> None:
    async with site(tmp_path, role()) as s:
        await add(s, "idps", audience="participant")
        for change, word in (({"name": "x"}, "slug"), ({"slug": "two", "audience": "participant"}, "audience")):
            got = await call(s, "POST", "/api/v1/idps", FORMS["idps"] | {"issuer": "https://two.example"} | change)
            assert (got.status, word in (await got.json())["detail"]) == (400, True)


async def test_a_put_is_about_its_own_row_and_leaves_the_state(tmp_path: Path) -> None:
    async with site(tmp_path, role()) as s:
        await add(s, "issuers")
        await call(s, "POST", address("issuers", "/suspend"))
        other = await call(s, "PUT", address("issuers"), {"issuer": "https://other.example"}, If_Match='"v2"')
        assert other.status == 400
        resumed = await call(s, "PUT", address("issuers"), FORMS["issuers"] | {"status": "active"}, If_Match='"v2"')
        assert resumed.status == 400
        put = await call(s, "PUT", address("issuers"), FORMS["issuers"], If_Match='"v2"')
        assert (await put.json())["status"] == "suspended"


# What `test` shows.


def jwks(*keys: dict[str, Any]) -> bytes:
    return json.dumps({"keys": list(keys)}).encode()


def es256(kid: str, **more: Any) -> dict[str, Any]:
    return {**jose.public_jwk(keys().signing("visa").private, kid, "ES256"), **more}  # type: ignore[arg-type]


KEY_CASES: list[tuple[str, list[dict[str, Any]], str]] = [
    ("good", [es256("k")], ""),
    ("private", [es256("k", d="AAAA")], "private"),
    ("twice", [es256("k"), es256("k")], "twice"),
    ("nameless", [{name: value for name, value in es256("k").items() if name != "kid"}], "no kid"),
    ("symmetric", [{"kty": "oct", "k": "AAAA", "kid": "k"}], "symmetric"),
    ("weak", [{"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "k"}], "weak"),
    ("another curve", [es256("k", crv="P-384")], "curve"),
    ("for encryption", [es256("k", use="enc")], "not for signatures"),
    ("another algorithm", [es256("k", alg="RS256")], "not for signatures"),
]


@pytest.mark.row("T135")
@pytest.mark.parametrize(("set_", "why"), [case[1:] for case in KEY_CASES], ids=[case[0] for case in KEY_CASES])
async def test_the_test_shows_each_key_and_why_it_would_not_be_used(
    tmp_path: Path, set_: list[dict[str, Any]], why: str
) -> None:
    async with site(tmp_path, role()) as s:
        await add(s, "issuers")
        s.stage.probe.documents[f"{EGA}/jwks"] = jwks(*set_)
        told = await (await call(s, "POST", address("issuers", "/test"))).json()
        assert told["passes"] is (why == "")
        assert all((why in key["why"]) and key["used"] is (why == "") for key in told["keys"])
        assert len(told["keys"]) == len(set_)
        assert s.stage.kinds() == ["issuer.registered"]


@pytest.mark.row("T135")
async def test_the_test_says_what_is_wrong_with_an_address(tmp_path: Path) -> None:
    async with site(tmp_path, role()) as s:
        await add(s, "issuers")
        for form, level, says in (
            ({"issuer": "https://dead.example", "jku": ["https://dead.example/jwks"]}, "refused", "no connection"),
            ({"issuer": EGA + "/", "jku": [f"{EGA}/jwks"]}, "warning", "final slash"),
            ({"issuer": "https://two.example", "jku": [f"{EGA}/jwks"]}, "warning", "another host"),
            ({"issuer": "https://two.example"}, "refused", "no jku, keys or discovery"),
            (
                {"issuer": "https://10.0.0.1", "jku": ["https://10.0.0.1/jwks"], "internal": True},
                "warning",
                "own network",
            ),
        ):
            told = await (await call(s, "POST", "/api/v1/issuers/test", form)).json()
            found = [one for one in told["findings"] if one["level"] == level and says in one["text"]]
            assert found, (form, told)
        assert s.stage.kinds() == ["issuer.registered"]


async def test_the_test_judges_a_sample_as_the_clearinghouse_would(tmp_path: Path) -> None:
    from tests.fakes import START  # noqa: PLC0415

    async with site(tmp_path, role()) as s:
        await add(s, "issuers")
        s.stage.probe.documents[f"{EGA}/jwks"] = jwks(es256("k"))
        visa = {
            "type": "ControlledAccessGrants",
            "value": f"{EGA}/datasets/1",
            "source": EGA,
            "by": "dac",
            "asserted": START - 5,
        }
        said = {"iss": EGA, "sub": "1", "iat": START - 5, "exp": START + 600, "jti": "j", "ga4gh_visa_v1": visa}
        header = {"kid": "k", "typ": "vnd.ga4gh.visa+jwt", "jku": f"{EGA}/jwks"}
        private: Any = keys().signing("visa").private
        for claims, level, says in (
            (said, "ok", f"opens {EGA}/datasets/1"),
            (said | {"exp": START - 100, "iat": START - 200}, "refused", "VISA-EXPIRED"),
            (said | {"iss": "https://other.example"}, "refused", "VISA-ISSUER-UNTRUSTED"),
            (said | {"ga4gh_visa_v1": visa | {"value": "https://other.example/1"}}, "refused", "VISA-VALUE-UNTRUSTED"),
            (said | {"ga4gh_visa_v1": visa | {"by": "self"}}, "refused", "VISA-BY"),
        ):
            sample = jose.sign("ES256", private, header, claims)
            told = await (await call(s, "POST", address("issuers", "/test"), {"sample": sample})).json()
            (found,) = [one for one in told["findings"] if one["about"] == "sample"]
            assert (found["level"], says in found["text"]) == (level, True), found


async def test_the_test_of_a_provider_reads_what_it_says_of_itself(tmp_path: Path) -> None:
    good = {
        "issuer": IDS["idps"], "authorization_endpoint": "https://uni.example/a", "token_endpoint": "https://uni.example/t",
        "jwks_uri": "https://uni.example/jwks", "id_token_signing_alg_values_supported": ["RS256"],
        "code_challenge_methods_supported": ["S256"], "authorization_response_iss_parameter_supported": True,
    }  # fmt: skip
    async with site(tmp_path, role()) as s:
        await add(s, "idps")
        documents = s.stage.probe.documents
        documents["https://uni.example/jwks"] = jwks(es256("k"))
        for change, about, level in (
            ({}, "issuer", "ok"),
            ({"issuer": "https://uni.example/"}, "issuer", "refused"),
            ({"issuer": "https://evil.example"}, "issuer", "refused"),
            ({"token_endpoint": "http://uni.example/t"}, "token_endpoint", "refused"),
            ({"jwks_uri": "file:///etc/passwd"}, "jwks_uri", "refused"),
            ({"code_challenge_methods_supported": ["plain"]}, "PKCE", "warning"),
            ({"authorization_response_iss_parameter_supported": False}, "iss", "warning"),
            ({"id_token_signing_alg_values_supported": ["HS256"]}, "algorithms", "refused"),
        ):
            documents["https://uni.example/.well-known/openid-configuration"] = json.dumps(good | change).encode()
            told = await (await call(s, "POST", address("idps", "/test"))).json()
            assert (about, level) in [(one["about"], one["level"]) for one in told["findings"]], (change, told)
            assert told["passes"] is not any(one["level"] == "refused" for one in told["findings"])
        told = await (await call(s, "POST", "/api/v1/idps/test", FORMS["idps"])).json()
        assert [one for one in told["findings"] if one["text"].endswith(f"{b.US}/sign-in/uni/callback")]


async def test_the_test_of_a_client(tmp_path: Path) -> None:
    async with site(tmp_path, role()) as s:
        told = await (await call(s, "POST", "/api/v1/clients/test", FORMS["clients"])).json()
        assert told["passes"]
        form = {"id": "app", "name": "App", "auth_method": "none", "grant_types": ["authorization_code"], "scopes": ["openid"], "redirect_uris": ["https://a.example/b?c"]}  # fmt: skip
        told = await (await call(s, "POST", "/api/v1/clients/test", form)).json()
        assert {"redirect_uri", "auth_method"} <= {
            one["about"] for one in told["findings"] if one["level"] == "warning"
        }
        assert s.stage.kinds() == []


async def test_what_was_expelled_is_on_record_once(tmp_path: Path) -> None:
    thumbprint = "ab" * 32
    async with site(tmp_path, role(), role("issuer_admin", f"issuer:{EGA}", "ada")) as s:
        await add(s, "issuers")
        body = {"thumbprint": thumbprint, "ground": "it leaked"}
        theirs = await call(s, "POST", address("issuers", "/keys/expel"), body, person=str(b.ADA))
        assert theirs.status == 400
        for _ in range(2):
            assert (await call(s, "POST", address("issuers", "/keys/expel"), body)).status == 201
        assert ("revocation", f"key:{thumbprint}") in s.stage.ledger.rows
        assert s.stage.kinds() == ["issuer.registered", "revocation.made"]


@pytest.mark.row("T029", "T134")
async def test_whoever_publishes_a_key_of_somebody_else_cannot_expel_it(tmp_path: Path) -> None:
    """A key that leaked is revoked everywhere: so who administers one issuer must not name ours, or another's."""
    mine, theirs = KeyShown(kid="m", algorithm="ES256", thumbprint="aa" * 32), KeyShown(kid="t", algorithm="ES256", thumbprint="bb" * 32)  # fmt: skip

    def published(iss: str, *found: KeyShown) -> IssuerReport:
        return IssuerReport(iss=iss, addresses=(AddressHealth(jku=f"{iss}/jwks", state="good", keys=found),))

    async with site(tmp_path, role(), role("issuer_admin", f"issuer:{EGA}", "ada")) as s:
        await add(s, "issuers")
        ours = [shown(key) for key in s.stage.live.current().own.keys]
        reports = (published(EGA, mine, theirs, *ours), published("https://other.example", theirs))
        s.broker.issuers.reports = lambda: reports  # type: ignore[method-assign]
        for key, status in ((theirs, 400), *((key, 400) for key in ours), (mine, 201)):
            body = {"thumbprint": key.thumbprint, "ground": "so that it ends"}
            got = await call(s, "POST", address("issuers", "/keys/expel"), body, person=str(b.ADA))
            assert got.status == status, key
        assert ours
        body = {"thumbprint": theirs.thumbprint, "ground": "it leaked"}
        assert (await call(s, "POST", address("issuers", "/keys/expel"), body)).status == 201


async def test_health_and_refresh_are_told(tmp_path: Path) -> None:
    async with site(tmp_path, role()) as s:
        await add(s, "issuers")
        for method, end in (("GET", "/health"), ("POST", "/keys/refresh")):
            got = await call(s, method, address("issuers", end))
            assert (got.status, (await got.json())["id"]) == (200, EGA)


def test_every_sort_is_what_it_says() -> None:
    assert {sort.kind for sort in SORTS.values()} == {VisaIssuer, Client, IdentityProvider}
    assert ref("a") != ref("b")
    assert ClientId("x") == "x"


async def test_the_health_of_a_provider_is_told(tmp_path: Path) -> None:
    class Providers:
        def health(self, idps: list[IdentityProvider]) -> tuple[ProviderHealth, ...]:
            return tuple(
                ProviderHealth(issuer=idp.id, slug=idp.slug, state="good", age=1.0, error=None, keys=None)
                for idp in idps
            )

    async with site(tmp_path, role()) as s:
        object.__setattr__(s.broker, "idps", Providers())
        await add(s, "idps")
        told = await (await call(s, "GET", "/api/v1/idps/uni/health")).json()
        assert (told["id"], told["health"]["state"]) == (IDS["idps"], "good")
