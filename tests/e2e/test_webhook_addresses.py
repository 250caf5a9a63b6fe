"""Where an operator named no exceptions, webhooks reach nobody inside: by number, by name, or by a name that changed."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.clients import Platform, good, refused
from tests.support.patience import until
from tests.support.receiver import Receiver
from tests.support.running import Suite

WEBHOOKS = "/api/admin/webhooks"


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with Receiver() as server, server.serving():
        yield server


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "127.1", "2130706433"])
def test_no_webhook_is_made_for_an_address_inside(platform: Platform, receiver: Receiver, host: str) -> None:
    url = f"https://{host}:{receiver.server_port}/hook"
    assert refused(platform.admin.post(WEBHOOKS, json={"url": url}), 422, "address_refused")["field"] == "url"
    assert url not in [one["url"] for one in good(platform.admin.get(WEBHOOKS))["webhooks"]]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_an_attempt_looks_at_the_address_as_well(
    suite: Suite, platform: Platform, receiver: Receiver, host: str
) -> None:
    """As where the name led to the world when the webhook was made, and leads inside now."""
    hook = str(uuid.uuid4())
    make = "INSERT INTO analytics.webhook_endpoints (id, url, types, created_by) VALUES ($1::text::uuid, $2, '{video.deleted}', 'me')"
    suite.query(make, hook, f"https://{host}:{receiver.server_port}/hook")
    good(platform.admin.post(f"{WEBHOOKS}/{hook}/test"), 202)

    def attempts() -> Any:
        [delivery] = good(platform.admin.get(f"{WEBHOOKS}/{hook}/deliveries"))["deliveries"]
        return delivery["attempts"]

    first = until(attempts, "an attempt")[0]
    assert (first["status"], "is no public address" in first["problem"]) == (None, True)
    good(platform.admin.delete(f"{WEBHOOKS}/{hook}"), 204)
    assert receiver.asked == []
