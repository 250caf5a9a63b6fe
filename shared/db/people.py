"""What the database keeps of one person: each service has a map of where people are named, read and erased by it.

The map is the one place to say what becomes of a column that names somebody; a test holds it against the schema.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from pydantic.alias_generators import to_camel
from sqlalchemy import LargeBinary, Table, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from shared.contracts.privacy import ErasedRows, PersonalData
from shared.db.engine import Database, Session
from shared.db.models import Base

ERASED = "erased"
"""Stands for every author who was erased."""
PAGE = 1000
STATEMENT_SECONDS = 120


class Fate(Enum):
    """What becomes of rows whose column names the person."""

    DELETE = "delete"
    PSEUDONYM = "pseudonym"
    """They stay and name a random pseudonym, the same in all of one erasure: figures and security need them."""
    AUTHOR = "author"
    """They are not about the person, who only made them: they stay and name ``erased``."""


@dataclass(frozen=True)
class Mention:
    """A column that names people. ``table`` has its schema.

    ``also`` are further assignments where rows stay; ``shows`` are the columns that the person is shown of them, all but
    secrets where none is named.
    """

    table: str
    column: str
    fate: Fate
    also: str = ""
    shows: tuple[str, ...] = ()


@dataclass(frozen=True)
class PeopleMap:
    """``documents``: JSONB columns (table, column) that may name a person somewhere inside, in rows of somebody else."""

    mentions: tuple[Mention, ...]
    documents: tuple[tuple[str, str], ...] = ()


class People:
    """One service's part in showing and erasing a person, each in one transaction. Both may be repeated."""

    def __init__(self, database: Database, people: PeopleMap) -> None:
        self._database = database
        self._map = people

    async def export(self, user_id: str, page: int) -> PersonalData:
        """Everything that names the person, at most ``PAGE`` rows of each kind; ``page`` counts from 1."""
        data: dict[str, dict[str, list[dict[str, Any]]]] = {}
        more = False
        async with self._database.session_scope() as session:
            await _take_time(session)
            for mention in self._map.mentions:
                rows = await _rows(session, mention, user_id, page)
                more = more or len(rows) > PAGE
                schema, _, _ = mention.table.partition(".")
                data.setdefault(schema, {})[_member(mention, self._map)] = rows[:PAGE]
        return PersonalData(data=data, more=more)

    async def erase(self, user_id: str, pseudonym: str) -> ErasedRows:
        """Delete what is about the person, and name somebody who is nobody in the rest."""
        counts: Counter[str] = Counter()
        async with self._database.session_scope() as session:
            await _take_time(session)
            for mention in self._map.mentions:
                counts[mention.table] += await _erase(session, mention, user_id, pseudonym)
            for table, column in self._map.documents:
                counts[table] += await _scrub(session, table, column, user_id)
        return ErasedRows(tables={table: count for table, count in counts.items() if count})


async def _take_time(session: Session) -> None:
    """Some columns have no index: few are erased, and it may take longer than what people wait for."""
    await session.execute(
        text("SELECT set_config('statement_timeout', :value, true)"), {"value": str(STATEMENT_SECONDS * 1000)}
    )


async def _erase(session: Session, mention: Mention, user_id: str, pseudonym: str) -> int:
    if mention.fate is Fate.DELETE:
        query = f"DELETE FROM {mention.table} WHERE {mention.column} = :user"  # noqa: S608 - names of our own
        values = {"user": user_id}
    else:
        also = f", {mention.also}" if mention.also else ""
        query = f"UPDATE {mention.table} SET {mention.column} = :name{also} WHERE {mention.column} = :user"  # noqa: S608
        values = {"user": user_id, "name": pseudonym if mention.fate is Fate.PSEUDONYM else ERASED}
    changed: int = (await session.execute(text(query), values)).rowcount  # type: ignore[attr-defined]
    return changed


async def _scrub(session: Session, table: str, column: str, user_id: str) -> int:
    """Replace the person in documents: values that are just the id, wherever they stand."""
    found = text(f"""
        SELECT id, {column} AS document FROM {table}
        WHERE jsonb_path_exists({column}, '$.** ? (@ == $id)', jsonb_build_object('id', CAST(:user AS text))) FOR UPDATE
    """)  # noqa: S608
    change = text(f"UPDATE {table} SET {column} = :document WHERE id = :id")  # noqa: S608
    change = change.bindparams(bindparam("document", type_=JSONB))
    rows = (await session.execute(found, {"user": user_id})).all()
    for row in rows:
        await session.execute(change, {"id": row.id, "document": scrubbed(row.document, user_id)})
    return len(rows)


def scrubbed(value: Any, user_id: str) -> Any:
    """The document with ``erased`` in place of the person; names of members stay."""
    if isinstance(value, Mapping):
        return {name: scrubbed(one, user_id) for name, one in value.items()}
    if isinstance(value, list):
        return [scrubbed(one, user_id) for one in value]
    return ERASED if value == user_id else value


async def _rows(session: Session, mention: Mention, user_id: str, page: int) -> list[dict[str, Any]]:
    """One more than a page has, where there are more."""
    table = Base.metadata.tables[mention.table]
    order = ", ".join(column.name for column in table.primary_key.columns)
    query = text(f"""
        SELECT to_jsonb(t) FROM (SELECT {", ".join(_shown(mention, table))} FROM {mention.table}
            WHERE {mention.column} = :user ORDER BY {order} LIMIT :limit OFFSET :offset) t
    """)  # noqa: S608
    values = {"user": user_id, "limit": PAGE + 1, "offset": PAGE * (page - 1)}
    found: Sequence[dict[str, Any]] = (await session.scalars(query, values)).all()
    return [{to_camel(name): value for name, value in row.items()} for row in found]


def _shown(mention: Mention, table: Table) -> list[str]:
    # Bytes are hashes of what opens something, and of browsers.
    return list(mention.shows) or [c.name for c in table.columns if not isinstance(c.type, LargeBinary)]


def _member(mention: Mention, people: PeopleMap) -> str:
    """The table's name; with the column, where the table names people in more than one."""
    _, _, table = mention.table.partition(".")
    first = next(one for one in people.mentions if one.table == mention.table)
    return to_camel(table if first is mention else f"{table}_{mention.column}")
