"""Why an API key is not good, or not for this."""

from services.gateway.apikeys.scopes import Scope
from shared.http import Problem

_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="lectern", error="invalid_token"'}


def invalid_key() -> Problem:
    return Problem(
        401, "invalid_api_key", "This API key is not known. An admin makes one with lectern apikeys create.",
        headers=_CHALLENGE,
    )  # fmt: skip


def expired_key() -> Problem:
    return Problem(401, "api_key_expired", "This API key has expired. Ask an admin for a new one.", headers=_CHALLENGE)


def revoked_key() -> Problem:
    return Problem(401, "api_key_revoked", "This API key was revoked. Ask an admin for a new one.", headers=_CHALLENGE)


def scope_required(scope: Scope | None) -> Problem:
    if scope is None:
        return Problem(403, "scope_required", "No API key may do this. Sign in with the platform's JWT.", scope=None)
    sentence = f"This API key has not the scope {scope.value}. Ask an admin for a key that has it."
    return Problem(403, "scope_required", sentence, scope=scope.value)


def key_not_found() -> Problem:
    return Problem(404, "api_key_not_found", "There is no such API key. GET /api/admin/api-keys lists them.")
