"""Issuing one-time access tokens, and spending them."""

import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from uuid import UUID

from services.gateway.audit.trail import concerns
from services.gateway.identity.client_ip import PREFIX_V4, PREFIX_V6, Policy
from services.gateway.tokens import errors, repository
from services.gateway.tokens.entitlement import Entitlement
from services.gateway.tokens.repository import Spent
from services.gateway.tokens.schemas import AccessToken
from shared.contracts.access import Actor, Role
from shared.db import Database, Session, new_id
from shared.db.models.access import VideoAccessToken

LIFETIME = timedelta(hours=2)
TOKEN_BYTES = 32
LONGEST_TOKEN = 200


def digest(secret: str) -> bytes:
    """What is stored of a token or credential. They are 256 random bits, so a plain hash is enough."""
    return hashlib.sha256(secret.encode()).digest()


class TokenService:
    def __init__(self, database: Database, entitlement: Entitlement, policy: Policy) -> None:
        self._database = database
        self._entitlement = entitlement
        self._policy = policy

    async def issue(self, video_id: UUID, actor: Actor, ip: str | None, user_agent: str | None) -> AccessToken:
        """A token for ``actor`` to watch a video from ``ip``, good once within two hours.

        Without ``ip`` it is good from anywhere; without ``user_agent`` nothing is known of the device.
        """
        concerns(user_id=actor.user_id, video_id=video_id)
        secret = secrets.token_urlsafe(TOKEN_BYTES)
        expires_at = datetime.now(UTC) + LIFETIME
        if self._entitlement.asks_platform:
            # Which may take seconds, for which no transaction waits.
            await self._entitlement.require_video(video_id, actor)
        async with self._database.session_scope() as session:
            entitled = await self._entitlement.recheck_video(session, video_id, actor)
            if entitled.version_id is None:
                raise errors.not_playable()
            device = await self.record_device(session, actor.user_id, user_agent)
            concerns(chapter_id=entitled.chapter_id, device_id=device)
            token = VideoAccessToken(
                id=new_id(),
                token_hash=digest(secret),
                video_id=video_id,
                user_id=actor.user_id,
                role=actor.role.value,
                client_ip=ip,
                device_id=device,
                expires_at=expires_at,
            )
            await repository.issue(session, token)
        return AccessToken(token=secret, stream_url=f"/api/videos/stream?token={secret}", expires_at=expires_at)

    async def record_device(self, session: Session, user_id: str, user_agent: str | None) -> UUID | None:
        """Note that the user was seen with this browser or player; its id, None where nothing is known of it."""
        if user_agent is None:
            return None
        agent = user_agent[:512]
        return await repository.record_device(session, user_id, digest(agent), agent)

    async def entitle(self, secret: str, ip: str) -> None:
        """Where the platform decides, ask it about whoever could spend this token here: no transaction waits for it."""
        if not self._entitlement.asks_platform or not 0 < len(secret) <= LONGEST_TOKEN:
            return
        async with self._database.session_scope() as session:
            found = await repository.look(session, digest(secret), ip, self._bits(ip))
        if found is not None:
            await self._entitlement.require_video(found.video_id, Actor(user_id=found.user_id, role=Role(found.role)))

    async def spend(self, session: Session, secret: str, ip: str) -> Spent:
        """Spend a token inside the caller's transaction; Problem with the reason where it can not be spent.

        A try from another network does not spend it: who only saw the link can not take it from its owner.
        """
        if not secret:
            raise errors.token_missing()
        if len(secret) > LONGEST_TOKEN:
            raise errors.token_invalid()
        spent = await repository.spend(session, digest(secret), ip, self._bits(ip))
        if spent is None:
            reason, whose = await repository.why_not(session, digest(secret))
            concerns(**whose)
            raise {
                "unknown": errors.token_invalid,
                "spent": errors.token_spent,
                "expired": errors.token_expired,
                "elsewhere": errors.ip_changed,
            }[reason]()
        concerns(user_id=spent.user_id, role=spent.role, video_id=spent.video_id, device_id=spent.device_id)
        return spent

    def _bits(self, ip: str) -> int | None:
        if self._policy == "off":
            return None
        version = ip_address(ip).version
        if self._policy == "exact":
            return 32 if version == 4 else 128
        return PREFIX_V4 if version == 4 else PREFIX_V6

    async def sweep(self) -> None:
        async with self._database.session_scope() as session:
            await repository.forget_expired(session, datetime.now(UTC) - timedelta(days=1))
