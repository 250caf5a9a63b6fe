"""Lists what is open, and ends it. A session that is ended is refused at its next request, whatever asks."""

from uuid import UUID

from services.gateway.audit.trail import concerns
from services.gateway.devices.schemas import Device, OpenSession, Revocation
from services.gateway.downloads import repository as downloads
from services.gateway.sessions import errors, repository
from services.gateway.sessions.service import ACTIVE_SECONDS
from services.gateway.tokens import repository as tokens
from shared.db import Database
from shared.http.user_agents import browser_of, system_of

SIGNED_OUT = "signed_out"
BY_ADMIN = "ended_by_admin"


class DeviceService:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def devices(self, user_id: str) -> list[Device]:
        async with self._database.session_scope() as session:
            rows = await repository.devices(session, user_id)
        return [
            Device(
                id=str(row["id"]),
                browser=browser_of(row["user_agent"]),
                system=system_of(row["user_agent"]),
                first_seen_at=row["first_seen_at"],
                last_seen_at=row["last_seen_at"],
                open_sessions=row["sessions"],
            )
            for row in rows
        ]

    async def sessions(self, user_id: str) -> list[OpenSession]:
        async with self._database.session_scope() as session:
            rows = await repository.living(session, user_id, ACTIVE_SECONDS)
        return [
            OpenSession(
                id=str(row["id"]),
                video_id=str(row["video_id"]),
                course_id=row["course_id"],
                chapter_id=row["chapter_id"],
                device_id=str(row["device_id"]) if row["device_id"] else None,
                browser=browser_of(row["user_agent"]) if row["user_agent"] is not None else None,
                system=system_of(row["user_agent"]) if row["user_agent"] is not None else None,
                opened_at=row["created_at"],
                last_active_at=row["last_active_at"],
                expires_at=row["expires_at"],
                is_active=row["is_active"],
            )
            for row in rows
        ]

    async def end_session(self, user_id: str, session_id: UUID) -> None:
        """End one session of a user; Problem ``session_not_found`` where it is not theirs or not open."""
        concerns(session_id=session_id, code=SIGNED_OUT)
        async with self._database.session_scope() as session:
            if not await repository.revoke(session, SIGNED_OUT, session_id=session_id, user_id=user_id):
                raise errors.session_not_found()

    async def sign_out(self, user_id: str, device_id: UUID) -> int:
        """Forget a device of a user and end what is open on it; how many sessions that were."""
        concerns(device_id=device_id, code=SIGNED_OUT)
        async with self._database.session_scope() as session:
            ended = await repository.revoke(session, SIGNED_OUT, device_id=device_id, user_id=user_id)
            await tokens.revoke(session, device_id=device_id, user_id=user_id)
            if not await repository.forget_device(session, user_id, device_id):
                raise errors.device_not_found()
        return ended

    async def revoke(self, whose: Revocation) -> int:
        concerns(session_id=whose.session_id, user_id=whose.user_id, video_id=whose.video_id, device_id=whose.device_id)
        concerns(code=BY_ADMIN)
        async with self._database.session_scope() as session:
            if whose.session_id is not None:
                concerns(**await repository.whose(session, whose.session_id))
            else:
                await tokens.revoke(session, user_id=whose.user_id, video_id=whose.video_id, device_id=whose.device_id)
                if whose.device_id is None:
                    await downloads.revoke(session, whose.user_id, whose.video_id)
            return await repository.revoke(
                session,
                BY_ADMIN,
                session_id=whose.session_id,
                user_id=whose.user_id,
                video_id=whose.video_id,
                device_id=whose.device_id,
            )
