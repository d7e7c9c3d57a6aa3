"""`broker issuers|clients|idps`: at the state folder of a stopped broker, and at a running one over HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from broker.__main__ import cli
from broker.app import opened
from broker.commands.common import Fail
from broker.config import Settings
from broker.core.oidc.opaque import stored_id
from broker.core.rows import Client
from broker.state import make_state
from tests.web.site import site
from tests.web.test_admin import EGA, FORMS, IDS, jwks, role

Run = Callable[..., Any]
NOUNS = ("issuers", "clients", "idps")


def invoke(*words: str, answer: str | None = None) -> Result:
    """As typed. What the console script turns into status 2 comes out as `Fail`."""
    return CliRunner().invoke(cli, list(words), input=answer)


def part(folder: Path, noun: str, **changes: Any) -> str:
    """A part in a file; JSON is YAML."""
    path = folder / f"{noun}.yaml"
    path.write_text(json.dumps(FORMS[noun] | changes), "utf-8")
    return str(path)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A broker that was made and never started."""
    chosen = Settings(
        issuer="https://broker.example", mode="example", state=tmp_path_factory.mktemp("broker") / "state"
    )
    make_state(chosen)
    return chosen


@pytest.fixture
def here(made: Settings, tmp_path: Path) -> str:
    """The settings file of a copy of that broker."""
    import shutil  # noqa: PLC0415

    shutil.copytree(made.state, tmp_path / "state")
    path = tmp_path / "broker.toml"
    path.write_text(f'issuer = "{made.issuer}"\nstate = "{tmp_path / "state"}"\nmode = "example"\n', "utf-8")
    return str(path)


@pytest.fixture
async def there(tmp_path: Path) -> AsyncIterator[tuple[Any, list[str]]]:
    """A running broker, and the options that lead to it."""
    async with site(tmp_path, role()) as s:
        token = tmp_path / "token"
        token.write_text(s.access_token("usr_mei"))
        token.chmod(0o600)
        yield s, ["--server", str(s.http.make_url("")).rstrip("/"), "--token-file", str(token)]


def life(noun: str, run: Callable[..., Result], folder: Path) -> None:
    """A row from its beginning to its end, by commands alone."""
    added = run(noun, "add", "--file", part(folder, noun))
    assert added.exit_code == 0, (added.output, added.exception)
    assert IDS[noun] in run(noun, "list").output
    shown = json.loads(run(noun, "show", IDS[noun], "--json").stdout)
    assert (shown["id"], shown["version"]) == (IDS[noun], 1)
    by_ref = json.loads(run(noun, "show", shown["ref"], "--json").stdout)
    assert by_ref == shown
    member = {"issuers": "may_link", "clients": "require_par", "idps": "internal"}[noun]
    changed = json.loads(run(noun, "change", IDS[noun], "--set", f"{member}=true", "--json").stdout)
    assert (changed["version"], changed["declared"][member]) == (2, True)
    assert changed["declared"] == shown["declared"] | {member: True}
    for verb, state in (("suspend", "suspended"), ("resume", "active")):
        assert json.loads(run(noun, verb, IDS[noun], "--json").stdout)["status"] == state
    assert json.loads(run(noun, "remove", IDS[noun], "--yes", "--json").stdout)["status"] == "removed"


@pytest.mark.parametrize("noun", NOUNS)
def test_at_the_state_folder(here: str, tmp_path: Path, noun: str) -> None:
    life(noun, lambda *words: invoke("--config", here, *words), tmp_path)


@pytest.mark.parametrize("noun", NOUNS)
async def test_at_a_running_broker(there: tuple[Any, list[str]], tmp_path: Path, noun: str) -> None:
    _, where = there
    await asyncio.to_thread(life, noun, lambda *words: invoke(*words, *where), tmp_path)


def test_a_running_broker_says_how_it_can_be_reached(here: str, tmp_path: Path) -> None:
    chosen = Settings(issuer="https://broker.example", mode="example", state=tmp_path / "state")

    async def while_it_runs() -> Result:
        async with opened(chosen):
            return await asyncio.to_thread(invoke, "--config", here, "issuers", "list")

    result = asyncio.run(while_it_runs())
    assert isinstance(result.exception, Fail)
    assert "--server URL --token-file FILE" in str(result.exception)
    assert "\n" not in str(result.exception)


def test_the_secret_of_a_new_client_is_printed_once(here: str) -> None:
    sets = [f"--set={name}={json.dumps(value)}" for name, value in FORMS["clients"].items() if name != "secret_sha256"]
    added = invoke("--config", here, "clients", "add", *sets)
    secret = added.stdout.splitlines()[-1]
    chosen = Settings(issuer="https://broker.example", mode="example", state=Path(here).parent / "state")

    async def stored() -> str | None:
        async with opened(chosen) as running:
            row = await running.world.rows.get(Client, "portal")
            return row.secret if row is not None else None

    assert asyncio.run(stored()) == stored_id(secret)
    assert secret not in invoke("--config", here, "clients", "show", "portal").output
    turned = invoke("--config", here, "clients", "secret", "portal").stdout.splitlines()[-1]
    assert asyncio.run(stored()) == stored_id(turned)
    assert turned != secret


def test_our_secret_at_a_provider_comes_from_a_file_and_is_never_shown(here: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("very-secret-indeed\n", "utf-8")
    said = {name: value for name, value in FORMS["idps"].items() if name != "client_secret"}
    (tmp_path / "idp.yaml").write_text(json.dumps(said), "utf-8")
    added = invoke(
        "--config", here, "idps", "add", "--file", str(tmp_path / "idp.yaml"), "--secret-file", str(tmp_path / "secret")
    )
    assert added.exit_code == 0
    assert "very-secret" not in added.output
    assert "has_secret" in added.output


async def test_what_a_test_found_is_its_status(there: tuple[Any, list[str]], tmp_path: Path) -> None:
    from tests.web.test_admin import es256  # noqa: PLC0415

    s, where = there
    unregistered = ("issuers", "test", "--file", part(tmp_path, "issuers"), *where)
    dead = await asyncio.to_thread(invoke, *unregistered)
    assert dead.exit_code == 1
    assert "refused" in dead.output
    assert "NOT as it is" in dead.output
    s.stage.probe.documents[f"{EGA}/jwks"] = jwks(es256("k"))
    good = await asyncio.to_thread(invoke, *unregistered)
    assert (good.exit_code, "it would be accepted" in good.output) == (0, True)
    as_json = await asyncio.to_thread(invoke, *unregistered, "--json")
    assert json.loads(as_json.stdout)["passes"] is True
    assert s.stage.kinds() == []


MISTAKES: list[tuple[str, list[str], str]] = [
    ("nobody of that name", ["issuers", "show", "https://nobody.example"], "there is no"),
    ("no https", ["issuers", "add", "--set", "issuer=http://ega.example"], "https"),
    ("nonsense", ["issuers", "add", "--set", "nonsense"], "NAME=VALUE"),
    ("an unknown member", ["issuers", "add", "--set", "issuer=https://a.example", "--set", "x=1"], "x"),
    ("nothing to test", ["issuers", "test"], "either NAME"),
    ("no token", ["issuers", "list", "--server", "https://b.example"], "--token-file"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "says"), [case[1:] for case in MISTAKES], ids=[case[0] for case in MISTAKES])
def test_a_mistake_is_told_in_one_line(here: str, words: list[str], says: str) -> None:
    result = invoke("--config", here, *words)
    assert isinstance(result.exception, Fail), result.output
    assert says in str(result.exception)
    assert "\n" not in str(result.exception)


def test_removing_asks_first(here: str, tmp_path: Path) -> None:
    invoke("--config", here, "issuers", "add", "--file", part(tmp_path, "issuers"))
    no = invoke("--config", here, "issuers", "remove", EGA, answer="n\n")
    assert no.exit_code == 1
    assert json.loads(invoke("--config", here, "issuers", "show", EGA, "--json").stdout)["status"] == "active"


TOKENS: list[tuple[str, str, int, str]] = [
    ("others can read it", "t0ken", 0o644, "others can read it"),
    ("empty", "", 0o600, "an access token"),
    ("two words", "a b", 0o600, "an access token"),
    ("half of the credentials", '{"client_id": "x"}', 0o600, "client_id and client_secret"),
    ("of nobody", "not-a-token", 0o600, "AUTH-TOKEN-INVALID"),
]


@pytest.mark.parametrize(("text", "mode", "says"), [case[1:] for case in TOKENS], ids=[case[0] for case in TOKENS])
async def test_credentials_that_are_no_good(
    there: tuple[Any, list[str]], tmp_path: Path, text: str, mode: int, says: str
) -> None:
    _, where = there
    path = tmp_path / "other"
    path.write_text(text)
    path.chmod(mode)
    result = await asyncio.to_thread(invoke, "issuers", "list", *where[:2], "--token-file", str(path))
    assert isinstance(result.exception, Fail)
    assert says in str(result.exception)
    assert text.strip() == "" or text not in str(result.exception)


@pytest.mark.parametrize(
    "server",
    [
        "http://broker.example",
        "http://127.0.0.1.example",
        "http://127.0.0.1@broker.example",
        "http://127.0.0.1:80@broker.example",
        "http://[::1].example",
        "https://admin:secret@broker.example",
        "HTTP://broker.example",
        "https://",
        "//broker.example",
    ],
)
async def test_a_server_without_https_gets_no_token(tmp_path: Path, server: str) -> None:
    path = tmp_path / "token"
    path.write_text("secret-token")
    path.chmod(0o600)
    result = await asyncio.to_thread(invoke, "issuers", "list", "--server", server, "--token-file", str(path))
    assert isinstance(result.exception, Fail)
    assert "https is needed" in str(result.exception)


def test_the_doctor_says_what_cannot_work_and_what_to_look_at(here: str, tmp_path: Path) -> None:
    invoke("--config", here, "issuers", "add", "--file", part(tmp_path, "issuers"))
    well = invoke("--config", here, "doctor")
    assert "1 of 1 issuers, 0 of 0 clients, 0 of 0 idps active" in well.output
    invoke("--config", here, "issuers", "add", "--file", part(tmp_path, "issuers", issuer=f"{EGA}/"))
    assert (
        "look: https://ega.example/: issuer: another row has the same issuer"
        in invoke("--config", here, "doctor").output
    )
    invoke("--config", here, "issuers", "add", "--set", "issuer=https://keyless.example")
    ill = invoke("--config", here, "doctor")
    assert (ill.exit_code, "WRONG issuers, clients, providers: https://keyless.example" in ill.output) == (1, True)
