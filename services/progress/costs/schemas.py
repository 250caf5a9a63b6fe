"""What storage costs, as an operator asks and is told. GB are 10^9 bytes, money is US dollars a month."""

from typing import Annotated, Literal

from pydantic import Field

from services.progress.costs.prices import ProviderName
from shared.contracts.model import Document

Number = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Origin = Literal["given", "measured", "setting", "assumed", "derived"]


class WhatIf(Document):
    """What is named takes the place of what was measured; what follows from it is derived anew."""

    students: Number | None = None
    hours: Number | None = None
    """Of film."""
    hours_per_student_monthly: Annotated[float, Field(ge=0, le=744, allow_inf_nan=False)] | None = None
    stored_gb: Number | None = Field(default=None, alias="storedGB")
    egress_gb: Number | None = Field(default=None, alias="egressGB")
    """Sent to viewers in a month."""
    upload_hours_monthly: Number | None = None
    rotation_days: Annotated[float, Field(ge=0, le=3650, allow_inf_nan=False)] | None = None
    """0 for never."""
    watched_share: Share | None = None
    """How much of the films is watched between two rotations."""
    bitrate_mbps: Number | None = None
    """What a viewer is sent on average."""
    ladder_mbps: Number | None = None
    """All renditions of a film together, as they are stored."""
    source_mbps: Number | None = None
    """The uploaded file, 0 where it is not kept."""
    cache_hit_ratio: Share | None = None
    free_tier: bool = True
    """Whether what a provider gives to everybody for nothing is taken off."""
    local_per_gb: Number = Field(default=0.0, alias="localPerGB")
    """What a GB costs in a month on a disk of one's own."""
    local_egress_per_gb: Number = Field(default=0.0, alias="localEgressPerGB")


class Input(Document):
    """A number that the estimate was made with, and where it is from."""

    name: str
    value: float
    unit: str
    origin: Origin


class CostLines(Document):
    storage: float
    operations: float
    egress: float
    total: float


class ProviderCosts(CostLines):
    provider: ProviderName


class CourseCosts(Document):
    """A course's part in each provider's bill, in proportion to what is measured of it."""

    course_id: str
    stored_bytes: int
    egress_bytes: int
    providers: list[ProviderCosts]


class MonthlyUsage(Document):
    """What the bills are made of. Bytes, and numbers of operations in a month."""

    stored_bytes: int
    source_bytes: int
    segment_bytes: int
    download_bytes: int
    retired_bytes: int
    writes: int
    reads: int
    viewer_requests: int
    egress_bytes: int


class PriceStep(Document):
    up_to: float | None
    """Units; null for the last step."""
    price: float


class Price(Document):
    provider: ProviderName
    what: Literal["storage", "writes", "reads", "requests", "egress"]
    unit: str
    free: float
    steps: list[PriceStep]
    page: str


class CostsAnswer(Document):
    currency: Literal["USD"] = "USD"
    prices_as_of: str
    providers: list[ProviderCosts]
    courses: list[CourseCosts]
    usage: MonthlyUsage
    inputs: list[Input]
    prices: list[Price]
