"""Films to take home: who may, and tickets that open a file without a header.

A browser downloads by an address alone, asks for the same one again where it was cut off, and shows it to whoever looks
at its list of downloads. So a ticket is good for some hours and as often as it is asked, from one network only, and for
as long as its owner may take the film home: that is asked again each time.
"""

import asyncio
import json
import logging
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

import aiohttp

from services.gateway.downloads import errors, repository
from services.gateway.downloads.schemas import DownloadAnswer, FileState
from services.gateway.identity.client_ip import Policy, network_of
from services.gateway.proxy.upstream import Upstream
from services.gateway.tokens import errors as token_errors
from services.gateway.tokens.entitlement import Entitlement
from services.gateway.tokens.service import LONGEST_TOKEN, TOKEN_BYTES, digest
from shared.contracts.access import Actor, Role
from shared.db import Database, new_id
from shared.db.models.access import DownloadTicket
from shared.http import Problem

log = logging.getLogger(__name__)

LIFETIME = timedelta(hours=6)
"""Two gigabytes over a slow line, with a night's sleep of a laptop in between, take about that."""
CONTENT = "/internal/downloads/content"


class DownloadService:
    def __init__(
        self, database: Database, entitlement: Entitlement, media: Upstream, progress: Upstream, policy: Policy
    ) -> None:
        self._progress = progress
        self._telling: set[asyncio.Task[None]] = set()
        self._database = database
        self._entitlement = entitlement
        self._media = media
        self._policy = policy

    async def prepare(self, video_id: UUID, actor: Actor, quality: str | None) -> FileState:
        """How far the file is, for who may have it; Problem with the reason where the actor may not."""
        await self._entitlement.require_download(video_id, actor)
        wanted = json.dumps({"video_id": str(video_id), "quality": quality}).encode()
        return FileState.model_validate((await self._media.post("/internal/downloads", wanted)).json())

    async def link(self, video_id: UUID, actor: Actor, ip: str, file: FileState) -> DownloadAnswer:
        """An address that opens a file that is ready."""
        ticket = secrets.token_urlsafe(TOKEN_BYTES)
        expires_at = datetime.now(UTC) + LIFETIME
        row = DownloadTicket(
            id=new_id(),
            ticket_hash=digest(ticket),
            video_id=video_id,
            version_id=UUID(file.version_id),
            rendition=file.quality,
            user_id=actor.user_id,
            role=actor.role.value,
            network=network_of(ip, self._policy),
            expires_at=expires_at,
        )
        async with self._database.session_scope() as session:
            await repository.add(session, row)
        return DownloadAnswer(
            status="ready",
            percent=100.0,
            quality=file.quality,
            file_name=file.file_name,
            url=f"/api/videos/download?token={ticket}",
            expires_at=expires_at,
            size_bytes=file.size_bytes,
        )

    async def open_ticket(
        self, ticket: str, ip: str, method: str, headers: Mapping[str, str]
    ) -> aiohttp.ClientResponse:
        """The file behind a ticket, as media answers it; Problem with the reason where it opens nothing here and now."""
        if not ticket:
            raise errors.ticket_missing()
        if len(ticket) > LONGEST_TOKEN:
            raise errors.ticket_invalid()
        async with self._database.session_scope() as session:
            found = await repository.find(session, digest(ticket), ip, anywhere=self._policy == "off")
        if found is None:
            raise errors.ticket_invalid()
        if found["video_deleted"]:
            raise token_errors.video_deleted()
        if found["expired"]:
            raise errors.ticket_expired()
        if not found["network_proven"]:
            raise token_errors.ip_changed()
        actor = Actor(user_id=found["user_id"], role=Role(found["role"]))
        await self._entitlement.require_download(found["video_id"], actor, running=True)
        file = await self.open_file(found["video_id"], found["version_id"], found["rendition"], method, headers)
        self.count(found["id"], found["video_id"], found["rendition"], actor, file)
        return file

    async def open_file(
        self, video_id: UUID, version_id: UUID, quality: str, method: str, headers: Mapping[str, str]
    ) -> aiohttp.ClientResponse:
        """A file as media answers it, part or whole. The caller releases the answer."""
        place = {"videoId": str(video_id), "versionId": str(version_id), "quality": quality}
        return await self._media.open(method, CONTENT, headers={**headers, **self._media.headers(None)}, params=place)

    def count(self, counted: UUID, video_id: UUID, quality: str, actor: Actor, file: aiohttp.ClientResponse) -> None:
        """Tell analytics that a file is being taken from its beginning. Nobody waits for it, and each id counts once."""
        span = file.headers.get("Content-Range", "bytes 0-")
        if file.method != "GET" or file.status not in (200, 206) or not span.startswith("bytes 0-"):
            return
        size = span.rpartition("/")[2] if "/" in span else file.headers.get("Content-Length", "0")
        told = {"id": str(counted), "videoId": str(video_id), "quality": quality, "bytes": int(size)}
        task = asyncio.create_task(self._tell(json.dumps(told).encode(), actor))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _tell(self, told: bytes, actor: Actor) -> None:
        try:
            await self._progress.post("/internal/downloads", told, actor)
        except Problem as problem:
            log.warning("a download is not counted: %s", problem.code)

    async def sweep(self) -> None:
        async with self._database.session_scope() as session:
            await repository.forget_expired(session, datetime.now(UTC) - timedelta(days=1))
