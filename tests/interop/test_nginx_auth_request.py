"""Debian's nginx serves the files of a repository, and asks the broker about each request (config/nginx)."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
from yarl import URL

from tests import builders as b
from tests.interop.serving import free_port, listening, needed, program
from tests.web.depot import AUDIENCE, basic, depots
from tests.web.site import CONTENT, site

CONFIG = Path(__file__).parents[2] / "config" / "nginx" / "auth_request.conf"
PROGRAM = shutil.which("nginx") or "/usr/sbin/nginx"
AROUND = """
daemon off;
{user}
pid {folder}/pid;
error_log {folder}/error.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  {server}
}}
"""


def configured(folder: Path, port: int, broker: int) -> str:
    """The file as it is shipped, with other addresses, other folders, and no TLS."""
    text = CONFIG.read_text("utf-8")
    for shipped, here in (
        ("127.0.0.1:8080", f"127.0.0.1:{broker}"),
        ("listen 443 ssl;", f"listen 127.0.0.1:{port};"),
        ("/srv/repository/files/", f"{folder}/files/"),
        ("/etc/repository/broker-credentials.conf", f"{folder}/credentials.conf"),
    ):
        assert text.count(shipped) == 1, shipped
        text = text.replace(shipped, here)
    return "\n".join(line for line in text.splitlines() if "ssl_certificate" not in line)


def laid_out(folder: Path, port: int, broker: int) -> Path:
    """The repository's files, its credentials and its configuration."""
    folder.chmod(0o755)
    (folder / "files").mkdir()
    for name in ("obj-1", "secret"):
        (folder / "files" / name).write_bytes(CONTENT)
    (folder / "credentials.conf").write_text(f'proxy_set_header X-Repository-Authorization "{basic()}";')
    user = "user nobody nogroup;" if os.geteuid() == 0 else ""
    made = AROUND.format(user=user, folder=folder, server=configured(folder, port, broker))
    (folder / "nginx.conf").write_text(made)
    return folder / "nginx.conf"


@asynccontextmanager
async def repository(broker: int) -> AsyncIterator[str]:
    """nginx in the foreground; its address."""
    port = free_port()
    with tempfile.TemporaryDirectory() as made:
        config = laid_out(Path(made), port, broker)
        async with program(PROGRAM, "-p", made, "-c", str(config)) as process:
            await listening(port)
            yield f"http://127.0.0.1:{port}"
            assert process.returncode is None


async def test_nginx_lets_through_whom_the_broker_lets(tmp_path: Path) -> None:
    needed("nginx", there=shutil.which(PROGRAM) is not None, how="apt-get install nginx-light")
    data = b.dataset(uninterruptible_delivery=60)
    async with (
        site(tmp_path, *depots(), dataset=data) as s,
        repository(s.http.port or 0) as url,
        aiohttp.ClientSession() as http,
    ):
        ada = {"Authorization": f"Bearer {s.access_token('usr_ada', aud=[AUDIENCE])}"}
        mei = {"Authorization": f"Bearer {s.access_token('usr_mei', aud=[AUDIENCE])}"}
        async with http.get(f"{url}/files/obj-1", headers=ada) as got:
            assert (got.status, await got.read()) == (200, CONTENT)
            last = s.stage.ledger.entries[-1]
            assert (got.headers["Decision-Id"], got.headers["X-Audit-Receipt"]) == (last.about["decision"], last.id)
        async with http.get(f"{url}/files/obj-1", headers={**ada, "Range": "bytes=5-9"}) as got:
            assert (got.status, await got.read()) == (206, CONTENT[5:10])
        async with http.head(f"{url}/files/obj-1", headers=ada) as got:
            assert got.status == 200
        lies = {
            "X-Original-URI": "/files/obj-1", "X-Original-Method": "GET", "X-Object-Id": "obj-1",
            "X-Repository-Authorization": basic(), "X-Object-Prefix": "/files/",
        }  # fmt: skip
        for headers, path, status in (
            ({}, "obj-1", 401),
            (mei, "obj-1", 403),
            (mei | lies, "obj-1", 403),
            (ada, "secret", 403),
            (ada | lies, "secret", 403),
            (ada | lies, "%73ecret", 403),
            (ada, "obj%2d1", 403),
            (ada, "x/../obj-1", 403),
            (ada, "obj-1?x", 403),
        ):
            async with http.get(URL(f"{url}/files/{path}", encoded=True), headers=headers) as got:
                assert (got.status, CONTENT in await got.read()) == (status, False), path
                assert ("WWW-Authenticate" in got.headers) == (status == 401)
        async with http.post(f"{url}/files/obj-1", headers=ada) as got:
            assert got.status in {403, 405}
        s.stage.ledger.breaks = "lost"
        async with http.get(f"{url}/files/obj-1", headers=ada) as got:
            assert (got.status, CONTENT in await got.read()) == (500, False)
