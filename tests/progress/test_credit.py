"""The rules of credit, as properties over any trace, compared with a model that counts milliseconds one by one."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.progress.watching import credit

SHORT = 400
spans = st.lists(
    st.tuples(st.integers(-20, SHORT), st.integers(-20, SHORT)).map(lambda pair: (min(pair), max(pair))), max_size=12
)


def cells(some: list[tuple[int, int]]) -> set[int]:
    return {millisecond for start, end in some for millisecond in range(start, end)}


@given(spans)
def test_a_union_holds_the_same_milliseconds_in_order_and_apart(some: list[tuple[int, int]]) -> None:
    joined = credit.union(some)
    assert cells(joined) == cells(some)
    assert all(a[1] < b[0] for a, b in itertools.pairwise(joined))
    assert credit.length(joined) == len(cells(some))


@given(spans, spans)
def test_subtracting_leaves_what_is_not_known(some: list[tuple[int, int]], known: list[tuple[int, int]]) -> None:
    left = credit.subtract(credit.union(some), credit.union(known))
    assert cells(left) == cells(some) - cells(known)


@given(spans, st.integers(0, SHORT))
def test_nothing_outside_the_film_counts(some: list[tuple[int, int]], duration: int) -> None:
    assert cells(credit.clip(some, duration)) == {cell for cell in cells(some) if 0 <= cell < duration}


@given(spans, st.integers(0, 2 * SHORT))
def test_credit_never_exceeds_the_balance_and_never_invents(some: list[tuple[int, int]], balance: int) -> None:
    joined = credit.union(some)
    earned = credit.spend(joined, balance)
    assert earned.spent_ms == credit.length(earned.spans) == min(balance, credit.length(joined))
    assert cells(earned.spans) <= cells(joined)


@given(st.lists(st.integers(0, 400_000), max_size=30))
def test_the_balance_is_bounded_by_twice_the_wall_clock_and_one_slack(waits: list[int]) -> None:
    balance, earned = credit.FIRST_BALANCE_MS, 0
    for wait in waits:
        balance = credit.refill(balance, wait)
        assert 0 <= balance <= credit.MOST_BALANCE_MS
        spent = credit.spend([(0, 10_000_000)], balance).spent_ms
        balance -= spent
        earned += spent
    assert earned <= credit.FIRST_BALANCE_MS + 2 * sum(waits)


@given(st.lists(st.tuples(st.integers(0, 30_000), st.integers(0, 200_000)), max_size=30))
def test_positions_earn_at_most_twice_the_wall_clock_of_their_session(reports: list[tuple[int, int]]) -> None:
    """However often a client reports, and however far it says it is."""
    clock = earned = 0
    for wait, moved in reports:
        clock += wait
        if moved <= credit.playable(clock, wait, earned):
            earned += moved
        assert earned <= 2 * clock


def test_a_late_report_is_no_leap() -> None:
    # Ten seconds at twice the speed, told a second early after a report that was a second late.
    assert credit.playable(100_000, 9_000, 20_000) >= 20_000
    assert credit.playable(100_000, 9_000, 20_000) < 21_000
    assert credit.playable(0, 0, 0) == 0


def test_a_clock_that_goes_back_gives_nothing_and_takes_nothing() -> None:
    assert credit.refill(5_000, -60_000) == 5_000


def test_the_frontier_bridges_two_seconds_and_no_more() -> None:
    assert credit.frontier([]) == 0
    assert credit.frontier([(2_000, 5_000), (7_000, 9_000)]) == 9_000
    assert credit.frontier([(2_001, 5_000)]) == 0
    assert credit.frontier([(0, 5_000), (7_001, 9_000)]) == 5_000
    assert credit.gaps([(0, 5_000), (7_001, 9_000), (20_000, 21_000)]) == [(5_000, 7_001), (9_000, 20_000)]


@pytest.mark.parametrize("told", [1, 10, 100, 150])
def test_moments_told_every_two_seconds_carry_nobody_through_a_film(told: int) -> None:
    moments = [(end - told, end) for end in range(2_000, 420_000, 2_000)]
    assert credit.frontier(moments) <= credit.BRIDGED_FREE_MS + 2_000
    assert credit.gaps(moments)


@given(
    st.lists(st.tuples(st.integers(0, 90_000), st.integers(1, 9_000)).map(lambda one: (one[0], sum(one))), max_size=30)
)
def test_the_frontier_is_not_much_further_than_what_was_watched(some: list[tuple[int, int]]) -> None:
    watched = credit.union(some)
    most = credit.BRIDGED_FREE_MS + (1 + credit.BRIDGED_SHARE) * credit.length(watched)
    assert credit.frontier(watched) <= most
    assert (credit.frontier(watched) == (watched[-1][1] if watched else 0)) == (not credit.gaps(watched))


@given(spans)
def test_watching_more_never_moves_the_frontier_back(some: list[tuple[int, int]]) -> None:
    clipped = credit.clip(some, SHORT)
    reached = 0
    for count in range(len(clipped) + 1):
        now = credit.frontier(credit.union(clipped[:count]))
        assert now >= reached
        reached = now


def test_nine_tenths_complete_a_chapter() -> None:
    assert credit.is_complete([(0, 90_000)], 100_000)
    assert not credit.is_complete([(0, 89_999)], 100_000)
    assert not credit.is_complete([], 0)
