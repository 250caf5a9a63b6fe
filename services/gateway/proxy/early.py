"""What the headers of an upload tell already: refused before its sender is asked for the first byte.

A request is passed on when its body begins to come. Whoever waits to be asked for it (``Expect: 100-continue``), or has
gigabytes to send, hears of these at once. Media asks for all of it again.
"""

from fastapi import Request

from shared.contracts.access import Actor, Role
from shared.http import Problem

_BYTES = "application/offset+octet-stream"


def refused_by_headers(request: Request, actor: Actor, most: int) -> Problem | None:
    """The refusal of an upload by ``actor`` of a film of ``most`` bytes at most."""
    path, kind = request.url.path, request.headers.get("content-type", "").lower()
    if not path.startswith("/api/upload-links/") and actor.role is Role.STUDENT:
        return Problem(
            403, "role_required", "This needs the role instructor or admin or service; you are signed in as student."
        )
    if "/tus" not in path:
        if not kind.startswith("multipart/form-data"):
            sentence = "Send the film as multipart/form-data with the fields chapterId and video."
            return Problem(415, "unsupported_media_type", sentence)
        return None
    if request.method == "PATCH" and kind != _BYTES:
        return Problem(
            415, "unsupported_media_type", "Send the bytes of a tus upload as application/offset+octet-stream."
        )
    announced = request.headers.get("upload-length", "")
    if announced.isdecimal() and len(announced) < 20 and int(announced) > most:
        return Problem(
            413, "too_large", f"The film has more than {most:,} bytes, the most that is taken here.", maxBytes=most
        )
    return None
