"""What storage costs by list prices: the tables of the system's first description where they are right, and where not."""

import math
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.progress.costs import prices
from services.progress.costs.estimate import GB, Usage, divided, lines, stored_bytes
from services.progress.costs.prices import PROVIDERS, R2, S3, S3_CLOUDFRONT, Rate
from services.progress.costs.repository import Facts
from services.progress.costs.schemas import CostsAnswer, WhatIf
from services.progress.costs.service import answer

# Users, hours of content, and what the first description says of R2 and of S3, in dollars a month.
TABLE = [(100, 50, 0.75, 92.0), (1_000, 200, 3.00, 368.0), (10_000, 500, 7.50, 920.0)]


def asked(courses: dict[str, Facts] | None = None, enrolled: int = 0, rotation: float = 0, **what: Any) -> CostsAnswer:
    return answer(courses or {}, enrolled, WhatIf.model_validate(what), rotation)


def bill(document: CostsAnswer, provider: str) -> Any:
    [found] = [one for one in document.providers if one.provider == provider]
    return found


@pytest.mark.parametrize(("users", "hours", "r2", "s3"), TABLE)
def test_the_first_tables_are_right_of_storage_on_r2_alone(users: int, hours: int, r2: float, s3: float) -> None:
    """Right: so many GB at the list price, and no egress. It takes one quality of 2.22 Mbit/s without its source, nothing
    that is free, and nobody who writes or reads."""
    document = asked(
        hours=hours, ladderMbps=20 / 9, sourceMbps=0, uploadHoursMonthly=0, rotationDays=0, egressGB=0,
        freeTier=False,
    )  # fmt: skip
    assert bill(document, "r2").storage == pytest.approx(r2)
    assert bill(document, "r2").total == pytest.approx(r2)
    assert document.usage.stored_bytes == hours * GB
    # Egress is free on R2 as it says, however much it is; what viewers miss in the cache is read and is not.
    busy = asked(hours=hours, ladderMbps=20 / 9, sourceMbps=0, students=users, hoursPerStudentMonthly=4, freeTier=False)
    assert bill(busy, "r2").egress == 0
    assert bill(busy, "r2").operations > 0


@pytest.mark.parametrize(("users", "hours", "r2", "s3"), TABLE)
def test_the_first_tables_forget_what_r2_gives_for_nothing(users: int, hours: int, r2: float, s3: float) -> None:
    document = asked(storedGB=hours, uploadHoursMonthly=0, rotationDays=0, egressGB=0)
    assert bill(document, "r2").total == pytest.approx(r2 - 10 * 0.015)


@pytest.mark.parametrize(("users", "hours", "r2", "s3"), TABLE)
def test_an_hour_of_film_is_more_than_a_gigabyte(users: int, hours: int, r2: float, s3: float) -> None:
    """A ladder up to 1080p and the source beside it take seven times the GB that the tables count."""
    document = asked(hours=hours, rotation=7)
    assert 6.5 < document.usage.stored_bytes / (hours * GB) < 8
    assert bill(document, "r2").storage > 5 * r2
    # 360p alone is below a GB an hour, 1080p alone far above: an hour "is" a GB at one rate only.
    assert stored_bytes(1, 0.9) < GB < stored_bytes(1, 5.3)
    assert stored_bytes(1, 20 / 9) == pytest.approx(GB)


@pytest.mark.parametrize(("users", "hours", "r2", "s3"), TABLE)
def test_the_first_tables_are_wrong_of_s3(users: int, hours: int, r2: float, s3: float) -> None:
    """$92, $368 and $920 are $1.84 for each GB of content, whoever watches: eighty times the price of storage. As storage
    and egress they are 20 GB sent for each GB stored, which is 10, 4 and 1 GB a user: the more users, the less each."""
    assert s3 / hours == pytest.approx(80 * 0.023)
    storage = prices.S3.storage.cost(hours)
    assert storage == pytest.approx(hours * 0.023)
    sent = (s3 - storage) / 0.09
    assert sent / hours == pytest.approx(20.19, abs=0.01)
    assert sent / users == pytest.approx({100: 10.09, 1_000: 4.04, 10_000: 1.01}[users], abs=0.01)
    # With as much sent as this, S3 alone would cost that much; behind CloudFront most of it is free at first.
    same = asked(storedGB=hours, uploadHoursMonthly=0, rotationDays=0, egressGB=sent, freeTier=False)
    direct = bill(same, "s3")
    assert direct.storage + direct.egress == pytest.approx(s3, rel=0.01)
    behind = bill(asked(storedGB=hours, uploadHoursMonthly=0, rotationDays=0, egressGB=sent), "s3_cloudfront")
    assert behind.total < 0.95 * s3
    # Four hours a month for each at 3 Mbit/s: it grows with who watches, as the table does not.
    watched = asked(storedGB=hours, students=users, hoursPerStudentMonthly=4, bitrateMbps=3, rotationDays=0)
    assert {100: 0.3, 1_000: 0.9, 10_000: 3}[users] < bill(watched, "s3").total / s3
    if users == 10_000:
        assert bill(watched, "s3").total > 4 * s3
        assert bill(watched, "s3_cloudfront").total > 3 * s3


def test_the_other_table_is_wrong_of_storage() -> None:
    """A hundred courses of 2 GB on S3: said to be $46 and $92. 200 GB cost $4.60, a tenth; $92 are 1.02 GB for each of a
    thousand students, which is not an hour at 3 Mbit/s. A local disk is not free either, as soon as a GB has a price."""
    document = asked(storedGB=200, uploadHoursMonthly=0, rotationDays=0, egressGB=92 / 0.09, freeTier=False)
    assert bill(document, "s3").storage == pytest.approx(4.60)
    assert bill(document, "s3").storage == pytest.approx(46 / 10)
    assert bill(document, "s3").egress == pytest.approx(92, abs=0.01)
    assert stored_bytes(1, 3) > 92 / 0.09 / 1000 * GB
    assert bill(document, "local").total == 0
    own = asked(storedGB=200, egressGB=1000, localPerGB=0.01, localEgressPerGB=0.001)
    assert bill(own, "local").total == pytest.approx(2.0 + 1.0, abs=0.05)


def test_turning_keys_costs_writes_and_reads_and_a_second_copy() -> None:
    never, weekly = asked(hours=200, rotationDays=0), asked(hours=200, rotationDays=7)
    turned = weekly.usage.reads
    assert never.usage.reads == never.usage.retired_bytes == 0
    # 200 hours of five renditions in segments of six seconds, 4.345 times a month.
    assert turned == pytest.approx(200 * 3000 * 730 / 24 / 7, rel=1e-6)
    assert weekly.usage.writes - never.usage.writes == pytest.approx(turned, rel=1e-6)
    expected = turned * (0.005 + 0.0004) / 1000
    for provider in ("s3", "s3_cloudfront"):
        grew = bill(weekly, provider).operations - bill(never, provider).operations
        assert grew == pytest.approx(expected, rel=1e-3)
    assert bill(weekly, "r2").operations > bill(never, "r2").operations
    # All of them stand there twice for 25 hours of each week.
    assert weekly.usage.retired_bytes == pytest.approx(weekly.usage.segment_bytes * 25 / (7 * 24), rel=1e-6)
    twice = bill(weekly, "s3").storage - bill(never, "s3").storage
    assert twice == pytest.approx(weekly.usage.retired_bytes / GB * 0.023, abs=1e-3)
    half = asked(hours=200, rotationDays=7, watchedShare=0.5)
    assert half.usage.reads == pytest.approx(turned / 2, rel=1e-6)
    assert asked(hours=200, rotation=7).usage.reads == weekly.usage.reads


amounts = st.floats(0, 1e8, allow_nan=False)
usages = st.builds(
    Usage,
    **{name: st.floats(0, 1e16) for name in ("sources", "segments", "downloads", "retired", "egress")},
    **{name: st.floats(0, 1e10) for name in ("writes", "reads", "requests")},
    hits=st.floats(0, 1),
)
providers = st.sampled_from([R2, S3, S3_CLOUDFRONT, prices.local(0.01, 0.002)])
GROWING = [one.name for one in fields(Usage) if one.name != "hits"]


@given(usage=usages, given_prices=providers, name=st.sampled_from(GROWING), more=st.floats(0, 1e12), free=st.booleans())
def test_more_never_costs_less(usage: Usage, given_prices: prices.Prices, name: str, more: float, free: bool) -> None:
    before, after = (
        lines(one, given_prices, free=free) for one in (usage, replace(usage, **{name: getattr(usage, name) + more}))
    )
    for line in ("storage", "operations", "egress", "total"):
        assert getattr(after, line) >= getattr(before, line) * (1 - 1e-12) >= 0
    assert lines(usage, given_prices, free=True).total <= lines(usage, given_prices, free=False).total


RATES = [
    rate
    for one in (R2, S3, S3_CLOUDFRONT)
    for rate in (one.storage, one.writes, one.reads, one.egress, one.requests)
    if rate is not None
]


@given(rate=st.sampled_from(RATES), units=amounts, step=st.floats(0, 1000))
def test_no_step_of_a_price_list_is_a_jump(rate: Rate, units: float, step: float) -> None:
    """A little more costs at most a little more: the dearest price of the list for each unit of it."""
    grew = rate.cost(units + step) - rate.cost(units)
    dearest = max(price for _, price in rate.steps)
    assert -1e-6 <= grew <= dearest * step + 1e-6
    for edge in [rate.free, *(up_to for up_to, _ in rate.steps if math.isfinite(up_to))]:
        assert rate.cost(edge * (1 + 1e-9)) - rate.cost(edge * (1 - 1e-9)) == pytest.approx(0, abs=1e-2)


@given(parts=st.lists(usages, min_size=1, max_size=5), given_prices=providers)
def test_what_falls_to_each_course_sums_up_to_the_whole(parts: list[Usage], given_prices: prices.Prices) -> None:
    whole = Usage(**{one: sum(getattr(part, one) for part in parts) for one in GROWING}, hits=0.9)
    bills = lines(whole, given_prices)
    shares = divided(bills, parts, given_prices)
    for name in ("storage", "operations", "egress"):
        assert sum(getattr(share, name) for share in shares) == pytest.approx(getattr(bills, name))


def test_the_steps_of_a_price_list_rise_and_every_price_names_its_page() -> None:
    for rate in RATES:
        ends = [up_to for up_to, _ in rate.steps]
        assert ends == sorted(ends)
        assert ends[-1] == prices.ENDLESS
        assert rate.page.startswith("https://")
    assert S3_CLOUDFRONT.egress.cost(1000) == 0
    assert S3_CLOUDFRONT.egress.cost(11_000) == pytest.approx(9000 * 0.085 + 1000 * 0.080)
    assert S3.storage.cost(60_000) == pytest.approx(50_000 * 0.023 + 10_000 * 0.022)


def test_what_is_given_takes_the_place_of_what_was_measured() -> None:
    hour = 3600.0
    facts = Facts(
        sources=4e9, segments=3e9, objects=3000, new_objects=600, seconds=hour, new_seconds=hour / 5, egress=9e9,
        rotated_objects=300, rotated_bytes=3e8, streamed=8e9, watched_seconds=5 * hour, seen_seconds=hour / 2,
    )  # fmt: skip
    courses = {"a": facts, "b": Facts(sources=1e9, segments=1e9, objects=1000, seconds=hour / 2)}
    plain = asked(courses, 10, 7)
    origins = {one.name: one.origin for one in plain.inputs}
    assert {origins[name] for name in ("hours", "storedGB", "egressGB", "students", "watchedShare")} == {"measured"}
    assert (origins["rotationDays"], origins["cacheHitRatio"]) == ("setting", "assumed")
    assert plain.usage.source_bytes == 5e9
    assert plain.usage.reads == pytest.approx(300 * 730 / 720, abs=1)
    for what, name, origin in (
        ({"egressGB": 500}, "egressGB", "given"),
        ({"students": 1000}, "egressGB", "derived"),
        ({"hours": 100}, "storedGB", "derived"),
        ({"storedGB": 100}, "storedGB", "given"),
        ({"rotationDays": 1}, "rotatedObjectsMonthly", "derived"),
    ):
        changed = {one.name: one for one in asked(courses, 10, 7, **what).inputs}
        before = {one.name: one for one in plain.inputs}
        assert changed[name].origin == origin
        assert changed[name].value > before[name].value
    for provider in PROVIDERS:
        of_courses = [next(one for one in course.providers if one.provider == provider) for course in plain.courses]
        assert sum(one.total for one in of_courses) == pytest.approx(bill(plain, provider).total, abs=0.001)
    assert [course.egress_bytes for course in plain.courses] == [9e9, 0]
