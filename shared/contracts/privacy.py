"""What a service says of one person to the gateway: all it keeps that names them, and what became of it."""

from typing import Any

from shared.contracts.model import Document


class PersonalData(Document):
    """``data``: by schema and member, rows as objects. ``more``: whether another page has further rows of any of them."""

    data: dict[str, dict[str, list[dict[str, Any]]]]
    more: bool


class ErasedRows(Document):
    """By ``schema.table``, how many rows were deleted or changed; tables without any are left out."""

    tables: dict[str, int]
