"""Courses, chapters and who is enrolled."""

from sqlalchemy import RowMapping

from services.media.catalog import errors, repository
from services.media.catalog.schemas import (
    ChapterAnswer,
    ChapterInput,
    ChapterProgress,
    CourseAnswer,
    CourseInput,
    CourseList,
    CourseSummary,
)
from services.media.catalog.staff import is_staff
from shared.contracts.access import Actor
from shared.contracts.completion import COMPLETE_AT
from shared.contracts.video import VideoStatus
from shared.db import Database, Session
from shared.db.models.catalog import Course


class CatalogService:
    """``public_base_url`` is where browsers find objects of the public store."""

    def __init__(self, database: Database, public_base_url: str) -> None:
        self._database = database
        self._public_base_url = public_base_url.rstrip("/")

    async def list_courses(self, actor: Actor) -> CourseList:
        async with self._database.session_scope() as session:
            rows = await repository.courses_for(session, actor)
        return CourseList(courses=[CourseSummary(**row, poster_url=self._poster(row["poster_key"])) for row in rows])

    async def course(self, course_id: str, actor: Actor, right: bool | None = None) -> CourseAnswer:
        """``right``: what the platform says of the actor's part in it, in place of an enrolment."""
        async with self._database.session_scope() as session:
            return await self._course(session, course_id, actor, right)

    async def put_course(self, course_id: str, wanted: CourseInput, actor: Actor) -> CourseAnswer:
        """Create or change a course. Asked twice with the same list it changes nothing."""
        chapters = _with_positions(wanted.chapters)
        async with self._database.session_scope() as session:
            await repository.lock_catalog(session)
            await self._refuse_conflicts(session, course_id, wanted.chapters)
            course = await repository.find_course(session, course_id)
            if course is None:
                course = Course(id=course_id, title=wanted.title, is_sequential=wanted.is_sequential)
                session.add(course)
            course.title = wanted.title
            course.is_sequential = wanted.is_sequential
            if wanted.downloads is not None:
                course.downloads = wanted.downloads
            if wanted.completion_percentage is not None:
                course.completion_percentage = wanted.completion_percentage
            if wanted.students_may_complete is not None:
                course.students_may_complete = wanted.students_may_complete
            await session.flush()
            if not await self._same_list(session, course, chapters):
                await repository.write_version(
                    session,
                    course,
                    [chapter.model_dump(include=set(ChapterInput.model_fields)) for chapter in chapters],
                )
            if wanted.instructors is not None:
                await self._set_instructors(session, course_id, wanted.instructors)
            return await self._course(session, course_id, actor)

    async def add_instructor(self, course_id: str, user_id: str) -> None:
        async with self._database.session_scope() as session:
            if await repository.find_course(session, course_id) is None:
                raise errors.unknown_course(course_id)
            await repository.add_instructors(session, course_id, [user_id])

    async def remove_instructor(self, course_id: str, user_id: str) -> None:
        async with self._database.session_scope() as session:
            await repository.remove_instructors(session, course_id, [user_id])

    async def _set_instructors(self, session: Session, course_id: str, wanted: list[str]) -> None:
        standing = set(await repository.instructors(session, course_id))
        await repository.remove_instructors(session, course_id, standing - set(wanted))
        await repository.add_instructors(session, course_id, set(wanted) - standing)

    async def _refuse_conflicts(self, session: Session, course_id: str, chapters: list[ChapterInput]) -> None:
        wanted = [chapter.id for chapter in chapters]
        for row in await repository.owners_elsewhere(session, course_id, wanted):
            raise errors.chapter_in_other_course(row["chapter_id"], row["course_id"])
        for row in await repository.chapters_with_video(session, course_id):
            if row["chapter_id"] not in wanted:
                raise errors.chapter_still_has_video(row["chapter_id"], str(row["video_id"]))

    async def _same_list(self, session: Session, course: Course, chapters: list[ChapterInput]) -> bool:
        if course.current_version_id is None:
            return False
        standing = await repository.current_chapter_list(session, course.current_version_id)
        return standing == [chapter.model_dump(include=set(ChapterInput.model_fields)) for chapter in chapters]

    async def _course(self, session: Session, course_id: str, actor: Actor, right: bool | None = None) -> CourseAnswer:
        # Both are asked in any case: how long it takes must not tell a course that is not shown from one that is none.
        course = await repository.find_course(session, course_id)
        rows = await repository.chapters_for(session, course_id, actor.user_id, right)
        enrolled = any(row["has_enrollment"] and row["enrollment_runs"] for row in rows) if right is None else right
        staff = await is_staff(session, course_id, actor)
        bounds = next((row for row in rows if row["has_enrollment"]), None) if right is None else None
        part = enrolled or any(row["is_free"] or (row["has_enrollment"] and right is None) for row in rows)
        if course is None or not (staff or part):
            raise errors.course_not_found(course_id)
        return CourseAnswer(
            id=course.id,
            title=course.title,
            is_sequential=course.is_sequential,
            downloads=course.downloads,
            completion_percentage=course.completion_percentage or COMPLETE_AT,
            students_may_complete=course.students_may_complete,
            is_enrolled=enrolled,
            enrollment_starts_at=bounds["enrollment_starts_at"] if bounds else None,
            enrollment_ends_at=bounds["enrollment_ends_at"] if bounds else None,
            is_staff=staff,
            instructors=await repository.instructors(session, course_id) if staff else None,
            chapters=[self._chapter(row, staff=staff, enrolled=enrolled) for row in rows],
        )

    def _poster(self, key: str | None) -> str | None:
        return f"{self._public_base_url}/{key}" if key else None

    def _chapter(self, row: RowMapping, *, staff: bool, enrolled: bool) -> ChapterAnswer:
        reason = None if staff else row["locked_reason"]
        return ChapterAnswer(
            id=row["chapter_id"],
            title=row["title"],
            position=row["position"],
            is_free=row["is_free"],
            first_watch_restricted=row["first_watch_restricted"],
            video_id=str(row["video_id"]) if row["video_id"] else None,
            video_status=row["video_status"],
            video_percent=row["video_percent"],
            duration=row["duration"],
            poster_url=self._poster(row["poster_key"]) if reason is None else None,
            is_locked=reason is not None,
            locked_reason=reason,
            requires_chapter_id=row["requires_chapter_id"] if reason == "previous_chapter" else None,
            completion_percentage=row["completion_percentage"] or COMPLETE_AT,
            download_policy=row["download_policy"] if staff else None,
            can_download=_can_download(row, staff=staff, may=enrolled and reason is None),
            progress=ChapterProgress(
                watch_percentage=round(row["watch_percentage"] or 0.0, 1),
                current_position=(row["position_ms"] or 0) / 1000,
                is_completed=bool(row["is_completed"]),
            ),
        )


def _can_download(row: RowMapping, *, staff: bool, may: bool) -> bool:
    """As the gateway decides it when it is asked for the film (``Entitlement.require_download``)."""
    if row["downloads"] != "enrolled" or row["video_status"] != VideoStatus.READY:
        return False
    return staff or (may and (bool(row["is_completed"]) or not row["first_watch_restricted"]))


def _with_positions(chapters: list[ChapterInput]) -> list[ChapterInput]:
    """The chapters in order, each with a position; refuses ids and positions that stand twice."""
    placed = [
        chapter if chapter.position is not None else chapter.model_copy(update={"position": index})
        for index, chapter in enumerate(chapters, start=1)
    ]
    for what, values in (
        ("Chapter", [chapter.id for chapter in placed]),
        ("Position", [str(chapter.position) for chapter in placed]),
    ):
        seen: set[str] = set()
        for value in values:
            if value in seen:
                raise errors.repeated_chapter(f"{what} {value}")
            seen.add(value)
    return sorted(placed, key=lambda chapter: chapter.position or 0)
