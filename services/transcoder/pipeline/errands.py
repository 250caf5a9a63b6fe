"""Errands: work on a finished film that somebody wished for, as a file to take home or a draft of captions.

What is wanted stands in a table of schema ``media``, which media writes. A row here is the work on one of those, under
the same id; it is entered by a ring or by the reconciler, is held under a lease as a chunk is (ADR 2), and goes when
nobody wants it any more. Each kind has a table of its own, and one of these ledgers.
"""

from collections.abc import Sequence
from string import Template
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import RowMapping, TextClause, text

from services.transcoder.pipeline.repository import LEASE_SECONDS
from shared.db import Session, new_id

ENTER = Template("""
INSERT INTO transcoding.$table (id, version_id, $what, state)
SELECT w.id, w.version_id, w.$what, 'waiting' FROM media.$wishes w
WHERE w.state = 'preparing' AND (CAST(:id AS uuid) IS NULL OR w.id = :id)
ON CONFLICT DO NOTHING RETURNING id
""")

# Only of a film that is whole: one of which a part is made again waits until that is there.
CLAIM = Template("""
UPDATE transcoding.$table SET state = 'active', attempts = attempts + 1, $claimed lease_owner = :owner,
       lease_until = now() + make_interval(secs => :lease), updated_at = now()
WHERE id = (
    SELECT e.id FROM transcoding.$table e
    JOIN transcoding.video_processing_jobs j ON j.version_id = e.version_id
    WHERE j.state = 'done' AND ((e.state = 'waiting' AND (e.not_before IS NULL OR e.not_before <= now()))
                                OR (e.state = 'active' AND e.lease_until < now()))
    ORDER BY e.id FOR UPDATE OF e SKIP LOCKED LIMIT 1)
RETURNING id, version_id, $what, attempts
""")

HEARTBEAT = Template("""
UPDATE transcoding.$table e SET lease_until = now() + make_interval(secs => :lease), $beaten updated_at = now()
WHERE id = :id AND lease_owner = :owner AND state = 'active'
  AND EXISTS (SELECT 1 FROM media.$wishes wanted WHERE wanted.id = e.id)
RETURNING id
""")

FINISH = Template("""
UPDATE transcoding.$table SET state = 'done', $finished lease_owner = NULL, lease_until = NULL,
       error_code = NULL, error_message = NULL, error_detail = NULL, updated_at = now()
WHERE id = :id AND lease_owner = :owner AND state = 'active' RETURNING id
""")

PUT_BACK = Template("""
UPDATE transcoding.$table SET state = 'waiting', attempts = attempts - :unspent, lease_owner = NULL,
       lease_until = NULL, not_before = now() + make_interval(secs => :wait), error_code = :code,
       error_message = :message, error_detail = :detail, updated_at = now()
WHERE id = :id AND lease_owner = :owner AND state = 'active'
""")

FAIL = Template("""
UPDATE transcoding.$table SET state = 'failed', lease_owner = NULL, lease_until = NULL, error_code = :code,
       error_message = :message, error_detail = :detail, updated_at = now()
WHERE id = :id AND lease_owner = :owner AND state = 'active'
""")

FORGET = Template("""
DELETE FROM transcoding.$table e
WHERE NOT EXISTS (SELECT 1 FROM media.$wishes wanted WHERE wanted.id = e.id)
  AND (NOT :keeps_held OR e.state <> 'active' OR e.lease_until < now())
""")

SETTLED = Template("""
SELECT e.id FROM transcoding.$table e JOIN media.$wishes wanted ON wanted.id = e.id
WHERE e.state IN ('done', 'failed') AND wanted.state = 'preparing'
""")


class Held(Protocol):
    """An errand in somebody's hands."""

    @property
    def id(self) -> UUID: ...
    @property
    def owner(self) -> str: ...


class ErrandLedger:
    """The ledger of one kind.

    ``table`` is that of schema ``transcoding``, ``wishes`` that of ``media``, ``what`` the column of both that says what
    of the film is wanted. ``claimed``, ``beaten`` and ``finished`` are what is assigned at those moments beside the
    lease, each with a comma behind it. ``keeps_held``: what somebody holds is not forgotten, for as long as the lease
    says that objects may still be written.
    """

    def __init__(
        self,
        table: str,
        wishes: str,
        what: str,
        *,
        claimed: str = "",
        beaten: str = "",
        finished: str,
        keeps_held: bool = False,
    ) -> None:
        # Names and assignments of our own, never a caller's values.
        parts = {"table": table, "wishes": wishes, "what": what}
        parts |= {"claimed": claimed, "beaten": beaten, "finished": finished}

        def filled(statement: Template) -> TextClause:
            return text(statement.substitute(parts))

        self._enter, self._claim, self._heartbeat = filled(ENTER), filled(CLAIM), filled(HEARTBEAT)
        self._finish, self._put_back, self._fail = filled(FINISH), filled(PUT_BACK), filled(FAIL)
        self._forget, self._settled = filled(FORGET), filled(SETTLED)
        self._keeps_held = keeps_held

    async def enter(self, session: Session, wish: UUID | None = None) -> Sequence[UUID]:
        """Write what is wanted into the ledger, all of it or this one; what stands there already stays as it is."""
        return (await session.scalars(self._enter, {"id": wish})).all()

    async def claim(self, session: Session, worker: str) -> tuple[str, RowMapping] | None:
        """Who holds it now, and its id, version, what is wanted, and attempts; None where nothing waits."""
        owner = f"{worker}/{new_id().hex[-8:]}"
        row = (await session.execute(self._claim, {"owner": owner, "lease": LEASE_SECONDS})).mappings().first()
        return (owner, row) if row else None

    async def heartbeat(self, session: Session, held: Held, **beaten: Any) -> bool:
        """Renew the lease; False when it is not ours any more, or nobody wants it."""
        values = {"id": held.id, "owner": held.owner, "lease": LEASE_SECONDS, **beaten}
        return (await session.execute(self._heartbeat, values)).scalar() is not None

    async def finish(self, session: Session, held: Held, **result: Any) -> bool:
        """Mark it as made; False when the lease was not ours any more."""
        values = {"id": held.id, "owner": held.owner, **result}
        return (await session.execute(self._finish, values)).scalar() is not None

    async def put_back(
        self,
        session: Session,
        held: Held,
        *,
        wait: float = 0.0,
        spent: bool = True,
        code: str | None = None,
        message: str | None = None,
        detail: str | None = None,
    ) -> None:
        """Give it back, to be tried again after ``wait`` seconds; not ``spent``: that attempt does not count."""
        told = {"code": code, "message": message, "detail": detail}
        values = {"id": held.id, "owner": held.owner, "wait": wait, "unspent": 0 if spent else 1}
        await session.execute(self._put_back, {**values, **told})

    async def fail(self, session: Session, held: Held, code: str, message: str, detail: str | None = None) -> None:
        values = {"id": held.id, "owner": held.owner, "code": code, "message": message, "detail": detail}
        await session.execute(self._fail, values)

    async def forget_unwanted(self, session: Session) -> None:
        await session.execute(self._forget, {"keeps_held": self._keeps_held})

    async def settled(self, session: Session) -> Sequence[UUID]:
        """What is made or given up, and media has not taken over."""
        return (await session.scalars(self._settled)).all()
