"""Each tile and thumbnail shows the picture of its time, whatever the source and wherever its chunk begins."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from services.transcoder.ffmpeg.probe import probe
from services.transcoder.ffmpeg.process import FFmpegFailed
from services.transcoder.ffmpeg.thumbnails import Images, make_images
from services.transcoder.ladder.plan import ChunkPlan, Plan, make_plan
from tests.transcoder.ffmpeg.films import CONTAINERS, OPTIONS, ffmpeg, luma_of, number_in, picture, write_film


def seconds(count: float, rate: int = 25) -> list[Fraction]:
    return [Fraction(n, rate) for n in range(round(count * rate))]


async def planned(source: Path, *borders: int) -> Plan:
    """The plan of `source`, with thumbnails chunks cut at the segments `borders`."""
    plan = make_plan(await probe(source, container=CONTAINERS[source.suffix]))
    if not borders:
        return plan
    bounds = [0, *borders, plan.segment_count]
    chunks = tuple(
        ChunkPlan(kind="thumbnails", index=i, first_segment=first, segment_count=after - first)
        for i, (first, after) in enumerate(pairwise(bounds))
    )
    return plan.model_copy(update={"chunks": chunks})


async def images_of(source: Path, plan: Plan, out: Path) -> list[Images]:
    return [await make_images(source, plan, c, out, OPTIONS) for c in plan.chunks if c.kind == "thumbnails"]


def numbers(images: list[Images]) -> tuple[list[tuple[float, int]], list[tuple[float, int]]]:
    """(time, number of the picture) of each tile and of each thumbnail."""
    tiles, thumbnails = [], []
    for some in images:
        for sheet in some.sheets:
            luma = luma_of(sheet.path)
            assert luma.shape == (sheet.height, sheet.width)
            for tile in sheet.tiles:
                assert tile.sheet == sheet.number
                cut = luma[tile.y : tile.y + tile.h, tile.x : tile.x + tile.w]
                assert cut.shape == (tile.h, tile.w)
                tiles.append((tile.start, number_in(cut, tile.w / 320)))
        thumbnails += [(t.time, number_in(luma_of(t.path), t.width / 320)) for t in some.thumbnails]
    return tiles, thumbnails


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
@pytest.mark.parametrize("late", [Fraction(0), Fraction(7, 5)])
async def test_tiles_show_the_picture_of_their_time(tmp_path: Path, suffix: str, late: Fraction) -> None:
    base = Fraction(1, 1000 if suffix == "mkv" else 90_000)
    times = [t + late for t in seconds(19)]
    source = write_film(tmp_path / f"film.{suffix}", times, gop=400, bframes=2, time_base=base)
    plan = await planned(source, 2, 3)
    tiles, thumbnails = numbers(await images_of(source, plan, tmp_path / "out"))
    assert tiles == [(float(n), 25 * n) for n in range(19)]
    assert thumbnails == [(0.0, 0), (10.0, 250)]


async def test_pictures_that_last_long(tmp_path: Path) -> None:
    times = [Fraction(t) for t in (0, 2, Fraction(5, 2), Fraction(24, 5), 5, 9, Fraction(99, 10), 14, 18)]
    source = write_film(tmp_path / "film.mp4", times, gop=100, time_base=Fraction(1, 90_000))
    plan = await planned(source, 2, 3)
    tiles, _ = numbers(await images_of(source, plan, tmp_path / "out"))
    assert tiles == [(float(t), sum(time <= t for time in times) - 1) for t in range(len(tiles))]
    assert len(tiles) >= 18


async def test_several_sheets(tmp_path: Path) -> None:
    # One picture a second: two hundred and twenty pictures, no more.
    source = write_film(tmp_path / "film.mp4", seconds(112, 1), rate=Fraction(1), gop=8)
    plan = await planned(source)
    [images] = await images_of(source, plan, tmp_path / "out")
    assert [(s.number, len(s.tiles), s.width, s.height) for s in images.sheets] == [
        (0, 56, 1600, 540),
        (1, 56, 1600, 540),
    ]
    tiles, thumbnails = numbers([images])
    assert tiles == [(float(n), n) for n in range(112)]
    assert thumbnails == [(float(n), n) for n in range(0, 112, 10)]
    assert [t.end for s in images.sheets for t in s.tiles] == [float(n + 1) for n in range(112)]


async def test_chunks_of_a_film_share_one_storyboard(tmp_path: Path) -> None:
    # Longer than ten minutes, so five seconds apart; a picture lasts five seconds as well.
    times = [Fraction(5 * n) for n in range(160)]
    source = write_film(tmp_path / "film.mkv", times, rate=Fraction(1, 5), gop=10, time_base=Fraction(1, 1000))
    plan = await planned(source)
    images = await images_of(source, plan, tmp_path / "out")
    assert [[(s.number, len(s.tiles)) for s in some.sheets] for some in images] == [[(0, 60), (1, 59)], [(2, 41)]]
    assert [some.poster is not None for some in images] == [True, False]
    tiles, thumbnails = numbers(images)
    assert tiles == [(5.0 * n, n) for n in range(160)]
    assert thumbnails == [(10.0 * n, 2 * n) for n in range(80)]


async def test_keyframes_are_enough_where_there_are_many(tmp_path: Path) -> None:
    source = write_film(tmp_path / "film.mp4", seconds(26), gop=20)
    plan = await planned(source, 3)
    assert plan.video is not None
    assert plan.video.longest_gop == 0.8
    tiles, _ = numbers(await images_of(source, plan, tmp_path / "out"))
    assert tiles == [(float(n), 25 * n // 20 * 20) for n in range(26)]


async def test_a_held_picture_is_shown_to_the_end(tmp_path: Path) -> None:
    source = write_film(tmp_path / "film.mp4", seconds(4), gop=100, sound=np.zeros(19 * 48_000, np.float32))
    plan = await planned(source, 1, 2, 3)
    tiles, thumbnails = numbers(await images_of(source, plan, tmp_path / "out"))
    assert tiles == [(float(n), min(25 * n, 99)) for n in range(len(tiles))]
    assert len(tiles) == 19
    assert thumbnails == [(0.0, 0), (10.0, 99)]


@pytest.mark.parametrize(
    ("size", "tile", "large"), [("180x320", (90, 160), (320, 568)), ("322x182", (160, 90), (320, 180))]
)
async def test_tiles_are_fitted(tmp_path: Path, size: str, tile: tuple[int, int], large: tuple[int, int]) -> None:
    source = tmp_path / "film.mp4"
    ffmpeg("-f", "lavfi", "-i", f"testsrc2=s={size}:r=10:d=3", "-c:v", "libx264", source)
    [images] = await images_of(source, await planned(source), tmp_path / "out")
    [sheet] = images.sheets
    assert {(t.w, t.h) for t in sheet.tiles} == {tile}
    assert (sheet.width, sheet.height) == (3 * tile[0], tile[1])
    assert [(t.width, t.height) for t in images.thumbnails] == [large]
    assert luma_of(images.thumbnails[0].path).shape == large[::-1]


async def test_the_poster_is_not_black(tmp_path: Path) -> None:
    source = write_film(
        tmp_path / "film.mp4",
        seconds(9),
        gop=400,
        drawn=lambda n: picture(n) if n >= 150 else np.full_like(picture(0), 16),
    )
    [images] = await images_of(source, await planned(source), tmp_path / "out")
    poster = images.poster
    assert poster is not None
    assert poster.time >= 6
    assert luma_of(poster.path).mean() > 60
    assert number_in(luma_of(poster.path)) == int(poster.time * 25)


async def test_a_black_film_has_images_all_the_same(tmp_path: Path) -> None:
    source = tmp_path / "black.mp4"
    ffmpeg("-f", "lavfi", "-i", "color=black:s=320x240:r=25:d=3", "-c:v", "libx264", source)
    [images] = await images_of(source, await planned(source), tmp_path / "out")
    assert images.poster is not None
    assert luma_of(images.poster.path).shape == (240, 320)
    assert len(images.sheets[0].tiles) == 3


async def test_sound_alone_has_a_poster_of_its_sound(tmp_path: Path) -> None:
    source = tmp_path / "talk.m4a"
    # Loud on the left, silent on the right.
    ffmpeg("-f", "lavfi", "-i", "sine=d=3,volume='if(lt(t,1.5),6,0)':eval=frame", "-c:a", "aac", "-f", "mp4", source)
    [images] = await images_of(source, await planned(source), tmp_path / "out")
    assert (images.thumbnails, images.sheets) == ((), ())
    assert images.poster is not None
    luma = luma_of(images.poster.path)
    assert luma.shape == (720, 1280)
    left, right = luma[:, 100:500], luma[:, 800:1200]
    assert left.std() > 20
    assert right[:300].std() < 3


async def test_a_poster_is_sought_in_the_whole_film(tmp_path: Path) -> None:
    source = tmp_path / "late.mp4"
    dark = "color=black:s=320x180:r=5:d=160[a];testsrc2=s=320x180:r=5:d=20[b];[a][b]concat[v]"
    ffmpeg("-filter_complex", dark, "-map", "[v]", "-c:v", "libx264", "-preset", "ultrafast", "-g", "25", source)
    [images] = await images_of(source, await planned(source), tmp_path / "out")
    assert images.poster is not None
    assert images.poster.time >= 160
    assert luma_of(images.poster.path).mean() > 60


async def test_keyframes_do_not_where_they_are_rare(tmp_path: Path) -> None:
    # Half an hour at a picture a second, a keyframe every seven: a thumbnail shows its second all the same.
    source = write_film(tmp_path / "film.mp4", seconds(700, 1), rate=Fraction(1), gop=7)
    _, thumbnails = numbers(await images_of(source, await planned(source), tmp_path / "out"))
    assert thumbnails == [(10.0 * n, 10 * n) for n in range(70)]


async def test_images_of_a_part_that_was_cut_off_are_not_published(tmp_path: Path) -> None:
    whole = write_film(tmp_path / "film.mkv", seconds(19), gop=25)
    plan = await planned(whole, 3)
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 4])
    with pytest.raises(FFmpegFailed) as failed:
        await make_images(cut, plan, plan.chunks[1], tmp_path / "out", OPTIONS)
    assert failed.value.code == "truncated"
