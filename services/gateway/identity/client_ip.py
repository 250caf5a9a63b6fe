"""Whose address it is: the connection's, or what a trusted proxy says of it."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Literal

from starlette.requests import Request

Networks = Sequence[IPv4Network | IPv6Network]
Policy = Literal["prefix", "exact", "off"]

PREFIX_V4, PREFIX_V6 = 24, 48

# RFC 7239: pairs by semicolons, elements by commas, and a quoted string may hold both.
_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PAIR = re.compile(rf'({_WORD})=(?:({_WORD})|"((?:[^"\\]|\\.)*)")')
_GAP = re.compile(r"[ \t]*([;,]|$)[ \t]*")
_PORT = re.compile(r"[0-9]{1,5}|_[A-Za-z0-9._-]+")


def client_ip(request: Request, trusted: Networks) -> str:
    """The client's address in its shortest form.

    X-Forwarded-For, and where a request has none, Forwarded (RFC 7239), is read from the right, past the proxies we
    trust: everything further left was written by somebody we do not know. What is no address (``unknown``, a name that
    hides one, nonsense) ends the walk.
    """
    peer = _parse(request.client.host if request.client else "127.0.0.1")
    if peer is None or not _within(peer, trusted):
        return str(peer)
    for hop in _hops(request):
        address = _node(hop)
        if address is None:
            break
        peer = address
        if not _within(address, trusted):
            break
    return str(peer)


def _hops(request: Request) -> Iterator[str]:
    """What proxies said of whom they were asked by, the nearest first; empty for what can not be read."""
    # A proxy may add a line of its own below the client's, so all lines count, and the last is the nearest.
    lines = request.headers.getlist("x-forwarded-for")
    if lines:
        for line in reversed(lines):
            yield from (hop.strip() for hop in reversed(line.split(",")))
        return
    for line in reversed(request.headers.getlist("forwarded")):
        yield from reversed(_forwarded(line))


def _forwarded(line: str) -> list[str]:
    """The ``for`` of each element of a line of Forwarded, empty where it has none. A malformed line is one of those."""
    found, place = [""], 0
    while place < len(line):
        pair = _PAIR.match(line, place)
        gap = _GAP.match(line, pair.end() if pair else place)
        if gap is None or (pair is None and gap.end() == place):
            # By a quote that never ends a client could swallow what the proxy wrote after it: nothing here is believed.
            return [""]
        if pair and pair[1].lower() == "for":
            found[-1] = pair[2] or re.sub(r"\\(.)", r"\1", pair[3] or "")
        if gap[1] == ",":
            found.append("")
        place = gap.end()
    return found


def _node(written: str) -> IPv4Address | IPv6Address | None:
    """The address in ``192.0.2.1``, ``192.0.2.1:80``, ``2001:db8::1``, ``[2001:db8::1]`` or ``[2001:db8::1]:80``."""
    address, port = written, ""
    if written.startswith("["):
        address, closed, after = written[1:].partition("]")
        if not closed or (after and not after.startswith(":")):
            return None
        port = after[1:] or ("" if not after else "-")
    elif written.count(":") == 1:
        address, _, port = written.partition(":")
        port = port or "-"
    return None if port and not _PORT.fullmatch(port) else _parse(address)


def network_of(address: str, policy: Policy) -> str:
    """The network a session is bound to: /24 or /48 by prefix, the address alone when exact, everything when off."""
    parsed = ip_address(address)
    if policy == "off":
        return "0.0.0.0/0" if parsed.version == 4 else "::/0"
    if policy == "exact":
        return f"{parsed}/{parsed.max_prefixlen}"
    bits = PREFIX_V4 if parsed.version == 4 else PREFIX_V6
    kind = IPv4Network if parsed.version == 4 else IPv6Network
    return str(kind(f"{parsed}/{bits}", strict=False))


def is_within(address: str, networks: Networks) -> bool:
    """Whether an address as it is written lies in one of ``networks``."""
    parsed = _parse(address)
    return parsed is not None and _within(parsed, networks)


def _within(address: IPv4Address | IPv6Address, networks: Networks) -> bool:
    return any(address in network for network in networks if network.version == address.version)


@lru_cache(maxsize=4096)
def _parse(written: str) -> IPv4Address | IPv6Address | None:
    try:
        parsed = ip_address(written.partition("%")[0])
    except ValueError:
        return None
    # A dual-stack socket shows an IPv4 client as ::ffff:a.b.c.d, which is the same client.
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        return parsed.ipv4_mapped
    return parsed
