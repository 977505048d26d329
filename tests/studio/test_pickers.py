"""The lists that a form's fields choose from."""

from __future__ import annotations

from typing import Any

from orchestrator.templates import Template
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine
from studio.pickers import lists_for, models


def asks(*pickers: str) -> Workflow:
    inputs: dict[str, Any] = {f"x{number}": {"picker": picker} for number, picker in enumerate(pickers)}
    return Workflow.model_validate({"id": "w", "inputs": inputs, "steps": [{"id": "a", "uses": "ai.generate"}]})


def test_what_the_practice_accounts_hold_can_be_chosen(engine: WorkflowEngine) -> None:
    lists = lists_for(asks("notion.databases", "github.repositories", "templates"), engine)

    assert "Inbox summaries" in {label for _, label in lists["notion.databases"]}
    assert lists["github.repositories"]
    assert lists["templates"]


def test_two_things_of_one_name_are_told_apart(engine: WorkflowEngine) -> None:
    for id in ("one", "two"):
        template = {"id": id, "name": "Alike", "user": "Hi"}
        engine.library.templates.save(Template.model_validate(template))
    labels = {label for value, label in lists_for(asks("templates"), engine)["templates"] if value in ("one", "two")}
    assert labels == {"Alike", "Alike (2)"}


def test_a_picker_that_nobody_knows_is_left_out(engine: WorkflowEngine) -> None:
    assert lists_for(asks("nowhere.things", "notion.things", "things"), engine) == {}


def test_the_practice_model_can_always_be_chosen(engine: WorkflowEngine) -> None:
    assert any(name.startswith("embedded:") for name, _ in models(engine))
