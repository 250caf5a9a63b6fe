"""The numbers an estimate is made with: given, measured or assumed, and what follows from them. Pure."""

from dataclasses import dataclass, field

from services.progress.costs.estimate import (
    DAYS_A_MONTH,
    GB,
    HOUR,
    Rotations,
    Usage,
    rotations,
    stored_bytes,
    watched_bytes,
)
from services.progress.costs.repository import Facts
from services.progress.costs.schemas import Input, Origin, WhatIf

LADDER_MBPS = 7.7
"""1080p, 720p, 480p and 360p of a lecture, and its sound: two thirds of what they are capped at."""
SOURCE_MBPS = 8.0
BITRATE_MBPS = 3.0
HOURS_MONTHLY = 4.0
HIT_RATIO = 0.9
RENDITIONS = 5
SEGMENT_SECONDS = 6.0
PER_MONTH = DAYS_A_MONTH / 30
"""From what was counted in thirty days to a month."""


@dataclass
class Numbers:
    """Collects each input once, with where it is from."""

    told: list[Input] = field(default_factory=list)

    def tell(self, name: str, value: float, unit: str, origin: Origin) -> float:
        self.told.append(Input(name=name, value=value, unit=unit, origin=origin))
        return value

    def pick(self, name: str, unit: str, given: float | None, measured: float | None, assumed: float) -> float:
        if given is not None:
            return self.tell(name, given, unit, "given")
        if measured is not None:
            return self.tell(name, measured, unit, "measured")
        return self.tell(name, assumed, unit, "assumed")


def usage_of(facts: Facts, students: int, wanted: WhatIf, rotation_days: float) -> tuple[Usage, list[Input]]:
    """A month's usage, and the inputs that it follows from. ``rotation_days`` is what the installation does."""
    numbers = Numbers()
    content = _content(numbers, facts, wanted)
    turned = _rotations(numbers, facts, wanted, content, rotation_days)
    egress, per_request = _egress(numbers, facts, students, wanted)
    hits = numbers.pick("cacheHitRatio", "share", wanted.cache_hit_ratio, None, HIT_RATIO)
    # A source is written in parts; of each hour that comes in it is read once, and each of its segments written once.
    new = content.new_objects
    return Usage(
        sources=content.sources,
        segments=content.segments,
        downloads=content.downloads,
        retired=turned.retired,
        writes=new + turned.objects,
        reads=turned.objects,
        requests=egress / per_request,
        egress=egress,
        hits=hits,
    ), numbers.told


@dataclass(frozen=True)
class _Content:
    sources: float
    segments: float
    downloads: float
    objects: float
    new_objects: float
    is_measured: bool


def _content(numbers: Numbers, facts: Facts, wanted: WhatIf) -> _Content:
    is_there = facts.seconds > 0
    ladder = numbers.pick("ladderMbps", "Mbit/s", wanted.ladder_mbps, _mbps(facts.segments, facts.seconds), LADDER_MBPS)
    source = numbers.pick("sourceMbps", "Mbit/s", wanted.source_mbps, _mbps(facts.sources, facts.seconds), SOURCE_MBPS)
    if wanted.hours is None and wanted.stored_gb is not None:
        each = stored_bytes(1, ladder + source)
        hours = numbers.tell("hours", wanted.stored_gb * GB / each if each else 0.0, "h", "derived")
    else:
        hours = numbers.pick("hours", "h", wanted.hours, facts.seconds / HOUR if is_there else None, 0.0)
    is_measured = wanted.hours is None and wanted.ladder_mbps is None and wanted.source_mbps is None
    if is_measured:
        sources, segments, downloads = facts.sources, facts.segments, facts.downloads
    else:
        sources, segments, downloads = stored_bytes(hours, source), stored_bytes(hours, ladder), 0.0
    if wanted.stored_gb is not None:
        sources, segments, downloads = _scaled(wanted.stored_gb * GB, sources, segments, downloads)
        is_measured = False
    stored = (sources + segments + downloads) / GB
    given: Origin = "given" if wanted.stored_gb is not None else "measured" if is_measured else "derived"
    numbers.tell("storedGB", stored, "GB", given)
    per_hour = numbers.pick(
        "segmentsPerHour", "objects", None, facts.objects / facts.seconds * HOUR if facts.objects and is_there else None,
        RENDITIONS * HOUR / SEGMENT_SECONDS,
    )  # fmt: skip
    grows = facts.new_seconds / HOUR * PER_MONTH if wanted.hours is None else None
    new_hours = numbers.pick("uploadHoursMonthly", "h", wanted.upload_hours_monthly, grows, hours / 12)
    objects = facts.objects if is_measured else hours * per_hour
    fresh = facts.new_objects * PER_MONTH if is_measured and wanted.upload_hours_monthly is None else None
    return _Content(
        sources, segments, downloads, objects, new_hours * per_hour if fresh is None else fresh, is_measured
    )


def _rotations(numbers: Numbers, facts: Facts, wanted: WhatIf, content: _Content, rotation_days: float) -> Rotations:
    """What was really encrypted anew, unless anything is asked of that would change it."""
    seen = min(1.0, facts.seen_seconds / facts.seconds) if facts.seconds and content.is_measured else None
    if wanted.rotation_days is None:
        days = numbers.tell("rotationDays", rotation_days, "days", "setting")
    else:
        days = numbers.tell("rotationDays", wanted.rotation_days, "days", "given")
    share = numbers.pick("watchedShare", "share", wanted.watched_share, seen, 1.0)
    if content.is_measured and wanted.rotation_days is None and wanted.watched_share is None:
        turned = Rotations(facts.rotated_objects * PER_MONTH, facts.rotated_bytes * PER_MONTH)
        numbers.tell("rotatedObjectsMonthly", turned.objects, "objects", "measured")
    else:
        turned = rotations(content.objects, content.segments, share, days)
        numbers.tell("rotatedObjectsMonthly", turned.objects, "objects", "derived")
    return turned


def _egress(numbers: Numbers, facts: Facts, students: int, wanted: WhatIf) -> tuple[float, float]:
    """Bytes that viewers are sent in a month, and bytes of one request of theirs."""
    number = numbers.pick("students", "people", wanted.students, float(students) if students else None, 0.0)
    watched = facts.watched_seconds / HOUR / students * PER_MONTH if students and facts.watched_seconds else None
    each = numbers.pick("hoursPerStudentMonthly", "h", wanted.hours_per_student_monthly, watched, HOURS_MONTHLY)
    sent = _mbps(facts.streamed, facts.watched_seconds)
    mbps = numbers.pick("bitrateMbps", "Mbit/s", wanted.bitrate_mbps, sent, BITRATE_MBPS)
    asked = (wanted.students, wanted.hours_per_student_monthly, wanted.bitrate_mbps)
    if wanted.egress_gb is not None:
        egress = numbers.tell("egressGB", wanted.egress_gb, "GB", "given") * GB
    elif any(one is not None for one in asked):
        egress = numbers.tell("egressGB", watched_bytes(number, each, mbps) / GB, "GB", "derived") * GB
    else:
        egress = numbers.tell("egressGB", facts.egress * PER_MONTH / GB, "GB", "measured") * GB
    # A player asks for picture and sound, each in segments. Of a rate next to nothing there would be requests without end.
    return egress, max(mbps, 0.05) * 1e6 / 8 * SEGMENT_SECONDS / 2


def _mbps(size: float, seconds: float) -> float | None:
    return size * 8 / seconds / 1e6 if size and seconds else None


def _scaled(whole: float, *parts: float) -> tuple[float, ...]:
    among = sum(parts)
    return tuple(whole * part / among for part in parts) if among else (0.0, whole, *parts[2:])
