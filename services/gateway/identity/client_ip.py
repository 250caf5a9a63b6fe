"""Whose address it is: the connection's, or what a trusted proxy says of it."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Literal

from starlette.requests import Request

Networks = Sequence[IPv4Network | IPv6Network]
Policy = Literal["prefix", "exact", "off"]

PREFIX_V4, PREFIX_V6 = 24, 48


def client_ip(request: Request, trusted: Networks) -> str:
    """The client's address in its shortest form.

    X-Forwarded-For is read from the right, past the proxies we trust: everything further left was written by somebody
    we do not know.
    """
    peer = _parse(request.client.host if request.client else "127.0.0.1")
    if peer is None or not _within(peer, trusted):
        return str(peer)
    for hop in reversed(request.headers.get("x-forwarded-for", "").split(",")):
        address = _parse(hop.strip())
        if address is None:
            break
        peer = address
        if not _within(address, trusted):
            break
    return str(peer)


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


def _within(address: IPv4Address | IPv6Address, networks: Networks) -> bool:
    return any(address in network for network in networks if network.version == address.version)


def _parse(written: str) -> IPv4Address | IPv6Address | None:
    try:
        parsed = ip_address(written.strip("[]").split("%")[0])
    except ValueError:
        return None
    # A dual-stack socket shows an IPv4 client as ::ffff:a.b.c.d, which is the same client.
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        return parsed.ipv4_mapped
    return parsed
