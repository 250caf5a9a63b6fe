"""Captions from outside: uploaded, changed, deleted, searched, as plain tracks and as HLS subtitle renditions."""

import re
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest

from tests.support.clients import Course, Platform, good, refused
from tests.support.films import FFMPEG, make_film
from tests.support.player import fetch, play

ENGLISH = """1
00:00:01,000 --> 00:00:01,500
<i>Photosynthesis</i> begins <script>x</script>

2
00:00:01,800 --> 00:00:06,400
Cells turn light into sugar
"""
GEORGIAN = """WEBVTT

00:00.500 --> 00:01.500
ფოტოსინთეზი იწყება

00:02.000 --> 00:03.000 line:0
უჯრედების მემბრანა
"""
TIMES = [(1.0, 1.5), (1.8, 6.4)]
"""From a second on: FFmpeg takes subtitles up where it is when it has looked at the pictures, and misses what was before."""


@pytest.fixture
def film(platform: Platform, short_film: Path) -> tuple[Course, str]:
    """A film of its own for a test that changes captions."""
    course = platform.new_course()
    return course, platform.ready(course.chapters[0], short_film)


def put(who: httpx.Client, video: str, language: str, body: str | bytes, **params: Any) -> httpx.Response:
    content = body.encode() if isinstance(body, str) else body
    headers = {"Content-Type": "text/vtt"}
    return who.put(f"/api/videos/{video}/captions/{language}", content=content, params=params, headers=headers)


def listed(who: httpx.Client, video: str) -> list[str]:
    return [one["language"] for one in good(who.get(f"/api/videos/{video}/captions"))["captions"]]


def test_a_subrip_file_becomes_a_plain_track_that_students_read(platform: Platform, film: tuple[Course, str]) -> None:
    course, video = film
    made = good(put(platform.admin, video, "EN", ENGLISH, label="English (auto)", isDefault=True))
    assert (made["language"], made["label"], made["isDefault"], made["state"]) == (
        "en",
        "English (auto)",
        True,
        "published",
    )
    assert (made["source"], made["cueCount"]) == ("upload", 2)
    good(put(platform.teacher(course), video, "geo", GEORGIAN))

    student = platform.student(course)
    document = good(student.get(f"/api/videos/{video}/captions"))
    assert [(one["language"], one["label"]) for one in document["captions"]] == [
        ("en", "English (auto)"),
        ("ka", "ქართული"),
    ]
    answer = student.get(document["captions"][0]["url"])
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/vtt")
    assert answer.headers["cache-control"] == "private, no-cache"
    assert answer.text == (
        "WEBVTT\n\n00:00:01.000 --> 00:00:01.500\n<i>Photosynthesis</i> begins x\n"
        "\n00:00:01.800 --> 00:00:06.400\nCells turn light into sugar\n"
    )
    subrip = student.get(f"/api/videos/{video}/captions/ka.srt")
    assert subrip.text.startswith("1\n00:00:00,500 --> 00:00:01,500\nფოტოსინთეზი იწყება\n")


def subtitle_urls(master_url: str) -> dict[str, str]:
    """Language -> its media playlist."""
    lines = [line for line in fetch(master_url).decode().splitlines() if "TYPE=SUBTITLES" in line]
    found = [dict(re.findall(r'([A-Z-]+)="?([^",]*)"?', line.split(":", 1)[1])) for line in lines]
    return {one["LANGUAGE"]: urljoin(master_url, one["URI"]) for one in found}


def subtitles_by_ffmpeg(master_url: str, number: int) -> list[tuple[float, float, str]]:
    """What FFmpeg reads of a subtitle rendition, each cue once, beside the picture whose clock it has."""
    command = [FFMPEG, "-v", "error", "-i", master_url, "-map", f"0:s:{number}", "-f", "srt", "-"]
    said = subprocess.run(command, capture_output=True, check=True, timeout=120).stdout.decode()
    found = re.findall(r"(\S+) --> (\S+)\n(.*?)\n\n", said + "\n\n", re.DOTALL)
    return list(dict.fromkeys((_seconds(start), _seconds(end), text) for start, end, text in found))


def _seconds(time: str) -> float:
    hours, minutes, seconds = time.replace(",", ".").split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


@pytest.mark.parametrize("address", ["masterUrl", "managedMasterUrl"])
def test_a_subtitle_rendition_stands_on_the_segments_of_the_film(
    platform: Platform, film: tuple[Course, str], address: str
) -> None:
    course, video = film
    good(put(platform.admin, video, "ka", GEORGIAN))
    good(put(platform.admin, video, "en", ENGLISH, isDefault=True, kind="captions"))
    view = platform.watch(platform.student(course), video)
    master = view.url + view.document[address]
    text = fetch(master).decode()
    assert text.count('SUBTITLES="subtitles"') == text.count("#EXT-X-STREAM-INF")
    assert 'NAME="English",LANGUAGE="en",DEFAULT=YES,AUTOSELECT=YES,FORCED=NO,CHARACTERISTICS=' in text

    playlist = subtitle_urls(master)["en"]
    lines = fetch(playlist).decode().splitlines()
    assert lines[-1] == "#EXT-X-ENDLIST" and "#EXT-X-PLAYLIST-TYPE:VOD" in lines
    durations = [float(line[8:-1]) for line in lines if line.startswith("#EXTINF:")]
    segments = [fetch(urljoin(playlist, line)).decode() for line in lines if not line.startswith("#")]
    pictures = fetch(urljoin(master, text.splitlines()[-1])).decode()
    assert durations == [float(found) for found in re.findall(r"#EXTINF:(.*),", pictures)]
    assert len(segments) == 3 and sum(durations) == pytest.approx(8)
    # Segments of 2, 4 and 2 s: the second cue is in the first two and, by its last 0.4 s, in the third.
    assert [segment.count("-->") for segment in segments] == [2, 1, 1]
    for segment in segments:
        head = "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:900000,LOCAL:00:00:10.000\n\n"
        assert segment.startswith(head)
    assert "00:00:11.800 --> 00:00:16.400\nCells turn light into sugar\n" in segments[2]

    order = list(subtitle_urls(master)).index("en")
    heard = subtitles_by_ffmpeg(master, order)
    assert [pytest.approx(time, abs=0.001) for time in TIMES] == [(start, end) for start, end, _ in heard]
    assert play(master).complaints == ""


def test_the_clock_of_the_map_is_that_of_the_first_picture(platform: Platform, film: tuple[Course, str]) -> None:
    """MPEGTS:900000 is ten seconds: the presentation time of the film's first picture in its first segment."""
    course, video = film
    view = platform.watch(platform.student(course), video)
    command = [FFMPEG, "-v", "error", "-copyts", "-i", view.master, "-map", "0:v:0", "-c", "copy", "-frames:v", "1"]
    told = subprocess.run([*command, "-f", "framecrc", "-"], capture_output=True, check=True, text=True).stdout
    base = re.findall(r"#tb 0: 1/(\d+)", told)
    first = next(line for line in told.splitlines() if not line.startswith("#"))
    assert int(first.split(",")[2]) / int(base[0]) == 10


def test_an_edit_and_a_deletion_are_seen_at_once(platform: Platform, film: tuple[Course, str]) -> None:
    course, video = film
    good(put(platform.admin, video, "en", ENGLISH, label="Old"))
    view = platform.watch(platform.student(course), video)
    playlist = subtitle_urls(view.master)["en"]
    segment = urljoin(playlist, "subtitle/en/0.vtt")
    assert "Photosynthesis" in fetch(segment).decode()

    changed = good(put(platform.admin, video, "en", "WEBVTT\n\n00:00.000 --> 00:01.000\nAnother\n"))
    assert changed["label"] == "Old"
    assert "Another" in fetch(segment).decode()
    student = platform.student(course)
    assert "Another" in student.get(f"/api/videos/{video}/captions/en.vtt").text
    found = good(platform.admin.patch(f"/api/videos/{video}/captions/en", json={"label": "New", "isDefault": True}))
    assert (found["label"], found["isDefault"], found["cueCount"]) == ("New", True, 1)
    assert 'NAME="New"' in fetch(view.master).decode()
    # One of a film is the default at most.
    good(put(platform.admin, video, "ka", GEORGIAN, isDefault=True))
    document = good(student.get(f"/api/videos/{video}/captions"))
    assert {one["language"]: one["isDefault"] for one in document["captions"]} == {"ka": True, "en": False}

    good(platform.admin.delete(f"/api/videos/{video}/captions/en"), 204)
    assert httpx.get(segment).status_code == 404
    refused(httpx.get(playlist), 404, "rendition_not_found")
    assert listed(student, video) == ["ka"] and list(subtitle_urls(view.master)) == ["ka"]
    refused(platform.admin.delete(f"/api/videos/{video}/captions/en"), 404, "captions_not_found")


def test_a_draft_is_for_staff_until_it_is_published(platform: Platform, film: tuple[Course, str]) -> None:
    course, video = film
    teacher, student = platform.teacher(course), platform.student(course)
    good(put(teacher, video, "en", ENGLISH, state="draft"))
    view = platform.watch(student, video)
    assert listed(student, video) == [] and listed(teacher, video) == ["en"]
    assert subtitle_urls(view.master) == {}
    refused(student.get(f"/api/videos/{video}/captions/en.vtt"), 404, "captions_not_found")
    assert teacher.get(f"/api/videos/{video}/captions/en.vtt").status_code == 200
    refused(httpx.get(view.url + view.path("subtitles-en.m3u8")), 404, "rendition_not_found")
    assert good(student.get(f"/api/videos/{video}/captions/search?q=cells"))["results"] == []
    assert len(good(teacher.get(f"/api/videos/{video}/captions/search?q=cells"))["results"]) == 1
    # A corrected text is still a draft; publishing is an act of its own.
    assert good(put(teacher, video, "en", ENGLISH))["state"] == "draft"
    good(teacher.patch(f"/api/videos/{video}/captions/en", json={"state": "published"}))
    assert listed(student, video) == ["en"] and list(subtitle_urls(view.master)) == ["en"]


def test_who_may_not_write_does_not(platform: Platform, film: tuple[Course, str]) -> None:
    course, video = film
    good(put(platform.admin, video, "en", ENGLISH))
    student, stranger = platform.student(course), platform.student()
    other = platform.teacher(platform.new_course())
    path = f"/api/videos/{video}/captions"
    for who, code in ((student, "role_required"), (other, "not_your_course")):
        refused(put(who, video, "en", ENGLISH), 403, code)
        refused(who.patch(f"{path}/en", json={"label": "x"}), 403, code)
        refused(who.delete(f"{path}/en"), 403, code)
        refused(who.post(f"{path}/draft", json={"language": "ka"}), 403, code)
    for who in (stranger, other):
        refused(who.get(path), 403, "not_entitled")
        refused(who.get(f"{path}/en.vtt"), 403, "not_entitled")
        refused(who.get(f"{path}/search?q=x"), 403, "not_entitled")
    refused(platform.client().get(path), 401, "sign_in_required")
    view = platform.watch(student, video)
    segment = view.path("subtitle/en/0.vtt")
    assert platform.client().get(segment).status_code == 200
    refused(platform.client(address="127.0.1.2").get(segment), 403, "ip_changed")
    good(platform.admin.delete(f"/api/videos/{video}"), 204)
    refused(platform.client().get(segment), 410, "video_deleted")
    refused(platform.admin.get(path), 404, "video_not_found")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ("", 415, "not_captions"),
        ("hello", 415, "not_captions"),
        ("WEBVTT\n", 422, "no_cues"),
        ("WEBVTT\n\n00:02.000 --> 00:01.000\nx", 422, "bad_timing"),
        ("WEBVTT\n\n00:02.000 --> 99:00:01.000\nx", 422, "bad_timing"),
        ("1\n00:00:01,000 --> 00:00:02,000\nпривет".encode("cp1251"), 422, "unknown_encoding"),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\n" + "x" * 2001, 422, "cue_too_long"),
        ("WEBVTT\n" + "\n00:01.000 --> 00:02.000\nx\n" * 20_001, 422, "too_many_cues"),
        (b"x" * (2 * 1024 * 1024 + 1), 413, "too_large"),
    ],
)
def test_bad_files_are_refused_in_words(
    platform: Platform, shown: tuple[Course, str], body: str | bytes, status: int, code: str
) -> None:
    found = refused(put(platform.admin, shown[1], "fr", body), status, code)
    if code == "bad_timing":
        assert found["line"] == 3
    assert "fr" not in listed(platform.admin, shown[1])


def test_languages_are_tags_of_rfc_5646(platform: Platform, film: tuple[Course, str]) -> None:
    video = film[1]
    for given, tag in (("kat", "ka"), ("pt-br", "pt-BR"), ("ZH-hant", "zh-Hant")):
        assert good(put(platform.admin, video, given, ENGLISH))["language"] == tag
    for given in ("english", "xx-yy-zz", "q1"):
        refused(put(platform.admin, video, given, ENGLISH), 422, "unknown_language")
    refused(put(platform.admin, video, "e_n", ENGLISH), 422, "invalid_request")
    refused(put(platform.admin, video, "en", ENGLISH, label="x" * 61), 422, "invalid_request")
    refused(put(platform.admin, video, "en", ENGLISH, state="hidden"), 422, "invalid_request")


def test_words_are_found_in_english_and_in_georgian(platform: Platform, film: tuple[Course, str]) -> None:
    course, video = film
    good(put(platform.admin, video, "en", ENGLISH))
    good(put(platform.admin, video, "ka", GEORGIAN))
    student = platform.student(course)

    def found(question: str, **params: Any) -> list[dict[str, Any]]:
        params = {"q": question, **params}
        results: list[dict[str, Any]] = good(student.get(f"/api/videos/{video}/captions/search", params=params))[
            "results"
        ]
        return results

    [cell] = found("CELL sugar")
    assert (cell["language"], cell["start"], cell["end"]) == ("en", 1.8, 6.4)
    assert cell["headline"] == "<mark>Cells</mark> turn light into <mark>sugar</mark>"
    # The case of the question is not that of the film.
    [membrane] = found("უჯრედში")
    assert (membrane["language"], membrane["start"]) == ("ka", 2.0)
    assert membrane["headline"] == "<mark>უჯრედების</mark> მემბრანა"
    assert [one["text"] for one in found("ფოტოსინთეზის")] == ["ფოტოსინთეზი იწყება"]
    assert found("photo", language="ka") == [] and len(found("photo", language="eng")) == 1
    assert found("cells moon") == [] and found("!?") == [] and found("' | 'q':*") == []
    answer = good(student.get(f"/api/videos/{video}/captions/search", params={"q": "i b c", "limit": 1}))
    assert answer["isComplete"]
    refused(student.get(f"/api/videos/{video}/captions/search"), 422, "missing_field")
    refused(student.get(f"/api/videos/{video}/captions/search", params={"q": "x" * 201}), 422, "invalid_request")


def test_what_is_not_released_yet_is_in_no_subtitle_playlist(platform: Platform, films: Path) -> None:
    """On a restricted first watch a plain player's playlists grow, that of the subtitles with the others."""
    course = platform.new_course(restricted=True)
    film = make_film(films / "two-minutes-and-more.mp4", seconds=150, size="128x72", fps=10)
    video = platform.ready(course.chapters[0], film)
    good(put(platform.admin, video, "en", ENGLISH))
    view = platform.watch(platform.student(course), video)
    growing = fetch(subtitle_urls(view.master)["en"]).decode()
    pictures = fetch(urljoin(view.master, fetch(view.master).decode().splitlines()[-1])).decode()
    assert "#EXT-X-PLAYLIST-TYPE:EVENT" in growing and "#EXT-X-ENDLIST" not in growing
    assert growing.count("#EXTINF") == pictures.count("#EXTINF") == 20
    whole = fetch(subtitle_urls(view.url + view.document["managedMasterUrl"])["en"]).decode()
    assert whole.count("#EXTINF") == 26 and whole.endswith("#EXT-X-ENDLIST\n")


def test_without_a_command_there_are_no_drafts(platform: Platform, shown: tuple[Course, str]) -> None:
    answer = platform.admin.post(f"/api/videos/{shown[1]}/captions/draft", json={"language": "ka"})
    refused(answer, 409, "transcription_off")
