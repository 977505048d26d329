"""What is in a bundle, told before any of it is used: its steps, what it writes, what it needs, and what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from orchestrator import validation
from orchestrator.account_fields import own_fields
from orchestrator.bundles import Bundle, file_of
from orchestrator.errors import NotFound, Problem
from orchestrator.graph import inner_steps
from orchestrator.library import Library
from orchestrator.registry import Registry
from orchestrator.templates import Template
from orchestrator.workflow import Step, Workflow


@dataclass(frozen=True, slots=True)
class Write:
    """A step that changes something outside: what it is called, at which service, what it does there."""

    step: str
    connector: str
    action: str


@dataclass(frozen=True, slots=True)
class Contents:
    """`connectors` are the ids of the services that it acts at with an account, in the order of the steps; `models` the
    models that steps name, "" for the default one; `reads` the titles of what it reads. `problems` keep it from running
    here: an action that this Patchbay does not have, for example."""

    connectors: tuple[str, ...]
    models: tuple[str, ...]
    reads: tuple[str, ...]
    writes: tuple[Write, ...]
    problems: tuple[Problem, ...]

    @property
    def asks_a_model(self) -> bool:
        return bool(self.models)


def contents_of(bundle: Bundle, library: Library, registry: Registry) -> Contents:
    """What the workflows of a bundle do and need, each thing once."""
    connectors: dict[str, None] = {}
    models: dict[str, None] = {}
    reads: dict[str, None] = {}
    writes: dict[Write, None] = {}
    for workflow in bundle.workflows:
        for step in _every(workflow):
            action = registry.get(step.uses)
            if action is None:
                continue
            if own_fields(action.connector) and action.connector.generate_function is None:
                connectors[action.connector.id] = None
            if "model" in action.params.model_fields:
                models[str(step.with_.get("model") or "")] = None
            elif action.effect == "read":
                reads[f"{action.connector.title}: {action.title}"] = None
            else:
                writes[Write(step.name or step.id, action.connector.id, action.title)] = None
    return Contents(
        tuple(connectors), tuple(models), tuple(reads), tuple(writes), tuple(problems_of(bundle, library, registry))
    )


def needs_of(contents: Contents, registry: Registry) -> str:
    """The accounts and the model that it needs, in words."""
    titles = [registry.connectors[id].title for id in contents.connectors]
    return ", ".join([*titles, *(["a model"] if contents.asks_a_model else [])]) or "nothing"


def changes_of(contents: Contents, registry: Registry) -> str:
    """What it changes outside, in words."""
    told = dict.fromkeys(f"{registry.connectors[one.connector].title}: {one.action}" for one in contents.writes)
    return "; ".join(told) or "nothing outside"


def problems_of(bundle: Bundle, library: Library, registry: Registry) -> list[Problem]:
    """Every mistake that keeps one of its workflows from running here."""
    carried = {template.id: template for template in bundle.templates}
    workflows = {workflow.id for workflow in bundle.workflows} | set(library.workflows.ids())

    def template(id: str) -> Template:
        return carried[id] if id in carried else library.templates.load(id)

    found: list[Problem] = []
    for item in bundle.items:
        if item.kind == "workflow":
            found += validation.check(item.content, registry, template, file=file_of(item))
            found += _not_there(item.content, workflows)
    return found


def _not_there(content: dict[str, Any], workflows: set[str]) -> Iterator[Problem]:
    for step in _every(Workflow.model_validate(content)):
        called = step.with_.get("workflow") if step.uses == "workflow" else None
        if isinstance(called, str) and "{{" not in called and called not in workflows:
            error = NotFound(f"The step '{step.id}' runs the workflow '{called}', which is not there.")
            yield Problem(error.code, error.message, remedy="Ask for a bundle that holds it, too.")


def asked_for(workflow: Workflow) -> dict[str, Any]:
    """The inputs without a default: what a person must say before it can run by itself."""
    return {name: declared for name, declared in workflow.inputs.items() if declared.required}


def _every(workflow: Workflow) -> Iterator[Step]:
    for step in workflow.steps:
        yield step
        yield from inner_steps(step)
