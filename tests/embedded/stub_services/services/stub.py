"""A service that answers what the supervisor asks, and tells what it was told."""

import json
import os
import subprocess
import sys
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HOME = Path(os.environ["LECTERN_SUPERVISED"])


def refuse_if_asked(name: str) -> None:
    """Tests break a service by writing its name to HOME/break."""
    broken = HOME / "break"
    if broken.exists() and name in broken.read_text().split():
        sys.exit(f"{name} was broken by the test")


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/health/live":
            self._answer(200, {"status": "ok"})
        elif self.path == "/health/ready":
            checks = {name: self._state(url) for name, url in os.environ.items() if name in INNER}
            self._answer(200 if set(checks.values()) <= {"ok"} else 503, {"checks": checks})
        elif self.path == "/environment":
            self._answer(200, dict(os.environ))
        elif self.path.startswith("/at/"):
            with urllib.request.urlopen(os.environ[self.path[4:] + "_URL"] + "/environment", timeout=10) as answer:
                self._answer(200, json.loads(answer.read()))
        else:
            self._answer(404, {})

    def _state(self, url: str) -> str:
        try:
            with urllib.request.urlopen(url + "/health/live", timeout=5) as answer:
                return "ok" if answer.status == 200 else "down"
        except OSError:
            return "down"

    def _answer(self, status: int, document: object) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


INNER = ("MEDIA_URL", "TRANSCODER_URL", "PROGRESS_URL")


def serve(name: str) -> None:
    refuse_if_asked(name)
    address = (os.environ["LISTEN_HOST"], int(os.environ["LISTEN_PORT"]))
    ThreadingHTTPServer(address, Handler).serve_forever()


def work(name: str) -> None:
    """Like a worker that has an encoder running in a session of its own, where no signal to a group finds it."""
    refuse_if_asked(name)
    (HOME / f"{name}.json").write_text(json.dumps(dict(os.environ)))
    subprocess.run(["sleep", "86400"], start_new_session=True, check=False)
