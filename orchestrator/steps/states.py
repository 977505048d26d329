"""`states`: a state machine. Each state runs its steps and leaves by one of its transitions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from orchestrator.actions import Params, Result, field
from orchestrator.errors import StepError
from orchestrator.expressions import compile_value, nearest
from orchestrator.steps.kind import Round, RoundsKind, check_limit
from orchestrator.workflow import State, Step

MOST = 10_000
"""States that one run of a machine may enter."""


class Machine(Params):
    """Go from state to state. A state runs its `steps`, hands over its `output` (`last` in the next one) and is left by
    the transition that `choose` names, or by the first whose condition holds. A state without transitions ends it."""

    start: str | None = field("First state", default=None, description="Empty: the first of the list.")
    limit: int | None = field(
        "States entered at most", default=None, ge=1, le=MOST, description="Needed when states can come round again."
    )


class Ended(Result):
    state: str = field("The state that it ended in")
    output: Any = field("What that state gave")
    rounds: int = field("How many states were entered")
    history: list[dict[str, Any]] = field("The states in order, with who did them and how they were left")


class States(RoundsKind[Machine]):
    id = "states"
    title = "State machine"
    params = Machine
    result = Ended

    def first(self, step: Step, params: dict[str, Any]) -> str:
        if params.get("limit") is not None:
            check_limit(params, MOST)
        start = params.get("start") or next(iter(step.states))
        if start not in step.states:
            raise StepError(
                f"There is no state '{start}'{nearest(str(start), list(step.states))}.", remedy="Correct 'start'."
            )
        return start

    def after(
        self,
        step: Step,
        params: dict[str, Any],
        before: Sequence[Round],
        body: str,
        output: Any,
        scope: Mapping[str, Any],
    ) -> Round:
        state = step.states[body]
        if not state.transitions:
            return Round(body, output, None, role=state.role or None)
        name = _chosen(body, state, scope)
        to = state.transitions[name].to
        visits = sum(1 for round in before if round.body == to) + (to == body)
        limit = step.states[to].limit
        if limit is not None and visits >= limit:
            raise StepError(
                f"State '{to}' was entered {visits} times, which is its limit.",
                remedy="Raise its 'limit', or give a way out after that many rounds.",
            )
        if params.get("limit") is not None and len(before) + 1 >= params["limit"]:
            raise StepError(
                f"{len(before) + 1} states were entered without reaching an end, which is the limit.",
                remedy="Raise 'limit', or correct the transitions.",
            )
        return Round(body, output, to, transition=name, role=state.role or None)

    def gives(self, rounds: Sequence[Round]) -> dict[str, Any]:
        history = [{"state": round.body, "role": round.role, "transition": round.transition} for round in rounds]
        return {"state": rounds[-1].body, "output": rounds[-1].output, "rounds": len(rounds), "history": history}


def _chosen(name: str, state: State, scope: Mapping[str, Any]) -> str:
    """The transition to take. Raises `StepError` for one that does not exist or is not allowed."""
    allowed = [
        move
        for move, transition in state.transitions.items()
        if transition.if_ is None or compile_value(transition.if_).render(scope)
    ]
    if state.choose is None:
        if not allowed:
            raise StepError(
                f"No transition of state '{name}' can be taken: none of their conditions holds.",
                remedy="Add one without a condition, for all other cases.",
            )
        return allowed[0]
    move = str(compile_value(state.choose).render(scope))
    if move not in state.transitions:
        raise StepError(
            f"State '{name}' has no transition '{move}'{nearest(move, list(state.transitions))}.",
            remedy="Correct what chooses it, or add the transition.",
        )
    if move not in allowed:
        raise StepError(
            f"Transition '{move}' of state '{name}' is not allowed now: its condition does not hold.",
            remedy="Choose another transition.",
        )
    return move
