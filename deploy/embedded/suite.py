"""The processes of the suite, in the order they start."""

import sys
from collections.abc import Mapping
from pathlib import Path

from deploy.embedded.environment import (
    Parts,
    base_environment,
    migration_environment,
    reach_environment,
    service_environment,
    worker_environment,
)
from deploy.embedded.home import Home
from deploy.embedded.probes import http_probe
from deploy.embedded.process import ProcessSpec
from deploy.embedded.settings import CHECKOUT, RunSettings
from deploy.embedded.tokens import platform_token

INNER_SERVICES = ("media", "transcoder", "progress")
WORKERS = ("media", "transcoder", "progress")
DEMO_TOKEN_SECONDS = 6 * 3600


def reach(settings: RunSettings, home: Home, private: str, public: str) -> ProcessSpec:
    """Asks the servers of the user's own; its last words are the sentence about the one that is away."""
    environment = reach_environment(settings, home, private, public)
    return _python("reach", "deploy.embedded.reach", environment, speaks=True)


def migration(settings: RunSettings, home: Home, parts: Parts) -> ProcessSpec:
    return _python("migrate", "shared.db.migrate", migration_environment(settings, home, parts))


def inner(settings: RunSettings, home: Home, parts: Parts) -> list[ProcessSpec]:
    """The services behind the gateway and the workers. A worker has no port: it is there when the gateway says so."""
    specs = []
    for service in INNER_SERVICES:
        environment = service_environment(service, settings, home, parts)
        probe = http_probe("127.0.0.1", parts.ports[service], "/health/live")
        specs.append(_python(service, f"services.{service}", environment, ready=probe, umask=_umask(home, parts)))
    for service in WORKERS:
        environment = worker_environment(service, settings, home, parts)
        name = f"{service}-worker"
        specs.append(_python(name, f"services.{service}.worker", environment, umask=_umask(home, parts)))
    return specs


def gateway(settings: RunSettings, home: Home, parts: Parts) -> ProcessSpec:
    environment = service_environment("gateway", settings, home, parts)
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104 - read, not bound
    return _python("gateway", "services.gateway", environment, ready=http_probe(host, settings.port, "/health/live"))


def demo(settings: RunSettings, home: Home, parts: Parts) -> ProcessSpec:
    token = platform_token(
        parts.secrets["PLATFORM_JWT_SECRET"],
        "admin",
        "demo-admin",
        seconds=DEMO_TOKEN_SECONDS,
        issuer=settings.given.get("PLATFORM_JWT_ISSUER", "lectern"),
        audience=settings.given.get("PLATFORM_JWT_AUDIENCE", "lectern"),
    )
    environment = base_environment(settings.given, home) | {
        "LECTERN_URL": settings.url,
        "LECTERN_TOKEN": token,
        "FFMPEG_PATH": parts.ffmpeg,
        "DEMO_DIRECTORY": str(home.demo),
    }
    return _python("demo", "deploy.embedded.demo", environment)


def _umask(home: Home, parts: Parts) -> int:
    """A public store outside of the home may be read by an nginx, which is another user: its modes are the user's."""
    public = parts.public_storage_url
    return -1 if public.startswith("file:") and public != home.public_storage.as_uri() else 0o077


def _python(name: str, module: str, environment: Mapping[str, str], **options: object) -> ProcessSpec:
    return ProcessSpec(
        name=name,
        argv=[sys.executable, "-m", module],
        env=environment,
        directory=Path(CHECKOUT),
        **options,  # type: ignore[arg-type]
    )
