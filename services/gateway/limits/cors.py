"""Which pages may read the API. Public objects are everybody's, and say so themselves."""

from starlette.middleware.cors import CORSMiddleware
from starlette.types import Receive, Scope, Send

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")
ASKED = (
    *("Authorization", "Content-Type", "Last-Event-ID", "X-Request-Id"),
    *("Tus-Resumable", "Upload-Length", "Upload-Defer-Length", "Upload-Offset", "Upload-Metadata", "Upload-Concat"),
    *("Upload-Checksum", "X-Requested-With"),
)
"""Headers that a page may send beside those that every page may."""
SHOWN = (
    *("X-Request-Id", "Retry-After", "ETag", "Location"),
    *("Accept-Ranges", "Content-Range", "Content-Disposition"),
    *("Tus-Resumable", "Tus-Version", "Tus-Extension", "Tus-Max-Size", "Tus-Checksum-Algorithm"),
    *("Upload-Length", "Upload-Offset", "Upload-Expires", "Upload-Metadata", "Upload-Concat", "Lectern-Video-Id"),
)


class ApiCors(CORSMiddleware):
    """The allow-list, for everything but public objects: a list there would take back the ``*`` that they need."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith("/public/"):
            await self.app(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)
