"""Media playlists as the media service writes them, of which the final ones are kept for a minute.

A playlist holds nothing of a viewer and nothing that decides: who may read it is asked of the session, each time, before
anybody comes here. Until a film is ready its playlists change with every segment, so those are asked for each time, too.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from services.gateway.proxy.upstream import Upstream
from shared.contracts.video import FINAL_PLAYLIST

KEPT_SECONDS = 60.0
"""Where segments stand (``PUBLIC_BASE_URL``) may be changed under a running gateway; so long it may name the old place."""
MOST_BYTES = 32 * 1024 * 1024

Place = tuple[UUID, str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class Playlist:
    body: bytes
    cache_control: str


class Playlists:
    """``clock`` gives seconds that never go back."""

    def __init__(self, media: Upstream, clock: Callable[[], float] = time.monotonic) -> None:
        self._media = media
        self._clock = clock
        self._kept: OrderedDict[Place, tuple[float, Playlist]] = OrderedDict()
        self._bytes = 0

    async def media(
        self, version_id: UUID, rendition: str, epoch: int | None, *, windows: int | None = None, prefix: str = ""
    ) -> Playlist:
        """The playlist of one rendition; with ``windows`` of so many key windows. Problem as media says.

        ``epoch`` is that of the session; without one it is the film's own, which may move on.
        """
        asked = (("windows", windows), ("prefix", prefix or None), ("epoch", epoch))
        shown = tuple((name, str(value)) for name, value in asked if value is not None)
        place = (version_id, rendition, shown)
        kept = self._kept.get(place)
        if kept is not None and self._clock() < kept[0]:
            return kept[1]
        answer = await self._media.get(f"/internal/playback/{version_id}/{rendition}.m3u8", params=dict(shown))
        playlist = Playlist(answer.body, answer.headers.get("Cache-Control", "no-store"))
        if epoch is not None and FINAL_PLAYLIST in answer.headers:
            self._keep(place, playlist)
        return playlist

    def _keep(self, place: Place, playlist: Playlist) -> None:
        before = self._kept.pop(place, None)
        self._kept[place] = (self._clock() + KEPT_SECONDS, playlist)
        self._bytes += len(playlist.body) - (len(before[1].body) if before else 0)
        # The oldest first: each is written anew once a minute, so those that nobody reads come to stand there.
        while self._bytes > MOST_BYTES:
            self._bytes -= len(self._kept.popitem(last=False)[1][1].body)
