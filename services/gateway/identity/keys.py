"""The platform's keys, each bound to the one algorithm that its kind allows: RSA to RS256, P-256 to ES256, a secret to
HS256. What a token says of its algorithm only ever agrees with that or is refused."""

import re
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from jose import jwk
from jose.exceptions import JOSEError

MIN_RSA_BITS = 2048
MOST_KEYS = 64
LONGEST_KID = 256
_BLOCK = re.compile(r"-----BEGIN ([A-Z ]+)-----[A-Za-z0-9+/=\s]+-----END \1-----")
_PUBLIC_MEMBERS = {"RSA": ("n", "e"), "EC": ("crv", "x", "y")}


@dataclass(frozen=True)
class PlatformKey:
    """``key`` is python-jose's; ``kid`` is null for a key that a setting names."""

    algorithm: str
    key: Any = field(repr=False)
    kid: str | None = None
    is_secret: bool = False


def secret_key(secret: str) -> PlatformKey:
    # Built here and not by jwt.decode, which would read a secret that looks like JSON as a JWK.
    return PlatformKey("HS256", jwk.construct(secret, "HS256"), is_secret=True)


def pem_keys(text: str) -> tuple[PlatformKey, ...]:
    """The public keys of a PEM text, in which ``\\n`` may stand for the ends of lines. Raises ValueError."""
    blocks = list(_BLOCK.finditer(text.replace("\\n", "\n")))
    if not blocks:
        raise ValueError("it holds no PEM block")
    return tuple(_pem_key(block) for block in blocks)


def _pem_key(block: "re.Match[str]") -> PlatformKey:
    if "PUBLIC KEY" not in block[1]:
        raise ValueError(f"it holds a {block[1].lower()}, but only public keys belong here")
    try:
        public = load_pem_public_key(block[0].encode())
    except Exception as error:
        raise ValueError(f"a public key in it cannot be read ({type(error).__name__})") from None
    return _pinned(public, None)


def _pinned(public: object, kid: str | None) -> PlatformKey:
    if isinstance(public, RSAPublicKey):
        if public.key_size < MIN_RSA_BITS:
            raise ValueError(f"an RSA key has {public.key_size} bits, fewer than {MIN_RSA_BITS}")
        return PlatformKey("RS256", jwk.construct(public, "RS256"), kid)
    if isinstance(public, EllipticCurvePublicKey) and isinstance(public.curve, SECP256R1):
        return PlatformKey("ES256", jwk.construct(public, "ES256"), kid)
    raise ValueError("a key in it is neither RSA nor of the curve P-256")


def jwks_keys(document: object) -> tuple[PlatformKey, ...]:
    """The keys of a JWK set that sign with RS256 or ES256; others are left out. Raises ValueError for what is no set.

    Symmetric keys are left out as well: a secret that is published is none.
    """
    found = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(found, list):
        raise ValueError("it is no JWK set")
    kept = (_jwk_key(one) for one in found[:MOST_KEYS] if isinstance(one, dict))
    return tuple(key for key in kept if key is not None)


def _jwk_key(written: dict[str, Any]) -> PlatformKey | None:
    kty, kid = written.get("kty"), written.get("kid")
    operations = written.get("key_ops", ["verify"])
    algorithm = {"RSA": "RS256", "EC": "ES256"}.get(kty) if isinstance(kty, str) else None
    if algorithm is None or written.get("use", "sig") != "sig" or written.get("alg", algorithm) != algorithm:
        return None
    if not isinstance(operations, list) or "verify" not in operations:
        return None
    if kid is not None and (not isinstance(kid, str) or len(kid) > LONGEST_KID):
        return None
    public = {"kty": kty, **{name: written.get(name) for name in _PUBLIC_MEMBERS[str(kty)]}}
    if not all(isinstance(value, str) for value in public.values()):
        return None
    try:
        return _pinned(jwk.construct(public, algorithm).prepared_key, kid)
    except (JOSEError, ValueError, TypeError, KeyError):
        return None
