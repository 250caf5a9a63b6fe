"""Content secrets: wrapped so that rows can not be swapped, derived so that no two segments share key and IV."""

import base64

import pytest
from Crypto.Cipher import AES
from Crypto.Hash import SHA256
from Crypto.Protocol.KDF import HKDF
from Crypto.Util.Padding import unpad
from hypothesis import given
from hypothesis import strategies as st

from shared.crypto import KeyRing, KeyRingError, Wrapped, encrypt_segment, segment_iv, window_key

MASTER = b"m" * 32


def ring(*keys: tuple[str, bytes]) -> KeyRing:
    return KeyRing.parse(",".join(f"{kid}:{base64.b64encode(key).decode()}" for kid, key in keys))


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=40))
def test_a_wrapped_secret_comes_back(secret: bytes, context: bytes) -> None:
    keys = ring(("1", MASTER))
    assert keys.unwrap(keys.wrap(secret, context), context) == secret


def test_a_new_master_key_in_front_still_opens_what_the_old_one_wrapped() -> None:
    wrapped = ring(("1", MASTER)).wrap(b"s" * 32, b"v")
    turned = ring(("2", b"n" * 32), ("1", MASTER))
    assert turned.unwrap(wrapped, b"v") == b"s" * 32
    assert turned.wrap(b"s" * 32, b"v").kid == "2"


def test_a_wrapped_secret_is_good_for_its_own_version_only() -> None:
    keys = ring(("1", MASTER))
    wrapped = keys.wrap(b"s" * 32, b"version a")
    with pytest.raises(KeyRingError, match="does not authenticate"):
        keys.unwrap(wrapped, b"version b")
    flipped = bytes([wrapped.ciphertext[0] ^ 1]) + wrapped.ciphertext[1:]
    with pytest.raises(KeyRingError):
        keys.unwrap(Wrapped(wrapped.kid, wrapped.nonce, flipped), b"version a")
    with pytest.raises(KeyRingError, match="not in the ring"):
        ring(("2", MASTER)).unwrap(wrapped, b"version a")


@pytest.mark.parametrize("written", ["", "1", "1:", "1:!!!", "1:" + base64.b64encode(b"short").decode()])
def test_a_malformed_ring_is_refused_without_showing_key_material(written: str) -> None:
    with pytest.raises(KeyRingError) as refusal:
        KeyRing.parse(written)
    assert base64.b64encode(b"short").decode() not in str(refusal.value)


@given(st.binary(min_size=32, max_size=32), st.integers(0, 1_000_000))
def test_keys_and_ivs_are_derived_as_rfc_5869_has_it(secret: bytes, number: int) -> None:
    for ours, purpose in (
        (window_key(secret, number), f"key/{number}"),
        (segment_iv(secret, "360p", number), f"iv/360p/{number}"),
    ):
        assert ours == HKDF(secret, 16, b"lectern/hls/v1", SHA256, 1, purpose.encode())


def test_no_two_segments_share_an_iv_and_no_two_windows_a_key() -> None:
    secret = b"s" * 32
    ivs = {segment_iv(secret, name, index) for name in ("1080p", "360p", "audio") for index in range(200)}
    keys = {window_key(secret, window) for window in range(200)}
    assert len(ivs) == 600
    assert len(keys) == 200
    assert not ivs & keys
    assert window_key(b"t" * 32, 0) not in keys


@given(st.binary(max_size=1000))
def test_a_segment_is_plain_aes_128_cbc_for_any_player(plaintext: bytes) -> None:
    secret = b"s" * 32
    key, iv = window_key(secret, 0), segment_iv(secret, "360p", 3)
    sealed = encrypt_segment(plaintext, key, iv)
    assert unpad(AES.new(key, AES.MODE_CBC, iv=iv).decrypt(sealed), 16) == plaintext
