"""The estimate, from rows and from what-if numbers."""

from services.progress.costs import prices, repository
from services.progress.costs.estimate import Lines, Usage, divided, lines
from services.progress.costs.inputs import PER_MONTH, usage_of
from services.progress.costs.repository import Facts
from services.progress.costs.schemas import (
    CostsAnswer,
    CourseCosts,
    MonthlyUsage,
    Price,
    PriceStep,
    ProviderCosts,
    WhatIf,
)
from shared.db import Database

CENT_PARTS = 4
"""Decimal places of dollars in an answer: small installations cost parts of a cent."""


class CostService:
    """``rotation_days`` is after how many days films are encrypted anew here, 0 for never."""

    def __init__(self, database: Database, rotation_days: float) -> None:
        self._database = database
        self._rotation_days = rotation_days

    async def estimate(self, wanted: WhatIf) -> CostsAnswer:
        async with self._database.session_scope() as session:
            courses = await repository.courses(session)
            students = await repository.students(session)
        return answer(courses, students, wanted, self._rotation_days)


def answer(courses: dict[str, Facts], students: int, wanted: WhatIf, rotation_days: float) -> CostsAnswer:
    """Pure: what is measured, and what is asked for instead, as a document."""
    usage, inputs = usage_of(repository.together(list(courses.values())), students, wanted, rotation_days)
    listed = {name: _prices(name, wanted) for name in prices.PROVIDERS}
    bills = {name: lines(usage, given, free=wanted.free_tier) for name, given in listed.items()}
    parts = [_part(one, usage.hits) for one in courses.values()]
    shares = {name: divided(bills[name], parts, given) for name, given in listed.items()} if parts else {}
    return CostsAnswer(
        prices_as_of=prices.AS_OF.isoformat(),
        providers=[_costs(name, bill) for name, bill in bills.items()],
        courses=[
            CourseCosts(
                course_id=course,
                stored_bytes=round(facts.stored),
                egress_bytes=round(facts.egress),
                providers=[_costs(name, shares[name][place]) for name in listed],
            )
            for place, (course, facts) in enumerate(courses.items())
        ],
        usage=_shown(usage),
        inputs=inputs,
        prices=[one for name, given in listed.items() for one in _listed(name, given)],
    )


def _prices(provider: prices.ProviderName, wanted: WhatIf) -> prices.Prices:
    return prices.of(provider, local_per_gb=wanted.local_per_gb, local_egress_per_gb=wanted.local_egress_per_gb)


def _part(facts: Facts, hits: float) -> Usage:
    """What is measured of one course, to divide a bill by."""
    size = facts.segments / facts.objects if facts.objects else 1e6
    return Usage(
        sources=facts.sources,
        segments=facts.segments,
        downloads=facts.downloads,
        # Each segment has been written once: where nothing new came and nothing was rotated, that is what there is.
        writes=(facts.new_objects + facts.rotated_objects) * PER_MONTH or facts.objects,
        reads=facts.rotated_objects * PER_MONTH,
        requests=facts.egress / max(size, 1.0),
        egress=facts.egress,
        hits=hits,
    )


def _costs(provider: prices.ProviderName, bill: Lines) -> ProviderCosts:
    return ProviderCosts(
        provider=provider,
        storage=round(bill.storage, CENT_PARTS),
        operations=round(bill.operations, CENT_PARTS),
        egress=round(bill.egress, CENT_PARTS),
        total=round(bill.total, CENT_PARTS),
    )


def _shown(usage: Usage) -> MonthlyUsage:
    return MonthlyUsage(
        stored_bytes=round(usage.stored),
        source_bytes=round(usage.sources),
        segment_bytes=round(usage.segments),
        download_bytes=round(usage.downloads),
        retired_bytes=round(usage.retired),
        writes=round(usage.writes),
        reads=round(usage.reads),
        viewer_requests=round(usage.requests),
        egress_bytes=round(usage.egress),
    )


def _listed(provider: prices.ProviderName, given: prices.Prices) -> list[Price]:
    rates = {
        "storage": given.storage,
        "writes": given.writes,
        "reads": given.reads,
        "requests": given.requests,
        "egress": given.egress,
    }
    return [
        Price.model_validate(
            {
                "provider": provider,
                "what": what,
                "unit": rate.unit,
                "free": rate.free,
                "steps": [
                    PriceStep(up_to=None if up_to == prices.ENDLESS else up_to, price=price)
                    for up_to, price in rate.steps
                ],
                "page": rate.page,
            }
        )
        for what, rate in rates.items()
        if rate is not None
    ]
