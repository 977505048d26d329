"""The steps of one run that run other workflows: what their runs begin with, and what is heard of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from orchestrator.attempt import Failed, Opened
from orchestrator.children import Child, ChildRuns
from orchestrator.decide import Start
from orchestrator.errors import PatchbayError, SubworkflowFailed
from orchestrator.history import FINAL
from orchestrator.policies.budget import Budget
from orchestrator.recorder import Recorder
from orchestrator.state import RunState

log = structlog.get_logger()


class ChildSteps:
    """Lives on the engine's loop, beside the driver of the run: `is_over` when that is done with it, `advance` when
    something was heard."""

    def __init__(
        self,
        state: RunState,
        recorder: Recorder,
        runs: ChildRuns,
        *,
        is_over: Callable[[], bool],
        advance: Callable[[], None],
    ) -> None:
        self._state = state
        self._recorder = recorder
        self._runs = runs
        self._is_over = is_over
        self._advance = advance
        self._unattended: set[str] = set()
        """Runs that nobody may advance yet: the end of one could be missed."""
        self._background: set[asyncio.Task[None]] = set()

    def attend(self) -> None:
        """See that those go on which the run waits for."""
        self._unattended.update(self._state.children.values())
        for (step, item), child in self._state.children.items():
            self._later(self._look_after(step, item, child))

    async def start(self, start: Start, *, key: str, model: str | None, budget: Budget | None) -> Child | PatchbayError:
        """The run for a step, on disk: not recorded yet."""
        try:
            return await self._runs.start(self._state, start, key=key, model=model, budget=budget)
        except PatchbayError as error:
            return error

    def started(self, start: Start, child: Child | PatchbayError) -> None:
        """Record it, and wait for it."""
        step, item = start.step, start.item
        if isinstance(child, PatchbayError):
            self._recorder.settle(start, Failed(child))
        elif child.status is None:
            self._recorder.settle(start, Opened(child.reason))
        elif self._state.cancelling:
            self._recorder.record("step.cancelled", step, item, start.attempt)
            self._later(self._runs.cancel(child.run_id))
        else:
            self._unattended.add(child.run_id)
            data = {"until": None, "child": child.run_id}
            self._recorder.record("step.waiting", step, item, start.attempt, data)
            self._recorder.write(urgent=True)
            self._later(self._look_after(step, item, child.run_id))

    def ended(self, step: str, item: str, child: Child) -> None:
        """The run of a step is over: so is the step."""
        if self._state.children.get((step, item)) != child.run_id:
            return  # it is known already
        attempt = self._state.step(step, item).items[item].attempt
        data: dict[str, Any] = {"usage": child.usage} if child.usage else {}
        if child.status == "succeeded":
            self._recorder.record("step.succeeded", step, item, attempt, {**data, "output": child.output or {}})
            return
        said = (child.error or {}).get("message") or f"it was {child.status}"
        error = SubworkflowFailed(f"Its run {child.run_id} {child.status}: {said}", remedy="Look at that run.")
        placed = error.at(workflow=self._state.graph.workflow.id, step=step, item=item or None)
        self._recorder.record("step.failed", step, item, attempt, {**data, "error": placed.as_dict()})

    def cancel(self) -> None:
        """End all of them."""
        for child in self._state.children.values():
            self._later(self._runs.cancel(child))

    @property
    def any_is_near(self) -> bool:
        """Whether one of them is advanced by this process, or may be soon: its end is heard of at once."""
        return any(child in self._unattended or self._runs.is_here(child) for child in self._state.children.values())

    async def _look_after(self, step: str, item: str, run_id: str) -> None:
        """See that a run goes on, or hear of its end if that was missed."""
        await self._runs.attend(run_id)
        child = await self._runs.ended(run_id)
        self._unattended.discard(run_id)
        if not self._is_over():
            if child.status in FINAL:
                self.ended(step, item, child)
            self._advance()

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        async def guarded() -> None:
            try:
                await work
            except PatchbayError as error:
                log.warning("sub-workflow not reached", run=self._state.run_id, error=str(error))

        task = asyncio.create_task(guarded())
        self._background.add(task)
        task.add_done_callback(self._background.discard)
