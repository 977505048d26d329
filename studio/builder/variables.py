"""What the expressions of a step can use: a tree of names, with the values of a run where there was one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from orchestrator.actions import Registry
from orchestrator.data import is_list, is_object
from orchestrator.errors import PatchbayError
from orchestrator.expressions import compile_value
from orchestrator.graph import needs_of
from orchestrator.steps import KINDS
from orchestrator.workflow import Step
from studio.builder.edit import find_step, holders, needed_later
from studio.builder.fields import resolved

DEEP = 6
"""Levels of a tree that are shown."""

WIDE = 40
"""Names on one level that are shown."""

NOTHING = object()
"""The value of a name that is known only by its kind."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A name to use. `path` is what stands in `{{ }}`; `kind` is "text", "number", "yes or no", "list", "object" or "";
    `value` is `NOTHING` where no run has given one."""

    path: str
    name: str
    kind: str
    value: Any = NOTHING
    parts: tuple[Variable, ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of earlier runs and by typing: the inputs, and the output of each step."""

    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]


def variables(draft: Mapping[str, Any], step: str | None, known: Known, registry: Registry) -> list[Variable]:
    """The tree for the expressions of a step; with None, for those of the workflow's output."""
    found: list[Variable] = []
    scope = scope_of(draft, step, known)
    if "item" in scope:
        found.append(_tree("item", "This item", scope["item"]))
        found.append(Variable("index", "Its number", "number", scope.get("index", NOTHING)))
    inputs = draft.get("inputs")
    if is_object(inputs) and inputs:
        parts = tuple(_input(name, declared, known) for name, declared in inputs.items())
        found.append(Variable("inputs", "Inputs", "object", parts=parts))
    for earlier in usable_steps(draft, step):
        found.append(_step(earlier, known, registry))
    found.append(
        Variable(
            "run",
            "This run",
            "object",
            parts=(Variable("run.id", "id", "text"), Variable("run.started_at", "started_at", "text")),
        )
    )
    return found


def usable_steps(draft: Mapping[str, Any], step: str | None) -> list[dict[str, Any]]:
    """The steps whose output a step can use: all that stand where it sees them and do not wait for it."""
    if step is None:
        top = draft.get("steps")
        return [one for one in top if is_object(one) and isinstance(one.get("id"), str)] if is_list(top) else []
    around = [one["id"] for one in holders(draft, step)]
    usable: list[dict[str, Any]] = []
    for level in (*around, step):
        beside = _beside(draft, level)
        later = needed_later(draft, level, _needs(beside))
        usable += [one for one in beside if one["id"] not in (level, *later)]
    return usable


def scope_of(draft: Mapping[str, Any], step: str | None, known: Known) -> dict[str, Any]:
    """What the expressions would see, as far as it is known. In a loop, its first item."""
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
    if step is not None:
        own = find_step(draft, step)
        for looped in (*holders(draft, step), *([own] if own else [])):
            items = _value(looped.get("for_each"), scope)
            if is_list(items) and items:
                scope |= {"item": items[0], "index": 0}
    return scope


def value_now(text: Any, scope: Mapping[str, Any]) -> tuple[Any, str]:
    """What an expression gives with what is known, and what is wrong with it instead: one of the two is empty."""
    try:
        return compile_value(text).render(scope), ""
    except PatchbayError as error:
        return NOTHING, error.message


def waits_for(text: Any, found: Sequence[Variable], scope: Mapping[str, Any]) -> list[str]:
    """The earlier steps that an expression uses and that have not run yet, as people call them."""
    try:
        used = compile_value(text).steps
    except PatchbayError:
        return []
    names = {variable.path.removeprefix("steps."): variable.name for variable in found}
    return [names[id] for id in sorted(used) if id in names and id not in scope["steps"]]


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


def _input(name: str, declared: Any, known: Known) -> Variable:
    default = declared.get("default", NOTHING) if is_object(declared) else NOTHING
    value = known.inputs.get(name, default)
    title = declared.get("title") if is_object(declared) else None
    return _tree(f"inputs.{name}", title or name, value)


def _step(step: Mapping[str, Any], known: Known, registry: Registry) -> Variable:
    id, title = step["id"], step.get("name") or step["id"].replace("_", " ").capitalize()
    if id in known.outputs:
        return _tree(f"steps.{id}", title, known.outputs[id])
    action = registry.get(str(step.get("uses")))
    kind = KINDS.get(str(step.get("uses")))
    model = action.result if action else getattr(kind, "result", None)
    if model is None:
        return Variable(f"steps.{id}", title, "")
    schema = model.model_json_schema(by_alias=True, mode="serialization")
    if step.get("for_each") is not None:
        return Variable(
            f"steps.{id}",
            title,
            "list",
            parts=tuple(_from_schema(f"steps.{id}[0]", schema, schema.get("$defs", {}), 1)),
        )
    return Variable(
        f"steps.{id}", title, "object", parts=tuple(_from_schema(f"steps.{id}", schema, schema.get("$defs", {}), 1))
    )


def _from_schema(path: str, schema: Mapping[str, Any], defs: Mapping[str, Any], deep: int) -> Iterator[Variable]:
    for name, part in list(schema.get("properties", {}).items())[:WIDE]:
        own = resolved(part, defs)
        below = f"{path}.{name}"
        parts: tuple[Variable, ...] = ()
        if deep < DEEP and own.get("type") == "object":
            parts = tuple(_from_schema(below, own, defs, deep + 1))
        elif deep < DEEP and own.get("type") == "array":
            parts = tuple(_from_schema(f"{below}[0]", resolved(own.get("items", {}), defs), defs, deep + 1))
        yield Variable(below, name, _SCHEMA_KINDS.get(str(own.get("type")), ""), parts=parts)


def _tree(path: str, name: str, value: Any, deep: int = 0) -> Variable:
    parts: tuple[Variable, ...] = ()
    if deep < DEEP and is_object(value):
        parts = tuple(_tree(_below(path, key), key, part, deep + 1) for key, part in list(value.items())[:WIDE])
    elif deep < DEEP and is_list(value):
        parts = tuple(
            _tree(f"{path}[{number}]", f"[{number}]", part, deep + 1) for number, part in enumerate(value[:3])
        )
    return Variable(path, name, _kind(value), value, parts)


def _below(path: str, key: str) -> str:
    return f"{path}.{key}" if key.isidentifier() else f"{path}[{key!r}]"


def _kind(value: Any) -> str:
    for type_, kind in ((bool, "yes or no"), (str, "text"), (int | float, "number"), (list, "list"), (dict, "object")):
        if isinstance(value, type_):
            return kind
    return ""


_SCHEMA_KINDS = {
    "string": "text",
    "integer": "number",
    "number": "number",
    "boolean": "yes or no",
    "array": "list",
    "object": "object",
}
