"""Every mistake of a workflow that can be found before it runs, all at once, each with a remedy."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from orchestrator.actions import Action, Registry
from orchestrator.data import is_list, is_object
from orchestrator.errors import InvalidWorkflow, PatchbayError, Problem, Where
from orchestrator.expressions import SCOPE_NAMES, Expression, compile_value, nearest
from orchestrator.graph import NO_STEPS, find_cycle, split_need, step_needs
from orchestrator.inputs import coerce
from orchestrator.steps import KINDS, Kind
from orchestrator.steps.branch import Branch
from orchestrator.templates import Template
from orchestrator.workflow import Input, Model, Retry, Step, Workflow, migrate

FindTemplate = Callable[[str], Template]
"""The template of that id. Raises `PatchbayError` when there is none."""


def parse(content: Mapping[str, Any], *, file: str | None = None) -> Workflow:
    """The workflow that `content` says. Raises `InvalidWorkflow` with every mistake of shape."""
    try:
        return Workflow.model_validate(migrate(content))
    except ValidationError as error:
        raise InvalidWorkflow(
            [_shape_problem(detail, content, file) for detail in _without_echo(error.errors())]
        ) from None


def check(
    content: Mapping[str, Any], registry: Registry, find_template: FindTemplate, *, file: str | None = None
) -> list[Problem]:
    """Every mistake in a workflow: of shape, and of meaning in all that has a right shape."""
    content = migrate(content)
    problems: list[Problem] = []
    workflow: Workflow | None = None
    for _ in range(100):  # each round drops what has a wrong shape, so that the rest can be looked at too
        try:
            workflow = Workflow.model_validate(content)
            break
        except ValidationError as error:
            details = _without_echo(error.errors())
            problems += [_shape_problem(detail, content, file) for detail in details]
            content = _without(content, details)
            if not content.get("steps"):
                break
    if workflow is not None:
        problems += _Checker(workflow, registry, find_template, file).problems()
    return list(dict.fromkeys(problems))


def _without_echo(details: list[ErrorDetails]) -> list[ErrorDetails]:
    """Without "too few steps", which pydantic also says when every step has a mistake of its own."""
    inner = any(detail["loc"][:1] == ("steps",) and len(detail["loc"]) > 1 for detail in details)
    return [detail for detail in details if not (inner and detail["loc"] == ("steps",))]


def _without(content: Mapping[str, Any], details: list[ErrorDetails]) -> dict[str, Any]:
    """The content without the parts that the errors point at; a step loses the key, or goes if it cannot be without."""
    pruned = copy.deepcopy(dict(content))
    steps_to_drop: set[int] = set()
    for detail in details:
        loc = detail["loc"]
        if len(loc) > 1 and loc[0] == "steps" and isinstance(loc[1], int):
            if len(loc) < 3 or loc[2] in ("id", "uses") or detail["type"] == "missing":
                steps_to_drop.add(loc[1])
            else:
                _drop(pruned["steps"][loc[1]], loc[2:3])
        elif loc == ("id",):
            pruned["id"] = "unnamed"
        elif loc == ("format",):
            pruned["format"] = 1
        elif loc:
            _drop(pruned, loc[:3] if loc[0] == "inputs" else loc[:2] if is_object(pruned.get(str(loc[0]))) else loc[:1])
    steps = pruned.get("steps")
    if is_list(steps):
        pruned["steps"] = [step for index, step in enumerate(steps) if index not in steps_to_drop]
    return pruned


def _drop(container: Any, loc: tuple[int | str, ...]) -> None:
    for part in loc[:-1]:
        if not (is_object(container) and part in container):
            return
        container = container[part]
    if is_object(container):
        container.pop(str(loc[-1]), None)


def _shape_problem(detail: ErrorDetails, content: Mapping[str, Any], file: str | None) -> Problem:
    """One of pydantic's errors in our words."""
    loc = [part for part in detail["loc"] if part != "function-before[_as_retry(), nullable[Retry]]"]
    step_id, model, rest = None, Workflow, loc
    if loc[:1] == ["steps"] and len(loc) > 1 and isinstance(loc[1], int):
        step = content["steps"][loc[1]]
        step_id = str(step.get("id") or loc[1] + 1) if is_object(step) else str(loc[1] + 1)
        model, rest = Step, loc[2:]
    if rest[:1] == ["inputs"] and len(rest) == 3:
        model = Input
    elif rest[:1] == ["retry"] and len(rest) == 2:
        model = Retry
    key = ".".join(str(part) for part in rest)
    where = Where(workflow=_id_of(content), step=step_id, key=key or None, file=file)
    if detail["type"] == "extra_forbidden":
        name = str(rest[-1])
        return Problem(
            "unknown_key", f"'{name}' is not known here{nearest(name, _keys(model))}.", where, "Rename or remove it."
        )
    if detail["type"] == "missing":
        return Problem("missing_key", f"'{rest[-1] if rest else 'step'}' is missing.", where, "Add it.")
    if detail["type"] == "string_pattern_mismatch":
        return Problem(
            "bad_id",
            f"{detail['input']!r} is not a usable id.",
            where,
            "Use letters, digits and '_', beginning with a letter; at most 64 characters.",
        )
    message = detail["msg"].removeprefix("Value error, ").rstrip(".")
    return Problem("bad_value", f"{message} (it is {_short(detail['input'])}).", where, "Correct the value.")


def _keys(model: type[Model]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _id_of(content: Mapping[str, Any]) -> str | None:
    id = content.get("id")
    return id if isinstance(id, str) else None


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


class _Checker:
    """Looks at a workflow of right shape."""

    def __init__(self, workflow: Workflow, registry: Registry, find_template: FindTemplate, file: str | None) -> None:
        self.workflow = workflow
        self.registry = registry
        self.find_template = find_template
        self.file = file
        self.steps = {step.id: step for step in workflow.steps}

    def problems(self) -> list[Problem]:
        return [
            *self._duplicates(),
            *self._inputs(),
            *(problem for step in self.workflow.steps for problem in self._step(step)),
            *self._output(),
            *self._cycle(),
        ]

    def _problem(
        self, code: str, message: str, remedy: str, step: str | None = None, key: str | None = None
    ) -> Problem:
        return Problem(code, message, Where(self.workflow.id, step=step, key=key, file=self.file), remedy)

    def _duplicates(self) -> Iterator[Problem]:
        for id, count in Counter(step.id for step in self.workflow.steps).items():
            if count > 1:
                yield self._problem(
                    "duplicate_id", f"{count} steps have the id '{id}'.", "Give each its own.", id, "id"
                )

    def _inputs(self) -> Iterator[Problem]:
        for name, declared in self.workflow.inputs.items():
            if not declared.required and declared.default is not None:
                try:
                    coerce(name, declared, declared.default)
                except PatchbayError as error:
                    yield self._problem(
                        "bad_default", error.message, "Correct the default.", key=f"inputs.{name}.default"
                    )

    def _step(self, step: Step) -> Iterator[Problem]:
        for need in step.needs:
            other, way = split_need(need)
            if other not in self.steps:
                yield self._unknown_step(other, step.id, "needs")
            elif way and self.steps[other].uses != Branch.id:
                message = f"'{other}' is no branch and has no way '{way}'."
                yield self._problem("unknown_way", message, f"Write '{other}'.", step.id, "needs")
        if step.on_error not in NO_STEPS and step.on_error not in self.steps:
            yield self._unknown_step(step.on_error, step.id, "on_error", "fail, continue, or a step's id")
        yield from self._expressions(step)
        action = self._action(step.uses)
        if action is None:
            yield self._problem(
                "unknown_action",
                f"there is no action '{step.uses}'{nearest(step.uses, [*self.registry, *KINDS])}.",
                "Choose an action that exists.",
                step.id,
                "uses",
            )
        else:
            yield from self._params(step, action)

    def _unknown_step(self, name: str, step: str | None, key: str, wanted: str = "the id of a step") -> Problem:
        return self._problem(
            "unknown_step", f"there is no step '{name}'{nearest(name, list(self.steps))}.", f"Use {wanted}.", step, key
        )

    def _expressions(self, step: Step) -> Iterator[Problem]:
        values: dict[str, Any] = {f"with.{key}": value for key, value in step.with_.items()}
        values |= {key: value for key, value in (("if", step.if_), ("for_each", step.for_each)) if value is not None}
        for key, value in values.items():
            in_loop = step.for_each is not None and key != "for_each" and key != "if"
            yield from self._expression(value, step.id, key, in_loop)

    def _expression(self, value: Any, step: str | None, key: str, in_loop: bool) -> Iterator[Problem]:
        try:
            expression = compile_value(value)
        except PatchbayError as error:
            yield self._problem("bad_expression", error.message, error.remedy, step, key)
            return
        allowed = SCOPE_NAMES if in_loop else SCOPE_NAMES - {"item", "index"}
        for name in sorted(expression.names - allowed):
            hint = (
                "it exists only inside a 'for_each'"
                if name in SCOPE_NAMES
                else nearest(name, list(allowed)).strip("; ")
            )
            yield self._problem(
                "unknown_name", f"'{name}' means nothing here: {hint}.", "Correct the expression.", step, key
            )
        for other in sorted(expression.steps - set(self.steps)):
            yield self._unknown_step(other, step, key)
        for name in sorted(expression.inputs - set(self.workflow.inputs)):
            yield self._problem(
                "unknown_input",
                f"there is no input '{name}'{nearest(name, list(self.workflow.inputs))}.",
                "Add it under 'inputs' or correct the name.",
                step,
                key,
            )
        yield from self._result_keys(expression, step, key)

    def _result_keys(self, expression: Expression, step: str | None, key: str) -> Iterator[Problem]:
        """`steps.mail.x` where the action's result has no x."""
        for other, name in sorted(expression.paths):
            referred = self.steps.get(other)
            action = self._action(referred.uses) if referred else None
            if referred is None or action is None or referred.for_each is not None:
                continue
            known = [field.alias or id for id, field in action.result.model_fields.items()]
            if name not in known and not (name == "error" and referred.on_error != "fail"):
                yield self._problem(
                    "unknown_result",
                    f"'{other}' ({action.id}) gives no '{name}'{nearest(name, known)}.",
                    "Correct the expression.",
                    step,
                    key,
                )

    def _action(self, uses: str) -> Action | Kind[Any] | None:
        return self.registry.get(uses) or KINDS.get(uses)

    def _params(self, step: Step, action: Action | Kind[Any]) -> Iterator[Problem]:
        """Parameters that are missing, unknown or of a wrong type; an expression's type is known only in a run."""
        open_keys = {key for key, value in step.with_.items() if not _is_constant(value)}
        try:
            action.params.model_validate(step.with_)
        except ValidationError as error:
            for detail in error.errors():
                name = str(detail["loc"][0]) if detail["loc"] else None
                if name in open_keys and detail["type"] != "extra_forbidden":
                    continue
                key = ".".join(["with", *(str(part) for part in detail["loc"])])
                if detail["type"] == "extra_forbidden":
                    known = [field.alias or id for id, field in action.params.model_fields.items()]
                    yield self._problem(
                        "unknown_parameter",
                        f"{action.id} has no parameter '{name}'{nearest(str(name), known)}.",
                        "Rename or remove it.",
                        step.id,
                        key,
                    )
                elif detail["type"] == "missing":
                    yield self._problem(
                        "missing_parameter",
                        f"{action.id} needs '{name}'.",
                        f"Give '{name}' under 'with'.",
                        step.id,
                        key,
                    )
                else:
                    message = detail["msg"].removeprefix("Value error, ").rstrip(".")
                    value = f" (it is {_short(detail['input'])})" if name else ""
                    yield self._problem("bad_parameter", f"{message}{value}.", "Correct the value.", step.id, key)
        yield from self._templates(step, action)

    def _templates(self, step: Step, action: Action | Kind[Any]) -> Iterator[Problem]:
        """A parameter that picks a template names one, and `variables` beside it gives all that it needs."""
        for name, info in action.params.model_fields.items():
            extra = info.json_schema_extra
            value = step.with_.get(name)
            if not is_object(extra) or extra.get("picker") != "templates":
                continue
            if not isinstance(value, str) or not _is_constant(value):
                continue
            try:
                template = self.find_template(value)
                given: Any = step.with_.get("variables") or {}
                missing = template.missing(given) if is_object(given) else frozenset[str]()
            except PatchbayError as error:
                yield self._problem("bad_template", error.message, error.remedy, step.id, f"with.{name}")
                continue
            for variable in sorted(missing):
                yield self._problem(
                    "missing_variable",
                    f"template '{value}' needs '{variable}'.",
                    f"Give '{variable}' under 'variables'.",
                    step.id,
                    "with.variables",
                )

    def _output(self) -> Iterator[Problem]:
        for name, value in self.workflow.output.items():
            yield from self._expression(value, None, f"output.{name}", in_loop=False)

    def _cycle(self) -> Iterator[Problem]:
        try:
            needs = {step.id: step_needs(step, self.workflow) for step in self.workflow.steps}
        except PatchbayError:
            return  # the bad expression has been told already
        cycle = find_cycle(needs)
        if cycle:
            ring = " → ".join(cycle)
            yield self._problem(
                "cycle", f"steps wait for each other: {ring}.", "Remove one of these references.", cycle[0], "needs"
            )


def _is_constant(value: Any) -> bool:
    try:
        return compile_value(value).constant
    except PatchbayError:
        return False
