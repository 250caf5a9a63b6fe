"""The demo course: made once, through the public API, and finished by the next run where one was cut off."""

import json
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import av
import httpx
import imageio_ffmpeg
import pytest

from deploy.embedded import films
from deploy.embedded.demo import CHAPTER_IDS, COURSE, make_demo


class Platform:
    """The few endpoints the demo uses, kept in memory. Fails at the nth upload when told so."""

    def __init__(self) -> None:
        self.course: dict | None = None
        self.enrolled: list[str] = []
        self.films: dict[str, bytes] = {}
        self.puts = 0
        self.fail_at: int | None = None
        self.looks_until_ready = 3
        self.looks_until_playable = 3
        self.watchable: Path | None = None

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        body = b"".join([piece async for piece in request.stream])
        path = request.url.path
        if path == "/health/ready":
            self.looks_until_ready -= 1
            return httpx.Response(503 if self.looks_until_ready > 0 else 200, json={})
        assert self.looks_until_ready <= 0, "nothing is asked of a suite that is not ready"
        if path.endswith("/status"):
            assert self.watchable is None or not self.watchable.exists()
            self.looks_until_playable -= 1
            return httpx.Response(200, json={"status": "processing" if self.looks_until_playable > 0 else "playable"})
        if path == "/api/courses/demo" and self.course is None:
            return httpx.Response(404, json={"code": "unknown_course"})
        if path == "/api/admin/courses/demo":
            self.puts += 1
            self.course = json.loads(body)
        if path.startswith("/api/admin/enrollments/demo/"):
            self.enrolled.append(path.rpartition("/")[2])
            return httpx.Response(200, json={})
        if path == "/api/videos/upload":
            return self._upload(body)
        return httpx.Response(200, json=self._document())

    def _upload(self, body: bytes) -> httpx.Response:
        if self.fail_at == len(self.films):
            raise httpx.ReadError("the connection was cut")
        chapter = body.split(b"\r\n\r\n")[1].split(b"\r\n")[0].decode()
        if chapter in self.films:
            return httpx.Response(409, json={"code": "chapter_has_video"})
        self.films[chapter] = body.split(b"\r\n\r\n")[2].rpartition(b"\r\n--")[0]
        return httpx.Response(202, json={"videoId": chapter, "status": "processing"})

    def _document(self) -> dict:
        assert self.course is not None
        chapters = [
            {**one, "videoId": one["id"] if one["id"] in self.films else None} for one in self.course["chapters"]
        ]
        return {**self.course, "id": "demo", "chapters": chapters}


@pytest.fixture
def platform() -> Platform:
    return Platform()


@pytest.fixture
async def client(platform: Platform) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.MockTransport(platform), base_url="http://gateway") as one:
        yield one


@pytest.fixture
def ffmpeg(tmp_path: Path) -> str:
    """Stands in where the film itself does not matter: writes its last argument."""
    program = tmp_path / "ffmpeg"
    program.write_text('#!/bin/sh\nfor last; do :; done\necho "film $last" > "$last"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return str(program)


async def test_three_chapters_each_with_a_film(
    platform: Platform, client: httpx.AsyncClient, ffmpeg: str, tmp_path: Path
) -> None:
    await make_demo(client, ffmpeg, tmp_path)
    assert platform.course == COURSE
    assert [one["isFree"] for one in COURSE["chapters"]] == [True, False, False]
    assert [one["firstWatchRestricted"] for one in COURSE["chapters"]] == [False, True, True]
    assert platform.enrolled == ["demo-student"]
    assert tuple(platform.films) == CHAPTER_IDS
    assert all(content.startswith(b"film ") for content in platform.films.values())
    assert (tmp_path / "done").exists()
    assert not list(tmp_path.glob("*.mp4"))


async def test_the_first_film_is_said_to_be_there_when_it_can_be_watched(
    platform: Platform, client: httpx.AsyncClient, ffmpeg: str, tmp_path: Path
) -> None:
    platform.watchable = tmp_path / "watchable"
    platform.fail_at = 1  # at the second film
    with pytest.raises(httpx.ReadError):
        await make_demo(client, ffmpeg, tmp_path)
    assert platform.looks_until_playable == 0
    assert platform.watchable.exists()
    assert list(platform.films) == [CHAPTER_IDS[0]]


async def test_a_second_run_changes_nothing(
    platform: Platform, client: httpx.AsyncClient, ffmpeg: str, tmp_path: Path
) -> None:
    await make_demo(client, ffmpeg, tmp_path)
    films_before = dict(platform.films)
    await make_demo(client, ffmpeg, tmp_path)
    assert platform.puts == 1
    assert platform.films == films_before


async def test_a_run_that_was_cut_off_is_finished_by_the_next(
    platform: Platform, client: httpx.AsyncClient, ffmpeg: str, tmp_path: Path
) -> None:
    platform.fail_at = 1
    with pytest.raises(httpx.ReadError):
        await make_demo(client, ffmpeg, tmp_path)
    assert not (tmp_path / "done").exists()
    platform.fail_at = None
    await make_demo(client, ffmpeg, tmp_path)
    assert tuple(platform.films) == CHAPTER_IDS


async def test_a_film_that_cannot_be_made_is_told_and_leaves_nothing_whole(tmp_path: Path) -> None:
    target = tmp_path / "film.mp4"
    broken = films.Film("broken", "nosuchfilter", "sine")
    with pytest.raises(RuntimeError, match="nosuchfilter"):
        await films.make_film(imageio_ffmpeg.get_ffmpeg_exe(), broken, target)
    assert not target.exists()


@pytest.mark.parametrize("film", films.FILMS, ids=lambda film: film.name)
async def test_the_films_are_films(film: films.Film, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(films, "SECONDS", 2)
    target = tmp_path / "film.mp4"
    await films.make_film(imageio_ffmpeg.get_ffmpeg_exe(), film, target)
    with av.open(str(target)) as container:
        picture, sound = container.streams.video[0], container.streams.audio[0]
        assert (picture.width, picture.height, picture.average_rate) == (1280, 720, 25)
        assert (sound.rate, sound.channels) == (48000, 2)
        frames = [frame.to_ndarray(format="gray") for frame in container.decode(picture)]
    assert len(frames) == 50
    assert frames[-1].std() > 5, "a picture, not a plain colour"
    assert abs(frames[-1].astype(int) - frames[0].astype(int)).mean() > 0.5, "it moves"
