"""What the database says of objects in storage, asked for some hundreds of them at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import text

from services.media.storage.places import Place, Shelf
from services.media.videos import repository as videos
from shared.db import Session

VIDEOS = text("SELECT id, course_id, deleted_at IS NULL AS lives FROM media.videos WHERE id = ANY(:ids)")

VERSIONS = text("""
SELECT v.id, v.public_secret, (x.deleted_at IS NULL AND (v.id IN (x.current_version_id, x.pending_version_id)
                                                         OR v.gone_at > now())) IS TRUE AS lives,
       ARRAY(SELECT k.epoch FROM media.content_keys k WHERE k.version_id = v.id) AS epochs
FROM media.video_versions v JOIN media.videos x ON x.id = v.video_id WHERE v.id = ANY(:ids)
""")

SOURCES = text("""
SELECT DISTINCT v.source_key FROM media.video_versions v JOIN media.videos x ON x.id = v.video_id
WHERE v.source_key = ANY(:keys) AND v.source_dropped_at IS NULL AND x.deleted_at IS NULL
  AND (v.id IN (x.current_version_id, x.pending_version_id) OR v.gone_at > now())
""")

# An upload has the id of the version that it becomes.
UPLOADS = text("SELECT id, source_key FROM media.uploads WHERE source_key = ANY(:keys) OR id = ANY(:ids)")
DOWNLOADS = text("SELECT id FROM media.downloads WHERE id = ANY(:ids)")

BURIED = text("""
SELECT o.key FROM unnest(CAST(:keys AS text[])) AS o (key) WHERE EXISTS (
    SELECT 1 FROM media.storage_tombstones t
    WHERE t.done_at IS NULL AND t.store = ANY(:stores) AND starts_with(o.key, t.prefix))
""")

NEXT = text("""
SELECT v.id, v.video_id, x.course_id, v.status, v.source_key, v.source_bytes, v.source_dropped_at IS NOT NULL AS dropped,
       v.key_epoch, v.public_secret, v.poster_key, v.chosen_poster_key
FROM media.video_versions v JOIN media.videos x ON x.id = v.video_id
WHERE (CAST(:after AS uuid) IS NULL OR v.id > :after) AND x.deleted_at IS NULL AND v.status <> 'uploading'
  AND (v.id IN (x.current_version_id, x.pending_version_id) OR v.gone_at > now() + interval '1 minute')
  AND (CAST(:only AS uuid) IS NULL OR v.id = :only)
ORDER BY v.id LIMIT :limit
""")

IMAGES = text("""
SELECT key FROM media.video_thumbnails WHERE version_id = :version
UNION SELECT key FROM media.storyboard_sheets WHERE version_id = :version
""")


@dataclass(frozen=True)
class Expected:
    """A living version, and what of it has to be in storage."""

    id: UUID
    video_id: UUID
    course_id: str
    status: str
    source_key: str
    source_bytes: int
    dropped: bool
    key_epoch: int
    public_secret: str
    poster_key: str | None
    chosen_poster_key: str | None
    segments: Mapping[str, int] = field(default_factory=dict)
    """How many each rendition has; empty until it is ready, and while somebody makes a part of it again."""
    images: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Known:
    """What there is of the objects that were asked for."""

    videos: Mapping[UUID, Any]
    versions: Mapping[UUID, Any]
    sources: frozenset[str]
    uploads: frozenset[str | UUID]
    """Their ids, and the keys under which they will stand."""
    downloads: frozenset[UUID]

    def course(self, place: Place) -> str | None:
        row = self.videos.get(place.video) if place.video else None
        return str(row["course_id"]) if row else None

    def is_on_its_way(self, key: str, place: Place) -> bool:
        """Whether it is a piece of an upload that has become no film yet."""
        return place.kind == "uploads" or (self.is_uploaded(key, place) and place.version not in self.versions)

    def is_uploaded(self, key: str, place: Place) -> bool:
        """Whether an upload says that it is its own."""
        return bool({key, place.version, place.upload} & self.uploads)

    def needs(self, key: str, place: Place) -> bool:
        """Whether somebody needs this object, or it is none of ours."""
        if not place.is_ours or self.is_uploaded(key, place):
            return True
        if place.kind in ("sources", "cold"):
            return key in self.sources
        if place.version is None:
            video = self.videos.get(place.video) if place.video else None
            return video is not None and bool(video["lives"])
        version = self.versions.get(place.version)
        return version is not None and version["lives"] and self._is_part_of(version, place)

    def _is_part_of(self, version: Mapping[str, Any], place: Place) -> bool:
        secret = version["public_secret"]
        match place.kind:
            case "downloads":
                return place.download in self.downloads
            case "images":
                return place.part == f"images-{secret}"
            case "segments":
                return place.part in {f"{epoch}-{secret}" for epoch in version["epochs"]}
            case _:
                return True


async def known(session: Session, found: Mapping[str, Place]) -> Known:
    """What the database says of these objects, by key."""
    places, keys = list(found.values()), list(found)
    ids = list({place.video for place in places if place.video})
    by_video = (await session.execute(VIDEOS, {"ids": ids})).mappings().all()
    ids = list({place.version for place in places if place.version})
    by_version = (await session.execute(VERSIONS, {"ids": ids})).mappings().all()
    ids += [place.upload for place in places if place.upload]
    uploads = (await session.execute(UPLOADS, {"keys": keys, "ids": ids})).all()
    ids = list({place.download for place in places if place.download})
    return Known(
        videos={row["id"]: row for row in by_video},
        versions={row["id"]: row for row in by_version},
        sources=frozenset((await session.scalars(SOURCES, {"keys": keys})).all()),
        uploads=frozenset(name for row in uploads for name in row),
        downloads=frozenset((await session.scalars(DOWNLOADS, {"ids": ids})).all()),
    )


async def unneeded(session: Session, shelf: Shelf, found: Mapping[str, Place]) -> frozenset[str]:
    """Which of these nobody needs, and nobody is about to remove: then something went wrong."""
    facts = await known(session, found)
    loose = [key for key, place in found.items() if not facts.needs(key, place)]
    if not loose:
        return frozenset()
    buried = (await session.scalars(BURIED, {"keys": loose, "stores": list(shelf.names)})).all()
    return frozenset(loose) - frozenset(buried)


async def expected(session: Session, after: UUID | None, limit: int, only: UUID | None = None) -> Sequence[Expected]:
    """Living versions in the order of their ids, behind ``after``; or this one, if it lives."""
    rows = (await session.execute(NEXT, {"after": after, "limit": limit, "only": only})).mappings().all()
    return [await _whole(session, Expected(**row)) for row in rows]


async def _whole(session: Session, version: Expected) -> Expected:
    if version.status != "ready" or await videos.work_in_hand(session, version.id):
        return version
    renditions = await videos.renditions(session, version.id)
    images = set((await session.scalars(IMAGES, {"version": version.id})).all())
    images |= {key for key in (version.poster_key, version.chosen_poster_key) if key}
    segments = {one.name: len(one.segment_durations) for one in renditions}
    return Expected(**{**vars(version), "segments": segments, "images": frozenset(images)})
