"""The storyboard of any film: every moment has one tile, and every tile its own place."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.transcoder.ladder.limits import Limits
from services.transcoder.ladder.model import Probe, VideoStream
from services.transcoder.ladder.plan import Plan, make_plan
from services.transcoder.ladder.storyboard import MOST_TILES, stills, tile_interval


def plan_of(duration: float, fps: str = "25", width: int = 1280, height: int = 720) -> Plan:
    video = VideoStream(index=0, codec="h264", width=width, height=height, fps=fps, duration=duration)
    probe = Probe(container="mov", duration=duration, size_bytes=10**12, video=video)
    return make_plan(probe, Limits(costly_pixels=1e18))


@pytest.mark.parametrize(
    ("duration", "interval"), [(1, 1), (120, 1), (121, 2), (600, 2), (601, 5), (3600, 5), (3601, 10), (40_000, 10)]
)
def test_the_longer_the_film_the_coarser_the_storyboard(duration: float, interval: int) -> None:
    assert tile_interval(duration) == interval


@settings(deadline=None, max_examples=60)
@given(
    duration=st.floats(0.05, 12 * 3600),
    fps=st.sampled_from(["25", "30000/1001", "60", "1/2"]),
    size=st.sampled_from([(1280, 720), (720, 1280), (322, 182), (4096, 400)]),
)
def test_tiles_cover_the_film_once(duration: float, fps: str, size: tuple[int, int]) -> None:
    plan = plan_of(duration, fps, *size)
    chunks = sorted((c for c in plan.chunks if c.kind == "thumbnails"), key=lambda c: c.index)
    assert [i for c in chunks for i in c.segments] == list(range(plan.segment_count))
    # Ten minutes each, and none that is hardly worth a process.
    assert all(c.segment_count <= 110 for c in chunks)
    assert len(chunks) == 1 or all(c.segment_count >= 10 for c in chunks)
    at, sheet = 0.0, 0
    thumbnails: list[int] = []
    for chunk in chunks:
        wanted = stills(plan, chunk)
        thumbnails += wanted.thumbnails
        width, height = wanted.sheet_size
        for number in wanted.sheets:
            assert number == sheet
            tiles = wanted.tiles(number)
            assert 0 < len(tiles) <= MOST_TILES
            for tile in tiles:
                assert tile.start == at
                assert tile.end == min(at + wanted.interval, plan.duration)
                assert 0 <= tile.x <= width - tile.w
                assert 0 <= tile.y <= height - tile.h
                assert max(tile.w, tile.h) == 160
                at = tile.end
            assert len({(t.x, t.y) for t in tiles}) == len(tiles)
            sheet += 1
    assert at == plan.duration
    assert thumbnails == list(range(len(thumbnails)))
    assert (len(thumbnails) - 1) * 10 < plan.duration <= len(thumbnails) * 10


def test_a_film_of_two_hours_is_a_dozen_pieces_of_work() -> None:
    assert sum(c.kind == "thumbnails" for c in plan_of(7200).chunks) == 12


def test_other_chunks_have_no_stills() -> None:
    plan = plan_of(60)
    with pytest.raises(ValueError, match="thumbnails"):
        stills(plan, plan.chunk("video", 0))


@pytest.mark.parametrize(
    ("duration", "gop", "interval"),
    [
        (60, 1.92, 2),
        (60, 0.5, 1),
        (60, 4.0, 1),
        (60, None, 1),
        (600, 2.0, 2),
        (600, 2.1, 2),
        (1800, 9.0, 5),
        (1800, 30.0, 5),
        (1800, None, 5),
        (7200, 1.0, 10),
    ],
)
def test_keyframes_do_where_they_are_nearly_as_frequent(duration: float, gop: float | None, interval: int) -> None:
    assert tile_interval(duration, gop) == interval
