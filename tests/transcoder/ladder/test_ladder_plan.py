"""The plan, for any source: what is promised about rungs, grid and chunks holds."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.transcoder.ladder.limits import Limits
from services.transcoder.ladder.model import AudioStream, Probe, Refused, VideoStream
from services.transcoder.ladder.plan import Plan, VideoRendition, make_plan
from services.transcoder.ladder.schema import AAC_FRAME, AUDIO_RATE

RATES = [
    "24000/1001",
    "24",
    "25",
    "30000/1001",
    "30",
    "50",
    "60000/1001",
    "60",
    "120",
    "240",
    "10",
    "1",
    "1/2",
    "359/12",
]
ANYTHING = Limits(costly_pixels=1e18)

videos = st.builds(
    VideoStream,
    index=st.just(0),
    codec=st.just("h264"),
    width=st.integers(16, 4096),
    height=st.integers(16, 2304),
    sar=st.sampled_from(["1/1", "4/3", "1280/1281", "8/9", "1/1000"]),
    rotation=st.sampled_from([0, 90, 180, 270]),
    fps=st.sampled_from(RATES),
    start_time=st.sampled_from(["0", "21/1000", "-1/3", "3723", "1001/30000"]),
    duration=st.floats(0.01, 7200),
)
sounds = st.builds(
    AudioStream,
    index=st.just(1),
    codec=st.just("aac"),
    channels=st.integers(1, 8),
    sample_rate=st.sampled_from([8000, 22050, 44100, 48000, 96000]),
    start_time=st.sampled_from(["0", "1/2", "-1/10", "3722"]),
    duration=st.floats(0.01, 7200),
    sample_exact=st.booleans(),
)


def probe_of(video: VideoStream | None, audio: AudioStream | None) -> Probe:
    streams = [s for s in (video, audio) if s is not None]
    duration = float(max(s.end for s in streams) - min(s.start for s in streams))
    return Probe(
        container="mov", duration=duration, size_bytes=10**9, video=video, audio=(audio,) if audio is not None else ()
    )


def plan_of(width: int, height: int, **changes: object) -> Plan:
    video = VideoStream(
        index=0, codec="h264", width=width, height=height, **({"fps": "25", "duration": 60.0} | changes)
    )
    return make_plan(probe_of(video, None), ANYTHING)


def names(plan: Plan) -> list[str]:
    return list(plan.rendition_names)


@settings(deadline=None, max_examples=60)
@given(video=videos, audio=st.none() | sounds)
def test_rungs(video: VideoStream, audio: AudioStream | None) -> None:
    plan = make_plan(probe_of(video, audio), ANYTHING)
    assert plan.video is not None
    sar = Fraction(video.sar) if video.sar != "1/1000" else Fraction(1)
    width, height = video.width * sar, Fraction(video.height)
    if video.rotation in (90, 270):
        width, height = height, width
    rungs = plan.video.renditions
    for rung in rungs:
        assert rung.width % 2 == rung.height % 2 == 0
        assert rung.width <= max(width, 2)
        assert rung.height <= max(height, 2)
        assert (rung.width >= rung.height) or height >= width
        assert (rung.width <= rung.height) or width >= height
        assert rung.name == f"{min(rung.width, rung.height)}p"
        # Each side is within one even number of the right one: nobody sees it.
        assert abs(rung.width * height - rung.height * width) <= 4 * max(width, height)
    shorts = [min(r.width, r.height) for r in rungs]
    assert shorts == sorted(set(shorts), reverse=True)
    assert shorts[0] <= 1080
    assert len({r.name for r in rungs}) == len(rungs)


@settings(deadline=None, max_examples=60)
@given(video=videos)
def test_codecs_and_caps(video: VideoStream) -> None:
    plan = make_plan(probe_of(video, None), ANYTHING)
    assert plan.video is not None
    for higher, lower in zip(plan.video.renditions, plan.video.renditions[1:], strict=False):
        assert higher.bandwidth >= lower.bandwidth
        assert higher.maxrate >= lower.maxrate
    for rung in plan.video.renditions:
        assert rung.codecs == f"avc1.6400{int(rung.level.replace('.', '')):02x}"
        assert rung.bandwidth > rung.maxrate
        assert_level_holds(rung, plan.video.rate)


def assert_level_holds(rung: VideoRendition, fps: Fraction) -> None:
    most = {"3.0": 40_500, "3.1": 108_000, "3.2": 216_000, "4.0": 245_760, "4.2": 522_240, "5.0": 589_824}
    most |= {"5.1": 983_040, "5.2": 2_073_600, "6.2": 16_711_680}
    assert -(-rung.width // 16) * -(-rung.height // 16) * fps <= most[rung.level]


@settings(deadline=None, max_examples=60)
@given(video=videos, audio=st.none() | sounds)
def test_grid(video: VideoStream, audio: AudioStream | None) -> None:
    plan = make_plan(probe_of(video, audio), ANYTHING)
    assert plan.video is not None
    rate, starts = plan.video.rate, plan.video.segment_starts
    assert 5 <= rate <= 60
    assert starts[0] == 0
    assert starts[-1] == plan.video.frame_count
    assert len(starts) == plan.segment_count + 1
    durations = plan.exact_segment_durations(plan.video.renditions[0].name)
    assert sum(durations) == plan.video.frame_count / rate
    assert plan.duration == pytest.approx(float(sum(durations)))
    assert all(0 < d <= Fraction(13, 2) + 1 / rate for d in durations)
    assert all(abs(d - 6) <= 1 / rate for d in durations[2:-1])
    assert len(durations) < 3 or sum(durations[:2]) == durations[2] or len(durations) == 3
    assert len(durations) < 2 or abs(durations[0] - 2) <= 1 / rate
    assert plan.segment_count == 1 or durations[-1] >= Fraction(1, 2)
    if plan.audio:
        assert_beside(plan, durations)
    assert Plan.model_validate_json(plan.model_dump_json()) == plan


def assert_beside(plan: Plan, durations: list[Fraction]) -> None:
    """Each border of the sound is the one of its 1024-sample grid that is nearest to the picture's."""
    assert plan.audio
    at, grid = Fraction(0), Fraction(AAC_FRAME, AUDIO_RATE)
    for border, duration in zip(plan.audio[0].segment_starts, [*durations, Fraction(0)], strict=True):
        assert abs(border * grid - at) <= grid / 2
        at += duration
    if plan.duration > 0.1:
        assert all(d > 0 for d in plan.segment_durations("audio"))


@settings(deadline=None, max_examples=60)
@given(video=st.none() | videos, audio=sounds)
def test_chunks_cover_everything_once(video: VideoStream | None, audio: AudioStream) -> None:
    plan = make_plan(probe_of(video, audio), ANYTHING)
    for name in plan.rendition_names:
        made = [index for chunk in plan.chunks if name in plan.chunk_renditions(chunk) for index in chunk.segments]
        assert sorted(made) == list(range(plan.segment_count))
    for kind in ("video", "audio", "thumbnails"):
        chunks = sorted((c for c in plan.chunks if c.kind == kind), key=lambda c: c.index)
        assert [c.index for c in chunks] == list(range(len(chunks)))
        assert all(plan.chunk(kind, c.index) == c for c in chunks)
    # Stills of the pictures, or a poster of the sound.
    assert any(c.kind == "thumbnails" for c in plan.chunks)
    starting = [c for c in plan.chunks if c.starts_film]
    assert plan.chunks[: len(starting)] == tuple(starting)
    lowest = [plan.video.renditions[-1].name] if plan.video else []
    assert sorted(n for c in starting for n in plan.chunk_renditions(c)) == sorted([*lowest, plan.audio[0].name])
    assert all(c.first_segment == 0 for c in starting)


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (1920, 1080, ["1080p", "720p", "480p", "360p"]),
        (3840, 2160, ["1080p", "720p", "480p", "360p"]),
        (1280, 720, ["720p", "480p", "360p"]),
        (1600, 900, ["900p", "720p", "480p", "360p"]),
        (854, 480, ["480p", "360p"]),
        (640, 360, ["360p"]),
        (320, 180, ["180p"]),
        (321, 241, ["240p"]),
        (1080, 1920, ["1080p", "720p", "480p", "360p"]),
    ],
)
def test_the_ladder_of_common_films(width: int, height: int, expected: list[str]) -> None:
    assert names(plan_of(width, height)) == expected


def test_sizes_of_upright_and_anamorphic_films() -> None:
    def sizes(plan: Plan) -> list[tuple[int, int]]:
        assert plan.video is not None
        return [(r.width, r.height) for r in plan.video.renditions]

    assert sizes(plan_of(1920, 1080))[2:] == [(854, 480), (640, 360)]
    assert sizes(plan_of(1920, 1080, rotation=90)) == [(1080, 1920), (720, 1280), (480, 854), (360, 640)]
    assert sizes(plan_of(1440, 1080, sar="4/3"))[0] == (1920, 1080)
    assert sizes(plan_of(720, 576, sar="16/15")) == [(768, 576), (640, 480), (480, 360)]
    assert sizes(plan_of(10_000, 1000))[0] == (4096, 408)


@pytest.mark.parametrize(
    ("source", "published", "frames"),
    [("30000/1001", "30000/1001", 180), ("25", "25", 150), ("120", "60", 360), ("240000/1001", "60000/1001", 360)],
)
def test_published_rates(source: str, published: str, frames: int) -> None:
    plan = plan_of(640, 360, fps=source)
    assert plan.video is not None
    assert (plan.video.fps, plan.video.frames_per_segment) == (published, frames)


def test_the_codecs_of_a_full_hd_film() -> None:
    plan = plan_of(1920, 1080)
    assert plan.video is not None
    assert [r.codecs for r in plan.video.renditions] == ["avc1.640028", "avc1.64001f", "avc1.64001e", "avc1.64001e"]


@pytest.mark.parametrize(
    ("changes", "colour"),
    [
        ({"transfer": "smpte2084", "primaries": "bt2020", "space": "bt2020nc"}, "tonemap"),
        ({"transfer": "arib-std-b67", "primaries": "bt2020", "space": "bt2020nc"}, "tonemap"),
        ({"transfer": "bt709", "primaries": "bt2020", "space": "bt2020nc"}, "convert"),
        ({"transfer": "bt709", "primaries": "bt709", "space": "bt709"}, "keep"),
        ({}, "keep"),
    ],
)
def test_colour(changes: dict[str, str], colour: str) -> None:
    plan = plan_of(1920, 1080, **changes)
    assert plan.video is not None
    assert plan.video.colour == colour
    assert (plan.video.space, plan.video.transfer) == ("bt709", "bt709")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"width": 7680, "height": 4320}, "too_large"),
        ({"width": 8, "height": 8}, "too_small"),
        ({"duration": 13 * 3600.0}, "too_long"),
        ({"duration": 0.0}, "truncated"),
        ({"codec": "unheard_of"}, "unsupported_codec"),
    ],
)
def test_refusals(changes: dict[str, object], code: str) -> None:
    facts: dict[str, object] = {
        "index": 0,
        "codec": "h264",
        "width": 1920,
        "height": 1080,
        "fps": "25",
        "duration": 9.0,
    }
    with pytest.raises(Refused) as refused:
        make_plan(probe_of(VideoStream.model_validate(facts | changes), None))
    assert refused.value.code == code
    assert says_what_to_do(refused.value.message)


def says_what_to_do(message: str) -> bool:
    """What is wrong, then what to do about it: two sentences."""
    _, _, advice = message.partition(". ")
    return advice.endswith(".") and advice.split()[0] in {"Export", "Upload", "Split"}


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({}, "no_video_or_audio"),
        ({"stream_count": 65}, "too_many_streams"),
        ({"audio": {"codec": "unheard_of"}}, "unsupported_codec"),
        ({"audio": {"sample_rate": 1}}, "unsupported_codec"),
        ({"audio": {"channels": 255}}, "unsupported_codec"),
        ({"audio": {}, "duration": 13 * 3600.0}, "too_long"),
        ({"audio": {}, "duration": 0.0}, "truncated"),
    ],
)
def test_refusals_of_files_without_pictures(facts: dict[str, object], code: str) -> None:
    probe: dict[str, object] = {"container": "mov", "duration": 3.0} | facts
    if "audio" in facts:
        stream = {"index": 0, "codec": "aac", "channels": 2, "sample_rate": 48_000, "duration": probe["duration"]}
        probe["audio"] = [stream | facts["audio"]]  # type: ignore[operator]
    with pytest.raises(Refused) as refused:
        make_plan(Probe.model_validate(probe))
    assert refused.value.code == code
    assert says_what_to_do(refused.value.message)


def test_a_small_file_that_unfolds_into_hours_of_work_is_refused() -> None:
    video = VideoStream(index=0, codec="h264", width=3840, height=2160, fps="60", duration=360.0)
    with pytest.raises(Refused, match="too_costly"):
        make_plan(Probe(container="mov", duration=360.0, size_bytes=1_000_000, video=video))
    assert make_plan(Probe(container="mov", duration=360.0, size_bytes=900_000_000, video=video)).segment_count == 61
    padded = video.model_copy(update={"coded_bytes": 1_000_000})
    with pytest.raises(Refused, match="too_costly"):
        make_plan(Probe(container="mov", duration=360.0, size_bytes=900_000_000, video=padded))
