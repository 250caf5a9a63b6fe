"""Whose address a request comes from, and which network a session is bound to."""

from ipaddress import ip_network

import pytest
from starlette.requests import Request

from services.gateway.identity.client_ip import client_ip, network_of

TRUSTED = tuple(ip_network(part) for part in ("127.0.0.0/8", "10.0.0.0/8", "fd00::/8"))


def request(peer: str, forwarded: str | None = None) -> Request:
    headers = [(b"x-forwarded-for", forwarded.encode())] if forwarded is not None else []
    return Request({"type": "http", "client": (peer, 1234), "headers": headers, "method": "GET", "path": "/"})


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("203.0.113.9", None, "203.0.113.9"),
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("127.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "1.2.3.4, 198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "1.2.3.4, 198.51.100.1, 10.0.0.7", "198.51.100.1"),
        ("127.0.0.1", "nonsense, 198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "198.51.100.1, nonsense", "127.0.0.1"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "2001:DB8::1", "2001:db8::1"),
        ("::ffff:203.0.113.9", None, "203.0.113.9"),
        ("::ffff:127.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
        ("fd00::1", "10.0.0.1, 10.0.0.2", "10.0.0.1"),
    ],
)
def test_only_trusted_proxies_are_believed(peer: str, forwarded: str | None, expected: str) -> None:
    assert client_ip(request(peer, forwarded), TRUSTED) == expected


@pytest.mark.parametrize(
    ("address", "policy", "network"),
    [
        ("203.0.113.9", "prefix", "203.0.113.0/24"),
        ("203.0.113.9", "exact", "203.0.113.9/32"),
        ("203.0.113.9", "off", "0.0.0.0/0"),
        ("2001:db8:1:2:3::9", "prefix", "2001:db8:1::/48"),
        ("2001:db8::9", "exact", "2001:db8::9/128"),
        ("2001:db8::9", "off", "::/0"),
    ],
)
def test_the_network_of_a_session(address: str, policy: str, network: str) -> None:
    assert network_of(address, policy) == network  # type: ignore[arg-type]
