"""What providers of storage charge by their price lists, as data.

Read from stored copies of the providers' pages on the day that ``AS_OF`` names. Prices of S3 are those of US East
(N. Virginia), of CloudFront those of North America and Europe; other regions cost up to half as much again. Taxes,
discounts and contracts are left out. A GB is 10^9 bytes and a month is 730 hours; where a provider means 2^30 bytes, its
bill is at most 7 % lower.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal

AS_OF = date(2026, 11, 26)
R2_PAGE = "https://developers.cloudflare.com/r2/pricing/"
S3_PAGE = "https://aws.amazon.com/s3/pricing/"
CLOUDFRONT_PAGE = "https://aws.amazon.com/cloudfront/pricing/"

ProviderName = Literal["r2", "s3_cloudfront", "s3", "local"]
PROVIDERS: tuple[ProviderName, ...] = ("r2", "s3_cloudfront", "s3", "local")


@dataclass(frozen=True)
class Rate:
    """What one thing costs. ``steps`` are (units up to which, US dollars a unit), the last of them without an end;
    the first ``free`` units of a month cost nothing."""

    unit: str
    steps: tuple[tuple[float, float], ...]
    free: float = 0.0
    page: str = ""

    def cost(self, units: float, *, free: bool = True) -> float:
        """US dollars for ``units`` in a month, each at the price of the step that it falls into."""
        start = self.free if free else 0.0
        dollars, below = 0.0, 0.0
        for up_to, price in self.steps:
            dollars += max(0.0, min(units, up_to) - max(start, below)) * price
            below = up_to
        return dollars


ENDLESS = float("inf")


def flat(unit: str, price: float, page: str = "", free: float = 0.0) -> Rate:
    return Rate(unit, ((ENDLESS, price),), free, page)


@dataclass(frozen=True)
class Prices:
    """One provider's. ``writes``, ``reads``: per operation on the store; ``requests``: per request that a CDN of the
    provider's answers, None where viewers ask the store itself."""

    storage: Rate
    writes: Rate
    reads: Rate
    egress: Rate
    requests: Rate | None = None
    caches: bool = True
    """Whether a cache stands in front of the store, so that few of the viewers' requests are reads."""


_S3_STORAGE = Rate("GB-month", ((50_000, 0.023), (500_000, 0.022), (ENDLESS, 0.021)), page=S3_PAGE)
_S3_WRITES = flat("PUT", 0.005 / 1000, S3_PAGE)
_S3_READS = flat("GET", 0.0004 / 1000, S3_PAGE)

R2 = Prices(
    storage=flat("GB-month", 0.015, R2_PAGE, free=10),
    writes=flat("class A operation", 4.50 / 1e6, R2_PAGE, free=1e6),
    reads=flat("class B operation", 0.36 / 1e6, R2_PAGE, free=10e6),
    egress=flat("GB", 0.0, R2_PAGE),
)
S3_CLOUDFRONT = Prices(
    storage=_S3_STORAGE,
    writes=_S3_WRITES,
    reads=_S3_READS,
    egress=Rate(
        "GB",
        (
            (10_000, 0.085),
            (50_000, 0.080),
            (150_000, 0.060),
            (500_000, 0.040),
            (1_024_000, 0.030),
            (5_024_000, 0.025),
            (ENDLESS, 0.020),
        ),
        free=1000,
        page=CLOUDFRONT_PAGE,
    ),
    requests=flat("HTTPS request", 0.0100 / 10_000, CLOUDFRONT_PAGE, free=10e6),
)
S3 = Prices(
    storage=_S3_STORAGE,
    writes=_S3_WRITES,
    reads=_S3_READS,
    egress=Rate("GB", ((10_000, 0.09), (50_000, 0.085), (150_000, 0.07), (ENDLESS, 0.05)), free=100, page=S3_PAGE),
    caches=False,
)


def local(storage_per_gb: float, egress_per_gb: float) -> Prices:
    """A disk of one's own: nobody has a price list of it, so what a GB costs is the operator's to say."""
    nothing = flat("operation", 0.0)
    return Prices(flat("GB-month", storage_per_gb), nothing, nothing, flat("GB", egress_per_gb), caches=False)


def of(provider: ProviderName, *, local_per_gb: float = 0.0, local_egress_per_gb: float = 0.0) -> Prices:
    listed: dict[ProviderName, Prices] = {"r2": R2, "s3_cloudfront": S3_CLOUDFRONT, "s3": S3}
    return listed[provider] if provider in listed else local(local_per_gb, local_egress_per_gb)
