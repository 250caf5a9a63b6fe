"""Which playlists of media are kept, and for how long."""

from typing import Any
from uuid import uuid4

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from services.gateway.proxy.upstream import Answer
from services.gateway.sessions import playlists
from services.gateway.sessions.playlists import KEPT_SECONDS, Playlists
from shared.contracts.video import FINAL_PLAYLIST

VERSION = uuid4()


class Media:
    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.final = True
        self.body = b"#EXTM3U\n"

    async def get(self, path: str, params: dict[str, str]) -> Answer:
        self.asked.append((path, params))
        headers = CIMultiDict(
            {"Cache-Control": "private, max-age=3600"} | ({FINAL_PLAYLIST: "yes"} if self.final else {})
        )
        return Answer(200, CIMultiDictProxy(headers), self.body)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def media() -> Media:
    return Media()


def kept_from(media: Any, clock: Clock | None = None) -> Playlists:
    return Playlists(media, clock or Clock())


async def test_a_final_one_is_asked_for_once_a_minute(media: Media) -> None:
    clock = Clock()
    kept = kept_from(media, clock)
    first = await kept.media(VERSION, "720p", 1, windows=2, prefix="../")
    assert await kept.media(VERSION, "720p", 1, windows=2, prefix="../") == first
    assert media.asked == [(f"/internal/playback/{VERSION}/720p.m3u8", {"windows": "2", "prefix": "../", "epoch": "1"})]
    media.body = b"#EXTM3U\n# elsewhere\n"
    clock.now += KEPT_SECONDS
    assert (await kept.media(VERSION, "720p", 1, windows=2, prefix="../")).body == media.body
    assert len(media.asked) == 2


async def test_what_is_asked_for_otherwise_is_another_one(media: Media) -> None:
    kept = kept_from(media)
    ways: list[tuple[Any, str, int, int | None, str]] = [
        (VERSION, "720p", 1, None, ""),
        (uuid4(), "720p", 1, None, ""),
        (VERSION, "360p", 1, None, ""),
        (VERSION, "720p", 2, None, ""),
        (VERSION, "720p", 1, 1, ""),
        (VERSION, "720p", 1, 0, ""),
        (VERSION, "720p", 1, None, "../"),
    ]
    for version, rendition, epoch, windows, prefix in ways:
        await kept.media(version, rendition, epoch, windows=windows, prefix=prefix)
    assert len(media.asked) == len(ways)


async def test_one_of_a_film_that_is_still_made_is_asked_for_each_time(media: Media) -> None:
    kept = kept_from(media)
    media.final = False
    for number in range(3):
        media.body = f"#EXTM3U\n#{number}\n".encode()
        assert (await kept.media(VERSION, "720p", 1)).body == media.body


async def test_one_without_an_epoch_of_its_own_is_asked_for_each_time(media: Media) -> None:
    kept = kept_from(media)
    for _ in range(3):
        await kept.media(VERSION, "720p", None)
    assert [params for _, params in media.asked] == [{}, {}, {}]


async def test_no_more_is_kept_than_there_is_room(media: Media, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(playlists, "MOST_BYTES", 1000)
    kept = kept_from(media)
    media.body = b"x" * 400
    for epoch in (1, 2, 3, 3, 2, 1):
        await kept.media(VERSION, "720p", epoch)
    # The third took the place of the first, which is then the only one that is asked for again.
    assert [params["epoch"] for _, params in media.asked] == ["1", "2", "3", "1"]
