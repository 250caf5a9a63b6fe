"""Statements of the xAPI video profile (https://w3id.org/xapi/video), made from what a session told. No database.

All times in a statement are seconds of film with three decimals.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from shared.db import new_id

PROFILE = "https://w3id.org/xapi/video"
VERBS = {
    "initialized": "http://adlnet.gov/expapi/verbs/initialized",
    "played": f"{PROFILE}/verbs/played",
    "paused": f"{PROFILE}/verbs/paused",
    "seeked": f"{PROFILE}/verbs/seeked",
    "completed": "http://adlnet.gov/expapi/verbs/completed",
    "terminated": "http://adlnet.gov/expapi/verbs/terminated",
}
VIDEO = f"{PROFILE}/activity-type/video"
COURSE = "http://adlnet.gov/expapi/activities/course"


@dataclass(frozen=True)
class Subject:
    """What a statement is about. ``home``: the address under which the platform's ids are unique; ``completion``: the
    share of the film that has to be watched."""

    home: str
    user_id: str
    session_id: UUID
    chapter_id: str
    title: str
    course_id: str
    course_title: str
    length_ms: int
    completion: float


@dataclass(frozen=True)
class Statement:
    id: UUID
    verb: str
    document: dict[str, Any]


def statement(
    verb: str,
    subject: Subject,
    at: datetime,
    *,
    played: Sequence[tuple[int, int]] = (),
    time_ms: int = 0,
    from_ms: int = 0,
    to_ms: int = 0,
) -> Statement:
    """``verb`` is one of `VERBS`; ``played``: what has been played so far, in milliseconds of film: in the
    session, and of ``completed`` in all of them."""
    id_ = new_id()
    document: dict[str, Any] = {
        "id": str(id_),
        "actor": {"objectType": "Agent", "account": {"homePage": subject.home, "name": subject.user_id}},
        "verb": {"id": VERBS[verb], "display": {"en-US": verb}},
        "object": _activity(subject.home, "chapters", subject.chapter_id, VIDEO, subject.title),
        "context": {
            "contextActivities": {
                "category": [{"objectType": "Activity", "id": PROFILE}],
                "parent": [_activity(subject.home, "courses", subject.course_id, COURSE, subject.course_title)],
            },
            "extensions": {
                _extension("session-id"): session_id(subject.session_id),
                _extension("length"): _seconds(subject.length_ms),
                _extension("completion-threshold"): subject.completion,
            },
        },
        "timestamp": at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
    result = _result(verb, subject, played, time_ms, from_ms, to_ms)
    if result:
        document["result"] = result
    return Statement(id_, verb, document)


def session_id(ours: UUID) -> str:
    """The profile wants a UUID of version 4, and ours are of version 7: one of that form, always the same for ours."""
    return str(UUID(bytes=hashlib.sha256(ours.bytes).digest()[:16], version=4))


def played_segments(played: Sequence[tuple[int, int]]) -> str:
    """As the profile writes them: ``0[.]12[,]14[.]21``."""
    return "[,]".join(f"{start / 1000:.3f}[.]{end / 1000:.3f}" for start, end in played)


def _result(
    verb: str, subject: Subject, played: Sequence[tuple[int, int]], time_ms: int, from_ms: int, to_ms: int
) -> dict[str, Any]:
    if verb == "initialized":
        return {}
    if verb == "seeked":
        return {"extensions": {_extension("time-from"): _seconds(from_ms), _extension("time-to"): _seconds(to_ms)}}
    extensions: dict[str, Any] = {_extension("time"): _seconds(time_ms)}
    seen = sum(end - start for start, end in played)
    if verb != "played":
        extensions[_extension("progress")] = round(seen / subject.length_ms, 3) if subject.length_ms else 0.0
        extensions[_extension("played-segments")] = played_segments(played)
    if verb != "completed":
        return {"extensions": extensions}
    return {"completion": True, "duration": f"PT{seen / 1000:.2f}S", "extensions": extensions}


def _activity(home: str, kind: str, id_: str, type_: str, name: str) -> dict[str, Any]:
    return {
        "objectType": "Activity",
        "id": f"{home}/{kind}/{id_}",
        "definition": {"type": type_, "name": {"und": name}},
    }


def _extension(name: str) -> str:
    return f"{PROFILE}/extensions/{name}"


def _seconds(ms: int) -> float:
    return round(ms / 1000, 3)
