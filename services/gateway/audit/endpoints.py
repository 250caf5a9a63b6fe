"""``GET /api/admin/audit``: for admins, by JWT."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from services.gateway.audit.schemas import AuditPage, Wanted
from services.gateway.audit.service import AuditLog
from services.gateway.identity.dependencies import Admin

router = APIRouter(tags=["audit"])


@router.get("/api/admin/audit")
async def audit(_: Admin, wanted: Annotated[Wanted, Query()], request: Request, response: Response) -> AuditPage:
    """Decisions about access, the newest first, to be read page by page."""
    log: AuditLog = request.app.state.audit
    response.headers["Cache-Control"] = "no-store"
    return await log.page(wanted)
