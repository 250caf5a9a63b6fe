"""Captions, their cues, and the drafts that are wanted."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import RowMapping, delete, func, select, text, update

from services.media.captions.cues import Cue
from services.media.captions.markup import plain_text
from services.media.captions.words import indexed
from shared.db import Session, new_id
from shared.db.models.captions import CaptionCue, CaptionDraft, CaptionTrack

SEARCH = text("""
SELECT c.language, c.label, q.start_ms, q.end_ms, q.text
FROM media.captions c JOIN media.caption_cues q ON q.caption_id = c.id
WHERE c.video_id = :video_id AND (:drafts OR c.state = 'published')
  AND (CAST(:language AS text) IS NULL OR c.language = :language) AND q.search @@ CAST(:question AS tsquery)
ORDER BY c.language, q.start_ms, q.index LIMIT :limit
""")

# All at once: twenty thousand rows by themselves would take seconds of the event loop.
INSERT = text("""
INSERT INTO media.caption_cues (caption_id, index, start_ms, end_ms, text, settings, words)
SELECT :id, place - 1, starts, ends, said, settings, words
FROM unnest(CAST(:starts AS integer[]), CAST(:ends AS integer[]), CAST(:texts AS text[]), CAST(:settings AS text[]),
            CAST(:words AS text[])) WITH ORDINALITY AS cue (starts, ends, said, settings, words, place)
""")

# A worker says that it lives each five seconds.
TRANSCRIBES = text("""
SELECT EXISTS (SELECT 1 FROM transcoding.workers
               WHERE seen_at > now() - interval '30 seconds' AND facts -> 'transcribes' = 'true'::jsonb)
""")

UNENTERED = text("""
SELECT d.id FROM media.caption_drafts d
WHERE d.state = 'preparing' AND NOT EXISTS (SELECT 1 FROM transcoding.transcriptions w WHERE w.id = d.id)
""")

SETTLED = text("""
SELECT d.id FROM media.caption_drafts d JOIN transcoding.transcriptions w ON w.id = d.id
WHERE d.state = 'preparing' AND w.state IN ('done', 'failed') AND (CAST(:id AS uuid) IS NULL OR d.id = :id)
""")

TAKE = text("""
SELECT d.id, d.video_id, d.language, w.state, w.text, w.error_code, w.error_message
FROM media.caption_drafts d JOIN transcoding.transcriptions w ON w.id = d.id
WHERE d.id = :id AND d.state = 'preparing' AND w.state IN ('done', 'failed') FOR UPDATE OF d SKIP LOCKED
""")


@dataclass(frozen=True)
class WrittenCue:
    """A cue with the words by which it is found."""

    cue: Cue
    words: str


def written(cues: Sequence[Cue]) -> list[WrittenCue]:
    """Cues as they are kept. Some work for many: do it in a thread."""
    return [WrittenCue(cue, " ".join(indexed(plain_text(cue.text)))) for cue in cues]


async def tracks(session: Session, video_id: UUID, *, drafts: bool = False) -> Sequence[CaptionTrack]:
    """By language, the default first."""
    query = select(CaptionTrack).where(CaptionTrack.video_id == video_id)
    if not drafts:
        query = query.where(CaptionTrack.state == "published")
    return (await session.scalars(query.order_by(CaptionTrack.is_default.desc(), CaptionTrack.language))).all()


async def track(session: Session, video_id: UUID, language: str, *, drafts: bool = False) -> CaptionTrack | None:
    query = select(CaptionTrack).where(CaptionTrack.video_id == video_id, CaptionTrack.language == language)
    return await session.scalar(query if drafts else query.where(CaptionTrack.state == "published"))


async def add(session: Session, track: CaptionTrack, cues: Sequence[WrittenCue]) -> None:
    """A new track with its cues."""
    session.add(track)
    await session.flush()
    await _insert(session, track.id, cues)


async def replace_cues(session: Session, caption_id: UUID, cues: Sequence[WrittenCue]) -> None:
    await session.execute(delete(CaptionCue).where(CaptionCue.caption_id == caption_id))
    await _insert(session, caption_id, cues)


async def _insert(session: Session, caption_id: UUID, cues: Sequence[WrittenCue]) -> None:
    columns = {
        "starts": [one.cue.start for one in cues],
        "ends": [one.cue.end for one in cues],
        "texts": [one.cue.text for one in cues],
        "settings": [one.cue.settings for one in cues],
        "words": [one.words for one in cues],
    }
    await session.execute(INSERT, {"id": caption_id, **columns})


async def no_default(session: Session, video_id: UUID) -> None:
    """Take the mark from whichever track has it."""
    marked = CaptionTrack.video_id == video_id, CaptionTrack.is_default
    await session.execute(update(CaptionTrack).where(*marked).values(is_default=False))


async def remove(session: Session, track: CaptionTrack) -> None:
    await session.delete(track)


async def drop_of_video(session: Session, video_id: UUID) -> None:
    """All that is said in a film that is gone, and the drafts that were wanted of it."""
    for table in (CaptionDraft, CaptionTrack):
        await session.execute(delete(table).where(table.video_id == video_id))


async def cues(session: Session, caption_id: UUID, between: tuple[int, int] | None = None) -> list[Cue]:
    """By their start; ``between`` two milliseconds of the film: those that are shown at any moment of [from, to)."""
    query = select(CaptionCue.start_ms, CaptionCue.end_ms, CaptionCue.text, CaptionCue.settings)
    query = query.where(CaptionCue.caption_id == caption_id)
    if between is not None:
        query = query.where(CaptionCue.start_ms < between[1], CaptionCue.end_ms > between[0])
    return [Cue(*row) for row in await session.execute(query.order_by(CaptionCue.start_ms, CaptionCue.index))]


async def search(
    session: Session, video_id: UUID, question: str, language: str | None, limit: int, *, drafts: bool
) -> Sequence[RowMapping]:
    """Cues in which all of a ``tsquery`` is found, by language and time."""
    values = {"video_id": video_id, "question": question, "language": language, "limit": limit, "drafts": drafts}
    return (await session.execute(SEARCH, values)).mappings().all()


async def is_transcribed_here(session: Session) -> bool:
    """Whether a living worker has a command for it."""
    return bool(await session.scalar(TRANSCRIBES))


async def drafts(session: Session, video_id: UUID) -> Sequence[CaptionDraft]:
    query = select(CaptionDraft).where(CaptionDraft.video_id == video_id).order_by(CaptionDraft.language)
    return (await session.scalars(query)).all()


async def draft(session: Session, video_id: UUID, language: str) -> CaptionDraft | None:
    return await session.scalar(
        select(CaptionDraft).where(CaptionDraft.video_id == video_id, CaptionDraft.language == language)
    )


async def want_draft(session: Session, video_id: UUID, version_id: UUID, language: str, by: str) -> CaptionDraft:
    wanted = CaptionDraft(
        id=new_id(), video_id=video_id, version_id=version_id, language=language, state="preparing", requested_by=by
    )
    session.add(wanted)
    await session.flush()
    return wanted


async def drop_draft(session: Session, draft_id: UUID) -> None:
    await session.execute(delete(CaptionDraft).where(CaptionDraft.id == draft_id))


async def fail_draft(session: Session, draft_id: UUID, code: str, message: str) -> None:
    values = {"state": "failed", "error_code": code, "error_message": message, "settled_at": func.now()}
    await session.execute(update(CaptionDraft).where(CaptionDraft.id == draft_id).values(**values))


async def unentered_drafts(session: Session) -> Sequence[UUID]:
    """Wishes that the transcoder's ledger does not know."""
    return (await session.scalars(UNENTERED)).all()


async def settled_drafts(session: Session, draft_id: UUID | None = None) -> Sequence[UUID]:
    """Wishes of which the transcoder has made something, or given it up."""
    return (await session.scalars(SETTLED, {"id": draft_id})).all()


async def take_draft(session: Session, draft_id: UUID) -> RowMapping | None:
    """What came of a wish, for nobody else to take over meanwhile; None where it is taken over."""
    return (await session.execute(TAKE, {"id": draft_id})).mappings().first()
