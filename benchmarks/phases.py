"""Where the time of a step goes: a profile of the engine's loop, summed up by what the code is for.

A profiler slows small functions down more than large ones, so these are shares to look for the largest in, no times to
hold against a goal. What the journal's thread does meanwhile is not in them, except that the loop waits for it.
"""

from __future__ import annotations

import cProfile
import pstats
from collections.abc import Callable
from typing import Any

PARTS = (
    ("waiting for the commit", ("method 'poll'", "method 'acquire'")),
    ("JSON", ("orjson", "orchestrator/records.py:encode", "orchestrator/records.py:event_row")),
    ("decide and fold", ("orchestrator/decide.py", "orchestrator/state.py", "orchestrator/graph.py")),
    (
        "expressions",
        (
            "orchestrator/expressions.py",
            "orchestrator/sandbox.py",
            "orchestrator/bounds.py",
            "jinja2",
            "<template>",
            "<expression>",
            "collections/__init__.py",
        ),
    ),
    ("journal queue", ("orchestrator/journal.py", "orchestrator/records.py", "orchestrator/stores/")),
    ("parameters and results", ("pydantic", "orchestrator/params.py", "orchestrator/actions.py")),
    ("performing", ("orchestrator/performer.py", "orchestrator/attempt.py", "orchestrator/policies/", "inspect.py")),
    ("event loop and tasks", ("asyncio", "selectors.py", "threading.py", "contextlib.py", "weakref")),
    ("driver", ("orchestrator/driver.py", "orchestrator/engine.py", "orchestrator/clock.py", "orchestrator/steps/")),
)
"""The first part that has a word of a function's name or file takes its time."""

REST = "rest"

Function = tuple[str, int, str]


def phases(work: Callable[[], object], rounds: int, per: int) -> dict[str, float]:
    """Milliseconds for one of the `per` steps that `work` does, by part, the largest first. Empty without rounds."""
    profile = cProfile.Profile()
    profile.enable()
    for _ in range(rounds):
        work()
    profile.disable()
    spent: dict[str, float] = {}
    stats: dict[Function, Any] = pstats.Stats(profile).stats  # pyright: ignore[reportAttributeAccessIssue]
    for function, (_, _, own, _, callers) in stats.items():
        for part, seconds in _spread(function, own, callers):
            spent[part] = spent.get(part, 0.0) + seconds
    largest = sorted(spent.items(), key=lambda item: -item[1]) if rounds else []
    return {part: seconds / rounds / per * 1000 for part, seconds in largest}


def _spread(function: Function, own: float, callers: dict[Function, Any]) -> list[tuple[str, float]]:
    """What is built in and has no part of its own is its callers' work."""
    part = _part(function)
    if part != REST or function[0] not in ("~", "<string>") or not callers:
        return [(part, own)]
    return [(_part(caller), times[2]) for caller, times in callers.items()]


def _part(function: Function) -> str:
    file, _, name = function
    words = f"{file.replace(chr(92), '/').rsplit('/site-packages/', 1)[-1]}:{name}"
    return next((part for part, marks in PARTS if any(mark in words for mark in marks)), REST)
