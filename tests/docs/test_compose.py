"""The compose file names what there is: the image, settings, addresses; nothing of it is run here (ruling 30)."""

import re
from typing import Any

import yaml

from broker.config import Settings
from tests.docs.doc_blocks import ROOT
from tests.docs.test_operating import the

FOLDER = ROOT / "config" / "compose"
FILE: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text("utf-8"))
BROKERS = {name: each for name, each in FILE["services"].items() if name.startswith("broker-")}


def test_two_brokers_a_database_a_proxy_and_an_object_store() -> None:
    assert set(FILE["services"]) == {"broker-1", "broker-2", "postgres", "head", "nginx", "objects"}
    for each in BROKERS.values():
        assert (FOLDER / each["build"] / "Dockerfile").resolve() == ROOT / "Dockerfile"
        assert each["read_only"] is True


def test_their_settings_are_settings_and_go_to_services_that_are_there() -> None:
    for each in BROKERS.values():
        given = {name.removeprefix("BROKER_").lower(): value for name, value in each["environment"].items()}
        given.pop("pgpassfile")
        given["trusted_proxies"] = (given["trusted_proxies"],)
        settings = Settings.model_validate(given)
        hosts = re.findall(r"@(\w+)/", f"{settings.database_url} {settings.head_url}")
        assert hosts == ["postgres", "head"]
        assert f"state:{the('WORKDIR')}" in each["volumes"]
        assert set(each["secrets"]) <= set(FILE["secrets"])


def test_the_proxy_asks_both_and_is_otherwise_the_one_that_is_shipped() -> None:
    ours = (FOLDER / "nginx.conf").read_text("utf-8")
    assert re.findall(r"server (broker-\d):(\d+);", ours) == [(name, the("EXPOSE")) for name in sorted(BROKERS)]
    shipped = (ROOT / "config" / "nginx" / "access-broker.conf").read_text("utf-8")
    alone = re.sub(r"( +server broker-\d:\d+;\n)+", "    server 127.0.0.1:8080;\n", ours)
    assert alone.splitlines()[1:] == shipped.splitlines()[1:]


def test_every_volume_and_secret_that_is_named_is_declared() -> None:
    for service in FILE["services"].values():
        named = [volume.split(":")[0] for volume in service.get("volumes", ())]
        assert {name for name in named if not name.startswith(".")} <= set(FILE["volumes"])
        assert set(service.get("secrets", ())) <= set(FILE["secrets"])
        assert ":" in service.get("image", "built:")
