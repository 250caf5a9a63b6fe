"""RFC 9457 problem documents: every refusal has a stable code and a sentence that tells a person what to do."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic.alias_generators import to_camel
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from shared.observability import request_id

PROBLEM_TYPE = "application/problem+json"
_TITLES = {460: "Checksum Mismatch"}
"""Of statuses that other protocols brought."""


class Problem(Exception):
    """A refusal. ``code`` is part of the API and never changes; ``detail`` is for a person; ``members`` belong to it."""

    def __init__(
        self, status: int, code: str, detail: str, *, headers: dict[str, str] | None = None, **members: Any
    ) -> None:
        super().__init__(f"{code}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = headers or {}
        self.members = members


def problem_response(problem: Problem) -> JSONResponse:
    body: dict[str, Any] = {
        "type": f"urn:lectern:problem:{problem.code}",
        "title": _TITLES.get(problem.status) or HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "code": problem.code,
        "detail": problem.detail,
        "requestId": request_id(),
        **problem.members,
    }
    headers = {"Cache-Control": "no-store", **problem.headers}
    return JSONResponse(body, problem.status, headers, PROBLEM_TYPE)


HTTP_CODES = {404: "not_found", 405: "method_not_allowed", 400: "bad_request", 413: "too_large"}


def _from_http(error: HTTPException) -> Problem:
    if error.status_code == 400 and isinstance(error.__cause__, (ValueError, RecursionError)):
        # FastAPI says no more than that there was an error, and says so of a body that broke off as well.
        why = "it is not UTF-8" if isinstance(error.__cause__, UnicodeDecodeError) else "it is nothing that can be kept"
        return Problem(
            422,
            "invalid_request",
            "The body can not be read. Send a JSON document in UTF-8.",
            errors=[{"field": "body", "message": why}],
        )
    code = HTTP_CODES.get(error.status_code, "http_error")
    detail = {
        404: "There is nothing at this address. docs/api.md lists the calls there are.",
        405: "This address does not take that method.",
    }.get(error.status_code, str(error.detail))
    return Problem(error.status_code, code, detail, headers=dict(error.headers or {}))


def _field(place: tuple[int | str, ...]) -> str:
    """The member of the request as its sender wrote it: those of a path are ours by name, and snake_case inside."""
    where, *names = (str(part) for part in place)
    return ".".join(to_camel(name) if where == "path" else name for name in names) or where


def _from_validation(error: RequestValidationError) -> Problem:
    given = error.errors()
    if given[0]["type"] == "json_invalid":
        # Its place is a number of bytes, which would be shown as the name of a field.
        place, why = given[0]["loc"][-1], given[0].get("ctx", {}).get("error", "it can not be read")
        sentence = f"The body is not JSON (at byte {place}: {why}). Send a JSON document."
        return Problem(422, "invalid_request", sentence, errors=[{"field": "body", "message": str(why)}])
    faults = [{"field": _field(fault["loc"]), "message": fault["msg"]} for fault in given]
    first = faults[0]
    code = "missing_field" if given[0]["type"] == "missing" else "invalid_request"
    return Problem(422, code, f"{first['field']}: {first['message']}.", errors=faults)


def internal_error() -> Problem:
    """Without a word of what is inside."""
    return Problem(500, "internal_error", "Something went wrong on our side. The request id leads to it in the log.")


def database_away() -> Problem:
    sentence = "The database does not answer. Try again in a moment."
    return Problem(503, "database_unavailable", sentence, headers={"Retry-After": "2"})


def request_interrupted() -> Problem:
    return Problem(400, "request_interrupted", "The connection ended before the whole request was here. Send it again.")


def install_problem_handlers(app: FastAPI) -> None:
    """Answer every error of ``app`` as a problem document; RequestLog does so for those that nobody foresaw."""

    async def problem(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, Problem)
        return problem_response(error)

    async def http(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        return problem_response(_from_http(error))

    async def validation(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        return problem_response(_from_validation(error))

    async def cut(request: Request, error: Exception) -> JSONResponse:
        return problem_response(request_interrupted())

    app.add_exception_handler(Problem, problem)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(RequestValidationError, validation)
    app.add_exception_handler(ClientDisconnect, cut)
