"""``/embed/{videoId}``: the one page that others may show in a frame, where ``EMBED_ANCESTORS`` allows them.

It takes nothing from a cookie, and does nothing for whoever frames it but to play what a one-time token opens, so that it
is no harm to be seen in a frame. Every other page stays out of frames.
"""

import asyncio
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import HTMLResponse

from services.gateway.limits.headers import EMBED, PAGE, page_policy
from services.gateway.site.web import NOT_BUILT

PLACE = "%ANCESTORS%"
"""Where the page is told who may frame it, so that it listens to and speaks to nobody else."""


def embed_headers(sources: Sequence[str], ancestors: Sequence[str]) -> Mapping[str, str]:
    """What the page says in place of what the others say. X-Frame-Options knows no list, and browsers that know
    frame-ancestors do not look at it."""
    headers = {name: value for name, value in PAGE.items() if name != "X-Frame-Options"}
    return {
        **headers,
        "Content-Security-Policy": page_policy(sources, " ".join(("'self'", *ancestors))),
        # A page that isolates itself (COEP) frames nothing else.
        "Cross-Origin-Resource-Policy": "cross-origin",
        # The address has the token until the page took it away.
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }


def add_embed(app: FastAPI, root: Path | None, ancestors: Sequence[str]) -> None:
    """Serve the page of the build below ``root``. What stands in the path is the page's own to read."""
    told = escape(" ".join(ancestors), quote=True)

    @app.api_route(EMBED + "{video_id}", methods=["GET", "HEAD"], include_in_schema=False)
    async def embed(video_id: str) -> HTMLResponse:
        page = None if root is None else await asyncio.to_thread(_read, root / "embed.html")
        return HTMLResponse(NOT_BUILT, 503) if page is None else HTMLResponse(page.replace(PLACE, told))


def _read(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
