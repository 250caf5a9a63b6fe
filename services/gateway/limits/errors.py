"""Why a request is one too many, or too large."""

from math import ceil

from shared.http import Problem


def rate_limited(what: str, after: float) -> Problem:
    """``what`` was done too often; it may be done again ``after`` so many seconds."""
    seconds = max(1, ceil(after))
    sentence = f"{what} Try again in {seconds} s."
    return Problem(429, "rate_limited", sentence, headers={"Retry-After": str(seconds)}, retryAfter=seconds)


def too_large(most: int) -> Problem:
    sentence = f"The request has more than {most:,} bytes, the most that is taken here."
    return Problem(413, "too_large", sentence, maxBytes=most)
