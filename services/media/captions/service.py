"""Captions of films: uploaded, changed, read, searched. They belong to the film, whichever version of it is shown."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func

from services.media.captions import errors, repository
from services.media.captions.cues import CaptionFault
from services.media.captions.languages import language_tag, own_name
from services.media.captions.markup import plain_text
from services.media.captions.parsing import parse
from services.media.captions.repository import WrittenCue, written
from services.media.captions.schemas import (
    CaptionChange,
    CaptionDraft,
    CaptionList,
    Captions,
    CaptionSearch,
    FoundCue,
)
from services.media.captions.words import headline, ts_query
from services.media.captions.writing import subrip, webvtt
from services.media.catalog.staff import is_staff, require_staff
from services.media.videos import errors as video_errors
from services.media.videos import repository as videos
from shared.contracts.access import Actor
from shared.db import Database, Session, new_id
from shared.db.models import captions as models
from shared.db.models.media import Video


class CaptionService:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def all_of(self, video_id: UUID, actor: Actor) -> CaptionList:
        """The captions of a film; drafts, and what is being drafted, for who teaches its course."""
        async with self._database.session_scope() as session:
            video = await _video(session, video_id)
            sees_drafts = await is_staff(session, video.course_id, actor)
            tracks = await repository.tracks(session, video_id, drafts=sees_drafts)
            wanted = await repository.drafts(session, video_id) if sees_drafts else []
        return CaptionList(
            video_id=str(video_id),
            captions=[described(track) for track in tracks],
            drafting=[draft_described(draft) for draft in wanted],
        )

    async def put(self, video_id: UUID, given: str, body: bytes, change: CaptionChange, actor: Actor) -> Captions:
        """Take a WebVTT or SubRip file as the captions of one language, in place of those that were there.

        Problem with the code of a CaptionFault where it cannot be shown.
        """
        language = known_tag(given)
        async with self._database.session_scope() as session:
            # Before the work of reading it, so that nobody makes us do it who may not.
            await require_staff(session, (await _video(session, video_id)).course_id, actor)
        cues = await _read(body)
        async with self._database.session_scope() as session:
            video = await own_video(session, video_id, actor)
            track = await repository.track(session, video_id, language, drafts=True)
            if track is None:
                track = new_track(video.id, language, "upload", len(cues))
                await repository.add(session, track, cues)
            else:
                track.cue_count, track.source, track.updated_at = len(cues), "upload", func.now()
                await repository.replace_cues(session, track.id, cues)
            return await _changed(session, track, change)

    async def change(self, video_id: UUID, given: str, change: CaptionChange, actor: Actor) -> Captions:
        """Another label, kind or state; made the default or not."""
        language = known_tag(given)
        async with self._database.session_scope() as session:
            await own_video(session, video_id, actor)
            track = await repository.track(session, video_id, language, drafts=True)
            if track is None:
                raise errors.captions_not_found(language)
            return await _changed(session, track, change)

    async def delete(self, video_id: UUID, given: str, actor: Actor) -> None:
        """Remove the captions of one language, or the wish for a draft of them."""
        language = known_tag(given)
        async with self._database.session_scope() as session:
            await own_video(session, video_id, actor)
            track = await repository.track(session, video_id, language, drafts=True)
            draft = await repository.draft(session, video_id, language)
            if track is None and draft is None:
                raise errors.captions_not_found(language)
            if draft is not None:
                await repository.drop_draft(session, draft.id)
            if track is not None:
                await repository.remove(session, track)

    async def plain_track(self, video_id: UUID, given: str, actor: Actor, *, as_webvtt: bool = True) -> str:
        """The whole of one language, as WebVTT or as SubRip."""
        language = known_tag(given)
        async with self._database.session_scope() as session:
            video = await _video(session, video_id)
            sees_drafts = await is_staff(session, video.course_id, actor)
            track = await repository.track(session, video_id, language, drafts=sees_drafts)
            if track is None:
                raise errors.captions_not_found(language)
            cues = await repository.cues(session, track.id)
        return await asyncio.to_thread(webvtt if as_webvtt else subrip, cues)

    async def search(self, video_id: UUID, question: str, given: str | None, limit: int, actor: Actor) -> CaptionSearch:
        """Where all words of ``question`` are said, in one language or in all."""
        language = None if given is None else known_tag(given)
        async with self._database.session_scope() as session:
            video = await _video(session, video_id)
            sees_drafts = await is_staff(session, video.course_id, actor)
            query = ts_query(question)
            rows = (
                await repository.search(session, video_id, query, language, limit + 1, drafts=sees_drafts)
                if query
                else []
            )
        found = [
            FoundCue(
                language=row["language"],
                label=row["label"],
                start=row["start_ms"] / 1000,
                end=row["end_ms"] / 1000,
                text=(said := plain_text(row["text"])),
                headline=headline(said, question),
            )
            for row in rows[:limit]
        ]
        return CaptionSearch(video_id=str(video_id), query=question, results=found, is_complete=len(rows) <= limit)


def new_track(
    video_id: UUID,
    language: str,
    source: str,
    cue_count: int,
    *,
    label: str | None = None,
    kind: str = "subtitles",
    state: str = "published",
) -> models.CaptionTrack:
    return models.CaptionTrack(
        id=new_id(),
        video_id=video_id,
        language=language,
        label=label or own_name(language),
        kind=kind,
        is_default=False,
        state=state,
        source=source,
        cue_count=cue_count,
    )


async def _read(body: bytes) -> Sequence[WrittenCue]:
    try:
        return await asyncio.to_thread(lambda: written(parse(body)))
    except CaptionFault as fault:
        raise errors.refused(fault) from None


async def _changed(session: Session, track: models.CaptionTrack, change: CaptionChange) -> Captions:
    if change.is_default is not None and change.is_default != track.is_default:
        # The mark is taken from one before another gets it: a film has one default at most.
        await repository.no_default(session, track.video_id)
        await session.flush()
        track.is_default = change.is_default
    track.label = change.label or track.label
    track.kind = change.kind or track.kind
    track.state = change.state or track.state
    await session.flush()
    await session.refresh(track)
    return described(track)


async def _video(session: Session, video_id: UUID, *, lock: bool = False) -> Video:
    video = await videos.live_video(session, video_id, lock=lock)
    if video is None:
        raise video_errors.video_not_found(video_id)
    return video


async def own_video(session: Session, video_id: UUID, actor: Actor) -> Video:
    """The live video, of a course that ``actor`` teaches, while nobody else changes it."""
    video = await _video(session, video_id, lock=True)
    await require_staff(session, video.course_id, actor)
    return video


def known_tag(given: str) -> str:
    """The tag of a language in its usual spelling; Problem ``unknown_language``."""
    tag = language_tag(given)
    if tag is None:
        raise errors.unknown_language(given)
    return tag


def described(track: models.CaptionTrack) -> Captions:
    return Captions(
        language=track.language,
        label=track.label,
        kind=track.kind,
        is_default=track.is_default,
        state=track.state,
        source=track.source,
        cue_count=track.cue_count,
        url=f"/api/videos/{track.video_id}/captions/{track.language}.vtt",
        updated_at=track.updated_at,
    )


def draft_described(draft: models.CaptionDraft) -> CaptionDraft:
    return CaptionDraft(
        language=draft.language, status=draft.state, error=draft.error_code, message=draft.error_message
    )
