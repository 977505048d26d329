"""Going back: which events of a run hold for one that is made of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from orchestrator.data import flaw, is_list
from orchestrator.errors import InvalidInput, NotFound
from orchestrator.events import Event
from orchestrator.expressions import nearest
from orchestrator.graph import Body, Graph

RECORDED = frozenset({"step.expanded", "step.succeeded", "step.round"})


def recorded(events: Iterable[Event], old: Graph, new: Graph, *, without: frozenset[str] = frozenset()) -> list[Event]:
    """What need not be done again: what succeeded, in steps that are the same in both versions of the workflow.
    `without` are steps of the workflow that are run again."""
    same = {id for id, node in new.nodes.items() if id in old.nodes and old.nodes[id].step == node.step} - without
    return [
        event
        for event in events
        if event.type in RECORDED and not event.data.get("supposed") and outermost(old, event.step) in same
    ]


def outermost(graph: Graph, step: str) -> str:
    """The step of the workflow itself that a step is, or is inside of."""
    while owner := graph.every[step].owner:
        step = owner
    return step


def from_here(graph: Graph, step: str) -> frozenset[str]:
    """A step and all that comes after it, as steps of the workflow itself. Raises `NotFound`."""
    check_step(graph, step)
    found: set[str] = set()
    todo = [outermost(graph, step)]
    while todo:
        id = todo.pop()
        if id not in found:
            found.add(id)
            todo += graph.nodes[id].dependents
    return frozenset(found)


def check_step(graph: Body, step: str) -> None:
    """Raises `NotFound` for a step that does not exist."""
    if step not in graph.every:
        raise NotFound(f"There is no step '{step}'{nearest(step, list(graph.every))}.", remedy="Use the id of a step.")


def pinned(pins: Mapping[str, Any], graph: Graph) -> list[Event]:
    """The outputs that are typed in, as if the steps had given them. Raises `NotFound` or `InvalidInput`."""
    events: list[Event] = []
    for step, output in pins.items():
        check_step(graph, step)
        if wrong := flaw(output, step):
            raise InvalidInput(f"The pinned output {wrong}.", remedy="Pin data that can be kept.")
        node = graph.nodes.get(step)
        if node is None:
            raise InvalidInput(f"'{step}' is inside '{outermost(graph, step)}'.", remedy="Pin that step's output.")
        if node.items is not None:
            if not is_list(output):
                raise InvalidInput(f"'{step}' gives a list: one output for each item.", remedy="Pin a list.")
            events.append(Event("step.expanded", step, data={"count": len(output)}))
            events += [
                Event("step.succeeded", step, str(number), data={"output": item, "pinned": True})
                for number, item in enumerate(output)
            ]
        else:
            events.append(Event("step.succeeded", step, data={"output": output, "pinned": True}))
    return events
