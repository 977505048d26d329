"""Trying a step out before the workflow is published: alone on what is known, or with all that comes before it.

A try is a run like any other, of the draft. A step that writes is previewed: what it would send is shown, and goes out
only when a person approves it on the run's page.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from orchestrator.data import is_list, is_object
from orchestrator.errors import NotFound
from orchestrator.graph import Graph
from orchestrator.history import RunView
from orchestrator.workflow import RunId, Workflow
from orchestrator.workflow_engine import WorkflowEngine
from studio.builder.edit import Draft, find_step, get_value, holders, set_value
from studio.builder.variables import Known

PINS = ("layout", "pins")
"""Where outputs are kept that a person pinned for trying out. Never part of what runs."""


def pins_of(draft: Mapping[str, Any]) -> dict[str, Any]:
    """The pinned outputs by step."""
    pins = get_value(draft, None, PINS)
    return dict(pins) if is_object(pins) else {}


def pin(draft: Draft, step: str, output: Any) -> Draft:
    """The draft with an output pinned; None takes the pin out."""
    return set_value(draft, None, (*PINS, step), output)


def last_run(id: str, engine: WorkflowEngine) -> RunView | None:
    """The newest run of a workflow, of whatever version."""
    found = engine.runs(workflow=id, limit=1)
    return engine.run(found[0].id) if found else None


def known_of(draft: Mapping[str, Any], run: RunView | None) -> Known:
    """What expressions can be shown with: what is pinned, else what the run gave. Of a step in a loop, its first."""
    if run is None:
        return Known({}, pins_of(draft))
    outputs: dict[str, Any] = {}
    for step in run.steps:
        output = step.output
        if step.owner:  # it stands in a body: one of its outputs is what is seen there
            outputs_of_items = output if is_list(output) else [output]
            output = next((one for one in outputs_of_items if one is not None), None)
        if output is not None:
            outputs[step.id] = output
    for plan in run.plans:
        outputs.setdefault(plan.step, plan.result)
    return Known(run.inputs, {**outputs, **pins_of(draft)})


def test_step(draft: Mapping[str, Any], step: str, run: RunView | None, engine: WorkflowEngine) -> RunId:
    """Run one step on what is pinned or was recorded; without a run, with all that comes before it. Raises
    `PatchbayError`."""
    around = holders(draft, step)
    tried = around[0]["id"] if around else step  # a step in a body is tried with the body
    if run is None:
        return run_to(draft, tried, engine)
    workflow = Workflow.model_validate(draft)
    pins = {id: output for id, output in pins_of(draft).items() if id != tried}
    return engine.rerun(
        run.summary.id, only=tried, pins=pins, workflow=workflow, preview=_writes(workflow, {tried}, engine)
    )


def run_to(draft: Mapping[str, Any], step: str, engine: WorkflowEngine) -> RunId:
    """Run all that a step needs, and the step. What is pinned is taken as it is. Raises `PatchbayError`."""
    around = holders(draft, step)
    last = around[0]["id"] if around else step
    if find_step(draft, last) is None:
        raise NotFound(f"There is no step '{step}'.")
    workflow = Workflow.model_validate(draft)
    kept = _needed(workflow, last)
    part = workflow.model_copy(update={"steps": tuple(one for one in workflow.steps if one.id in kept), "output": {}})
    pins = {id: output for id, output in pins_of(draft).items() if id in kept and id != last}
    return engine.start_workflow(part, pins=pins, preview=_writes(part, kept, engine) or None)


def put_off(id: RunId, engine: WorkflowEngine) -> None:
    """End an earlier try that still asks whether it may send: nobody waits for it any more."""
    if any(question.kind == "preview" for question in engine.run_to_look_at(id).questions):
        with suppress(NotFound):  # decided meanwhile
            engine.reject(id, by="the next try")


def _needed(workflow: Workflow, step: str) -> set[str]:
    nodes = Graph.of(workflow).nodes
    found: set[str] = set()
    left = [step]
    while left:
        id = left.pop()
        if id not in found and id in nodes:
            found.add(id)
            left += nodes[id].needs
    return found


def _writes(workflow: Workflow, among: set[str], engine: WorkflowEngine) -> bool:
    every = Graph.of(workflow).every
    inside = {id for id, node in every.items() if id in among or _outermost(every, id) in among}
    actions = (engine.registry.get(every[id].step.uses) for id in inside)
    return any(action is not None and action.effect != "read" for action in actions)


def _outermost(every: Mapping[str, Any], id: str) -> str:
    while every[id].owner:
        id = every[id].owner
    return id
