"""What a month costs, from what is stored, asked and sent. Pure: no database, no clock."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.progress.costs.prices import Prices

GB = 1e9
HOUR = 3600.0
DAYS_A_MONTH = 730 / 24
RETIRED_HOURS = 25.0
"""For how long the segments of old keys stay beside the new ones: the longest session by default, and an hour."""


@dataclass(frozen=True)
class Usage:
    """A month's. Bytes are stored on average, or sent in all; the rest are numbers of operations."""

    sources: float = 0.0
    segments: float = 0.0
    downloads: float = 0.0
    retired: float = 0.0
    """Of segments that a rotation has replaced and that running sessions still need."""
    writes: float = 0.0
    reads: float = 0.0
    """By Lectern itself: sources that are transcoded, segments that are encrypted anew."""
    requests: float = 0.0
    """By viewers, for segments; a cache answers ``hits`` of them."""
    egress: float = 0.0
    hits: float = 0.0

    @property
    def stored(self) -> float:
        return self.sources + self.segments + self.downloads + self.retired


@dataclass(frozen=True)
class Lines:
    """US dollars a month."""

    storage: float = 0.0
    operations: float = 0.0
    egress: float = 0.0

    @property
    def total(self) -> float:
        return self.storage + self.operations + self.egress


def lines(usage: Usage, prices: Prices, *, free: bool = True) -> Lines:
    """``free``: whether what the provider gives to everybody for nothing is taken off."""
    missed = usage.requests * (1 - usage.hits) if prices.caches else usage.requests
    operations = prices.writes.cost(usage.writes, free=free) + prices.reads.cost(usage.reads + missed, free=free)
    if prices.requests is not None:
        operations += prices.requests.cost(usage.requests, free=free)
    return Lines(
        storage=prices.storage.cost(usage.stored / GB, free=free),
        operations=operations,
        egress=prices.egress.cost(usage.egress / GB, free=free),
    )


def divided(whole: Lines, parts: Sequence[Usage], prices: Prices) -> list[Lines]:
    """What of ``whole`` falls to each of ``parts``: in proportion to what each would cost by itself at the list's
    prices, so that what is free and what is cheaper in bulk is shared. They sum up to ``whole``."""
    alone = [lines(part, prices, free=False) for part in parts]

    def share(name: str) -> list[float]:
        each: list[float] = [getattr(one, name) for one in alone]
        among = sum(each)
        return [getattr(whole, name) * (one / among if among else 1 / len(each)) for one in each]

    return [Lines(*three) for three in zip(*(share(name) for name in ("storage", "operations", "egress")), strict=True)]


@dataclass(frozen=True)
class Rotations:
    """Segments that are read, encrypted anew and written in a month, and their bytes."""

    objects: float = 0.0
    bytes: float = 0.0

    @property
    def retired(self) -> float:
        """Bytes that stand in storage a second time, on average over the month."""
        return self.bytes * min(1.0, RETIRED_HOURS / (DAYS_A_MONTH * 24))


def rotations(objects: float, size: float, watched_share: float, days: float) -> Rotations:
    """Of films with so many segments and bytes, of which ``watched_share`` is watched; ``days`` 0 is never."""
    times = watched_share * DAYS_A_MONTH / days if days else 0.0
    return Rotations(objects * times, size * times)


def stored_bytes(hours: float, mbps: float) -> float:
    """Bytes of so many hours of film at so many Mbit/s: 1 h at 2.22 Mbit/s is 1 GB."""
    return hours * HOUR * mbps * 1e6 / 8


def watched_bytes(students: float, hours_each: float, mbps: float) -> float:
    return stored_bytes(students * hours_each, mbps)
