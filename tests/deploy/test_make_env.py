"""The script that makes the secrets of an installation."""

import os
import re
import stat
import subprocess
from pathlib import Path

from deploy.embedded.settings import load_settings
from shared.crypto import KeyRing
from tests.deploy.test_compose import SECRET, THEIRS, USED
from tests.support.running import ROOT

SCRIPT = ROOT / "deploy" / "docker" / "make-env.sh"


def run(target: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["sh", SCRIPT, target], capture_output=True, text=True, timeout=30, check=False)


def read(target: Path) -> dict[str, str]:
    lines = [line for line in target.read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def test_it_writes_every_secret_that_compose_asks_for_and_no_other(tmp_path: Path) -> None:
    target = tmp_path / ".env"
    made = run(target)
    assert made.returncode == 0, made.stderr
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == [".env"]
    asked = {name for name, _ in USED.findall((ROOT / "docker-compose.yml").read_text()) if SECRET.search(name)}
    assert set(read(target)) == asked - THEIRS | {"STACK_PUBLISH"}


def test_the_secrets_have_the_form_their_readers_want(tmp_path: Path) -> None:
    run(tmp_path / ".env")
    found = read(tmp_path / ".env")
    KeyRing.parse(found.pop("STACK_MASTER_KEYS"))
    del found["STACK_PUBLISH"]
    for name, value in found.items():
        form = r"GK[0-9a-f]{24}" if name.endswith("_KEY_ID") else r"[0-9a-f]{64}"
        assert re.fullmatch(form, value), name
    assert len(set(found.values())) == len(found)


def test_it_never_replaces_what_is_there(tmp_path: Path) -> None:
    target = tmp_path / ".env"
    run(target)
    before = target.read_text()
    again = run(target)
    assert again.returncode == 1
    assert "left as it is" in again.stderr
    assert target.read_text() == before
    assert os.listdir(tmp_path) == [".env"]


def test_what_is_new_is_added_to_what_an_older_one_wrote(tmp_path: Path) -> None:
    target = tmp_path / ".env"
    run(target)
    whole = target.read_text()
    older = "".join(line for line in whole.splitlines(keepends=True) if "WEBHOOK" not in line).rstrip() + "\n"
    target.write_text(older)
    added = run(target)
    assert added.returncode == 0, added.stderr
    assert target.read_text().startswith(older)
    assert re.fullmatch(r"[0-9a-f]{64}", read(target)["STACK_WEBHOOK_SECRET_KEY"])
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    # And only once.
    before = target.read_text()
    assert run(target).returncode == 1
    assert target.read_text() == before


def test_where_it_cannot_write_it_says_so(tmp_path: Path) -> None:
    refused = run(tmp_path / "nowhere" / ".env")
    assert refused.returncode == 1
    assert "cannot be written" in refused.stderr


def test_make_run_beside_it_takes_nothing_for_its_own(tmp_path: Path) -> None:
    """`make run` reads the same .env: with these master keys it could not open the films of its own home."""
    run(tmp_path / ".env")
    ours = {name for name in load_settings({}, checkout=tmp_path).given if not name.startswith("STACK_")}
    assert not ours
