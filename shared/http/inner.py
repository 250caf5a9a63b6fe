"""The door of an inner service: nobody enters without a service token, and behind it stands a known actor."""

from typing import Annotated, Any

from fastapi import Depends, Request

from shared.auth import InvalidServiceToken, ServiceTokens
from shared.contracts.access import Actor
from shared.http.problems import Problem


async def service_token_claims(request: Request) -> dict[str, Any]:
    """The claims of the caller's service token. Declared as a router-wide dependency, so no route can forget it."""
    tokens: ServiceTokens = request.app.state.service_tokens
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Problem(401, "service_token_required", "This service is called by Lectern's gateway only.")
    try:
        claims, actor = tokens.verify(token)
    except InvalidServiceToken:
        raise Problem(401, "service_token_invalid", "This service is called by Lectern's gateway only.") from None
    request.state.actor = actor
    return claims


ServiceClaims = Annotated[dict[str, Any], Depends(service_token_claims)]


async def course_right(claims: ServiceClaims) -> bool | None:
    """What the platform says of the actor's part in the course, in place of an enrolment; None where it is not asked."""
    right = claims.get("course_right")
    return right if isinstance(right, bool) else None


CourseRight = Annotated[bool | None, Depends(course_right)]


async def acting_person(request: Request, claims: ServiceClaims) -> Actor:
    """The person the call is made for."""
    actor: Actor | None = request.state.actor
    if actor is None:
        raise Problem(401, "actor_required", "This call is made for a person; the gateway must say for whom.")
    return actor


ActingPerson = Annotated[Actor, Depends(acting_person)]
