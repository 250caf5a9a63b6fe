"""Why a dashboard is not shown."""

from shared.http import Problem


def role_required() -> Problem:
    return Problem(
        403, "role_required", "Dashboards are shown to admins, and to instructors of the courses they teach."
    )


def not_your_course() -> Problem:
    return Problem(403, "not_your_course", "You do not teach this course. Leave courseId out to see those you teach.")


def course_not_found() -> Problem:
    return Problem(404, "course_not_found", "There is no such course.")


def video_not_found() -> Problem:
    return Problem(404, "video_not_found", "There is no such video. It may have been deleted.")


def video_not_playable() -> Problem:
    return Problem(409, "video_not_playable", "The film cannot be watched yet, so nobody watched any of it.")


def wrong_cursor() -> Problem:
    return Problem(
        422,
        "invalid_request",
        "after is not what a page before gave as next, with the same sort.",
        errors=[{"field": "after", "message": "it leads to no page"}],
    )
