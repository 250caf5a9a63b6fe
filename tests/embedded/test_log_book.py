"""The log files: whole lines, rotated."""

from pathlib import Path

import pytest

from deploy.embedded import logs


def test_lines_are_prefixed_on_the_terminal_and_whole_in_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    book = logs.LogBook(tmp_path, width=8)
    book.line("media", b"caf\xc3\xa9 \xff")
    book.announce("Lectern is ready")
    book.close()
    assert capsys.readouterr().out == "media    | caf\u00e9 \ufffd\nLectern is ready\n"
    assert (tmp_path / "media.log").read_bytes() == b"caf\xc3\xa9 \xff\n"


def test_files_are_rotated_and_the_oldest_is_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "ROTATE_AT_BYTES", 100)
    book = logs.LogBook(tmp_path, quiet=True)
    for number in range(100):
        book.line("media", f"line {number:04}")
    book.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["media.log.1", "media.log.2", "media.log.3"]
    assert (tmp_path / "media.log.1").read_text().endswith("line 0099\n")


def test_a_line_comes_in_pieces_or_without_end() -> None:
    splitter = logs.LineSplitter()
    assert splitter.feed(b"one\r\ntw") == [b"one"]
    assert splitter.feed(b"o\nthree") == [b"two"]
    assert splitter.finish() == [b"three"]
    assert len(splitter.feed(b"x" * 100_000)) == 1
