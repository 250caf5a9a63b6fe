"""Where an S3 server is, and how patient its client; known without the client, whose import takes a while."""

import random
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Settings:
    """Where an S3 server is and who we are there.

    `endpoint_url` None means AWS in `region`; Cloudflare R2 is `https://<account>.r2.cloudflarestorage.com` with
    region `auto`. `public_endpoint_url` is the same server as browsers reach it, for presigned URLs, where that
    differs. `path_style` None: `endpoint/bucket/key` at an own endpoint, `bucket.host/key` at AWS.
    """

    access_key_id: str
    secret_access_key: str = field(repr=False)
    region: str = "auto"
    endpoint_url: str | None = None
    public_endpoint_url: str | None = None
    path_style: bool | None = None
    proxy_url: str | None = None


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a failed call is repeated. The defaults outlast an outage of some ten seconds.

    The pause before try n+1 is a random 50-100 % of `first * 2**n` seconds, at most `longest`.
    """

    tries: int = 8
    first: float = 0.25
    longest: float = 5.0

    def pause(self, failed: int) -> float:
        # Jitter, so that clients turned away together do not come back together.
        return random.uniform(0.5, 1.0) * min(self.longest, self.first * float(2**failed))  # noqa: S311
