"""One line of the table: what was measured, against what, and whether it reached its goal."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Line:
    """`ratio` is how many times worse than `floor` it is, whichever way the unit counts. `met` is None where the issue
    sets no goal."""

    name: str
    value: float
    unit: str
    floor: float | None
    ratio: float | None
    goal: str | None
    met: bool | None

    @classmethod
    def of(
        cls,
        name: str,
        value: float,
        unit: str,
        *,
        floor: float | None = None,
        most: float | None = None,
        least: float | None = None,
        times: float | None = None,
    ) -> Line:
        """The goals: `most` and `least` bound the value, `times` bounds the ratio. Of a rate, more is better."""
        is_rate = unit.endswith("/s")
        ratio = None if floor is None else (floor / value if is_rate else value / floor)
        wanted: list[str] = []
        kept: list[bool] = []
        if times is not None:
            assert ratio is not None
            wanted.append(f"≤ {times:g} × floor")
            kept.append(ratio <= times)
        if most is not None:
            wanted.append(f"≤ {most:g} {unit}")
            kept.append(value <= most)
        if least is not None:
            wanted.append(f"≥ {least:g} {unit}")
            kept.append(value >= least)
        return cls(name, value, unit, floor, ratio, ", ".join(wanted) or None, all(kept) if kept else None)


@dataclass(frozen=True)
class Result:
    """What a workload gives. The first line is what it is judged by first; `notes` say what the lines cannot."""

    lines: tuple[Line, ...]
    shares: Mapping[str, float] = field(default_factory=dict[str, float])
    """Milliseconds by what they were spent on."""
    notes: tuple[str, ...] = ()

    @property
    def met(self) -> bool | None:
        """Whether every goal was reached; None where there is none."""
        judged = [line.met for line in self.lines if line.met is not None]
        return all(judged) if judged else None


def alternate(works: Mapping[str, Callable[[], object]], rounds: int, warm_up: int = 3) -> dict[str, float]:
    """Do all works in turn, `rounds` times, so that what else the machine does falls on each alike. The median
    seconds of each."""
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for round in range(warm_up + rounds):
        for name, work in works.items():
            began = time.perf_counter()
            work()
            if round >= warm_up:
                seconds[name].append(time.perf_counter() - began)
    return {name: statistics.median(all) for name, all in seconds.items()}
