"""What the page of a preview says. Pure: a `RunView` in, words out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from orchestrator.history import Question, RunView, Usage
from studio.moments import count, tokens
from studio.plan_view import doing, is_question, writes
from studio.run_view import is_over, step_name

Stage = Literal["looking", "asking", "harmless", "refused", "failed", "approved"]
"""A preview is on its way, asks whether its writes may go out, found nothing to send, ended without sending, failed;
or it was approved and is a run."""


@dataclass(frozen=True, slots=True)
class OpenStep:
    """A step that cannot be shown yet, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class PreviewView:
    """`question` is there while somebody has to decide; `asks` is what the run will ask people on its way."""

    stage: Stage
    headline: str
    spent: str
    deed: str
    question: Question | None
    open_steps: tuple[OpenStep, ...]
    asks: tuple[str, ...]


def preview_view(run: RunView) -> PreviewView | None:
    """None for a run that was no preview."""
    if run.mode == "run":
        return None
    question = next((question for question in run.questions if question.kind == "preview"), None)
    planned = writes(run)
    stage = _stage(run, question)
    return PreviewView(
        stage=stage,
        headline=_headline(stage, len(planned)),
        spent=spent(run.usage),
        deed=doing(planned),
        question=question,
        open_steps=tuple(
            OpenStep(step_name(step), step.reason or "") for step in run.steps if step.status == "open" and question
        ),
        asks=tuple(plan.summary for plan in run.plans if is_question(plan)),
    )


def spent(usage: Usage) -> str:
    """What models have cost so far: "1,552 tokens, free of charge". "" when none was asked."""
    words = tokens(usage)
    if not words or usage.cost:
        return words
    return f"{words}, price not known" if usage.cost is None else f"{words}, free of charge"


def _stage(run: RunView, question: Question | None) -> Stage:
    if run.mode == "approved":
        return "approved"
    if not is_over(run):
        return "asking" if question else "looking"
    stages: dict[str, Stage] = {"succeeded": "harmless", "cancelled": "refused"}
    return stages.get(run.status, "failed")


def _headline(stage: Stage, planned: int) -> str:
    match stage:
        case "looking":
            return "This is a preview. It reads and asks models for real; nothing is sent."
        case "asking" if planned:
            return f"This is a preview: {count(planned, 'write')} planned, nothing sent yet."
        case "asking":
            return "This is a preview: nothing is planned yet, nothing was sent."
        case "harmless":
            return "This was a preview. The workflow sends nothing, so it simply ran to its end."
        case "refused" | "failed":
            return "This was a preview. Nothing was sent."
        case "approved":
            return "This run was looked at first: only what was approved goes out."
