"""Which key windows a student may open: the rule alone."""

from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from services.gateway.sessions.windows import AHEAD_MS, Windows
from shared.contracts.video import SEGMENTS_PER_KEY_WINDOW

FILMS = st.lists(st.floats(0.2, 12.0), min_size=1, max_size=400)


def test_the_grid_of_every_film() -> None:
    film = Windows.of([2.0, 4.0, *[6.0] * 27, 2.5])
    assert film.starts == (0, 54_000, 114_000)
    assert film.duration_ms == 170_500
    assert [film.released(at) for at in (0, 23_999, 24_000, 170_500)] == [2, 2, 3, 3]
    assert [film.until(count) for count in (1, 2, 3)] == [54_000, 114_000, 170_500]


@given(FILMS, st.integers(0, 5_000_000), st.integers(0, 5_000_000))
def test_what_was_open_stays_open_and_the_next_seconds_always_are(
    durations: list[float], frontier: int, more: int
) -> None:
    film = Windows.of(durations)
    released = film.released(frontier)
    assert 1 <= released <= len(film.starts) == -(-len(durations) // SEGMENTS_PER_KEY_WINDOW)
    assert film.released(frontier + more) >= released
    # Whoever plays on at the frontier has everything open that begins within the next ninety seconds.
    assert film.until(released) > min(frontier + AHEAD_MS, film.duration_ms - 1)


@given(FILMS, st.integers(0, 1_000_000))
def test_nothing_opens_that_begins_too_far_ahead(durations: list[float], frontier: int) -> None:
    film = Windows.of(durations)
    borders = [0.0, *accumulate(durations)]
    for window in range(film.released(frontier)):
        assert round(borders[window * SEGMENTS_PER_KEY_WINDOW] * 1000) <= frontier + AHEAD_MS


@given(FILMS)
def test_hops_of_89_seconds_lead_nowhere(durations: list[float]) -> None:
    """A second watched here and there moves no frontier, so no hop opens more than the first did."""
    from services.progress.watching import credit

    film = Windows.of(durations)
    hops = [(at, at + 1000) for at in range(0, film.duration_ms, 89_000)]
    assert film.released(credit.frontier(credit.union(hops))) == film.released(min(1000, film.duration_ms))
