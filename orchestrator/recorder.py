"""Writes down what happens to one run: as events, folded into its state at once and put into the journal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from orchestrator import questions
from orchestrator.attempt import Failed, Opened, Outcome, Planned, Retrying, Succeeded, Unapproved, Unknown
from orchestrator.clock import Clock
from orchestrator.decide import Close, Start
from orchestrator.errors import PatchbayError, StepError
from orchestrator.events import Event, EventType
from orchestrator.history import Mode, Usage
from orchestrator.journal import Batch, EffectRow, EventRow, Finished, Journal, NewRun, Parked
from orchestrator.preview import PlannedEffect
from orchestrator.records import kept
from orchestrator.state import RunState
from orchestrator.steps import Done, Stopped, Waiting


class Recorder:
    """`seq` is the number of the last event that the journal has. `on_wait` hears until when a step waits, seconds
    since 1970; `on_write` that there is something new to see."""

    def __init__(
        self,
        state: RunState,
        journal: Journal,
        clock: Clock,
        *,
        fence: int,
        seq: int,
        on_wait: Callable[[str, str, float | None], None],
        on_write: Callable[[], None],
    ) -> None:
        self._state = state
        self._run_id = state.run_id
        self._journal = journal
        self._clock = clock
        self._fence = fence
        self._seq = seq
        self._rows: list[EventRow] = []
        self._on_wait = on_wait
        self._on_write = on_write

    def record(
        self, type: EventType, step: str = "", item: str = "", attempt: int = 0, data: dict[str, Any] | None = None
    ) -> None:
        """Fold an event in, and keep it to be written. Raises TypeError when `data` is not JSON; then nothing is."""
        event = Event(type, step, item, attempt, data or {}, self._clock.now())
        row, event = kept(self._run_id, self._seq + 1, event)
        self._seq += 1
        self._rows.append(row)
        self._state.apply(event)

    def write(
        self,
        *,
        effect: EffectRow | None = None,
        new: NewRun | None = None,
        finished: Finished | None = None,
        parked: Parked | None = None,
        heeded: int | None = None,
        mode: Mode | None = None,
        urgent: bool = False,
    ) -> None:
        """Append what was recorded to the journal. It is on disk after the next barrier."""
        if self._rows or effect or parked or heeded:
            rows, self._rows = self._rows, []
            batch = Batch(
                self._run_id,
                self._fence,
                rows,
                effect=effect,
                new=new,
                finished=finished,
                parked=parked,
                heeded=heeded,
                mode=mode,
            )
            self._journal.write(batch, urgent=urgent)
            self._on_write()

    async def barrier(self) -> None:
        """Wait until all of it is on disk. Raises `StoreError`, or `LeaseLost`."""
        await self._journal.barrier(self._run_id, self._fence)

    def abandon(self) -> None:
        """Let somebody go on with the run from what is in the journal."""
        self._journal.abandon(self._run_id, self._fence)

    # --- what came of a step

    def came_of(self, step: str, item: str, outcome: Done | Stopped | Waiting) -> None:
        """What came of a built-in step, or of a question."""
        attempt = self._attempt(step, item)
        match outcome:
            case Done():
                self._gave(step, item, attempt, {"output": outcome.output})
            case Stopped():
                self.record("step.failed", step, item, attempt, {"error": self._placed(outcome.error, step, item)})
            case Waiting():
                data = {"until": outcome.until, "question": outcome.question}
                self.record("step.waiting", step, item, attempt, data)
                self._on_wait(step, item, outcome.until)

    def closed(self, close: Close) -> None:
        """What a step with a body gives."""
        attempt = self._attempt(close.step, close.item)
        self._gave(
            close.step,
            close.item,
            attempt,
            {"output": close.output} | ({"supposed": True} if close.supposed else {}),
        )

    def started(self, start: Start) -> bool:
        """An attempt begins; False when that failed at once: what it is given cannot be kept."""
        try:
            self.record("step.started", start.step, start.item, start.attempt, {"input": start.params})
        except TypeError as error:
            failure = StepError(f"What it is given cannot be kept: {error}.", remedy="Give it less, or less deep data.")
            self._failed(start.step, start.item, start.attempt, failure)
            return False
        return True

    def settle(self, start: Start, outcome: Outcome) -> None:
        """What came of an attempt at an action."""
        step, item, attempt = start.step, start.item, start.attempt
        match outcome:
            case Succeeded():
                self._succeeded(start, outcome)
            case Failed():
                data = {"error": self._placed(outcome.error, step, item, attempt)} | _usage(outcome.usage)
                self.record("step.failed", step, item, attempt, data)
                self.write(effect=outcome.effect, urgent=True)
            case Retrying():
                error = self._placed(outcome.error, step, item, attempt)
                data = {"error": error, "until": outcome.until} | _usage(outcome.usage)
                if not outcome.tried:
                    data["tried"] = False
                self.record("step.retrying", step, item, attempt, data)
                self.write(urgent=True)
                self._on_wait(step, item, outcome.until)
            case Planned():
                self.record("step.planned", step, item, attempt, {"plan": asdict(outcome.plan)})
            case Opened():
                self.record("step.opened", step, item, attempt, {"reason": outcome.reason})
            case Unapproved():
                self._ask(start, outcome.plan)
            case Unknown():
                self.came_of(step, item, Waiting(None, questions.was_it_sent(outcome.plan, outcome.error)))

    def _ask(self, start: Start, plan: PlannedEffect) -> None:
        try:
            waiting = questions.may_it_go_out(plan, self._state.step(start.step, start.item), self._clock.now())
        except PatchbayError as error:
            self.settle(start, Failed(error))
        else:
            self.came_of(start.step, start.item, waiting)

    def _succeeded(self, start: Start, outcome: Succeeded) -> None:
        data: dict[str, Any] = {"output": outcome.output} | _usage(outcome.usage)
        if outcome.reused:
            data["reused"] = True
        if outcome.cached:
            data["cached"] = True
        try:
            self.record("step.succeeded", start.step, start.item, start.attempt, data)
        except TypeError as error:
            failure = StepError(f"The result is not data that can be kept: {error}.")
            self.settle(start, Failed(failure, outcome.effect))
            return
        if outcome.usage is not None or outcome.effect is not None:
            # What cost money or was sent is committed at once.
            self.write(effect=outcome.effect, urgent=True)

    def _gave(self, step: str, item: str, attempt: int, data: dict[str, Any]) -> None:
        try:
            self.record("step.succeeded", step, item, attempt, data)
        except TypeError as error:
            failure = StepError(f"The output is not data that can be kept: {error}.", remedy="Correct 'output'.")
            self._failed(step, item, attempt, failure)

    def _failed(self, step: str, item: str, attempt: int, error: StepError) -> None:
        self.record("step.failed", step, item, attempt, {"error": self._placed(error, step, item)})

    def _attempt(self, step: str, item: str) -> int:
        return self._state.step(step, item).items[item].attempt

    def _placed(self, error: PatchbayError, step: str, item: str, attempt: int | None = None) -> dict[str, Any]:
        workflow = self._state.graph.workflow.id
        return error.at(workflow=workflow, step=step, item=item or None, attempt=attempt).as_dict()


def _usage(usage: Usage | None) -> dict[str, Any]:
    return {"usage": asdict(usage)} if usage else {}
