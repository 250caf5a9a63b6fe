"""How a student stands, in the API's words."""

from services.progress.watching import credit
from services.progress.watching.schemas import Gap, ProgressAnswer
from services.progress.watching.standing import ChapterFacts, Standing


def answer(facts: ChapterFacts, standing: Standing | None, *, teaches: bool, opens_next: bool) -> ProgressAnswer:
    """``teaches``: whoever is answered stands there as one who teaches the course, whom no first watch holds.
    ``opens_next``: whether the chapter is completed that has to be for the next one to open."""
    row = standing or Standing("", facts.chapter_id)
    row.bring_to(facts)
    # Where the film is gone, what was watched of it stays what it was.
    duration = row.duration_ms if facts.duration_ms is None else facts.duration_ms
    seen = credit.length(credit.clip(row.watched, duration)) if duration else 0
    reached = row.frontier_ms
    restricted = facts.first_watch_restricted and not row.is_completed and not teaches
    return ProgressAnswer(
        chapter_id=facts.chapter_id,
        course_id=facts.course_id,
        video_id=str(facts.video_id) if facts.video_id else None,
        current_position=row.position_ms / 1000,
        total_duration=None if duration is None else duration / 1000,
        watch_percentage=credit.percentage(seen, duration),
        completion_percentage=facts.completion_percentage,
        is_completed=row.is_completed,
        completed_at=row.completed_at,
        started_at=row.started_at,
        frontier=min(reached, duration or reached) / 1000,
        max_seek=None if duration is None else (reached if restricted else duration) / 1000,
        gaps=[Gap(from_=start / 1000, to=end / 1000) for start, end in credit.gaps(row.watched)],
        watched_seconds=seen / 1000,
        next_chapter_id=facts.next_id,
        next_chapter_unlocked=facts.next_id is not None and (facts.next_requires is None or opens_next),
        updated_at=row.updated_at,
    )
