"""UUIDv7: ids that sort by the time they were made, so that indexes grow at one end."""

from uuid import UUID

import uuid_utils


def new_id() -> UUID:
    """A new UUIDv7 as the standard library's type, which asyncpg and pydantic take as it is."""
    return UUID(int=uuid_utils.uuid7().int)
