"""Who is asking, and from where, as parameters of an endpoint."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from services.gateway.apikeys.service import PREFIX, ApiKeyService
from services.gateway.audit.trail import concerns
from services.gateway.identity import errors
from services.gateway.identity.client_ip import client_ip
from services.gateway.identity.jwt import PlatformJwts
from services.gateway.limits.rates import Limits
from shared.contracts.access import Actor, Role
from shared.http import Problem


async def signed_in(request: Request) -> Actor:
    """By the platform's JWT, or by an API key: that has to have the scope of the route. The one place that asks, and that
    counts how often."""
    limits: Limits = request.app.state.limits
    try:
        actor = await _recognised(request)
    except Problem as refusal:
        if errors.is_guess(refusal):
            await limits.refused_sign_in(_client_ip(request))
        raise
    concerns(actor_id=actor.user_id, user_id=actor.user_id, role=actor.role.value)
    await limits.call(actor)
    return actor


async def _recognised(request: Request) -> Actor:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise errors.sign_in_required()
    if token.startswith(PREFIX):
        api_keys: ApiKeyService = request.app.state.api_keys
        return await api_keys.admit(token, request.method, getattr(request.scope.get("route"), "path", ""))
    jwts: PlatformJwts = request.app.state.jwts
    return await jwts.verify(token)


# It lets everybody through: only what it says in the description of the API counts.
_BEARER = HTTPBearer(
    scheme_name="bearer",
    description="The platform's JWT, or an API key (lk_...) for its back end.",
    auto_error=False,
)


async def _described(request: Request, _: Annotated[object, Depends(_BEARER)]) -> Actor:
    return await signed_in(request)


SignedIn = Annotated[Actor, Depends(_described)]


def _only(role: Role) -> object:
    async def check(actor: SignedIn) -> Actor:
        if actor.role is not role:
            sentence = f"This needs the role {role.value}; you are signed in as {actor.role.value}."
            raise Problem(403, "role_required", sentence)
        return actor

    return Depends(check)


Admin = Annotated[Actor, _only(Role.ADMIN)]
BackEnd = Annotated[Actor, _only(Role.SERVICE)]


def _client_ip(request: Request) -> str:
    return client_ip(request, request.app.state.settings.proxy_networks)


async def _asking_from(request: Request) -> str:
    return _client_ip(request)


ClientIp = Annotated[str, Depends(_asking_from)]


async def _anybody(request: Request) -> None:
    limits: Limits = request.app.state.limits
    await limits.call_without_sign_in(_client_ip(request))


Anybody = Depends(_anybody)
"""For calls that need no sign-in and no session."""
