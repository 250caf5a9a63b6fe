"""Playlists as text, by the rules of RFC 8216."""

import re

from hypothesis import given
from hypothesis import strategies as st

from services.media.playback.playlists import Variant, master_playlist, media_playlist


def variant(name: str, height: int | None, bandwidth: int, average: int | None = None) -> Variant:
    return Variant(
        name=name,
        kind="video" if height else "audio",
        codecs="avc1.64001f" if height else "mp4a.40.2",
        bandwidth=bandwidth,
        average_bandwidth=average,
        width=height * 16 // 9 if height else None,
        height=height,
        frame_rate=25.0 if height else None,
    )


AUDIO = variant("audio", None, 130_000, 128_000)


def test_the_lowest_rung_stands_first_and_every_rung_names_the_sound() -> None:
    text = master_playlist([variant("720p", 720, 3_000_000), variant("360p", 360, 700_000), AUDIO])
    lines = text.splitlines()
    assert [line for line in lines if not line.startswith("#")] == ["360p.m3u8", "720p.m3u8"]
    assert 'TYPE=AUDIO,GROUP-ID="audio"' in text
    streams = [line for line in lines if line.startswith("#EXT-X-STREAM-INF")]
    assert all('CODECS="avc1.64001f,mp4a.40.2"' in line and 'AUDIO="audio"' in line for line in streams)
    assert "BANDWIDTH=830000" in streams[0]


def test_the_average_is_said_only_when_it_was_measured() -> None:
    planned = master_playlist([variant("360p", 360, 700_000), AUDIO])
    measured = master_playlist([variant("360p", 360, 700_000, 500_000), AUDIO])
    assert "AVERAGE-BANDWIDTH" not in planned
    assert ",AVERAGE-BANDWIDTH=628000," in measured


def test_a_film_of_sound_alone_is_a_stream_of_its_own() -> None:
    text = master_playlist([AUDIO])
    assert "EXT-X-MEDIA" not in text
    assert text.splitlines()[-1] == "audio.m3u8"
    assert 'CODECS="mp4a.40.2"' in text


def test_a_film_without_sound_names_none() -> None:
    assert "AUDIO" not in master_playlist([variant("360p", 360, 700_000)])


def test_children_are_named_in_full_where_the_playlist_is_read_elsewhere() -> None:
    text = master_playlist([variant("360p", 360, 700_000), AUDIO], "/api/playback/abc/")
    assert "/api/playback/abc/360p.m3u8" in text
    assert 'URI="/api/playback/abc/audio.m3u8"' in text


@given(st.lists(st.floats(0.1, 7.9), min_size=1, max_size=60))
def test_a_media_playlist_is_complete_and_keyed(durations: list[float]) -> None:
    text = media_playlist(
        durations, key_epoch=3, address=lambda index: f"s/{index}.ts", iv=lambda index: bytes([index]) * 16
    )
    lines = text.splitlines()
    assert [line for line in lines if not line.startswith("#")] == [f"s/{i}.ts" for i in range(len(durations))]
    keys = [line for line in lines if line.startswith("#EXT-X-KEY")]
    for index, line in enumerate(keys):
        assert f'URI="key/3/{index // 10}.key"' in line
        assert line.endswith("IV=0x" + f"{index:02x}" * 16)
    target = int(re.search(r"TARGETDURATION:(\d+)", text)[1])  # type: ignore[index]
    assert all(int(duration + 0.5) <= target for duration in durations)
    assert lines[-1] == "#EXT-X-ENDLIST"
