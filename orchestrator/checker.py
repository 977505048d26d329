"""What a workflow of right shape still gets wrong: names that lead nowhere, parameters that do not fit, circles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from orchestrator.actions import Action
from orchestrator.data import is_object, short
from orchestrator.errors import CODES, PatchbayError, Problem, Where
from orchestrator.expressions import SCOPE_NAMES, Expression, compile_value, nearest
from orchestrator.graph import NO_STEPS, bodies_of, find_cycle, inner_steps, late_values, needs_of, split_need
from orchestrator.inputs import coerce
from orchestrator.registry import Registry
from orchestrator.steps import KINDS, LATE, BodyKind, Kind
from orchestrator.steps.branch import Branch, ways_of
from orchestrator.steps.states import States
from orchestrator.steps.subworkflow import Subworkflow
from orchestrator.templates import Template
from orchestrator.triggers.definition import Ask, Poll, Webhook
from orchestrator.workflow import Step, Workflow

FindTemplate = Callable[[str], Template]
"""The template of that id. Raises `PatchbayError` when there is none."""


STEP_NAMES = frozenset({"inputs", "steps", "run"})
"""What every expression of a step can use."""


class Checker:
    """Looks at a workflow of right shape."""

    def __init__(self, workflow: Workflow, registry: Registry, find_template: FindTemplate, file: str | None) -> None:
        self.workflow = workflow
        self.registry = registry
        self.find_template = find_template
        self.file = file
        self.all = [step for outer in workflow.steps for step in (outer, *inner_steps(outer))]
        self.steps = {step.id: step for step in self.all}
        self.owners = {step.id: outer.id for outer in self.all for body in bodies_of(outer).values() for step in body}

    def problems(self) -> list[Problem]:
        names = STEP_NAMES
        return [
            *self._duplicates(),
            *self._inputs(),
            *self._together(self.workflow.steps, frozenset(), names),
            *self._output(frozenset(step.id for step in self.workflow.steps), names),
            *self._triggers(),
        ]

    def _together(self, steps: tuple[Step, ...], outside: frozenset[str], names: frozenset[str]) -> Iterator[Problem]:
        """Steps that stand together, which see each other, the steps `outside` and these names."""
        seen = outside | {step.id for step in steps}
        for step in steps:
            yield from self._step(step, steps, seen, names)
        yield from self._cycle(steps)

    def _problem(
        self, code: str, message: str, remedy: str, step: str | None = None, key: str | None = None
    ) -> Problem:
        return Problem(code, message, Where(self.workflow.id, step=step, key=key, file=self.file), remedy)

    def _duplicates(self) -> Iterator[Problem]:
        for id, count in Counter(step.id for step in self.all).items():
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

    def _step(
        self, step: Step, beside: tuple[Step, ...], seen: frozenset[str], names: frozenset[str]
    ) -> Iterator[Problem]:
        near = {other.id for other in beside}
        for need in step.needs:
            other, way = split_need(need)
            if other not in near:
                yield self._unknown_step(other, step.id, "needs", near)
            elif way:
                yield from self._way(self.steps[other], way, step.id)
        if step.on_error not in NO_STEPS and step.on_error not in near:
            yield self._unknown_step(step.on_error, step.id, "on_error", near, "fail, continue, or a step's id")
        yield from self._expressions(step, seen, names)
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
            yield from self._cache(step, action)
            yield from self._approve(step, action)
        yield from self._retry_codes(step)
        yield from self._body(step)
        inside = self._names_inside(step, names)
        for body in bodies_of(step).values():
            yield from self._together(body, seen, inside)

    def _names_inside(self, step: Step, names: frozenset[str]) -> frozenset[str]:
        """What the expressions of the steps inside a step can use."""
        loop = frozenset({"item", "index", "parent"}) if step.for_each is not None else frozenset[str]()
        rounds = frozenset({"index", "last", "parent", "role"}) if step.uses in LATE else frozenset[str]()
        return names | loop | rounds

    def _body(self, step: Step) -> Iterator[Problem]:
        """A step has the body that its kind runs, and no other."""
        kind = KINDS.get(step.uses)
        wanted = "states" if isinstance(kind, States) else "steps" if isinstance(kind, BodyKind) else None
        for key, value in (("steps", step.steps), ("states", step.states)):
            if value and key != wanted:
                message = f"{step.uses} has no '{key}' inside it."
                yield self._problem("no_body", message, f"Remove '{key}', or use group.", step.id, key)
            elif key == wanted and not value:
                yield self._problem("missing_body", f"{step.uses} needs '{key}'.", "Add them.", step.id, key)
        if step.output is not None and wanted != "steps":
            yield self._problem("no_body", f"{step.uses} has its own output.", "Remove 'output'.", step.id, "output")
        if kind is not None:
            yield from self._not_of_a_kind(step, kind)
        yield from self._states(step)

    def _not_of_a_kind(self, step: Step, kind: Kind[Any]) -> Iterator[Problem]:
        """Only an action is tried, and only an action acts at a service: what is said of that is said of its step."""
        for key in ("retry", "timeout", "deadline", "account"):
            if getattr(step, key) is None:
                continue
            remedy = f"Remove '{key}'."
            if isinstance(kind, BodyKind):
                remedy = f"Give '{key}' to the steps inside."
            elif isinstance(kind, Subworkflow):
                remedy = f"Give '{key}' to the steps of the workflow that it runs."
            elif key in ("timeout", "deadline") and "within" in kind.params.model_fields:
                remedy = "Give 'within' under 'with': how long there is to answer."
            yield self._problem("not_of_a_kind", f"{step.uses} has no '{key}'.", remedy, step.id, key)

    def _way(self, branch: Step, way: str, step: str) -> Iterator[Problem]:
        """A step follows one way of a branch that is beside it."""
        if branch.uses != Branch.id:
            message, remedy = f"'{branch.id}' is no branch and has no way '{way}'.", f"Write '{branch.id}'."
        elif branch.for_each is not None:
            message = f"'{branch.id}' may go another way for each item: no step can follow one of them."
            remedy = "Put the branch and what follows it into a group, and give that the 'for_each'."
        elif _is_constant([branch.with_.get("cases"), branch.with_.get("default")]) and way not in ways_of(branch):
            known = ways_of(branch)
            message = f"'{branch.id}' has no way '{way}'{nearest(way, known)}."
            remedy = f"Use one of its ways: {', '.join(known)}."
        else:
            return
        yield self._problem("unknown_way", message, remedy, step, "needs")

    def _states(self, step: Step) -> Iterator[Problem]:
        if not step.states:
            return
        start = step.with_.get("start")
        ends = {(f"states.{name}.transitions.{move}", transition.to) for name, state in step.states.items()
                for move, transition in state.transitions.items()}  # fmt: skip
        for key, to in sorted(ends | ({("with.start", str(start))} if start else set())):
            if to not in step.states:
                message = f"there is no state '{to}'{nearest(to, list(step.states))}."
                yield self._problem("unknown_state", message, "Use the name of a state.", step.id, key)
        unlimited = {
            name: tuple(transition.to for transition in state.transitions.values())
            for name, state in step.states.items()
            if state.limit is None
        }
        ring = None if step.with_.get("limit") is not None else find_cycle(unlimited)
        if ring:
            yield self._problem(
                "no_limit",
                f"states can come round for ever: {' → '.join(ring)}.",
                "Give the step a 'limit', or one of these states.",
                step.id,
                "with.limit",
            )

    def _cache(self, step: Step, action: Action | Kind[Any]) -> Iterator[Problem]:
        if step.cache is None or (step.uses not in KINDS and action.effect == "read"):
            return
        reason = (
            "is done by Patchbay itself and costs nothing"
            if step.uses in KINDS
            else "writes: with a result from the cache, nothing would be sent"
        )
        yield self._problem("cannot_cache", f"{action.id} {reason}.", "Remove 'cache'.", step.id, "cache")

    def _approve(self, step: Step, action: Action | Kind[Any]) -> Iterator[Problem]:
        if step.approve is not None and (step.uses in KINDS or action.effect == "read"):
            remedy = "Remove 'approve', or put a step that uses 'approve' before it."
            message = f"{action.id} sends nothing that could be approved."
            yield self._problem("cannot_approve", message, remedy, step.id, "approve")

    def _retry_codes(self, step: Step) -> Iterator[Problem]:
        passing = sorted(code for code, passes in CODES.items() if passes)
        for code in (step.retry.on or ()) if step.retry else ():
            if code not in CODES:
                message = f"there is no error '{code}'{nearest(code, passing)}."
            elif not CODES[code]:
                message = f"trying again cannot mend the error '{code}': it comes out the same each time."
            else:
                continue
            remedy = f"Use some of: {', '.join(passing)}."
            yield self._problem("bad_retry", message, remedy, step.id, "retry.on")

    def _unknown_step(
        self, name: str, step: str | None, key: str, seen: Iterable[str], wanted: str = "the id of a step"
    ) -> Problem:
        if name in self.steps:
            owner = self.owners.get(name)
            message = f"'{name}' is inside '{owner}' and not known here." if owner else f"'{name}' is not beside it."
            remedy = f"Use what '{owner}' gives." if owner else "Give this 'needs' to the step around it."
            return self._problem("unknown_step", message, remedy, step, key)
        message = f"there is no step '{name}'{nearest(name, list(seen))}."
        return self._problem("unknown_step", message, f"Use {wanted}.", step, key)

    def _expressions(self, step: Step, seen: frozenset[str], names: frozenset[str]) -> Iterator[Problem]:
        late = LATE.get(step.uses, frozenset())
        loop = frozenset({"item", "index", "parent"}) if step.for_each is not None else frozenset[str]()
        for key, value in (("if", step.if_), ("for_each", step.for_each)):
            if value is not None:
                yield from self._expression(value, step.id, key, seen, names)
        for key, value in step.with_.items():
            if key not in late:
                yield from self._expression(value, step.id, f"with.{key}", seen, names | loop)
        if step.approve is not None:
            yield from self._expression(step.approve.message, step.id, "approve.message", seen, names | loop)
        inside = self._names_inside(step, names)
        for (state, key), value in late_values(step).items():
            body = {inner.id for inner in bodies_of(step).get(state, ())}
            yield from self._expression(value, step.id, key, seen | body, inside)

    def _expression(
        self, value: Any, step: str | None, key: str, seen: frozenset[str], allowed: frozenset[str]
    ) -> Iterator[Problem]:
        try:
            expression = compile_value(value)
        except PatchbayError as error:
            yield self._problem("bad_expression", error.message, error.remedy, step, key)
            return
        for name in sorted(expression.names - allowed):
            looped = name in SCOPE_NAMES and allowed >= STEP_NAMES
            near = nearest(name, list(allowed)).strip("; ") or "a plain value is wanted"
            hint = "it exists only inside a loop" if looped else near
            yield self._problem(
                "unknown_name", f"'{name}' means nothing here: {hint}.", "Correct the expression.", step, key
            )
        if not allowed >= STEP_NAMES:
            return
        for other in sorted(expression.steps - seen):
            yield self._unknown_step(other, step, key, seen)
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
            if action.result.model_config.get("extra") == "allow":
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
                    value = f" (it is {short(detail['input'])})" if name else ""
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

    def _output(self, seen: frozenset[str], names: frozenset[str]) -> Iterator[Problem]:
        for name, value in self.workflow.output.items():
            yield from self._expression(value, None, f"output.{name}", seen, names)

    def _triggers(self) -> Iterator[Problem]:
        for id, trigger in self.workflow.triggers.items():
            at = f"triggers.{id}"
            yield from self._given(trigger.with_, f"{at}.with")
            if isinstance(trigger, Poll):
                yield from self._expression(trigger.items, None, f"{at}.items", frozenset(), frozenset({"result"}))
                yield from self._expression(trigger.identity, None, f"{at}.identity", frozenset(), frozenset({"item"}))
                yield from self._asked(trigger.ask, f"{at}.ask")
            elif isinstance(trigger, Webhook) and trigger.signed_by is not None:
                signing = [id for id, known in self.registry.connectors.items() if known.verify_function]
                if trigger.signed_by not in signing:
                    message = f"'{trigger.signed_by}' signs no requests{nearest(trigger.signed_by, signing)}."
                    remedy = f"Use {' or '.join(signing)}, or remove it." if signing else "Remove it."
                    yield self._problem("unknown_connector", message, remedy, key=f"{at}.signed_by")

    def _given(self, values: dict[str, Any], at: str) -> Iterator[Problem]:
        """What a trigger gives to the inputs of a run."""
        for name, value in values.items():
            key, declared = f"{at}.{name}", self.workflow.inputs.get(name)
            if declared is None:
                message = f"there is no input '{name}'{nearest(name, list(self.workflow.inputs))}."
                yield self._problem("unknown_input", message, "Add it under 'inputs' or correct the name.", key=key)
            elif _is_constant(value):
                try:
                    coerce(name, declared, value)
                except PatchbayError as error:
                    yield self._problem("bad_input", error.message, error.remedy, key=key)
            yield from self._expression(value, None, key, frozenset(), frozenset({"trigger"}))
        for name, declared in self.workflow.inputs.items():
            if declared.required and name not in values:
                message = f"nobody is there to fill in '{name}' when it fires."
                yield self._problem("missing_input", message, f"Give '{name}' under 'with', or a default.", key=at)

    def _asked(self, ask: Ask, at: str) -> Iterator[Problem]:
        """The reading action that a poll asks."""
        if not ask.uses:
            yield self._problem("missing_key", "It looks at nothing yet.", "Choose what it looks at.", key=f"{at}.uses")
            return
        action = self.registry.get(ask.uses)
        if action is None or action.effect != "read":
            reading = [id for id, known in self.registry.items() if known.effect == "read"]
            message = f"'{ask.uses}' is no action that reads{nearest(ask.uses, reading)}."
            yield self._problem("unknown_action", message, "Choose one that reads.", key=f"{at}.uses")
            return
        if action.connector.inside:
            message = f"{ask.uses} sees only what is inside a run: nothing new can appear there."
            yield self._problem("inside_a_run", message, "Choose one that looks at a service.", key=f"{at}.uses")
            return
        for name, value in ask.with_.items():
            yield from self._expression(value, None, f"{at}.with.{name}", frozenset(), frozenset())
        step = Step.model_validate({"id": "ask", "uses": ask.uses, "with": ask.with_})
        for problem in self._params(step, action):
            where = replace(problem.where, step=None, key=f"{at}.{problem.where.key}")
            yield replace(problem, where=where)

    def _cycle(self, steps: tuple[Step, ...]) -> Iterator[Problem]:
        try:
            needs = needs_of(steps)
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
