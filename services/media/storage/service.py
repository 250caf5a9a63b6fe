"""``/api/admin/storage``: what the newest report says, and wishing for another one."""

from datetime import UTC

from services.media.storage import repository
from services.media.storage.schemas import DayBytes, Found, ReconcileRung, StorageAnswer, warning_of
from shared.contracts.access import Actor
from shared.contracts.jobs import ReconcileStorage
from shared.db import Database
from shared.jobs import Doorbell


class StorageService:
    """``media`` is the doorbell of media's queue; ``quota`` in bytes, 0 for none."""

    def __init__(self, database: Database, media: Doorbell, quota: int) -> None:
        self._database = database
        self._media = media
        self._quota = quota

    async def reconcile(self, actor: Actor, *, dry_run: bool) -> ReconcileRung:
        """Ask for a report. One of the kind that is being made already is not asked for twice."""
        async with self._database.session_scope() as session:
            report_id = await repository.wish(session, dry_run=dry_run, asked_by=actor.user_id)
            assert report_id is not None
            session.ring_after_commit(lambda: self._media.ring(ReconcileStorage(report_id=report_id)))
        return ReconcileRung(report_id=report_id)

    async def overview(self, actor: Actor) -> StorageAnswer:
        """The newest report; the first one is asked for by whoever looks for it."""
        async with self._database.session_scope() as session:
            report = await repository.newest(session)
            growth = await repository.growth(session)
            running = await repository.is_running(session)
        if report is None and not running:
            await self.reconcile(actor, dry_run=True)
            running = True
        found = Found.model_validate(report.found) if report else None
        return StorageAnswer(
            report_id=report.id if report else None,
            as_of=report.finished_at.astimezone(UTC) if report and report.finished_at else None,
            dry_run=report.dry_run if report else None,
            running=running,
            used_bytes=found.used_bytes if found else None,
            quota_bytes=self._quota or None,
            warning=warning_of(found.used_bytes, self._quota) if found else None,
            by_course=found.by_course if found else [],
            by_kind=found.by_kind if found else {},
            orphans=found.orphans if found else None,
            missing=found.missing if found else [],
            missing_objects=found.missing_objects if found else 0,
            growth=[DayBytes(date=row["day"], bytes=row["used_bytes"]) for row in growth],
        )
