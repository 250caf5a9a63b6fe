"""Statements as the platform reads them."""

from typing import Any

from shared.contracts.model import Document, Moment

MOST = 500


class KeptStatement(Document):
    id: str
    user_id: str
    session_id: str
    verb: str
    statement: dict[str, Any]
    forwarded_at: Moment | None
    """When the learning record store took it."""
    attempts: int
    problem: str | None
    """Why it has not taken it yet, or never will."""


class StatementPage(Document):
    """The oldest first; ``next`` goes into ``after`` and is null on the last page."""

    statements: list[KeptStatement]
    next: str | None
