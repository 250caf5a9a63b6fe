"""Webhooks as admins ask for them and see them."""

from typing import Annotated, Literal

from pydantic import Field

from services.progress.events.types import EventType
from shared.contracts.model import Document, Moment, Text

MOST = 500
State = Literal["pending", "delivered", "failed"]
Url = Annotated[Text, Field(min_length=1, max_length=4096)]
Types = Annotated[list[EventType], Field(max_length=100)]
Description = Annotated[Text, Field(max_length=1000)]


class NewWebhook(Document):
    url: Url
    types: Types = Field(default_factory=list)
    """Empty for all, those that come later too."""
    description: Description | None = None


class WebhookChange(Document):
    """What is not named stays as it is."""

    url: Url | None = None
    types: Types | None = None
    description: Description | None = None
    enabled: bool | None = None


class Webhook(Document):
    id: str
    url: str
    types: list[str]
    description: str | None
    enabled: bool
    disabled_reason: str | None
    previous_secret_until: Moment | None
    """Until then deliveries are signed with the secret before the last rotation as well."""
    created_by: str
    created_at: Moment
    updated_at: Moment


class MadeWebhook(Webhook):
    secret: str


class WebhookList(Document):
    webhooks: list[Webhook]


class WebhookSecret(Document):
    secret: str
    previous_secret_until: Moment | None


class Attempt(Document):
    at: Moment
    status: int | None
    problem: str | None
    answer: str | None
    """How the body of the answer begins."""
    duration_ms: int


class Delivery(Document):
    id: str
    event_id: str
    type: str
    state: State
    replay: int
    """0 for the first delivery of its event to this webhook, 1 for its first replay."""
    attempts: list[Attempt]
    next_attempt_at: Moment | None
    created_at: Moment
    finished_at: Moment | None


class DeliveryPage(Document):
    """The newest first; ``next`` goes into ``before`` and is null on the last page."""

    deliveries: list[Delivery]
    next: str | None


class Replayed(Document):
    replayed: int
