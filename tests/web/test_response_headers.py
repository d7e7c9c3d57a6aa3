"""Every address, asked by a browser: do its answers carry what keeps browsers out of trouble (F42)?"""

import re
from pathlib import Path
from typing import Any

import pytest

from broker.web.routes import ROUTES, Route
from tests.web.site import COOKIE, Site, site

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Server": "ga4gh-access-broker",
}
ENDS_THE_WALK = {("DELETE", "/api/v1/me/session")}


def path_of(route: Route) -> str:
    known = {"object_id": "obj-1", "access_id": "https", "request": "req_1", "id": "obj-1"}
    return re.sub(r"\{(\w+)[^}]*\}", lambda found: known.get(found[1], "nobody"), route.path)


def faults(answer: Any) -> list[str]:
    """What is wrong with the headers."""
    headers = answer.headers
    found = [f"{name}: {headers.get(name)}" for name, value in ALWAYS.items() if headers.get(name) != value]
    policy = headers.get("Content-Security-Policy", "")
    if "default-src 'none'" not in policy or "frame-ancestors 'none'" not in policy or "unsafe" in policy:
        found.append(f"policy: {policy}")
    if not re.fullmatch(r"max-age=\d{8,}", headers.get("Strict-Transport-Security", "")):
        found.append("no promise of https")
    if re.search(r"\d+\.\d+", headers["Server"]):
        found.append("a version")
    for cookie in headers.getall("Set-Cookie", ()):
        parts = {part.strip().lower() for part in cookie.split(";")[1:]}
        if not cookie.startswith("__Host-") or not {"secure", "httponly", "path=/"} <= parts:
            found.append(f"cookie {cookie.partition('=')[0]}")
        if not parts & {"samesite=lax", "samesite=strict"}:
            found.append(f"cookie {cookie.partition('=')[0]} goes along everywhere")
    return found


async def walked(s: Site, headers: dict[str, str]) -> list[str]:
    found = []
    for route in ROUTES:
        if (route.method, route.path) in ENDS_THE_WALK:
            continue
        body: dict[str, Any] = {"json": {}} if route.method in ("POST", "PUT") else {}
        answer = await s.http.request(route.method, path_of(route), headers=headers, allow_redirects=False, **body)
        found += [f"{route.method} {route.path} {answer.status}: {one}" for one in faults(answer)]
    return found


@pytest.mark.row("F42")
async def test_every_answer_of_every_address_is_safe_to_show(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        assert await walked(s, COOKIE) == []
        for path in ("/nowhere", "/data/none", "/api/v1/none"):
            assert faults(await s.http.get(path)) == [], path
        for path in ("/api/v1/me", "/ga4gh/drs/v1/objects/obj-1/access/https", "/oauth2/userinfo"):
            answer = await s.http.get(path, headers=s.headers())
            assert (answer.status, faults(answer)) == (200, []), path
            assert "no-store" in answer.headers["Cache-Control"], path
