"""A real nginx on loopback with our configuration, and a small gateway behind it that tells what reached it."""

import hashlib
import json
import os
import queue
import re
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.support.patience import until
from tests.support.running import ROOT, free_port

CONFIGURATION = ROOT / "deploy" / "nginx"
SHARED = ("http.conf", "server.conf", "public-headers.conf")
PATIENCE = 30.0

NGINX = shutil.which("nginx", path=os.environ.get("PATH", os.defpath) + ":/usr/sbin:/usr/local/sbin")

# As Debian's main file has it: what our own files set beside it must not be an error for being there twice.
MAIN = """
{user}
daemon off;
worker_processes 1;
pid {prefix}/nginx.pid;
error_log {prefix}/error.log info;
events {{ worker_connections 256; }}
http {{
    sendfile on;
    tcp_nopush on;
    types_hash_max_size 2048;
    gzip on;
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    access_log {prefix}/access.log;
    client_body_temp_path {prefix}/body;
    proxy_temp_path {prefix}/proxy;
    fastcgi_temp_path {prefix}/fastcgi;
    uwsgi_temp_path {prefix}/uwsgi;
    scgi_temp_path {prefix}/scgi;
    include site.conf;
}}
"""


def listens(port: int) -> bool:
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex(("127.0.0.1", port)) == 0


def exactly_replaced(text: str, changes: dict[str, str]) -> str:
    """Every name has to be there: a configuration that no longer says it would be tested as something else."""
    for old, new in changes.items():
        assert old in text, f"the configuration no longer says {old!r}"
        text = text.replace(old, new)
    return text


def disk_site(nginx: "Edge", gateway: int, public: Path) -> str:
    """lectern-disk.conf, with what an operator changes changed."""
    return exactly_replaced(
        (CONFIGURATION / "lectern-disk.conf").read_text(),
        {
            "listen 80 default_server": f"listen 127.0.0.1:{nginx.port} default_server",
            "server 127.0.0.1:8000;": f"server 127.0.0.1:{gateway};",
            "/srv/lectern/public": str(public),
            "/srv/lectern/private": str(public.parent / "private"),
            "/var/log/nginx/lectern.log": str(nginx.prefix / "lectern.log"),
        },
    )


def bucket_site(nginx: "Edge", gateway: int, objects: int) -> str:
    """lectern.conf as the container's entry point fills it in.

    Names that are resolved while it runs need nginx 1.27.3; the addresses here are fixed, so an older one may do.
    """
    site = (CONFIGURATION / "lectern.conf").read_text()
    values = {
        "NGINX_LOCAL_RESOLVERS": "127.0.0.1",
        "LECTERN_LISTEN": f"127.0.0.1:{nginx.port}",
        "LECTERN_GATEWAY": f"127.0.0.1:{gateway}",
        "LECTERN_OBJECTS": f"127.0.0.1:{objects}",
        "LECTERN_PUBLIC_BUCKET_HOST": "lectern-public.public.internal",
        "LECTERN_CACHE": str(nginx.prefix / "cache"),
        "LECTERN_CACHE_SIZE": "100m",
    }
    site = re.sub(r"\$\{([A-Z_0-9]+)\}", lambda found: values[found.group(1)], site.replace("${NAMES}", ""))
    log = f"server_name _;\naccess_log {nginx.prefix}/lectern.log lectern;"
    return exactly_replaced(site, {" resolve;": ";", "server_name _;": log})


def cdn_site(nginx: "Edge", origin: str) -> str:
    """deploy/cdn/nginx-edge.conf before the public objects at ``origin``, with what an operator changes changed."""
    return exactly_replaced(
        (ROOT / "deploy" / "cdn" / "nginx-edge.conf").read_text(),
        {
            "listen 80 default_server": f"listen 127.0.0.1:{nginx.port} default_server",
            "https://lectern-public.s3.eu-central-1.amazonaws.com": origin,
            "/var/cache/nginx/lectern": str(nginx.prefix / "cache"),
            "/var/log/nginx/lectern-edge.log": str(nginx.prefix / "lectern.log"),
            "resolver 127.0.0.53": "resolver 127.0.0.1",
        },
    )


@dataclass
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, list[str]]
    body_bytes: int
    body_sha256: str


def _part(asked: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
    first, last = (int(place) for place in asked.removeprefix("bytes=").split("-"))
    part = body[first : last + 1]
    return 206, {**headers, "Content-Range": f"bytes {first}-{first + len(part) - 1}/{len(body)}"}, part


@dataclass
class Upstream:
    """A stand-in for the gateway or for S3. It answers what `answers` says of a path, else 200 and JSON."""

    answers: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    body_begun: threading.Event = field(default_factory=threading.Event)
    events: dict[str, "queue.Queue[bytes]"] = field(default_factory=dict)
    gives_parts: bool = False
    """Whether it answers a Range of what it has, as S3 does."""

    def __post_init__(self) -> None:
        upstream = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                size, digest = self._body()
                headers = {name.lower(): self.headers.get_all(name, []) for name in self.headers}
                upstream.seen.append(Seen(self.command, self.path, headers, size, digest))
                if self.path in upstream.events:
                    self._stream(upstream.events[self.path])
                    return
                status, extra, body = upstream.answers.get(self.path.partition("?")[0], (200, {}, b'{"fine":true}'))
                if upstream.gives_parts and status == 200 and "Range" in self.headers:
                    status, extra, body = _part(self.headers["Range"], extra, body)
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", **extra}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_GET = do_HEAD = do_POST = do_PUT = answer

            def _body(self) -> tuple[int, str]:
                left, size, digest = int(self.headers.get("Content-Length", 0)), 0, hashlib.sha256()
                while left and (piece := self.rfile.read1(min(left, 65536))):
                    upstream.body_begun.set()
                    digest.update(piece)
                    size, left = size + len(piece), left - len(piece)
                return size, digest.hexdigest()

            def _stream(self, events: "queue.Queue[bytes]") -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.send_header("Connection", "close")
                self.end_headers()
                while event := events.get():
                    self.wfile.write(event)
                self.close_connection = True

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def last(self) -> Seen:
        return self.seen[-1]

    @contextmanager
    def streaming(self, path: str) -> Iterator[Callable[[bytes], None]]:
        """`path` answers with an endless stream of what is given to the function, until the block ends."""
        events = self.events[path] = queue.Queue()
        try:
            yield events.put
        finally:
            events.put(b"")

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Edge:
    """nginx with one site, under the account of the tests and below a prefix of its own."""

    def __init__(self, prefix: Path, port: int) -> None:
        self.prefix, self.port = prefix, port
        self._process: subprocess.Popen[bytes] | None = None

    def configure(self, site: str) -> None:
        self.prefix.mkdir()
        for name in SHARED:
            shutil.copy(CONFIGURATION / name, self.prefix / name)
        (self.prefix / "site.conf").write_text(site)
        # As root nginx would hand its workers to nobody, who may not look into the tests' directories.
        user = "user root;" if os.geteuid() == 0 else ""
        (self.prefix / "nginx.conf").write_text(MAIN.format(prefix=self.prefix, user=user))

    def _command(self, *more: str) -> list[str]:
        assert NGINX is not None
        log = str(self.prefix / "error.log")
        return [NGINX, "-p", str(self.prefix), "-c", str(self.prefix / "nginx.conf"), "-e", log, *more]

    def check(self) -> subprocess.CompletedProcess[str]:
        """`nginx -t`."""
        return subprocess.run(self._command("-t"), capture_output=True, text=True, timeout=PATIENCE, check=False)

    def start(self) -> None:
        process = self._process = subprocess.Popen(self._command())
        until(lambda: process.poll() is not None or listens(self.port), "nginx listens")
        assert process.poll() is None, (self.prefix / "error.log").read_text()

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(PATIENCE)

    def lines(self, count: int) -> list[dict[str, str]]:
        """The access log, once it has so many lines: a line is written after its answer was sent."""
        log = self.prefix / "lectern.log"
        until(
            lambda: not count or (log.exists() and len(log.read_text().splitlines()) >= count),
            f"{count} lines in the access log",
        )
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []

    def all_logs(self) -> str:
        return "".join(file.read_text() for file in self.prefix.glob("*.log"))


@contextmanager
def public_address(origin: str, folder: Path) -> Iterator[str]:
    """Where browsers fetch the public bucket: deploy/cdn's nginx before it, or the bucket itself where there is none."""
    if NGINX is None:
        yield origin
        return
    nginx = Edge(folder / "edge", free_port())
    nginx.configure(cdn_site(nginx, origin))
    nginx.start()
    try:
        yield f"http://127.0.0.1:{nginx.port}"
    finally:
        nginx.stop()
