"""Headers that every answer carries, by the door it leaves through: the API, a player, public objects, or a page.

What an endpoint says itself stands.
"""

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.identity.client_ip import Networks, is_within
from shared.http.middleware import first_header

RawHeaders = tuple[tuple[bytes, bytes], ...]
"""As ASGI has them: they go out with every key."""

EVERYWHERE = {"X-Content-Type-Options": "nosniff"}

API = {
    # A document is none of its answers; one that a browser takes for one may load nothing and be framed by nobody.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cache-Control": "private, no-cache",
}
# Safari's own player loads what stands below a session as it loads a picture: from any page, without CORS.
PLAYER = {**API, "Cross-Origin-Resource-Policy": "cross-origin"}

_PERMISSIONS = {
    **dict.fromkeys(("autoplay", "fullscreen", "picture-in-picture", "screen-wake-lock"), "(self)"),
    **dict.fromkeys(
        (
            "accelerometer",
            "camera",
            "display-capture",
            "encrypted-media",
            "geolocation",
            "gyroscope",
            "hid",
            "magnetometer",
            "microphone",
            "midi",
            "payment",
            "serial",
            "usb",
            "xr-spatial-tracking",
        ),
        "()",
    ),
}
PAGE = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{feature}={allowed}" for feature, allowed in _PERMISSIONS.items()),
    # Addresses of pages hold ids, which are nobody else's business; credentials they never hold.
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "SAMEORIGIN",
}
EMBED = "/embed/"
"""Where the one page stands that others may show in a frame."""
FRAMES = "'self'"
"""Who may show our pages in a frame."""


def page_policy(sources: Sequence[str], frames: str = FRAMES) -> str:
    """The Content-Security-Policy of our pages.

    ``sources`` are origins beside our own from which films, pictures and data come. The player works with blobs: its
    workers are made of them, and media sources are handed to the film as such.
    """
    own = " ".join(("'self'", *sources))
    return (
        f"default-src 'self'; script-src 'self'; style-src 'self'; font-src 'self' data:; img-src {own} data: blob:; "
        f"media-src {own} blob:; connect-src {own}; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; "
        f"form-action 'self'; frame-ancestors {frames}"
    )


def origin_of(url: str) -> str | None:
    """The origin of an absolute URL, None of a path."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme and parts.netloc else None


class SecurityHeaders:
    """``policy`` is that of the pages, ``embed`` what the page for frames says. ``hsts`` is for how many seconds browsers shall ask for nothing but https, told
    where a request came by https (as one of ``proxies`` says); 0 tells nobody."""

    def __init__(self, app: ASGIApp, policy: str, embed: Mapping[str, str], hsts: int, proxies: Networks) -> None:
        self._app = app
        self._embed = _raw({**EVERYWHERE, **embed})
        self._page = _raw({**EVERYWHERE, **PAGE, "Content-Security-Policy": policy})
        self._hsts = _raw({"Strict-Transport-Security": f"max-age={hsts}"}) if hsts else ()
        self._proxies = proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        ours = self._headers_of(scope["path"])

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(one for one in ours if one[0] not in said)]
                if self._hsts and self._is_https(scope):
                    message["headers"] += self._hsts
            await send(message)

        await self._app(scope, receive, with_headers)

    def _headers_of(self, path: str) -> RawHeaders:
        if path.startswith("/api/playback/"):
            return _PLAYER_DOOR
        if path.startswith(("/api/", "/health/", "/openapi.json")):
            return _API_DOOR
        if path.startswith(EMBED):
            return self._embed
        return _PUBLIC_DOOR if path.startswith("/public/") else self._page

    def _is_https(self, scope: Scope) -> bool:
        if scope["scheme"] == "https":
            return True
        peer = scope.get("client")
        said = first_header(scope, b"x-forwarded-proto")
        return said == b"https" and peer is not None and is_within(peer[0], self._proxies)


def _raw(headers: Mapping[str, str]) -> RawHeaders:
    return tuple((name.lower().encode(), value.encode()) for name, value in headers.items())


_API_DOOR, _PLAYER_DOOR, _PUBLIC_DOOR = _raw({**EVERYWHERE, **API}), _raw({**EVERYWHERE, **PLAYER}), _raw(EVERYWHERE)
