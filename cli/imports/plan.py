"""What has to be done, from what is to be brought in and what is there already."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from cli.imports.sources import Item
from cli.output import CommandError
from cli.videos import status_path

if TYPE_CHECKING:
    from cli.client import Client

Action = Literal["upload", "replace", "skip", "differs", "uploaded", "replaced", "failed", "not tried"]
LEFT_ALONE = ("skip", "differs")


@dataclass(frozen=True)
class Step:
    """A film and what is to be done with it, or was. ``why`` is a sentence or empty; ``lost``, whether it failed as
    nobody answered."""

    item: Item
    action: Action
    why: str = ""
    video: str | None = None
    lost: bool = False

    def failed(self, error: CommandError) -> "Step":
        why = error.sentence + (f" ({error.code})" if error.code else "")
        return replace(self, action="failed", why=why, lost=error.code is None)

    def came_to(self, action: Action, why: str = "", video: str | None = None) -> "Step":
        return replace(self, action=action, why=why, video=video or self.video)

    def dump(self) -> dict[str, Any]:
        item = self.item
        named = {"courseId": item.course, "chapterId": item.chapter, "title": item.title, "file": str(item.file)}
        return {**named, "action": self.action, "message": self.why, "videoId": self.video}


@dataclass(frozen=True)
class CoursePlan:
    """One course: ``body`` is what it has to be told so that all chapters are there, None where they are."""

    course: str
    steps: Sequence[Step]
    body: dict[str, Any] | None

    @property
    def path(self) -> str:
        return f"/api/admin/courses/{quote(self.course, safe='')}"


def plan_course(client: "Client", course: str, items: Sequence[Item], *, replacing: bool) -> CoursePlan:
    """Asks what is there. Raises CommandError."""
    try:
        found = client.request("GET", f"/api/courses/{quote(course, safe='')}")
    except CommandError as error:
        if error.code not in ("unknown_course", "course_not_found", "not_found"):
            raise
        found = None
    there = {chapter["id"]: chapter for chapter in found["chapters"]} if found else {}
    steps = [_step(client, item, there.get(item.chapter), replacing=replacing) for item in items]
    return CoursePlan(course, steps, _body(found, items))


def _step(client: "Client", item: Item, chapter: dict[str, Any] | None, *, replacing: bool) -> Step:
    if chapter is None or chapter["videoId"] is None:
        return Step(item, "upload")
    video = chapter["videoId"]
    status = client.request("GET", status_path(video))
    if status.get("replacing"):
        return Step(item, "skip", "it is being replaced just now", video)
    if _same_name(status["originalName"], item.file.name) and status["sizeBytes"] == item.size:
        if status["status"] == "failed" and not replacing:
            return Step(item, "differs", "it is there and failed; --replace sends it again", video)
        return Step(item, "replace" if status["status"] == "failed" else "skip", "", video)
    if replacing:
        return Step(item, "replace", "", video)
    there = f"{status['originalName']} with {status['sizeBytes']:,} bytes is there, and this one has {item.size:,}"
    return Step(item, "differs", f"{there}; --replace puts it in its place", video)


def _same_name(one: str, other: str) -> bool:
    """File systems write accents in two ways, and a form has its own way to write quotes."""
    return _plain(one) == _plain(other)


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name).replace("%22", '"').replace("\\\\", "\\")


def _body(found: dict[str, Any] | None, items: Sequence[Item]) -> dict[str, Any] | None:
    """The course with the new chapters behind its own, which stay as they are: nothing is removed, moved or renamed."""
    kept = found["chapters"] if found else []
    known = {chapter["id"] for chapter in kept}
    new = [item for item in items if item.chapter not in known]
    if found and not new:
        return None
    last = max((chapter["position"] for chapter in kept), default=0)
    chapters = [
        {name: chapter[name] for name in ("id", "title", "isFree", "firstWatchRestricted", "position")}
        for chapter in kept
    ]
    for place, item in enumerate(new, last + 1):
        position = item.position if item.position is not None else place
        chapters.append({"id": item.chapter, "title": item.title, "position": position})
    title = found["title"] if found else items[0].course_title
    return {"title": title, "isSequential": bool(found and found["isSequential"]), "chapters": chapters}
