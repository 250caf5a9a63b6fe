"""When a delivery that failed is tried again."""

import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

MINUTE, HOUR = 60, 3600
OFFSETS = (0, 5, MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 24 * HOUR)
"""Seconds from the first attempt to each attempt. The last one is a day later."""
JITTER = 0.1
LONGEST_RETRY_AFTER = timedelta(hours=6)
"""A receiver may ask for patience, and not that it is forgotten."""


def wait_after(attempts: int, scale: float) -> timedelta | None:
    """How long to wait after so many failed attempts; None when there were enough.

    Some more or less of it, so that all that failed at one moment does not come back at one moment.
    """
    if attempts >= len(OFFSETS):
        return None
    gap = OFFSETS[attempts] - OFFSETS[attempts - 1]
    return timedelta(seconds=gap * scale * random.uniform(1 - JITTER, 1 + JITTER))  # noqa: S311 - no secret


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta:
    """What the receiver asks for (RFC 9110, 10.2.3), within bounds; nothing where it does not, or not in words we know."""
    asked = headers.get("Retry-After", "").strip()
    if asked.isascii() and asked.isdigit():
        wanted = timedelta(seconds=min(int(asked[:9]), LONGEST_RETRY_AFTER.total_seconds()))
    else:
        try:
            moment = parsedate_to_datetime(asked)
            wanted = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now
        except (ValueError, TypeError, OverflowError):
            return timedelta()
    return max(timedelta(), min(wanted, LONGEST_RETRY_AFTER))
