"""Files from outside are looked at before anything is saved."""

from __future__ import annotations

import json

from orchestrator.templates import Template
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine
from studio.files import copy_of, incoming

GOOD = {"id": "greet", "name": "Greet", "steps": [{"id": "a", "uses": "ai.generate", "with": {"prompt": "Hello"}}]}


def test_a_good_file_is_read_and_not_saved(engine: WorkflowEngine) -> None:
    shelf = engine.library.workflows
    found = incoming(json.dumps(GOOD).encode(), shelf, engine.check)

    assert found.item == Workflow.model_validate(GOOD)
    assert not found.taken
    assert "greet" not in shelf.ids()


def test_an_id_that_is_in_use_is_told(engine: WorkflowEngine) -> None:
    engine.library.workflows.save(Workflow.model_validate(GOOD))
    assert incoming(json.dumps(GOOD).encode(), engine.library.workflows, engine.check).taken


def test_every_problem_is_listed_and_there_is_nothing_to_save(engine: WorkflowEngine) -> None:
    bad = GOOD | {"nme": "x", "steps": [{"id": "a", "uses": "ai.generat"}, {"id": "a", "uses": "ai.generate"}]}
    found = incoming(json.dumps(bad).encode(), engine.library.workflows, engine.check)

    assert found.item is None
    assert {problem.code for problem in found.problems} >= {"unknown_key", "unknown_action", "duplicate_id"}


def test_whatever_else_is_uploaded_is_refused_in_one_sentence(engine: WorkflowEngine) -> None:
    shelves = (engine.library.workflows, engine.check), (engine.library.templates, None)
    for data in (b"", b"\xff\xfe\x00", b"{", b"[1, 2]", b"&a [*a]", b"x" * 2_000_001):
        for shelf, check in shelves:
            found = incoming(data, shelf, check)
            assert found.item is None
            assert len(found.problems) == 1
            assert "Traceback" not in found.problems[0].message


def test_a_template_file_in_yaml_with_a_byte_order_mark(engine: WorkflowEngine) -> None:
    found = incoming("\ufeffid: hello\nuser: Hello {{ name }}\n".encode(), engine.library.templates)
    assert isinstance(found.item, Template)


def test_a_copy_has_an_id_of_its_own_and_says_that_it_is_one(engine: WorkflowEngine) -> None:
    shelf = engine.library.workflows
    shelf.save(Workflow.model_validate(GOOD))
    copy = copy_of(shelf.load("greet"), shelf)

    assert (copy.id, copy.name) == ("greet_2", "Greet (copy)")
    assert copy.steps == shelf.load("greet").steps
    assert shelf.parse(copy.to_json()) == copy
