"""Which still pictures a film has: a thumbnail every ten seconds, and the tiles of its storyboard. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from services.transcoder.ladder.schema import ChunkPlan, Plan, VideoPlan

THUMBNAIL_EVERY = 10
THUMBNAIL_WIDTH = 320
TILE_SIDE = 160
COLUMNS = 10
MOST_TILES = COLUMNS * 10
# (films up to this many seconds, seconds between tiles): what a scrubber can make use of. All divide THUMBNAIL_EVERY.
_INTERVALS = ((120, 1), (600, 2), (3600, 5))
# Seconds by which a still may be early where keyframes do; the shortest distance of tiles then.
_EARLIEST = 2


@dataclass(frozen=True)
class Tile:
    """The part of a sheet that stands for `start` to `end` seconds of the film; a picture of its start. Pixels."""

    start: float
    end: float
    sheet: int
    x: int
    y: int
    w: int
    h: int


@dataclass(frozen=True)
class Stills:
    """The pictures of one chunk. Times are whole multiples of their interval, on the film's clock.

    `first_tile` and `tile_count` count tiles of `interval` seconds over the
    film. `sheets` are numbered over the film, each with at most `per_sheet`
    tiles in rows of COLUMNS.
    """

    interval: int
    first_tile: int
    tile_count: int
    first_sheet: int
    per_sheet: int
    tile_width: int
    tile_height: int
    duration: float

    @property
    def sheets(self) -> range:
        return range(self.first_sheet, self.first_sheet + -(-self.tile_count // max(1, self.per_sheet)))

    @property
    def columns(self) -> int:
        return min(COLUMNS, self.per_sheet)

    @property
    def rows(self) -> int:
        return -(-self.per_sheet // COLUMNS)

    @property
    def sheet_size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.columns * self.tile_width, self.rows * self.tile_height

    @property
    def start(self) -> int:
        """Seconds of the first tile."""
        return self.first_tile * self.interval

    @property
    def thumbnails(self) -> range:
        """Numbers of the thumbnails, THUMBNAIL_EVERY seconds apart over the film."""
        after = (self.first_tile + self.tile_count) * self.interval
        return range(-(-self.start // THUMBNAIL_EVERY), -(-after // THUMBNAIL_EVERY))

    def tiles(self, sheet: int) -> tuple[Tile, ...]:
        """The tiles of one sheet, in time."""
        skipped = (sheet - self.first_sheet) * self.per_sheet
        found = []
        for place in range(min(self.per_sheet, self.tile_count - skipped)):
            start = (self.first_tile + skipped + place) * self.interval
            end = min(float(start + self.interval), self.duration)
            row, column = divmod(place, COLUMNS)
            x, y = column * self.tile_width, row * self.tile_height
            found.append(Tile(float(start), end, sheet, x, y, self.tile_width, self.tile_height))
        return tuple(found)


def keyframes_do(longest_gop: float | None) -> bool:
    """Whether the keyframe before a moment may stand for it: a still is then at most two seconds early."""
    return longest_gop is not None and longest_gop <= _EARLIEST


def tile_interval(duration: float, longest_gop: float | None = None) -> int:
    """Seconds between the tiles of a film of `duration` seconds.

    A little more where that lets its keyframes do: decoding every picture for a storyboard costs a sixth of the whole
    ladder, keyframes next to nothing.
    """
    wanted = next((every for longest, every in _INTERVALS if duration <= longest), THUMBNAIL_EVERY)
    return max(wanted, _EARLIEST) if longest_gop is not None and wanted < longest_gop <= _EARLIEST else wanted


def stills(plan: Plan, chunk: ChunkPlan) -> Stills:
    """The stills whose times fall into `chunk`. ValueError for a film without pictures or a chunk of another kind."""
    video = plan.video
    if video is None or chunk.kind != "thumbnails":
        raise ValueError("not a thumbnails chunk of this plan")
    earlier = (c for c in plan.chunks if c.kind == "thumbnails" and c.first_segment < chunk.first_segment)
    interval = tile_interval(plan.duration, video.longest_gop)
    first, count = _tiles(video, chunk, interval)
    width, height = fitted(video, TILE_SIDE, upright=True)
    return Stills(
        interval=interval,
        first_tile=first,
        tile_count=count,
        first_sheet=sum(_sheets(_tiles(video, c, interval)[1]) for c in earlier),
        # Sheets of a chunk are filled evenly: a nearly empty one is a request for nothing.
        per_sheet=-(-count // max(1, _sheets(count))),
        tile_width=width,
        tile_height=height,
        duration=plan.duration,
    )


def fitted(video: VideoPlan, side: int, *, upright: bool = False) -> tuple[int, int]:
    """Even (width, height) of a picture `side` pixels wide; with `upright`, `side` pixels high where it is portrait."""
    top = video.renditions[0]
    if upright and top.height > top.width:
        return max(2, round(top.width * side / top.height / 2) * 2), side
    side -= side % 2
    return side, max(2, round(top.height * side / top.width / 2) * 2)


def _tiles(video: VideoPlan, chunk: ChunkPlan, interval: int) -> tuple[int, int]:
    starts = video.segment_starts
    first, after = (
        ceil(Fraction(starts[segment]) / video.rate / interval)
        for segment in (chunk.first_segment, chunk.first_segment + chunk.segment_count)
    )
    return first, after - first


def _sheets(tiles: int) -> int:
    return -(-tiles // MOST_TILES)
