"""Every sound track worth keeping becomes a rendition, each with a name of its own for machines and for people."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.transcoder.ladder.languages import language_tag, own_name
from services.transcoder.ladder.model import AudioStream, Probe, Refused, VideoStream
from services.transcoder.ladder.plan import Plan, make_plan
from services.transcoder.ladder.schema import AudioPlan


def stream(index: int, **facts: object) -> AudioStream:
    common = {"index": index, "codec": "aac", "channels": 2, "sample_rate": 48_000, "duration": 60.0}
    return AudioStream.model_validate(common | facts)


def plan_of(*streams: AudioStream, pictures: bool = True) -> Plan:
    video = VideoStream(index=0, codec="h264", width=640, height=360, fps="25", duration=60.0)
    return make_plan(
        Probe(container="mov", duration=60.0, size_bytes=10**8, video=video if pictures else None, audio=streams)
    )


def told(plan: Plan) -> list[tuple[str, str | None, str, tuple[int, ...]]]:
    return [(a.name, a.language, a.label, a.stream_indexes) for a in plan.audio]


def test_each_language_is_a_rendition_and_the_default_one_comes_first() -> None:
    plan = plan_of(
        stream(1, language="eng"),
        stream(2, language="geo", is_default=True),
        stream(3, language="eng", title="Commentary"),
        stream(4, language="und"),
        stream(5, language="eng", channels=6),
    )
    assert told(plan) == [
        ("audio", "ka", "ქართული", (2,)),
        ("audio-en", "en", "English", (1,)),
        ("audio-en-2", "en", "Commentary", (3,)),
        ("audio-4", None, "Audio", (4,)),
        ("audio-en-3", "en", "English 2", (5,)),
    ]
    assert [a.is_default for a in plan.audio] == [True, False, False, False, False]


def test_the_default_is_the_stream_marked_so_then_the_richest() -> None:
    marked = plan_of(stream(1, channels=6), stream(2, is_default=True), stream(3))
    assert marked.audio[0].stream_indexes == (2,)
    unmarked = plan_of(stream(1), stream(2, channels=6), stream(3))
    assert unmarked.audio[0].stream_indexes == (2,)


def test_tracks_of_one_title_are_told_apart_by_their_languages() -> None:
    plan = plan_of(*(stream(i, language=c, title="Stereo") for i, c in enumerate(["en", "ka", "ka"], 1)))
    assert [a.label for a in plan.audio] == ["Stereo", "Stereo (ქართული)", "Stereo 2"]


def test_a_title_cannot_leave_its_quotes_or_its_line() -> None:
    [audio] = plan_of(stream(1, title='a",URI="http://x"\n#EXT-X\x00-KEY ' + "b" * 99)).audio
    assert '"' not in audio.label
    assert audio.label.isprintable()
    assert len(audio.label) <= 60


languages = st.none() | st.sampled_from(["eng", "en", "kat", "ka", "geo", "und", "zh-Hant", "../x", "audio", "2"])


@settings(deadline=None, max_examples=80)
@given(
    facts=st.lists(st.tuples(languages, st.none() | st.text(max_size=9), st.integers(1, 6), st.booleans()), max_size=20)
)
def test_names_are_unique_and_safe(facts: list[tuple[str | None, str | None, int, bool]]) -> None:
    streams = [
        stream(i, language=language, title=title, channels=channels, is_default=default)
        for i, (language, title, channels, default) in enumerate(facts, 1)
    ]
    plan = plan_of(*streams)
    assert len(plan.audio) <= 16
    assert all(re.fullmatch("[a-z0-9-]+", a.name) for a in plan.audio)
    assert len({a.name for a in plan.audio}) == len({a.label for a in plan.audio}) == len(plan.audio)
    assert all(a.label.strip() == a.label != "" for a in plan.audio)
    assert [a.name for a in plan.audio][:1] == ["audio"][: len(facts)]
    assert [a.is_default for a in plan.audio] == [True, *[False] * 15][: len(plan.audio)]
    again = plan_of(*streams)
    assert again == plan
    indexes = [c.index for c in plan.chunks if c.kind == "audio"]
    assert sorted(indexes) == list(range(len(indexes)))
    for audio in plan.audio:
        own = [c for c in plan.chunks if c.kind == "audio" and c.renditions == (audio.name,)]
        assert [i for c in own for i in c.segments] == list(range(plan.segment_count))
        assert [c.starts_film for c in own] == [True, *[False] * (len(own) - 1)]
    assert Plan.model_validate_json(plan.model_dump_json()) == plan


@pytest.mark.parametrize("count", [2, 3, 6])
def test_mono_streams_of_one_language_are_one_mix(count: int) -> None:
    streams = [
        stream(i, channels=1, codec="pcm_s16le", language="en" if i == 1 else "und") for i in range(1, count + 1)
    ]
    [audio] = plan_of(*streams).audio
    assert audio.stream_indexes == tuple(range(1, count + 1))
    assert (audio.source_channels, audio.channels, audio.language, audio.seekable) == (count, 2, "en", True)


@pytest.mark.parametrize("titles", [("Mic 1", "mic 2"), ("Left", "Right"), ("Stage L", "Stage R"), (None, "Mono")])
def test_microphones_of_one_mix_may_have_names(titles: tuple[str | None, ...]) -> None:
    streams = [stream(number, channels=1, title=title) for number, title in enumerate(titles, 1)]
    [audio] = plan_of(*streams).audio
    assert audio.stream_indexes == (1, 2)


@pytest.mark.parametrize("titles", [("English", "Interpreter"), (None, "ქართული"), ("Talk", "Talk in Georgian")])
def test_mono_streams_of_other_contents_are_tracks_of_their_own(titles: tuple[str | None, ...]) -> None:
    streams = [stream(number, channels=1, title=title) for number, title in enumerate(titles, 1)]
    assert sorted(a.stream_indexes for a in plan_of(*streams).audio) == [(1,), (2,)]


@pytest.mark.parametrize(
    "second", [{"language": "ka"}, {"codec": "mp3"}, {"sample_rate": 44_100}, {"channels": 2}], ids=str
)
def test_mono_streams_that_differ_are_tracks_of_their_own(second: dict[str, object]) -> None:
    plan = plan_of(stream(1, channels=1, language="en"), stream(2, **({"channels": 1, "language": "en"} | second)))
    assert sorted(a.stream_indexes for a in plan.audio) == [(1,), (2,)]


def test_a_mix_whose_streams_are_out_of_step_is_decoded_from_its_start() -> None:
    [audio] = plan_of(stream(1, channels=1), stream(2, channels=1, start_time="1/48000"), pictures=False).audio
    assert not audio.seekable


def test_a_stream_that_cannot_be_read_is_left_out_and_none_at_all_is_refused() -> None:
    plan = plan_of(stream(1, codec="unheard_of", is_default=True), stream(2))
    assert [a.stream_indexes for a in plan.audio] == [(2,)]
    with pytest.raises(Refused, match="unsupported_codec"):
        plan_of(stream(1, codec="unheard_of"), stream(2, codec="unheard_of_too"))


def test_plans_stored_before_there_were_several_streams_are_read() -> None:
    [audio] = plan_of(stream(3)).audio
    stored = audio.model_dump() | {"stream_index": 3}
    for new in ("stream_indexes", "stream_frames", "label", "is_default"):
        stored.pop(new)
    assert AudioPlan.model_validate(stored).stream_indexes == (3,)


@pytest.mark.parametrize(
    ("code", "tag"),
    [
        ("kat", "ka"),
        ("geo", "ka"),
        ("eng", "en"),
        ("ger", "de"),
        ("KAT", "ka"),
        ("pt_BR", "pt-BR"),
        ("zh-Hant", "zh-Hant"),
        ("und", None),
        ("mul", None),
        ("qaa", None),
        ("x-foo", None),
        ("English, mostly", None),
        ("", None),
        (None, None),
    ],
)
def test_languages(code: str | None, tag: str | None) -> None:
    assert language_tag(code) == tag


def test_languages_call_themselves() -> None:
    assert [own_name(tag) for tag in ("ka", "en", "pt", "zh-Hant")] == [
        "ქართული",
        "English",
        "Português",
        "中文（繁體）",
    ]
