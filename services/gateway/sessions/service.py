"""Playback sessions: opened by a spent token, proven by the credential in the path and by the network."""

import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from services.gateway.audit.trail import concerns
from services.gateway.identity.client_ip import Policy, network_of
from services.gateway.sessions import errors, repository
from services.gateway.sessions.batches import BatchedQuery
from services.gateway.sessions.kept import Kept
from services.gateway.sessions.repository import Found
from services.gateway.sessions.schemas import PlaybackSessionAnswer, WatermarkPart
from services.gateway.sessions.windows import Windows
from services.gateway.tokens import errors as token_errors
from services.gateway.tokens.entitlement import Entitlement
from services.gateway.tokens.service import TokenService, digest
from shared.contracts.access import Actor, Role
from shared.crypto import KeyRing, window_key
from shared.db import Database, new_id
from shared.db.models.access import PlaybackSession
from shared.db.models.media import ContentKey

SLIDE_SECONDS = 2 * 3600
SLIDE_GRAIN = 10
ACTIVE_SECONDS = 45
"""For so long a key or a beat makes a session count among a user's streams."""
CREDENTIAL_BYTES = 32
FILMS_KEPT = 1024
FETCH_GRAIN = 600.0
SUPERSEDED = "superseded"


@dataclass(frozen=True)
class Rules:
    """What an operator sets: which part of an address binds, how long a session may last, and how many at once."""

    policy: Policy
    lifetime: timedelta = timedelta(hours=24)
    streams: int = 2
    """Streams of one student at once; 0 for any number."""
    watermark: tuple[WatermarkPart, ...] = ()
    """What our players write over a student's picture."""


class SessionService:
    def __init__(
        self, database: Database, tokens: TokenService, entitlement: Entitlement, keyring: KeyRing, rules: Rules
    ) -> None:
        self._database = database
        self._tokens = tokens
        self._entitlement = entitlement
        self._keyring = keyring
        self._rules = rules
        self._found = BatchedQuery(database.connect, repository.FIND)
        self._sliding: set[UUID] = set()
        # These never change for a version (and epoch), so keeping them spares a query and no decision.
        self._secrets = Kept(FILMS_KEPT, self._secret)
        self._windows = Kept(FILMS_KEPT, self._windows_of)
        self._fetches: OrderedDict[tuple[UUID, int], float] = OrderedDict()

    async def open(self, token: str, ip: str, user_agent: str | None) -> tuple[PlaybackSessionAnswer, UUID]:
        """Spend a token and open a session; answers what the player needs, and the version it plays.

        A token that a back end asked for knows no device: there, whoever spends it is.
        """
        credential = secrets.token_urlsafe(CREDENTIAL_BYTES)
        now = datetime.now(UTC)
        await self._tokens.entitle(token, ip)
        async with self._database.session_scope() as session:
            spent = await self._tokens.spend(session, token, ip)
            actor = Actor(user_id=spent.user_id, role=Role(spent.role))
            entitled = await self._entitlement.recheck_video(session, spent.video_id, actor)
            if entitled.version_id is None:
                raise token_errors.not_playable()
            device_id = spent.device_id or await self._tokens.record_device(session, spent.user_id, user_agent)
            network = network_of(ip, self._rules.policy)
            duration, key_epoch = await repository.film(session, entitled.version_id)
            opened = PlaybackSession(
                id=new_id(),
                credential_hash=digest(credential),
                video_id=spent.video_id,
                version_id=entitled.version_id,
                course_id=entitled.course_id,
                chapter_id=entitled.chapter_id,
                user_id=spent.user_id,
                role=spent.role,
                key_epoch=key_epoch,
                first_watch_restricted=entitled.first_watch_restricted,
                needs_enrollment=entitled.needs_enrollment,
                as_staff=entitled.as_staff,
                network_v4=None if ":" in network else network,
                network_v6=network if ":" in network else None,
                device_id=device_id,
                expires_at=now + min(timedelta(seconds=SLIDE_SECONDS), self._rules.lifetime),
                absolute_expires_at=now + self._rules.lifetime,
            )
            await repository.open_session(session, opened)
            concerns(session_id=opened.id, chapter_id=opened.chapter_id, device_id=device_id)
        base = f"/api/playback/{credential}"
        answer = PlaybackSessionAnswer(
            session_id=str(opened.id),
            master_url=f"{base}/master.m3u8",
            managed_master_url=f"{base}/full/master.m3u8",
            renew_url=f"{base}/renew",
            beat_url=f"{base}/beat",
            expires_at=opened.expires_at,
            video_id=str(opened.video_id),
            chapter_id=opened.chapter_id,
            duration=duration,
            first_watch_restricted=opened.first_watch_restricted,
            user_id=opened.user_id,
            watermark=[] if opened.as_staff else list(self._rules.watermark),
        )
        return answer, entitled.version_id

    async def require(self, credential: str, ip: str) -> Found:
        """The session of a credential, if it is good now and from this network; Problem with the reason if not."""
        return await self._require(credential, ip)

    async def _require(self, credential: str, ip: str, *, moved: bool = False) -> Found:
        found = await repository.find(
            self._found,
            digest(credential),
            ip,
            anywhere=moved or self._rules.policy == "off",
            platform_decides=self._entitlement.asks_platform,
            active=ACTIVE_SECONDS,
            grain=SLIDE_GRAIN,
        )
        if found is None:
            raise errors.session_invalid()
        concerns(session_id=found.id, user_id=found.user_id, role=found.role, device_id=found.device_id)
        concerns(video_id=found.video_id, chapter_id=found.chapter_id)
        if found.video_deleted:
            raise token_errors.video_deleted()
        if found.revoked_at is not None:
            superseded = found.revoked_reason == SUPERSEDED
            raise errors.session_superseded() if superseded else errors.session_revoked(found.revoked_reason)
        if found.absolutely_expired or (found.expired and not moved):
            raise errors.session_expired()
        if not found.network_proven:
            raise token_errors.ip_changed()
        if not found.entitled:
            raise token_errors.locked("not_instructor" if found.as_staff else "enrollment_ended", None)
        if found.needs_enrollment and self._entitlement.lets(found.question) is False:
            await self._entitlement.require_running(found.question)
        if 0 < self._rules.streams <= found.newer_active and not found.as_staff:
            await self._supersede(found.id)
            raise errors.session_superseded()
        return found

    async def _supersede(self, session_id: UUID) -> None:
        """For good: two devices that take the stream from each other in turn would help nobody."""
        async with self._database.session_scope() as session:
            await repository.revoke(session, SUPERSEDED, session_id=session_id)

    async def key(self, credential: str, ip: str, epoch: int, window: int) -> bytes:
        """16 bytes: the key of one window. Asking for it keeps the session alive.

        On a restricted first watch a window opens as the student comes near it: ``not_watched_yet`` before.
        """
        found = await self._require(credential, ip)
        windows = await self._windows.get(found.version_id)
        if window >= len(windows.starts):
            raise errors.key_not_found()
        released = windows.released(found.frontier_ms)
        if found.is_restricted and window >= released:
            raise errors.not_watched_yet(found.frontier_ms / 1000, windows.until(released) / 1000)
        secret = await self._secrets.get((found.version_id, epoch))
        if found.needs_enrollment and not self._entitlement.lets(found.question):
            await self._entitlement.require_running(found.question)
        await self._slide(found)
        await self._note_fetch(found.version_id, epoch)
        return window_key(secret, window)

    async def _slide(self, found: Found) -> None:
        """Move the end on, once in a while; of many who ask at once, one does it."""
        if not found.is_stale or found.id in self._sliding:
            return
        self._sliding.add(found.id)
        try:
            async with self._database.session_scope() as session:
                await repository.slide(session, found.id, SLIDE_SECONDS, SLIDE_GRAIN)
        finally:
            self._sliding.discard(found.id)

    async def _note_fetch(self, version_id: UUID, epoch: int) -> None:
        """That keys of this film are asked for; said anew after a while, as a week is what it is looked at by."""
        now = time.monotonic()
        # By epoch: a rotation asks whether any key was fetched since the last one.
        place = (version_id, epoch)
        if now - self._fetches.get(place, -FETCH_GRAIN) < FETCH_GRAIN:
            return
        # Before it is written: of many who ask at once, one does it.
        self._fetches[place] = now
        self._fetches.move_to_end(place)
        if len(self._fetches) > FILMS_KEPT:
            self._fetches.popitem(last=False)
        try:
            async with self._database.session_scope() as session:
                await repository.note_fetch(session, version_id)
        except BaseException:
            self._fetches.pop(place, None)
            raise

    async def used(self, credential: str, ip: str) -> Found:
        """The session of a credential that is in use: a beat came. Keeps it alive."""
        found = await self._require(credential, ip)
        await self._slide(found)
        return found

    async def released(self, credential: str, ip: str) -> tuple[Found, int | None]:
        """The session, and how many windows its media playlists may show: None for the whole film, as for anybody
        whose first watch is not restricted."""
        found = await self._require(credential, ip)
        if not found.first_watch_restricted:
            return found, None
        windows = await self._windows.get(found.version_id)
        return found, windows.released(found.frontier_ms) if found.is_restricted else len(windows.starts)

    async def renew(self, credential: str, ip: str, actor: Actor) -> datetime:
        """Move the end on and bind the network this comes from; its owner proves it with the platform's JWT."""
        found = await self._require(credential, ip, moved=True)
        if found.user_id != actor.user_id:
            raise errors.not_your_session()
        await self._entitlement.require_video(found.video_id, actor, running=True)
        async with self._database.session_scope() as session:
            return await repository.renew(session, found.id, SLIDE_SECONDS, network_of(ip, self._rules.policy))

    async def keep(self, credential: str, ip: str) -> datetime:
        """Move the end on, for whoever has no JWT here: of a session that is good now, and from its own network."""
        found = await self._require(credential, ip)
        async with self._database.session_scope() as session:
            return await repository.renew(session, found.id, SLIDE_SECONDS, network_of(ip, self._rules.policy))

    async def vouch(self, actor: Actor, video_id: UUID) -> dict[str, str] | None:
        """What progress is told of the actor's session for this video, ``{id, opened_at}``; None without one."""
        async with self._database.session_scope() as session:
            found = await repository.newest(session, actor.user_id, video_id)
        return None if found is None else {"id": str(found[0]), "opened_at": found[1].isoformat()}

    async def _secret(self, place: tuple[UUID, int]) -> bytes:
        async with self._database.session_scope() as session:
            row = await session.get(ContentKey, place)
        if row is None:
            raise errors.key_not_found()
        return self._keyring.open(row)

    async def _windows_of(self, version_id: UUID) -> Windows:
        async with self._database.session_scope() as session:
            durations = await repository.segment_durations(session, version_id)
        if not durations:
            raise errors.key_not_found()
        return Windows.of(durations)

    async def close(self) -> None:
        await self._found.close()
