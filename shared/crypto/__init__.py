"""Content secrets and what is derived from them."""

from shared.crypto.content import decrypt_segment, encrypt_segment, segment_iv, segment_key_and_iv, window_key
from shared.crypto.keyring import KeyRing, KeyRingError, Wrapped

__all__ = [
    "KeyRing",
    "KeyRingError",
    "Wrapped",
    "decrypt_segment",
    "encrypt_segment",
    "segment_iv",
    "segment_key_and_iv",
    "window_key",
]
