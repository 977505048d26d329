"""The form of a step: made from what its action declares, each field with what stands in the draft."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from pydantic import BaseModel

from orchestrator.actions import Action
from orchestrator.data import is_list, is_object
from orchestrator.registry import Registry
from orchestrator.steps import KINDS
from orchestrator.steps.kind import BodyKind, Kind, RoundsKind
from orchestrator.steps.states import States
from studio.forms import Field, Option, text_of
from studio.forms import Kind as Widget


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter. `path` leads to it in the step; `value` is what stands there, None for nothing; `default` is what
    holds then. `example` helps whoever fills it in. `picker` names the list that it is chosen from. `anything`: a text
    is as good as a list. `late`: it is looked at when the steps inside have run."""

    field: Field
    path: tuple[str, ...]
    value: Any
    default: Any
    example: str
    expert: bool
    picker: str | None
    anything: bool = False
    late: bool = False

    @property
    def takes_text(self) -> bool:
        """Whether it is typed as text, so that an expression can stand in it at any time."""
        return self.field.kind in ("text", "multiline", "lines", "json")


def described(uses: str, registry: Registry) -> Action | Kind[Any] | None:
    """The action or the built-in kind of step; None for one that does not exist."""
    return registry.get(uses) or KINDS.get(uses)


def title_of(action: Action | Kind[Any]) -> str:
    """What people call it, with its service: "Gmail · Search mail"."""
    return f"{action.connector.title} · {action.title}" if isinstance(action, Action) else action.title


def pickers_of(uses: str, registry: Registry) -> set[str]:
    """The lists that the parameters of a step are chosen from."""
    return set(picker_of_each(uses, registry).values())


def picker_of_each(uses: str, registry: Registry) -> dict[str, str]:
    """The list that a parameter is chosen from, by its name, of those that are."""
    known = described(uses, registry)
    if known is None:
        return {}
    parts = _schema(known.params).get("properties", {}).items()
    return {name: part["picker"] for name, part in parts if part.get("picker")}


def runs_steps_inside(step: Mapping[str, Any]) -> bool:
    """Whether it has one body, which is a list of steps."""
    kind = KINDS.get(str(step.get("uses")))
    return isinstance(kind, BodyKind) and not isinstance(kind, States)


def params_of(step: Mapping[str, Any], registry: Registry, lists: Mapping[str, Sequence[Option]]) -> list[Param]:
    """The parameters of a step in the order in which its action declares them. None for an action that is unknown."""
    known = described(str(step.get("uses")), registry)
    if known is None:
        return []
    schema = _schema(known.params)
    given = step.get("with")
    values: Mapping[str, Any] = given if is_object(given) else {}
    required = schema.get("required", ())
    defs = schema.get("$defs", {})
    late = known.late if isinstance(known, RoundsKind) else frozenset[str]()
    found = (
        _param(name, resolved(part, defs), values.get(name), name in required, lists)
        for name, part in schema.get("properties", {}).items()
    )
    return [replace(param, late=param.field.name in late) for param in found]


@cache
def _schema(params: type[BaseModel]) -> Mapping[str, Any]:
    """Made once: it takes milliseconds, and is asked for with each key that somebody presses."""
    return params.model_json_schema(by_alias=True)


def resolved(schema: Mapping[str, Any], defs: Mapping[str, Any]) -> Mapping[str, Any]:
    """A schema behind its reference, or the one of two that is not null."""
    if "$ref" in schema:
        known = defs.get(str(schema["$ref"]).rsplit("/", 1)[-1], {})
        return {**known, **{key: value for key, value in schema.items() if key != "$ref"}}
    options = [option for option in schema.get("anyOf", ()) if option.get("type") != "null"]
    if len(options) == 1:
        inner = resolved(options[0], defs)
        return {**inner, **{key: value for key, value in schema.items() if key != "anyOf"}}
    return schema


def _param(
    name: str, schema: Mapping[str, Any], value: Any, required: bool, lists: Mapping[str, Sequence[Option]]
) -> Param:
    picker = schema.get("picker")
    choices = [(choice, str(choice).replace("_", " ")) for choice in _choices(schema)]
    options = tuple(choices or lists.get(str(picker), ()))
    kind = _widget(schema, bool(options))
    default = schema.get("default")
    examples = schema.get("examples") or [""]
    field = Field(
        name=name,
        label=schema.get("title") or name.replace("_", " ").capitalize(),
        kind=kind,
        required=required,
        initial=value,
        help=schema.get("description") or "",
        options=options,
    )
    anything = kind == "json" and "type" not in schema and "anyOf" not in schema
    expert = bool(schema.get("expert"))
    return Param(field, ("with", name), value, default, text_of(examples[0]), expert, picker, anything)


def _choices(schema: Mapping[str, Any]) -> list[Any]:
    if "const" in schema:
        return [schema["const"]]
    return list(schema.get("enum", ()))


def _widget(schema: Mapping[str, Any], has_options: bool) -> Widget:
    if has_options:
        return "choice"
    match schema.get("type"):
        case "string":
            return "multiline" if schema.get("widget") in ("multiline", "markdown", "code", "json") else "text"
        case "boolean":
            return "boolean"
        case "integer":
            return "integer"
        case "number":
            return "number"
        case "array" if schema.get("items", {}).get("type") == "string":
            return "lines"
        case _:
            return "json"


def shown(param: Param, *, as_expression: bool) -> Any:
    """What its widget shows for what stands in the draft."""
    value = param.value
    if as_expression or param.field.kind in ("text", "multiline", "lines", "json"):
        if param.field.kind == "lines" and is_list(value) and not all(isinstance(one, str) for one in value):
            return text_of([text_of(one) for one in value])
        return text_of(value)
    if param.field.kind == "boolean":
        return bool(param.default if value is None else value)
    if param.field.kind in ("integer", "number"):
        number = value if isinstance(value, int | float) else param.default
        return float(number) if param.field.kind == "number" and isinstance(number, int | float) else number
    return value
