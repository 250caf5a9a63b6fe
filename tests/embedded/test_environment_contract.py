"""What the supervisor tells each service is what that service reads, no less and no more."""

import base64
from pathlib import Path

import pytest

from deploy.embedded.environment import (
    _EVERYWHERE,
    _S3,
    OPTIONAL,
    Parts,
    base_environment,
    service_environment,
    worker_environment,
)
from deploy.embedded.home import Home
from deploy.embedded.secrets import load_secrets
from deploy.embedded.settings import SERVICES, RunSettings, load_settings
from services.gateway.settings import GatewaySettings
from services.media.settings import MediaSettings, MediaWorkerSettings
from services.progress.settings import ProgressSettings, ProgressWorkerSettings
from services.transcoder.settings import TranscoderSettings, TranscoderWorkerSettings

READERS = {
    ("gateway", False): GatewaySettings,
    ("media", False): MediaSettings,
    ("media", True): MediaWorkerSettings,
    ("transcoder", False): TranscoderSettings,
    ("transcoder", True): TranscoderWorkerSettings,
    ("progress", False): ProgressSettings,
    ("progress", True): ProgressWorkerSettings,
}


@pytest.fixture
def run(tmp_path: Path) -> tuple[RunSettings, Home, Parts]:
    home = Home(tmp_path)
    parts = Parts(
        owner_database_url="postgresql://lectern:x@127.0.0.1/lectern",
        database_urls={service: f"postgresql://lectern_{service}:x@127.0.0.1/lectern" for service in SERVICES},
        redis_url="redis://127.0.0.1",
        private_storage_url="file:///p",
        public_storage_url="file:///q",
        public_base_url="/public",
        ffmpeg="/usr/bin/ffmpeg",
        secrets=load_secrets(home.secrets_file),
        ports=dict.fromkeys(SERVICES, 1234),
    )
    return load_settings({}, tmp_path), home, parts


@pytest.mark.parametrize(("service", "worker"), READERS)
def test_a_service_finds_all_it_needs_and_all_it_may_be_told_is_passed_on(
    run: tuple[RunSettings, Home, Parts], service: str, worker: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = (worker_environment if worker else service_environment)(service, *run)
    reader = READERS[service, worker]
    for name in reader.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    reader()
    passed_on = {*told, *OPTIONAL[service], *_EVERYWHERE}
    assert {name.upper() for name in reader.model_fields} <= passed_on


def test_nobody_is_told_a_secret_it_does_not_read(run: tuple[RunSettings, Home, Parts]) -> None:
    for (service, worker), reader in READERS.items():
        told = (worker_environment if worker else service_environment)(service, *run)
        secrets = {name for name in told if name.endswith(("_SECRET", "_KEYS", "_SECRET_KEY", "_PASSWORD"))}
        read = {name.upper() for one in READERS if one[0] == service for name in READERS[one].model_fields}
        assert secrets <= read, f"{service} {reader.__name__}"
        assert base_environment({}, run[1]).keys() <= told.keys()


def test_the_generated_master_key_is_one(run: tuple[RunSettings, Home, Parts]) -> None:
    number, _, key = run[2].secrets["MASTER_KEYS"].partition(":")
    assert (number, len(base64.b64decode(key, validate=True))) == ("1", 32)
    assert len(set(_S3)) == len(_S3)
