"""The work on one chunk: one FFmpeg process, each segment encrypted and stored, the result written to the ledger.

It may be done twice, by two workers at once: keys in storage follow from the plan alone, each object is replaced
whole, and the ledger takes a result only from whoever holds the lease. It may be cut off anywhere: segments count as
soon as they are stored, and the next attempt makes only those that are missing.
"""

import asyncio
import collections
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from services.transcoder.ffmpeg import thumbnails as made_pictures
from services.transcoder.ffmpeg.audio import encode_audio_chunk
from services.transcoder.ffmpeg.encoders import limits_for
from services.transcoder.ffmpeg.options import EncodeOptions
from services.transcoder.ffmpeg.process import FFmpegFailed, ProcessLimits, Progress
from services.transcoder.ffmpeg.segments import Segment
from services.transcoder.ffmpeg.thumbnails import make_images
from services.transcoder.ffmpeg.video import encode_video_chunk
from services.transcoder.ladder.model import Refused
from services.transcoder.ladder.schema import ChunkPlan
from services.transcoder.pipeline import repository
from services.transcoder.pipeline.brake import PATIENT, Brake
from services.transcoder.pipeline.embedded import embedded_captions
from services.transcoder.pipeline.faults import code_of, wait_after
from services.transcoder.pipeline.lease import LeaseLost, under_lease
from services.transcoder.pipeline.repository import ChunkClaim, Source
from services.transcoder.pipeline.sources import ROOM_WAIT, NoRoom, OpenSource, Sources, drop_directory, fresh_directory
from shared.contracts.captions import EmbeddedCaptions
from shared.contracts.outline import Images, Sheet, Still
from shared.contracts.video import (
    IMAGE_CACHE_CONTROL,
    SEGMENT_CACHE_CONTROL,
    SEGMENT_TYPE,
    images_prefix,
    public_prefix,
    segment_key,
)
from shared.crypto import KeyRing, encrypt_segment, segment_key_and_iv
from shared.db import Database
from shared.storage import Store

log = logging.getLogger(__name__)

FINAL_CODES = {"truncated", "unsupported_codec", "no_video_or_audio"}
"""Faults of the film itself: trying again would only take time."""
MOST_FFMPEG_ATTEMPTS = 3
MEDIA_BEHIND = 1.0
"""Seconds until a chunk is looked at again whose job was begun anew before media knew of it."""
START_SEGMENTS = 2
"""Media is told of these at once: they decide when a film is playable."""

Told = Callable[[UUID], Awaitable[None]]


class MediaBehind(Exception):
    """What is made must stand in another place: the job was begun anew and media has not made the new run's place yet,
    or the film's keys were rotated."""


@dataclass(frozen=True)
class Workshop:
    """What one worker process works with. ``name`` stands in leases; ``directory`` is its own."""

    database: Database
    keyring: KeyRing
    sources: Sources
    public: Store
    brake: Brake
    name: str
    directory: Path
    ffmpeg: Path
    encoder: str
    disk_bytes: int
    """What one chunk's files may hold together."""
    tell_media: Told


class Encoder:
    def __init__(self, workshop: Workshop) -> None:
        self._shop = workshop
        self._database = workshop.database

    async def encode(self, claim: ChunkClaim) -> None:
        """Do the chunk and settle it in the ledger, whatever happens: done, put back, or the job ended."""
        if claim.attempts > repository.MOST_ATTEMPTS:
            # Its workers died without a word, time and again: whatever this film does to them, it has done enough.
            await self._put_back(claim, "processing_failed", "The worker died in every attempt.")
            return
        meter = Meter(claim)

        async def renew() -> bool:
            async with self._database.session_scope() as session:
                return await repository.heartbeat_chunk(session, claim, meter.encoded, meter.speed)

        try:
            if claim.lane == repository.URGENT_LANE:
                with self._shop.brake.held():
                    await under_lease(self._work(claim, meter), renew, repository.HEARTBEAT_SECONDS)
            else:
                await under_lease(self._work(claim, meter), renew, repository.HEARTBEAT_SECONDS)
        except LeaseLost:
            await self._let_go(claim)
        except MediaBehind:
            await self._return(claim, wait=MEDIA_BEHIND)
        except NoRoom:
            await self._return(claim, wait=ROOM_WAIT)
        except asyncio.CancelledError:
            await self._return(claim)
            raise
        except (FFmpegFailed, Refused) as error:
            await self._film_failed(claim, error)
        except Exception as error:
            log.warning("chunk %s failed", claim.label, exc_info=True)
            await self._put_back(claim, code_of(error), f"{type(error).__name__}: {error}")

    async def _work(self, claim: ChunkClaim, meter: "Meter") -> None:
        started = time.monotonic()
        async with self._database.session_scope() as session:
            source = await repository.wanted_source(session, claim.version_id)
            if source is None:
                await repository.fail_job(session, claim.job_id, "cancelled", "The film is not wanted any more.")
                await repository.release_failed(session, claim)
                return
            if source.run != claim.run:
                raise MediaBehind
            row = await repository.content_key(session, claim.version_id, source.key_epoch)
            made = await repository.made_segments(session, claim)
        assert row is not None, "media writes the content key together with the version"
        secret = self._shop.keyring.open(row)
        images, captions = None, None
        directory = await fresh_directory(self._shop.directory / f"{claim.id}-{claim.attempts}")
        try:
            if claim.chunk.kind == "thumbnails":
                async with self._shop.sources.reading(source) as film:
                    images, captions = await self._beside(claim, source, film, directory)
            elif (rest := missing_part(claim, made)) is not None:
                meter.starts_at(rest.first_segment)
                async with self._shop.sources.reading(source) as film:
                    publish = _Publisher(self._shop, claim, source, secret, made)
                    await self._encoded(claim, rest, film, directory, publish, meter)
                await self._require_epoch(claim, source, publish.written)
        finally:
            await drop_directory(directory)
        async with self._database.session_scope() as session:
            took = time.monotonic() - started
            if not await repository.finish_chunk(session, claim, images, took, captions):
                await repository.release_failed(session, claim)
        async with self._database.session_scope() as session:
            await repository.finalise(session, claim.job_id)

    async def _require_epoch(self, claim: ChunkClaim, source: Source, written: list[tuple[str, int]]) -> None:
        """A film's keys may have been rotated while a part of it was made again: that part stands in the old epoch."""
        async with self._database.session_scope() as session:
            now = await repository.wanted_source(session, claim.version_id)
            if now is None or now.key_epoch == source.key_epoch:
                return
            await repository.forget_segments(session, claim, written)
        raise MediaBehind

    async def _encoded(
        self,
        claim: ChunkClaim,
        rest: ChunkPlan,
        film: OpenSource,
        directory: Path,
        publish: "_Publisher",
        meter: "Meter",
    ) -> None:
        encode = encode_video_chunk if rest.kind == "video" else encode_audio_chunk
        urgent = claim.lane == repository.URGENT_LANE
        with self._shop.brake.ordinary() as ordinary:
            options = EncodeOptions(
                ffmpeg=self._shop.ffmpeg,
                on_progress=meter.take,
                limits=await self._encoder_limits(film, directory, 0 if urgent else PATIENT),
                on_start=None if urgent else ordinary.started,
                encoder=self._shop.encoder,
            )
            await encode(film.path, claim.plan, rest, directory, publish, options)

    async def _encoder_limits(self, film: OpenSource, directory: Path, niceness: int) -> ProcessLimits:
        own = film.limits(self._limits(niceness), writable=(directory,))
        return await asyncio.to_thread(limits_for, self._shop.encoder, own)

    def _limits(self, niceness: int) -> ProcessLimits:
        return ProcessLimits(niceness=niceness, disk_bytes=self._shop.disk_bytes)

    async def _beside(
        self, claim: ChunkClaim, source: Source, film: OpenSource, directory: Path
    ) -> tuple[Images, EmbeddedCaptions | None]:
        """What is made of a film beside its streams: stills, and with the first of them the source's captions."""
        prefix = images_prefix(str(source.video_id), str(source.version_id), source.public_secret)
        with self._shop.brake.ordinary() as ordinary:
            options = EncodeOptions(
                ffmpeg=self._shop.ffmpeg,
                limits=film.limits(self._limits(PATIENT), writable=(directory,)),
                on_start=ordinary.started,
            )
            captions = await embedded_captions(claim, film.path, directory, options)
            made = await make_images(film.path, claim.plan, claim.chunk, directory, options)
        stills, sheets, poster_key = [], [], None
        for thumbnail in made.thumbnails:
            key = await self._put_image(f"{prefix}/{thumbnail.path.stem}.jpg", thumbnail.path)
            stills.append(Still(time=thumbnail.time, key=key, width=thumbnail.width, height=thumbnail.height))
        for sheet in made.sheets:
            key = await self._put_image(f"{prefix}/storyboard-{sheet.number}.jpg", sheet.path)
            sheets.append(_sheet(sheet, key))
        if made.poster is not None:
            poster_key = await self._put_image(f"{prefix}/poster.jpg", made.poster.path)
        return Images(thumbnails=tuple(stills), sheets=tuple(sheets), poster_key=poster_key), captions

    async def _put_image(self, key: str, path: Path) -> str:
        await self._shop.public.put_file(key, path, content_type="image/jpeg", cache_control=IMAGE_CACHE_CONTROL)
        return key

    async def _film_failed(self, claim: ChunkClaim, error: FFmpegFailed | Refused) -> None:
        detail = "\n".join(error.stderr_tail) if isinstance(error, FFmpegFailed) else None
        log.warning("chunk %s of %s: %s\n%s", claim.label, claim.version_id, error, detail or "")
        final = error.code in FINAL_CODES or isinstance(error, Refused) or claim.attempts >= MOST_FFMPEG_ATTEMPTS
        if claim.chunk.kind == "thumbnails" and final:
            await self._do_without(claim)
            return
        if claim.on_demand:
            # The ordinary chunk of these segments will say what is wrong with the film, and for good.
            async with self._database.session_scope() as session:
                await repository.release_failed(session, claim)
            return
        if final:
            async with self._database.session_scope() as session:
                await repository.release_failed(session, claim)
                await repository.fail_job(session, claim.job_id, error.code, error.message, detail, by=self._shop.name)
            return
        await self._put_back(claim, error.code, error.message, detail)

    async def _do_without(self, claim: ChunkClaim) -> None:
        """A film without pictures of itself is a film; whether it can be decoded is for the other chunks to say."""
        async with self._database.session_scope() as session:
            await repository.finish_chunk(session, claim)
        async with self._database.session_scope() as session:
            await repository.finalise(session, claim.job_id)

    async def _put_back(self, claim: ChunkClaim, code: str, message: str, detail: str | None = None) -> None:
        if claim.attempts >= repository.MOST_ATTEMPTS and claim.chunk.kind == "thumbnails":
            await self._do_without(claim)
            return
        async with self._database.session_scope() as session:
            if claim.attempts >= repository.MOST_ATTEMPTS:
                await repository.release_failed(session, claim)
                if not claim.on_demand:
                    sentence = "A part of the film could not be made in five attempts. Retry it, or upload it again."
                    told = "\n".join(filter(None, (message, detail)))
                    await repository.fail_job(session, claim.job_id, code, sentence, told, by=self._shop.name)
                return
            wait = wait_after(code, claim.attempts)
            await repository.put_back(session, claim, code, message, wait, detail)

    async def _let_go(self, claim: ChunkClaim) -> None:
        """The lease is gone: to somebody else, because the film is paused, or because nobody wants it."""
        async with self._database.session_scope() as session:
            job = await repository.job_of(session, claim.version_id)
            if job is not None and job.state == "encoding":
                await repository.return_unspent(session, claim)
            else:
                await repository.release_failed(session, claim)

    async def _return(self, claim: ChunkClaim, wait: float = 0.0) -> None:
        async with self._database.session_scope() as session:
            await repository.return_unspent(session, claim, wait)


def missing_part(claim: ChunkClaim, made: dict[str, set[int]]) -> ChunkPlan | None:
    """The chunk from its first missing segment on, of the renditions that miss any; None where all is made."""
    segments = claim.chunk.segments
    missing = {name: [index for index in segments if index not in there] for name, there in made.items()}
    lacking = tuple(name for name, indexes in missing.items() if indexes)
    if not lacking:
        return None
    first = min(missing[name][0] for name in lacking)
    after = max(missing[name][-1] for name in lacking) + 1
    return claim.chunk.model_copy(
        update={"first_segment": first, "segment_count": after - first, "renditions": lacking}
    )


class _Publisher:
    """Encrypts each segment, stores it, and writes it down."""

    def __init__(
        self, shop: Workshop, claim: ChunkClaim, source: Source, secret: bytes, made: dict[str, set[int]]
    ) -> None:
        self._shop = shop
        self._claim = claim
        self._secret = secret
        self._made = made
        self.written: list[tuple[str, int]] = []
        self._prefix = public_prefix(
            str(source.video_id), str(source.version_id), source.key_epoch, source.public_secret
        )

    async def __call__(self, segment: Segment) -> None:
        if segment.index in self._made[segment.rendition]:
            # An object in storage never changes: caches hold it as immutable.
            await asyncio.to_thread(segment.path.unlink)
            return
        key, iv = segment_key_and_iv(self._secret, segment.rendition, segment.index)

        def encrypted() -> bytes:
            return encrypt_segment(segment.path.read_bytes(), key, iv)

        body = await asyncio.to_thread(encrypted)
        await self._shop.public.put(
            segment_key(self._prefix, segment.rendition, segment.index),
            body,
            content_type=SEGMENT_TYPE,
            cache_control=SEGMENT_CACHE_CONTROL,
        )
        await asyncio.to_thread(segment.path.unlink)
        async with self._shop.database.session_scope() as session:
            await repository.record_segment(session, self._claim, segment.rendition, segment.index, len(body))
        self.written.append((segment.rendition, segment.index))
        self._made[segment.rendition].add(segment.index)
        if segment.index < START_SEGMENTS and self._claim.chunk.first_segment == 0:
            await self._shop.tell_media(self._claim.version_id)


class Meter:
    """How far a chunk is, from what FFmpeg reports: seconds of film encoded, and how many of them a second.

    The speed is that of the last seconds. FFmpeg's own is an average since its start, which counts the time in which
    it was stopped for a viewer, and so promises too late an end.
    """

    WINDOW = 6.0

    def __init__(self, claim: ChunkClaim) -> None:
        self._claim = claim
        self._before = 0.0
        self._reports: collections.deque[tuple[float, float]] = collections.deque()
        self.encoded = 0.0
        self.speed: float | None = None

    def starts_at(self, first_segment: int) -> None:
        """What lies before is made already."""
        plan, chunk = self._claim.plan, self._claim.chunk
        durations = plan.segment_durations(plan.chunk_renditions(chunk)[0])
        self._before = sum(durations[chunk.first_segment : first_segment])
        self.encoded = self._before

    def take(self, progress: Progress) -> None:
        now, done = time.monotonic(), max(0.0, progress.out_time)
        self.encoded = self._before + done
        self._reports.append((now, done))
        while now - self._reports[0][0] > self.WINDOW and len(self._reports) > 2:
            self._reports.popleft()
        first_at, first_done = self._reports[0]
        if now - first_at > 1.0:
            self.speed = (done - first_done) / (now - first_at)


def _sheet(sheet: made_pictures.Sheet, key: str) -> Sheet:
    first = sheet.tiles[0]
    return Sheet(
        start=first.start,
        key=key,
        interval=sheet.tiles[1].start - first.start if len(sheet.tiles) > 1 else first.end - first.start,
        columns=max(1, sheet.width // first.w),
        tiles=len(sheet.tiles),
        tile_width=first.w,
        tile_height=first.h,
    )
