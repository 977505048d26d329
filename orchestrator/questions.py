"""What a run asks of a person about its writes, and which answers fit. What a step asks, its kind knows (`steps`)."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from orchestrator.actions import Params
from orchestrator.data import flaw, is_object
from orchestrator.errors import InvalidInput, NotApproved, NotFound, PatchbayError
from orchestrator.expressions import compile_value
from orchestrator.frames import StepState
from orchestrator.params import validate
from orchestrator.preview import UNKNOWN_ANSWERS, PlannedEffect
from orchestrator.state import RunState
from orchestrator.steps import KINDS, Answer, Stopped, Waiting, WaitingKind
from orchestrator.workflow import Approve


def may_it_go_out(plan: PlannedEffect, known: StepState, now: float) -> Waiting:
    """About a write whose step asks first (`approve`), or that a preview could not show. Raises `ExpressionError`."""
    asks = known.node.step.approve or Approve.model_validate({})
    message = compile_value(asks.message).render(known.scope(plan.item))
    question = {
        "kind": "effect",
        "message": f"{message or 'May this go out?'} {plan.summary}",
        "who": asks.who,
        "show": plan.request,
        "plan": asdict(plan),
    }
    return Waiting(None if asks.within is None else now + asks.within, question)


def refused(answer: Answer) -> Stopped:
    """What comes of a write that somebody did not approve."""
    comment = str(answer.value.get("comment") or "")
    said = f" ({comment})" if comment else ""
    return Stopped(NotApproved(f"{answer.by} did not approve it{said}: nothing was sent."))


def unanswered() -> Stopped:
    """What comes of a write about which nobody said anything in time."""
    late = NotApproved("Nobody approved it in time: nothing was sent.", remedy="Run again and answer sooner.")
    return Stopped(late)


def was_it_sent(plan: PlannedEffect, error: PatchbayError) -> dict[str, Any]:
    """About a write of which the service cannot tell whether it happened."""
    said = " ".join(part for part in (plan.summary, error.message, error.remedy) if part)
    return {
        "kind": "unknown",
        "message": f"Was this sent? {said}",
        "who": "",
        "choices": list(UNKNOWN_ANSWERS),
        "show": plan.request,
        "plan": asdict(plan),
    }


def check(state: RunState, step: str, item: str, answer: Answer) -> None:
    """Raises `NotFound` when nothing is asked there (any more), and `InvalidInput` for an answer that does not fit."""
    question = state.questions.get((step, item))
    if question is None:
        run = f"Step '{step}' of run '{state.run_id}'" if step else f"Run '{state.run_id}' as a whole"
        raise NotFound(f"{run} asks nothing now.", remedy="Look at the run: it may have gone on.")
    until = state.waits.get((step, item))
    if until is not None and answer.at >= until:  # nobody may have been there to act on it
        over = "The preview has expired: nothing was sent." if question["kind"] == "preview" else "It is too late."
        raise NotFound(over, remedy="Run it again and answer sooner.")
    if wrong := flaw(answer.value, "answer"):
        raise InvalidInput(f"{wrong}.", remedy="Send data that can be kept.")
    match question["kind"]:
        case "preview" | "effect":
            _check_approval(question, answer.value)
        case "unknown":
            if answer.value not in UNKNOWN_ANSWERS:
                raise InvalidInput("That is no answer.", remedy=f"Choose one of: {', '.join(UNKNOWN_ANSWERS)}.")
        case _:
            if question["kind"] == "approve":
                _check_approval(question, answer.value)
            kind, params = waiting_kind(state, step, item)
            kind.answered(params, answer)


def _check_approval(question: dict[str, Any], said: Any) -> None:
    if not is_object(said) or not isinstance(said.get("approved"), bool):
        raise InvalidInput("An approval is answered with yes or no.", remedy='Send {"approved": true} or false.')
    if said["approved"] and said.get("hash", question.get("hash")) != question.get("hash"):
        raise InvalidInput("This is not what was shown.", remedy="Look at the preview again.")


def waiting_kind(state: RunState, step: str, item: str) -> tuple[WaitingKind[Any], Params]:
    """What a waiting step is, and with which parameters it waits."""
    known = state.step(step, item)
    kind = KINDS[known.node.step.uses]
    assert isinstance(kind, WaitingKind)
    return kind, validate(kind, known.node.params.render(known.scope(item)))
