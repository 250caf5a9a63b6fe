"""Rows as CSV (RFC 4180, UTF-8 without a mark), under the names they have in JSON."""

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from services.progress.dashboards.schemas import MatrixPage
from shared.contracts.model import Document

# A spreadsheet takes what begins with one of these for a formula, and would run what somebody called a chapter.
FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def matrix_as_csv(page: MatrixPage) -> str:
    """A line for each student, with a column of percentages for each chapter under its id."""
    chapters = [_text(chapter.chapter_id) for chapter in page.chapters]
    named = ["userId", "isEnrolled", "overallPercentage", "chaptersCompleted", "lastWatchedAt"]
    text = io.StringIO(newline="")
    lines = csv.writer(text, lineterminator="\r\n")
    lines.writerow([*named, *chapters])
    for student in page.items:
        given = student.dump()
        cells = [100.0 if cell.state == "completed" else cell.watch_percentage for cell in student.cells]
        lines.writerow([*(_cell(given[name]) for name in named), *cells])
    return text.getvalue()


def as_csv(kind: type[Document], rows: Sequence[Document]) -> str:
    """A line of names, then one for each row. Lists stand with spaces between, documents as JSON, nothing for null."""
    names = [field.alias or name for name, field in kind.model_fields.items()]
    text = io.StringIO(newline="")
    lines = csv.writer(text, lineterminator="\r\n")
    lines.writerow(names)
    for row in rows:
        given = row.dump()
        lines.writerow([_cell(given[name]) for name in names])
    return text.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    if isinstance(value, list):
        return _text(" ".join(str(one) for one in value))
    return _text(value) if isinstance(value, str) else value


def _text(value: str) -> str:
    return f"'{value}" if value.startswith(FORMULAS) else value
