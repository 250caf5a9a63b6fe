"""``GET /api/admin/costs``: what storage and egress cost on several providers."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from services.progress.costs.schemas import CostsAnswer, WhatIf
from services.progress.costs.service import CostService
from shared.http.inner import service_token_claims
from shared.http.roles import Admin

router = APIRouter(dependencies=[Depends(service_token_claims)], tags=["costs"])


async def _costs(request: Request) -> CostService:
    service: CostService = request.app.state.costs
    return service


@router.get("/api/admin/costs")
async def costs(
    _: Admin, service: Annotated[CostService, Depends(_costs)], wanted: Annotated[WhatIf, Query()]
) -> CostsAnswer:
    """A month's bill by list prices, from what is stored and was sent, or from what-if numbers in their place."""
    return await service.estimate(wanted)
