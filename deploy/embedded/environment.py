"""What each process is told: exactly the settings it needs, nothing of what the others know.

The names are the contract with `services/*/settings.py`. A setting a service reads and a user may set is listed in
OPTIONAL and described in `.env.example`.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy.embedded.home import Home
from deploy.embedded.problem import SetupProblemError
from deploy.embedded.sentinel import MARKER_VARIABLE
from deploy.embedded.settings import CHECKOUT, SERVICES, RunSettings

# Of the caller's own environment, every process gets what programs need to find files, certificates and a language.
_INHERITED = (
    "PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "LD_LIBRARY_PATH",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "PYTHONDONTWRITEBYTECODE", "PYTHONWARNINGS", "COVERAGE_PROCESS_START",
)  # fmt: skip
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")
_S3 = (
    *("S3_ENDPOINT_URL", "S3_PUBLIC_ENDPOINT_URL", "S3_REGION", "S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY"),
    "AWS_CA_BUNDLE",
)
_EVERYWHERE = ("LOG_LEVEL", "DATABASE_POOL_SIZE")
OPTIONAL: dict[str, tuple[str, ...]] = {
    "gateway": (
        *_S3,
        *_PROXIES,
        "PLATFORM_JWT_PUBLIC_KEY",
        "PLATFORM_JWKS_URL",
        "PLATFORM_JWT_CLAIMS",
        "PLATFORM_JWT_ROLES",
        "ENTITLEMENT_URL",
        "ENTITLEMENT_SECRET",
        "IP_POLICY",
        "SESSION_MAX_HOURS",
        "MAX_STREAMS",
        "WATERMARK",
        "TRUSTED_PROXIES",
        "CORS_ALLOWED_ORIGINS",
        "CSP_SOURCES",
        "EMBED_ANCESTORS",
        "HSTS_SECONDS",
        *("RATE_ACCESS_TOKENS", "RATE_REFUSED_TOKENS", "RATE_REFUSED_SIGN_INS"),
        *("RATE_UPLOADS", "RATE_CALLS", "RATE_BACK_END_CALLS"),
        "AUDIT_RETENTION_DAYS",
        "AUDIT_FULL_IP",
        "MAX_UPLOAD_BYTES",
    ),
    "media": (
        *(*_S3, *_PROXIES, "MAX_UPLOAD_BYTES"),
        *("SESSION_MAX_HOURS", "KEY_ROTATION_DAYS", "DOWNLOADS_STORAGE_URL", "DOWNLOAD_KEEP_DAYS"),
        *("KEEP_REPLACED_DAYS", "SOURCE_RETENTION", "SOURCE_RETENTION_DAYS", "COLD_STORAGE_CLASS"),
        "STORAGE_QUOTA_BYTES",
        *("ACCEPT_WEBM", "COURSE_QUOTA_BYTES", "UPLOAD_EXPIRE_HOURS", "INGEST_ALLOW", "PUBLIC_URL"),
    ),
    "transcoder": (
        *(*_S3, *_PROXIES),
        *("TRANSCODER_SLOTS", "VIDEO_ENCODER", "SOURCE_CACHE_BYTES", "CHUNK_DISK_BYTES", "DOWNLOADS_STORAGE_URL"),
        *("TRANSCRIBE_COMMAND", "TRANSCRIBE_TIMEOUT"),
    ),
    "progress": (
        *("KEY_ROTATION_DAYS", "PUBLIC_URL", "XAPI_HOME_PAGE"),
        *("VIEW_THRESHOLD_SECONDS", "ANALYTICS_RETENTION_DAYS", "ANALYTICS_IP", "EGRESS_PRICE_PER_GB"),
        *("WEBHOOK_ALLOW", "WEBHOOK_RETRY_SCALE", "EVENT_RETENTION_DAYS"),
        *("LRS_URL", "LRS_USERNAME", "LRS_PASSWORD"),
    ),
}


@dataclass(frozen=True)
class Parts:
    """Where the parts of this run are. Secrets and addresses, already decided between embedded and the user's own."""

    owner_database_url: str
    database_urls: Mapping[str, str]
    redis_url: str
    private_storage_url: str
    public_storage_url: str
    public_base_url: str
    ffmpeg: str
    secrets: Mapping[str, str] = field(repr=False)
    ports: Mapping[str, int] = field(default_factory=dict)


def base_environment(given: Mapping[str, str], home: Home) -> dict[str, str]:
    """What every process gets, and the mark by which the supervisor knows its own."""
    kept = {name: given[name] for name in _INHERITED if name in given}
    kept.setdefault("PATH", os.defpath)
    return {**kept, "PYTHONUNBUFFERED": "1", MARKER_VARIABLE: str(home.path)}


def migration_environment(settings: RunSettings, home: Home, parts: Parts) -> dict[str, str]:
    """For `python -m shared.db.migrate`: the owner's URL, and the roles it has to make and grant to."""
    environment = base_environment(settings.given, home) | {"DATABASE_URL": parts.owner_database_url}
    for service, url in parts.database_urls.items():
        if url != parts.owner_database_url:
            environment[f"{service.upper()}_DATABASE_URL"] = url
    return environment


def reach_environment(settings: RunSettings, home: Home, private: str, public: str) -> dict[str, str]:
    """For `python -m deploy.embedded.reach`: the addresses that the user named, and no other."""
    given = settings.given
    environment = base_environment(given, home)
    for name in ("DATABASE_URL", "REDIS_URL", *_S3, *_PROXIES):
        if name in given:
            environment[name] = given[name]
    if "STORAGE_URL" in given or "PRIVATE_STORAGE_URL" in given or "PUBLIC_STORAGE_URL" in given:
        environment |= {"PRIVATE_STORAGE_URL": private, "PUBLIC_STORAGE_URL": public}
        if not {"PRIVATE_STORAGE_URL", "PUBLIC_STORAGE_URL"} <= given.keys():
            environment["STORAGE_SETTING"] = "STORAGE_URL"
    return environment


def service_environment(service: str, settings: RunSettings, home: Home, parts: Parts) -> dict[str, str]:
    """For `python -m services.<service>`."""
    environment = base_environment(settings.given, home)
    for name in (*_EVERYWHERE, *OPTIONAL[service]):
        if name in settings.given:
            environment[name] = settings.given[name]
    environment |= {
        "LISTEN_HOST": "127.0.0.1",
        "LISTEN_PORT": str(parts.ports[service]),
        "DATABASE_URL": parts.database_urls[service],
        "REDIS_URL": parts.redis_url,
    }
    own = {"gateway": _gateway, "media": _media, "transcoder": _transcoder, "progress": _progress}[service]
    return environment | own(settings, home, parts)


def worker_environment(service: str, settings: RunSettings, home: Home, parts: Parts) -> dict[str, str]:
    """For `python -m services.<service>.worker`: as for the service, but nobody calls it over HTTP."""
    environment = service_environment(service, settings, home, parts)
    for name in ("LISTEN_HOST", "LISTEN_PORT", f"{service.upper()}_SERVICE_SECRET"):
        del environment[name]
    return environment


def _gateway(settings: RunSettings, _home: Home, parts: Parts) -> dict[str, str]:
    environment = {
        "LISTEN_HOST": settings.host,
        "LISTEN_PORT": str(settings.port),
        "PUBLIC_STORAGE_URL": parts.public_storage_url,
        "PUBLIC_BASE_URL": parts.public_base_url,
        "WEB_ROOT": settings.given.get("WEB_ROOT", str(CHECKOUT / "web" / "dist")),
        "PLATFORM_JWT_SECRET": parts.secrets["PLATFORM_JWT_SECRET"],
        "PLATFORM_JWT_ISSUER": settings.given.get("PLATFORM_JWT_ISSUER", "lectern"),
        "PLATFORM_JWT_AUDIENCE": settings.given.get("PLATFORM_JWT_AUDIENCE", "lectern"),
        "MASTER_KEYS": parts.secrets["MASTER_KEYS"],
        "DEMO_SIGN_IN": "1" if settings.demo_sign_in else "0",
    }
    for inner in SERVICES[1:]:
        environment[f"{inner.upper()}_URL"] = f"http://127.0.0.1:{parts.ports[inner]}"
        environment[f"{inner.upper()}_SERVICE_SECRET"] = parts.secrets[f"{inner.upper()}_SERVICE_SECRET"]
    return environment


def _media(_settings: RunSettings, _home: Home, parts: Parts) -> dict[str, str]:
    return _storage(parts) | {
        "PUBLIC_BASE_URL": parts.public_base_url,
        "MEDIA_SERVICE_SECRET": parts.secrets["MEDIA_SERVICE_SECRET"],
        "MASTER_KEYS": parts.secrets["MASTER_KEYS"],
    }


def _transcoder(_settings: RunSettings, home: Home, parts: Parts) -> dict[str, str]:
    return _storage(parts) | {
        "TRANSCODER_SERVICE_SECRET": parts.secrets["TRANSCODER_SERVICE_SECRET"],
        "MASTER_KEYS": parts.secrets["MASTER_KEYS"],
        "FFMPEG_PATH": parts.ffmpeg,
        "WORK_DIR": str(home.work),
    }


def _progress(_settings: RunSettings, _home: Home, parts: Parts) -> dict[str, str]:
    return {
        "PROGRESS_SERVICE_SECRET": parts.secrets["PROGRESS_SERVICE_SECRET"],
        "WEBHOOK_SECRET_KEY": parts.secrets["WEBHOOK_SECRET_KEY"],
    }


def _storage(parts: Parts) -> dict[str, str]:
    return {"PRIVATE_STORAGE_URL": parts.private_storage_url, "PUBLIC_STORAGE_URL": parts.public_storage_url}


def chosen_secrets(given: Mapping[str, str], generated: Mapping[str, str]) -> dict[str, str]:
    """The home's secrets, except those the user brings: the platform's JWT secret, the master keys, service secrets."""
    return {name: given.get(name, value) for name, value in generated.items()}


def storage_urls(given: Mapping[str, str], home: Home) -> tuple[str, str, str]:
    """Private store, public store, and where browsers fetch the public one. Raises SetupProblemError."""
    if "PRIVATE_STORAGE_URL" in given and "PUBLIC_STORAGE_URL" in given:
        private, public = given["PRIVATE_STORAGE_URL"], given["PUBLIC_STORAGE_URL"]
    elif "STORAGE_URL" not in given:
        private, public = home.private_storage.as_uri(), home.public_storage.as_uri()
    else:
        # Imported here: it brings the S3 client along, a second that nobody else waits for.
        from shared.storage import split_storage_url

        try:
            private, public = split_storage_url(given["STORAGE_URL"])
        except ValueError as error:
            raise SetupProblemError(
                f"STORAGE_URL cannot be used ({error}): it has the form file:///directory or s3://private-bucket?public=public-bucket."
            ) from error
    if "PUBLIC_BASE_URL" in given:
        return private, public, given["PUBLIC_BASE_URL"]
    if public.startswith("file:"):
        return private, public, "/public"
    raise SetupProblemError(
        f"The public store is {public}, so PUBLIC_BASE_URL has to say where browsers fetch it, "
        f"for example PUBLIC_BASE_URL=https://media.example.org."
    )


def ffmpeg_path(given: Mapping[str, str]) -> str:
    """The user's FFMPEG_PATH, else the one that comes as a wheel. Raises SetupProblemError."""
    if "FFMPEG_PATH" in given:
        path = Path(given["FFMPEG_PATH"]).expanduser()
        if not os.access(path, os.X_OK) or path.is_dir():
            raise SetupProblemError(f"FFMPEG_PATH is {path}, which is no program: mend it, or leave it out.")
        return str(path.absolute())
    try:
        import imageio_ffmpeg

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError) as error:
        raise SetupProblemError(
            "No FFmpeg is installed for this system: set FFMPEG_PATH to one of yours (9.0 is tried, no older one)."
        ) from error
