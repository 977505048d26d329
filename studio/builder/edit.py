"""Changes to the draft of a workflow, as data: each gives a new draft and leaves the old one as it was."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from orchestrator.data import is_list, is_object

Draft = dict[str, Any]


def every_step(draft: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The steps of a draft and those inside them, each behind the step that holds it. What is no step is passed over:
    a draft may be half written."""
    for holder in _bodies(draft):
        for step in holder:
            if is_object(step) and isinstance(step.get("id"), str):
                yield step
                yield from every_step(step)


def find_step(draft: Mapping[str, Any], id: str) -> dict[str, Any] | None:
    return next((step for step in every_step(draft) if step["id"] == id), None)


def holders(draft: Mapping[str, Any], id: str) -> list[dict[str, Any]]:
    """The steps that a step stands in, from the outermost."""
    for holder in _bodies(draft):
        for step in holder:
            if not is_object(step):
                continue
            if step.get("id") == id:
                return []
            if find_step(step, id) is not None:
                return [step, *holders(step, id)]
    return []


def set_value(draft: Draft, step: str | None, path: tuple[str, ...], value: Any) -> Draft:
    """The draft with a value of a step, or with `step` None of the workflow itself, under a path of keys ("with",
    "query"). None takes it away, and what held nothing else with it."""
    changed = copy.deepcopy(draft)
    place = changed if step is None else find_step(changed, step)
    if place is None:
        return changed
    *outer, last = path
    above: list[tuple[dict[str, Any], str]] = []
    for key in outer:
        above.append((place, key))
        inner = place.get(key)
        if not is_object(inner):
            inner = place[key] = {}
        place = inner
    if value is None:
        place.pop(last, None)
        for holder, key in reversed(above):
            if not holder[key]:
                del holder[key]
    else:
        place[last] = value
    return changed


def get_value(draft: Mapping[str, Any], step: str | None, path: tuple[str, ...]) -> Any:
    """What stands there; None where nothing does."""
    place: Any = draft if step is None else find_step(draft, step)
    for key in path:
        if not is_object(place):
            return None
        place = place.get(key)
    return place


def needed_later(draft: Mapping[str, Any], id: str, needs: Mapping[str, tuple[str, ...]]) -> set[str]:
    """The steps that wait for a step, however far behind. `needs` are those of the steps that stand beside it."""
    found: set[str] = set()
    left = [id]
    while left:
        known = left.pop()
        for other, needed in needs.items():
            if known in needed and other not in found:
                found.add(other)
                left.append(other)
    return found


def _bodies(holder: Mapping[str, Any]) -> Iterator[list[Any]]:
    steps = holder.get("steps")
    if is_list(steps):
        yield steps
    states = holder.get("states")
    for state in states.values() if is_object(states) else ():
        if is_object(state) and is_list(state.get("steps")):
            yield state["steps"]
