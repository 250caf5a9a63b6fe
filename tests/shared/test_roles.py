"""Each service's Postgres role can do only what the service owns: asked of the server itself."""

import asyncpg
import pytest

from shared.db.roles import GRANTS, apply_roles
from tests.conftest import TestDatabase

READS = {
    "gateway": ["catalog.courses", "catalog.current_chapters", "media.content_keys", "learning.progress"],
    "media": ["transcoding.chunks", "learning.progress", "access.key_fetches"],
    "transcoder": ["media.videos", "media.content_keys", "media.downloads"],
    "progress": [
        "catalog.current_chapters",
        "media.video_versions",
        "media.renditions",
        "media.key_rotations",
        "media.outbox",
        "analytics.webhook_endpoints",
    ],
}
REFUSED = {
    "gateway": [
        "media.uploads",
        "media.downloads",
        "transcoding.downloads",
        "learning.watch_budgets",
        "analytics.video_analytics",
        "analytics.platform_events",
        "analytics.webhook_endpoints",
        "transcoding.chunks",
    ],
    "media": [
        "access.video_access_tokens",
        "access.download_tickets",
        "access.playback_sessions",
        "learning.watch_budgets",
        "analytics.platform_events",
        "analytics.statements",
    ],
    "transcoder": ["access.playback_sessions", "catalog.enrollments", "learning.progress", "media.uploads"],
    "progress": ["access.playback_sessions", "access.video_access_tokens", "media.content_keys", "transcoding.chunks"],
}
OTHERS_TABLE = {
    "gateway": "learning.progress",
    "media": "transcoding.chunks",
    "transcoder": "media.videos",
    "progress": "catalog.enrollments",
}


@pytest.mark.parametrize("service", list(GRANTS))
async def test_a_service_reads_and_writes_just_its_part(postgres: TestDatabase, service: str) -> None:
    connection = await asyncpg.connect(postgres.services[service])
    try:
        for table in READS[service]:
            await connection.fetch(f"SELECT * FROM {table} LIMIT 1")
        for table in REFUSED[service]:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.fetch(f"SELECT * FROM {table} LIMIT 1")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(f"DELETE FROM {OTHERS_TABLE[service]}")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("CREATE TABLE public.mine (a int)")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("CREATE ROLE somebody")
    finally:
        await connection.close()


async def test_applying_the_roles_again_changes_nothing_and_turns_a_password(postgres: TestDatabase) -> None:
    owner = await asyncpg.connect(postgres.owner)
    try:
        turned = postgres.services["progress"].replace("secret-progress", "it's \\ another")
        await apply_roles(owner, {"progress": turned.replace(" ", "%20").replace("\\", "%5C").replace("'", "%27")})
        place = postgres.services["progress"].rpartition("@")[2]
        host, _, database = place.partition("/")
        name, _, port = host.partition(":")
        connection = await asyncpg.connect(
            user="test_progress", password="it's \\ another", host=name, port=int(port), database=database
        )
        await connection.fetch("SELECT 1 FROM learning.progress LIMIT 1")
        await connection.close()
    finally:
        await apply_roles(owner, postgres.services)
        await owner.close()


async def test_progress_reads_what_media_tells_and_changes_nothing_of_it(postgres: TestDatabase) -> None:
    connection = await asyncpg.connect(postgres.services["progress"])
    try:
        for forbidden in ("DELETE FROM media.outbox", "UPDATE media.outbox SET type = 'x'"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(forbidden)
        await connection.execute("SELECT analytics.make_partitions(now(), now() + interval '8 weeks')")
    finally:
        await connection.close()
    for other in ("gateway", "media", "transcoder"):
        connection = await asyncpg.connect(postgres.services[other])
        try:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute("SELECT analytics.make_partitions(now(), now())")
        finally:
            await connection.close()
