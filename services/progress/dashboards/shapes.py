"""Rows of the statements as documents."""

from typing import Any

from sqlalchemy import RowMapping

from services.progress.dashboards.schemas import (
    BandwidthFigures,
    ChapterFigures,
    Engagement,
    ExperienceFigures,
    MatrixCell,
    MatrixChapter,
    MatrixStudent,
    Reason,
    RetentionStep,
    Struggling,
    VideoFigures,
)

GIGABYTE = 10**9


def video(row: RowMapping) -> VideoFigures:
    return VideoFigures(
        video_id=row["id"],
        course_id=row["course_id"],
        chapter_id=row["chapter_id"],
        title=row["title"],
        sessions=row["sessions"],
        views=row["views"],
        completed=row["completed"],
        watch_duration=round(row["watch_duration"], 3),
        average_watch_duration=round(row["average_watch_duration"], 3),
        average_completion_rate=round(row["average_completion_rate"], 3),
        bandwidth_used=int(row["bandwidth_used"]),
    )


def chapter(row: RowMapping) -> ChapterFigures:
    return ChapterFigures(
        chapter_id=row["chapter_id"],
        course_id=row["course_id"],
        title=row["title"],
        started=row["started"],
        completed=row["completed"],
        completion_share=round(row["completion_share"], 4),
    )


def engagement(row: RowMapping) -> Engagement:
    return Engagement(
        course_id=row["course_id"],
        course_title=row["course_title"],
        chapter_id=row["chapter_id"],
        title=row["title"],
        is_completed=row["is_completed"],
        completed_at=row["completed_at"],
        watch_percentage=round(row["watch_percentage"], 1),
        watch_time=row["watch_time_ms"] / 1000,
        current_position=row["position_ms"] / 1000,
        sessions=row["sessions"],
        rewinds=row["rewinds"],
        started_at=row["started_at"],
        updated_at=row["updated_at"],
    )


def struggling(row: RowMapping) -> Struggling:
    signs: tuple[tuple[str, Reason], ...] = (
        ("is_behind", "behind"),
        ("goes_back", "rewinds"),
        ("is_absent", "absent"),
    )
    return Struggling(
        course_id=row["course_id"],
        user_id=row["user_id"],
        reasons=[reason for sign, reason in signs if row[sign]],
        percentage=round(row["percentage"], 1),
        expected_percentage=round(row["expected"], 1),
        chapters_completed=row["completed"],
        chapters_total=row["chapters"],
        started_at=row["started_at"],
        last_active_at=row["last_active_at"],
        absent_days=row["absent_days"],
        rewind_chapter_id=row["rewind_chapter_id"],
        rewind_at=None if row["rewind_ms"] is None else row["rewind_ms"] / 1000,
        rewinds=row["rewinds"],
    )


def student(row: RowMapping, chapters: list[MatrixChapter]) -> MatrixStudent:
    cells = [_cell(cell) for cell in row["cells"] or []]
    with_film = [cell for cell, chapter in zip(cells, chapters, strict=True) if chapter.has_film]
    completed = sum(cell.state == "completed" for cell in with_film)
    return MatrixStudent(
        user_id=row["user_id"],
        is_enrolled=row["is_enrolled"],
        overall_percentage=round(100 * completed / len(with_film), 1) if with_film else 0.0,
        chapters_completed=completed,
        last_watched_at=max((cell.last_watched_at for cell in cells if cell.last_watched_at), default=None),
        cells=cells,
    )


def _cell(cell: dict[str, Any]) -> MatrixCell:
    return MatrixCell(
        state="completed" if cell["is_completed"] else "in_progress" if cell["is_begun"] else "not_started",
        watch_percentage=round(cell["watch_percentage"], 1),
        last_watched_at=cell["last_watched_at"],
        completed_at=cell["completed_at"],
    )


def step(row: RowMapping, length_ms: int, duration_ms: int) -> RetentionStep:
    return RetentionStep(
        from_=row["step"] * length_ms / 1000,
        to=min((row["step"] + 1) * length_ms, duration_ms) / 1000,
        viewers=row["viewers"],
        plays=row["plays"],
        rewinds=int(row["rewinds"]),
        left=int(row["gone"]),
    )


def experience(row: RowMapping) -> ExperienceFigures:
    errors, renditions = row["errors"] or {}, row["renditions"] or {}
    played = sum(renditions.values())
    return ExperienceFigures(
        key=row["id"],
        sessions=row["sessions"],
        views=row["views"],
        startups=int(row["startups"] or 0),
        startup_p50=_seconds(row["p50_ms"]),
        startup_p95=_seconds(row["p95_ms"]),
        stalls=int(row["stalls"]),
        stalled_seconds=float(row["stall_ms"]) / 1000,
        rebuffer_ratio=round(row["rebuffer_ratio"] or 0, 6),
        errors=sum(errors.values()),
        errors_by_code=errors,
        rendition_share={name: round(part / played, 4) for name, part in renditions.items()} if played else {},
        devices=row["devices"] or {},
    )


def bandwidth(row: RowMapping, price: float) -> BandwidthFigures:
    streamed, downloaded = int(row["streamed_bytes"]), int(row["downloaded_bytes"])
    gigabytes = (streamed + downloaded) / GIGABYTE
    return BandwidthFigures(
        course_id=row["id"],
        title=row["title"],
        bytes=streamed + downloaded,
        streamed_bytes=streamed,
        downloaded_bytes=downloaded,
        bytes_by_rendition=row["renditions"] or {},
        gigabytes=round(gigabytes, 6),
        cost=round(gigabytes * price, 4),
    )


def _seconds(milliseconds: Any) -> float | None:
    return None if milliseconds is None else round(float(milliseconds) / 1000, 3)
