"""Schedules: every so often, the next times, and how it is said."""

from __future__ import annotations

import pytest

from orchestrator.triggers import schedule
from orchestrator.triggers.definition import Schedule


def of(**keys: object) -> Schedule:
    return Schedule.model_validate({"type": "schedule", **keys})


def test_every_half_hour_is_at_full_and_half_hours_whenever_it_was_switched_on() -> None:
    half_hourly = of(every=1800)
    assert schedule.next_after(half_hourly, 3600 * 5 + 7) == 3600 * 5.5
    assert schedule.next_after(half_hourly, 3600 * 5.5) == 3600 * 6
    assert schedule.latest_until(half_hourly, 3600 * 5.5) == 3600 * 5.5


def test_the_coming_times_are_those_of_its_own_zone() -> None:
    coming = schedule.coming(of(cron="0 8 * * 1-5", timezone="America/New_York"), 1_700_000_000, 2)
    assert [moment.isoformat() for moment in coming] == ["2023-11-15T08:00:00-05:00", "2023-11-16T08:00:00-05:00"]


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"cron": "0 8 * * 1-5", "timezone": "Europe/Rome"}, "on weekdays at 08:00 (Europe/Rome)"),
        ({"cron": "5 17 * * *"}, "every day at 17:05 (UTC)"),
        ({"cron": "0 9 * * 1,4"}, "on Monday, Thursday at 09:00 (UTC)"),
        ({"cron": "0 9 1 * *"}, "on day 1 of each month at 09:00 (UTC)"),
        ({"cron": "15 * * * *"}, "at minute 15 of every hour (UTC)"),
        ({"cron": "*/7 3-5 * 2 *"}, "at */7 3-5 * 2 * (UTC)"),
        ({"every": 60}, "every minute"),
        ({"every": 300}, "every 5 minutes"),
        ({"every": 7200}, "every 2 hours"),
        ({"every": 86400}, "every day"),
        ({"every": 90}, "every 90 seconds"),
    ],
)
def test_it_is_said_in_words_where_there_are_some(keys: dict[str, object], words: str) -> None:
    assert schedule.in_words(of(**keys)) == words
