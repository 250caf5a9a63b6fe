"""Why somebody is not let in."""

from shared.http import Problem


def sign_in_required() -> Problem:
    return Problem(
        401,
        "sign_in_required",
        "Send the platform's JWT as Authorization: Bearer.",
        headers={"WWW-Authenticate": 'Bearer realm="lectern"'},
    )


def invalid_jwt(why: str, **members: str) -> Problem:
    return Problem(
        401,
        "invalid_jwt",
        f"The JWT is refused: {why}. Sign in again.",
        headers={"WWW-Authenticate": 'Bearer realm="lectern", error="invalid_token"'},
        **members,
    )


def expired_jwt() -> Problem:
    """Its signature is good: it was no guess."""
    return invalid_jwt("it has expired", reason="expired")


def is_guess(refusal: Problem) -> bool:
    """Whether a sign-in was refused that was never good."""
    return refusal.code in ("invalid_jwt", "invalid_api_key") and "reason" not in refusal.members
