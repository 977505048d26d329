"""What the expressions of a step can use: a tree of names, with the values of a run where there was one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from orchestrator.data import is_list, is_object
from orchestrator.errors import PatchbayError
from orchestrator.expressions import compile_value
from orchestrator.graph import needs_of
from orchestrator.registry import Registry
from orchestrator.steps import KINDS
from orchestrator.steps.kind import RoundsKind
from orchestrator.workflow import Step
from studio.builder.edit import find_step, holders, needed_later
from studio.builder.trees import KINDS_OF_SCHEMAS, NOTHING, Variable, declared_tree, tree

ROOM = 1000
"""Names that are shown in all, where values are large: each tree gets its share, and is shown as deep as that goes."""

LEAST = 10
"""Names that a tree may have, however many trees there are."""

PATH = re.compile(r"\s*\{\{\s*([\w.\[\]']+)\s*\}\}\s*")
"""An expression that is the path of a value."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of earlier runs and by typing: the inputs, and the output of each step."""

    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Reach:
    """What the expressions of one place can use: the names that people see, and what is known of their values."""

    found: Sequence[Variable]
    scope: Mapping[str, Any]
    items: Any = None
    """In a loop: its `for_each`, as long as none of its items is known."""


def reach_of(
    draft: Mapping[str, Any], step: str | None, known: Known, registry: Registry, *, inside: bool = False
) -> Reach:
    """For the expressions of a step; with None, for the workflow's output. `inside`: for what is looked at when the
    steps inside it have run."""
    scope = scope_of(draft, step, known, inside=inside)
    looped = None if "item" in scope else _looped(draft, step)
    found = variables(draft, step, scope, registry, inside=inside)
    return Reach(found, scope, looped["for_each"] if looped else None)


def nearest_list(reach: Reach) -> str:
    """The path of a list that the nearest step before gives, as an example of what can be written. One of the guide's,
    where no step gives any."""
    steps = [one for one in reach.found if one.path.startswith("steps.")]
    lists = (part.path for one in reversed(steps) for part in (one, *one.parts) if part.kind == "list")
    return next(lists, "steps.mail.messages")


def variables(
    draft: Mapping[str, Any], step: str | None, scope: Mapping[str, Any], registry: Registry, *, inside: bool = False
) -> list[Variable]:
    """The tree of names, with the values in a scope. What is not known has the names that its action declares."""
    inputs = draft.get("inputs")
    declared: Mapping[str, Any] = inputs if is_object(inputs) else {}
    earlier = usable_steps(draft, step, inside=inside)
    room = max(LEAST, ROOM // (len(earlier) + len(declared) + 2))
    found = [_step(one, scope["steps"], registry, room) for one in earlier]
    if declared:
        parts = tuple(_input(name, one, scope["inputs"], room) for name, one in declared.items())
        found.insert(0, Variable("inputs", "Inputs", "object", parts=parts))
    told = {name: NOTHING if name == "id" else value for name, value in scope["run"].items()}
    run = tuple(Variable(f"run.{name}", name, "text", value) for name, value in told.items())
    found.append(Variable("run", "This run", "object", parts=run))
    return [*_of_the_loop(draft, step, scope, found, room, inside), *found]


def usable_steps(draft: Mapping[str, Any], step: str | None, *, inside: bool = False) -> list[dict[str, Any]]:
    """The steps whose output a step can use: all that stand where it sees them and do not wait for it; and those inside
    it, for what is looked at when they have run."""
    if step is None:
        top = draft.get("steps")
        return [one for one in top if is_object(one) and isinstance(one.get("id"), str)] if is_list(top) else []
    around = [one["id"] for one in holders(draft, step)]
    usable: list[dict[str, Any]] = []
    for level in (*around, step):
        beside = _beside(draft, level)
        later = needed_later(draft, level, _needs(beside))
        usable += [one for one in beside if one["id"] not in (level, *later)]
    own = find_step(draft, step) if inside and step else None
    body = own.get("steps") if own else None
    if is_list(body):
        usable += [one for one in body if is_object(one) and isinstance(one.get("id"), str)]
    return usable


def scope_of(draft: Mapping[str, Any], step: str | None, known: Known, *, inside: bool = False) -> dict[str, Any]:
    """What the expressions would see, as far as it is known. In a loop, its first item or round."""
    defaults = {
        name: declared.get("default")
        for name, declared in (draft.get("inputs") or {}).items()
        if is_object(declared) and declared.get("default") is not None
    }
    scope: dict[str, Any] = {
        "inputs": {**defaults, **known.inputs},
        "steps": dict(known.outputs),
        "run": {
            "id": "0000",
            "started_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "workflow": draft.get("name") or draft.get("id") or "",
        },
    }
    for looped, is_own in _around(draft, step):
        items = _value(looped.get("for_each"), scope)
        if is_list(items) and items:
            scope |= {"item": items[0], "index": 0}
        if _has_rounds(looped) and (inside or not is_own):
            scope |= {"last": None, "index": 0}
    return scope


def value_now(text: Any, scope: Mapping[str, Any]) -> tuple[Any, str]:
    """What an expression gives with what is known, and what is wrong with it instead: one of the two is empty."""
    try:
        return compile_value(text).render(scope), ""
    except PatchbayError as error:
        return NOTHING, error.message


def _around(draft: Mapping[str, Any], step: str | None) -> list[tuple[dict[str, Any], bool]]:
    """The steps that a step stands in, from the outermost, and itself; which of them is itself."""
    if step is None:
        return []
    own = find_step(draft, step)
    return [*((holder, False) for holder in holders(draft, step)), *([(own, True)] if own else [])]


def _looped(draft: Mapping[str, Any], step: str | None) -> dict[str, Any] | None:
    """The innermost loop that a step stands in, or is."""
    return next((one for one, _ in reversed(_around(draft, step)) if one.get("for_each") is not None), None)


def _has_rounds(step: Mapping[str, Any]) -> bool:
    return isinstance(KINDS.get(str(step.get("uses"))), RoundsKind)


def _of_the_loop(
    draft: Mapping[str, Any],
    step: str | None,
    scope: Mapping[str, Any],
    found: Sequence[Variable],
    room: int,
    inside: bool,
) -> Iterator[Variable]:
    looped = _looped(draft, step)
    rounds = any(_has_rounds(one) and (inside or not is_own) for one, is_own in _around(draft, step))
    if looped is not None:
        yield tree("item", "This item", scope["item"], room) if "item" in scope else _item(looped["for_each"], found)
    if rounds:
        yield Variable("last", "The round before", "")
    if looped is not None or rounds:
        yield Variable("index", "Its number", "number", scope.get("index", NOTHING))


def _item(for_each: Any, found: Sequence[Variable]) -> Variable:
    """One of a list that is not known yet, with the names that are declared of it."""
    path = PATH.fullmatch(for_each) if isinstance(for_each, str) else None
    items = path and _at(found, path[1])
    one = items.parts[0] if items and items.parts and items.parts[0].path == f"{items.path}[0]" else None
    return _rooted(one, one.path, "item", "This item") if one else Variable("item", "This item", "")


def _at(found: Sequence[Variable], path: str) -> Variable | None:
    for variable in found:
        if variable.path == path:
            return variable
        if variable.path == "inputs" or path.startswith((f"{variable.path}.", f"{variable.path}[")):
            below = _at(variable.parts, path)
            if below is not None:
                return below
    return None


def _rooted(variable: Variable, old: str, new: str, name: str) -> Variable:
    parts = tuple(_rooted(part, old, new, part.name) for part in variable.parts)
    return replace(variable, path=new + variable.path.removeprefix(old), name=name, parts=parts)


def _value(text: Any, scope: Mapping[str, Any]) -> Any:
    return None if text is None else value_now(text, scope)[0]


def _beside(draft: Mapping[str, Any], id: str) -> list[dict[str, Any]]:
    """The steps of the body that a step stands in, itself too."""
    around = holders(draft, id)
    holder: Mapping[str, Any] = around[-1] if around else draft
    bodies = [holder.get("steps")]
    states = holder.get("states")
    bodies += [state.get("steps") for state in states.values() if is_object(state)] if is_object(states) else []
    for body in bodies:
        if is_list(body) and any(is_object(one) and one.get("id") == id for one in body):
            return [one for one in body if is_object(one) and isinstance(one.get("id"), str)]
    return []


def _needs(steps: list[dict[str, Any]]) -> Mapping[str, tuple[str, ...]]:
    """What the steps wait for; nothing is known of it while one of them is half written."""
    try:
        return needs_of(tuple(Step.model_validate(step) for step in steps))
    except (PatchbayError, ValueError):
        return {step["id"]: tuple(need for need in step.get("needs", ()) if isinstance(need, str)) for step in steps}


def _input(name: str, declared: Any, inputs: Mapping[str, Any], room: int) -> Variable:
    title = declared.get("title") if is_object(declared) else None
    if name in inputs:
        return tree(f"inputs.{name}", title or name, inputs[name], room)
    kind = KINDS_OF_SCHEMAS.get(str(declared.get("type", "string")), "") if is_object(declared) else ""
    return Variable(f"inputs.{name}", title or name, kind)


def _step(step: Mapping[str, Any], outputs: Mapping[str, Any], registry: Registry, room: int) -> Variable:
    id, title = step["id"], step.get("name") or step["id"].replace("_", " ").capitalize()
    path = f"steps.{id}"
    if id in outputs:
        return tree(path, title, outputs[id], room)
    action = registry.get(str(step.get("uses")))
    kind = KINDS.get(str(step.get("uses")))
    model = action.result if action else getattr(kind, "result", None)
    if model is None:
        return Variable(path, title, "")
    return declared_tree(path, title, model, room, is_list=step.get("for_each") is not None)
