"""A small picture of a run as it stands, for those who watch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.decide import RunState
from orchestrator.history import FINAL


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
    steps = {
        id: {
            "status": step.status,
            "started_at": step.started_at,
            "finished_at": step.finished_at,
            "attempts": step.attempts,
            "done": step.done,
            "total": step.total,
            "error": step.error,
        }
        for id, step in state.steps.items()
    }
    shown = {id: part for id, part in text.items() if state.steps[id].status == "running"}
    return LiveSnapshot({"run": run, "steps": steps, "text": shown}, now)
