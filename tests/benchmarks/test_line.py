"""What a line of the table says of its goal."""

from __future__ import annotations

import pytest

from benchmarks.line import Line, Result, alternate


@pytest.mark.parametrize(
    ("line", "ratio", "met"),
    [
        (Line.of("a", 3.0, "ms", floor=2.0, times=2), 1.5, True),
        (Line.of("a", 5.0, "ms", floor=2.0, times=2), 2.5, False),
        (Line.of("a", 3.0, "ms", floor=2.0, times=2, most=1), 1.5, False),
        (Line.of("a", 100.0, "runs/s", floor=400.0, times=2), 4.0, False),
        (Line.of("a", 100.0, "runs/s", floor=400.0, least=90), 4.0, True),
        (Line.of("a", 80.0, "runs/s", least=90), None, False),
        (Line.of("a", 80.0, "ms"), None, None),
    ],
)
def test_a_goal_is_reached_or_missed(line: Line, ratio: float | None, met: bool | None) -> None:
    assert (line.ratio, line.met) == (ratio, met)


def test_the_goal_is_told_in_words() -> None:
    line = Line.of("a", 3.0, "ms a step", floor=2.0, times=2, most=0.25)
    assert line.goal == "≤ 2 × floor, ≤ 0.25 ms a step"


def test_one_missed_goal_misses() -> None:
    reached, missed, none = (
        Line.of("a", 1.0, "s", most=2),
        Line.of("a", 3.0, "s", most=2),
        Line.of("a", 3.0, "s"),
    )
    assert Result((reached, none)).met is True
    assert Result((reached, missed)).met is False
    assert Result((none,)).met is None


def test_works_take_turns() -> None:
    order: list[str] = []
    seconds = alternate({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, rounds=2, warm_up=1)
    assert order == ["a", "b"] * 3
    assert seconds.keys() == {"a", "b"}
