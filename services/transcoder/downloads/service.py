"""Makes a film to take home: the published segments of one rendition and of all sounds, decrypted and put into one MP4.

It may be done twice, by two workers at once: each attempt has a key of its own in storage, and the ledger takes a result
only from whoever holds the lease. Nothing decrypted touches a disk but the MP4 itself, which goes when it is stored.
"""

import asyncio
import hashlib
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

import langcodes

from services.transcoder.downloads import repository
from services.transcoder.downloads.repository import DownloadClaim
from services.transcoder.ffmpeg.options import EncodeOptions
from services.transcoder.ffmpeg.process import FFmpegFailed, ProcessLimits, Progress
from services.transcoder.ffmpeg.remux import Track, remux
from services.transcoder.ladder.schema import Plan
from services.transcoder.pipeline.brake import PATIENT
from services.transcoder.pipeline.encoding import Workshop
from services.transcoder.pipeline.lease import LeaseLost, under_lease
from services.transcoder.pipeline.published import PublishedFilm, place_of
from services.transcoder.pipeline.repository import HEARTBEAT_SECONDS, Source, wanted_source
from services.transcoder.pipeline.sources import drop_directory, fresh_directory
from shared.contracts.video import download_prefix
from shared.storage import StorageError, Store

log = logging.getLogger(__name__)

MARGIN = 64 * 1024 * 1024
"""Bytes that a file may have beyond its segments: they are transport streams, which weigh more than an MP4."""
PIECE = 1024 * 1024
REMUXED = 80.0
"""Per cent of the work that is done when the file is there and has to be stored."""


class Moved(Exception):
    """The film was given new keys or another place in storage while its file was made, or a part of it is made again."""


@dataclass
class _Meter:
    percent: float = 0.0


class DownloadMaker:
    """``store`` keeps what is made."""

    def __init__(self, workshop: Workshop, store: Store) -> None:
        self._shop = workshop
        self._store = store
        self._database = workshop.database

    async def make(self, held: DownloadClaim) -> None:
        """Make the file and settle it in the ledger, whatever happens: done, put back, or given up."""
        meter = _Meter()

        async def renew() -> bool:
            async with self._database.session_scope() as session:
                return await repository.heartbeat(session, held, round(meter.percent, 1))

        try:
            await under_lease(self._work(held, meter), renew, HEARTBEAT_SECONDS)
        except LeaseLost:
            await self._give_up(held, "cancelled", "Nobody waits for this file any more.")
        except (Moved, asyncio.CancelledError) as error:
            async with self._database.session_scope() as session:
                await repository.put_back(session, held, spent=False)
            if isinstance(error, asyncio.CancelledError):
                raise
        except Exception as error:
            log.warning("the download %s could not be made", held.id, exc_info=True)
            await self._failed(held, error)

    async def _work(self, held: DownloadClaim, meter: _Meter) -> None:
        async with self._database.session_scope() as session:
            source = await wanted_source(session, held.version_id)
            plan = await repository.plan_of(session, held.version_id)
        if source is None:
            raise LeaseLost
        if plan is None:
            raise Moved
        film = _Film(self._shop, source, Plan.model_validate(plan), held.rendition)
        directory = await fresh_directory(self._shop.directory / f"download-{held.id}-{held.attempts}")
        try:
            path = directory / "film.mp4"
            await self._remux(film, path, directory, meter)
            key, size, sha256 = await self._stored(held, source, path, meter)
        finally:
            await drop_directory(directory)
        async with self._database.session_scope() as session:
            now = await wanted_source(session, held.version_id)
            moved = now is None or place_of(now) != place_of(source)
            taken = not moved and await repository.finish(session, held, key, size, sha256)
        if not taken:
            await self._store.delete(key)
        if moved:
            raise Moved

    async def _remux(self, film: "_Film", path: Path, directory: Path, meter: _Meter) -> None:
        async with self._database.session_scope() as session:
            secret = await film.secret(session)
            most = await repository.bytes_of(session, film.version_id, film.renditions) + MARGIN
        duration = film.plan.duration

        def on_progress(progress: Progress) -> None:
            meter.percent = max(meter.percent, min(REMUXED, REMUXED * progress.out_time / max(duration, 0.1)))

        limits = ProcessLimits(niceness=PATIENT, file_bytes=most, disk_bytes=most, readable=(), writable=(directory,))
        with self._shop.brake.ordinary() as ordinary:
            options = EncodeOptions(
                ffmpeg=self._shop.ffmpeg, limits=limits, on_progress=on_progress, on_start=ordinary.started
            )
            await remux(film.tracks(secret), path, options, pictures=film.pictures)

    async def _stored(self, held: DownloadClaim, source: Source, path: Path, meter: _Meter) -> tuple[str, int, str]:
        """Key, bytes and SHA-256 of the file in storage."""
        size = (await asyncio.to_thread(path.stat)).st_size
        digest = hashlib.sha256()

        async def pieces() -> AsyncGenerator[bytes, None]:
            sent = 0
            with await asyncio.to_thread(path.open, "rb") as file:
                while piece := await asyncio.to_thread(file.read, PIECE):
                    await asyncio.to_thread(digest.update, piece)
                    yield piece
                    sent += len(piece)
                    meter.percent = REMUXED + (99.9 - REMUXED) * sent / size

        prefix = download_prefix(str(source.video_id), str(source.version_id), str(held.id))
        key = f"{prefix}/{held.owner.rpartition('/')[2]}.mp4"
        async with aclosing(pieces()) as body:
            await self._store.put(key, body, content_type="video/mp4")
        return key, size, digest.hexdigest()

    async def _failed(self, held: DownloadClaim, error: Exception) -> None:
        code, message, detail = _told(error)
        if held.attempts >= repository.MOST_ATTEMPTS:
            await self._give_up(held, code, message, detail)
            return
        async with self._database.session_scope() as session:
            wait = 2.0**held.attempts
            await repository.put_back(session, held, wait=wait, code=code, message=message, detail=detail)

    async def _give_up(self, held: DownloadClaim, code: str, message: str, detail: str | None = None) -> None:
        async with self._database.session_scope() as session:
            await repository.fail(session, held, code, message, detail)


class _Film(PublishedFilm):
    """What one file is made of: a rendition and all sounds."""

    def __init__(self, shop: Workshop, source: Source, plan: Plan, rendition: str) -> None:
        super().__init__(shop.public, shop.keyring, source, plan)
        sounds = tuple(audio.name for audio in plan.audio)
        self.renditions: Sequence[str] = (rendition, *(name for name in sounds if name != rendition))

    @property
    def pictures(self) -> int | None:
        return self.plan.video.frame_count if self.plan.video else None

    def tracks(self, secret: bytes) -> list[Track]:
        sounds = {audio.name: audio for audio in self.plan.audio}
        return [
            Track(
                kind="audio" if name in sounds else "video",
                segments=self.segments(name, secret),
                language=_language(sounds[name].language) if name in sounds else None,
                is_default=sounds[name].is_default if name in sounds else True,
            )
            for name in self.renditions
        ]


def _language(tag: str | None) -> str | None:
    return langcodes.Language.get(tag).to_alpha3() if tag else None


def _told(error: Exception) -> tuple[str, str, str | None]:
    """Code, sentence and detail of a fault."""
    if isinstance(error, FFmpegFailed):
        return error.code, error.message, "\n".join(error.stderr_tail)
    if isinstance(error, StorageError):
        return "storage_unavailable", "The storage of films cannot be reached.", str(error)
    return "processing_failed", "The file could not be made.", f"{type(error).__name__}: {error}"
