"""Webhooks as admins look after them."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from services.progress.events import repository as events
from services.progress.events.types import TEST
from services.progress.webhooks import errors, repository
from services.progress.webhooks.schemas import (
    Attempt,
    Delivery,
    DeliveryPage,
    MadeWebhook,
    NewWebhook,
    State,
    Webhook,
    WebhookChange,
    WebhookSecret,
)
from services.progress.webhooks.sending import check_scheme
from services.progress.webhooks.signing import Secrets
from shared.contracts.access import Actor
from shared.contracts.jobs import EventsWaiting
from shared.db import Database, Session, new_id
from shared.db.models.analytics import WebhookDelivery, WebhookEndpoint
from shared.http.addresses import Allowed
from shared.jobs import Doorbell

MOST_ENDPOINTS = 100
BOTH_SECRETS = timedelta(hours=24)
"""For so long after a rotation the secret before it signs as well."""


class WebhookService:
    """``bell`` is the doorbell of progress's worker."""

    def __init__(self, database: Database, allowed: Allowed, secrets: Secrets, bell: Doorbell) -> None:
        self._database = database
        self._allowed = allowed
        self._secrets = secrets
        self._bell = bell

    async def make(self, wanted: NewWebhook, actor: Actor) -> MadeWebhook:
        """Problems ``invalid_url``, ``address_refused``, ``host_not_found``, ``too_many_webhooks``."""
        await self._check(wanted.url)
        async with self._database.session_scope() as session:
            if await repository.count(session) >= MOST_ENDPOINTS:
                raise errors.too_many_webhooks(MOST_ENDPOINTS)
            endpoint = WebhookEndpoint(
                id=new_id(),
                url=wanted.url,
                types=sorted(set(wanted.types)),
                description=wanted.description,
                created_by=actor.user_id,
            )
            session.add(endpoint)
            await session.flush()
            await session.refresh(endpoint)
        secret = self._secrets.shown(endpoint.id, endpoint.generation)
        return MadeWebhook(**_webhook(endpoint).model_dump(), secret=secret)

    async def list(self) -> list[Webhook]:
        async with self._database.session_scope() as session:
            return [_webhook(one) for one in await repository.endpoints(session)]

    async def get(self, endpoint_id: UUID) -> Webhook:
        async with self._database.session_scope() as session:
            return _webhook(await _endpoint(session, endpoint_id))

    async def change(self, endpoint_id: UUID, change: WebhookChange) -> Webhook:
        """What the change names; enabled again, what had waited is sent."""
        if change.url is not None:
            await self._check(change.url)
        async with self._database.session_scope() as session:
            endpoint = await _endpoint(session, endpoint_id, lock=True)
            endpoint.url = change.url if change.url is not None else endpoint.url
            endpoint.types = sorted(set(change.types)) if change.types is not None else endpoint.types
            if "description" in change.model_fields_set:
                endpoint.description = change.description
            if change.enabled is not None:
                endpoint.enabled, endpoint.disabled_reason = change.enabled, None
            endpoint.updated_at = datetime.now(UTC)
            session.ring_after_commit(self._ring)
            return _webhook(endpoint)

    async def delete(self, endpoint_id: UUID) -> None:
        async with self._database.session_scope() as session:
            endpoint = await repository.endpoint(session, endpoint_id, lock=True)
            if endpoint is not None:
                await session.delete(endpoint)

    async def secret(self, endpoint_id: UUID) -> WebhookSecret:
        async with self._database.session_scope() as session:
            return self._shown(await _endpoint(session, endpoint_id))

    async def rotate(self, endpoint_id: UUID) -> WebhookSecret:
        """A new secret; the one before signs as well for a day, so that no delivery fails meanwhile."""
        async with self._database.session_scope() as session:
            endpoint = await _endpoint(session, endpoint_id, lock=True)
            endpoint.generation += 1
            endpoint.previous_until = datetime.now(UTC) + BOTH_SECRETS
            return self._shown(endpoint)

    async def try_out(self, endpoint_id: UUID, actor: Actor) -> Delivery:
        """An event that nobody but this endpoint hears of."""
        async with self._database.session_scope() as session:
            await _enabled(session, endpoint_id)
            tried = events.NewEvent(TEST, data={"webhookId": str(endpoint_id), "sentBy": actor.user_id})
            [event_id] = await events.write(session, [tried])
            delivery_id = await repository.try_out(session, endpoint_id, event_id)
            session.ring_after_commit(self._ring)
            return await _shown_delivery(session, endpoint_id, delivery_id)

    async def deliveries(self, endpoint_id: UUID, state: State | None, before: UUID | None, limit: int) -> DeliveryPage:
        async with self._database.session_scope() as session:
            await _endpoint(session, endpoint_id)
            rows = await repository.deliveries(session, endpoint_id, state, before, limit + 1)
        shown = [_delivery(*row) for row in rows[:limit]]
        return DeliveryPage(deliveries=shown, next=shown[-1].id if len(rows) > limit else None)

    async def replay(self, endpoint_id: UUID, delivery_id: UUID) -> Delivery:
        """Send the event of a delivery once more, with the same ``webhook-id``."""
        async with self._database.session_scope() as session:
            await _enabled(session, endpoint_id)
            found = await repository.delivery(session, endpoint_id, delivery_id)
            if found is None:
                raise errors.delivery_not_found(delivery_id)
            again = await repository.send_again(session, endpoint_id, found[0].event_id)
            if again is None:
                raise errors.delivery_pending()
            session.ring_after_commit(self._ring)
            return await _shown_delivery(session, endpoint_id, again)

    async def replay_failed(self, endpoint_id: UUID, since: datetime | None) -> int:
        """Send all events since then once more that came to nothing; answers how many."""
        async with self._database.session_scope() as session:
            await _enabled(session, endpoint_id)
            session.ring_after_commit(self._ring)
            return await repository.send_failed_again(session, endpoint_id, since)

    async def _check(self, url: str) -> None:
        check_scheme(self._allowed, url)
        await self._allowed.check(url)

    async def _ring(self) -> None:
        await self._bell.ring(EventsWaiting())

    def _shown(self, endpoint: WebhookEndpoint) -> WebhookSecret:
        shown = self._secrets.shown(endpoint.id, endpoint.generation)
        return WebhookSecret(secret=shown, previous_secret_until=_still(endpoint.previous_until))


async def _endpoint(session: Session, endpoint_id: UUID, *, lock: bool = False) -> WebhookEndpoint:
    found = await repository.endpoint(session, endpoint_id, lock=lock)
    if found is None:
        raise errors.webhook_not_found(endpoint_id)
    return found


async def _enabled(session: Session, endpoint_id: UUID) -> None:
    # Locked: two who ask for the same replay get one of it.
    if not (await _endpoint(session, endpoint_id, lock=True)).enabled:
        raise errors.webhook_disabled()


async def _shown_delivery(session: Session, endpoint_id: UUID, delivery_id: UUID) -> Delivery:
    found = await repository.delivery(session, endpoint_id, delivery_id)
    assert found is not None, "it was written in this transaction"
    return _delivery(*found)


def _still(moment: datetime | None) -> datetime | None:
    return moment if moment is not None and moment > datetime.now(UTC) else None


def _webhook(row: WebhookEndpoint) -> Webhook:
    return Webhook(
        id=str(row.id),
        url=row.url,
        types=row.types,
        description=row.description,
        enabled=row.enabled,
        disabled_reason=row.disabled_reason,
        previous_secret_until=_still(row.previous_until),
        created_by=row.created_by,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _delivery(row: WebhookDelivery, kind: str) -> Delivery:
    return Delivery.model_validate(
        {
            "id": str(row.id),
            "eventId": str(row.event_id),
            "type": kind,
            "state": row.state,
            "replay": row.replay,
            "attempts": [Attempt.model_validate(one) for one in row.attempt_log],
            "nextAttemptAt": row.not_before if row.state == "pending" else None,
            "createdAt": row.created_at,
            "finishedAt": row.finished_at,
        }
    )
