"""Why a webhook is not made, shown or sent."""

from uuid import UUID

from shared.http import Problem
from shared.http.addresses import Refusals

ADDRESSES = Refusals("Webhooks can not be sent to this address", "WEBHOOK_ALLOW")


def webhook_not_found(endpoint_id: UUID) -> Problem:
    return Problem(404, "webhook_not_found", f"There is no webhook {endpoint_id}. GET /api/admin/webhooks lists them.")


def delivery_not_found(delivery_id: UUID) -> Problem:
    return Problem(404, "delivery_not_found", f"This webhook has no delivery {delivery_id}, or none any more.")


def webhook_disabled() -> Problem:
    return Problem(409, "webhook_disabled", "This webhook is disabled. Enable it first: PATCH it with enabled true.")


def delivery_pending() -> Problem:
    return Problem(
        409, "delivery_pending", "This event is on its way to the webhook already, and is tried again by itself."
    )


def too_many_webhooks(most: int) -> Problem:
    return Problem(409, "too_many_webhooks", f"There are {most} webhooks already. Delete one that nobody needs.")
