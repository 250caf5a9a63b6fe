"""Why somebody is not let in."""

from shared.http import Problem


def sign_in_required() -> Problem:
    return Problem(
        401,
        "sign_in_required",
        "Send the platform's JWT as Authorization: Bearer.",
        headers={"WWW-Authenticate": 'Bearer realm="lectern"'},
    )


def invalid_jwt(why: str) -> Problem:
    return Problem(
        401,
        "invalid_jwt",
        f"The JWT is refused: {why}. Sign in again.",
        headers={"WWW-Authenticate": 'Bearer realm="lectern", error="invalid_token"'},
    )
