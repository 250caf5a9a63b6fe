"""AES-128 for HLS: a key per window of segments, an IV per rendition and segment, both derived from one secret.

Derivation is HKDF-SHA256 (RFC 5869). Deriving means that ten thousand keys need no row of their own, and that worker
and gateway agree without speaking. IVs are explicit in the playlist: renditions share a window's key, so the default
(the media sequence number) would use one IV for several plaintexts.
"""

import hmac

from Crypto.Cipher import AES
from Crypto.Util.Padding import pad, unpad

from shared.contracts.video import SEGMENTS_PER_KEY_WINDOW

AES_128_BYTES = 16
_SALT = b"lectern/hls/v1"


def _derive(secret: bytes, purpose: str) -> bytes:
    # Extract and expand. One block of SHA-256 holds what is needed, so both are one HMAC, and pycryptodome's HKDF, which
    # is written in Python, would cost a key more than all else that is computed for it.
    extracted = hmac.digest(_SALT, secret, "sha256")
    return hmac.digest(extracted, purpose.encode() + b"\x01", "sha256")[:AES_128_BYTES]


def window_key(secret: bytes, window: int) -> bytes:
    """16 bytes: the AES-128 key of segments 10w..10w+9 of every rendition."""
    return _derive(secret, f"key/{window}")


def segment_iv(secret: bytes, rendition: str, index: int) -> bytes:
    """16 bytes: the IV of one segment of one rendition."""
    return _derive(secret, f"iv/{rendition}/{index}")


def segment_key_and_iv(secret: bytes, rendition: str, index: int) -> tuple[bytes, bytes]:
    """What one segment of one rendition is encrypted with: the key of its window, and its own IV."""
    return window_key(secret, index // SEGMENTS_PER_KEY_WINDOW), segment_iv(secret, rendition, index)


def encrypt_segment(plaintext: bytes, key: bytes, iv: bytes) -> bytes:
    """AES-128-CBC with PKCS#7 padding, as RFC 8216 section 5.2 has it."""
    return AES.new(key, AES.MODE_CBC, iv=iv).encrypt(pad(plaintext, AES.block_size))


def decrypt_segment(ciphertext: bytes, key: bytes, iv: bytes) -> bytes:
    """What `encrypt_segment` was given. ValueError where key, IV or bytes are others."""
    plaintext: bytes = unpad(AES.new(key, AES.MODE_CBC, iv=iv).decrypt(ciphertext), AES.block_size)
    return plaintext
