"""Debian's nginx with the shipped configuration: only addresses, folders and its own log are put elsewhere."""

import asyncio
import os
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from tests.interop.serving import free_port, listening, needed, program

SHIPPED = Path(__file__).resolve().parents[2] / "config" / "nginx" / "access-broker.conf"
_MAIN = """
daemon off;
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error.log warn;
{user}
events {{ worker_connections 2048; }}
http {{
    client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
    uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
    access_log off;
    {more}
    include {folder}/access-broker.conf;
}}
"""


def program_of() -> str:
    """Where nginx is; skips, or fails where nothing may be skipped, if it is nowhere."""
    found = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    needed("nginx", there=found is not None, how="apt-get install nginx-light")
    return found or ""


@contextmanager
def readable_folder() -> Iterator[Path]:
    """nginx reads its files as somebody else, whom pytest's own folders keep out."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@asynccontextmanager
async def nginx(
    folder: Path, broker: int, files: Path, more: str = "", source: str = "127.0.0.1"
) -> AsyncIterator[tuple[int, Path]]:
    """In front of a broker at that port, without TLS; its port, and the log of what it sent.

    `more`: of `http`. `source`: the address from which it asks the broker.
    """
    path, port, sent = program_of(), free_port(), folder / "sent.log"
    shipped = SHIPPED.read_text("utf-8")
    for there, instead in (
        (r"listen 443 ssl;", f"listen 127.0.0.1:{port};"),
        (r"\n    listen \[::\]:443 ssl;", ""),
        (r"\n    ssl_certificate.*;", ""),
        (r"\n    ssl_protocols.*;", ""),
        (r"server 127\.0\.0\.1:8080;", f"server 127.0.0.1:{broker};"),
        (r"alias /srv/access-broker/;", f"alias {files}/;"),
        (r"/var/log/nginx/access-broker-sent\.log", str(sent)),
        (r"\nserver \{\n    listen 80;.*?\n\}\n", "\n"),
    ):
        shipped, count = re.subn(there, instead, shipped, flags=re.DOTALL if "80;" in there else 0)
        assert count, there
    (folder / "access-broker.conf").write_text(shipped)
    user = "user root root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(_MAIN.format(folder=folder, user=user, more=f"proxy_bind {source}; {more}"))
    async with program(
        path, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")
    ) as it:
        await asyncio.wait((asyncio.ensure_future(it.wait()), ready := asyncio.ensure_future(listening(port))), return_when="FIRST_COMPLETED")  # fmt: skip
        assert ready.done(), (folder / "error.log").read_text()
        yield port, sent
