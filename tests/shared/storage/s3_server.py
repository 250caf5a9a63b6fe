"""A real S3 server for tests: OpenStack Swift with its s3api filter, as four processes on free loopback ports.

    with running_s3_server(tmp_path) as server:
        server.create_bucket("lectern")
        store = S3Store("lectern", server.settings)

Swift checks signatures, expiry, checksums, part sizes and ranges as S3 does, which mocks do not. It needs no root, but
extended attributes under `tmp`: ask `xattrs_work(tmp)` first. `max_listing` keeps its pages short, so that paging
is met by every test that lists.
"""

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import botocore.session
from botocore.config import Config

from shared.storage import S3Settings

_START_SECONDS = 60
_BACKENDS = ("account", "container", "object")
# In a process of its own: swift brings eventlet, whose hub takes over the locks of any process that imports it.
_RING = """
import sys
from swift.common.ring import RingBuilder
builder = RingBuilder(part_power=2, replicas=1, min_part_hours=0)
device = {"region": 1, "zone": 1, "weight": 1.0, "ip": "127.0.0.1", "port": int(sys.argv[1]), "device": "disk"}
builder.add_dev(device)
builder.rebalance(seed="lectern")
builder.get_ring().save(sys.argv[2])
"""
# Swift wants to become another user after it has bound its port; here it stays who started it.
_RUN = (
    "import swift.common.wsgi as w; w.drop_privileges = lambda user: None; from swift.{role}.server import main; main()"
)

_SWIFT_CONF = """[swift-hash]
swift_hash_path_prefix = lectern
swift_hash_path_suffix = tests
"""

_COMMON = """[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
workers = 0
swift_dir = {base}
log_level = WARNING
"""

_BACKEND = """devices = {base}/devices
mount_check = false
disable_fallocate = true
fallocate_reserve = 0
db_preallocation = off

[pipeline:main]
pipeline = healthcheck {role}-server

[app:{role}-server]
use = egg:swift#{role}
recon_cache_path = {base}/recon

[filter:healthcheck]
use = egg:swift#healthcheck
"""

_PROXY = """cors_allow_origin = {browsers_from}
strict_cors_mode = true

[pipeline:main]
pipeline = catch_errors healthcheck listing_formats bulk s3api tempauth slo dlo proxy-server

[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true

[filter:catch_errors]
use = egg:swift#catch_errors

[filter:healthcheck]
use = egg:swift#healthcheck

[filter:listing_formats]
use = egg:swift#listing_formats

[filter:bulk]
use = egg:swift#bulk

[filter:s3api]
use = egg:swift#s3api
location = us-east-1
dns_compliant_bucket_names = true
cors_preflight_allow_origin = {browsers_from}
max_upload_part_num = 10000
max_bucket_listing = {max_listing}
max_parts_listing = {max_listing}

[filter:tempauth]
use = egg:swift#tempauth
user_lectern_tests = {secret} .admin
user_lectern_guest = {secret}

[filter:slo]
use = egg:swift#slo
max_manifest_segments = 10000

[filter:dlo]
use = egg:swift#dlo
"""


GUEST = "lectern:guest"
"""A key with the secret of the other one, and no rights to anything."""


@dataclass(frozen=True)
class S3Server:
    settings: S3Settings
    host: str
    port: int

    def create_bucket(self, name: str) -> None:
        self.client().create_bucket(Bucket=name)

    def publish(self, name: str) -> str:
        """Let everybody read the bucket's objects, as one does with a public one; the address to read them at."""
        self.client().put_bucket_acl(Bucket=name, ACL="public-read")
        # Swift's own door: by S3's nobody comes in without a key.
        return f"{self.settings.endpoint_url}/v1/AUTH_lectern/{name}"

    def client(self) -> Any:
        return botocore.session.get_session().create_client(
            "s3",
            endpoint_url=self.settings.endpoint_url,
            region_name=self.settings.region,
            aws_access_key_id=self.settings.access_key_id,
            aws_secret_access_key=self.settings.secret_access_key,
            config=Config(s3={"addressing_style": "path"}, request_checksum_calculation="when_required"),
        )


@contextlib.contextmanager
def running_s3_server(tmp: Path, *, max_listing: int = 1000, browsers_from: str = "") -> Iterator[S3Server]:
    """Start the server with its data under `tmp`, and stop it at the end. Pages of `browsers_from` may use it."""
    base = tmp / "swift"
    (base / "devices" / "disk").mkdir(parents=True)
    (base / "recon").mkdir()
    ports = dict(zip((*_BACKENDS, "proxy"), free_ports(len(_BACKENDS) + 1), strict=True))
    secret = os.urandom(16).hex()
    _configure(base, ports, secret, max_listing, browsers_from)
    with contextlib.ExitStack() as stack:
        processes = {role: stack.enter_context(_process(role, base)) for role in ports}
        for role, process in processes.items():
            _wait_until_healthy(role, ports[role], process, base / f"{role}.log")
        settings = S3Settings(
            endpoint_url=f"http://127.0.0.1:{ports['proxy']}",
            region="us-east-1",
            access_key_id="lectern:tests",
            secret_access_key=secret,
        )
        yield S3Server(settings, "127.0.0.1", ports["proxy"])


def xattrs_work(folder: Path) -> bool:
    """Whether files in this folder can carry the extended attributes Swift keeps its metadata in."""
    probe = folder / "xattr-probe"
    probe.touch()
    try:
        os.setxattr(probe, "user.swift.metadata", b"probe")
    except OSError:
        return False
    finally:
        probe.unlink()
    return True


def _configure(base: Path, ports: dict[str, int], secret: str, max_listing: int, browsers_from: str) -> None:
    (base / "swift.conf").write_text(_SWIFT_CONF)
    for role in _BACKENDS:
        ring = [sys.executable, "-c", _RING, str(ports[role]), str(base / f"{role}.ring.gz")]
        subprocess.run(ring, check=True, stdin=subprocess.DEVNULL, capture_output=True)
    for role, port in ports.items():
        rest = _PROXY if role == "proxy" else _BACKEND
        values = {"secret": secret, "max_listing": max_listing, "browsers_from": browsers_from}
        text = (_COMMON + rest).format(role=role, port=port, base=base, **values)
        (base / f"{role}.conf").write_text(text)


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        # All held at once, so that they differ.
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for held in sockets:
            held.bind(("127.0.0.1", 0))
        return [held.getsockname()[1] for held in sockets]


@contextlib.contextmanager
def _process(role: str, base: Path) -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-c", _RUN.format(role=role.replace("object", "obj")), str(base / f"{role}.conf"), "-v"]
    with (base / f"{role}.log").open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def _wait_until_healthy(role: str, port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("GET", "/healthcheck")
            if connection.getresponse().status == 200:
                return
        # Waiting for the process is the pause between two looks, and ends at once if it dies.
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.05)
            break
    raise RuntimeError(f"Swift's {role} server did not come up:\n{log.read_text()[-2000:]}")
