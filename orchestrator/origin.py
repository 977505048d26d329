"""Going back: which events of a run hold for one that is made of it."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from typing import Any

from orchestrator.data import flaw, is_list
from orchestrator.errors import InvalidInput, NotFound, PatchbayError
from orchestrator.events import Event
from orchestrator.expressions import nearest
from orchestrator.frames import digest
from orchestrator.graph import Body, Graph
from orchestrator.state import RunState

RECORDED = frozenset({"step.expanded", "step.succeeded", "step.round"})


def recorded(
    events: Iterable[Event], state: RunState, new: Graph, *, without: frozenset[str] = frozenset()
) -> list[Event]:
    """What need not be done again: what succeeded, in steps that are the same in both versions of the workflow. `state`
    is what the events come to; `without` are steps of the workflow that are run again."""
    old = state.graph
    same = {id for id, node in new.nodes.items() if id in old.nodes and old.nodes[id].step == node.step} - without
    kept = [
        event
        for event in events
        if event.type in RECORDED and not event.data.get("supposed") and outermost(old, event.step) in same
    ]
    done = _items_of(kept, old)
    return [_of_these_items(event, state, done) if event.type == "step.expanded" else event for event in kept]


def _items_of(events: Iterable[Event], graph: Graph) -> set[tuple[str, str]]:
    """The items of loops that these events are of, as (step, item): each may be of loops in loops."""
    found: set[tuple[str, str]] = set()
    for event in events:
        if event.type == "step.expanded":
            continue
        node, path = graph.every[event.step], event.item.split(".")
        while True:
            if node.items is not None and len(path) > node.depth:
                found.add((node.step.id, ".".join(path[: node.depth + 1])))
            if not node.owner:
                break
            node = graph.every[node.owner]
    return found


def _of_these_items(expanded: Event, state: RunState, done: Container[tuple[str, str]]) -> Event:
    """The beginning of a loop that is to go on, with what those of its items were that something was done for."""
    step = state.step(expanded.step, expanded.item)
    if step.status == "succeeded" or step.frame.closed:
        return expanded
    try:
        values = step.values_of_loop()
    except PatchbayError:  # what it goes over is gone: the run that goes on says so
        return expanded
    of = {name: digest(value) for name, value in zip(step.names, values, strict=True) if (step.id, name) in done}
    return expanded._replace(data={**expanded.data, "of": of})


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
