"""The matrix of students and chapters as CSV; every other list is one as it stands."""

import csv
import io

from services.progress.dashboards.schemas import MatrixPage
from shared.http.tables import cell, text_cell


def matrix_as_csv(page: MatrixPage) -> str:
    """A line for each student, with a column of percentages for each chapter under its id."""
    chapters = [text_cell(chapter.chapter_id) for chapter in page.chapters]
    named = ["userId", "isEnrolled", "overallPercentage", "chaptersCompleted", "lastWatchedAt"]
    text = io.StringIO(newline="")
    lines = csv.writer(text, lineterminator="\r\n")
    lines.writerow([*named, *chapters])
    for student in page.items:
        given = student.dump()
        cells = [100.0 if one.state == "completed" else one.watch_percentage for one in student.cells]
        lines.writerow([*(cell(given[name]) for name in named), *cells])
    return text.getvalue()
