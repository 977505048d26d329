"""Which workflows use a template, how often they ran, what a call costs, and what it was given."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from integrations.ai import ai
from orchestrator.events import Event
from orchestrator.journal import Batch, encode, event_row
from orchestrator.registry import Registry
from orchestrator.settings import Settings
from orchestrator.template_usage import TemplateUse, templates_of
from orchestrator.templates import Template
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine
from tests.orchestrator.journals import NOW, new_run
from tests.scripted_model import PRICE, ScriptedModels

USED = {"input_tokens": 10, "output_tokens": 5, "cost": 0.01}

REGISTRY = Registry([ai, ScriptedModels().connector])


@pytest.fixture
def engine(made_home: Path) -> Iterator[WorkflowEngine]:
    with WorkflowEngine(Settings(home=made_home), registry=REGISTRY) as engine:
        engine.library.templates.save(Template.model_validate({"id": "letter", "user": "Dear {{ name }}"}))
        yield engine


def asks(id: str = "ask", template: str = "letter", **keys: Any) -> dict[str, Any]:
    given = {"template": template, "variables": {"name": "{{ item }}"}, "model": "scripted:plain"}
    return {"id": id, "uses": "ai.generate", "with": given, "for_each": ["Ada", "Bob"], **keys}


def workflow(*steps: dict[str, Any], id: str = "letters") -> Workflow:
    return Workflow.model_validate({"id": id, "name": id.title(), "steps": list(steps)})


def test_steps_are_found_wherever_they_stand() -> None:
    group = {"id": "g", "uses": "group", "steps": [asks("inside")]}
    computed = {"id": "c", "uses": "ai.generate", "with": {"template": "{{ inputs.which }}"}}
    assert templates_of(workflow(asks(), group, computed, asks("other", "note")), REGISTRY) == {
        "letter": ("ask", "inside"),
        "note": ("other",),
    }


def test_a_template_that_nothing_uses_was_never_called(engine: WorkflowEngine) -> None:
    assert engine.template_usage.of("letter") == TemplateUse()
    assert engine.template_usage.of("letter").mean_cost is None


def test_counts_runs_and_what_a_call_took(engine: WorkflowEngine) -> None:
    engine.library.workflows.save(workflow(asks()))
    for _ in range(3):
        assert engine.execute_workflow("letters").status == "succeeded"
    used = engine.template_usage.of("letter")
    assert (used.workflows, used.runs, used.calls) == (("letters",), 3, 6)
    assert used.mean_cost == pytest.approx(PRICE.of(10, 5))
    assert used.mean_tokens == 15


def test_counts_runs_of_versions_that_are_no_more(engine: WorkflowEngine) -> None:
    engine.execute_workflow(workflow(asks()))
    used = engine.template_usage.of("letter")
    assert (used.workflows, used.runs) == ((), 1)


def test_a_run_that_does_not_name_it_is_not_counted(engine: WorkflowEngine) -> None:
    plain = {"id": "ask", "uses": "ai.generate", "with": {"prompt": "Hi", "model": "scripted:plain"}}
    engine.execute_workflow(workflow(plain))
    assert engine.template_usage.of("letter") == TemplateUse()


def test_tells_what_its_steps_were_given(engine: WorkflowEngine) -> None:
    run = engine.execute_workflow(workflow(asks()))
    given = engine.template_usage.given("letter")
    assert {one.variables["name"] for one in given} == {"Ada", "Bob"}
    assert {(one.run, one.workflow, one.step) for one in given} == {(run.run_id, "Letters", "ask")}
    assert {one.item for one in given} == {"0", "1"}


def test_counts_quickly_with_20_000_runs_stored(engine: WorkflowEngine) -> None:
    known = workflow(asks())
    text = encode(known.dump())
    for number in range(20_000):
        run = dataclasses.replace(
            new_run(f"r{number:06}", at=NOW + number, hash=f"h{number % 20}"), workflow=text, inputs="x" * 200
        )
        done = Event("step.succeeded", "ask", "0", data={"output": {"text": "x" * 300}, "usage": USED}, at=NOW)
        engine.journal.write(Batch(run.id, 1, [event_row(run.id, 2, done)], new=run))
    engine.journal.flush()
    began = time.thread_time()  # what it costs, whatever else the machine does
    used = engine.template_usage.of("letter")
    first = time.thread_time() - began
    assert (used.runs, used.calls) == (20_000, 100)
    assert first < 1.0  # 0.03 s on the machine that it was written on
    began = time.thread_time()
    assert engine.template_usage.of("letter") is used
    assert time.thread_time() - began < 0.01
