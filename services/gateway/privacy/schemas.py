"""What is kept of a person, and what became of it."""

from typing import Any, Literal

from shared.contracts.model import Document, Moment


class UserExport(Document):
    """All that names the user, by schema and table; ``nextPage`` is null when nothing is left."""

    user_id: str
    exported_at: Moment
    page: int
    next_page: int | None
    data: dict[str, dict[str, list[dict[str, Any]]]]


class ServiceErasure(Document):
    """``tables``: by ``schema.table``, how many rows were deleted or changed."""

    service: str
    state: Literal["done", "unavailable"]
    code: str | None = None
    tables: dict[str, int]


class UserErasure(Document):
    """``pseudonym`` stands where rows had to stay; nothing leads from it to the user."""

    pseudonym: str
    services: list[ServiceErasure]
