"""What the page of a run is drawn from: read once for all who look at a run that is over."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import lru_cache

from orchestrator.history import FINAL, RunView
from orchestrator.records import EffectRow
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine
from studio.components import CanvasStep
from studio.workflow_view import canvas_steps

KEPT = 16
"""Runs, and versions of workflows."""

_READING = threading.Lock()
"""When a run ends, all who watch it ask for its page at once: the first one reads it, and the others wait for that."""


@dataclass(frozen=True, slots=True)
class RunRead:
    """A run, and the hash of the version of its workflow."""

    run: RunView
    version: str


def read_run(id: str, engine: WorkflowEngine) -> RunRead:
    """A run as its page shows it. Raises `NotFound`."""
    row = engine.journal.run_to_look_at(id)
    if row.status not in FINAL:
        return RunRead(engine.run_to_look_at(id), row.workflow_hash)
    # A run that goes on from this one can still settle what this one did outside.
    effects = tuple(engine.journal.effects(id))
    with _READING:
        return RunRead(_read_over(engine, id, effects), row.workflow_hash)


@lru_cache(KEPT)
def _read_over(engine: WorkflowEngine, id: str, effects: tuple[EffectRow, ...]) -> RunView:
    """`effects` are those of the run now: with others, it is another story."""
    return engine.run_to_look_at(id)


@lru_cache(KEPT)
def boxes(engine: WorkflowEngine, version: str) -> tuple[CanvasStep, ...]:
    """The boxes and lines of a version of a workflow, by its hash."""
    return tuple(canvas_steps(Workflow.model_validate(engine.journal.workflow(version)), engine.registry))
