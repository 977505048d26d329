"""Times and amounts as people say them."""

from __future__ import annotations

import pytest

from orchestrator.history import Usage
from studio.moments import ago, count, duration, moment, tokens, upcoming


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, ""),
        (0.0, "under 10 ms"),
        (0.382, "382 ms"),
        (1.44, "1.4 s"),
        (59.6, "1 min"),
        (125, "2 min 5 s"),
        (3600, "1 h"),
        (5430, "1 h 30 min"),
    ],
)
def test_durations(seconds: float | None, said: str) -> None:
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("past", "said"),
    [
        (-5, "just now"),
        (3, "just now"),
        (45, "45 s ago"),
        (3 * 60, "3 min ago"),
        (7200, "2 h ago"),
        (90_000, "yesterday"),
        (5 * 86400, "5 days ago"),
    ],
)
def test_how_long_ago(past: float, said: str) -> None:
    assert ago(1_000_000 - past, 1_000_000) == said


def test_a_moment_is_told_in_the_readers_zone() -> None:
    assert moment(1_795_258_800, "Europe/Berlin") == "21 Nov 2026, 12:00"


@pytest.mark.parametrize("zone", [None, "", "Nowhere/Land", "../etc"])
def test_a_moment_says_that_it_is_utc_when_the_zone_is_not_known(zone: str | None) -> None:
    assert moment(1_795_258_800, zone) == "21 Nov 2026, 11:00 UTC"


def test_tokens_are_told_with_their_price_when_it_is_known() -> None:
    assert tokens(Usage()) == ""
    assert tokens(Usage(1000, 204)) == "1,204 tokens"
    assert tokens(Usage(1000, 204, 0.00214)) == "1,204 tokens, $0.0021"


def test_counting() -> None:
    assert [count(number, "step") for number in (0, 1, 2)] == ["0 steps", "1 step", "2 steps"]


@pytest.mark.parametrize(
    ("in_seconds", "said"),
    [
        (-300, "within a minute"),
        (2, "within a minute"),
        (600, "at 23:50 UTC"),
        (3600, "on 23 Nov 2026, 00:40 UTC"),
    ],
)
def test_when_something_is_to_be(in_seconds: float, said: str) -> None:
    late = 1_795_390_800.0  # 22 Nov 2026, 23:40 UTC
    assert upcoming(late + in_seconds, late, None) == said
