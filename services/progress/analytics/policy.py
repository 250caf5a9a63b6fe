"""What an installation decided about analytics."""

import hashlib
import hmac
import ipaddress
from dataclasses import dataclass
from typing import Literal

AddressPolicy = Literal["truncated", "hashed", "off"]
V4_BITS, V6_BITS = 24, 48
_PURPOSE = b"lectern analytics addresses v1"


@dataclass(frozen=True)
class AnalyticsPolicy:
    """``address_key`` is needed for hashing alone; whoever does not know it can not guess at addresses."""

    view_threshold_seconds: float = 10
    retention_days: int = 90
    """0 for ever."""
    address: AddressPolicy = "truncated"
    address_key: bytes = b""

    def shown(self, network: str | None) -> str | None:
        """What is kept of the network (CIDR) that a session is bound to."""
        if network is None or self.address == "off":
            return None
        given = ipaddress.ip_network(network, strict=False)
        most = V4_BITS if given.version == 4 else V6_BITS
        truncated = given.supernet(new_prefix=most) if given.prefixlen > most else given
        if self.address == "truncated":
            return str(truncated)
        return hmac.new(self.address_key, str(truncated).encode(), hashlib.sha256).hexdigest()[:32]


def address_key(secret: str) -> bytes:
    """The key of hashed addresses, from a secret that only this service and its worker know."""
    return hmac.new(secret.encode(), _PURPOSE, hashlib.sha256).digest()
