"""The Forwarded header (RFC 7239), read as X-Forwarded-For is: from the right, and no further than who is trusted."""

from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from services.gateway.identity.client_ip import client_ip

TRUSTED = tuple(ip_network(part) for part in ("127.0.0.0/8", "10.0.0.0/8", "fd00::/8"))
PROXY = "127.0.0.1"


def asked(*headers: tuple[str, str], peer: str = PROXY) -> str:
    raw = [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in headers]
    request = Request({"type": "http", "client": (peer, 1234), "headers": raw, "method": "GET", "path": "/"})
    return client_ip(request, TRUSTED)


@pytest.mark.parametrize(
    ("forwarded", "expected"),
    [
        ("for=198.51.100.1", "198.51.100.1"),
        ("For=198.51.100.1", "198.51.100.1"),
        ('for="198.51.100.1:4711"', "198.51.100.1"),
        ('for="[2001:DB8::1]"', "2001:db8::1"),
        ('for="[2001:db8::1]:4711"', "2001:db8::1"),
        ('for="[2001:db8::1]:_port"', "2001:db8::1"),
        ('for="[::ffff:198.51.100.1]"', "198.51.100.1"),
        ("proto=https;for=198.51.100.1;by=10.0.0.1", "198.51.100.1"),
        ('host="a,b;c=d";for=198.51.100.1', "198.51.100.1"),
        ('for="198.51.100\\.1"', "198.51.100.1"),
        ("for=1.2.3.4, for=198.51.100.1", "198.51.100.1"),
        ("for=1.2.3.4,for=198.51.100.1 ,\tfor=10.0.0.7", "198.51.100.1"),
        ("for=_hidden, for=198.51.100.1", "198.51.100.1"),
        # The walk ends at what is no address: nothing left of it is anybody's word.
        ("for=198.51.100.1, for=_hidden", PROXY),
        ("for=198.51.100.1, for=unknown", PROXY),
        ('for=198.51.100.1, for="_hidden:80"', PROXY),
        ("for=198.51.100.1, for=_hidden, for=10.0.0.7", "10.0.0.7"),
        ("for=198.51.100.1, proto=https", PROXY),
        ("for=198.51.100.1,", PROXY),
        ("for=198.51.100.1, nonsense", PROXY),
        ('for=198.51.100.1;host="', PROXY),
        ('for="', PROXY),
        ("for=", PROXY),
        ("for", PROXY),
        ("", PROXY),
        ("for=[2001:db8::1]", PROXY),
        ('for="2001:db8::1"', "2001:db8::1"),
        ('for="[2001:db8::1"', PROXY),
        ('for="[2001:db8::1]x"', PROXY),
        ('for="198.51.100.1:"', PROXY),
        ('for="198.51.100.1:x"', PROXY),
    ],
)
def test_the_last_proxy_that_is_trusted_says_who_asks(forwarded: str, expected: str) -> None:
    assert asked(("Forwarded", forwarded)) == expected


def test_who_is_no_trusted_proxy_is_not_believed() -> None:
    assert asked(("Forwarded", "for=198.51.100.1"), peer="203.0.113.9") == "203.0.113.9"


def test_x_forwarded_for_comes_first_where_both_are_there() -> None:
    assert asked(("Forwarded", "for=1.2.3.4"), ("X-Forwarded-For", "198.51.100.1")) == "198.51.100.1"
    assert asked(("Forwarded", "for=1.2.3.4"), ("X-Forwarded-For", "nonsense")) == PROXY


@pytest.mark.parametrize("name", ["Forwarded", "X-Forwarded-For"])
def test_a_line_that_a_proxy_added_below_the_clients_own_counts(name: str) -> None:
    mark = "for=" if name == "Forwarded" else ""
    assert asked((name, f"{mark}1.2.3.4"), (name, f"{mark}198.51.100.1")) == "198.51.100.1"


def test_x_forwarded_for_may_name_a_port() -> None:
    assert asked(("X-Forwarded-For", "198.51.100.1:4711")) == "198.51.100.1"
    assert asked(("X-Forwarded-For", "[2001:db8::1]:4711")) == "2001:db8::1"


@given(st.text(alphabet='for=",;\\ \t1.2:[]_ab%', max_size=60), st.sampled_from([", ", ","]))
def test_whatever_a_client_writes_it_does_not_choose_its_address(written: str, comma: str) -> None:
    """A proxy appends to the same line: what it wrote is read, or else nothing of the line."""
    for own in ("for=198.51.100.1", 'for="[2001:db8::77]:443"', 'proto=https;for="198.51.100.1";by="_x"'):
        expected = "2001:db8::77" if "2001" in own else "198.51.100.1"
        assert asked(("Forwarded", f"{written}{comma}{own}")) in (expected, PROXY)


@given(st.text(max_size=80))
def test_nothing_that_is_written_is_an_error(written: str) -> None:
    for name in ("Forwarded", "X-Forwarded-For"):
        assert asked((name, written))


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)), st.one_of(st.none(), st.integers(0, 65535)))
def test_every_address_is_read_as_it_was_written(address: IPv4Address | IPv6Address, port: int | None) -> None:
    shown = f"[{address}]" if address.version == 6 else str(address)
    node = f"{shown}:{port}" if port is not None else shown
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    assert asked(("Forwarded", f'proto=https;for="{node}"')) == str(mapped or address)
