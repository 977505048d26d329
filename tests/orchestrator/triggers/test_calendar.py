"""When a cron expression is due: in time zones, on the days when clocks change, and never."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise

import pytest

from orchestrator.triggers import calendar

BERLIN = "Europe/Berlin"


def at(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


def said(due: float | None, timezone: str = BERLIN) -> str:
    assert due is not None
    return datetime.fromtimestamp(due, calendar.zone(timezone)).isoformat(timespec="minutes")


def after(cron: str, moment: str, timezone: str = BERLIN) -> str:
    return said(calendar.next_after(cron, timezone, at(moment)), timezone)


def test_weekdays_at_eight_leave_out_the_weekend() -> None:
    assert after("0 8 * * 1-5", "2026-11-20T08:00+01:00") == "2026-11-23T08:00+01:00"


def test_a_due_time_is_not_later_than_itself() -> None:
    assert after("0 8 * * *", "2026-11-20T07:59:59+01:00") == "2026-11-20T08:00+01:00"
    assert after("0 8 * * *", "2026-11-20T08:00:00+01:00") == "2026-11-21T08:00+01:00"


def test_the_same_clock_time_is_another_moment_in_another_zone() -> None:
    assert after("0 8 * * *", "2026-06-01T00:00+00:00", "Asia/Kolkata") == "2026-06-01T08:00+05:30"


def test_the_clock_time_stays_when_summer_time_begins_and_ends() -> None:
    assert after("0 8 * * *", "2026-03-28T08:00+01:00") == "2026-03-29T08:00+02:00"
    assert after("0 8 * * *", "2026-10-24T08:00+02:00") == "2026-10-25T08:00+01:00"


def test_a_time_that_is_left_out_comes_at_the_first_minute_that_exists() -> None:
    assert after("30 2 * * *", "2026-03-28T03:00+01:00") == "2026-03-29T03:00+02:00"


def test_a_time_that_comes_twice_counts_the_first_time() -> None:
    first = "2026-10-25T02:30+02:00"
    assert after("30 2 * * *", "2026-10-24T12:00+02:00") == first
    assert after("30 2 * * *", first) == "2026-10-26T02:30+01:00"
    assert after("30 2 * * *", "2026-10-25T02:10+01:00") == "2026-10-26T02:30+01:00"


def test_what_comes_every_half_hour_comes_in_both_of_the_double_hours() -> None:
    due = at("2026-10-25T01:30+02:00")
    found: list[float] = []
    for _ in range(5):
        due = calendar.next_after("*/30 * * * *", BERLIN, due)
        found.append(due)
    assert {later - earlier for earlier, later in pairwise(found)} == {1800.0}


@pytest.mark.parametrize(
    ("cron", "latest"),
    [
        ("* * * * *", "2026-11-20T10:15+01:00"),
        ("0 8 * * *", "2026-11-20T08:00+01:00"),
        ("0 8 1 * *", "2026-11-01T08:00+01:00"),
        ("0 0 1 1 *", "2026-01-01T00:00+01:00"),
        ("0 0 29 2 *", "2024-02-29T00:00+01:00"),
    ],
)
def test_the_latest_due_time_is_found_however_long_ago_it_was(cron: str, latest: str) -> None:
    assert said(calendar.latest_until(cron, BERLIN, at("2026-11-20T10:15:30+01:00"))) == latest


def test_a_time_is_due_at_its_very_second() -> None:
    assert said(calendar.latest_until("0 8 * * *", BERLIN, at("2026-11-20T08:00+01:00"))) == "2026-11-20T08:00+01:00"


@pytest.mark.parametrize(
    ("cron", "words"),
    [
        ("0 8 * *", "has five fields"),
        ("0 0 8 * * *", "has five fields"),
        ("60 8 * * *", "its minute is none"),
        ("0 8 * * mondays", "its day of the week is none"),
        ("0 0 30 2 *", "its day of the month is none"),
        ("0 0 * 2 1#6", "its day of the week is none"),
    ],
)
def test_what_is_no_expression_or_never_comes_is_told(cron: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        calendar.check(cron)


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../etc/passwd", "Europe"])
def test_a_time_zone_that_there_is_not_is_told(name: str) -> None:
    with pytest.raises(ValueError, match="there is no time zone"):
        calendar.zone(name)
