"""What docker-compose.yml promises: each process its own settings and secrets, one door to the outside."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.gateway.settings import GatewaySettings
from services.media.settings import MediaSettings, MediaWorkerSettings
from services.progress.settings import ProgressSettings, ProgressWorkerSettings
from services.transcoder.settings import TranscoderSettings, TranscoderWorkerSettings
from shared.db.roles import GRANTS
from shared.settings import Fragment
from tests.support.running import ROOT

SETTINGS: dict[str, type[Fragment]] = {
    "gateway": GatewaySettings,
    "media": MediaSettings,
    "media-worker": MediaWorkerSettings,
    "transcoder": TranscoderSettings,
    "transcoder-worker": TranscoderWorkerSettings,
    "progress": ProgressSettings,
    "progress-worker": ProgressWorkerSettings,
}
OURS = {*SETTINGS, "migrate"}
# Of several tokens a setting says how many there may be.
THEIRS = {"LRS_PASSWORD"}
"""Secrets that somebody else made, for what not everybody has: nobody can make them here, and none is needed."""
SECRET = re.compile(r"PASSWORD|SECRET|TOKEN(?!S)|MASTER_KEYS|KEY_ID")
USED = re.compile(r"\$\{([A-Z0-9_]+)(:?[-?][^}]*)?\}")


def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return loaded


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    found: dict[str, Any] = compose()["services"]
    return found


def filled(value: str, secrets: dict[str, str]) -> str:
    """As compose fills it in where nothing but the secrets is set."""

    def one(found: re.Match[str]) -> str:
        name, rest = found.group(1), found.group(2) or ""
        return secrets.get(name) or rest.removeprefix(":").removeprefix("-")

    return USED.sub(one, value)


@pytest.fixture
def secrets() -> dict[str, str]:
    """A value that names itself for every secret that is asked for."""
    names = {name for name, rest in USED.findall((ROOT / "docker-compose.yml").read_text()) if rest.startswith(":?")}
    return {name: f"{name}-{'x' * 32}" for name in names}


@pytest.mark.parametrize("name", SETTINGS)
def test_each_process_is_told_just_what_its_settings_know(services: dict[str, Any], name: str) -> None:
    known = {field.upper() for field in SETTINGS[name].model_fields}
    assert set(services[name]["environment"]) <= known


@pytest.mark.parametrize("name", SETTINGS)
def test_each_process_starts_with_what_it_is_told(
    services: dict[str, Any], name: str, secrets: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for field in SETTINGS[name].model_fields:
        monkeypatch.delenv(field.upper(), raising=False)
    for variable, value in services[name]["environment"].items():
        monkeypatch.setenv(variable, filled(value, secrets))
    settings = SETTINGS[name]()
    if isinstance(settings, GatewaySettings):
        nginx = services["nginx"]["networks"]["edge"]["ipv4_address"]
        assert [str(network) for network in settings.proxy_networks] == [f"{filled(nginx, {})}/32"]
        assert not settings.demo_sign_in


def test_each_process_knows_only_its_own_secrets(services: dict[str, Any]) -> None:
    """Which of them every container is given, in full: a secret that wanders shows here."""
    storage = {"gateway": "GATEWAY", "media": "MEDIA", "media-worker": "MEDIA", "transcoder-worker": "TRANSCODER"}
    expected: dict[str, set[str]] = {
        name: {f"STACK_POSTGRES_{name.removesuffix('-worker').upper()}_PASSWORD"} for name in SETTINGS
    }
    for name in ("media", "transcoder", "progress"):
        expected[name].add(f"STACK_{name.upper()}_SERVICE_SECRET")
        expected["gateway"].add(f"STACK_{name.upper()}_SERVICE_SECRET")
    for name in SETTINGS:
        expected[name].add("STACK_VALKEY_PASSWORD")
    for name in ("progress", "progress-worker"):
        expected[name].add("STACK_WEBHOOK_SECRET_KEY")
    expected["progress-worker"].add("LRS_PASSWORD")
    for name, owner in storage.items():
        expected[name] |= {f"STACK_S3_{owner}_KEY_ID", f"STACK_S3_{owner}_SECRET"}
    for name in ("gateway", "media", "media-worker", "transcoder-worker"):
        expected[name].add("STACK_MASTER_KEYS")
    expected["gateway"] |= {"STACK_PLATFORM_JWT_SECRET", "STACK_ENTITLEMENT_SECRET"}
    expected["migrate"] = {f"STACK_POSTGRES_{service.upper()}_PASSWORD" for service in (*GRANTS, "owner")}
    expected["buckets"] = {"STACK_S3_ADMIN_TOKEN"} | {
        f"STACK_S3_{owner}_{part}" for owner in storage.values() for part in ("KEY_ID", "SECRET")
    }
    expected["postgres"] = {"STACK_POSTGRES_SUPERUSER_PASSWORD", "STACK_POSTGRES_OWNER_PASSWORD"}
    expected["valkey"] = {"STACK_VALKEY_PASSWORD"}
    expected["s3"] = {"STACK_S3_RPC_SECRET", "STACK_S3_ADMIN_TOKEN"}
    expected["nginx"] = set()
    given = {
        name: {used for used, _ in USED.findall(yaml.safe_dump(service)) if SECRET.search(used)}
        for name, service in services.items()
    }
    assert given == expected


def test_no_secret_has_a_default_and_each_says_where_it_comes_from() -> None:
    found = [
        (name, rest)
        for name, rest in USED.findall((ROOT / "docker-compose.yml").read_text())
        if SECRET.search(name) and name not in THEIRS
    ]
    assert found
    assert {rest for _, rest in found} == {":?run deploy/docker/make-env.sh"}


def test_no_secret_is_written_out(services: dict[str, Any]) -> None:
    for name, service in services.items():
        for variable, value in (service.get("environment") or {}).items():
            if SECRET.search(variable):
                assert USED.search(value), f"{name}: {variable}"
            for written in re.findall(r"://[^@/]*:([^@/]+)@", value):
                assert USED.fullmatch(written), f"{name}: {variable}"


def test_only_nginx_can_be_reached_from_outside(services: dict[str, Any]) -> None:
    assert {name for name, service in services.items() if "ports" in service} == {"nginx"}
    assert not any(key in service for service in services.values() for key in ("network_mode", "privileged", "pid"))
    networks = {name: set(service["networks"]) for name, service in services.items()}
    assert compose()["networks"]["inner"]["internal"] is True
    assert networks["nginx"] == {"edge"}
    assert {name for name, members in networks.items() if "edge" in members} == {"nginx", "gateway", "s3"}


def test_just_who_asks_others_has_a_way_out(services: dict[str, Any]) -> None:
    """Films are fetched from addresses, webhooks are sent to some. Whoever runs FFmpeg reaches nobody."""
    networks = compose()["networks"]
    assert not (networks["outside"] or {}).get("internal")
    out = {name for name, service in services.items() if "outside" in service["networks"]}
    assert out == {"media", "media-worker", "progress", "progress-worker"}
    assert set(services["transcoder-worker"]["networks"]) == {"inner"}


def test_what_is_ours_runs_with_as_little_as_it_can(services: dict[str, Any]) -> None:
    for name in {*OURS, "nginx", "buckets", "valkey", "s3"}:
        service = services[name]
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name


def test_nothing_is_asked_for_before_it_can_be_there(services: dict[str, Any]) -> None:
    for name in SETTINGS:
        assert services[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    for name, service in services.items():
        for needed, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                # From the compose file, or from the image where the Dockerfile is ours.
                assert "healthcheck" in services[needed] or needed in SETTINGS, f"{name} waits for {needed}"
                assert not services[needed].get("healthcheck", {}).get("disable"), f"{name} waits for {needed}"


def test_every_image_is_built_here_or_pinned(services: dict[str, Any]) -> None:
    for name, service in services.items():
        if "build" in service:
            assert (ROOT / service["build"]["dockerfile"]).is_file(), name
        else:
            assert re.search(r":v?\d+\.\d+(\.\d+)?(-[a-z]+)*$", service["image"]), f"{name}: {service['image']}"


def test_every_mounted_file_is_there(services: dict[str, Any]) -> None:
    for name, service in services.items():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert not source.startswith(".") or (ROOT / Path(source)).exists(), f"{name}: {volume}"


def test_nginx_is_told_every_name_its_configuration_asks_for(services: dict[str, Any]) -> None:
    environment = services["nginx"]["environment"]
    site = "\n".join(
        line for line in (ROOT / "deploy/nginx/lectern.conf").read_text().splitlines() if not line.startswith("#")
    )
    asked = set(re.findall(r"\$\{([A-Z0-9_]+)\}", site))
    assert asked - {"NGINX_LOCAL_RESOLVERS"} == {name for name in environment if name.startswith("LECTERN_")}
    assert all(re.search(environment["NGINX_ENVSUBST_FILTER"], name) for name in asked)


def test_buckets_are_named_alike_everywhere(services: dict[str, Any]) -> None:
    script = (ROOT / "deploy/docker/prepare_s3.py").read_text()
    for name in SETTINGS:
        for variable in ("PRIVATE_STORAGE_URL", "PUBLIC_STORAGE_URL", "DOWNLOADS_STORAGE_URL"):
            url = services[name]["environment"].get(variable)
            assert url is None or f'"{url.removeprefix("s3://")}"' in script
    root_domain = re.search(r'root_domain = "([^"]+)"', (ROOT / "deploy/docker/garage.toml").read_text())
    assert root_domain is not None
    assert services["nginx"]["environment"]["LECTERN_PUBLIC_BUCKET_HOST"] == "lectern-public" + root_domain.group(1)
