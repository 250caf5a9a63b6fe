"""What the headers of an upload tell already: refused before its sender is asked for the first byte.

A request is passed on when its body begins to come. Whoever waits to be asked for it (``Expect: 100-continue``), or has
gigabytes to send, hears of these at once. Media asks for all of it again.
"""

from fastapi import Request

from services.gateway.proxy.passing import FORM_OVERHEAD
from shared.contracts.access import Actor, Role
from shared.http import Problem

_BYTES = "application/offset+octet-stream"


def refused_by_headers(request: Request, actor: Actor, most: int) -> Problem | None:
    """The refusal of an upload by ``actor`` of a film of ``most`` bytes at most."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > most + FORM_OVERHEAD:
        # Its length alone is reason enough, and is told with what is taken here.
        return None
    path, kind = request.url.path, request.headers.get("content-type", "").lower()
    if not path.startswith("/api/upload-links/") and actor.role is Role.STUDENT:
        return Problem(
            403, "role_required", "This needs the role instructor or admin or service; you are signed in as student."
        )
    return _of_tus(request, kind, most) if "/tus" in path else _of_form(kind)


def _of_form(kind: str) -> Problem | None:
    if kind.startswith("multipart/form-data"):
        return None
    sentence = "Send the film as multipart/form-data with the fields chapterId and video."
    return Problem(415, "unsupported_media_type", sentence)


def _of_tus(request: Request, kind: str, most: int) -> Problem | None:
    if request.method == "PATCH" and kind != _BYTES:
        sentence = "Send the bytes of a tus upload as application/offset+octet-stream."
        return Problem(415, "unsupported_media_type", sentence)
    announced = request.headers.get("upload-length", "")
    if announced.isdecimal() and len(announced) < 20 and int(announced) > most:
        sentence = f"The film has more than {most:,} bytes, the most that is taken here."
        return Problem(413, "too_large", sentence, maxBytes=most)
    return None
