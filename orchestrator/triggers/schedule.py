"""When a schedule is due, and how that is said. Pure: the time is given, in seconds since 1970, UTC."""

from __future__ import annotations

from datetime import datetime

from orchestrator.triggers import calendar
from orchestrator.triggers.definition import Schedule

UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))
DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def next_after(schedule: Schedule, after: float) -> float:
    """The first due time later than `after`."""
    if schedule.cron is not None:
        return calendar.next_after(schedule.cron, schedule.timezone, after)
    assert schedule.every is not None
    return (after // schedule.every + 1) * schedule.every


def latest_until(schedule: Schedule, now: float) -> float | None:
    """The last due time that is not later than `now`."""
    if schedule.cron is not None:
        return calendar.latest_until(schedule.cron, schedule.timezone, now)
    assert schedule.every is not None
    return now // schedule.every * schedule.every


def coming(schedule: Schedule, now: float, count: int) -> list[datetime]:
    """The next `count` due times, in the time zone of the schedule."""
    found: list[datetime] = []
    for _ in range(count):
        now = next_after(schedule, now)
        found.append(at(schedule, now))
    return found


def at(schedule: Schedule, due: float) -> datetime:
    """A due time as the clocks of its time zone show it."""
    return datetime.fromtimestamp(due, calendar.zone(schedule.timezone))


def every(seconds: float) -> str:
    """Such as "every 5 minutes"."""
    size, unit = next(((size, unit) for size, unit in UNITS if seconds >= size and seconds % size == 0), (1, "second"))
    count = seconds / size
    return f"every {unit}" if count == 1 else f"every {count:g} {unit}s"


def in_words(schedule: Schedule) -> str:
    """Such as "on weekdays at 08:00 (Europe/Rome)"; an expression that has no such words is given as it is."""
    if schedule.every is not None:
        return every(schedule.every)
    assert schedule.cron is not None
    return f"{_days_and_time(schedule.cron) or f'at {schedule.cron}'} ({schedule.timezone})"


def _days_and_time(cron: str) -> str | None:
    minute, hour, day, month, weekday = cron.split()
    if not (minute.isdecimal() and month == "*"):
        return None
    if hour == "*" and day == "*" and weekday == "*":
        return f"at minute {int(minute)} of every hour"
    if not hour.isdecimal():
        return None
    time = f"at {int(hour):02}:{int(minute):02}"
    if day.isdecimal() and weekday == "*":
        return f"on day {int(day)} of each month {time}"
    if day != "*":
        return None
    if weekday in ("*", "1-5"):
        return f"{'every day' if weekday == '*' else 'on weekdays'} {time}"
    names = weekday.split(",")
    if all(name.isdecimal() for name in names):
        return f"on {', '.join(DAYS[int(name)] for name in names)} {time}"
    return None
