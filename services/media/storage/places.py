"""What an object is, by its key alone. Pure: what stands in the database is asked elsewhere.

Only what lies where Lectern puts things can ever be taken for an orphan: all else in a store belongs to somebody else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from shared.storage import Store

Kind = Literal["sources", "cold", "segments", "images", "downloads", "uploads", "other"]
KINDS: tuple[Kind, ...] = ("sources", "cold", "segments", "images", "downloads", "uploads", "other")

_COLD, _UPLOADS = "cold", "uploads"


@dataclass(frozen=True)
class Shelf:
    """A store to look through. ``names``: what tombstones call it; ``but``: folders in it that are other stores."""

    store: Store
    names: tuple[str, ...]
    but: tuple[str, ...] = ()

    @property
    def is_public(self) -> bool:
        return self.names == ("public",)


@dataclass(frozen=True)
class Place:
    """Where an object belongs, as far as its key says. Without a video and an upload it is none of ours."""

    kind: Kind
    video: UUID | None = None
    version: UUID | None = None
    part: str = ""
    """The folder below the version's."""
    download: UUID | None = None
    upload: UUID | None = None
    """Of which this is a piece that is no film yet."""

    @property
    def is_ours(self) -> bool:
        return self.video is not None or self.upload is not None


def shelves(stores: Mapping[str, tuple[str, Store]]) -> list[Shelf]:
    """Each place once. ``stores`` has URL and store by the name that tombstones call it; two may be the same one."""
    urls: dict[str, list[str]] = {}
    for name, (url, _) in stores.items():
        urls.setdefault(url.rstrip("/"), []).append(name)
    made = []
    for url, names in urls.items():
        inside = tuple(f"{other.removeprefix(url + '/')}/" for other in urls if other.startswith(f"{url}/"))
        made.append(Shelf(stores[names[0]][1], tuple(names), inside))
    return made


def place_of(shelf: Shelf, key: str) -> Place:
    parts = key.split("/")
    if parts[0] == _UPLOADS and not shelf.is_public:
        upload = _uuid(parts, 1)
        return Place("uploads" if upload else "other", upload=upload)
    is_cold = parts[0] == _COLD and not shelf.is_public
    if is_cold:
        parts = parts[1:]
    video = _uuid(parts, 0)
    if video is None or len(parts) < 2:
        return Place("other")
    version, part = _uuid(parts, 1), parts[2] if len(parts) > 3 else ""
    if version is None:
        return Place("other", video)
    if shelf.is_public:
        return Place(_public_kind(parts), video, version, part)
    if part == "downloads":
        return Place("downloads", video, version, part, _uuid(parts, 3))
    source: Kind = "cold" if is_cold else "sources"
    return Place(source if parts[2:] == ["source"] else "other", video, version)


def _public_kind(parts: Sequence[str]) -> Kind:
    if len(parts) == 5 and parts[4].endswith(".ts"):
        return "segments"
    return "images" if len(parts) > 3 and parts[2].startswith("images-") else "other"


def _uuid(parts: Sequence[str], index: int) -> UUID | None:
    """Only as we write it: lower case, with hyphens."""
    text = parts[index] if index < len(parts) else ""
    try:
        found = UUID(text)
    except ValueError:
        return None
    return found if str(found) == text else None
