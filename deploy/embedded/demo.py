"""The demo course: made through the public API like any other, so that there is something to watch at once.

    python -m deploy.embedded.demo     reads LECTERN_URL, LECTERN_TOKEN (an admin's), FFMPEG_PATH, DEMO_DIRECTORY

May be killed at any point and run again: it does only what is not done. Once all is done it leaves a mark and does
nothing more, so a course or film that somebody removed or changed stays removed or changed.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx

from deploy.embedded.films import FILMS, Film, make_film

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
_DONE = "done"
_PIECE = 256 * 1024
_BOUNDARY = "lectern-demo-film"


async def make_demo(client: httpx.AsyncClient, ffmpeg: str, directory: Path) -> None:
    """Raises httpx.HTTPError, RuntimeError or OSError; running it again goes on from there."""
    course = await _course(client)
    (await client.put(f"/api/admin/enrollments/{COURSE_ID}/{STUDENT_ID}")).raise_for_status()
    without_film = {chapter["id"] for chapter in course["chapters"] if chapter.get("videoId") is None}
    for film, chapter in zip(FILMS, CHAPTER_IDS, strict=True):
        file = directory / f"{film.name}.mp4"
        if chapter in without_film:
            await make_film(ffmpeg, film, file)
            await _upload(client, film, file, chapter)
        await asyncio.to_thread(file.unlink, missing_ok=True)
    await asyncio.to_thread((directory / _DONE).touch)


async def _course(client: httpx.AsyncClient) -> dict[str, Any]:
    """The course as it is, made if it is not there: what an admin changed since is not changed back."""
    found = await client.get(f"/api/courses/{COURSE_ID}")
    if found.status_code == 404:
        found = await client.put(f"/api/admin/courses/{COURSE_ID}", json=COURSE)
    found.raise_for_status()
    document: dict[str, Any] = found.json()
    return document


async def _upload(client: httpx.AsyncClient, film: Film, file: Path, chapter: str) -> None:
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
        return
    if answer.is_error:
        raise RuntimeError(f"the film {film.name} was refused: {answer.text[:500]}")
    print(f"uploaded the film of chapter {chapter}", flush=True)


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
