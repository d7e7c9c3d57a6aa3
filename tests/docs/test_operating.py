"""The files that operators start from: do they name what there is, and ask for no more than they need?"""

import configparser
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from broker.config import Settings, read_settings
from broker.core.passport.limits import REQUEST_BYTES
from broker.web.routes import ROUTES
from tests.docs.doc_blocks import ROOT, own_environment

CONFIG = ROOT / "config"


def steps(dockerfile: str) -> list[tuple[str, str]]:
    """(instruction, rest) of every step, continued lines joined, comments left out."""
    joined = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", dockerfile, flags=re.MULTILINE))
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in joined.splitlines() if line.strip()]


IMAGE = steps((ROOT / "Dockerfile").read_text("utf-8"))


def the(instruction: str) -> str:
    """The one step of this kind in the final stage."""
    stage = IMAGE[max(place for place, step in enumerate(IMAGE) if step[0] == "FROM") :]
    (found,) = (rest for name, rest in stage if name == instruction)
    return found


def test_the_image_is_made_from_a_pinned_base() -> None:
    bases = [rest.split()[0] for name, rest in IMAGE if name == "FROM"]
    assert bases
    assert all(re.fullmatch(r"python:3\.13\.\d+-slim-\w+(@sha256:[0-9a-f]{64})?", base) for base in bases)


@pytest.mark.row("F91")
def test_the_image_runs_as_nobody_in_particular() -> None:
    user, _, group = the("USER").partition(":")
    assert int(user) > 0
    assert int(group) > 0
    assert f"-o {user} -g {group}" in the("RUN")
    assert the("VOLUME") == the("WORKDIR") == "/data"


def test_the_image_starts_the_broker_and_asks_for_its_health() -> None:
    assert json.loads(the("ENTRYPOINT")) + json.loads(the("CMD")) == ["broker", "serve"]
    health = the("HEALTHCHECK")
    (asked,) = re.findall(r"http://127\.0\.0\.1:(\d+)(/\w+)", health)
    environment = dict(pair.split("=", 1) for pair in shlex.split(the("ENV")))
    assert asked[0] == environment["BROKER_PORT"] == the("EXPOSE")
    assert asked[1] in {route.path for route in ROUTES}


def test_the_image_names_settings_that_exist() -> None:
    named = re.findall(r"\bBROKER_([A-Z_]+)=", (ROOT / "Dockerfile").read_text("utf-8"))
    assert {name.lower() for name in named} <= Settings.model_fields.keys()


def test_what_the_image_copies_is_there_and_reaches_the_build() -> None:
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")}
    copied = {each for name, rest in IMAGE if name == "COPY" and "--from" not in rest for each in rest.split()[:-1]}
    assert copied == let_in
    assert all((ROOT / each).exists() for each in copied)


def test_the_image_pins_the_same_uv_as_the_makefile_and_installs_as_it_does() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    (version,) = re.findall(r"^UV_VERSION := (\S+)$", makefile, re.MULTILINE)
    runs = [rest for name, rest in IMAGE if name == "RUN"]
    assert runs[0].endswith(f"uv=={version}")
    assert f"$(BIN)/{runs[1]} " in makefile


def test_what_the_image_installs_finds_its_law_and_its_words(tmp_path: Path) -> None:
    """The build stage's command on this machine; then the installed copy, which knows nothing of this folder."""
    (command,) = (rest for name, rest in IMAGE if name == "RUN" and rest.startswith("uv sync"))
    uv = [str(Path(sys.executable).with_name("uv")), *shlex.split(command)[1:], "--python", sys.executable]
    environment = own_environment() | {"UV_PROJECT_ENVIRONMENT": str(tmp_path / "broker")}
    subprocess.run(uv, cwd=ROOT, env=environment, check=True, timeout=120)
    cases = ROOT / "tests" / "cases" / "duo_cases.json"
    judged = [str(tmp_path / "broker" / "bin" / "broker"), "check", "duo", str(cases)]
    told = subprocess.run(judged, cwd=tmp_path, env=environment, check=True, timeout=60, capture_output=True, text=True)
    assert told.stdout.endswith(" passed, 0 failed\n")
    assert not (tmp_path / "broker" / "bin" / "pytest").exists()


def test_the_example_settings_are_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("BROKER_")]:
        monkeypatch.delenv(name)
    path = CONFIG / "settings.example.toml"
    assert read_settings(path).mode == "production"
    commented = re.sub(r"^# (?=\w+ = )", "", path.read_text("utf-8"), flags=re.MULTILINE)
    assert tomllib.loads(commented).keys() == Settings.model_fields.keys()


def unit() -> configparser.SectionProxy:
    read = configparser.RawConfigParser(strict=False)
    read.optionxform = str  # type: ignore[assignment,method-assign]
    read.read(CONFIG / "systemd" / "access-broker.service")
    return read["Service"]


HARDENED = {
    "NoNewPrivileges": "yes",
    "CapabilityBoundingSet": "",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "ProtectKernelModules": "yes",
    "RestrictNamespaces": "yes",
    "MemoryDenyWriteExecute": "yes",
    "RestrictAddressFamilies": "AF_INET AF_INET6",
    "UMask": "0077",
}


@pytest.mark.row("F91")
@pytest.mark.parametrize(("name", "value"), HARDENED.items())
def test_the_unit_gives_the_service_nothing_that_it_does_not_need(name: str, value: str) -> None:
    assert unit()[name] == value


def test_the_unit_serves_and_waits_for_downloads_to_end() -> None:
    assert unit()["ExecStart"].endswith("/bin/broker --config /etc/access-broker/broker.toml serve")
    assert int(unit()["TimeoutStopSec"].removesuffix("s")) > Settings.model_fields["drain_seconds"].default
    assert unit()["User"] not in {"root", ""}


def test_the_proxy_drops_forwarded_headers_and_holds_no_bytes_back() -> None:
    text = (CONFIG / "nginx" / "access-broker.conf").read_text("utf-8")
    for header in ("Forwarded", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP"):
        assert f'proxy_set_header {header} "";' in text
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in text
    (data,) = re.findall(r"location /data/ \{(.*?)\}", text, re.DOTALL)
    assert "proxy_buffering off;" in data
    assert "proxy_max_temp_file_size 0;" in data


def test_the_proxy_lets_the_largest_request_through() -> None:
    (megabytes,) = re.findall(r"client_max_body_size (\d+)m;", (CONFIG / "nginx" / "access-broker.conf").read_text())
    assert int(megabytes) * 1024 * 1024 > REQUEST_BYTES + 64 * 1024


def test_the_proxy_serves_no_path_that_the_broker_lacks() -> None:
    text = (CONFIG / "nginx" / "access-broker.conf").read_text("utf-8")
    paths = {route.path for route in ROUTES}
    for place in re.findall(r"location (?:= )?(/\S*) \{(?!\s+internal;)", text):
        assert any(path.startswith(place) for path in paths)
