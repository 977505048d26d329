"""What differs between two versions of a file, by step and field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from orchestrator.data import is_list, is_object

BODIES = ("steps", "states")
"""The keys of a step that hold other steps: each of these is compared by itself."""

DRAWN = "layout"
"""Where boxes stand on the canvas: no difference in what runs."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that differs. `step` is "" for the workflow itself or a file that has no steps; `field` is a path such
    as "with.query", "" for a step as a whole. `before` or `after` is None where there was, or is, nothing."""

    step: str
    field: str
    kind: Literal["added", "removed", "changed", "moved"]
    before: Any = None
    after: Any = None


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """All that differs, in the order of the newer file; what was removed stands last."""
    found = list(_fields("", _own(before), _own(after)))
    old, new = dict(_steps(before)), dict(_steps(after))
    kept = [id for id in old if id in new]
    moved = _moved(kept, [id for id in new if id in old])
    for id, (inside, step) in new.items():
        if id not in old:
            found.append(Change(id, "", "added", after=step))
            continue
        was_inside, was = old[id]
        if inside != was_inside or id in moved:
            found.append(Change(id, "", "moved", before=was_inside, after=inside))
        found += _fields(id, _own(was), _own(step))
    found += [Change(id, "", "removed", before=step) for id, (_, step) in old.items() if id not in new]
    return found


def _steps(holder: Mapping[str, Any], inside: str = "") -> Iterator[tuple[str, tuple[str, Mapping[str, Any]]]]:
    """Every step by its id, with the body that it stands in: those of bodies too."""
    steps = holder.get("steps")
    for step in steps if is_list(steps) else ():
        if is_object(step) and isinstance(step.get("id"), str):
            yield step["id"], (inside, step)
            yield from _steps(step, step["id"])
            states = step.get("states")
            for name, state in states.items() if is_object(states) else ():
                if is_object(state):
                    yield from _steps(state, f"{step['id']}.{name}")


def _own(holder: Mapping[str, Any]) -> dict[str, Any]:
    """What a step says of itself, without the steps inside it."""
    own = {key: value for key, value in holder.items() if key not in (*BODIES, DRAWN, "id")}
    states = holder.get("states")
    if is_object(states):
        own["states"] = {
            name: {key: value for key, value in state.items() if key != "steps"} if is_object(state) else state
            for name, state in states.items()
        }
    return own


def _fields(step: str, before: Any, after: Any, path: str = "") -> Iterator[Change]:
    before, after = _by_name(before, after)
    if is_object(before) and is_object(after):
        for key in dict.fromkeys([*after, *before]):
            below = f"{path}.{key}" if path else key
            if key not in before:
                yield Change(step, below, "added", after=after[key])
            elif key not in after:
                yield Change(step, below, "removed", before=before[key])
            else:
                yield from _fields(step, before[key], after[key], below)
    elif before != after:
        yield Change(step, path, "changed", before, after)


def _by_name(before: Any, after: Any) -> tuple[Any, Any]:
    """Two lists of things that each have a name of their own are compared by name, as objects."""
    found: list[dict[str, Any]] = []
    for value in (before, after):
        if not is_list(value) or not all(is_object(one) and isinstance(one.get("name"), str) for one in value):
            return before, after
        found.append({one["name"]: one for one in value})
        if len(found[-1]) != len(value):
            return before, after
    return found[0], found[1]


def _moved(before: list[str], after: list[str]) -> set[str]:
    """The steps that stand in another order: all but the longest run of them that kept theirs."""
    place = {id: number for number, id in enumerate(before)}
    best: list[list[str]] = []
    for id in after:
        behind = max((run for run in best if place[run[-1]] < place[id]), key=len, default=list[str]())
        best.append([*behind, id])
    kept = max(best, key=len, default=list[str]())
    return set(after) - set(kept)
