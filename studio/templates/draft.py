"""A prompt template while it is edited: a draft that may still be wrong, and what it looks like filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, get_args

from jinja2 import TemplateSyntaxError, nodes
from jinja2.meta import find_undeclared_variables
from pydantic import ValidationError

from orchestrator.actions import Message
from orchestrator.data import is_list, is_object
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
    """What stands in the editor, right or wrong. `content` is the file that it was made of."""

    id: str
    name: str
    description: str
    system: str
    user: str
    tags: tuple[str, ...] = ()
    variables: Mapping[str, VariableDraft] = field(default_factory=dict[str, VariableDraft])
    content: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> TemplateDraft:
        """Of a file, as far as it can be shown here."""
        variables, tags = content.get("variables"), content.get("tags")
        return cls(
            id=str(content.get("id") or ""),
            name=_text(content.get("name")),
            description=_text(content.get("description")),
            system=_text(content.get("system")),
            user=_text(content.get("user")),
            tags=tuple(str(tag) for tag in tags) if is_list(tags) else (),
            variables={name: _row(one) for name, one in variables.items()} if is_object(variables) else {},
            content=content,
        )

    def to_content(self) -> dict[str, Any]:
        """The file that says it. What nobody changed stays as it was; what cannot be read as its type stays text."""
        said = {"name": self.name, "description": self.description, "tags": list(self.tags), "system": self.system}
        kept = {key: value for key, value in said.items() if value or key in self.content}
        known = self.content.get("variables")
        known = known if is_object(known) else {}
        variables = {
            name: known[name] if name in known and _row(known[name]) == row else _variable(row)
            for name, row in self.variables.items()
        }
        content = {**self.content, **kept, "user": self.user, "variables": variables}
        if not variables and "variables" not in self.content:
            del content["variables"]
        return content


@dataclass(frozen=True, slots=True)
class Preview:
    """The messages as a model would get them, or the one sentence that says why there are none."""

    messages: tuple[Message, ...] = ()
    trouble: PatchbayError | None = None


def found_in(system: str, user: str) -> list[str]:
    """The names of the variables that the texts use, sorted. Raises `InvalidTemplate` for bad Jinja."""
    return sorted(_names("system text", system) | _names("user text", user))


def with_found(draft: TemplateDraft) -> TemplateDraft:
    """The draft with one row for each variable that its texts use; known rows are kept, unused ones go. A new one has
    the type that the texts use it as. Raises `InvalidTemplate` for bad Jinja."""
    found = found_in(draft.system, draft.user)
    types = types_in(draft.system, draft.user)
    rows = {name: draft.variables.get(name, VariableDraft(types.get(name, "string"))) for name in found}
    in_order = {name: rows[name] for name in draft.variables if name in rows} | rows
    return replace(draft, variables=in_order)


def types_in(system: str, user: str) -> dict[str, str]:
    """The types that texts without mistakes use their variables as: what is gone through is a list, what has parts an
    object."""
    found: dict[str, str] = {}
    for tree in (ENVIRONMENT.parse(system), ENVIRONMENT.parse(user)):
        for part in tree.find_all(nodes.Getattr):
            if isinstance(part.node, nodes.Name):
                found[part.node.name] = "object"
        for part in tree.find_all(nodes.Getitem):
            if isinstance(part.node, nodes.Name):
                by_number = isinstance(part.arg, nodes.Slice) or (
                    isinstance(part.arg, nodes.Const) and isinstance(part.arg.value, int)
                )
                found[part.node.name] = "list" if by_number else "object"
        for loop in tree.find_all(nodes.For):
            if isinstance(loop.iter, nodes.Name):
                found[loop.iter.name] = "list"
    return found


def build(draft: TemplateDraft) -> Template:
    """The template that the draft says. Raises `InvalidTemplate` with one sentence."""
    for name, row in draft.variables.items():
        if not row.required:
            try:
                _default(name, row)
            except PatchbayError as error:
                raise InvalidTemplate(f"The default of {error.message}", remedy=error.remedy) from None
    try:
        return Template.model_validate(draft.to_content())
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the template"
        message = first["msg"].removeprefix("Value error, ").rstrip(".")
        raise InvalidTemplate(
            f"'{place}' is not right: {message}.", remedy="Correct it.", where=Where(key=place)
        ) from None


def judged(content: Mapping[str, Any]) -> tuple[Template | None, PatchbayError | None]:
    """The template that a file says, as far as it can be shown, and what keeps it from being published."""
    try:
        template = build(with_found(TemplateDraft.of(content)))
    except PatchbayError as error:
        return None, error
    if not template.user.strip():
        return template, InvalidTemplate("The user text is empty.", remedy="Write what the model is asked.")
    return template, None


def sample_of(template: Template, values: Mapping[str, Any]) -> dict[str, Any]:
    """Values to show a template with: these, else the defaults, else the variable's own name in brackets."""
    stand_ins: dict[str, Any] = {
        name: _stand_in(name, variable) if variable.required else variable.default
        for name, variable in template.variables.items()
    }
    return stand_ins | {name: value for name, value in values.items() if name in stand_ins}


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


def _row(variable: Any) -> VariableDraft:
    known = variable if is_object(variable) else {}
    return VariableDraft(
        type=known["type"] if known.get("type") in TYPES else "string",
        title=_text(known.get("title")),
        required="default" not in known,
        default=text_of(known.get("default")),
        description=_text(known.get("description")),
    )


def _variable(row: VariableDraft) -> dict[str, Any]:
    content: dict[str, Any] = {"type": row.type}
    if row.title:
        content["title"] = row.title
    if row.description:
        content["description"] = row.description
    if not row.required:
        try:
            content["default"] = _default("it", row)
        except PatchbayError:
            content["default"] = row.default
    return content


def _default(name: str, row: VariableDraft) -> Any:
    if row.type == "string":
        return row.default
    if not row.default.strip():
        return {"list": [], "object": {}, "boolean": False}.get(row.type)
    return parse_default(row.type, row.default, name)


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _stand_in(name: str, variable: Variable) -> Any:
    stand_ins: dict[str, Any] = {"number": 1.0, "integer": 1, "boolean": True, "list": [], "object": {}}
    return stand_ins.get(variable.type, f"‹{variable.title or name}›")
