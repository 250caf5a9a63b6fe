"""``/api/videos/{id}/events``: a film's status pushed as it changes (server-sent events).

All students who listen to one film share one look at the database, and so do the tabs of one of its staff: a page that
is left open in a hundred of them costs what one costs.
An event's id is a digest of what it says: a client that comes back with ``Last-Event-ID`` hears nothing twice.
"""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

from services.media.videos.schemas import VideoStatusAnswer
from services.media.videos.service import VideoService
from shared.contracts.access import Actor, Role
from shared.http import Problem

LOOK_EVERY = 0.5
COMMENT_EVERY = 15.0
RETRY_MILLISECONDS = 3000
LAST = ("ready", "failed")


@dataclass(frozen=True)
class StatusEvent:
    """``is_last``: nothing will change any more, as far as anybody knows."""

    id: str
    data: str
    is_last: bool

    @classmethod
    def of(cls, answer: VideoStatusAnswer) -> "StatusEvent":
        data = json.dumps(answer.dump(), separators=(",", ":"))
        digest = hashlib.sha256(data.encode()).hexdigest()[:16]
        waits = answer.replacing is not None and answer.replacing.status not in LAST
        return cls(digest, data, answer.status in LAST and not waits)

    def encoded(self) -> bytes:
        return f"id: {self.id}\nevent: status\ndata: {self.data}\n\n".encode()


class StatusFeed:
    def __init__(self, videos: VideoService) -> None:
        self._videos = videos
        self._looks: dict[tuple[UUID, str | None], asyncio.Task[StatusEvent]] = {}

    async def first(self, video_id: UUID, actor: Actor) -> StatusEvent:
        """What stands now. Raises a problem for a film that is not there."""
        return StatusEvent.of(await self._videos.status(video_id, actor))

    async def stream(
        self, video_id: UUID, actor: Actor, first: StatusEvent, last_seen: str | None
    ) -> AsyncIterator[bytes]:
        """Events until the film is ready, failed or gone; comments in between, so that no proxy hangs up."""
        yield f"retry: {RETRY_MILLISECONDS}\n\n".encode()
        clock = asyncio.get_running_loop().time
        spoke, event = clock(), first
        while True:
            if event.id != last_seen:
                yield event.encoded()
                last_seen, spoke = event.id, clock()
            elif clock() - spoke >= COMMENT_EVERY:
                yield b": still here\n\n"
                spoke = clock()
            if event.is_last:
                return
            try:
                event = await self._look(video_id, actor)
            except Problem:
                yield b"event: gone\ndata: {}\n\n"
                return

    async def _look(self, video_id: UUID, actor: Actor) -> StatusEvent:
        # What staff are told depends on who they are; all students are told the same.
        key = (video_id, None if actor.role is Role.STUDENT else f"{actor.role.value}/{actor.user_id}")
        if key not in self._looks:
            self._looks[key] = asyncio.create_task(self._looked(video_id, actor))
            self._looks[key].add_done_callback(lambda _: self._looks.pop(key, None))
        # Shielded: one listener that hangs up must not take the answer from the others.
        return await asyncio.shield(self._looks[key])

    async def _looked(self, video_id: UUID, actor: Actor) -> StatusEvent:
        await asyncio.sleep(LOOK_EVERY)
        return StatusEvent.of(await self._videos.status(video_id, actor))
