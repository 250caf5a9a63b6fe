"""The platform's JWTs: the algorithm is the key's, and what python-jose lets be missing is asked for."""

import time
from collections.abc import Sequence
from typing import Any

from jose import ExpiredSignatureError, JWTError, jwt

from services.gateway.identity import errors
from services.gateway.identity.claims import ClaimMap
from services.gateway.identity.jwks import KeySet
from services.gateway.identity.keys import LONGEST_KID, PlatformKey, secret_key
from shared.contracts.access import Actor

LEEWAY = 10
MAX_JWT = 8192
OWN_KID = "lectern"
"""The key id of what this installation signs itself, for its demo and its command line: claims and roles have our
names in it, whatever the platform calls them."""
_REQUIRED = {f"require_{claim}": True for claim in ("exp", "sub", "iss", "aud")}
# at_hash binds an ID token to an access token, which nobody shows us.
_OPTIONS = {**_REQUIRED, "leeway": LEEWAY, "verify_at_hash": False}


class PlatformJwts:
    """Verifies JWTs of one issuer and audience, and makes those of the demo.

    ``keys`` are the public keys that settings name, ``key_set`` those that the platform publishes; the secret is good
    beside them.
    """

    def __init__(
        self,
        secret: str,
        issuer: str,
        audience: str,
        *,
        keys: Sequence[PlatformKey] = (),
        key_set: KeySet | None = None,
        claims: ClaimMap | None = None,
    ) -> None:
        self._secret = secret_key(secret)
        self._keys = (self._secret, *keys)
        self._key_set = key_set
        self._issuer = issuer
        self._audience = audience
        self._claims = claims or ClaimMap()
        self._own_claims = ClaimMap()

    async def verify(self, token: str) -> Actor:
        """Who a JWT names. Raises Problem ``invalid_jwt`` with the reason."""
        if len(token) > MAX_JWT:
            raise errors.invalid_jwt("it is too long")
        kid = _kid(token)
        verified = self._try(token, self._keys)
        if verified is None and self._key_set is not None:
            verified = await self._by_key_set(token, kid, self._key_set)
        if verified is None:
            raise errors.invalid_jwt("its signature or a required claim is wrong")
        claims, key = verified
        return (self._own_claims if key.is_secret and kid == OWN_KID else self._claims).actor(claims)

    async def _by_key_set(
        self, token: str, kid: str | None, key_set: KeySet
    ) -> tuple[dict[str, Any], PlatformKey] | None:
        await key_set.settled()
        if kid is not None and all(key.kid != kid for key in key_set.keys) and kid != OWN_KID:
            await key_set.ask_again()
        # A token without a key id may be of any key; a key without one may have made any token.
        return self._try(token, [key for key in key_set.keys if kid is None or key.kid in (kid, None)])

    def _try(self, token: str, keys: Sequence[PlatformKey]) -> tuple[dict[str, Any], PlatformKey] | None:
        for key in keys:
            try:
                claims = jwt.decode(
                    token,
                    key.key,
                    algorithms=[key.algorithm],
                    issuer=self._issuer,
                    audience=self._audience,
                    options=_OPTIONS,
                )
            except ExpiredSignatureError:
                raise errors.expired_jwt() from None
            # python-jose lets through what int() and json say to claims and headers of a wrong kind.
            except (JWTError, ValueError, TypeError, OverflowError, RecursionError, AttributeError):
                continue
            return claims, key
        return None

    def make(self, actor: Actor, lifetime: int) -> str:
        """A JWT for ``actor`` that lives ``lifetime`` seconds."""
        now = int(time.time())
        claims: dict[str, Any] = {
            "sub": actor.user_id,
            "role": actor.role.value,
            "name": actor.name,
            "iss": self._issuer,
            "aud": self._audience,
            "iat": now,
            "exp": now + lifetime,
        }
        secret = self._secret
        return str(jwt.encode(claims, secret.key, algorithm=secret.algorithm, headers={"kid": OWN_KID}))


def _kid(token: str) -> str | None:
    """The key id in a token's header, which nothing vouches for yet. Raises Problem ``invalid_jwt``."""
    try:
        header = jwt.get_unverified_header(token)
    except (JWTError, ValueError, RecursionError):
        raise errors.invalid_jwt("it is no JWT") from None
    if "crit" in header:
        # RFC 7515: who does not know an extension that is marked so has to refuse the token.
        raise errors.invalid_jwt("it asks for an extension that Lectern does not know")
    kid = header.get("kid")
    if kid is not None and (not isinstance(kid, str) or len(kid) > LONGEST_KID):
        raise errors.invalid_jwt("its kid is no text of at most 256 characters")
    return kid
