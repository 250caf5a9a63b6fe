"""Drafts captions: the published sound of a film is decoded to a file, and the operator's command writes down what is
said in it.

It may be done twice, by two workers at once: the ledger takes a result only from whoever holds the lease. The sound lies
on the worker's disk for as long as the command runs, and goes with it.
"""

import asyncio
import logging
from pathlib import Path

from services.transcoder.ffmpeg.listening import RATE, write_speech
from services.transcoder.ffmpeg.options import EncodeOptions
from services.transcoder.ffmpeg.process import FFmpegFailed, ProcessLimits
from services.transcoder.ladder.schema import AudioPlan, Plan
from services.transcoder.pipeline.brake import PATIENT
from services.transcoder.pipeline.encoding import Workshop
from services.transcoder.pipeline.lease import LeaseLost, under_lease
from services.transcoder.pipeline.published import PublishedFilm, place_of
from services.transcoder.pipeline.repository import HEARTBEAT_SECONDS, Source, wanted_source
from services.transcoder.pipeline.sources import drop_directory, fresh_directory
from services.transcoder.transcriptions import repository
from services.transcoder.transcriptions.command import CommandFailed, TranscribeCommand
from services.transcoder.transcriptions.repository import TranscriptionClaim
from shared.storage import StorageError

log = logging.getLogger(__name__)

MARGIN = 16 * 1024 * 1024
"""Bytes that the sound may have beyond what its length says."""
STORAGE_WAIT = 30.0


class Moved(Exception):
    """The film was given new keys or another place in storage meanwhile, or a part of it is made again."""


class Transcriber:
    def __init__(self, workshop: Workshop, command: TranscribeCommand) -> None:
        self._shop = workshop
        self._command = command
        self._database = workshop.database

    async def transcribe(self, held: TranscriptionClaim) -> None:
        """Make the draft and settle it in the ledger, whatever happens: done, put back, or given up."""

        async def renew() -> bool:
            async with self._database.session_scope() as session:
                return await repository.heartbeat(session, held)

        try:
            if held.attempts > repository.MOST_ATTEMPTS:
                raise CommandFailed("transcription_failed", "The worker died in every attempt.")
            await under_lease(self._work(held), renew, HEARTBEAT_SECONDS)
        except LeaseLost:
            await self._give_up(held, "cancelled", "Nobody waits for this draft any more.")
        except (Moved, asyncio.CancelledError) as error:
            async with self._database.session_scope() as session:
                await repository.put_back(session, held, spent=False, wait=0.0)
            if isinstance(error, asyncio.CancelledError):
                raise
        except Exception as error:
            log.warning("the draft %s could not be made", held.id, exc_info=True)
            await self._failed(held, error)

    async def _work(self, held: TranscriptionClaim) -> None:
        async with self._database.session_scope() as session:
            source = await wanted_source(session, held.version_id)
            plan = await repository.plan_of(session, held.version_id)
        if source is None:
            raise LeaseLost
        if plan is None:
            raise Moved
        if not plan.audio:
            raise CommandFailed("no_sound", "The film has no sound that could be written down.")
        directory = await fresh_directory(self._shop.directory / f"transcription-{held.id}-{held.attempts}")
        try:
            audio = directory / "audio.wav"
            await self._listen(source, plan, _spoken(plan, held.language), audio, directory)
            said = await self._command.run(audio, directory / "captions.vtt", held.language)
        finally:
            await drop_directory(directory)
        async with self._database.session_scope() as session:
            await repository.finish(session, held, said)

    async def _listen(self, source: Source, plan: Plan, sound: AudioPlan, target: Path, directory: Path) -> None:
        film = PublishedFilm(self._shop.public, self._shop.keyring, source, plan)
        async with self._database.session_scope() as session:
            secret = await film.secret(session)
        most = int(plan.duration * RATE * 2) + MARGIN
        limits = ProcessLimits(niceness=PATIENT, file_bytes=most, disk_bytes=most, readable=(), writable=(directory,))
        with self._shop.brake.ordinary() as ordinary:
            options = EncodeOptions(ffmpeg=self._shop.ffmpeg, limits=limits, on_start=ordinary.started)
            try:
                await write_speech(film.segments(sound.name, secret), target, options)
            except (FFmpegFailed, StorageError):
                async with self._database.session_scope() as session:
                    now = await wanted_source(session, source.version_id)
                if now is not None and place_of(now) != place_of(source):
                    raise Moved from None
                raise

    async def _failed(self, held: TranscriptionClaim, error: Exception) -> None:
        code, message, detail = _told(error)
        if held.attempts >= repository.MOST_ATTEMPTS:
            await self._give_up(held, code, message, detail)
            return
        wait = STORAGE_WAIT if isinstance(error, StorageError) else 2.0**held.attempts
        async with self._database.session_scope() as session:
            await repository.put_back(session, held, wait=wait, code=code, message=message, detail=detail)

    async def _give_up(self, held: TranscriptionClaim, code: str, message: str, detail: str | None = None) -> None:
        async with self._database.session_scope() as session:
            await repository.fail(session, held, code, message, detail)


def _spoken(plan: Plan, language: str) -> AudioPlan:
    """The sound in that language, whichever of its countries; else the one that plays by default."""
    base = language.split("-", maxsplit=1)[0]
    return next((one for one in plan.audio if (one.language or "").split("-")[0] == base), plan.audio[0])


def _told(error: Exception) -> tuple[str, str, str | None]:
    """Code, sentence and detail of a fault."""
    if isinstance(error, CommandFailed):
        return error.code, error.message, error.detail
    if isinstance(error, FFmpegFailed):
        return error.code, error.message, "\n".join(error.stderr_tail)
    if isinstance(error, StorageError):
        return "storage_unavailable", "The storage of films cannot be reached.", str(error)
    return "processing_failed", "The draft could not be made.", f"{type(error).__name__}: {error}"
