"""The platform's JWTs: the algorithm is pinned, and what python-jose lets be missing is asked for."""

import re
import time
from typing import Any

from jose import ExpiredSignatureError, JWTError, jwt
from pydantic import ValidationError

from services.gateway.identity import errors
from shared.contracts.access import Actor, Role

ALGORITHM = "HS256"
LEEWAY = 10
MAX_JWT = 8192
_USER_ID = re.compile(r"^[A-Za-z0-9._:-]{1,128}$")


class PlatformJwts:
    """Verifies (and, for the demo, makes) JWTs of one issuer and audience, signed with one secret."""

    def __init__(self, secret: str, issuer: str, audience: str) -> None:
        self._secret = secret
        self._issuer = issuer
        self._audience = audience

    def verify(self, token: str) -> Actor:
        """Who a JWT names. Raises Problem ``invalid_jwt`` with the reason."""
        if len(token) > MAX_JWT:
            raise errors.invalid_jwt("it is too long")
        try:
            claims = jwt.decode(
                token,
                self._secret,
                algorithms=[ALGORITHM],
                issuer=self._issuer,
                audience=self._audience,
                options={
                    "require_exp": True,
                    "require_sub": True,
                    "require_iss": True,
                    "require_aud": True,
                    "leeway": LEEWAY,
                },
            )
        except ExpiredSignatureError:
            raise errors.invalid_jwt("it has expired") from None
        except JWTError:
            raise errors.invalid_jwt("its signature or a required claim is wrong") from None
        return _actor(claims)

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
        return str(jwt.encode(claims, self._secret, algorithm=ALGORITHM))


def _actor(claims: dict[str, Any]) -> Actor:
    if not isinstance(claims.get("sub"), str) or not _USER_ID.match(claims["sub"]):
        raise errors.invalid_jwt("its sub must be 1 to 128 of the characters A-Z a-z 0-9 . _ : -")
    try:
        return Actor(
            user_id=claims["sub"],
            role=Role(claims.get("role", "")),
            name=claims.get("name"),
            email=claims.get("email"),
        )
    except (ValueError, ValidationError):
        raise errors.invalid_jwt("its role must be student, instructor, admin or service") from None
