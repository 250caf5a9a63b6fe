"""The demo course: made through the public API like any other, so that there is something to watch at once.

    python -m deploy.embedded.demo     reads LECTERN_URL, LECTERN_TOKEN (an admin's), FFMPEG_PATH, DEMO_DIRECTORY

Starts beside the services: the first film is made while they are not there yet. May be killed at any point and run
again: it does only what is not done. Leaves a mark when the first film can be watched, and one when all is done; from
then on it does nothing more, so a course or film that somebody removed or changed stays removed or changed.
"""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx

from deploy.embedded.films import FILMS, Film, make_film
from deploy.embedded.home import DEMO_DONE, DEMO_WATCHABLE

COURSE_ID = "demo"
STUDENT_ID = "demo-student"
# One chapter a film, in this order.
CHAPTER_IDS = ("demo-light", "demo-depth", "demo-life")
COURSE = {
    "title": "A first look at Lectern",
    "isSequential": True,
    "chapters": [
        {"id": "demo-light", "title": "Light", "isFree": True, "firstWatchRestricted": False, "position": 1},
        {"id": "demo-depth", "title": "Depth", "isFree": False, "firstWatchRestricted": True, "position": 2},
        {"id": "demo-life", "title": "Life", "isFree": False, "firstWatchRestricted": True, "position": 3},
    ],
}
_LOOK_EVERY = 0.2
_READY_PATIENCE = 600.0
_PLAYABLE_PATIENCE = 300.0
_PIECE = 256 * 1024
_BOUNDARY = "lectern-demo-film"


async def make_demo(client: httpx.AsyncClient, ffmpeg: str, directory: Path) -> None:
    """Raises httpx.HTTPError, RuntimeError or OSError; running it again goes on from there."""
    if not (directory / DEMO_WATCHABLE).exists():
        await make_film(ffmpeg, FILMS[0], _file(directory, FILMS[0]))
    await _until_ready(client)
    course = await _course(client)
    (await client.put(f"/api/admin/enrollments/{COURSE_ID}/{STUDENT_ID}")).raise_for_status()
    videos = {chapter["id"]: chapter.get("videoId") for chapter in course["chapters"]}
    for film, chapter in zip(FILMS, CHAPTER_IDS, strict=True):
        file = _file(directory, film)
        if chapter in videos:
            if videos[chapter] is None:
                await make_film(ffmpeg, film, file)
                videos[chapter] = await _upload(client, film, file, chapter)
            if not (directory / DEMO_WATCHABLE).exists():
                await _until_playable(client, videos[chapter])
                await asyncio.to_thread((directory / DEMO_WATCHABLE).touch)
        await asyncio.to_thread(file.unlink, missing_ok=True)
    await asyncio.to_thread((directory / DEMO_DONE).touch)


def _file(directory: Path, film: Film) -> Path:
    return directory / f"{film.name}.mp4"


async def _until_ready(client: httpx.AsyncClient) -> None:
    """Waits for the gateway's word on the whole suite. Raises RuntimeError when it never comes."""
    loop = asyncio.get_running_loop()
    give_up_at = loop.time() + _READY_PATIENCE
    while loop.time() < give_up_at:
        with contextlib.suppress(httpx.TransportError):
            if (await client.get("/health/ready")).status_code == 200:
                return
        await asyncio.sleep(_LOOK_EVERY)
    raise RuntimeError("Lectern was not ready in time")


async def _until_playable(client: httpx.AsyncClient, video: str | None) -> None:
    """Waits until the film can be watched, or never will be; that is for its page to say."""
    loop = asyncio.get_running_loop()
    give_up_at = loop.time() + _PLAYABLE_PATIENCE
    while video is not None and loop.time() < give_up_at:
        status = await client.get(f"/api/videos/{video}/status")
        if status.is_error or status.json()["status"] not in ("uploading", "processing"):
            return
        await asyncio.sleep(_LOOK_EVERY)


async def _course(client: httpx.AsyncClient) -> dict[str, Any]:
    """The course as it is, made if it is not there: what an admin changed since is not changed back."""
    found = await client.get(f"/api/courses/{COURSE_ID}")
    if found.status_code == 404:
        found = await client.put(f"/api/admin/courses/{COURSE_ID}", json=COURSE)
    found.raise_for_status()
    document: dict[str, Any] = found.json()
    return document


async def _upload(client: httpx.AsyncClient, film: Film, file: Path, chapter: str) -> str | None:
    """The id of the video; None where somebody else gave the chapter a film meanwhile."""
    head = (
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="chapterId"\r\n\r\n{chapter}\r\n'
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="video"; filename="{file.name}"\r\n'
        f"Content-Type: video/mp4\r\n\r\n"
    ).encode()
    tail = f"\r\n--{_BOUNDARY}--\r\n".encode()
    size = (await asyncio.to_thread(file.stat)).st_size
    answer = await client.post(
        "/api/videos/upload",
        content=_body(head, file, tail),
        headers={
            "Content-Type": f"multipart/form-data; boundary={_BOUNDARY}",
            "Content-Length": str(len(head) + size + len(tail)),
        },
    )
    if answer.status_code == 409 and answer.json().get("code") == "chapter_has_video":
        print(f"chapter {chapter} has a film meanwhile", flush=True)
        return None
    if answer.is_error:
        raise RuntimeError(f"the film {film.name} was refused: {answer.text[:500]}")
    print(f"uploaded the film of chapter {chapter}", flush=True)
    video: str = answer.json()["videoId"]
    return video


async def _body(head: bytes, file: Path, tail: bytes) -> AsyncIterator[bytes]:
    yield head
    with await asyncio.to_thread(file.open, "rb") as film:
        while piece := await asyncio.to_thread(film.read, _PIECE):
            yield piece
    yield tail


async def _main() -> int:
    environment = os.environ
    headers = {"Authorization": f"Bearer {environment['LECTERN_TOKEN']}"}
    timeout = httpx.Timeout(60, connect=10)
    async with httpx.AsyncClient(base_url=environment["LECTERN_URL"], headers=headers, timeout=timeout) as client:
        try:
            await make_demo(client, environment["FFMPEG_PATH"], Path(environment["DEMO_DIRECTORY"]))
        except (httpx.HTTPError, RuntimeError, OSError) as error:
            print(f"{error or type(error).__name__}", flush=True)
            return 1
    return 0


if __name__ == "__main__":
    # A student who watches meanwhile comes first.
    os.nice(10)
    sys.exit(asyncio.run(_main()))
