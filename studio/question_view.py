"""What a waiting run asks, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.data import is_object
from orchestrator.history import Question, RunView
from orchestrator.steps.approve import Approve
from orchestrator.workflow import Input
from studio.builder.edit import find_step
from studio.forms import Field, declared_field
from studio.moments import moment
from studio.run_view import step_name


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to answer, as a button. `done` is said when it was taken."""

    value: str
    label: str
    icon: str
    done: str


AFTER_A_LOST_ANSWER = (
    Choice("sent", "It was sent", ":material/check:", "Taken as sent: the run goes on."),
    Choice("send", "Send it again", ":material/send:", "It goes out again."),
    Choice("stop", "Stop here", ":material/block:", "Stopped: nothing more is sent by this step."),
)
"""To "was this sent?", when the service cannot tell."""


def asked_of(questions: Iterable[Question]) -> list[Question]:
    """The questions of steps. What a preview asks stands with its writes."""
    return [question for question in questions if question.kind != "preview"]


def circumstances(question: Question, run: RunView, timezone: str | None) -> list[str]:
    """Which step asks, for which item, whom, until when, and what comes of no answer."""
    step = next((step for step in run.steps if step.id == question.step), None)
    parts = [
        f"Step {step_name(step)}" if step else "",
        f"item {int(question.item) + 1}" if question.item.isdecimal() else "",
        f"asked: {question.who}" if question.who else "",
        f"answer by {moment(question.until, timezone)}" if question.until else "",
        _unanswered(question, run) if question.until else "",
    ]
    return [part for part in parts if part]


def _unanswered(question: Question, run: RunView) -> str:
    """What it comes to when nobody answers in time; "" where that is not known before."""
    asks = find_step(run.workflow, question.step) or {}
    is_step = asks.get("uses") == Approve.id
    given = asks.get("with") if is_step else asks.get("approve")
    match given.get("otherwise", "reject") if is_object(given) else None:
        case "approve":
            return "without an answer it counts as approved" if is_step else "without an answer it is sent"
        case "reject":
            return "without an answer it counts as rejected" if is_step else "without an answer it is not sent"
        case _:
            return ""


def answer_field(question: Question) -> Field:
    """The widget for what is asked for."""
    type_ = question.type or "string"
    declared = Input.model_validate(
        {"type": type_, "choices": question.choices or [], "title": "Your answer", "multiline": type_ == "string"}
    )
    return declared_field("answer", declared)


def write_request(question: Question) -> Mapping[str, Any]:
    """What a write, which a preview could not show, will send."""
    return question.show if isinstance(question.show, Mapping) else {"content": question.show}
