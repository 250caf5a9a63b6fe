"""Who may touch which table.

Each service logs in as a Postgres role of its own. It writes the schemas it owns, reads just the tables named here,
and is refused everything else by the server, not by convention.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import asyncpg
from sqlalchemy.engine import make_url


@dataclass(frozen=True)
class Grants:
    writes: tuple[str, ...]
    """Schemas the service owns."""
    reads: tuple[str, ...]
    """Tables of others it may read; ``schema.*`` for all of one, ``table(column, ...)`` for some columns."""
    calls: tuple[str, ...] = ()
    """Functions of the owner's that are for it alone."""


GRANTS: Mapping[str, Grants] = {
    "gateway": Grants(
        writes=("access",),
        reads=(
            "catalog.*",
            "media.videos",
            "media.video_versions",
            "media.content_keys",
            "media.renditions",
            "learning.progress",
            "transcoding.workers",
        ),
    ),
    "media": Grants(
        writes=("catalog", "media"),
        reads=(
            "transcoding.*",
            "learning.progress",
            "access.key_fetches",
            # How often each film was viewed; not by whom.
            *("analytics.marks", "analytics.video_days(day, video_id, views)"),
            "analytics.video_analytics(session_id, video_id, is_view)",
        ),
    ),
    "transcoder": Grants(
        writes=("transcoding",),
        reads=("media.videos", "media.video_versions", "media.content_keys", "media.downloads", "media.caption_drafts"),
    ),
    "progress": Grants(
        writes=("learning", "analytics"),
        reads=(
            "catalog.*",
            "media.videos",
            "media.video_versions",
            "media.outbox",
            # What storage costs: what is kept of a film, and how often it is encrypted anew; no key of it.
            *("media.renditions", "media.downloads", "media.key_rotations"),
            # Who watches what since when, on what device; not what opens the film.
            "access.playback_sessions(id, video_id, version_id, course_id, chapter_id, user_id, device_id, created_at,"
            " network_v4, network_v6)",
            "access.devices(id, user_agent)",
        ),
        calls=(
            "analytics.make_partitions(timestamptz, timestamptz)",
            "analytics.drop_partitions(timestamptz)",
        ),
    ),
}

SCHEMAS = ("catalog", "media", "transcoding", "access", "learning", "analytics")


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(value: str) -> str:
    # E'' with doubled quotes and backslashes reads the same whatever standard_conforming_strings says.
    return "E'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


async def apply_roles(connection: asyncpg.Connection, service_urls: Mapping[str, str]) -> None:
    """Create or refresh the login role named in each service's URL, and grant it exactly its part.

    ``connection`` must belong to the owner of the schemas, who may create roles. Safe to run again and again, and
    beside running services: a grant that stands already is not taken away in between.
    """
    owner = await connection.fetchval("SELECT current_user")
    for service, url in service_urls.items():
        parsed = make_url(url)
        role = parsed.username
        if role is None or role == owner:
            continue
        await _login_role(connection, role, parsed.password or "")
        await _grant(connection, role, GRANTS[service])


async def _login_role(connection: asyncpg.Connection, role: str, password: str) -> None:
    exists = await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role)
    verb = "ALTER" if exists else "CREATE"
    # A new role is no superuser and may create nothing, by default; only a superuser may say so of an existing one.
    await connection.execute(f"{verb} ROLE {_quote(role)} LOGIN PASSWORD {_literal(password)}")


async def _grant(connection: asyncpg.Connection, role: str, grants: Grants) -> None:
    name = _quote(role)
    async with connection.transaction():
        for schema in SCHEMAS:
            await connection.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {name}")
        schemas = {table.split(".")[0] for table in grants.reads} | set(grants.writes)
        for schema in sorted(schemas):
            await connection.execute(f"GRANT USAGE ON SCHEMA {schema} TO {name}")
        for schema in grants.writes:
            await connection.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {name}")
        for table in grants.reads:
            await connection.execute(_select(table, name))
        for function in grants.calls:
            await connection.execute(f"GRANT EXECUTE ON FUNCTION {function} TO {name}")
        await connection.execute(f"GRANT SELECT ON alembic_version TO {name}")


def _select(table: str, name: str) -> str:
    schema, _, only = table.partition(".")
    if only == "*":
        return f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {name}"
    table, _, columns = table.partition("(")
    return f"GRANT SELECT {'(' + columns if columns else ''} ON {table} TO {name}"
