"""The web app: files of the build, and its index for every address that the app routes by itself.

An address that it does not know gets the index as well, which says so, and the status 404.
"""

import asyncio
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, HTMLResponse, Response

from shared.http import Problem

FILE_ENDINGS = (".js", ".css", ".map", ".svg", ".png", ".ico", ".woff2", ".txt", ".json", ".webmanifest", ".php")
ROUTES = (
    "/",
    "/courses/:courseId",
    "/courses/:courseId/chapters/:chapterId",
    "/admin",
    "/admin/courses/:courseId",
    "/admin/videos",
    "/admin/videos/:videoId",
    "/admin/students",
    "/admin/students/:userId",
    "/admin/analytics",
    "/admin/jobs",
    "/admin/storage",
    "/admin/webhooks",
    "/admin/access",
    "/admin/health",
)
"""The pages of web/src/app/router.tsx."""
NOT_BUILT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Lectern</title>
<p>The web app is not built. Run <code>make run</code>, which builds it.</p></html>"""


def _asset(root: Path, path: str) -> Path | None:
    """The file of the build at ``path``, if it is one; links and dots lead nowhere else."""
    file = (root / path).resolve()
    return file if path and file.is_relative_to(root.resolve()) and file.is_file() else None


def _is_page(path: str) -> bool:
    """Whether the app has a page at ``path``; a slash too many is none of its business."""
    parts = [part for part in path.split("/") if part]
    return any(_fits(parts, [piece for piece in route.split("/") if piece]) for route in ROUTES)


def _fits(parts: list[str], pieces: list[str]) -> bool:
    return len(parts) == len(pieces) and all(
        piece.startswith(":") or piece == part for part, piece in zip(parts, pieces, strict=True)
    )


def add_web(app: FastAPI, root: Path | None) -> None:
    """Serve the build below ``root``. Its hashed files may be kept for ever, its index never."""

    @app.api_route("/{path:path}", methods=["GET", "HEAD"], include_in_schema=False)
    async def page(path: str, request: Request) -> Response:
        if path.startswith(("api/", "health/", "public/")):
            raise Problem(404, "not_found", "There is nothing at this address. docs/api.md lists the calls there are.")
        if root is None or not await asyncio.to_thread((root / "index.html").is_file):
            return HTMLResponse(NOT_BUILT, 503)
        file = await asyncio.to_thread(_asset, root, path)
        if file is not None:
            cache = "public, max-age=31536000, immutable" if path.startswith("assets/") else "no-cache"
            return FileResponse(file, headers={"Cache-Control": cache})
        # Ids may hold dots, so a dot alone does not make an address a file's.
        if path.startswith("assets/") or path.endswith(FILE_ENDINGS):
            raise Problem(404, "not_found", "There is no such file.")
        return FileResponse(root / "index.html", 200 if _is_page(path) else 404, headers={"Cache-Control": "no-cache"})
