"""Using a workflow of the gallery: a copy of one's own that can run, and nothing that is there is touched."""

from __future__ import annotations

import pytest

from orchestrator.bundles import Bundle, pack
from orchestrator.templates import Template
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine
from studio.gallery.use import use


@pytest.fixture
def bundle(engine: WorkflowEngine) -> Bundle:
    """A workflow that must be told a name first, and its template, which this studio does not have."""
    engine.library.templates.save(Template.model_validate({"id": "greet", "user": "Greet {{ name }}"}))
    step = {"id": "a", "uses": "data.render", "with": {"template": "greet", "variables": {"name": "{{ inputs.name }}"}}}
    content = {
        "id": "hello",
        "inputs": {"name": {"title": "Name"}},
        "steps": [step],
        "output": {"text": "{{ steps.a.text }}"},
    }
    packed = pack(Workflow.model_validate(content), engine.library, engine.registry)
    engine.library.templates.delete("greet")
    return packed


def test_what_was_missing_becomes_the_default_and_it_runs_by_itself(bundle: Bundle, engine: WorkflowEngine) -> None:
    made = use(bundle, {"name": "Ada"}, engine)
    assert made.workflow == "hello"
    assert engine.execute_workflow("hello").outputs == {"text": "Greet Ada"}


def test_each_use_is_a_copy_of_its_own(bundle: Bundle, engine: WorkflowEngine) -> None:
    ids = [use(bundle, {"name": name}, engine).workflow for name in ("Ada", "Bob", "Cy")]
    assert ids == ["hello", "hello_2", "hello_3"]
    assert [engine.execute_workflow(id).outputs["text"] for id in ids] == ["Greet Ada", "Greet Bob", "Greet Cy"]
    assert [id for id in engine.library.templates.ids() if id.startswith("greet")] == ["greet"]


def test_a_template_of_ones_own_is_not_touched(bundle: Bundle, engine: WorkflowEngine) -> None:
    engine.library.templates.save(Template.model_validate({"id": "greet", "user": "Mine, {{ name }}"}))
    use(bundle, {"name": "Ada"}, engine)
    assert engine.library.templates.load("greet").user == "Mine, {{ name }}"
    assert engine.execute_workflow("hello").outputs == {"text": "Greet Ada"}
