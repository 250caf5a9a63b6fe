"""Which addresses others may have us ask: public ones, and those that an operator names.

Whoever may have us ask an address could have us ask our own neighbours: databases, cloud metadata, routers. So a name
is resolved by us, every address it has must be public, and the connection goes to the address that was looked at.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from shared.http.problems import Problem

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LONGEST_URL = 4096
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_6TO4 = ipaddress.IPv6Network("2002::/16")
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_SPECIAL = (ipaddress.IPv4Network("192.0.0.0/24"), ipaddress.IPv4Network("192.88.99.0/24"))


@dataclass(frozen=True)
class Refusals:
    """How a feature says no to the address in a request's ``url``. ``cannot``: what can not be done with it; ``setting``:
    where an operator names addresses that are not public."""

    cannot: str
    setting: str

    def invalid_url(self, why: str) -> Problem:
        return Problem(422, "invalid_url", f"{self.cannot}: {why}.", field="url")

    def address_refused(self, host: str) -> Problem:
        return Problem(
            422,
            "address_refused",
            f"{host[:253]} is no public address. An operator may allow it by {self.setting}.",
            field="url",
        )

    def host_not_found(self, host: str) -> Problem:
        return Problem(422, "host_not_found", f"There is no host {host[:253]}. Check the address.", field="url")


class Allowed:
    """``named``: host names and CIDRs, separated by commas, that are asked although they are not public."""

    def __init__(self, named: str, refusals: Refusals) -> None:
        self.refusals = refusals
        self._hosts: set[str] = set()
        self._networks: list[Network] = []
        for part in filter(None, (part.strip() for part in named.split(","))):
            try:
                self._networks.append(ipaddress.ip_network(part))
            except ValueError:
                self._hosts.add(part.lower())

    def check_url(self, url: str) -> str:
        """The host of an address that may be asked, as far as it can be told without resolving it; else a Problem."""
        errors = self.refusals
        if len(url) > LONGEST_URL or any(ord(character) <= 32 for character in url):
            raise errors.invalid_url("it is too long, or has spaces")
        try:
            parts = urlsplit(url)
            _ = parts.port
        except ValueError:
            raise errors.invalid_url("it is no URL") from None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise errors.invalid_url("it has to begin with https:// or http://")
        if parts.username is not None or parts.password is not None:
            raise errors.invalid_url("it may not hold a user or a password")
        try:
            parts.hostname.encode("idna")
        except UnicodeError:
            raise errors.invalid_url("its host is no name") from None
        literal = _literal(parts.hostname)
        if literal is not None and not self.permits(parts.hostname, literal):
            raise errors.address_refused(parts.hostname)
        return parts.hostname

    async def check(self, url: str) -> None:
        """Problem where the address may not be asked, as far as it can be told before asking it."""
        host = self.check_url(url)
        try:
            await CheckedResolver(self).resolve(host)
        except Refused as error:
            raise error.problem from None

    def names(self, host: str) -> bool:
        """Whether the operator named this host, or the address that it is written as."""
        literal = _literal(host)
        if literal is not None and any(literal in network for network in self._networks):
            return True
        return host.lower() in self._hosts

    def permits(self, host: str, address: Address) -> bool:
        if host.lower() in self._hosts or any(address in network for network in self._networks):
            return True
        return all(_is_public(one) for one in _meant(address))


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    try:
        # 0x7f000001, 2130706433 and 127.1 are 127.0.0.1 to whoever connects.
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


def _is_public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and address not in _GLOBAL_UNICAST:
        # IPv4 addresses in disguise, site-local ones, translators: none of them is anybody's on the internet.
        return False
    return address.is_global and not address.is_multicast and not any(address in network for network in _SPECIAL)


def _meant(address: Address) -> Sequence[Address]:
    """The address, and the IPv4 address inside of it where it is only a way of writing one."""
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    number = int(address)
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    if address in _NAT64:
        return [ipaddress.IPv4Address(number & 0xFFFFFFFF)]
    if address in _6TO4:
        return [address, ipaddress.IPv4Address((number >> 80) & 0xFFFFFFFF)]
    return [address]


class CheckedResolver(AbstractResolver):
    """Resolves names for aiohttp, and refuses a name of which any address is not permitted."""

    def __init__(self, allowed: Allowed) -> None:
        self._allowed = allowed
        self._resolver: ThreadedResolver | None = None

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        if self._resolver is None:
            self._resolver = ThreadedResolver(asyncio.get_running_loop())
        try:
            found = await self._resolver.resolve(host, port, socket.AF_UNSPEC)
        except (OSError, UnicodeError):
            raise Refused(self._allowed.refusals.host_not_found(host)) from None
        for one in found:
            if not self._allowed.permits(host, ipaddress.ip_address(one["host"].partition("%")[0])):
                raise Refused(self._allowed.refusals.address_refused(host))
        return found

    async def close(self) -> None:
        return None


class Refused(Exception):
    """Comes through aiohttp, which takes an OSError for a fault of the network."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


def unwrapped(error: BaseException) -> Problem | None:
    """The refusal that made a request fail."""
    seen: Any = error
    while seen is not None:
        if isinstance(seen, Refused):
            return seen.problem
        seen = seen.__cause__ or seen.__context__
    return None
