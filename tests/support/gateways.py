"""More gateways beside a suite's own, as a load balancer would have them: the same database, a process of its own."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from tests.support.patience import until
from tests.support.running import ROOT, Suite, free_port

GATEWAY = "services.gateway"


@contextmanager
def another_gateway(suite: Suite, **settings: str) -> Iterator[str]:
    """The address of one more gateway, told what the suite's own is told and ``settings``; it lives within the block.

    What it says stands among the suite's logs.
    """
    port = free_port()
    own = suite.process(GATEWAY).environ()
    environment = {name: value for name, value in own.items() if name != "LECTERN_SUPERVISED"}
    with (suite.home / "logs" / f"gateway-{port}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", GATEWAY],
            cwd=ROOT,
            env={**environment, "LISTEN_PORT": str(port), **settings},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    url = f"http://127.0.0.1:{port}"

    def lives() -> bool:
        assert process.poll() is None, f"the other gateway ended with {process.returncode}"
        try:
            return httpx.get(f"{url}/health/live", timeout=30).is_success
        except httpx.TransportError:
            return False

    try:
        until(lives, "another gateway to listen")
        yield url
    finally:
        process.terminate()
        process.wait(timeout=60)
