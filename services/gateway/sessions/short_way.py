"""The short way to keys and media playlists, past the table of routes and the resolving of parameters.

Every viewer asks for these again and again, and choosing the route and gathering its parameters would cost more than
the answer. What is answered is said once, in ``endpoints``: this calls the same functions with the same values, after
every layer that all requests pass (headers, request ids, sizes, the audit log). What does not look exactly as a player
writes it goes on to the routes, which know what is wrong with it.
"""

import re
from collections.abc import Awaitable

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from services.gateway.audit.trail import concerns
from services.gateway.identity.client_ip import client_ip
from services.gateway.sessions import endpoints
from shared.http import Problem, problem_response

_BELOW = "/api/playback/"
_CREDENTIAL = f"{_BELOW}(?P<credential>[A-Za-z0-9_-]{{16,128}})"
_KEY = re.compile(rf"{_CREDENTIAL}/key/(?P<epoch>[0-9]{{1,6}})/(?P<window>[0-9]{{1,6}})\.key")
# Names that begin as those of master playlists do are left to the order of the routes.
_PLAYLIST = re.compile(rf"{_CREDENTIAL}/(?P<full>full/)?(?!master)(?P<rendition>[A-Za-z0-9_-]{{1,32}})\.m3u8")
_ROUTES = {route.endpoint: route for route in endpoints.router.routes if isinstance(route, APIRoute)}


class ShortWay:
    """Innermost of all layers. ``app`` has what else there is."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answering = _answering(scope)
        if answering is None:
            await self._app(scope, receive, send)
            return
        try:
            response = await answering
        except Problem as refusal:
            concerns(problem=refusal.code)
            response = problem_response(refusal)
        await response(scope, receive, send)


def _answering(scope: Scope) -> Awaitable[Response] | None:
    if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].startswith(_BELOW):
        return None
    path: str = scope["path"]
    state = scope["app"].state
    if asked := _KEY.fullmatch(path):
        scope["route"] = _ROUTES[endpoints.key]
        credential, epoch, window = asked.groups()
        ip = client_ip(Request(scope), state.settings.proxy_networks)
        return endpoints.key(credential, int(epoch), int(window), state.sessions, ip)
    if asked := _PLAYLIST.fullmatch(path):
        credential, full, rendition = asked.groups()
        endpoint = endpoints.full_media_playlist if full else endpoints.media_playlist
        scope["route"] = _ROUTES[endpoint]
        ip = client_ip(Request(scope), state.settings.proxy_networks)
        return endpoint(credential, rendition, state.sessions, state.playlists, ip)
    return None
