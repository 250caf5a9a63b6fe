"""Multipart forms read as a stream: a film of two gigabytes passes through in pieces of some kilobytes.

python-multipart parses; this turns its callbacks into parts that are consumed in order, each with a body that is
pulled from the connection only as fast as it is written on.
"""

from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import unquote

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from services.media.uploads import errors

MAX_FIELD_BYTES = 4 * 1024


@dataclass(frozen=True)
class PartHead:
    """A part's own headers: the field's name, and the file's where it is a file."""

    name: str
    filename: str | None


class StreamedForm:
    """The parts of one multipart body, in order: ``async for head in form.parts()``, then ``form.data()`` of each."""

    def __init__(self, content_type: str, body: AsyncIterator[bytes]) -> None:
        kind, options = parse_options_header(content_type)
        boundary = options.get(b"boundary")
        if kind != b"multipart/form-data" or not boundary:
            raise errors.not_a_form()
        self._body = body
        self._events: deque[tuple[str, bytes]] = deque()
        self._ended = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": lambda: self._events.append(("begin", b"")),
                "on_header_field": lambda data, start, end: self._events.append(("field", data[start:end])),
                "on_header_value": lambda data, start, end: self._events.append(("value", data[start:end])),
                "on_header_end": lambda: self._events.append(("header_end", b"")),
                "on_headers_finished": lambda: self._events.append(("headers", b"")),
                "on_part_data": lambda data, start, end: self._events.append(("data", data[start:end])),
                "on_part_end": lambda: self._events.append(("end", b"")),
                "on_end": self._on_end,
            },
        )

    def _on_end(self) -> None:
        self._ended = True

    async def _event(self) -> tuple[str, bytes] | None:
        while not self._events:
            if self._ended:
                return None
            try:
                piece = await anext(self._body)
            except StopAsyncIteration:
                raise errors.malformed_form("it ends in the middle of a part") from None
            try:
                self._parser.write(piece)
            except MultipartParseError as error:
                raise errors.malformed_form(str(error)) from None
        return self._events.popleft()

    async def parts(self) -> AsyncIterator[PartHead]:
        while True:
            event = await self._event()
            if event is None:
                return
            if event[0] == "begin":
                yield await self._head()

    async def _head(self) -> PartHead:
        headers: dict[bytes, bytes] = {}
        name, value = b"", b""
        while True:
            event = await self._event()
            if event is None:
                raise errors.malformed_form("it ends in a part's headers")
            kind, data = event
            if kind == "field":
                name += data
            elif kind == "value":
                value += data
            elif kind == "header_end":
                headers[name.lower()] = value
                name, value = b"", b""
            elif kind == "headers":
                break
        _, options = parse_options_header(headers.get(b"content-disposition", b""))
        if b"name" not in options:
            raise errors.malformed_form("a part has no name")
        return PartHead(options[b"name"].decode("utf-8", "replace"), _filename(options))

    async def data(self) -> AsyncIterator[bytes]:
        """The bytes of the part whose head was yielded last."""
        while True:
            event = await self._event()
            if event is None:
                raise errors.malformed_form("it ends in the middle of a part")
            kind, data = event
            if kind == "end":
                return
            if kind == "data":
                yield data

    async def drain(self) -> None:
        """Read what stands behind the form, which means nothing, to the end of the request."""
        async for _ in self._body:
            pass

    async def text(self) -> str:
        """A short field's value."""
        collected = bytearray()
        async for piece in self.data():
            collected += piece
            if len(collected) > MAX_FIELD_BYTES:
                raise errors.malformed_form("a field is too long")
        return collected.decode("utf-8", "replace").strip()


def _filename(options: dict[bytes, bytes]) -> str | None:
    """By ``filename``, or by ``filename*`` (RFC 5987), which RFC 7578 forbids and some clients send."""
    if b"filename" in options:
        return options[b"filename"].decode("utf-8", "replace")
    if b"filename*" in options:
        return unquote(options[b"filename*"].decode("ascii", "replace").split("'")[-1], errors="replace")
    return None
