"""A streak is days in a row, and is not broken until today is over."""

from datetime import date

from services.progress.courses.service import longest_streak, streak

TODAY = date(2026, 3, 10)


def days(*numbers: int) -> list[date]:
    return [date(2026, 3, number) for number in numbers]


def test_streaks() -> None:
    assert streak([], TODAY) == 0
    assert streak(days(10), TODAY) == 1
    assert streak(days(9), TODAY) == 1
    assert streak(days(8), TODAY) == 0
    assert streak(days(10, 9, 8, 6), TODAY) == 3
    assert streak(days(9, 8), TODAY) == 2


def test_the_longest_streak() -> None:
    assert longest_streak([]) == 0
    assert longest_streak(days(10)) == 1
    assert longest_streak(days(10, 8, 7, 6, 3, 2)) == 3
