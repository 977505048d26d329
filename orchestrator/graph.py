"""A workflow as a graph: each step compiled, what it needs, and what needs it."""

from __future__ import annotations

from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from orchestrator.expressions import Expression, compile_value
from orchestrator.workflow import Step, Workflow

NO_STEPS = frozenset({"fail", "continue"})


@dataclass(frozen=True, slots=True)
class Node:
    """A step, ready to run. `ways` are the ways that branches must have taken for it (`needs: ["branch.way"]`);
    `handles` are the steps whose failure leads here (`on_error`)."""

    step: Step
    needs: tuple[str, ...]
    ways: dict[str, str]
    dependents: tuple[str, ...]
    handles: frozenset[str]
    condition: Expression | None
    items: Expression | None
    params: Expression


@dataclass(frozen=True, slots=True)
class Graph:
    """The nodes in the order of the file, and the compiled output."""

    workflow: Workflow
    nodes: dict[str, Node]
    output: Expression

    @classmethod
    def of(cls, workflow: Workflow) -> Graph:
        """The graph of a workflow without problems (`validation.check`)."""
        needs = {step.id: step_needs(step, workflow) for step in workflow.steps}
        dependents: dict[str, list[str]] = {step.id: [] for step in workflow.steps}
        for id, needed in needs.items():
            for other in needed:
                dependents[other].append(id)
        nodes = {
            step.id: Node(
                step=step,
                needs=needs[step.id],
                ways=dict(split_need(need) for need in step.needs if "." in need),
                dependents=tuple(dependents[step.id]),
                handles=frozenset(other.id for other in workflow.steps if other.on_error == step.id),
                condition=None if step.if_ is None else compile_value(step.if_),
                items=None if step.for_each is None else compile_value(step.for_each),
                params=compile_value(step.with_),
            )
            for step in workflow.steps
        }
        return cls(workflow=workflow, nodes=nodes, output=compile_value(workflow.output))


def step_expressions(step: Step) -> dict[str, Expression]:
    """The expressions of a step by the key that holds them. Raises `ExpressionError`."""
    found = {f"with.{key}": compile_value(value) for key, value in step.with_.items()}
    if step.if_ is not None:
        found["if"] = compile_value(step.if_)
    if step.for_each is not None:
        found["for_each"] = compile_value(step.for_each)
    return found


def split_need(need: str) -> tuple[str, str]:
    """The step and the way of "step.way"; the way of a plain step is ""."""
    step, _, way = need.partition(".")
    return step, way


def step_needs(step: Step, workflow: Workflow) -> tuple[str, ...]:
    """What a step waits for: `needs`, the steps its expressions refer to, and those whose errors it handles."""
    ids = {other.id for other in workflow.steps}
    found = dict.fromkeys(split_need(need)[0] for need in step.needs)
    for expression in step_expressions(step).values():
        found |= dict.fromkeys(sorted(expression.steps))
    found |= dict.fromkeys(other.id for other in workflow.steps if other.on_error == step.id)
    return tuple(id for id in found if id in ids)


def find_cycle(needs: dict[str, tuple[str, ...]]) -> list[str] | None:
    """A ring of steps that wait for each other, first one repeated at the end; None when there is none."""
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))
    return None
