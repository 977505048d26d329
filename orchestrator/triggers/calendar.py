"""When a cron expression is due, in a time zone. Pure: the time is given.

As in Debian's cron, an expression that names its hours runs once on the days when clocks change: a time that is left
out comes at the first minute that exists, one that comes twice counts the first time. One with a star for minutes or
hours goes by elapsed time. Source: https://manpages.debian.org/cron.8
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

HOUR, DAY = 3600.0, 86400.0

LOOKED_BACK = (2 * HOUR, 2 * DAY, 32 * DAY, 367 * DAY, 9 * 366 * DAY)
"""Seconds, ever longer, in which the latest due time is looked for: the 29th of February can be eight years away."""

FIELDS = ("minute", "hour", "day of the month", "month", "day of the week")

BEGINNING = datetime(2000, 1, 1)


def zone(name: str) -> ZoneInfo:
    """Raises ValueError, in words for people, for a time zone that there is not."""
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        raise ValueError(f"there is no time zone '{name}': write it like 'Europe/Rome' or 'UTC'") from None


def check(cron: str) -> None:
    """Raises ValueError, in words for people, for what is no cron expression, or never comes."""
    if len(cron.split()) != len(FIELDS):
        raise ValueError(f"a cron expression has five fields: {', '.join(FIELDS)}; '0 8 * * 1-5' is weekdays at 8")
    try:
        next(CronSim(cron, BEGINNING))
    except CronSimError as error:
        said = str(error).removeprefix("Bad ").replace("-of-", " of the ")
        raise ValueError(f"its {said} is none; '0 8 * * 1-5' is weekdays at 8") from None
    except StopIteration:
        raise ValueError("it never comes: no month has that day") from None


def next_after(cron: str, timezone: str, after: float) -> float:
    """The first due time later than `after`; all times in seconds since 1970, UTC."""
    return next(_due(cron, timezone, after))


def latest_until(cron: str, timezone: str, now: float) -> float | None:
    """The last due time that is not later than `now`, within the last nine years."""
    for seconds in LOOKED_BACK:
        latest = None
        for due in _due(cron, timezone, now - seconds):
            if due > now:
                break
            latest = due
        if latest is not None:
            return latest
    return None


def _due(cron: str, timezone: str, after: float) -> Iterator[float]:
    last = after
    for moment in CronSim(cron, datetime.fromtimestamp(after, zone(timezone))):
        due = moment.timestamp()
        if due > last:  # in the hour that comes twice, the library can give a time that is over
            last = due
            yield due
