"""What the platform's word means for a viewer."""

from shared.http import Problem

RETRY_AFTER = 5


def refused_by_platform(reason: str | None) -> Problem:
    return Problem(
        403,
        "not_entitled",
        "The school does not let you watch this film (any more).",
        reason="refused_by_platform",
        platformReason=reason,
    )


def entitlement_unavailable() -> Problem:
    return Problem(
        503,
        "entitlement_unavailable",
        "The school could not be asked whether you may watch this film. Try again in a moment.",
        headers={"Retry-After": str(RETRY_AFTER)},
    )
