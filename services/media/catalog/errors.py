"""What can be wrong with a course or an enrolment."""

from shared.http import Problem


def course_not_found(course_id: str) -> Problem:
    return Problem(404, "course_not_found", f"There is no course {course_id}, or you have no part in it.")


def unknown_course(course_id: str) -> Problem:
    return Problem(
        404,
        "unknown_course",
        f"There is no course {course_id}. Create it first with PUT /api/admin/courses/{course_id}.",
    )


def repeated_chapter(what: str) -> Problem:
    return Problem(422, "repeated_chapter", f"{what} stands twice in the list. Chapter ids and positions are unique.")


def chapter_in_other_course(chapter_id: str, course_id: str) -> Problem:
    return Problem(
        409,
        "chapter_in_other_course",
        f"Chapter {chapter_id} belongs to course {course_id}. Chapter ids are unique across courses.",
        courseId=course_id,
    )


def chapter_still_has_video(chapter_id: str, video_id: str) -> Problem:
    return Problem(
        409,
        "chapter_has_video",
        f"Chapter {chapter_id} would leave the course but has a video. Delete video {video_id} first, or keep the chapter.",
        videoId=video_id,
    )


def not_your_course(course_id: str) -> Problem:
    return Problem(
        403,
        "not_your_course",
        f"You are no instructor of course {course_id}. An admin can add you to it.",
        courseId=course_id,
    )
