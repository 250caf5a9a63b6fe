"""Text tracks of uploaded films: taken over as published captions, once, and nobody's work undone by it."""

import struct
from pathlib import Path
from typing import Any

import pytest

from tests.support.clients import Course, Platform, good
from tests.support.films import make_film, run_ffmpeg, shared_media
from tests.support.patience import until

ENGLISH = "1\n00:00:00,500 --> 00:00:01,500\n<b>Cells</b> & light\n\n2\n00:00:03,000 --> 00:00:04,250\nSecond\n"
GEORGIAN = "1\n00:00:01,000 --> 00:00:02,000\nუჯრედების სამყარო\n"


def with_tracks(
    path: Path, tracks: list[tuple[str, str, str]], codec: str, *, late: float = 0, more: Path | None = None
) -> Path:
    """A film with text tracks of (language, title, SubRip); all of it ``late`` seconds late on its own clock."""
    plain = make_film(path.with_suffix(".plain.mp4"), seconds=6, size="128x72")
    inputs, maps = ["-i", str(plain)], ["-map", "0"]
    for number, (language, title, text) in enumerate(tracks):
        own = path.with_suffix(f".{number}.srt")
        own.write_text(text, encoding="utf-8")
        inputs += ["-i", str(own)]
        maps += ["-map", str(number + 1), f"-metadata:s:s:{number}", f"language={language}"]
        maps += [f"-metadata:s:s:{number}", f"title={title}", f"-c:s:{number}", codec]
    if more is not None:
        inputs += ["-f", "sup", "-i", str(more)]
        maps += ["-map", str(len(tracks) + 1), f"-c:s:{len(tracks)}", "copy"]
    moved = ["-output_ts_offset", str(late)] if late else []
    run_ffmpeg("-v", "error", *inputs, *maps, "-c:v", "copy", "-c:a", "copy", *moved, "-y", str(path))
    return path


def pictures_of_text(path: Path) -> Path:
    """A Blu-ray subtitle stream, which is pictures: as little of one as a file can hold."""
    ends = (struct.pack(">2sIIBH", b"PG", 90_000 * second, 0, 0x80, 0) for second in range(1, 4))
    path.write_bytes(b"".join(ends))
    return path


def captions_of(platform: Platform, video: str) -> dict[str, dict[str, Any]]:
    found = good(platform.admin.get(f"/api/videos/{video}/captions"))["captions"]
    return {one["language"]: one for one in found}


def ready(platform: Platform, film: Path) -> tuple[Course, str]:
    course = platform.new_course()
    return course, platform.ready(course.chapters[0], film)


@pytest.mark.parametrize(
    ("name", "codec"), [("a.mkv", "srt"), ("a.mkv", "ass"), ("a.mkv", "webvtt"), ("a.mp4", "mov_text")]
)
def test_text_tracks_are_taken_over_with_language_and_title(
    platform: Platform, tmp_path: Path, name: str, codec: str
) -> None:
    film = with_tracks(tmp_path / name, [("eng", "For everybody", ENGLISH), ("geo", "", GEORGIAN)], codec)
    course, video = ready(platform, film)
    found = captions_of(platform, video)
    assert {tag: (one["source"], one["state"], one["cueCount"]) for tag, one in found.items()} == {
        "en": ("embedded", "published", 2),
        "ka": ("embedded", "published", 1),
    }
    assert not any(one["isDefault"] for one in found.values())
    # What MP4 calls a handler is no title, and FFmpeg writes no other there.
    assert found["ka"]["label"] == "ქართული" and found["en"]["label"] in ("For everybody", "English")
    student = platform.student(course)
    text = student.get(found["en"]["url"]).text
    assert "00:00:00.500 --> 00:00:01.500\n" in text and "00:00:03.000 --> 00:00:04.250\nSecond\n" in text
    assert "Cells" in text and "&amp; light" in text
    assert "უჯრედების" in student.get(found["ka"]["url"]).text
    assert 'LANGUAGE="ka"' in student.get(platform.watch(student, video).document["masterUrl"]).text


def test_times_are_those_of_the_film_whatever_its_clock(platform: Platform, tmp_path: Path) -> None:
    film = with_tracks(tmp_path / "late.mkv", [("eng", "", ENGLISH)], "srt", late=37.5)
    _, video = ready(platform, film)
    text = platform.admin.get(f"/api/videos/{video}/captions/en.vtt").text
    assert "00:00:00.500 --> 00:00:01.500\n" in text and "00:00:03.000 --> 00:00:04.250\n" in text


def test_pictures_of_text_are_left_out(platform: Platform, tmp_path: Path) -> None:
    pictures = pictures_of_text(tmp_path / "x.sup")
    film = with_tracks(tmp_path / "pgs.mkv", [("eng", "", ENGLISH)], "srt", more=pictures)
    _, video = ready(platform, film)
    assert list(captions_of(platform, video)) == ["en"]


def test_a_track_of_no_known_language_is_taken_over(platform: Platform, tmp_path: Path) -> None:
    _, video = ready(platform, with_tracks(tmp_path / "x.mkv", [("und", "", ENGLISH), ("und", "", GEORGIAN)], "srt"))
    found = captions_of(platform, video)
    assert [(tag, one["label"], one["cueCount"]) for tag, one in found.items()] == [("und", "Subtitles", 2)]


def test_taking_over_again_undoes_nothing(platform: Platform, tmp_path: Path) -> None:
    film = with_tracks(tmp_path / "a.mkv", [("eng", "", ENGLISH), ("geo", "", GEORGIAN)], "srt")
    _, video = ready(platform, film)
    path = f"/api/videos/{video}/captions"
    edited = "WEBVTT\n\n00:00.500 --> 00:01.500\nCorrected\n"
    good(platform.admin.put(f"{path}/en", content=edited.encode()))
    good(platform.admin.delete(f"{path}/ka"), 204)
    # As if media had not heard of the end, and hears of it again.
    platform.suite.query("UPDATE media.video_versions SET status = 'processing' WHERE video_id = $1::text::uuid", video)
    platform.wait_for(video)
    assert list(captions_of(platform, video)) == ["en"]
    assert "Corrected" in platform.admin.get(f"{path}/en.vtt").text


def test_a_replacement_brings_only_the_languages_that_are_missing(platform: Platform, tmp_path: Path) -> None:
    _, video = ready(platform, with_tracks(tmp_path / "a.mkv", [("eng", "", ENGLISH)], "srt"))
    other = "1\n00:00:01,000 --> 00:00:02,000\nNew words\n"
    film = with_tracks(tmp_path / "b.mkv", [("eng", "", other), ("geo", "", GEORGIAN)], "srt")
    good(platform.replace(video, film, "b.mkv"), 202)
    until(lambda: "ka" in captions_of(platform, video), "the captions of the new version")
    assert platform.status(video)["replacing"] is None
    assert "Cells" in platform.admin.get(f"/api/videos/{video}/captions/en.vtt").text


@pytest.mark.skipif(not shared_media().is_dir(), reason="without the shared films")
def test_real_films(platform: Platform) -> None:
    _, nasa = ready(platform, shared_media() / "045_nasa_13013.mp4")
    [(tag, found)] = captions_of(platform, nasa).items()
    assert found["source"] == "embedded" and found["cueCount"] > 0, tag
    _, styled = ready(platform, shared_media() / "081_sample_with_ass_subtitles.mkv")
    assert [one["source"] for one in captions_of(platform, styled).values()] == ["embedded"]
