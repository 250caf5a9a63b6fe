"""Whether a process answers: small questions over plain sockets, asked again and again while something starts.

A probe answers True or False and never raises.
"""

import asyncio
import contextlib
import random
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

Probe = Callable[[], Awaitable[bool]]

_PATIENCE = 5.0
# Below the range from which the kernel takes ports for outgoing connections: those are gone again by the time
# a child comes to listen.
_INNER_PORTS = range(20000, 32000)


def http_probe(host: str, port: int, path: str) -> Probe:
    async def probe() -> bool:
        status, _ = await http_get(host, port, path)
        return status == 200

    return probe


async def http_get(host: str, port: int, path: str) -> tuple[int, bytes]:
    """Status and body of a plain GET; status 0 when nobody answers."""
    try:
        async with asyncio.timeout(_PATIENCE), _connected(host, port) as (reader, writer):
            writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
            return int(head.split(b" ", 2)[1]), body
    except (OSError, TimeoutError, ValueError, IndexError):
        return 0, b""


def valkey_probe(port: int, password: str) -> Probe:
    async def probe() -> bool:
        try:
            async with asyncio.timeout(_PATIENCE), _connected("127.0.0.1", port) as (reader, writer):
                writer.write(f"AUTH {password}\r\nPING\r\n".encode())
                # While the append-only file is read, PING answers -LOADING.
                return await reader.readline() == b"+OK\r\n" and await reader.readline() == b"+PONG\r\n"
        except (OSError, TimeoutError):
            return False

    return probe


def free_ports(count: int) -> list[int]:
    """Loopback ports nobody listens on, all different."""
    chosen: list[int] = []
    candidates = random.sample(_INNER_PORTS, 500)  # not a secret, only apart from other instances
    for port in candidates:
        if len(chosen) == count:
            return chosen
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        chosen.append(port)
    raise OSError("no free ports between 20000 and 32000")


@contextlib.asynccontextmanager
async def _connected(host: str, port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
