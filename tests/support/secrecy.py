"""Whether anything secret stands in a log."""

import base64

from tests.support.running import Suite


def secrets_in_logs(suite: Suite) -> list[str]:
    """Beginnings of the secrets that stand in what the suite logged: spoken ones, and those of its own home."""
    text = suite.log_text()
    assert len(text) > 1000, "the suite logged nothing, so this would prove nothing"
    secrets = set(suite.spoken)
    for value in suite.secrets().values():
        # The master key ring is written number:base64.
        number, _, key = value.rpartition(":")
        secrets |= {key, base64.b64decode(key).hex()} if number else {value}
    return [f"{secret[:6]}... ({len(secret)} characters)" for secret in secrets if _stands(secret, text)]


def _stands(secret: str, text: str) -> bool:
    # A JWT's last part, its signature, is what makes it good: it may not stand there on its own either.
    signature = secret.rpartition(".")[2] if secret.count(".") == 2 else ""
    return secret in text or bool(signature and signature in text)
