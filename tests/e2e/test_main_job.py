"""The main job: a film goes in, and a strict HLS client gets every picture and every sound of it, encrypted."""

import io
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import httpx
import pytest

from tests.support import player
from tests.support.clients import Course, Platform, View, good, is_forward, refused, statuses_of
from tests.support.films import make_marked_film
from tests.support.patience import until
from tests.support.player import Segment
from tests.support.running import Suite

SECONDS, FPS, FRAMES = 20, 25, 500
JOINS = (6.0, 12.0, 18.0)
"""Where segments join (six seconds each); at 12 s also the two chunks of pictures."""
MARKS = (0.0, *JOINS, 19.88)
SIZE = "854x480"
TOP, LOWEST = 480, 360


@pytest.fixture(scope="module")
def film(films: Path) -> Path:
    return make_marked_film(films / "marked.mp4", MARKS, seconds=SECONDS, size=SIZE, fps=FPS)


@pytest.fixture(scope="module")
def processed(platform: Platform, film: Path) -> tuple[Course, str, list[dict[str, Any]]]:
    """The uploaded film, followed until it was ready: its course, its id, and each status document on the way."""
    course = platform.new_course()
    video = platform.upload(course.chapters[0], film, "lecture one.mov")
    return course, video, platform.follow(video)


@pytest.fixture
def view(platform: Platform, processed: tuple[Course, str, list[dict[str, Any]]]) -> View:
    course, video, _ = processed
    return platform.watch(platform.student(course), video)


def qualities(view: View) -> dict[int, int]:
    """Number of the variant, as FFmpeg counts them, by its height."""
    return {variant.height: number for number, variant in enumerate(player.read_master(view.master))}


def test_an_upload_becomes_ready_and_its_percentage_never_falls(
    processed: tuple[Course, str, list[dict[str, Any]]], film: Path
) -> None:
    course, video, documents = processed
    statuses = statuses_of(documents)
    assert statuses[-1] == "ready"
    assert is_forward(statuses), statuses
    percents = [document["percent"] for document in documents]
    assert percents == sorted(percents), percents
    assert all(0 <= percent <= 100 for percent in percents)
    last = documents[-1]
    assert (last["videoId"], last["chapterId"]) == (video, course.chapters[0])
    assert (last["percent"], last["duration"], last["width"], last["height"], last["fps"]) == (100, 20, 854, 480, 25)
    assert (last["originalName"], last["sizeBytes"]) == ("lecture one.mov", film.stat().st_size)
    assert (last["error"], last["replacing"]) == (None, None)
    rungs = [item for item in last["renditions"] if item["height"]]
    assert [(item["name"], item["width"], item["height"]) for item in rungs] == [
        ("480p", 854, 480),
        ("360p", 640, 360),
    ]
    assert {item["percent"] for item in last["renditions"]} == {100}


def test_a_hundred_is_said_when_the_film_is_ready_and_not_before(
    platform: Platform, suite: Suite, short_film: Path
) -> None:
    done = "SELECT 1 FROM transcoding.video_processing_jobs WHERE video_id = $1::text::uuid AND state = 'done'"
    with suite.held("services.media.worker"):
        video = platform.upload(platform.new_course().chapters[0], short_film)
        until(lambda: suite.query(done, video), "all chunks to be encoded")
        status = platform.status(video)
        assert status["status"] != "ready"
        assert status["percent"] < 100
    assert platform.wait_for(video)["percent"] == 100


@pytest.mark.parametrize("height", [TOP, LOWEST])
def test_a_strict_client_gets_every_picture_of_every_rung(view: View, height: int) -> None:
    played = player.play(view.master, quality=qualities(view)[height])
    assert played.complaints == ""
    assert played.frames == FRAMES
    steps = {round(after - before, 3) for before, after in pairwise(played.times)}
    assert steps == {0.04}


def test_every_picture_is_the_right_picture(view: View, film: Path) -> None:
    likeness = player.ssim_of_each_picture(view.master, film, quality=qualities(view)[TOP], fps=FPS)
    assert len(likeness) == FRAMES
    assert min(likeness) > 0.8, likeness.index(min(likeness))
    assert sum(likeness) / FRAMES >= 0.95


def test_the_comparison_would_see_a_picture_in_the_wrong_place(view: View, films: Path) -> None:
    """A test that cannot fail proves nothing: here each flash of the other film is one picture late."""
    shifted = make_marked_film(films / "shifted.mp4", [mark + 1 / FPS for mark in MARKS], seconds=SECONDS, size=SIZE)
    likeness = player.ssim_of_each_picture(view.master, shifted, quality=qualities(view)[TOP], fps=FPS)
    assert min(likeness) < 0.8


def test_flash_and_beep_meet_at_the_start_at_each_join_and_at_the_end(view: View, tmp_path: Path) -> None:
    flashes, beeps = player.flashes_and_beeps(view.master, tmp_path, quality=qualities(view)[TOP])
    assert len(flashes) == len(beeps) == len(MARKS)
    apart = [round(flash - beep, 4) for flash, beep in zip(flashes, beeps, strict=True)]
    assert max(map(abs, apart)) <= 0.020, apart
    started = [round(flash - flashes[0], 3) for flash in flashes]
    assert started == list(MARKS)


def test_one_quality_can_be_chosen_by_its_address(platform: Platform, view: View) -> None:
    address = view.master.replace("master.m3u8", "master_360p.m3u8")
    assert [variant.height for variant in player.read_master(address)] == [360]
    played = player.play(address)
    assert (played.frames, played.complaints) == (FRAMES, "")
    absent = platform.client().get(view.path("master_1080p.m3u8"))
    refused(absent, 404, "rendition_not_found")


def test_the_token_alone_answers_a_master_playlist_that_plays(
    platform: Platform, processed: tuple[Course, str, list[dict[str, Any]]], films: Path
) -> None:
    """Asked plainly, as the seeds have it: the playlist itself, whose children are named in full."""
    course, video, _ = processed
    student = platform.student(course)
    answer = student.get(good(student.get(f"/api/videos/{video}/access-token"))["streamUrl"])
    assert answer.headers["content-type"].startswith("application/vnd.apple.mpegurl")
    child = next(line for line in answer.text.splitlines() if not line.startswith("#"))
    segments = player.read_media(platform.suite.url + child)
    assert [segment.seconds for segment in segments] == [2, 4, 6, 6, 2]


def test_the_announced_rates_are_what_the_segments_weigh(view: View) -> None:
    heard = [
        (len(player.fetch(segment.url)), segment.seconds)
        for segment in player.read_media(player.audio_url(view.master))
    ]
    for variant in player.read_master(view.master):
        seen = [(len(player.fetch(segment.url)), segment.seconds) for segment in player.read_media(variant.url)]
        average = _average(seen) + _average(heard)
        assert int(variant.attributes["AVERAGE-BANDWIDTH"]) == pytest.approx(average, rel=0.01)
        # RFC 8216 4.3.4.2: the peak over any run of segments of half a target duration up to one and a half.
        peak = _peak(seen) + _peak(heard)
        assert peak <= int(variant.attributes["BANDWIDTH"]) * 1.001
        assert int(variant.attributes["BANDWIDTH"]) <= peak * 1.02


def test_the_announced_codecs_are_those_of_the_stream(view: View) -> None:
    for variant in player.read_master(view.master):
        video_codec, audio_codec = variant.attributes["CODECS"].split(",")
        first = player.read_media(variant.url)[0]
        stream = _opened(first)
        assert video_codec == f"avc1.{player.sequence_parameters(stream).hex()}"
        assert audio_codec == "mp4a.40.2"


def test_thumbnails_stand_every_ten_seconds(
    platform: Platform, processed: tuple[Course, str, list[dict[str, Any]]]
) -> None:
    course, video, _ = processed
    document = good(platform.student(course).get(f"/api/videos/{video}/thumbnails"))
    assert [item["time"] for item in document["thumbnails"]] == [0, 10]
    for item in document["thumbnails"]:
        picture = httpx.get(platform.suite.url + item["url"])
        assert picture.headers["content-type"] == "image/jpeg"
        assert picture.content[:3] == b"\xff\xd8\xff"
        assert item["width"] / item["height"] == pytest.approx(16 / 9, rel=0.03)


def test_the_storyboard_has_a_picture_for_every_moment(
    platform: Platform, processed: tuple[Course, str, list[dict[str, Any]]]
) -> None:
    course, video, _ = processed
    student = platform.student(course)
    tiles = good(student.get(f"/api/videos/{video}/storyboard.json"))["tiles"]
    assert (tiles[0]["start"], tiles[-1]["end"]) == (0, 20)
    assert [one["end"] for one in tiles[:-1]] == [one["start"] for one in tiles[1:]]
    answer = student.get(f"/api/videos/{video}/storyboard.vtt")
    assert answer.headers["content-type"].startswith("text/vtt")
    cues = re.findall(
        r"^(\d\d:\d\d:\d\d\.\d{3}) --> .*\n(\S+)#xywh=(\d+),(\d+),(\d+),(\d+)$", answer.text, re.MULTILINE
    )
    assert answer.text.startswith("WEBVTT\n") and cues[0][0] == "00:00:00.000"
    assert [cue[1:] for cue in cues] == [
        (one["url"], *(str(one[side]) for side in ("x", "y", "w", "h"))) for one in tiles
    ]
    for url in {one["url"] for one in tiles}:
        with av.open(io.BytesIO(httpx.get(platform.suite.url + url).content)) as sheet:
            picture = next(sheet.decode(video=0))
        own = [one for one in tiles if one["url"] == url]
        assert picture.width >= max(one["x"] + one["w"] for one in own)
        assert picture.height >= max(one["y"] + one["h"] for one in own)
    outsider = platform.person("student")
    refused(outsider.get(f"/api/videos/{video}/storyboard.vtt"), 403, "not_entitled")


def _average(segments: list[tuple[int, float]]) -> float:
    return 8 * sum(size for size, _ in segments) / sum(seconds for _, seconds in segments)


def _peak(segments: list[tuple[int, float]]) -> float:
    target = max(seconds for _, seconds in segments)
    runs = [
        segments[first:after] for first in range(len(segments)) for after in range(first + 1, len(segments) + 1)
        if 0.5 * target <= sum(seconds for _, seconds in segments[first:after]) <= 1.5 * target
    ]  # fmt: skip
    return max(_average(run) for run in runs)


def _opened(segment: Segment) -> bytes:
    return player.decrypt(player.fetch(segment.url), player.fetch(segment.key_url), segment.iv)
