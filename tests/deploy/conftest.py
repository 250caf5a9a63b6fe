"""Each test has its own nginx, started in some ten milliseconds."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.deploy import edge
from tests.support.running import free_port


@dataclass
class Running:
    """An nginx and what stands behind it: a gateway, and either a public root on disk or an S3 server's open door."""

    nginx: edge.Edge
    gateway: edge.Upstream
    objects: edge.Upstream
    public: Path
    client: httpx.Client


@contextmanager
def _running(tmp_path: Path, site: Callable[[Running], str]) -> Iterator[Running]:
    if edge.NGINX is None:
        pytest.skip("nginx is not installed here, so its configuration cannot be tried (Debian: nginx-light)")
    port = free_port()
    nginx = edge.Edge(tmp_path / "nginx", port)
    public = tmp_path / "films" / "public"
    public.mkdir(parents=True)
    # verify=False: nothing here speaks TLS, and reading the certificates takes longer than starting nginx.
    address = f"http://127.0.0.1:{port}"
    with httpx.Client(base_url=address, timeout=edge.PATIENCE, trust_env=False, verify=False) as client:
        running = Running(nginx, edge.Upstream(), edge.Upstream(), public, client)
        try:
            nginx.configure(site(running))
            checked = nginx.check()
            assert checked.returncode == 0, checked.stderr
            nginx.start()
            yield running
        finally:
            nginx.stop()
            running.gateway.close()
            running.objects.close()


@pytest.fixture
def on_disk(tmp_path: Path) -> Iterator[Running]:
    """nginx in front of a gateway whose films lie on the disk."""
    with _running(tmp_path, lambda run: edge.disk_site(run.nginx, run.gateway.port, run.public)) as running:
        yield running


@pytest.fixture
def on_buckets(tmp_path: Path) -> Iterator[Running]:
    """nginx as in docker-compose.yml."""
    with _running(tmp_path, lambda run: edge.bucket_site(run.nginx, run.gateway.port, run.objects.port)) as running:
        yield running


@pytest.fixture
def on_cdn(tmp_path: Path) -> Iterator[Running]:
    """An edge with a name of its own, before a bucket."""

    def site(run: Running) -> str:
        run.objects.gives_parts = True
        return edge.cdn_site(run.nginx, f"http://127.0.0.1:{run.objects.port}")

    with _running(tmp_path, site) as running:
        yield running


@pytest.fixture(params=["on_disk", "on_buckets"])
def either(request: pytest.FixtureRequest) -> Running:
    """What has to hold for both."""
    running: Running = request.getfixturevalue(request.param)
    return running
