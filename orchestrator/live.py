"""A small picture of a run as it stands, for those who watch."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

from orchestrator.frames import StepState
from orchestrator.history import FINAL, StepStatus
from orchestrator.state import RunState


@dataclass(frozen=True, slots=True)
class LiveSnapshot:
    """`content` holds `run`, `steps` and `text`; two pictures are alike when it is. `at` is when it was taken."""

    content: dict[str, Any]
    at: float

    @property
    def status(self) -> str:
        return self.content["run"]["status"]

    @property
    def is_final(self) -> bool:
        return self.status in FINAL

    def as_dict(self) -> dict[str, Any]:
        return {**self.content, "at": self.at}


def snapshot(state: RunState, text: Mapping[str, str], now: float) -> LiveSnapshot:
    """The picture of a state. Times are seconds since 1970."""
    run = {
        "id": state.run_id,
        "status": "waiting" if state.is_waiting else state.status,
        "started_at": state.started_at,
        "finished_at": state.finished_at,
        "error": state.error,
    }
    asked = state.questions.keys()
    steps = {id: _step(states, asked) for id, states in state.everywhere().items()}
    shown = {id: part for id, part in text.items() if steps[id]["status"] == "running"}
    return LiveSnapshot({"run": run, "steps": steps, "text": shown}, now)


def _step(states: list[StepState], asked: Set[tuple[str, str]]) -> dict[str, Any]:
    """One step; inside a body it stands in a frame for each item and round, and is shown as one."""
    first = states[0] if len(states) == 1 else None
    began = [step.started_at for step in states if step.started_at is not None]
    ended = [step.finished_at for step in states if step.finished_at is not None]
    return {
        "status": summed_status(states),
        "started_at": min(began, default=None),
        "finished_at": max(ended) if ended and len(ended) == len(states) else None,
        "attempts": max((step.attempts for step in states), default=0),
        "done": first.done if first else len(ended),
        "total": first.total if first else len(states) or None,
        "error": next((step.error for step in states if step.error), None),
        "waits_for": next((said for step in states if (said := _waits_for(step, asked))), None),
    }


def _waits_for(step: StepState, asked: Set[tuple[str, str]]) -> str | None:
    """Why a waiting step tries, or looks, again. None where a person is asked."""
    if step.status != "waiting":
        return None
    waiting = (item for name, item in step.items.items() if item.status == "waiting" and (step.id, name) not in asked)
    return next((item.error["message"] for item in waiting if item.error), None)


def summed_status(states: list[StepState]) -> StepStatus:
    """The status that says most of a step that stands in several frames."""
    found = {step.status for step in states}
    for status in TELLING:
        if status in found:
            return status
    return "pending"


TELLING: tuple[StepStatus, ...] = (
    "running", "waiting", "failed", "open", "planned", "cancelled", "succeeded", "skipped",
)  # fmt: skip
