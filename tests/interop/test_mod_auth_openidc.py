"""Apache's mod_auth_openidc, as Debian ships it: a portal behind it learns who signed in at the broker."""

import json
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import aiohttp

from tests.end_to_end.demo import Demo
from tests.interop.serving import free_port, listening, needed, program

MODULES = Path("/usr/lib/apache2/modules")
LOADED = ("mpm_event", "authn_core", "authz_core", "authz_user", "auth_openidc", "alias", "dir", "headers", "mime")
SECRET = "m" * 43
CONFIG = """
ServerName 127.0.0.1
ServerRoot {folder}
PidFile {folder}/pid
{user}
Listen 127.0.0.1:{port}
ErrorLog {folder}/error.log
LogLevel warn
{modules}
TypesConfig /dev/null
DocumentRoot {folder}/pages
OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration
OIDCClientID portal
OIDCClientSecret {secret}
OIDCScope "openid profile ga4gh_passport_v1"
OIDCRedirectURI http://127.0.0.1:{port}/pages/callback
OIDCDefaultLoggedOutURL http://127.0.0.1:{port}/goodbye.html
OIDCCryptoPassphrase a-passphrase-of-the-test
OIDCPKCEMethod S256
OIDCProviderTokenEndpointAuth client_secret_basic
OIDCAuthRequestParams login_hint=ada&prompt=none
OIDCResponseType code
OIDCRemoteUserClaim sub
OIDCPassClaimsAs headers
<Location /pages>
  AuthType openid-connect
  Require valid-user
  Header always set X-Who expr=%{{REMOTE_USER}}
</Location>
"""


@contextmanager
def readable_folder() -> Iterator[Path]:
    """Apache reads its files as somebody else, whom pytest's own folders keep out."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@asynccontextmanager
async def portal(folder: Path, issuer: str, port: int) -> AsyncIterator[None]:
    """Apache in the foreground, as whoever runs the tests."""
    (folder / "pages" / "pages").mkdir(parents=True)
    (folder / "pages" / "pages" / "index.html").write_text("what only people who signed in may read")
    (folder / "pages" / "goodbye.html").write_text("goodbye")
    loaded = (name for name in LOADED if (MODULES / f"mod_{name}.so").exists())
    modules = "\n".join(f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in loaded)
    user = "User nobody\nGroup nogroup" if os.geteuid() == 0 else ""  # Apache serves nothing as root
    text = CONFIG.format(user=user, folder=folder, port=port, issuer=issuer, secret=SECRET, modules=modules)
    (folder / "apache.conf").write_text(text)
    async with program("apache2", "-d", str(folder), "-f", str(folder / "apache.conf"), "-DFOREGROUND") as process:
        await listening(port)
        yield
        assert process.returncode is None, (folder / "error.log").read_text()


async def test_a_portal_behind_apache_learns_who_signed_in(tmp_path: Path) -> None:
    there = shutil.which("apache2") is not None and (MODULES / "mod_auth_openidc.so").exists()
    needed("apache2 with mod_auth_openidc", there=there, how="apt-get install apache2 libapache2-mod-auth-openidc")
    port = free_port()
    page = f"http://127.0.0.1:{port}/pages/"
    client = {
        "id": "portal", "secret": SECRET, "consent": "remembered", "redirect_uris": [f"{page}callback"],
        "post_logout_redirect_uris": [f"http://127.0.0.1:{port}/goodbye.html"],
        "backchannel_logout_uri": f"{page}callback?logout=backchannel", "internal": True,
    }  # fmt: skip
    (tmp_path / "client.json").write_text(json.dumps(client))
    demo = Demo(tmp_path / "state", "--client", str(tmp_path / "client.json"))
    await demo.start()
    try:
        with readable_folder() as folder:
            async with portal(folder, demo.described["issuer"], port):
                await _visit(page, port)
    finally:
        await demo.stop()


async def _visit(page: str, port: int) -> None:
    """Read the page, sign out, and be asked to sign in again."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar, headers={"Accept": "text/html"}) as browser:
        async with browser.get(page) as answer:
            assert answer.status == 200, await answer.text()
            assert "only people who signed in" in await answer.text()
            who = answer.headers["X-Who"]
        assert who.startswith("usr_")
        goodbye = f"http://127.0.0.1:{port}/goodbye.html"
        async with browser.get(f"{page}callback", params={"logout": goodbye}) as answer:
            assert str(answer.url).startswith(goodbye), await answer.text()
        async with browser.get(page, allow_redirects=False) as answer:
            assert answer.status == 302
            assert "/oauth2/authorize" in answer.headers["Location"]
        async with browser.get(page) as answer:
            assert answer.headers["X-Who"] == who, "the same person again"
