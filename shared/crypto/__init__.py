"""Content secrets and what is derived from them."""

from shared.crypto.content import encrypt_segment, segment_iv, window_key
from shared.crypto.keyring import KeyRing, KeyRingError, Wrapped

__all__ = ["KeyRing", "KeyRingError", "Wrapped", "encrypt_segment", "segment_iv", "window_key"]
