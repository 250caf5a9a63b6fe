"""``/api/admin/webhooks``: who is told of events, and what became of what they were told."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.progress.webhooks.schemas import (
    MOST,
    Delivery,
    DeliveryPage,
    MadeWebhook,
    NewWebhook,
    Replayed,
    State,
    Webhook,
    WebhookChange,
    WebhookList,
    WebhookSecret,
)
from services.progress.webhooks.service import WebhookService
from shared.contracts.model import GivenMoment
from shared.http.inner import service_token_claims
from shared.http.roles import Admin

router = APIRouter(dependencies=[Depends(service_token_claims)], tags=["webhooks"])
PATH = "/api/admin/webhooks"
ONE = f"{PATH}/{{webhook_id}}"


async def _webhooks(request: Request) -> WebhookService:
    service: WebhookService = request.app.state.webhooks
    return service


Webhooks = Annotated[WebhookService, Depends(_webhooks)]


@router.post(PATH, status_code=201)
async def make(body: NewWebhook, actor: Admin, webhooks: Webhooks, response: Response) -> MadeWebhook:
    response.headers["Cache-Control"] = "no-store"
    return await webhooks.make(body, actor)


@router.get(PATH)
async def list_all(_: Admin, webhooks: Webhooks) -> WebhookList:
    return WebhookList(webhooks=await webhooks.list())


@router.get(ONE)
async def get(webhook_id: UUID, _: Admin, webhooks: Webhooks) -> Webhook:
    return await webhooks.get(webhook_id)


@router.patch(ONE)
async def change(webhook_id: UUID, body: WebhookChange, _: Admin, webhooks: Webhooks) -> Webhook:
    return await webhooks.change(webhook_id, body)


@router.delete(ONE, status_code=204)
async def delete(webhook_id: UUID, _: Admin, webhooks: Webhooks) -> Response:
    """With its deliveries. Asked twice, the same."""
    await webhooks.delete(webhook_id)
    return Response(status_code=204)


@router.get(f"{ONE}/secret")
async def secret(webhook_id: UUID, _: Admin, webhooks: Webhooks, response: Response) -> WebhookSecret:
    response.headers["Cache-Control"] = "no-store"
    return await webhooks.secret(webhook_id)


@router.post(f"{ONE}/rotate-secret")
async def rotate(webhook_id: UUID, _: Admin, webhooks: Webhooks, response: Response) -> WebhookSecret:
    """A new secret. For a day the one before signs as well."""
    response.headers["Cache-Control"] = "no-store"
    return await webhooks.rotate(webhook_id)


@router.post(f"{ONE}/test", status_code=202)
async def try_out(webhook_id: UUID, actor: Admin, webhooks: Webhooks) -> Delivery:
    """A ``webhook.test`` event for this webhook alone."""
    return await webhooks.try_out(webhook_id, actor)


@router.get(f"{ONE}/deliveries")
async def deliveries(
    webhook_id: UUID,
    _: Admin,
    webhooks: Webhooks,
    state: Annotated[State | None, Query()] = None,
    before: Annotated[UUID | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
) -> DeliveryPage:
    return await webhooks.deliveries(webhook_id, state, before, limit)


@router.post(f"{ONE}/deliveries/{{delivery_id}}/replay", status_code=202)
async def replay(webhook_id: UUID, delivery_id: UUID, _: Admin, webhooks: Webhooks) -> Delivery:
    """The same event once more, as a delivery of its own."""
    return await webhooks.replay(webhook_id, delivery_id)


@router.post(f"{ONE}/replay", status_code=202)
async def replay_failed(
    webhook_id: UUID, _: Admin, webhooks: Webhooks, since: Annotated[GivenMoment | None, Query()] = None
) -> Replayed:
    """All events since then once more of which the last delivery failed."""
    return Replayed(replayed=await webhooks.replay_failed(webhook_id, since))
