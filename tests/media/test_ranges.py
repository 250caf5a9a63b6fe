"""Which part of a file a request is for, as RFC 9110 has it."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.media.downloads.ranges import Part, Unsatisfiable, asked_part, is_known, is_same

MODIFIED = datetime(2026, 11, 25, 12, 30, 15, 987_654, tzinfo=UTC)
DATE = "Wed, 25 Nov 2026 12:30:15 GMT"


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("bytes=0-0", Part(0, 1)),
        ("bytes=0-99", Part(0, 100)),
        ("bytes=10-19", Part(10, 20)),
        ("bytes=10-", Part(10, 100)),
        ("bytes=99-", Part(99, 100)),
        ("bytes=90-5000", Part(90, 100)),
        ("bytes=-10", Part(90, 100)),
        ("bytes=-5000", Part(0, 100)),
        ("BYTES= 1-2 ", Part(1, 3)),
        # What cannot be read, or asks for several parts, is answered by the whole.
        (None, None),
        ("", None),
        ("bytes", None),
        ("bytes=", None),
        ("bytes=-", None),
        ("bytes=a-b", None),
        ("bytes=5-4", None),
        ("bytes=0-1,5-6", None),
        ("lines=1-2", None),
        ("bytes=1.0-2", None),
        ("bytes=١-٢", None),
        ("bytes=99999999999999999999-", None),
    ],
)
def test_one_part_or_the_whole(header: str | None, part: Part | None) -> None:
    assert asked_part(header, 100) == part


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=9999999999999999999-", "bytes=-0"])
def test_what_does_not_exist_is_said_so(header: str) -> None:
    with pytest.raises(Unsatisfiable):
        asked_part(header, 100)


@given(st.integers(1, 10_000), st.text(max_size=20), st.integers(0, 20_000), st.integers(0, 20_000))
def test_a_part_lies_within_the_file(size: int, text: str, first: int, last: int) -> None:
    for header in (text, f"bytes={text}", f"bytes={first}-{last}", f"bytes={first}-", f"bytes=-{last}"):
        try:
            part = asked_part(header, size)
        except Unsatisfiable:
            continue
        assert part is None or 0 <= part.start < part.end <= size


@pytest.mark.parametrize(
    ("condition", "same"),
    [
        (None, True),
        ('"abc"', True),
        (' "abc" ', True),
        ('"other"', False),
        ('W/"abc"', False),
        (DATE, True),
        ("Wed, 25 Nov 2026 12:30:14 GMT", False),
        ("Wed, 25 Nov 2026 12:30:16 GMT", False),
        ("yesterday", False),
        ("", False),
        ("Wed, 99 Nov 2026 12:30:15 GMT", False),
    ],
)
def test_a_part_is_sent_of_the_very_same_file_only(condition: str | None, same: bool) -> None:
    assert is_same(condition, '"abc"', MODIFIED) is same


@pytest.mark.parametrize(
    ("condition", "known"),
    [(None, False), ('"abc"', True), ('W/"abc"', True), ('"x", "abc"', True), ("*", True), ('"x"', False), ("", False)],
)
def test_who_has_it_need_not_get_it_again(condition: str | None, known: bool) -> None:
    assert is_known(condition, '"abc"') is known
