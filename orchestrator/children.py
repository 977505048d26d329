"""Runs that a step of another run starts: `uses: workflow`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import orjson

from orchestrator import validation
from orchestrator.clock import Clock
from orchestrator.decide import Start
from orchestrator.errors import InvalidWorkflow, NotFound, StepError
from orchestrator.events import Event
from orchestrator.graph import Graph
from orchestrator.history import ACTIVE, FINAL, Mode
from orchestrator.inputs import resolve
from orchestrator.journal import Batch, Journal, NewRun, event_row
from orchestrator.library import Library
from orchestrator.params import validate
from orchestrator.policies.budget import Budget
from orchestrator.preview import has_placeholder
from orchestrator.registry import Registry
from orchestrator.run_accounts import RunAccounts
from orchestrator.state import RunState
from orchestrator.steps import KINDS, WaitingKind
from orchestrator.steps.subworkflow import DEEPEST, Called, Subworkflow
from orchestrator.workflow import Step, Workflow

UNOWNED = 0
"""The fence of a run that nobody has owned yet."""


@dataclass(frozen=True, slots=True)
class Child:
    """A run that a step started. `status` is None for one that must not begin yet: `reason` says why."""

    run_id: str
    status: str | None
    output: Any = None
    error: dict[str, Any] | None = None
    usage: dict[str, Any] | None = None
    """What it, and those that it began, asked of models."""
    reason: str = ""


class ChildRuns:
    """Starts them, and knows how they stand. A run that is started again takes up the child that it had."""

    def __init__(
        self,
        registry: Registry,
        journal: Journal,
        library: Library,
        clock: Clock,
        *,
        attend: Callable[[str], Coroutine[Any, Any, None]],
        cancel: Callable[[str], Coroutine[Any, Any, None]],
        is_here: Callable[[str], bool],
        budget_of: Callable[[str], Budget | None],
        recorded: Callable[[str, Graph], Awaitable[list[Event]]],
        previews_first: Callable[[Workflow, RunAccounts], bool],
    ) -> None:
        """What the engine does for them: `attend` sees that a run goes on, `budget_of` is that of a run which is
        here, `recorded` gives what a run that goes on from another one need not do again, `previews_first` says whether
        a version is to be looked at before it writes."""
        self._registry = registry
        self._journal = journal
        self._library = library
        self._clock = clock
        self._recorded = recorded
        self._previews_first = previews_first
        self.attend = attend
        self.cancel = cancel
        self.is_here = is_here
        self.budget_of = budget_of

    async def ended(self, run_id: str) -> Child:
        """How a run stands."""
        return _child(await asyncio.to_thread(self._journal.run, run_id))

    async def start(
        self, parent: RunState, start: Start, *, key: str, model: str | None, budget: Budget | None
    ) -> Child:
        """The run for a step of `parent`: a new one, or the one that an earlier attempt started. It is on disk, and
        does not begin before `attend`. `key` names the step in all attempts. Raises `PatchbayError`."""
        if parent.deep >= DEEPEST:
            raise StepError(
                f"Workflows stand in each other more than {DEEPEST} deep.",
                remedy="Look whether a workflow runs itself without an end.",
            )
        params = validate(Subworkflow(), start.params)
        assert isinstance(params, Called)
        earlier = await asyncio.to_thread(self._journal.latest_of, key)
        if earlier is not None and earlier.status in ACTIVE and earlier.parent != parent.run_id:
            raise StepError(
                f"Its run {earlier.id} goes on by itself.", remedy="When that run is over, go on with this one again."
            )
        if earlier is not None and earlier.status not in ("failed", "cancelled"):
            return _child(earlier)
        workflow = await asyncio.to_thread(self._load, params)
        problems = validation.check(workflow.dump(), self._registry, self._library.templates.load)
        if problems:
            raise InvalidWorkflow(problems)
        if parent.mode == "preview" and (has_placeholder(start.params) or not self._only_reads(workflow.steps)):
            return Child("", None, reason="it is previewed when the run gets there")
        now = self._clock.now()
        inputs = resolve(workflow, params.inputs)
        looks = parent.mode != "run"
        if not looks and parent.preview is None:
            looks = await asyncio.to_thread(self._previews_first, workflow, parent.accounts)
        mode: Mode = "preview" if looks else "run"
        new = NewRun.of(
            workflow,
            inputs,
            now,
            model=model,
            mode=mode,
            owner=None,
            lineage=key,
            parent=parent.run_id,
            parent_step=start.step,
            parent_item=start.item,
        )
        data: dict[str, Any] = {"inputs": inputs, "mode": mode, "parent": parent.run_id, "deep": parent.deep + 1}
        if parent.preview is not None:
            data["preview"] = parent.preview
        if budget is not None:
            data["left"] = budget.left(now)
        data["accounts"] = parent.accounts.as_dict()
        recorded = await self._recorded(earlier.id, Graph.of(workflow)) if earlier is not None else []
        events = [Event("run.started", data=data, at=now), *recorded]
        rows = [event_row(new.id, number, event) for number, event in enumerate(events, 1)]
        self._journal.write(Batch(new.id, UNOWNED, rows, new=new), urgent=True)
        await self._journal.barrier(new.id, UNOWNED)
        return Child(new.id, "queued")

    def _load(self, params: Called) -> Workflow:
        if params.version is None:
            return self._library.workflows.load(params.workflow)
        workflow = Workflow.model_validate(self._journal.workflow(params.version))
        if workflow.id != params.workflow:
            raise NotFound(
                f"Version '{params.version}' is one of '{workflow.id}', not of '{params.workflow}'.",
                remedy="Choose a version of the workflow, or leave it empty.",
            )
        return workflow

    def _only_reads(self, steps: tuple[Step, ...]) -> bool:
        """Whether nothing goes out and nobody is asked, so that a preview can really run it."""
        for step in steps:
            kind = KINDS.get(step.uses)
            if isinstance(kind, WaitingKind | Subworkflow) or not self._only_reads(step.steps):
                return False
            if any(not self._only_reads(state.steps) for state in step.states.values()):
                return False
            if kind is None and self._registry[step.uses].effect != "read":
                return False
        return True


def _child(row: Any) -> Child:
    if row.status not in FINAL:
        return Child(row.id, row.status)
    output, error = (orjson.loads(text) if text else None for text in (row.output, row.error))
    usage = {"input_tokens": row.input_tokens or 0, "output_tokens": row.output_tokens or 0, "cost": row.cost}
    return Child(row.id, row.status, output, error, usage)
