"""The work on one chunk: one FFmpeg process, each segment encrypted and stored, the result written to the ledger.

It may be done twice, by two workers at once: keys in storage follow from the plan alone, each object is replaced
whole, and the ledger takes a result only from whoever holds the lease.
"""

import asyncio
import logging
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from services.transcoder.ffmpeg.audio import encode_audio_chunk
from services.transcoder.ffmpeg.options import EncodeOptions
from services.transcoder.ffmpeg.process import FFmpegFailed, Progress
from services.transcoder.ffmpeg.segments import Segment
from services.transcoder.ffmpeg.thumbnails import make_images
from services.transcoder.ffmpeg.video import encode_video_chunk
from services.transcoder.ladder.model import Refused
from services.transcoder.pipeline import repository
from services.transcoder.pipeline.lease import LeaseLost, under_lease
from services.transcoder.pipeline.repository import ChunkClaim, Source
from services.transcoder.pipeline.sources import Sources, drop_directory, fresh_directory
from shared.contracts.video import SEGMENTS_PER_KEY_WINDOW, public_prefix, segment_key
from shared.crypto import KeyRing, Wrapped, encrypt_segment, segment_iv, window_key
from shared.crypto.keyring import secret_context
from shared.db import Database
from shared.storage import StorageError, Store

log = logging.getLogger(__name__)

SEGMENT_CACHE = "public, max-age=604800, immutable"
IMAGE_CACHE = "public, max-age=2592000, immutable"
FINAL_CODES = {"truncated", "unsupported_codec", "no_video_or_audio"}
"""Faults of the film itself: trying again would only take time."""
MOST_FFMPEG_ATTEMPTS = 3


@dataclass
class _Result:
    segments: dict[str, dict[int, int]] = field(default_factory=dict)
    images: list[dict[str, Any]] = field(default_factory=list)

    def sizes(self) -> dict[str, list[int]] | None:
        if not self.segments:
            return None
        return {name: [sizes[index] for index in sorted(sizes)] for name, sizes in self.segments.items()}


class Encoder:
    """``worker`` names this process in leases; ``workplace`` is its own directory."""

    def __init__(
        self,
        database: Database,
        keyring: KeyRing,
        sources: Sources,
        public: Store,
        *,
        worker: str,
        workplace: Path,
        ffmpeg: Path,
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._sources = sources
        self._public = public
        self._worker = worker
        self._workplace = workplace
        self._ffmpeg = ffmpeg

    async def encode(self, claim: ChunkClaim) -> None:
        """Do the chunk and settle it in the ledger, whatever happens: done, put back, or the job ended."""
        if claim.attempts > repository.MOST_ATTEMPTS:
            # Its workers died without a word, time and again: whatever this film does to them, it has done enough.
            await self._put_back(claim, "processing_failed", "the worker died in every attempt")
            return
        percent = _Percent(claim)

        async def renew() -> bool:
            async with self._database.session_scope() as session:
                return await repository.heartbeat_chunk(session, claim, self._worker, percent.value)

        try:
            await under_lease(self._work(claim, percent), renew, repository.HEARTBEAT_SECONDS)
        except LeaseLost:
            async with self._database.session_scope() as session:
                await repository.release_failed(session, claim, self._worker)
        except asyncio.CancelledError:
            async with self._database.session_scope() as session:
                await repository.return_unspent(session, claim, self._worker)
            raise
        except (FFmpegFailed, Refused) as error:
            await self._film_failed(claim, error)
        except Exception as error:
            log.warning("chunk %s %s failed", claim.chunk.kind, claim.chunk.index, exc_info=True)
            await self._put_back(claim, _code(error), f"{type(error).__name__}: {error}")

    async def _work(self, claim: ChunkClaim, percent: "_Percent") -> None:
        started = time.monotonic()
        async with self._database.session_scope() as session:
            source = await repository.wanted_source(session, claim.version_id)
            if source is None:
                await repository.fail_job(session, claim.job_id, "cancelled", "The film is not wanted any more.")
                await repository.release_failed(session, claim, self._worker)
                return
            row = await repository.content_key(session, claim.version_id, source.key_epoch)
        assert row is not None, "media writes the content key together with the version"
        secret = self._keyring.unwrap(
            Wrapped(row.kid, row.nonce, row.wrapped), secret_context(str(claim.version_id), source.key_epoch)
        )
        directory = await fresh_directory(self._workplace / f"{claim.id}-{claim.attempts}")
        try:
            async with self._sources.local(source) as path:
                result = await self._made(claim, source, path, directory, secret, percent)
        finally:
            await drop_directory(directory)
        async with self._database.session_scope() as session:
            await repository.finish_chunk(
                session, claim, self._worker, result.sizes(), result.images or None, time.monotonic() - started
            )

    async def _made(
        self, claim: ChunkClaim, source: Source, path: Path, directory: Path, secret: bytes, percent: "_Percent"
    ) -> _Result:
        result = _Result()

        async def publish(segment: Segment) -> None:
            size = await self._publish(source, secret, segment)
            result.segments.setdefault(segment.rendition, {})[segment.index] = size

        if claim.chunk.kind == "thumbnails":
            result.images = await self._images(claim, source, path, directory)
            return result
        encode = encode_video_chunk if claim.chunk.kind == "video" else encode_audio_chunk
        await encode(
            path,
            claim.plan,
            claim.chunk,
            directory,
            publish,
            EncodeOptions(self._ffmpeg, on_progress=percent.take),
        )
        return result

    async def _publish(self, source: Source, secret: bytes, segment: Segment) -> int:
        """Encrypt one segment and store it; answers its bytes."""
        window = segment.index // SEGMENTS_PER_KEY_WINDOW
        key, iv = window_key(secret, window), segment_iv(secret, segment.rendition, segment.index)

        def encrypted() -> bytes:
            return encrypt_segment(segment.path.read_bytes(), key, iv)

        body = await asyncio.to_thread(encrypted)
        prefix = public_prefix(str(source.video_id), str(source.version_id), source.key_epoch, source.public_secret)
        await self._public.put(
            segment_key(prefix, segment.rendition, segment.index),
            body,
            content_type="video/mp2t",
            cache_control=SEGMENT_CACHE,
        )
        await asyncio.to_thread(segment.path.unlink)
        return len(body)

    async def _images(self, claim: ChunkClaim, source: Source, path: Path, directory: Path) -> list[dict[str, Any]]:
        prefix = f"{source.video_id}/{source.version_id}/images-{source.public_secret}"
        made = await make_images(path, claim.plan, claim.chunk, directory, EncodeOptions(self._ffmpeg))
        images = []
        for thumbnail in made.thumbnails:
            key = f"{prefix}/{thumbnail.path.name}"
            await self._put_image(key, thumbnail.path)
            images.append({"time": thumbnail.time, "key": key, "width": thumbnail.width, "height": thumbnail.height})
        if (poster := made.poster) is not None:
            key = f"{prefix}/poster.jpg"
            await self._put_image(key, poster.path)
            images.append({"time": None, "key": key, "width": poster.width, "height": poster.height})
        return images

    async def _put_image(self, key: str, path: Path) -> None:
        await self._public.put_file(key, path, content_type="image/jpeg", cache_control=IMAGE_CACHE)

    async def _film_failed(self, claim: ChunkClaim, error: FFmpegFailed | Refused) -> None:
        detail = "\n".join(error.stderr_tail) if isinstance(error, FFmpegFailed) else None
        if claim.chunk.kind == "thumbnails":
            # A film without pictures of itself is a film; whether its pictures decode is for the other chunks to say.
            log.warning("no images of %s: %s\n%s", claim.version_id, error, detail or "")
            async with self._database.session_scope() as session:
                await repository.finish_chunk(session, claim, self._worker, None, None, 0.0)
            return
        if error.code in FINAL_CODES or isinstance(error, Refused) or claim.attempts >= MOST_FFMPEG_ATTEMPTS:
            async with self._database.session_scope() as session:
                await repository.release_failed(session, claim, self._worker)
                await repository.fail_job(session, claim.job_id, error.code, error.message, detail)
            return
        log.warning("chunk %s %s: %s\n%s", claim.chunk.kind, claim.chunk.index, error, detail or "")
        await self._put_back(claim, error.code, error.message)

    async def _put_back(self, claim: ChunkClaim, code: str, message: str) -> None:
        async with self._database.session_scope() as session:
            if claim.attempts >= repository.MOST_ATTEMPTS:
                await repository.release_failed(session, claim, self._worker)
                await repository.fail_job(
                    session,
                    claim.job_id,
                    code,
                    "A part of the film could not be made in five attempts. Retry the job, or upload the film again.",
                    message,
                )
                return
            await repository.put_back(session, claim, self._worker, code, message, wait=2.0**claim.attempts)


class _Percent:
    """How far a chunk is, from what FFmpeg reports."""

    def __init__(self, claim: ChunkClaim) -> None:
        names = claim.plan.chunk_renditions(claim.chunk)
        first, after = claim.chunk.first_segment, claim.chunk.first_segment + claim.chunk.segment_count
        self._seconds = sum(claim.plan.segment_durations(names[0])[first:after]) if names else 0.0
        self.value = 0.0

    def take(self, progress: Progress) -> None:
        if self._seconds > 0:
            self.value = max(0.0, min(99.0, 100.0 * progress.out_time / self._seconds))


def _code(error: Exception) -> str:
    return "storage_unavailable" if isinstance(error, StorageError) else "processing_failed"
