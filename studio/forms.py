"""A form made from declared values: the inputs of a workflow, the variables of a template. No Streamlit here."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from orchestrator.errors import InvalidInput, Problem, Where
from orchestrator.templates import Template
from orchestrator.workflow import Input, Workflow

Kind = Literal["text", "secret", "multiline", "number", "integer", "boolean", "choice", "lines", "json"]
Option = tuple[Any, str]
"""A value and what people read."""

TYPES = {
    "string": "Text",
    "number": "Number",
    "integer": "Whole number",
    "boolean": "Yes or no",
    "list": "List",
    "object": "Object",
}
"""The types of values that are declared, as people call them."""

EMPTY: tuple[Any, ...] = (None, "")


class Declared(Protocol):
    """What `Input` and `Variable` have in common."""

    @property
    def type(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def default(self) -> Any: ...
    @property
    def required(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Field:
    """One widget of a form. `initial` is what it starts with: text, a number, a boolean, or an option's value."""

    name: str
    label: str
    kind: Kind
    required: bool
    initial: Any = None
    help: str = ""
    options: tuple[Option, ...] = ()


def workflow_fields(workflow: Workflow, lists: Mapping[str, Sequence[Option]]) -> list[Field]:
    """The form of a run. `lists` gives what can be chosen for a picker ("models"); an unknown picker is typed in."""
    return [
        declared_field(name, declared, lists.get(declared.picker or "", ()))
        for name, declared in workflow.inputs.items()
    ]


def declared_field(name: str, declared: Input, options: Sequence[Option] = ()) -> Field:
    """The widget of one input. Its own choices go before `options`."""
    choices = [(choice, str(choice)) for choice in declared.choices]
    return _field(name, declared, options=choices or options, multiline=declared.multiline)


def template_fields(template: Template, sample: Mapping[str, Any]) -> list[Field]:
    """The form of the sample values that a template is shown with."""
    fields = []
    for name, declared in template.variables.items():
        field = _field(name, declared, options=(), multiline=declared.type == "string")
        if name in sample:
            kind: Kind = "multiline" if declared.type == "string" else _kind(declared.type, sample[name])
            field = Field(name, field.label, kind, False, _initial(kind, sample[name]), field.help)
        fields.append(field)
    return fields


def needs_input(workflow: Workflow) -> list[str]:
    """The labels of the inputs that a person must fill in before this workflow can run."""
    return [declared.title or words(name) for name, declared in workflow.inputs.items() if declared.required]


def collect(fields: Sequence[Field], answers: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """The values that were filled in, and every mistake among them. What is left empty is left out."""
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for field in fields:
        answer = answers.get(field.name)
        try:
            value = value_of(field, answer)
        except InvalidInput as error:
            problems.append(Problem(error.code, error.message, Where(), error.remedy))
            continue
        if value is not None:
            values[field.name] = value
    return values, problems


def value_of(field: Field, answer: Any) -> Any:
    """What a widget's answer means, None when it was left empty. Raises `InvalidInput`."""
    if isinstance(answer, str) and field.kind not in ("text", "multiline"):
        answer = answer.strip()
    if answer in EMPTY:
        if field.required:
            raise InvalidInput(f"'{field.label}' is empty.", remedy="Fill it in.")
        return "" if field.kind in ("text", "multiline") and field.initial not in EMPTY else None
    if field.kind == "lines":
        return [line.strip() for line in str(answer).splitlines() if line.strip()]
    if field.kind == "json":
        return _parse_json(field, str(answer))
    if field.kind == "integer":
        return int(answer)
    return answer


def parse_default(type_: str, text: str, label: str) -> Any:
    """A value typed as text, in its type. Raises `InvalidInput` with the way out."""
    field = Field(label, label, _kind(type_, None), required=False)
    if type_ == "boolean":
        if text.strip().lower() not in ("true", "false", "yes", "no"):
            raise InvalidInput(f"'{label}' must be yes or no.", remedy="Type yes or no.")
        return text.strip().lower() in ("true", "yes")
    if type_ in ("number", "integer"):
        try:
            return int(text) if type_ == "integer" else float(text)
        except ValueError:
            noun = "a whole number" if type_ == "integer" else "a number"
            raise InvalidInput(f"'{label}' must be {noun}, not '{text}'.", remedy="Correct it.") from None
    if type_ == "list" and text.strip().startswith("["):
        return _parse_json(field, text)
    value = value_of(field, text)
    return [] if value is None and type_ == "list" else value


def text_of(value: Any) -> str:
    """A default value as text to be edited; `parse_default` reads it back."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return "\n".join(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)


def _field(name: str, declared: Declared, *, options: Sequence[Option], multiline: bool) -> Field:
    kind: Kind = "choice" if options else _kind(declared.type, declared.default)
    # A default may name an option as people read it: a database by its title.
    default = next((value for value, label in options if label == declared.default), declared.default)
    if kind == "text" and (multiline or "\n" in str(declared.default or "")):
        kind = "multiline"
    return Field(
        name=name,
        label=declared.title or words(name),
        kind=kind,
        required=declared.required,
        initial=_initial(kind, default),
        help=declared.description,
        options=_with_default(options, default),
    )


def _kind(type_: str, value: Any) -> Kind:
    if type_ == "list" and all(isinstance(item, str) for item in value or []):
        return "lines"
    kinds: dict[str, Kind] = {
        "string": "text",
        "number": "number",
        "integer": "integer",
        "boolean": "boolean",
        "list": "json",
        "object": "json",
    }
    return kinds[type_]


def _initial(kind: Kind, default: Any) -> Any:
    if kind in ("choice", "number", "integer"):
        return default
    if kind == "boolean":
        return bool(default)
    return text_of(default)


def _with_default(options: Sequence[Option], default: Any) -> tuple[Option, ...]:
    """The options, and the default even where a list that came from outside does not have it."""
    missing = options and default is not None and all(value != default for value, _ in options)
    return ((default, str(default)), *options) if missing else tuple(options)


def _parse_json(field: Field, text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise InvalidInput(
            f"'{field.label}' is not valid JSON: line {error.lineno}, {error.msg.lower()}.",
            remedy='Write it like ["one", "two"] or {"name": "value"}.',
        ) from None


def words(name: str) -> str:
    """The name of an input as people read it."""
    return name.replace("_", " ").strip().capitalize() or name
