"""What a request turns out to be about, gathered where it becomes known and told to the audit log with the answer.

Decisions fall in many places, often within a transaction that a refusal rolls back. So nobody there writes: they say
whom and what it ``concerns``, and when the answer leaves, what was decided is read from its status.
"""

import logging
from contextvars import ContextVar
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.audit.actions import decided
from services.gateway.identity.client_ip import client_ip
from shared.http import Problem, problem_response
from shared.observability import request_id

log = logging.getLogger(__name__)

_facts: ContextVar[dict[str, Any] | None] = ContextVar("audit_facts", default=None)


def concerns(**facts: Any) -> None:
    """Say of the request that is being answered whom and what it is about; names are columns of ``AuditEntry``.

    What is said later wins. Nothing happens outside of a request.
    """
    gathered = _facts.get()
    if gathered is not None:
        gathered.update(facts)


class AuditTrail:
    """Tells ``app.state.audit`` of each decision. The last thing before the routes, so that it sees what they say."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/api/"):
            await self._app(scope, receive, send)
            return
        facts: dict[str, Any] = {}

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                try:
                    _tell(scope, facts, message["status"])
                except Exception:
                    # What is decided is answered, whatever becomes of the log.
                    log.exception("a decision is missing in the audit log")
            await send(message)

        mark = _facts.set(facts)
        try:
            await self._app(scope, receive, told)
        finally:
            _facts.reset(mark)


def _tell(scope: Scope, facts: dict[str, Any], status: int) -> None:
    made = decided(scope["method"], getattr(scope.get("route"), "path", ""), status, facts.pop("problem", None))
    if made is None:
        return
    state = scope["app"].state
    ip = client_ip(Request(scope), state.settings.proxy_networks)
    state.audit.note(made, ip, request_id(), facts)


def watch_decisions(app: FastAPI) -> None:
    """Have every answer of ``app`` pass by the audit log."""

    async def problem(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, Problem)
        concerns(problem=error.code)
        return problem_response(error)

    app.add_exception_handler(Problem, problem)
    # Innermost: request ids are given further out, and are needed here.
    app.user_middleware.append(Middleware(AuditTrail))
