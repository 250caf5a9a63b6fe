"""Nothing that opens a door stands in a log line."""

import logging

import pytest

from shared.observability import configure_logging, mask_path

API_KEY = "lk_" + "k-_9" * 5 + "AB_" + "S3CR_T-" * 6 + "x"


@pytest.mark.parametrize(
    ("given", "masked"),
    [
        ("/api/playback/SECRET/master.m3u8", "/api/playback/***/master.m3u8"),
        ("/api/playback/SECRET", "/api/playback/***"),
        ("/api/videos/stream?token=SECRET&x=1", "/api/videos/stream?token=***&x=1"),
        ("/api/courses", "/api/courses"),
        (f"/api/x/{API_KEY}?y=1", "/api/x/lk_***?y=1"),
        (f"/api/x?key={API_KEY}&y=1", "/api/x?key=lk_***&y=1"),
        ("/api/videos/stream/" + "S" * 43, "/api/videos/stream/***"),
        (
            "/api/videos/0198c0de-0000-7000-8000-000000000000/status",
            "/api/videos/0198c0de-0000-7000-8000-000000000000/status",
        ),
    ],
)
def test_paths_are_masked(given: str, masked: str) -> None:
    assert mask_path(given) == masked


def test_a_whole_line_is_masked_tracebacks_too(capsys: pytest.CaptureFixture[str]) -> None:
    before = logging.getLogger().handlers[:]
    try:
        configure_logging("INFO")
        try:
            raise RuntimeError("GET /api/playback/SECRET/720p.m3u8 with Authorization: Bearer SECRET.SECRET.SECRET")
        except RuntimeError:
            logging.getLogger("x").exception("asked for /api/videos/stream?token=SECRET by %s", API_KEY)
    finally:
        logging.getLogger().handlers[:] = before
    written = capsys.readouterr().err
    assert "RuntimeError" in written
    assert "SECRET" not in written
    assert API_KEY[3:10] not in written
    assert "S3CR" not in written
