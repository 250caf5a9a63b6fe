"""Rows as CSV (RFC 4180, UTF-8 without a mark), under the names they have in JSON."""

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from shared.contracts.model import Document

CSV = "text/csv"
# A spreadsheet takes what begins with one of these for a formula, and would run what somebody called a chapter.
FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def is_csv(accept: str | None, wanted: str | None) -> bool:
    """Whether a list is asked for as CSV: by ``format``, else by the first type of ``Accept``."""
    if wanted is not None:
        return wanted == "csv"
    return (accept or "").split(",")[0].split(";")[0].strip().lower() == CSV


def as_csv(kind: type[Document], rows: Sequence[Document]) -> str:
    """A line of names, then one for each row. Lists stand with spaces between, documents as JSON, nothing for null."""
    names = [field.alias or name for name, field in kind.model_fields.items()]
    text = io.StringIO(newline="")
    lines = csv.writer(text, lineterminator="\r\n")
    lines.writerow(names)
    for row in rows:
        given = row.dump()
        lines.writerow([cell(given[name]) for name in names])
    return text.getvalue()


def cell(value: Any) -> Any:
    """A value as it may stand in a CSV that a spreadsheet opens."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    if isinstance(value, list):
        return text_cell(" ".join(str(one) for one in value))
    return text_cell(value) if isinstance(value, str) else value


def text_cell(value: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{value}" if value.startswith(FORMULAS) else value
