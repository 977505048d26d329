"""Runs, steps and writes as the engine tells of them, with no more said than a test needs."""

from __future__ import annotations

from typing import Any

from orchestrator.history import ItemView, Question, RunSummary, RunView, StepView, Usage
from orchestrator.preview import PlannedEffect


def summary(id: str = "r1", status: Any = "succeeded", at: float = 1000.0, **other: Any) -> RunSummary:
    content = {
        "workflow_id": "w",
        "workflow_name": "W",
        "started_at": at,
        "finished_at": at + 4,
        "error": None,
        "origin": None,
    }
    return RunSummary(id=id, status=status, created_at=at, **{**content, **other})


def step(
    id: str, status: Any = "succeeded", began: float | None = None, ended: float | None = None, **other: Any
) -> StepView:
    content: dict[str, Any] = {
        "name": id,
        "uses": "ai.generate",
        "needs": (),
        "output": None,
        "error": None,
        "reason": None,
        "items": (),
        "log": (),
        "usage": Usage(),
    }
    return StepView(id=id, status=status, started_at=began, finished_at=ended, **{**content, **other})


def item(name: str = "", *, given: Any = None, output: Any = None) -> ItemView:
    return ItemView(name, "succeeded", given, output, None, (), None, None, Usage())


def run(*steps: StepView, **other: Any) -> RunView:
    return RunView(summary=summary(**other), workflow={}, inputs={}, output=None, steps=steps)


def plan(request: dict[str, Any], *, step: str = "a", action: str = "gmail.send_message", result: Any = None) -> Any:
    return PlannedEffect(step, "", action, "practice", f"Do {step}.", request, result)


def question(kind: str = "approve", **other: Any) -> Question:
    content: dict[str, Any] = {
        "step": "ask",
        "item": "",
        "message": "Sure?",
        "who": "",
        "show": None,
        "type": None,
        "choices": None,
        "until": None,
    }
    return Question(run_id="r1", kind=kind, **{**content, **other})
