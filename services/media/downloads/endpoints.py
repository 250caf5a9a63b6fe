"""``PUT /api/videos/{id}/download-policy``."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request

from services.media.downloads.schemas import DownloadPolicy, DownloadPolicyAnswer
from services.media.downloads.service import DownloadService
from shared.http.inner import service_token_claims
from shared.http.roles import StaffOrService

router = APIRouter(dependencies=[Depends(service_token_claims)], tags=["downloads"])


def _downloads(request: Request) -> DownloadService:
    service: DownloadService = request.app.state.downloads
    return service


Downloads = Annotated[DownloadService, Depends(_downloads)]


@router.put("/api/videos/{video_id}/download-policy")
async def set_policy(
    video_id: UUID, body: DownloadPolicy, actor: StaffOrService, downloads: Downloads
) -> DownloadPolicyAnswer:
    return await downloads.set_policy(video_id, body.policy, actor)
