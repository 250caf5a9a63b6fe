"""The master key ring: wraps content secrets with AES-256-GCM, so that the database alone opens no film.

A ring is written ``kid:base64,kid:base64``; the first key wraps, every key unwraps. A new master key is put in front
and the old one stays until everything is wrapped anew.
"""

import base64
import binascii
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from Crypto.Cipher import AES
from Crypto.Random import get_random_bytes

KEY_BYTES = 32
SECRET_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16


class KeyRingError(ValueError):
    """The ring is malformed, or lacks the key that is asked for, or a wrapped secret was tampered with."""


@dataclass(frozen=True)
class Wrapped:
    """A content secret at rest: ciphertext with its tag, the nonce, and the id of the master key."""

    kid: str
    nonce: bytes
    ciphertext: bytes


class StoredSecret(Protocol):
    """A row of ``content_keys``: a wrapped content secret and what it is bound to."""

    @property
    def version_id(self) -> UUID: ...
    @property
    def epoch(self) -> int: ...
    @property
    def kid(self) -> str: ...
    @property
    def nonce(self) -> bytes: ...
    @property
    def wrapped(self) -> bytes: ...


class KeyRing:
    def __init__(self, keys: dict[str, bytes]) -> None:
        if not keys:
            raise KeyRingError("the master key ring is empty")
        for kid, key in keys.items():
            if len(key) != KEY_BYTES:
                raise KeyRingError(f"master key {kid} has {len(key)} bytes, it needs {KEY_BYTES}")
        self._keys = dict(keys)
        self._first = next(iter(keys))

    @classmethod
    def parse(cls, written: str) -> "KeyRing":
        """Read ``kid:base64[,kid:base64...]``. Never puts key material into an error."""
        keys: dict[str, bytes] = {}
        for part in written.split(","):
            kid, colon, encoded = part.strip().partition(":")
            if not kid or not colon:
                raise KeyRingError("a master key is written kid:base64")
            try:
                keys[kid] = base64.b64decode(encoded, validate=True)
            except binascii.Error:
                raise KeyRingError(f"master key {kid} is not base64") from None
        return cls(keys)

    @property
    def first(self) -> str:
        """The id of the key that wraps."""
        return self._first

    def __contains__(self, kid: object) -> bool:
        return kid in self._keys

    def wrap(self, secret: bytes, context: bytes) -> Wrapped:
        """Encrypt ``secret``; ``context`` (which version, which epoch) is authenticated, so rows cannot be swapped."""
        nonce = get_random_bytes(NONCE_BYTES)
        cipher = AES.new(self._keys[self._first], AES.MODE_GCM, nonce=nonce)
        cipher.update(context)
        ciphertext, tag = cipher.encrypt_and_digest(secret)
        return Wrapped(self._first, nonce, ciphertext + tag)

    def open(self, stored: StoredSecret) -> bytes:
        """The content secret of a row of ``content_keys``; KeyRingError where it is not that row's, or not ours."""
        context = secret_context(str(stored.version_id), stored.epoch)
        return self.unwrap(Wrapped(stored.kid, stored.nonce, stored.wrapped), context)

    def unwrap(self, wrapped: Wrapped, context: bytes) -> bytes:
        key = self._keys.get(wrapped.kid)
        if key is None:
            raise KeyRingError(f"master key {wrapped.kid} is not in the ring")
        cipher = AES.new(key, AES.MODE_GCM, nonce=wrapped.nonce)
        cipher.update(context)
        try:
            return cipher.decrypt_and_verify(wrapped.ciphertext[:-TAG_BYTES], wrapped.ciphertext[-TAG_BYTES:])
        except ValueError:
            raise KeyRingError("a wrapped content secret does not authenticate") from None


def new_content_secret() -> bytes:
    return get_random_bytes(SECRET_BYTES)


def secret_context(version_id: str, epoch: int) -> bytes:
    """What a wrapped secret is bound to."""
    return f"lectern/content-secret/{version_id}/{epoch}".encode()
