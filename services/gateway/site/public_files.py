"""Objects of the public store, where that is a disk of this machine and no nginx stands in front of it."""

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response

from shared.contracts.video import IMAGE_CACHE_CONTROL, SEGMENT_CACHE_CONTROL
from shared.http import Problem
from shared.storage import InvalidKey, LocalPaths, Store

router = APIRouter(include_in_schema=False)

TYPES = {".ts": "video/mp2t", ".jpg": "image/jpeg", ".vtt": "text/vtt", ".json": "application/json"}
CACHE = {".ts": SEGMENT_CACHE_CONTROL, ".jpg": IMAGE_CACHE_CONTROL}
HEADERS = {
    # A player that is led here by a redirect sends Origin: null, and what is public may be read by everybody.
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Content-Length, Content-Range, ETag",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
}


PREFLIGHT = {
    # For players that send a header of their own along; kept for a day, as nothing of it ever changes.
    "Access-Control-Allow-Methods": "GET, HEAD",
    "Access-Control-Allow-Headers": "*",
    "Access-Control-Max-Age": "86400",
}


@router.options("/public/{key:path}")
async def may_be_read() -> Response:
    return Response(status_code=204, headers={**HEADERS, **PREFLIGHT})


@router.api_route("/public/{key:path}", methods=["GET", "HEAD"])
async def public_file(key: str, request: Request) -> Response:
    store: Store = request.app.state.public_store
    missing = Problem(404, "object_not_found", "There is no such object.", headers={"Access-Control-Allow-Origin": "*"})
    if not isinstance(store, LocalPaths):
        raise missing
    try:
        path = store.local_path(key)
    except InvalidKey:
        raise missing from None
    if path.suffix not in TYPES or await store.stat(key) is None:
        raise missing
    cache = CACHE.get(path.suffix, "public, max-age=3600")
    return FileResponse(path, headers={**HEADERS, "Cache-Control": cache}, media_type=TYPES[path.suffix])
