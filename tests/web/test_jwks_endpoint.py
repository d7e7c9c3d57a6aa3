"""Our published keys over HTTP: who may ask how, and what caches are told (T035)."""

from pathlib import Path

import pytest

from broker.core.oidc.key_life import JWKS_SECONDS, PREPUBLISH
from tests.web.site import site

PATHS = ("/.well-known/jwks.json", "/visas/jwks.json")


@pytest.mark.row("T035", "B2", "V11")
@pytest.mark.parametrize("path", PATHS)
async def test_keys_are_read_and_cached_and_nothing_else(tmp_path: Path, path: str) -> None:
    async with site(tmp_path) as s:
        got = await s.http.get(path)
        body = await got.json(content_type="application/jwk-set+json")
        assert got.headers["Cache-Control"] == f"public, max-age={JWKS_SECONDS}"
        assert PREPUBLISH > JWKS_SECONDS
        assert body["keys"]
        for key in body["keys"]:
            assert not {"d", "p", "q", "dp", "dq", "qi", "k", "oth"} & key.keys()
            assert {"kid", "alg", "kty", "use"} <= key.keys()
        assert len({key["kid"] for key in body["keys"]}) == len(body["keys"])
        tag = got.headers["ETag"]
        head = await s.http.head(path)
        assert (head.status, head.headers["ETag"], await head.read()) == (200, tag, b"")
        same = await s.http.get(path, headers={"If-None-Match": f'"x", {tag}'})
        assert (same.status, await same.read(), same.headers["ETag"]) == (304, b"", tag)
        other = await s.http.get(path, headers={"If-None-Match": '"x"'})
        assert other.status == 200
        for method in ("POST", "PUT", "DELETE", "PATCH", "TRACE"):
            refused = await s.http.request(method, path)
            assert refused.status == 405, method
