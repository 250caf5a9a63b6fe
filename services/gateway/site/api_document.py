"""``/openapi.json``: the whole public API as one document, as it is committed beside this service."""

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse

PUBLIC_API = Path(__file__).parents[1] / "public-api.json"
"""Made by ``python -m cli.openapi``: a service knows no other's calls."""

router = APIRouter(include_in_schema=False)


@router.get("/openapi.json")
async def document() -> FileResponse:
    return FileResponse(PUBLIC_API, media_type="application/json", headers={"Cache-Control": "no-cache"})
