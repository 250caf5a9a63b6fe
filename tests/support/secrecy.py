"""Whether anything secret stands in what a suite wrote: its logs, database, queue, scratch files, and its refusals.

Secret are JWTs (by their signatures), access tokens, API keys, path credentials, window keys and content secrets in any
of the usual spellings, and what stands in the home's secrets.env.
"""

import base64
import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

from shared.crypto import KeyRing, Wrapped, window_key
from shared.crypto.keyring import secret_context
from tests.support.running import Suite

WRITTEN = ("logs", "postgres", "valkey", "work")
"""The places of a home that a suite writes. Not ``run/`` and secrets.env, which hold secrets for their owner alone; nor
``storage/``, which holds films."""
WINDOWS = 3
"""How many keys of each film are looked for."""


def secrets_in_logs(suite: Suite) -> list[str]:
    """Beginnings of the secrets that stand in what the suite has logged so far."""
    text = suite.log_text()
    assert len(text) > 1000, "the suite logged nothing, so this would prove nothing"
    return [_shown(secret) for secret in _texts(suite) if secret in text]


def stop_and_search(suite: Suite) -> list[str]:
    """Stops a suite; what of its secrets stands where in anything it wrote, or told somebody whom it refused."""
    shown = suite.home.parent / f"{suite.home.name}-shown"
    try:
        kept = _content_keys(suite)
        _show(suite, shown)
    finally:
        suite.stop()
    (shown / "said").write_text("\n".join(suite.lines), errors="replace")
    assert (suite.home / "logs").is_dir()
    places = [shown, *(suite.home / name for name in WRITTEN if (suite.home / name).is_dir())]
    spellings = {spelling for key in kept for spelling in _spellings(key)}
    return [*_search_texts(_texts(suite) | spellings, places, shown), *_search_bytes(kept, places[1:])]


def _texts(suite: Suite) -> set[str]:
    secrets = set()
    for secret in suite.spoken:
        # A JWT's last part is what makes it good: it may not stand anywhere on its own either.
        is_jwt = secret.count(".") == 2
        secrets.add(secret.rpartition(".")[2] if is_jwt else secret)
    for value in suite.secrets().values():
        # The master key ring is written number:base64.
        number, _, key = value.rpartition(":")
        secrets |= set(_spellings(base64.b64decode(key))) if number else {value}
    return {secret for secret in secrets if len(secret) >= 16}


def _spellings(key: bytes) -> Iterable[str]:
    return key.hex(), base64.b64encode(key).decode().rstrip("="), base64.urlsafe_b64encode(key).decode().rstrip("=")


def _content_keys(suite: Suite) -> set[bytes]:
    """The content secret of every film there is, and what it opens."""
    ring = KeyRing.parse(suite.secrets()["MASTER_KEYS"])
    found = set()
    for row in suite.query("SELECT version_id, epoch, kid, nonce, wrapped FROM media.content_keys"):
        context = secret_context(str(row["version_id"]), row["epoch"])
        secret = ring.unwrap(Wrapped(row["kid"], row["nonce"], row["wrapped"]), context)
        found |= {secret, *(window_key(secret, window) for window in range(WINDOWS))}
    return found


def _show(suite: Suite, folder: Path) -> None:
    """Writes what only a living suite shows: every row as text, command lines, and the refusals it gave."""
    folder.mkdir()
    tables = suite.query(
        "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables"
        " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    )
    assert len(tables) > 10
    for table in tables:
        rows = suite.query(f"SELECT t::text AS row FROM {table['name']} t")
        (folder / table["name"]).write_text("\n".join(row["row"] for row in rows), errors="replace")
    commands = [" ".join(process.cmdline()) for process in suite.processes()]
    assert len(commands) > 5
    (folder / "command-lines").write_text("\n".join(commands), errors="replace")
    (folder / "refusals").write_text("\n".join(suite.refusals), errors="replace")


def _search_texts(secrets: set[str], places: list[Path], folder: Path) -> list[str]:
    patterns = folder.with_name(f"{folder.name}-patterns")
    patterns.write_text("\n".join(secrets))
    command = ["grep", "-r", "-a", "-o", "-F", "-f", str(patterns), *map(str, places)]
    found = subprocess.run(command, capture_output=True, env={**os.environ, "LC_ALL": "C"}, timeout=300, check=False)
    assert found.returncode in (0, 1), found.stderr.decode(errors="replace")
    patterns.unlink()
    lines = (line.rpartition(":") for line in found.stdout.decode(errors="replace").splitlines())
    return sorted({f"{_shown(secret)} in {place}" for place, _, secret in lines})


def _search_bytes(keys: set[bytes], places: list[Path]) -> list[str]:
    """Keys as they are, in files that are no text: in hexadecimal, grep finds them whatever bytes they have."""
    found: list[str] = []
    if not keys:
        return found
    for place in places:
        with subprocess.Popen(
            ["grep", "-o", "-F", *(f"-e{key.hex()}" for key in keys)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "LC_ALL": "C"},
        ) as grep:
            assert grep.stdin is not None
            assert grep.stdout is not None
            for path in place.rglob("*"):
                if path.is_file() and not path.is_symlink():
                    grep.stdin.write(path.read_bytes().hex().encode() + b"\n")
            grep.stdin.close()
            found += [f"{_shown(line.decode())} in {place}, in bytes" for line in set(grep.stdout.read().split())]
    return found


def _shown(secret: str) -> str:
    return f"{secret[:6]}... ({len(secret)} characters)"
