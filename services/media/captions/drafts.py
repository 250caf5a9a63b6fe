"""Drafts of captions: asked for by staff, transcribed by a worker, taken over for review.

A row in ``media.caption_drafts`` is the wish; the transcoder writes down what came of it under the same id, and this
takes that over as a track that only staff see, until they publish it. Whatever is done here may be done twice, or late.
"""

import asyncio
from uuid import UUID

from services.media.captions import errors, repository
from services.media.captions.cues import CaptionFault
from services.media.captions.parsing import parse
from services.media.captions.repository import written
from services.media.captions.schemas import CaptionDraft
from services.media.captions.service import draft_described, known_tag, new_track, own_video
from services.media.videos import repository as videos
from shared.contracts.access import Actor
from shared.contracts.jobs import DraftCaptions
from shared.contracts.video import VideoStatus
from shared.db import Database
from shared.jobs import Doorbell


class CaptionDrafts:
    """``transcoder`` is the doorbell of those who transcribe."""

    def __init__(self, database: Database, transcoder: Doorbell) -> None:
        self._database = database
        self._transcoder = transcoder

    async def ask(self, video_id: UUID, given: str, actor: Actor) -> CaptionDraft:
        """Have a draft made. Asked again while it is, nothing changes; one that failed is tried anew."""
        language = known_tag(given)
        async with self._database.session_scope() as session:
            video = await own_video(session, video_id, actor)
            if await repository.track(session, video_id, language, drafts=True) is not None:
                raise errors.captions_exist(language)
            wanted = await repository.draft(session, video_id, language)
            if wanted is not None and wanted.state == "preparing":
                return draft_described(wanted)
            version = video.current_version_id and await videos.version(session, video.current_version_id)
            if not version or version.status != VideoStatus.READY:
                raise errors.video_not_ready()
            if all(one.kind != "audio" for one in await videos.renditions(session, version.id)):
                raise errors.no_sound()
            if not await repository.is_transcribed_here(session):
                raise errors.transcription_off()
            if wanted is not None:
                await repository.drop_draft(session, wanted.id)
            wanted = await repository.want_draft(session, video_id, version.id, language, actor.user_id)
            draft_id = wanted.id
            session.ring_after_commit(lambda: self._transcoder.ring(DraftCaptions(draft_id=draft_id)))
            return draft_described(wanted)

    async def take_over(self, draft_id: UUID | None = None) -> None:
        """Bring what is being drafted up to the transcoder's ledger, all of it or this one."""
        async with self._database.session_scope() as session:
            settled = await repository.settled_drafts(session, draft_id)
        for one in settled:
            await self._take(one)

    async def _take(self, draft_id: UUID) -> None:
        async with self._database.session_scope() as session:
            made = await repository.take_draft(session, draft_id)
            if made is None:
                return
            if made["state"] == "failed":
                await repository.fail_draft(session, draft_id, made["error_code"], made["error_message"])
                return
            try:
                cues = await asyncio.to_thread(lambda: written(parse((made["text"] or "").encode())))
            except CaptionFault as fault:
                sentence = f"The transcription is nothing that can be shown: {fault.message}"
                await repository.fail_draft(session, draft_id, "transcription_unreadable", sentence)
                return
            video = await videos.live_video(session, made["video_id"], lock=True)
            taken = await repository.track(session, made["video_id"], made["language"], drafts=True)
            if video is not None and taken is None:
                track = new_track(video.id, made["language"], "transcription", len(cues), state="draft")
                await repository.add(session, track, cues)
            await repository.drop_draft(session, draft_id)

    async def reconcile(self) -> None:
        """The same of all, and a ring for each whose first one was lost."""
        await self.take_over()
        async with self._database.session_scope() as session:
            waiting = await repository.unentered_drafts(session)
        for draft_id in waiting:
            await self._transcoder.ring(DraftCaptions(draft_id=draft_id))
