"""``/api/admin/storage``: what storage holds, and whether that is what the database says."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from services.media.storage.schemas import ReconcileRequest, ReconcileRung, StorageAnswer
from services.media.storage.service import StorageService
from shared.http.inner import service_token_claims
from shared.http.roles import AdminOrService

router = APIRouter(dependencies=[Depends(service_token_claims)], tags=["storage"])


async def _storage(request: Request) -> StorageService:
    service: StorageService = request.app.state.parts.storage
    return service


Storage = Annotated[StorageService, Depends(_storage)]


@router.get("/api/admin/storage")
async def report(actor: AdminOrService, storage: Storage) -> StorageAnswer:
    """Bytes by course and by kind, what nobody needs, what is missing, and how it grew."""
    return await storage.overview(actor)


@router.post("/api/admin/storage/reconcile", status_code=202)
async def reconcile(actor: AdminOrService, storage: Storage, wanted: ReconcileRequest | None = None) -> ReconcileRung:
    """Compare storage with the database. By default nothing is changed."""
    return await storage.reconcile(actor, dry_run=(wanted or ReconcileRequest()).dry_run)
