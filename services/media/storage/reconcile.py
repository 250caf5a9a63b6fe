"""Storage compared with the database, both ways: what nobody needs, and what is missing.

Memory is bounded: objects come in batches from the stores' listings, versions in batches from the database. What is on
its way is never taken for an orphan: whatever is younger than a day, what an upload or a download names, what a living
version has or may get, and what stands in the outbox of removals.

A run is a row with a lease. It may be run twice, or killed: then it is begun anew. It writes nothing but that row; told
to remove orphans, it asks the database once more just before it does.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from uuid import UUID

from services.media.storage import knowledge, repository
from services.media.storage.knowledge import Expected
from services.media.storage.places import KINDS, Kind, Place, Shelf, place_of
from services.media.storage.schemas import CourseBytes, Found, Missing, Orphans, warning_of
from shared.contracts.jobs import ReconcileStorage
from shared.contracts.video import images_prefix, public_prefix
from shared.db import Database, new_id
from shared.jobs import Doorbell
from shared.storage import LocalStore, OpenUpload, PartStore, StorageDenied, StoredObject

log = logging.getLogger(__name__)

BATCH = 500
VERSIONS = 50
YOUNG = timedelta(hours=24)
MOST_EXAMPLES = 20
MOST_MISSING = 200
RENEW_EVERY = 15.0
WAIT_AFTER_FAILURE = 60.0
DAILY = timedelta(hours=24)


class LeaseLost(Exception):
    """Somebody else has the run in hand."""


class Reconciler:
    """``shelves`` are all stores; ``media`` is the doorbell of media's queue; ``quota`` in bytes, 0 for none."""

    def __init__(self, database: Database, shelves: Sequence[Shelf], media: Doorbell, quota: int) -> None:
        self._database = database
        self._shelves = shelves
        self._media = media
        self._quota = quota

    async def ring_waiting(self) -> None:
        """Ring for reports that nobody has in hand: their ring was lost, or their worker."""
        async with self._database.session_scope() as session:
            found = await repository.waiting(session)
        for report_id in found:
            await self._media.ring(ReconcileStorage(report_id=report_id))

    async def wish_daily(self) -> None:
        """A dry run a day, for how it grows."""
        async with self._database.session_scope() as session:
            report_id = await repository.wish(session, dry_run=True, asked_by="schedule", unless_within=DAILY)
            await repository.forget(session)
            if report_id is not None:
                session.ring_after_commit(lambda: self._media.ring(ReconcileStorage(report_id=report_id)))

    async def sweep_leftovers(self) -> None:
        """Clear away what killed writers left beside the objects of a disk; nobody sees it, and it takes room."""
        for shelf in self._shelves:
            if isinstance(shelf.store, LocalStore):
                await shelf.store.sweep_incoming()

    async def work(self, report_id: UUID) -> None:
        """Make a report, unless it is made or in somebody's hands."""
        owner = str(new_id())
        async with self._database.session_scope() as session:
            dry_run = await repository.claim(session, report_id, owner)
        if dry_run is None:
            return
        try:
            found = await _Run(self._database, self._shelves, report_id, owner, dry_run=dry_run).run()
        except LeaseLost:
            return
        except asyncio.CancelledError:
            await asyncio.shield(self._release(report_id, owner))
            raise
        except Exception as error:
            told = f"{type(error).__name__}: {error}"[:500]
            log.warning("storage could not be compared with the database: %s", told)
            await self._release(report_id, owner, WAIT_AFTER_FAILURE, told)
            return
        await self._finish(report_id, owner, found)

    async def _release(self, report_id: UUID, owner: str, wait: float = 0.0, error: str | None = None) -> None:
        async with self._database.session_scope() as session:
            await repository.release(session, report_id, owner, wait, error)

    async def _finish(self, report_id: UUID, owner: str, found: Found) -> None:
        warning = warning_of(found.used_bytes, self._quota)
        async with self._database.session_scope() as session:
            before = await repository.newest(session)
            report = await repository.held(session, report_id, owner)
            if report is None:
                return
            report.state, report.finished_at = "done", datetime.now(UTC)
            report.found, report.used_bytes, report.warning = found.dump(), found.used_bytes, warning
            report.lease_owner = report.lease_until = report.last_error = None
        if warning is not None and (before is None or before.warning is None or before.warning < warning):
            # Said when it is crossed, not each day on which it is.
            log.warning(
                "storage holds %d bytes, more than %s per cent of the %d of STORAGE_QUOTA_BYTES",
                *(found.used_bytes, warning, self._quota),
            )


class _Run:
    """One run, and what it has found so far."""

    def __init__(
        self, database: Database, shelves: Sequence[Shelf], report_id: UUID, owner: str, *, dry_run: bool
    ) -> None:
        self._database = database
        self._shelves = shelves
        self._report_id = report_id
        self._owner = owner
        self._dry_run = dry_run
        self._clock = asyncio.get_running_loop().time
        self._renewed = self._clock()
        self._kinds: Counter[Kind] = Counter(dict.fromkeys(KINDS, 0))
        self._courses: Counter[str | None] = Counter()
        self._objects = self._bytes = self._removed = self._missing_objects = 0
        self._examples: list[str] = []
        self._missing: list[Missing] = []

    async def run(self) -> Found:
        for shelf in self._shelves:
            await self._look_through(shelf)
            if isinstance(shelf.store, PartStore):
                try:
                    await self._look_at_uploads(shelf, shelf.store)
                except StorageDenied as error:
                    # An account may be allowed everything but this; the bucket's lifecycle rule does it then.
                    log.warning("unfinished uploads of the %s store may not be listed: %s", shelf.names[0], error)
        await self._look_for_what_should_be_there()
        courses = [CourseBytes(course_id=course, bytes=size) for course, size in self._courses.most_common()]
        return Found(
            used_bytes=self._kinds.total(),
            by_kind=dict(self._kinds),
            by_course=courses,
            orphans=Orphans(objects=self._objects, bytes=self._bytes, removed=self._removed, examples=self._examples),
            missing=self._missing,
            missing_objects=self._missing_objects,
        )

    async def _hold(self) -> None:
        if self._clock() - self._renewed < RENEW_EVERY:
            return
        async with self._database.session_scope() as session:
            if not await repository.renew(session, self._report_id, self._owner):
                raise LeaseLost
        self._renewed = self._clock()

    async def _look_through(self, shelf: Shelf) -> None:
        async for batch in _batches(shelf):
            await self._hold()
            places = {item.key: place_of(shelf, item.key) for item in batch}
            async with self._database.session_scope() as session:
                facts = await knowledge.known(session, places)
                old = {item.key: places[item.key] for item in batch if _is_old(item.modified_at)}
                orphans = await knowledge.unneeded(session, shelf, old)
            for item in batch:
                place = places[item.key]
                kind: Kind = "uploads" if facts.is_on_its_way(item.key, place) else place.kind
                self._count(kind, facts.course(place), item.size)
                if item.key in orphans:
                    self._orphan(shelf, item.key, item.size)
            if orphans and not self._dry_run:
                await self._remove(shelf, {key: places[key] for key in orphans})

    async def _remove(self, shelf: Shelf, orphans: Mapping[str, Place]) -> None:
        """Asked once more: a moment has passed."""
        for key, place in orphans.items():
            await self._hold()
            async with self._database.session_scope() as session:
                still = await knowledge.unneeded(session, shelf, {key: place})
            if still:
                await shelf.store.delete(key)
                self._removed += 1

    async def _look_at_uploads(self, shelf: Shelf, store: PartStore) -> None:
        """Multipart uploads that were neither completed nor given up: nobody sees them, and they are on the bill."""
        async with aclosing(store.list_uploads()) as uploads:
            async for upload in uploads:
                await self._hold()
                place = place_of(shelf, upload.key)
                if shelf.but and upload.key.startswith(shelf.but):
                    continue
                size = await _parts_size(store, upload)
                async with self._database.session_scope() as session:
                    facts = await knowledge.known(session, {upload.key: place})
                self._count("uploads", facts.course(place), size)
                if not place.is_ours or facts.is_uploaded(upload.key, place) or not _is_old(upload.started_at):
                    continue
                self._orphan(shelf, upload.key, size)
                if not self._dry_run:
                    await store.abort_multipart(upload.key, upload.upload_id)
                    self._removed += 1

    def _count(self, kind: Kind, course: str | None, size: int) -> None:
        self._kinds[kind] += size
        self._courses[course] += size

    def _orphan(self, shelf: Shelf, key: str, size: int) -> None:
        self._objects += 1
        self._bytes += size
        if len(self._examples) < MOST_EXAMPLES:
            self._examples.append(f"{shelf.names[0]}/{key}")

    async def _look_for_what_should_be_there(self) -> None:
        after: UUID | None = None
        while True:
            async with self._database.session_scope() as session:
                versions = await knowledge.expected(session, after, VERSIONS)
            for version in versions:
                await self._hold()
                missing = await self._missing_of(version)
                if missing and await self._stands(version):
                    self._missing_objects += sum(one.objects for one in missing)
                    self._missing += missing[: MOST_MISSING - len(self._missing)]
            if len(versions) < VERSIONS:
                return
            after = versions[-1].id

    async def _stands(self, version: Expected) -> bool:
        """Whether nothing moved while one looked: a rotation, a new run, a source that is shared now."""
        async with self._database.session_scope() as session:
            now = await knowledge.expected(session, None, 1, only=version.id)
        return list(now) == [version]

    async def _missing_of(self, version: Expected) -> list[Missing]:
        named = {"video_id": str(version.video_id), "version_id": str(version.id), "course_id": version.course_id}
        missing = []
        if not version.dropped:
            there = await self._shelf("private").store.stat(version.source_key)
            if there is None or there.size != version.source_bytes:
                missing.append(Missing(**named, what="source", objects=1))
        for rendition, count in (await self._missing_segments(version)).items():
            missing.append(Missing(**named, what="segments", rendition=rendition, objects=count))
        if version.images:
            prefix = images_prefix(str(version.video_id), str(version.id), version.public_secret)
            found = {item.key async for item in self._shelf("public").store.list(f"{prefix}/")}
            if gone := len(version.images - found):
                missing.append(Missing(**named, what="images", objects=gone))
        return missing

    async def _missing_segments(self, version: Expected) -> dict[str, int]:
        if not version.segments:
            return {}
        prefix = public_prefix(str(version.video_id), str(version.id), version.key_epoch, version.public_secret)
        there: Counter[str] = Counter()
        async with aclosing(self._shelf("public").store.list(f"{prefix}/")) as found:
            async for item in found:
                rendition, _, name = item.key.removeprefix(f"{prefix}/").partition("/")
                index = name.removesuffix(".ts")
                there[rendition] += index.isdecimal() and int(index) < version.segments.get(rendition, 0)
        return {name: count - there[name] for name, count in version.segments.items() if there[name] < count}

    def _shelf(self, name: str) -> Shelf:
        return next(shelf for shelf in self._shelves if name in shelf.names)


async def _batches(shelf: Shelf) -> AsyncIterator[list[StoredObject]]:
    batch: list[StoredObject] = []
    async with aclosing(shelf.store.list()) as found:
        async for item in found:
            if shelf.but and item.key.startswith(shelf.but):
                continue
            batch.append(item)
            if len(batch) == BATCH:
                yield batch
                batch = []
    if batch:
        yield batch


async def _parts_size(store: PartStore, upload: OpenUpload) -> int:
    size = 0
    async with aclosing(store.list_parts(upload.key, upload.upload_id)) as parts:
        async for part in parts:
            size += part.size
    return size


def _is_old(moment: datetime) -> bool:
    return moment < datetime.now(UTC) - YOUNG
