"""The examples of the reference: each can run, and those that ask nobody and no model do so here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator import WorkflowEngine
from orchestrator.settings import ROOT
from orchestrator.steps import KINDS
from orchestrator.workflow import Workflow

FOLDER = ROOT / "docs" / "examples"
OUTPUTS: dict[str, Any] = {
    "set": {"text": "Dear Ada"},
    "fail": {"amount": 50},
    "branch": {"way": "pay"},
    "group": {"paths": ["a/x", "a/y", "b/z"]},
    "loop_until": {"text": "Version 4", "rounds": 4},
    "states": {"version": 3, "path": "draft → review → draft → review → draft → review → done"},
    "wait": {"text": "later"},
}


def example(kind: str) -> dict[str, Any]:
    return json.loads((FOLDER / f"{kind}.json").read_text())


@pytest.fixture
def engine(home: Path) -> Any:
    with WorkflowEngine() as engine:
        yield engine


@pytest.mark.parametrize("kind", KINDS)
def test_each_built_in_step_has_an_example_without_a_mistake(engine: WorkflowEngine, kind: str) -> None:
    assert engine.check(example(kind)) == []


@pytest.mark.parametrize("kind", OUTPUTS)
def test_an_example_gives_what_it_is_for(engine: WorkflowEngine, kind: str) -> None:
    result = engine.execute_workflow(Workflow.model_validate(example(kind)))
    assert (result.status, result.outputs) == ("succeeded", OUTPUTS[kind])
