"""The committed ``openapi.json`` of each service, and of the whole public API: ``python -m cli.openapi`` writes them,
``--check`` compares."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from cli.public_api import public_api
from services.gateway.app import create_app as gateway_app
from services.gateway.settings import GatewaySettings
from services.gateway.site.api_document import PUBLIC_API
from services.media.app import create_app as media_app
from services.media.settings import MediaSettings
from services.progress.app import create_app as progress_app
from services.progress.settings import ProgressSettings
from services.transcoder.app import create_app as transcoder_app
from services.transcoder.settings import TranscoderSettings

ROOT = Path(__file__).parent.parent / "services"

# An app is only described here, never started: these settings are of the right kind and lead nowhere.
_ENVIRONMENT: dict[str, Any] = {
    "listen_port": 0,
    "database_url": "postgresql://nobody@127.0.0.1/none",
    "redis_url": "redis://127.0.0.1/0",
    "private_storage_url": "file:///nowhere/private",
    "public_storage_url": "file:///nowhere/public",
    "media_url": "http://127.0.0.1",
    "progress_url": "http://127.0.0.1",
    "transcoder_url": "http://127.0.0.1",
    "media_service_secret": "x" * 32,
    "progress_service_secret": "x" * 32,
    "transcoder_service_secret": "x" * 32,
    "platform_jwt_secret": "x" * 32,
    "webhook_secret_key": "x" * 32,
    "master_keys": "1:" + "A" * 43 + "=",
}

APPS: dict[str, Callable[[], FastAPI]] = {
    "gateway": lambda: gateway_app(GatewaySettings(**_ENVIRONMENT)),
    "media": lambda: media_app(MediaSettings(**_ENVIRONMENT)),
    "progress": lambda: progress_app(ProgressSettings(**_ENVIRONMENT)),
    "transcoder": lambda: transcoder_app(TranscoderSettings(**_ENVIRONMENT)),
}


def described() -> dict[Path, str]:
    """The OpenAPI documents as they are committed: of each service, and of what the world sees of them all."""
    apps = {service: make() for service, make in APPS.items()}
    documents = {ROOT / service / "openapi.json": app.openapi() for service, app in apps.items()}
    documents[PUBLIC_API] = public_api(apps)
    return {
        path: json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
        for path, document in documents.items()
    }


def main(arguments: list[str]) -> int:
    stale = []
    for path, text in described().items():
        if "--check" not in arguments:
            path.write_text(text, encoding="utf-8")
        elif not path.is_file() or path.read_text(encoding="utf-8") != text:
            stale.append(str(path.relative_to(ROOT)))
    if stale:
        print(f"Out of date: {', '.join(stale)}. Run make openapi and commit it.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
