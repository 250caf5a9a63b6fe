"""Who is asking, and from where, as parameters of an endpoint."""

from typing import Annotated

from fastapi import Depends, Request

from services.gateway.identity import errors
from services.gateway.identity.client_ip import client_ip
from services.gateway.identity.jwt import PlatformJwts
from shared.contracts.access import Actor


def signed_in(request: Request) -> Actor:
    jwts: PlatformJwts = request.app.state.jwts
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise errors.sign_in_required()
    return jwts.verify(token.strip())


SignedIn = Annotated[Actor, Depends(signed_in)]


def _client_ip(request: Request) -> str:
    return client_ip(request, request.app.state.settings.proxy_networks)


ClientIp = Annotated[str, Depends(_client_ip)]
