"""``/api/devices`` and ``/api/sessions`` for oneself, ``/api/admin/...`` for all."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request, Response

from services.gateway.devices.schemas import Devices, OpenSessions, Revocation, Revoked
from services.gateway.devices.service import DeviceService
from services.gateway.identity.dependencies import Admin, SignedIn
from shared.contracts.model import ExternalId

router = APIRouter(tags=["devices"])

UserId = Annotated[ExternalId, Path()]


async def _devices(request: Request) -> DeviceService:
    service: DeviceService = request.app.state.devices
    return service


Service = Annotated[DeviceService, Depends(_devices)]


@router.get("/api/devices")
async def own_devices(actor: SignedIn, service: Service) -> Devices:
    return Devices(devices=await service.devices(actor.user_id))


@router.delete("/api/devices/{device_id}", status_code=204)
async def sign_out(device_id: UUID, actor: SignedIn, service: Service) -> Response:
    """Ends what is open on the device. It is listed again when it is seen again."""
    await service.sign_out(actor.user_id, device_id)
    return Response(status_code=204)


@router.get("/api/sessions")
async def own_sessions(actor: SignedIn, service: Service) -> OpenSessions:
    return OpenSessions(sessions=await service.sessions(actor.user_id))


@router.delete("/api/sessions/{session_id}", status_code=204)
async def end_session(session_id: UUID, actor: SignedIn, service: Service) -> Response:
    await service.end_session(actor.user_id, session_id)
    return Response(status_code=204)


@router.get("/api/admin/users/{user_id}/devices")
async def devices_of(user_id: UserId, _: Admin, service: Service) -> Devices:
    return Devices(devices=await service.devices(user_id))


@router.get("/api/admin/users/{user_id}/sessions")
async def sessions_of(user_id: UserId, _: Admin, service: Service) -> OpenSessions:
    return OpenSessions(sessions=await service.sessions(user_id))


@router.post("/api/admin/sessions/revoke")
async def revoke(body: Revocation, _: Admin, service: Service) -> Revoked:
    """Ends the sessions of a user, a video or a device, or one session: the next key is refused."""
    return Revoked(revoked=await service.revoke(body))
