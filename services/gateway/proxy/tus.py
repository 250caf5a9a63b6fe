"""What is told of tus without asking media: which of it we speak, and that every answer speaks it."""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Request, Response

from services.gateway.identity.dependencies import Anybody
from shared.http import Problem

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-defer-length,creation-with-upload,expiration,checksum,termination,concatenation"
ALGORITHMS = "md5,sha1,sha256"

Endpoint = Callable[[Request], Awaitable[Response]]

router = APIRouter(include_in_schema=False, dependencies=[Anybody])


@router.options("/api/uploads/tus")
@router.options("/api/uploads/tus/{upload_id}")
@router.options("/api/upload-links/{token}/tus")
@router.options("/api/upload-links/{token}/tus/{upload_id}")
async def options(request: Request) -> Response:
    headers = {
        "Tus-Resumable": VERSION,
        "Tus-Version": VERSION,
        "Tus-Extension": EXTENSIONS,
        "Tus-Max-Size": str(request.app.state.settings.max_upload_bytes),
        "Tus-Checksum-Algorithm": ALGORITHMS,
    }
    return Response(status_code=204, headers=headers)


def speaks_tus(endpoint: Endpoint) -> Endpoint:
    """``endpoint``, whose refusals say the version of tus, too: clients look for it in every answer."""

    async def spoken(request: Request) -> Response:
        try:
            response = await endpoint(request)
        except Problem as problem:
            problem.headers.setdefault("Tus-Resumable", VERSION)
            raise
        response.headers.setdefault("Tus-Resumable", VERSION)
        return response

    return spoken
