"""The streamed form gives the same parts however a socket happens to cut the body."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.media.uploads.forms import StreamedForm
from shared.http import Problem

TYPE = "multipart/form-data; boundary=cut-here"


def body(*parts: tuple[str, str | None, bytes]) -> bytes:
    out = b""
    for name, filename, content in parts:
        disposition = f'form-data; name="{name}"' + (f'; filename="{filename}"' if filename is not None else "")
        out += f"--cut-here\r\nContent-Disposition: {disposition}\r\n\r\n".encode() + content + b"\r\n"
    return out + b"--cut-here--\r\n"


async def cut(whole: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(whole), size):
        yield whole[start : start + size]


async def read(whole: bytes, size: int = 7) -> list[tuple[str, str | None, bytes]]:
    form = StreamedForm(TYPE, cut(whole, size))
    return [(head.name, head.filename, b"".join([piece async for piece in form.data()])) async for head in form.parts()]


@given(st.binary(max_size=300), st.integers(1, 400))
async def test_parts_come_through_whole(content: bytes, size: int) -> None:
    parts = [("chapterId", None, b"intro"), ("video", "a.mp4", content)]
    assert await read(body(*parts), size) == parts


async def test_names_of_any_script() -> None:
    assert (await read(body(("video", "ლექცია.mp4", b"x"))))[0][1] == "ლექცია.mp4"


@pytest.mark.parametrize("lost", [1, 5, 20, 60])
async def test_a_body_that_breaks_off_is_refused(lost: int) -> None:
    with pytest.raises(Problem) as refusal:
        await read(body(("video", "a.mp4", b"x" * 100))[: -lost - 4])
    assert refusal.value.code == "malformed_form"


@pytest.mark.parametrize("whole", [b"", b"nonsense", b"--cut-here\r\nno colon\r\n\r\nx\r\n--cut-here--\r\n"])
async def test_nonsense_is_refused(whole: bytes) -> None:
    with pytest.raises(Problem) as refusal:
        await read(whole)
    assert refusal.value.code == "malformed_form"


async def test_endless_headers_are_refused() -> None:
    whole = b"--cut-here\r\n" + b"X-A: " + b"a" * 40_000
    with pytest.raises(Problem) as refusal:
        await read(whole, 1000)
    assert refusal.value.code == "malformed_form"


@pytest.mark.parametrize("content_type", ["", "application/json", "multipart/form-data", "multipart/mixed; boundary=x"])
def test_what_is_no_form_is_refused(content_type: str) -> None:
    with pytest.raises(Problem) as refusal:
        StreamedForm(content_type, cut(b"", 1))
    assert refusal.value.code == "unsupported_media_type"
