"""From a clone to an environment: the way in, the locked packages, the web app, and what goes wrong with them."""

import ast
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.embedded.setup.commands import installer_problem
from deploy.embedded.setup.sync import Environment
from deploy.embedded.setup.web import Web

ROOT = Path(__file__).resolve().parents[2]
BOOTSTRAP = ROOT / "deploy" / "embedded" / "bootstrap.py"
FAKE_UV = "#!/bin/sh\nif [ \"$1\" = --version ]; then echo 'uv 9.9.9'; exit; fi\n"
pytestmark = pytest.mark.usefixtures("bare_machine")


def test_the_way_in_is_readable_to_an_old_python() -> None:
    ast.parse(BOOTSTRAP.read_text(), feature_version=(3, 6))


def old_pythons() -> list[str]:
    places = [Path.home() / ".pyenv/versions", Path("/usr/bin"), Path("/usr/local/bin"), Path("/opt")]
    found = [path for place in places for path in (*place.glob("3.*/bin/python3"), *place.glob("python3.*"))]
    return [
        str(path) for path in found if any(f"3.{old}" in str(path) for old in (6, 7, 8, 9, 10)) and "-" not in path.name
    ]


@pytest.mark.parametrize("python", old_pythons() or [None])
def test_an_old_python_is_told_in_one_sentence(python: str | None, tmp_path: Path) -> None:
    if python is None:
        pytest.skip("no Python older than 3.11 is installed here")
    done = subprocess.run(
        [python, str(BOOTSTRAP), "run"], env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("lectern: Lectern needs Python 3.11 or newer and this is 3.")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("python", old_pythons()[:1] or [None])
def test_an_old_python_hands_over_to_a_newer_one_on_path(python: str | None, tmp_path: Path) -> None:
    if python is None:
        pytest.skip("no Python older than 3.11 is installed here")
    (tmp_path / "python3.14").write_text("#!/bin/sh\nexit 127\n")  # a shim with nothing behind it
    (tmp_path / "python3.11").symlink_to(sys.executable)
    (tmp_path / "python3.14").chmod(0o755)
    done = subprocess.run(
        [python, str(BOOTSTRAP), "nonsense"],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr[:6]) == (2, "usage:")


def test_an_unreachable_registry_is_told_in_one_sentence(tmp_path: Path, copy_checkout: Callable[[Path], Path]) -> None:
    checkout = copy_checkout(tmp_path / "checkout")
    for name in ("uv.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, checkout / name)
    environment = {"PATH": "/usr/bin:/bin", "UV_DEFAULT_INDEX": "http://user:geheim@127.0.0.1:1/simple"}
    done = subprocess.run(
        [sys.executable, str(checkout / "deploy/embedded/bootstrap.py"), "run"],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("lectern: The package registry 127.0.0.1 cannot be reached")
    assert "UV_DEFAULT_INDEX" in done.stderr
    assert done.stderr.count("\n") == 1
    assert "geheim" not in done.stderr


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout, and a uv on PATH that writes down how it was called and makes an environment that looks like one."""
    path = tmp_path / "checkout"
    path.mkdir()
    (path / "uv.lock").write_text("version = 1")
    (path / "pyproject.toml").write_text("")
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "uv").write_text(
        FAKE_UV + f'echo "$@" >> {tmp_path}/calls\nenv | grep ^UV_ | sort > {tmp_path}/told\n'
        f"mkdir -p {path}/.venv/bin\nln -sf {sys.executable} {path}/.venv/bin/python\n"
    )
    (tools / "uv").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    return path


def calls(checkout: Path) -> list[str]:
    path = checkout.parent / "calls"
    return path.read_text().splitlines() if path.exists() else []


def test_the_lock_is_synced_once_and_again_when_it_changes(checkout: Path) -> None:
    def sync(*, everything: bool) -> None:
        Environment(checkout, os.environ, everything=everything).sync()

    sync(everything=False)
    sync(everything=False)
    assert calls(checkout) == [f"sync --frozen --python {sys.executable} --inexact"]
    told = (checkout.parent / "told").read_text()
    assert "UV_PYTHON_DOWNLOADS=never" in told
    assert "UV_SYSTEM_CERTS=1" in told
    sync(everything=True)
    sync(everything=False)
    assert calls(checkout)[1:] == ["sync --frozen --all-groups"], "an environment with everything serves both"
    (checkout / "uv.lock").write_text("version = 2")
    sync(everything=False)
    assert len(calls(checkout)) == 3


def test_a_mirror_gets_pinned_and_hashed_requirements(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://mirror.example/simple")
    Environment(checkout, os.environ, everything=False).sync()
    assert [call.split()[0:2] for call in calls(checkout)] == [
        ["venv", "--python"], ["export", "--frozen"], ["pip", "install"], ["pip", "install"]
    ]  # fmt: skip
    assert "--require-hashes" in calls(checkout)[2]
    assert "UV_DEFAULT_INDEX=https://mirror.example/simple" in (checkout.parent / "told").read_text()


def test_an_environment_of_another_place_is_made_anew(checkout: Path) -> None:
    (checkout / ".venv/bin").mkdir(parents=True)
    (checkout / ".venv/bin/activate").write_text("VIRTUAL_ENV=/somewhere/else/.venv")
    Environment(checkout, os.environ, everything=False).sync()
    assert not (checkout / ".venv/bin/activate").exists()


def test_without_a_home_the_caches_stay_in_the_checkout(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/nonexistent")
    Environment(checkout, os.environ, everything=False).sync()
    assert f"UV_CACHE_DIR={checkout}/.tools/uv-cache" in (checkout.parent / "told").read_text()


@pytest.mark.parametrize(
    ("said", "part"),
    [
        ("error: failed to write to file: No space left on device (os error 28)", "the disk is full"),
        ("error: Request failed after 3 retries\n  Caused by: dns error", "registry index.example cannot be reached"),
        ("npm error code ENOTFOUND", "registry index.example cannot be reached"),
        ("error: Permission denied (os error 13)", "may not write below /checkout"),
        ("error: something else", "for the reason above"),
    ],
)
def test_what_an_installer_says_becomes_a_sentence(said: str, part: str) -> None:
    assert part in str(installer_problem("Installing", said, Path("/checkout"), "index.example"))


def test_the_web_app_is_built_when_its_sources_changed(tmp_path: Path) -> None:
    """With the real Node and npm of this environment, on a package that needs nothing."""
    web = tmp_path / "web"
    (web / "src").mkdir(parents=True)
    package = {"name": "w", "version": "1.0.0", "scripts": {"build": "mkdir -p dist && cat src/a.ts >> dist/a.js"}}
    lock = {"name": "w", "version": "1.0.0", "lockfileVersion": 3, "packages": {"": {"name": "w", "version": "1.0.0"}}}
    (web / "package.json").write_text(json.dumps(package))
    (web / "package-lock.json").write_text(json.dumps(lock))
    (web / "src/a.ts").write_text("one\n")

    def build() -> str:
        Web(tmp_path, Path(sys.executable), {**os.environ, "HOME": str(tmp_path)}).build()
        return (web / "dist/a.js").read_text()

    assert build() == "one\n"
    assert build() == "one\n", "nothing changed, nothing built"
    (web / "src/a.ts").write_text("two\n")
    assert build() == "one\ntwo\n"
