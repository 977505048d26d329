"""A prompt template while it is edited: a draft that may still be wrong, and what it looks like filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, get_args

from jinja2 import TemplateSyntaxError
from jinja2.meta import find_undeclared_variables
from pydantic import ValidationError

from orchestrator.actions import Message
from orchestrator.errors import InvalidTemplate, PatchbayError, Where
from orchestrator.expressions import ENVIRONMENT
from orchestrator.templates import Template, Variable
from studio.forms import parse_default, text_of

TYPES: tuple[str, ...] = get_args(Variable.model_fields["type"].annotation)


@dataclass(frozen=True, slots=True)
class VariableDraft:
    """A row of the table of variables. `default` is text, as typed; it counts only when not `required`."""

    type: str = "string"
    title: str = ""
    required: bool = True
    default: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class TemplateDraft:
    """What stands in the editor. `kept` is the rest of the file, which the page does not edit."""

    id: str
    name: str
    description: str
    system: str
    user: str
    variables: Mapping[str, VariableDraft] = field(default_factory=dict[str, VariableDraft])
    kept: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @classmethod
    def of(cls, template: Template) -> TemplateDraft:
        content = template.model_dump(mode="json", exclude_unset=True)
        edited = {"id", "name", "description", "system", "user", "variables"}
        return cls(
            id=template.id,
            name=template.name,
            description=template.description,
            system=template.system,
            user=template.user,
            variables={name: _row(variable) for name, variable in template.variables.items()},
            kept={key: value for key, value in content.items() if key not in edited},
        )


@dataclass(frozen=True, slots=True)
class Preview:
    """The messages as a model would get them, or the one sentence that says why there are none."""

    messages: tuple[Message, ...] = ()
    trouble: PatchbayError | None = None


def found_in(system: str, user: str) -> list[str]:
    """The names of the variables that the texts use, sorted. Raises `InvalidTemplate` for bad Jinja."""
    return sorted(_names("system text", system) | _names("user text", user))


def with_found(draft: TemplateDraft) -> TemplateDraft:
    """The draft with one row for each variable that its texts use; known rows are kept, unused ones go.
    Raises `InvalidTemplate` for bad Jinja."""
    rows = {name: draft.variables.get(name, VariableDraft()) for name in found_in(draft.system, draft.user)}
    in_order = {name: rows[name] for name in draft.variables if name in rows} | rows
    return replace(draft, variables=in_order)


def build(draft: TemplateDraft) -> Template:
    """The template that the draft says. Raises `InvalidTemplate` with one sentence."""
    try:
        return Template.model_validate(
            {
                "format": 1,
                "id": draft.id,
                "name": draft.name,
                "description": draft.description,
                "system": draft.system,
                "user": draft.user,
                "variables": {name: _variable(name, row) for name, row in draft.variables.items()},
                **draft.kept,
            }
        )
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the template"
        message = first["msg"].removeprefix("Value error, ").rstrip(".")
        raise InvalidTemplate(
            f"'{place}' is not right: {message}.", remedy="Correct it.", where=Where(key=place)
        ) from None


def sample_of(template: Template, example: int = 0) -> dict[str, Any]:
    """Values to show a template with: of an example, else the defaults, else the variable's own name in brackets."""
    stand_ins: dict[str, Any] = {
        name: _stand_in(name, variable) for name, variable in template.variables.items() if variable.required
    }
    defaults = {name: variable.default for name, variable in template.variables.items() if not variable.required}
    chosen = template.examples[example].variables if example < len(template.examples) else {}
    return stand_ins | defaults | chosen


def preview(template: Template, values: Mapping[str, Any]) -> Preview:
    try:
        return Preview(messages=template.render(values).messages)
    except PatchbayError as error:
        return Preview(trouble=error)


def _names(part: str, text: str) -> set[str]:
    """The variables of a text. Says at which line it breaks: the engine's own message would quote all of it."""
    try:
        return find_undeclared_variables(ENVIRONMENT.parse(text))
    except TemplateSyntaxError as error:
        message = (error.message or "this is not understood").rstrip(".")
        raise InvalidTemplate(
            f"The {part} breaks at line {error.lineno}: {message[:1].lower()}{message[1:]}.",
            remedy="Look for a brace, a quote or an end that is missing.",
        ) from None


def _row(variable: Variable) -> VariableDraft:
    return VariableDraft(
        type=variable.type,
        title=variable.title,
        required=variable.required,
        default="" if variable.required else text_of(variable.default),
        description=variable.description,
    )


def _variable(name: str, row: VariableDraft) -> dict[str, Any]:
    content: dict[str, Any] = {"type": row.type}
    if row.title:
        content["title"] = row.title
    if row.description:
        content["description"] = row.description
    if not row.required:
        try:
            content["default"] = _default(name, row)
        except PatchbayError as error:
            raise InvalidTemplate(f"The default of {error.message}", remedy=error.remedy) from None
    return content


def _default(name: str, row: VariableDraft) -> Any:
    if row.type == "string":
        return row.default
    if not row.default.strip():
        return {"list": [], "object": {}, "boolean": False}.get(row.type)
    return parse_default(row.type, row.default, name)


def _stand_in(name: str, variable: Variable) -> Any:
    stand_ins: dict[str, Any] = {"number": 1.0, "integer": 1, "boolean": True, "list": [], "object": {}}
    return stand_ins.get(variable.type, f"‹{variable.title or name}›")
