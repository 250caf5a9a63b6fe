"""Links made, looked up, and taken back."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from services.media.catalog.staff import is_staff, require_staff
from services.media.links import errors, repository
from services.media.links.schemas import LinkAnswer, LinkInput, LinkList, LinkShown, NewLink
from services.media.uploads import errors as upload_errors
from services.media.uploads.ledger import Sender, Target
from services.media.videos.service import VideoService
from shared.contracts.access import Actor, Role
from shared.db import Database, new_id
from shared.db.models.uploads import UploadLink

TITLES = text("""
SELECT c.title AS course, ch.title AS chapter FROM catalog.courses c
LEFT JOIN catalog.current_chapters ch
       ON ch.course_id = c.id AND (ch.chapter_id = :chapter_id OR ch.video_id = :video_id)
WHERE c.id = :course_id
""")
FORGET_AFTER = timedelta(days=30)


@dataclass(frozen=True)
class Leave:
    """What the holder of a link may do."""

    link_id: UUID
    sender: Sender
    target: Target


class LinkService:
    """``public_url`` stands before the addresses that are given out; empty for the gateway that was asked."""

    def __init__(self, database: Database, videos: VideoService, public_url: str, limit: int) -> None:
        self._database = database
        self._videos = videos
        self._public_url = public_url
        self._limit = limit

    async def create(self, wanted: LinkInput, actor: Actor) -> NewLink:
        if wanted.chapter_id is not None and wanted.video_id is not None:
            raise upload_errors.two_targets()
        if wanted.chapter_id is not None:
            course_id = await self._videos.require_free_chapter(wanted.chapter_id, actor)
        elif wanted.video_id is not None:
            course_id = (await self._videos.require_own(wanted.video_id, actor)).course_id
        else:
            raise upload_errors.no_target()
        token = secrets.token_urlsafe(32)
        now = datetime.now(UTC)
        link = UploadLink(
            id=new_id(),
            secret_hash=_hash(token),
            course_id=course_id,
            chapter_id=wanted.chapter_id,
            video_id=wanted.video_id,
            created_by=actor.user_id,
            created_role=actor.role.value,
            created_at=now,
            expires_at=now + timedelta(seconds=wanted.expires_in),
        )
        async with self._database.session_scope() as session:
            await repository.add(session, link)
        base = f"{self._public_url}/api/upload-links/{token}"
        return NewLink(**_answer(link).model_dump(), token=token, tus_url=f"{base}/tus", form_url=f"{base}/upload")

    async def of_course(self, course_id: str, actor: Actor) -> LinkList:
        async with self._database.session_scope() as session:
            await require_staff(session, course_id, actor)
            return LinkList(links=[_answer(link) for link in await repository.of_course(session, course_id)])

    async def revoke(self, link_id: UUID, actor: Actor) -> list[UUID]:
        """Take a link back. The uploads that were begun with it and have to end, too."""
        async with self._database.session_scope() as session:
            link = await repository.by_id(session, link_id)
            if link is None or not await is_staff(session, link.course_id, actor):
                raise errors.link_not_found()
            await repository.revoke(session, link_id)
            return list(await repository.unfinished(session, link_id))

    async def leave(self, token: str, *, begins: bool) -> Leave:
        """What ``token`` lets its holder do; ``begins``: whether that is a new upload, for which it must be unspent."""
        link = await self._good(token)
        if begins and link.spent_at is not None:
            raise errors.link_spent()
        actor = Actor(user_id=link.created_by, role=Role(link.created_role))
        return Leave(link.id, Sender(actor, link.id), Target(link.chapter_id, link.video_id))

    async def unfinished(self, leave: Leave) -> list[UUID]:
        """The uploads that were begun with the link and are not complete."""
        async with self._database.session_scope() as session:
            return list(await repository.unfinished(session, leave.link_id))

    async def shown(self, token: str) -> LinkShown:
        link = await self._good(token)
        if link.spent_at is not None:
            raise errors.link_spent()
        values = {"course_id": link.course_id, "chapter_id": link.chapter_id, "video_id": link.video_id}
        async with self._database.session_scope() as session:
            row = (await session.execute(TITLES, values)).first()
        if row is None:
            raise errors.link_expired()
        return LinkShown(
            course_title=row.course,
            chapter_title=row.chapter,
            replaces=link.video_id is not None,
            max_bytes=self._limit,
            expires_at=link.expires_at,
        )

    async def _good(self, token: str) -> UploadLink:
        async with self._database.session_scope() as session:
            link = await repository.by_hash(session, _hash(token))
            if link is not None and link.revoked_at is None and link.expires_at > datetime.now(UTC):
                maker = Actor(user_id=link.created_by, role=Role(link.created_role))
                if not await is_staff(session, link.course_id, maker):
                    raise errors.maker_gone()
                return link
        raise errors.link_not_found() if link is None else errors.link_expired()

    async def forget(self) -> None:
        async with self._database.session_scope() as session:
            await repository.forget(session, FORGET_AFTER)


def _hash(token: str) -> bytes:
    # 256 random bits need no salt, and are found by their hash: nothing is compared byte by byte.
    return hashlib.sha256(token.encode()).digest()


def _answer(link: UploadLink) -> LinkAnswer:
    return LinkAnswer(
        link_id=str(link.id),
        chapter_id=link.chapter_id,
        video_id=str(link.video_id) if link.video_id else None,
        created_by=link.created_by,
        created_at=link.created_at,
        expires_at=link.expires_at,
    )
