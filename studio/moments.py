"""Times, durations and amounts, as people say them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from orchestrator.history import Usage


def duration(seconds: float | None) -> str:
    """1.4 as "1.4 s", 125 as "2 min 5 s". "" for None."""
    if seconds is None:
        return ""
    if seconds < 0.01:
        return "under 10 ms"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    if minutes:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{whole} s"


def ago(at: float, now: float) -> str:
    """How long before `now` something was; both are seconds since 1970."""
    past = max(0.0, now - at)
    if past < 10:
        return "just now"
    if past < 60:
        return f"{past:.0f} s ago"
    if past < 3600:
        return f"{past // 60:.0f} min ago"
    if past < 86400:
        return f"{past // 3600:.0f} h ago"
    days = int(past // 86400)
    return "yesterday" if days == 1 else f"{days} days ago"


def moment(at: float, timezone: str | None) -> str:
    """Date and time in the reader's zone (an IANA name); in UTC, and saying so, when the zone is not known."""
    try:
        zone = ZoneInfo(timezone) if timezone else None
    except (ZoneInfoNotFoundError, ValueError):
        zone = None
    if zone is None:
        return datetime.fromtimestamp(at, UTC).strftime("%-d %b %Y, %H:%M UTC")
    return datetime.fromtimestamp(at, zone).strftime("%-d %b %Y, %H:%M")


def upcoming(at: float, now: float, timezone: str | None) -> str:
    """When something is to be, in the reader's zone: "within a minute", "at 14:02", "on 22 Nov 2026, 14:02"."""
    if at - now <= 60:
        return "within a minute"
    said, today = moment(at, timezone), moment(now, timezone)
    day, _, time = said.partition(", ")
    return f"at {time}" if today.startswith(f"{day}, ") else f"on {said}"


def tokens(usage: Usage) -> str:
    """What models were asked for: "1,204 tokens, $0.0021". "" when nothing."""
    total = usage.input_tokens + usage.output_tokens
    if not total:
        return ""
    cost = f", ${usage.cost:.4f}" if usage.cost else ""
    return f"{total:,} tokens{cost}"


def count(number: int, noun: str) -> str:
    """3, "step" as "3 steps"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
