"""The compose file names what there is: the image, settings, addresses; nothing of it is run here (ruling 30)."""

import re
from typing import Any

import pytest
import yaml

from broker.adapters.storage.postgres import connections
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


def test_who_is_waited_for_can_say_that_it_is_well() -> None:
    for service in FILE["services"].values():
        waits = service.get("depends_on", ())
        assert set(waits) <= set(FILE["services"])
        for name in waits if isinstance(waits, dict) else ():
            assert waits[name] == {"condition": "service_healthy"}
            assert FILE["services"][name]["healthcheck"]["test"]


def test_every_secret_that_a_service_reads_is_handed_to_it_and_none_is_written_here() -> None:
    for service in FILE["services"].values():
        read = re.findall(r"/run/secrets/(\w+)", str(service.get("environment", "")))
        assert set(read) <= set(service.get("secrets", ()))
        said = dict(service.get("environment", {}))
        bare = [name for name in said if re.search("PASS|SECRET|TOKEN|USER$", name) and name != "POSTGRES_USER"]
        assert all(name.endswith("FILE") for name in bare), bare
    assert all(list(each) == ["file"] for each in FILE["secrets"].values())


def test_only_the_proxy_is_reached_from_outside_and_its_word_alone_counts() -> None:
    assert [name for name, each in FILE["services"].items() if "ports" in each] == ["nginx"]
    (network,) = FILE["networks"]["default"]["ipam"]["config"]
    for each in BROKERS.values():
        assert each["environment"]["BROKER_TRUSTED_PROXIES"] == network["subnet"]
        assert "BROKER_METRICS_FROM" not in each["environment"], "who watches says from where"


@pytest.mark.parametrize("name", ["postgres", "head"])
def test_the_databases_keep_what_they_acknowledge(name: str) -> None:
    service = FILE["services"][name]
    said = dict(each.split("=") for each in service["command"] if "=" in each)
    must = dict(connections._MUST)
    assert {setting: value in must[setting] for setting, value in said.items()} == dict.fromkeys(said, True)
    assert said.keys() == {"synchronous_commit", "fsync", "full_page_writes"}
    assert int(re.findall(r":(\d+)", service["image"])[0]) >= connections.OLDEST
