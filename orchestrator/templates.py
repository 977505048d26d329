"""A prompt template: a file with system and user text in Jinja, its variables, and the model settings it likes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from orchestrator.actions import Message, Prompt
from orchestrator.cases import Case, Example
from orchestrator.errors import InvalidTemplate, MissingVariables, PatchbayError
from orchestrator.expressions import render_text, variables_of
from orchestrator.workflow import FileId, Identifier, Model


class Variable(Model):
    """One value that a template is filled with. Without a default it is required."""

    type: Literal["string", "number", "integer", "boolean", "list", "object"] = "string"
    title: str = ""
    description: str = ""
    default: Any = None

    @property
    def required(self) -> bool:
        return "default" not in self.model_fields_set


class ModelSettings(Model):
    """How the model should answer. What is None is left to the step or the provider."""

    model: str | None = None
    temperature: float | None = Field(None, ge=0, le=2)
    max_tokens: int | None = Field(None, ge=1, le=200_000)


class Template(Model):
    """A prompt template, as its file says it."""

    format: Literal[1] = 1
    id: FileId
    name: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()
    system: str = ""
    user: str
    variables: dict[Identifier, Variable] = Field(default_factory=dict[str, Variable])
    model: ModelSettings = Field(default_factory=lambda: ModelSettings.model_validate({}))
    examples: tuple[Example, ...] = ()
    cases: tuple[Case, ...] = ()

    @property
    def title(self) -> str:
        return self.name or self.id

    @property
    def found_variables(self) -> frozenset[str]:
        """The names that the texts use, declared or not. Raises `InvalidTemplate` when a text cannot be parsed."""
        try:
            return variables_of(self.system) | variables_of(self.user)
        except PatchbayError as error:
            raise InvalidTemplate(f"Template '{self.id}': {error.message}", remedy=error.remedy) from error

    def to_json(self) -> str:
        """The text of the file, made to be read in a diff."""
        content = {"format": 1, **self.model_dump(mode="json", exclude_unset=True)}
        return json.dumps(content, indent=2, ensure_ascii=False) + "\n"

    def missing(self, names: Mapping[str, Any] | frozenset[str] | set[str]) -> frozenset[str]:
        """The variables that the texts need and `names` does not give."""
        optional = {name for name, variable in self.variables.items() if not variable.required}
        return self.found_variables - optional - set(names)

    def render(self, variables: Mapping[str, Any]) -> Prompt:
        """Fill the template. Raises `MissingVariables` or `InvalidTemplate`."""
        missing = self.missing(variables)
        if missing:
            names = ", ".join(f"'{name}'" for name in sorted(missing))
            raise MissingVariables(
                f"Template '{self.id}' needs {names}.", remedy=f"Give a value for {names} under `variables`."
            )
        defaults = {name: variable.default for name, variable in self.variables.items()}
        scope = {**defaults, **variables}
        try:
            texts = {"system": render_text(self.system, scope), "user": render_text(self.user, scope)}
        except PatchbayError as error:
            raise InvalidTemplate(f"Template '{self.id}': {error.message}", remedy=error.remedy) from error
        messages = [Message("system", texts["system"])] if texts["system"].strip() else []
        return Prompt(
            messages=(*messages, Message("user", texts["user"])),
            settings=self.model.model_dump(exclude_none=True),
        )
