"""Captions without a database: what is read of a file, what is kept of it, and how it is cut into segments."""

import html
import re
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.media.captions.cues import LATEST_MS, MOST_BYTES, MOST_CUES, CaptionFault, Cue
from services.media.captions.markup import kept_markup, plain_text
from services.media.captions.parsing import parse
from services.media.captions.words import headline, indexed, stems, ts_query, words
from services.media.captions.writing import borders, playlist, segment, segments_of, subrip, webvtt
from shared.contracts.video import SEGMENT_CLOCK_OFFSET

SRT = """1
00:00:01,000 --> 00:00:02,500
<i>Photosynthesis</i> & light

2
00:00:03,000 --> 00:00:04,000 X1:10 X2:20
ფოტოსინთეზი
მეორე სტრიქონი
"""

letters = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=40)
cue_times = st.tuples(st.integers(0, 3_600_000), st.integers(1, 20_000)).map(lambda pair: (pair[0], sum(pair)))
spoken = st.text(st.sampled_from("aბგ 0<&>é"), min_size=1, max_size=20).filter(lambda text: kept_markup(text) != "")
cue_lists = st.lists(st.tuples(cue_times, spoken), min_size=1, max_size=20).map(
    lambda found: sorted((Cue(*times, kept_markup(text)) for times, text in found), key=lambda cue: cue.start)
)
grids = st.lists(st.integers(500, 10_000), min_size=1, max_size=60).map(lambda lengths: [x / 1000 for x in lengths])


def times(cues: object) -> list[tuple[int, int]]:
    return [(cue.start, cue.end) for cue in cues]  # type: ignore[attr-defined]


def fault(body: bytes | str) -> CaptionFault:
    with pytest.raises(CaptionFault) as raised:
        parse(body if isinstance(body, bytes) else body.encode())
    return raised.value


def test_subrip_is_read_and_becomes_webvtt() -> None:
    cues = parse(SRT.encode())
    assert cues == (
        Cue(1000, 2500, "<i>Photosynthesis</i> &amp; light"),
        Cue(3000, 4000, "ფოტოსინთეზი\nმეორე სტრიქონი"),
    )
    assert webvtt(cues).startswith("WEBVTT\n\n00:00:01.000 --> 00:00:02.500\n<i>Photosynthesis</i> &amp; light\n\n")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_encoding_that_names_itself_and_every_end_of_line(encoding: str, end: str) -> None:
    assert parse(SRT.replace("\n", end).encode(encoding)) == parse(SRT.encode())


def test_empty_lines_within_a_subrip_text_and_numbers_as_text() -> None:
    body = "1\n00:00:01,0 --> 00:00:02,0\none\n\nstill one\n\n2\n00:00:03,0 --> 00:00:04,0\n1984\n\n"
    assert [cue.text for cue in parse(body.encode())] == ["one\nstill one", "1984"]


def test_webvtt_keeps_its_settings_and_loses_what_is_not_text() -> None:
    body = """WEBVTT - a title
Kind: captions

STYLE
::cue { background: url(https://evil.example/x) }

REGION
id:fred
width:40%

NOTE this is --> not a cue
00:00:00.000 --> 00:00:09.000

first
00:01.000 --> 00:02.000 line:10%,start align:left region:fred position:5%,line-left onload:x
<v.loud Ana &amp; Nino><c.red>Hello</c> <00:00:01.500>there

00:00:03.000 --> 01:00:04.000
"""
    [cue] = parse(body.encode())
    assert cue == Cue(
        1000, 2000, "<v Ana &amp; Nino>Hello there</v>", "line:10%,start align:left position:5%,line-left"
    )


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("<script>alert(1)</script>", "alert(1)"),
        ("<img src=x onerror=alert(1)>x", "x"),
        ("&lt;script&gt;", "&lt;script&gt;"),
        ("<<b>script>x", "&lt;<b>script&gt;x</b>"),
        ("<b>x<i>y</b>z</i>", "<b>x<i>y</i></b>z"),
        ("a < b > c --> d", "a &lt; b &gt; c --&gt; d"),
        ('<v Ana" onclick="x">hi', '<v Ana" onclick="x">hi</v>'),
        ("{\\an8}<font color=red>top</font>", "top"),
        ("<!-- x -->&#0;y&#xD800;", "y\ufffd"),
    ],
)
def test_markup_is_written_anew_and_never_passed_on(given: str, kept: str) -> None:
    written = kept_markup(given)
    assert written.replace("\ufffd", "") == kept.replace("\ufffd", "")
    assert kept_markup(written) == written


@given(letters)
def test_no_letters_become_markup_beyond_what_is_known(text: str) -> None:
    written = kept_markup(text)
    assert all(re.fullmatch(r"</?(b|i|u|ruby|rt|v|lang)( [^<>]*)?>", tag) for tag in re.findall(r"<[^>]*>?", written))
    assert "-->" not in written and "\n\n" not in written and "\0" not in written
    assert kept_markup(written) == written


def test_what_is_no_captions_is_refused_with_its_line() -> None:
    assert fault(b"").code == "not_captions"
    assert fault(b"MZ\x90\x00\x03").code in ("not_captions", "unknown_encoding")
    assert fault("1\n00:00:01,000 --> 00:00:02,000\nпривет\n".encode("cp1251")).code == "unknown_encoding"
    assert fault("WEBVTT\n").code == "no_cues"
    assert fault("WEBVTT\n\n00:01.000 --> 00:02.000\n\n").code == "no_cues"
    found = fault("WEBVTT\n\n00:02.000 --> 00:01.000\nx\n")
    assert (found.code, found.line) == ("bad_timing", 3)
    assert fault("WEBVTT\n\n00:01.000 --> 00:01.000\nx\n").code == "bad_timing"
    assert fault("WEBVTT\n\n00:99.000 --> 01:01.000\nx\n").code == "bad_timing"
    assert fault("WEBVTT\n\n00:01.000 --> 99:00:00.000\nx\n").code == "bad_timing"
    assert fault("WEBVTT\n\nnow --> then\nx\n").code == "bad_timing"
    assert fault("WEBVTT\n\n00:01.000 --> 00:02.000\n" + "x" * 3000).code == "cue_too_long"
    assert fault("WEBVTT\n" + "\n00:01.000 --> 00:02.000\nx\n" * (MOST_CUES + 1)).code == "too_many_cues"
    assert fault(b"x" * (MOST_BYTES + 1)).code == "too_large"


def test_hostile_lines_cost_no_time() -> None:
    """Each of these would take a pattern that tries again minutes."""
    assert fault("00:01.000 --> 00:02.000 a" + " " * 1_000_000 + "b\nx").code == "bad_timing"
    nest = "WEBVTT\n" + ("\n00:01.000 --> 00:02.000\n" + "<a" * 900 + "\n") * 900
    assert len(parse(nest.encode())) == 900


@given(cue_lists)
def test_a_round_trip_keeps_every_time_and_text(cues: list[Cue]) -> None:
    assert list(parse(webvtt(cues).encode())) == cues
    from_subrip = parse(subrip(cues).encode())
    assert times(from_subrip) == times(cues)
    assert times(parse(webvtt(from_subrip).encode())) == times(cues)


@given(st.binary(max_size=300))
@example(b"\xff\xfe")
@example(b"WEBVTT\n\n00:01.000 --> 00:02.000\n<")
def test_any_bytes_are_captions_or_a_fault(body: bytes) -> None:
    try:
        cues = parse(body)
    except CaptionFault as found:
        assert found.message
    else:
        assert all(0 <= cue.start < cue.end <= LATEST_MS and cue.text for cue in cues)


@settings(max_examples=300)
@given(cue_lists, grids)
def test_a_cue_is_in_each_segment_that_it_overlaps_and_in_no_other(cues: list[Cue], durations: list[float]) -> None:
    grid = borders(durations)
    for index, (start, end) in enumerate(pairwise(grid)):
        shown = [cue for cue in cues if cue.is_shown_between(start, end)]
        assert shown == [cue for cue in cues if index in segments_of(cue, grid)]
        assert shown == [cue for cue in cues if any(start <= moment < end for moment in (cue.start, cue.end - 1))
                         or (cue.start < start and cue.end > end)]  # fmt: skip
        said = segment(shown)
        assert said.startswith("WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:900000,LOCAL:00:00:10.000\n")
        late = [
            (first + 1000 * SEGMENT_CLOCK_OFFSET, last + 1000 * SEGMENT_CLOCK_OFFSET) for first, last in times(shown)
        ]
        assert (times(parse(said.encode())) if shown else []) == late


def test_a_playlist_shows_what_is_released() -> None:
    whole = playlist([2.0, 4.0] + [6.0] * 20, "ka")
    assert whole.count("#EXTINF") == 22 and whole.endswith("subtitle/ka/21.vtt\n#EXT-X-ENDLIST\n")
    released = playlist([2.0, 4.0] + [6.0] * 20, "ka", windows=1, prefix="../")
    assert released.count("#EXTINF") == 10 and "#EXT-X-PLAYLIST-TYPE:EVENT" in released
    assert "ENDLIST" not in released and "../subtitle/ka/9.vtt" in released and "/10.vtt" not in released


def test_a_georgian_noun_is_found_by_any_of_its_cases() -> None:
    cases = "უჯრედი უჯრედმა უჯრედს უჯრედის უჯრედით უჯრედად უჯრედში უჯრედზე უჯრედები უჯრედების უჯრედებში უჯრედისთვის"
    said = words(cases)
    for case in said:
        [stem] = stems(case)
        assert all(word.startswith(stem) for word in said), (case, stem)
    assert words("ᲣᲯᲠᲔᲓᲘ, „უჯრედი“!") == ["უჯრედი", "უჯრედი"]


@given(letters, letters)
def test_a_headline_is_its_text_with_nothing_but_marks(text: str, question: str) -> None:
    said = plain_text(kept_markup(text))
    shown = headline(said, question)
    assert not re.search("<(?!/?mark>)", shown)
    import unicodedata

    assert html.unescape(re.sub("</?mark>", "", shown)) == html.unescape(
        html.escape(unicodedata.normalize("NFC", said))
    )


def test_media_and_the_transcoder_mean_the_same_clock() -> None:
    from services.transcoder.ffmpeg.segments import OFFSET

    assert OFFSET == SEGMENT_CLOCK_OFFSET


@pytest.mark.parametrize(
    ("nominative", "genitive"),
    [("წყალი", "წყლის"), ("მასწავლებელი", "მასწავლებლის"), ("ქვეყანა", "ქვეყნის"), ("წიგნი", "წიგნის")],
)
def test_a_noun_is_found_by_its_cases_also_where_it_loses_a_vowel(nominative: str, genitive: str) -> None:
    for said, asked in ((nominative, genitive), (genitive, nominative), (nominative, nominative)):
        prefixes = re.findall(r"'(\w+)':\*", ts_query(asked) or "")
        assert any(word.startswith(prefix) for word in indexed(said) for prefix in prefixes), (said, asked)
        assert "<mark>" in headline(said, asked)
