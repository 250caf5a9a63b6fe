"""Signatures of Standard Webhooks (https://www.standardwebhooks.com), and the secrets that make them.

The secret of an endpoint is derived by HKDF-SHA256 (RFC 5869) from the installation's key, the endpoint's id and its
generation. So the database holds none, and a rotation is a number that grows.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

_SALT = b"lectern webhooks"


class Secrets:
    """``key`` is the installation's WEBHOOK_SECRET_KEY."""

    def __init__(self, key: str) -> None:
        self._extracted = hmac.digest(_SALT, key.encode(), hashlib.sha256)

    def derive(self, endpoint_id: UUID, generation: int) -> bytes:
        """32 bytes: one block of the expansion."""
        info = b"endpoint" + endpoint_id.bytes + generation.to_bytes(4, "big")
        return hmac.digest(self._extracted, info + b"\x01", hashlib.sha256)

    def shown(self, endpoint_id: UUID, generation: int) -> str:
        """As receivers are given it: ``whsec_`` and base64."""
        return "whsec_" + base64.b64encode(self.derive(endpoint_id, generation)).decode()


@dataclass(frozen=True)
class Signer:
    """Signs for one endpoint, with the secret of the generation before as well where ``with_previous``."""

    secrets: Secrets
    endpoint_id: UUID
    generation: int
    with_previous: bool

    def headers(self, event_id: UUID, moment: datetime, body: bytes) -> dict[str, str]:
        """The three headers of an attempt that is made at ``moment``."""
        timestamp = str(int(moment.timestamp()))
        signed = f"{event_id}.{timestamp}.".encode() + body
        generations = [self.generation] + ([self.generation - 1] if self.with_previous and self.generation > 1 else [])
        signatures = [
            "v1,"
            + base64.b64encode(hmac.digest(self.secrets.derive(self.endpoint_id, one), signed, hashlib.sha256)).decode()
            for one in generations
        ]
        return {
            "webhook-id": str(event_id),
            "webhook-timestamp": timestamp,
            "webhook-signature": " ".join(signatures),
        }
