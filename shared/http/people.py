"""``/internal/users/{userId}``: what a service keeps of one person. For the gateway alone."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request

from shared.contracts.model import ExternalId
from shared.contracts.privacy import ErasedRows, PersonalData
from shared.db.people import People
from shared.http.inner import service_token_claims

router = APIRouter(dependencies=[Depends(service_token_claims)], tags=["privacy"])

UserId = Annotated[ExternalId, Path()]


async def _people(request: Request) -> People:
    people: People = request.app.state.people
    return people


@router.get("/internal/users/{user_id}")
async def export(
    user_id: UserId, people: Annotated[People, Depends(_people)], page: Annotated[int, Query(ge=1, le=10_000)] = 1
) -> PersonalData:
    return await people.export(user_id, page)


@router.delete("/internal/users/{user_id}")
async def erase(
    user_id: UserId, people: Annotated[People, Depends(_people)], pseudonym: Annotated[ExternalId, Query()]
) -> ErasedRows:
    return await people.erase(user_id, pseudonym)
