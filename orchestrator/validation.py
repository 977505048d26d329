"""Every mistake of a workflow that can be found before it runs, all at once, each with a remedy."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from orchestrator.checker import Checker, FindTemplate
from orchestrator.data import DEPTH, flaw, is_list, is_object, short
from orchestrator.errors import InvalidWorkflow, Problem, Where
from orchestrator.expressions import nearest
from orchestrator.registry import Registry
from orchestrator.triggers.definition import Ask, Poll, Schedule, Webhook
from orchestrator.workflow import Approve, BudgetLimits, Input, Model, Retry, Step, Workflow, migrate


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
    if wrong := flaw(content, ""):
        remedy = f"Use text, numbers, lists and objects, at most {DEPTH} levels deep."
        return [Problem("no_data", f"{wrong}.", Where(workflow=_id_of(content), file=file), remedy)]
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
        problems += Checker(workflow, registry, find_template, file).problems()
    return list(dict.fromkeys(problems))


def _without_echo(details: list[ErrorDetails]) -> list[ErrorDetails]:
    """Without "too few steps", which pydantic also says when every step has a mistake of its own."""
    inner = any(detail["loc"][:1] == ("steps",) and len(detail["loc"]) > 1 for detail in details)
    return [detail for detail in details if not (inner and detail["loc"] == ("steps",))]


def _without(content: Mapping[str, Any], details: list[ErrorDetails]) -> dict[str, Any]:
    """The content without the parts that the errors point at; a step loses the key, or goes if it cannot be without."""
    pruned = copy.deepcopy(dict(content))
    gone: list[tuple[list[Any], Any]] = []
    for detail in details:
        found = _innermost_step(pruned, detail["loc"])
        if found is not None:
            steps, index, rest = found
            if not rest or rest[0] in ("id", "uses") or detail["type"] == "missing":
                gone.append((steps, steps[index]))
            else:
                _drop(steps[index], rest[: 2 if rest[0] == "states" else 1])
        elif detail["loc"] == ("id",):
            pruned["id"] = "unnamed"
        elif detail["loc"] == ("format",):
            pruned["format"] = 1
        elif loc := detail["loc"]:
            _drop(pruned, loc[:3] if loc[0] == "inputs" else loc[:2] if is_object(pruned.get(str(loc[0]))) else loc[:1])
    for steps, step in gone:
        steps[:] = [other for other in steps if other is not step]
    return pruned


def _innermost_step(content: Any, loc: tuple[int | str, ...]) -> tuple[list[Any], int, tuple[int | str, ...]] | None:
    """The step that an error is in: the list it stands in, its place there, and the way from it to the error."""
    found: tuple[list[Any], int, tuple[int | str, ...]] | None = None
    value: Any = content
    for depth, part in enumerate(loc):
        if is_list(value) and isinstance(part, int) and part < len(value):
            if depth and loc[depth - 1] == "steps":
                found = (value, part, loc[depth + 1 :])
            value = value[part]
        elif is_object(value) and part in value:
            value = value[str(part)]
        else:
            break
    return found


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
    kind = loc.pop(2) if loc[0] == "triggers" and len(loc) > 2 and loc[2] in TRIGGERS else None
    step_id, model, rest = None, Workflow, loc
    found = _innermost_step(content, tuple(loc))
    if found is not None:
        steps, index, inner = found
        step = steps[index]
        step_id = str(step.get("id") or index + 1) if is_object(step) else str(index + 1)
        model, rest = Step, list(inner)
    if rest[:1] == ["inputs"] and len(rest) == 3:
        model = Input
    elif rest[:1] == ["retry"] and len(rest) == 2:
        model = Retry
    elif rest[:1] == ["budget"] and len(rest) == 2:
        model = BudgetLimits
    elif rest[:1] == ["approve"] and len(rest) == 2:
        model = Approve
    elif kind is not None:
        model = Ask if rest[2:3] == ["ask"] else TRIGGERS[kind]
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
    if detail["type"] == "too_short" and key == "steps":
        return Problem("no_steps", "The workflow has no steps yet.", where, "Add one.")
    if detail["type"].startswith("union_tag"):
        message = f"A trigger is of the type {', '.join(map(str, TRIGGERS))}."
        return Problem("bad_value", message, where, "Give it one of these under 'type'.")
    message = detail["msg"].removeprefix("Value error, ").rstrip(".")
    return Problem("bad_value", f"{message} (it is {short(detail['input'])}).", where, "Correct the value.")


TRIGGERS: dict[int | str, type[Model]] = {"schedule": Schedule, "webhook": Webhook, "poll": Poll}


def _keys(model: type[Model]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _id_of(content: Mapping[str, Any]) -> str | None:
    id = content.get("id")
    return id if isinstance(id, str) else None
