"""What can be wrong with an enrolment."""

from shared.http import Problem


def enrollment_ends_before_it_starts() -> Problem:
    return Problem(422, "invalid_request", "endsAt must be later than startsAt.")


def too_many_rows(most: int) -> Problem:
    return Problem(
        422, "too_many_rows", f"At most {most:,} rows are taken at once. Send the rest after them.", most=most
    )


def unknown_cursor() -> Problem:
    return Problem(422, "invalid_request", "after: it is not the next of an earlier page. Leave it out to begin.")
