"""Nothing that opens a door stands in a log line."""

import asyncio
import logging

import pytest

from shared.observability import IS_MASKED, configure_logging, mask_path

API_KEY = "lk_" + "k-_9" * 5 + "AB_" + "S3CR_T-" * 6 + "x"


@pytest.mark.parametrize(
    ("given", "masked"),
    [
        ("/api/playback/SECRET/master.m3u8", "/api/playback/***/master.m3u8"),
        ("/api/playback/SECRET", "/api/playback/***"),
        ("/api/videos/stream?token=SECRET&x=1", "/api/videos/stream?token=***&x=1"),
        ("/api/playback/ SECRET/720p.m3u8", "/api/playback/***/720p.m3u8"),
        ("/api/playback/'SECRET/720p.m3u8", "/api/playback/***/720p.m3u8"),
        ("/api/playback/\nSECRET/720p.m3u8", "/api/playback/***/720p.m3u8"),
        ("/api/videos/stream;token=SECRET", "/api/videos/stream;token=***"),
        ("/api/x/eyJhbGciOiJI.eyJzdWIiOiJ4.SECRET_x", "/api/x/***"),
        ("/api/courses", "/api/courses"),
        ("/api/x/Bearer eyJ0.SECRET.SECRET", "/api/x/Bearer ***"),
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


async def test_what_one_turn_of_the_loop_says_is_written_at_its_end_and_a_warning_at_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = logging.getLogger().handlers[:]
    try:
        configure_logging("INFO")
        log = logging.getLogger("x")
        log.info("first")
        log.info("second")
        assert capsys.readouterr().err == ""
        await asyncio.sleep(0)
        assert [line.split()[-1] for line in capsys.readouterr().err.splitlines()] == ["first", "second"]
        log.info("third")
        log.warning("fourth")
        assert [line.split()[-1] for line in capsys.readouterr().err.splitlines()] == ["third", "fourth"]
        await asyncio.to_thread(log.info, "fifth")
        assert capsys.readouterr().err.endswith("fifth\n")
        log.info("sixth")
        # As logging does itself when the process ends.
        logging.getLogger().handlers[0].flush()
        assert capsys.readouterr().err.endswith("sixth\n")
    finally:
        logging.getLogger().handlers[:] = before


def test_a_line_that_is_said_to_hold_no_secret_is_masked_where_a_traceback_follows(
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = logging.getLogger().handlers[:]
    try:
        configure_logging("INFO")
        logging.getLogger("x").info("GET /api/playback/***/master.m3u8 100 %", extra=IS_MASKED)
        try:
            raise RuntimeError("/api/playback/SECRET/720p.m3u8")
        except RuntimeError:
            logging.getLogger("x").exception("asked for", extra=IS_MASKED)
    finally:
        logging.getLogger().handlers[:] = before
    written = capsys.readouterr().err
    assert "GET /api/playback/***/master.m3u8 100 %" in written
    assert "RuntimeError" in written
    assert "SECRET" not in written
