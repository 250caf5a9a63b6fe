"""What the headers of an upload tell already: refused before its sender is asked for the first byte.

A request is passed on when its body begins to come. Whoever waits to be asked for it (``Expect: 100-continue``), or has
gigabytes to send, hears of these at once. Media asks for all of it again.
"""

from fastapi import Request

from services.gateway.proxy.passing import BodyLimit
from shared.contracts.access import Actor, Role
from shared.http import Problem

_BYTES = "application/offset+octet-stream"


def refused_by_headers(request: Request, actor: Actor, limit: BodyLimit) -> Problem | None:
    """The refusal of an upload by ``actor`` of a film of so many bytes at most."""
    if limit.is_passed_by(request):
        return limit.too_large()
    path, kind = request.url.path, request.headers.get("content-type", "").lower()
    if not path.startswith("/api/upload-links/") and actor.role is Role.STUDENT:
        return Problem(
            403, "role_required", "This needs the role instructor or admin or service; you are signed in as student."
        )
    return _of_tus(request, kind, limit) if "/tus" in path else _of_form(kind)


def _of_form(kind: str) -> Problem | None:
    if kind.startswith("multipart/form-data"):
        return None
    sentence = "Send the film as multipart/form-data with the fields chapterId and video."
    return Problem(415, "unsupported_media_type", sentence)


def _of_tus(request: Request, kind: str, limit: BodyLimit) -> Problem | None:
    if request.method == "PATCH" and kind != _BYTES:
        sentence = "Send the bytes of a tus upload as application/offset+octet-stream."
        return Problem(415, "unsupported_media_type", sentence)
    announced = request.headers.get("upload-length", "")
    if announced.isdecimal() and len(announced) < 20 and int(announced) > limit.most:
        return limit.too_large()
    return None
