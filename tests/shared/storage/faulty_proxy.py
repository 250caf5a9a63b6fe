"""A TCP proxy that damages what passes, for proving retries and checksums."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from enum import Enum, auto

from shared.storage import S3Settings
from tests.shared.storage.s3_server import S3Server

_READ = 64 * 1024
_METHODS = (b"GET ", b"PUT ", b"POST ", b"HEAD ", b"DELETE ")


class Fault(Enum):
    DROP = auto()  # close instead of passing the request on
    BUSY = auto()  # 503 instead of passing the request on
    BROKEN = auto()  # 500 instead of passing the request on
    THROTTLED = auto()  # 429 instead of passing the request on
    NO_UPLOAD = auto()  # 404 NoSuchUpload instead of passing the request on
    LOSE_ANSWER = auto()  # the server does it; the client never hears
    CUT_ANSWER = auto()  # close in the middle of the answer
    FLIP_BODY = auto()  # change one byte of the request's body


_NO_UPLOAD = b"<Error><Code>NoSuchUpload</Code><Message>It is gone.</Message></Error>"
_SLOW = b"<Error><Code>SlowDown</Code><Message>Less, please.</Message></Error>"
_ANSWERS = {
    Fault.BUSY: b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
    Fault.BROKEN: b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n",
    Fault.THROTTLED: b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: %d\r\n\r\n%b" % (len(_SLOW), _SLOW),
    Fault.NO_UPLOAD: b"HTTP/1.1 404 Not Found\r\nContent-Length: %d\r\n\r\n%b" % (len(_NO_UPLOAD), _NO_UPLOAD),
}


@dataclass
class FaultyProxy:
    """`plan` is a list of (beginning of the request, fault): each entry strikes once, at the first request it fits."""

    upstream: tuple[str, int]
    plan: list[tuple[bytes, Fault]] = field(default_factory=list)
    struck: list[Fault] = field(default_factory=list)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection(*self.upstream)
        connection = _Connection(self, reader, writer, server_reader, server_writer)
        tasks = [asyncio.create_task(connection.requests()), asyncio.create_task(connection.answers())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for open_writer in (writer, server_writer):
                open_writer.close()

    def fault_for(self, request: bytes) -> Fault | None:
        for entry in self.plan:
            beginning, fault = entry
            if request.startswith(_METHODS) and beginning in request.partition(b"\r\n")[0]:
                self.plan.remove(entry)
                self.struck.append(fault)
                return fault
        return None


@dataclass
class _Connection:
    proxy: FaultyProxy
    client_reader: asyncio.StreamReader
    client_writer: asyncio.StreamWriter
    server_reader: asyncio.StreamReader
    server_writer: asyncio.StreamWriter
    fault: Fault | None = None

    async def requests(self) -> None:
        while data := await self.client_reader.read(_READ):
            self.fault = self.proxy.fault_for(data) or self.fault
            if self.fault is Fault.DROP:
                return
            if self.fault is not None and self.fault in _ANSWERS:
                self.client_writer.write(_ANSWERS[self.fault])
                await self.client_writer.drain()
                return
            if self.fault is Fault.FLIP_BODY and not data.startswith(_METHODS):
                data, self.fault = bytes([data[0] ^ 1]) + data[1:], None
            self.server_writer.write(data)
            await self.server_writer.drain()

    async def answers(self) -> None:
        while data := await self.server_reader.read(_READ):
            if data.startswith(b"HTTP/1.1 100"):
                self.client_writer.write(data)
                continue
            if self.fault is Fault.LOSE_ANSWER:
                return
            if self.fault is Fault.CUT_ANSWER and not data.startswith(b"HTTP/1.1"):
                self.client_writer.write(data[: len(data) // 2])
                await self.client_writer.drain()
                return
            self.client_writer.write(data)
            await self.client_writer.drain()


@contextlib.asynccontextmanager
async def faulty_proxy(server: S3Server) -> AsyncIterator[tuple[FaultyProxy, S3Settings]]:
    """The proxy, and settings that go through it."""
    proxy = FaultyProxy((server.host, server.port))
    async with await asyncio.start_server(proxy.handle, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        yield proxy, replace(server.settings, endpoint_url=f"http://127.0.0.1:{port}")
