"""Whether anything secret stands in a log."""

import base64

from tests.support.running import Suite


def secrets_in_logs(suite: Suite) -> list[str]:
    """Beginnings of the secrets that stand in what the suite logged: spoken ones, and those of its own home."""
    text = suite.log_text()
    assert len(text) > 1000, "the suite logged nothing, so this would prove nothing"
    secrets = set(suite.spoken)
    for value in suite.secrets().values():
        if value.startswith("1:"):
            value = value.removeprefix("1:")
            secrets |= {base64.b64decode(value).hex(), base64.b64decode(value).hex().upper()}
        secrets.add(value)
    found = []
    for secret in secrets:
        # A JWT's last part, its signature, is what makes it good: it may not stand there on its own either.
        if secret in text or (secret.count(".") == 2 and secret.rsplit(".", 1)[1] in text):
            found.append(f"{secret[:6]}... ({len(secret)} characters)")
    return found
