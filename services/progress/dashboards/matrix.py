"""A course's matrix as CSV: its columns are the course's own, so no document names them."""

import csv
import io
from typing import Any

from services.progress.dashboards.schemas import MatrixPage
from shared.http.tables import cell


def matrix_as_csv(page: MatrixPage) -> str:
    """A line for each student, with a column of percentages for each chapter under its id."""
    named = ["userId", "isEnrolled", "overallPercentage", "chaptersCompleted", "lastWatchedAt"]
    text = io.StringIO(newline="")
    lines = csv.writer(text, lineterminator="\r\n")
    lines.writerow([*named, *(cell(chapter.chapter_id) for chapter in page.chapters)])
    for student in page.items:
        given = student.dump()
        percentages: list[Any] = [100.0 if one.state == "completed" else one.watch_percentage for one in student.cells]
        lines.writerow([*(cell(given[name]) for name in named), *percentages])
    return text.getvalue()
