"""The rules of credit, without a database: what was watched, how far a viewer may go, and how much can be earned.

All amounts are whole milliseconds. Positions are on the film's clock, budgets on the wall's.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shared.contracts.completion import COMPLETE_AT

Span = tuple[int, int]
"""A stretch of film: from (inclusive) to (exclusive)."""

BRIDGE_MS = 2_000
"""Gaps up to this long do not stop the frontier: players skip a moment at a seek, a stall, a change of quality."""
BRIDGED_FREE_MS = 2 * BRIDGE_MS
BRIDGED_SHARE = 0.10
"""All that is bridged together is at most the one and this share of what was watched before it: otherwise a moment told
every two seconds would carry the frontier through the film."""

RATE = 2.0
"""Nobody plays faster than twice: a second on the wall earns at most two of film."""
FIRST_BALANCE_MS = 30_000
"""The slack a user starts with, once: the first beat may arrive before any time has passed on our clock."""
MOST_BALANCE_MS = 120_000
"""What can be saved up, so that a minute offline at double speed is not lost, and a night's sleep earns no lesson."""


GRACE_MS = 2_000
"""How much further a position may have moved than its clock allows: reports are late by different amounts."""


@dataclass(frozen=True)
class Earned:
    """``spans`` are credited; ``spent_ms`` of the budget went for them."""

    spans: list[Span]
    spent_ms: int


def refill(balance_ms: int, elapsed_ms: int) -> int:
    """The balance after ``elapsed_ms`` on the wall. A clock that went back gives nothing and takes nothing."""
    return min(MOST_BALANCE_MS, balance_ms + int(RATE * max(0, elapsed_ms)))


def playable(since_open_ms: int, since_report_ms: int, credited_ms: int) -> int:
    """How much of the film a position may have moved by playing.

    ``since_open_ms`` and ``since_report_ms`` are the wall clock's, since the session was opened and since the position
    was written last; ``credited_ms`` is what the session earned already. Over its life a session earns what its clock
    allows and no grace: that only tells a late report from a leap.
    """
    left = int(RATE * max(0, since_open_ms)) - credited_ms
    step = int(RATE * max(0, min(since_open_ms, since_report_ms))) + GRACE_MS
    return max(0, min(left, step, MOST_BALANCE_MS))


def union(spans: Iterable[Span]) -> list[Span]:
    """Disjoint, ordered, and touching stretches joined."""
    joined: list[Span] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def clip(spans: Iterable[Span], duration_ms: int) -> list[Span]:
    """What of ``spans`` lies within the film."""
    return [(max(0, start), min(end, duration_ms)) for start, end in spans if min(end, duration_ms) > max(0, start)]


def subtract(spans: Sequence[Span], known: Sequence[Span]) -> list[Span]:
    """What of ``spans`` is not in ``known``; both disjoint and ordered."""
    left: list[Span] = []
    for start, end in spans:
        place = start
        for known_start, known_end in known:
            if known_end <= place or known_start >= end:
                continue
            if known_start > place:
                left.append((place, known_start))
            place = max(place, known_end)
        if place < end:
            left.append((place, end))
    return left


def spend(spans: Sequence[Span], balance_ms: int) -> Earned:
    """Credit ``spans`` in their order for as long as the balance lasts; a stretch may be credited in part."""
    credited: list[Span] = []
    spent = 0
    for start, end in spans:
        affordable = min(end - start, balance_ms - spent)
        if affordable <= 0:
            break
        credited.append((start, start + affordable))
        spent += affordable
    return Earned(credited, spent)


def frontier(watched: Sequence[Span]) -> int:
    """The end of the stretch watched from the start, short gaps bridged."""
    left_out = gaps(watched)
    if left_out:
        return left_out[0][0]
    return watched[-1][1] if watched else 0


def gaps(watched: Sequence[Span]) -> list[Span]:
    """What was left out before the last stretch watched, apart from what is bridged; ``watched`` is a `union`."""
    found: list[Span] = []
    end = seen = bridged = 0
    for start, after in watched:
        gap = start - end
        if gap <= BRIDGE_MS and bridged + gap <= BRIDGED_FREE_MS + int(BRIDGED_SHARE * seen):
            bridged += gap
        else:
            found.append((end, start))
        seen += after - start
        end = after
    return found


def length(spans: Iterable[Span]) -> int:
    return sum(end - start for start, end in spans)


def percentage(seen_ms: float, duration_ms: float | None) -> float:
    """How much of a film that is, to a tenth of a per cent; nothing of a film whose length nobody knows."""
    return min(100.0, round(100 * seen_ms / duration_ms, 1)) if duration_ms else 0.0


def is_complete(watched: Sequence[Span], duration_ms: int, percentage: float = COMPLETE_AT) -> bool:
    return duration_ms > 0 and length(watched) >= percentage / 100 * duration_ms


def stretch(spans: Iterable[Span], before_ms: int, after_ms: int) -> list[Span]:
    """``spans`` of a film that was ``before_ms`` long, on the clock of one of ``after_ms``: the fractions stay."""
    return union((stretched(start, before_ms, after_ms), stretched(end, before_ms, after_ms)) for start, end in spans)


def stretched(place_ms: int, before_ms: int, after_ms: int) -> int:
    """As `stretch`, one place. Half a millisecond goes up, as Postgres rounds."""
    if before_ms <= 0 or before_ms == after_ms:
        return min(place_ms, after_ms)
    return min((2 * place_ms * after_ms + before_ms) // (2 * before_ms), after_ms)
