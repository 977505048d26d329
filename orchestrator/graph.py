"""A workflow as graphs: each step compiled, what it needs, and what needs it.

The steps of a workflow are one graph. A step with a body (`group`, `loop_until`, `states`) holds further ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from itertools import chain

from orchestrator.expressions import Expression, compile_value
from orchestrator.steps import LATE
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
    bodies: Mapping[str, Body]
    """What it runs: one body under "", or one for each state."""
    owner: str
    """The step whose body it is in; "" for a step of the workflow itself."""
    depth: int
    """In how many items and rounds it stands: the parts of the path before its own item."""


@dataclass(frozen=True)
class Body:
    """Steps that run together, in the order of the file. `output` is None when all their outputs are given;
    `outside` are the steps further out that they refer to."""

    nodes: dict[str, Node]
    output: Expression | None
    outside: frozenset[str]

    @cached_property
    def every(self) -> dict[str, Node]:
        """All steps, those of bodies behind the step that they belong to."""
        found: dict[str, Node] = {}
        for id, node in self.nodes.items():
            found[id] = node
            for body in node.bodies.values():
                found |= body.every
        return found


@dataclass(frozen=True)
class Graph(Body):
    """A whole workflow."""

    workflow: Workflow

    @classmethod
    def of(cls, workflow: Workflow) -> Graph:
        """The graph of a workflow without problems (`validation.check`)."""
        return cls(_nodes(workflow.steps, "", 0), compile_value(workflow.output), frozenset(), workflow)


def _nodes(steps: tuple[Step, ...], owner: str, depth: int) -> dict[str, Node]:
    needs = needs_of(steps)
    handled: dict[str, set[str]] = {}
    for step in steps:
        handled.setdefault(step.on_error, set()).add(step.id)
    dependents: dict[str, list[str]] = {step.id: [] for step in steps}
    for id, needed in needs.items():
        for other in needed:
            dependents[other].append(id)
    return {
        step.id: Node(
            step=step,
            needs=needs[step.id],
            ways=dict(split_need(need) for need in step.needs if "." in need),
            dependents=tuple(dependents[step.id]),
            handles=frozenset(handled.get(step.id, ())),
            condition=None if step.if_ is None else compile_value(step.if_),
            items=None if step.for_each is None else compile_value(step.for_each),
            params=compile_value(early_params(step)),
            bodies=_bodies(step, depth + (step.for_each is not None)),
            owner=owner,
            depth=depth,
        )
        for step in steps
    }


def _bodies(step: Step, depth: int) -> dict[str, Body]:
    inside = depth + (step.uses in LATE)  # a kind with rounds numbers them
    bodies: dict[str, Body] = {}
    for name, steps in bodies_of(step).items():
        output = step.states[name].output if step.states else step.output
        ids = {inner.id for inner in steps}
        bodies[name] = Body(
            nodes=_nodes(steps, step.id, inside),
            output=None if output is None else compile_value(output),
            outside=_references(step) - ids,
        )
    return bodies


def bodies_of(step: Step) -> dict[str, tuple[Step, ...]]:
    """The steps inside a step, by the name of their state, or under ""."""
    if step.states:
        return {name: state.steps for name, state in step.states.items()}
    return {"": step.steps} if step.steps else {}


def inner_steps(step: Step) -> Iterator[Step]:
    """All steps inside a step, however deep."""
    for inner in chain.from_iterable(bodies_of(step).values()):
        yield inner
        yield from inner_steps(inner)


def early_params(step: Step) -> dict[str, object]:
    """The parameters that are known before the step begins; the others are looked at after each round."""
    late = LATE.get(step.uses, frozenset())
    return {key: value for key, value in step.with_.items() if key not in late}


def step_expressions(step: Step) -> dict[str, Expression]:
    """The expressions of a step itself, by the key that holds them. Raises `ExpressionError`."""
    found = {f"with.{key}": compile_value(value) for key, value in early_params(step).items()}
    if step.if_ is not None:
        found["if"] = compile_value(step.if_)
    if step.for_each is not None:
        found["for_each"] = compile_value(step.for_each)
    if step.approve is not None:
        found["approve.message"] = compile_value(step.approve.message)
    return found


def late_values(step: Step) -> dict[tuple[str, str], object]:
    """What is looked at when a body has run, by (state, key): it can use the outputs of the steps inside."""
    late = LATE.get(step.uses, frozenset())
    found: dict[tuple[str, str], object] = {
        ("", f"with.{key}"): step.with_[key] for key in sorted(late) if key in step.with_
    }
    if step.output is not None:
        found["", "output"] = step.output
    for name, state in step.states.items():
        at = f"states.{name}"
        if state.output is not None:
            found[name, f"{at}.output"] = state.output
        if state.choose is not None:
            found[name, f"{at}.choose"] = state.choose
        for move, transition in state.transitions.items():
            if transition.if_ is not None:
                found[name, f"{at}.transitions.{move}.if"] = transition.if_
    return found


def late_expressions(step: Step) -> dict[tuple[str, str], Expression]:
    """The same, compiled. Raises `ExpressionError`."""
    return {key: compile_value(value) for key, value in late_values(step).items()}


def _references(step: Step) -> frozenset[str]:
    """All steps that a step and those inside it refer to."""
    found = set[str]()
    for expression in (*step_expressions(step).values(), *late_expressions(step).values()):
        found |= expression.steps
    for steps in bodies_of(step).values():
        for inner in steps:
            found |= _references(inner)
    return frozenset(found)


def split_need(need: str) -> tuple[str, str]:
    """The step and the way of "step.way"; the way of a plain step is ""."""
    step, _, way = need.partition(".")
    return step, way


def needs_of(steps: tuple[Step, ...]) -> dict[str, tuple[str, ...]]:
    """What each of the steps that stand together waits for: `needs`, the steps that it or its body refers to, and those
    whose errors it handles. Raises `ExpressionError`."""
    needs = {
        step.id: dict.fromkeys([*(split_need(need)[0] for need in step.needs), *sorted(_references(step))])
        for step in steps
    }
    for step in steps:
        if step.on_error in needs:
            needs[step.on_error][step.id] = None
    return {
        step.id: tuple(
            id for id in needs[step.id] if id in needs and id not in {inner.id for inner in inner_steps(step)}
        )
        for step in steps
    }


def find_cycle(needs: dict[str, tuple[str, ...]]) -> list[str] | None:
    """A ring of steps that wait for each other, first one repeated at the end; None when there is none."""
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))
    return None
