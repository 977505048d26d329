"""What the page of a run is drawn from."""

from __future__ import annotations

import time

import pytest

from orchestrator.errors import NotFound
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine
from studio.run_reading import boxes, read_run

WRITES = {"id": "note", "uses": "files.write", "with": {"path": "note.txt", "content": "x"}}
ASKS = {"id": "ok", "uses": "approve", "with": {"message": "Sure?"}}


def begun(engine: WorkflowEngine, *steps: dict[str, object]) -> str:
    return engine.start_workflow(Workflow.model_validate({"id": "w", "steps": list(steps)}), {})


def test_a_run_that_is_over_is_read_once_for_all_who_look(engine: WorkflowEngine) -> None:
    id = begun(engine, WRITES)
    engine.wait(id)
    first, second = read_run(id, engine), read_run(id, engine)
    assert first.run is second.run
    assert first.run == engine.run_to_look_at(id)
    assert boxes(engine, first.version) is boxes(engine, second.version)
    assert [box["id"] for box in boxes(engine, first.version)] == ["note"]


def test_a_run_on_its_way_is_read_anew(engine: WorkflowEngine) -> None:
    id = begun(engine, ASKS)
    while read_run(id, engine).run.status != "waiting":
        time.sleep(0.01)
    engine.cancel(id)
    engine.wait(id)
    assert read_run(id, engine).run.status == "cancelled"


def test_a_run_that_is_not_there_is_said_so(engine: WorkflowEngine) -> None:
    with pytest.raises(NotFound):
        read_run("nowhere", engine)
