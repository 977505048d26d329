"""`loop_until`: run steps again and again until a condition holds, and keep the best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from orchestrator.actions import Params, Result, field
from orchestrator.errors import StepError
from orchestrator.expressions import compile_value
from orchestrator.steps.kind import Round, RoundsKind, check_limit
from orchestrator.workflow import Step

MOST = 1000
"""Rounds that a loop may be allowed."""


class Loop(Params):
    """Run the `steps` inside until a condition holds, at most `limit` times. In them, `last` is what the round before
    gave and `index` counts the rounds from 0. The round with the highest score is kept, or the last one."""

    until: Any = field("Until", description="Looked at after each round; it can use the outputs of the steps inside.")
    limit: int = field("Rounds at most", ge=1, le=MOST)
    best: Any = field("Score", default=None, description="A number: how good a round was. Empty: the last one is kept.")


class Looped(Result):
    output: Any = field("What the kept round gave")
    round: int = field("Which round was kept", description="From 0.")
    rounds: int = field("Rounds that were run")
    reached: bool = field("The condition held")
    score: float | None = field("Score of the kept round")


class LoopUntil(RoundsKind[Loop]):
    id = "loop_until"
    title = "Repeat until"
    params = Loop
    result = Looped
    late = frozenset({"until", "best"})

    def first(self, step: Step, params: dict[str, Any]) -> str:
        check_limit(params, MOST)
        return ""

    def after(
        self,
        step: Step,
        params: dict[str, Any],
        before: Sequence[Round],
        body: str,
        output: Any,
        scope: Mapping[str, Any],
    ) -> Round:
        reached = bool(compile_value(step.with_["until"]).render(scope))
        over = reached or len(before) + 1 >= params["limit"]
        score = None
        if step.with_.get("best") is not None:
            score = _number(compile_value(step.with_["best"]).render(scope))
        return Round(body, output, None if over else "", score, "reached" if reached else None)

    def gives(self, rounds: Sequence[Round]) -> dict[str, Any]:
        best = max(range(len(rounds)), key=lambda index: (_rank(rounds[index].score), index))
        kept = rounds[best]
        return {
            "output": kept.output,
            "round": best,
            "rounds": len(rounds),
            "reached": rounds[-1].transition is not None,
            "score": kept.score,
        }


def _rank(score: float | None) -> float:
    return float("-inf") if score is None else score


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise StepError(f"The score of a round must be a number and is {value!r}.", remedy="Correct 'best'.")
    return float(value)
