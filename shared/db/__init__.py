"""Postgres: models by schema, migrations, roles, and the session scope."""

from shared.db.engine import Database, Session
from shared.db.ids import new_id

__all__ = ["Database", "Session", "new_id"]
