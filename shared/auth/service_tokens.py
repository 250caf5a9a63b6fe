"""Service-to-service tokens: JWTs that live a minute and are good at one service only.

Each inner service has a secret of its own, known to it and to those that may call it. A token says who calls
(``iss``), whom (``aud``), until when (``exp``) and for whom (``act``).
"""

import time
from typing import Any

from jose import JWTError, jwt
from pydantic import ValidationError

from shared.contracts.access import Actor

ALGORITHM = "HS256"
LIFETIME = 60


class InvalidServiceToken(Exception):
    """The call carries no token, or one that is not good here and now."""


class ServiceTokens:
    """Mints and checks the tokens of one audience. ``secret`` must have at least 32 characters."""

    def __init__(self, audience: str, secret: str) -> None:
        if len(secret) < 32:
            raise ValueError(f"the service secret of {audience} is shorter than 32 characters")
        self._audience = audience
        self._secret = secret

    def mint(self, issuer: str, actor: Actor | None = None, **claims: Any) -> str:
        now = int(time.time())
        body: dict[str, Any] = {"iss": issuer, "aud": self._audience, "iat": now, "exp": now + LIFETIME, **claims}
        if actor is not None:
            body["act"] = actor.model_dump(mode="json", exclude_none=True)
        return str(jwt.encode(body, self._secret, algorithm=ALGORITHM))

    def verify(self, token: str) -> tuple[dict[str, Any], Actor | None]:
        """The claims and the actor of a valid token. python-jose accepts what is missing, so we ask for it."""
        try:
            claims = jwt.decode(
                token,
                self._secret,
                algorithms=[ALGORITHM],
                audience=self._audience,
                options={"require_exp": True, "require_aud": True, "require_iss": True, "leeway": 5},
            )
            if not 0 <= claims["exp"] - claims.get("iat", 0) <= LIFETIME:
                raise JWTError("it would live longer than service tokens do")
            actor = Actor.model_validate(claims["act"]) if "act" in claims else None
        except (JWTError, ValidationError) as error:
            raise InvalidServiceToken(str(error)) from error
        return claims, actor
