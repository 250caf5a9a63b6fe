"""A platform's own pages on an origin of their own, which is another site than the suite's: localhost beside 127.0.0.1."""

from collections.abc import Mapping

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from tests.support.served import Served


class SchoolPages:
    """``pages`` are read at each request: tests write into it. Text of ``.js`` is served as such."""

    def __init__(self) -> None:
        self.pages: dict[str, str] = {}
        self.server = Served(Starlette(routes=[Route("/{name:path}", self._answer)]))
        self.origin = f"http://localhost:{self.server.port}"

    def put(self, name: str, body: str, **more: str) -> str:
        """The address of a page with this body."""
        self.pages[name] = f"<!doctype html><meta charset=utf-8><title>School</title>{body}"
        self.pages.update(more)
        return f"{self.origin}/{name}"

    async def _answer(self, request: Request) -> Response:
        name = request.path_params["name"]
        text = self.pages.get(name)
        kind: Mapping[str, str] = {"js": "text/javascript"}
        if text is None:
            return Response(status_code=404)
        ending = name.rpartition(".")[2]
        return Response(text, media_type=kind[ending]) if ending in kind else HTMLResponse(text)
