"""Whether this container's service answers: `python healthcheck.py`, exit code 0 or 1. Nothing but the standard library.

Asked is `/health/live`, not `/health/ready`: a service that waits for Postgres is alive, and restarting it helps nobody.
"""

import os
import sys
import urllib.request

# Without proxies: Docker may put HTTP_PROXY into every container, and no proxy knows our loopback.
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
try:
    with opener.open(f"http://127.0.0.1:{os.environ['LISTEN_PORT']}/health/live", timeout=3) as answer:
        sys.exit(0 if answer.status == 200 else 1)
except OSError as error:
    print(f"not alive: {error}", file=sys.stderr)
    sys.exit(1)
