"""Advances one run: performs what `decide` commands and records what comes of it."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import structlog

from orchestrator.actions import Registry
from orchestrator.attempt import Attempt, Failed, Outcome, Retrying, Succeeded
from orchestrator.clock import Clock, Timer
from orchestrator.decide import Expand, Fail, Finish, RunState, Skip, Start, decide
from orchestrator.errors import NotFound, PatchbayError, StepError, StoreError
from orchestrator.events import Event, EventType
from orchestrator.journal import Batch, EffectRow, EventRow, Journal, NewRun, encode, event_row
from orchestrator.performer import Performer

STREAMED = 600
"""Characters of streamed text that are kept for those who watch."""

log = structlog.get_logger()


class Driver:
    """One run, owned by this process under `fence`. Lives on the engine's loop until the run is over."""

    def __init__(
        self,
        state: RunState,
        *,
        fence: int,
        seq: int,
        lineage: str,
        model: str | None,
        registry: Registry,
        journal: Journal,
        performer: Performer,
        clock: Clock,
        on_end: Callable[[Driver], None],
    ) -> None:
        self.state = state
        self.run_id = state.run_id
        self.fence = fence
        self.text: dict[str, str] = {}
        self.watchers: weakref.WeakSet[asyncio.Event] = weakref.WeakSet()
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._seq = seq
        self._rows: list[EventRow] = []
        self._lineage = lineage
        self._model = model
        self._registry = registry
        self._journal = journal
        self._performer = performer
        self._clock = clock
        self._on_end = on_end
        self._loop = asyncio.get_running_loop()
        self._tasks: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._timers: dict[tuple[str, str], Timer] = {}
        self._finishing: asyncio.Task[None] | None = None

    def begin(self, new: NewRun, inputs: dict[str, Any], recorded: list[Event]) -> None:
        """Start a new run. `recorded` are events of the run that this one goes on from: they do not happen again."""
        self._record("run.started", data={"inputs": inputs})
        for event in recorded:
            self._record(event.type, event.step, event.item, event.attempt, event.data)
        self._write(new=new)
        self.advance()

    def resume(self, reason: str) -> None:
        """Go on with a run that another process left."""
        self._record("run.resumed", data={"reason": reason})
        for (step, item), until in self.state.waits.items():
            self._set_timer(step, item, until)
        self.advance()

    def advance(self) -> None:
        """Perform all that is to be done now."""
        while commands := decide(self.state):
            for command in commands:
                match command:
                    case Start():
                        self._start(command)
                    case Expand():
                        self._record("step.expanded", command.step, data={"count": command.count})
                    case Skip():
                        self._record("step.skipped", command.step, data={"reason": command.reason})
                    case Fail():
                        self._record("step.failed", command.step, command.item, data={"error": command.error})
                    case Finish():
                        self._finish(command)
        self._write()

    def cancel(self) -> None:
        """End the run. Reads are dropped; a write that is under way is waited for, since it may be happening."""
        if self.state.cancelling or self.state.status != "running":
            return
        self._record("run.cancelling")
        self._drop_timers()
        for (step, item), task in list(self._tasks.items()):
            if self._registry[self.state.steps[step].node.step.uses].effect == "read":
                task.cancel()
                del self._tasks[step, item]
                attempt = self.state.steps[step].items[item].attempt
                self._record("step.cancelled", step, item, attempt)
        self.advance()

    async def stop(self, grace: float) -> None:
        """Leave the run as it stands, for another process to go on with. Writes under way get `grace` seconds."""
        self._drop_timers()
        writes: list[asyncio.Task[None]] = []
        for (step, _), task in self._tasks.items():
            if self._registry[self.state.steps[step].node.step.uses].effect == "read":
                task.cancel()
            else:
                writes.append(task)
        if writes:
            await asyncio.wait(writes, timeout=grace)
        self._end()

    def drop(self) -> None:
        """Stop at once: another process owns the run, or the journal cannot be written."""
        self._drop_timers()
        for task in self._tasks.values():
            task.cancel()
        self._end()

    # --- what an action says while it runs, from any thread

    def logged(self, step: str, item: str, message: str) -> None:
        self._loop.call_soon_threadsafe(self._log, step, item, message)

    def streamed(self, step: str, item: str, text: str) -> None:
        self._loop.call_soon_threadsafe(self._show_text, step, text)

    def _show_text(self, step: str, text: str) -> None:
        self.text[step] = (self.text.get(step, "") + text)[-STREAMED:]
        self._notify()

    def _log(self, step: str, item: str, message: str) -> None:
        if self.state.status == "running" and not self.ended.done():
            self._record("step.log", step, item, data={"message": message})
            self._write()

    # ---

    def _record(
        self, type: EventType, step: str = "", item: str = "", attempt: int = 0, data: dict[str, Any] | None = None
    ) -> None:
        """Fold an event in, and keep it to be written. Raises TypeError when `data` is not JSON; then nothing is."""
        event = Event(type, step, item, attempt, data or {}, self._clock.now())
        row = event_row(self.run_id, self._seq + 1, event)
        self._seq += 1
        self._rows.append(row)
        self.state.apply(event)

    def _write(
        self,
        *,
        effect: EffectRow | None = None,
        new: NewRun | None = None,
        finished: tuple[str, float, str | None, str | None] | None = None,
        urgent: bool = False,
    ) -> None:
        """Append what was recorded to the journal. It is on disk after the next barrier."""
        if self._rows or effect:
            rows, self._rows = self._rows, []
            batch = Batch(self.run_id, self.fence, rows, effect=effect, new=new, finished=finished)
            self._journal.write(batch, urgent=urgent)
            self._notify()

    def _start(self, start: Start) -> None:
        self._record("step.started", start.step, start.item, start.attempt, {"input": start.params})
        step = self.state.steps[start.step].node.step
        action = self._registry.get(step.uses)
        if action is None:
            error = NotFound(f"There is no action '{step.uses}' any more.", remedy="Install its connector again.")
            self._settle(start, Failed(error))
            return
        attempt = Attempt(
            run_id=self.run_id,
            fence=self.fence,
            step=step,
            item=start.item,
            number=start.attempt,
            failures=start.failures,
            key="-".join(part for part in (self._lineage, start.step, start.item) if part),
            action=action,
            params=start.params,
            model=self._model,
            may_have_happened=start.attempt > 1 or self._lineage != self.run_id,
            clock=self._clock,
        )
        self._tasks[start.step, start.item] = asyncio.create_task(self._perform(start, attempt))

    async def _perform(self, start: Start, attempt: Attempt) -> None:
        try:
            outcome = await self._performer.perform(attempt, self)
        except StoreError as error:
            log.error("run stopped", run=self.run_id, error=str(error))
            self._tasks.pop((start.step, start.item), None)
            self.drop()
            return
        self._tasks.pop((start.step, start.item), None)
        if self.ended.done():
            return
        self._settle(start, outcome)
        self.advance()

    def _settle(self, start: Start, outcome: Outcome) -> None:
        step, item, attempt = start.step, start.item, start.attempt
        match outcome:
            case Succeeded():
                data: dict[str, Any] = {"output": outcome.output}
                if outcome.usage:
                    data["usage"] = asdict(outcome.usage)
                if outcome.reused:
                    data["reused"] = True
                try:
                    self._record("step.succeeded", step, item, attempt, data)
                except TypeError as error:
                    failure = StepError(f"The result is not data that can be kept: {error}.")
                    self._settle(start, Failed(failure, outcome.effect))
                    return
                if outcome.usage is not None or outcome.effect is not None:
                    # What cost money or was sent is committed at once.
                    self._write(effect=outcome.effect, urgent=True)
            case Failed():
                data = {"error": self._place(outcome.error, start)}
                self._record("step.failed", step, item, attempt, data)
                self._write(effect=outcome.effect, urgent=True)
            case Retrying():
                data = {"error": self._place(outcome.error, start), "until": outcome.until}
                self._record("step.retrying", step, item, attempt, data)
                self._write(urgent=True)
                self._set_timer(step, item, outcome.until)

    def _place(self, error: PatchbayError, start: Start) -> dict[str, Any]:
        workflow = self.state.graph.workflow.id
        return error.at(workflow=workflow, step=start.step, item=start.item or None, attempt=start.attempt).as_dict()

    def _set_timer(self, step: str, item: str, until: float) -> None:
        self._timers[step, item] = self._clock.call_at(until, lambda: self._due(step, item))

    def _due(self, step: str, item: str) -> None:
        self._timers.pop((step, item), None)
        if self.state.status == "running":
            self._record("step.due", step, item)
            self.advance()

    def _drop_timers(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _finish(self, finish: Finish) -> None:
        data: dict[str, Any] = {"status": finish.status}
        if finish.output is not None:
            data["output"] = finish.output
        if finish.error is not None:
            data["error"] = finish.error
        row = (
            finish.status,
            self._clock.now(),
            None if finish.output is None else encode(finish.output),
            None if finish.error is None else encode(finish.error),
        )
        self._drop_timers()
        self._record("run.finished", data=data)
        self._write(finished=row, urgent=True)
        self._finishing = asyncio.create_task(self._after_commit())

    async def _after_commit(self) -> None:
        try:
            await self._journal.barrier(self.run_id, self.fence)
        except StoreError as error:
            log.error("run stopped", run=self.run_id, error=str(error))
        self._end()

    def _end(self) -> None:
        if not self.ended.done():
            self.ended.set_result(None)
            self._on_end(self)
            self._notify()

    def _notify(self) -> None:
        for watcher in self.watchers:
            watcher.set()
