"""Tokens as the platform would sign them, for the command line and for the demo of this installation."""

import time

ROLES = ("student", "instructor", "admin", "service")


def platform_token(
    secret: str, role: str, user: str, *, seconds: int, issuer: str, audience: str, name: str | None = None
) -> str:
    """A signed JWT (HS256) with the claims the gateway asks for."""
    from jose import jwt

    now = int(time.time())
    claims = {"sub": user, "role": role, "iss": issuer, "aud": audience, "iat": now, "exp": now + seconds}
    if name:
        claims["name"] = name
    # The key id of the installation's own tokens: their claims are read by these names, whatever the platform's are.
    return str(jwt.encode(claims, secret, algorithm="HS256", headers={"kid": "lectern"}))
