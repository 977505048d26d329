"""Advances one run: performs what `decide` commands and records what comes of it."""

from __future__ import annotations

import asyncio
import contextlib
import math
import weakref
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import asdict
from typing import Any

import structlog

from orchestrator import masking
from orchestrator.actions import Params, Registry
from orchestrator.attempt import Attempt, Failed, Opened, Outcome, Planned, Retrying, Succeeded, Unapproved, Unknown
from orchestrator.children import Child, ChildRuns
from orchestrator.clock import Clock, Timer
from orchestrator.decide import Close, EndRound, Expand, Fail, Finish, Open, Propose, Skip, Start, decide
from orchestrator.effects import confirmed
from orchestrator.errors import (
    InvalidInput,
    NotApproved,
    NotFound,
    PatchbayError,
    StepError,
    StoreError,
    SubworkflowFailed,
)
from orchestrator.events import Event, EventType
from orchestrator.frames import ItemState
from orchestrator.history import FINAL, Usage
from orchestrator.journal import Batch, EffectRow, EventRow, Journal, NewRun, Parked, Signal, encode
from orchestrator.params import validate
from orchestrator.performer import Performer
from orchestrator.policies.budget import Budget
from orchestrator.preview import EXPIRES, UNKNOWN_ANSWERS, has_placeholder, planned, without_placeholders
from orchestrator.records import kept
from orchestrator.state import RUN, RunState, round_data
from orchestrator.steps import KINDS, Answer, Done, ImmediateKind, Stopped, Waiting, WaitingKind
from orchestrator.steps.subworkflow import Subworkflow
from orchestrator.workflow import Step

STREAMED = 600
"""Characters of streamed text that are kept for those who watch."""

PATIENCE = 2.0
"""Seconds that a run which asks something stays in memory before its time is up."""

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
        children: ChildRuns,
        on_end: Callable[[Driver], None],
        lease_until: float,
        park_after: float = math.inf,
    ) -> None:
        self.state = state
        self.run_id = state.run_id
        self.fence = fence
        self.text: dict[str, str] = {}
        self.watchers: weakref.WeakSet[asyncio.Event] = weakref.WeakSet()
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._seq = seq
        self._rows: list[EventRow] = []
        self._heeded = 0
        self._lineage = lineage
        self._model = model
        self._registry = registry
        self._journal = journal
        self._performer = performer
        self._clock = clock
        self._children = children
        self._on_end = on_end
        self.lease_until = lease_until
        self._park_after = park_after
        self.parked = False
        self._budget: Budget | None = None
        self._loop = asyncio.get_running_loop()
        self._tasks: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._timers: dict[tuple[str, str], Timer] = {}
        self._finishing: asyncio.Task[None] | None = None
        self._background: set[asyncio.Task[None]] = set()
        self._unattended: set[str] = set()
        self._advancing = False

    def begin(self, new: NewRun, start: dict[str, Any], recorded: Iterable[Event]) -> None:
        """Start a new run. `start` is the data of its first event; `recorded` are events of the run that this one
        goes on from: they do not happen again."""
        self._record("run.started", data=start)
        for event in recorded:
            self._record(event.type, event.step, event.item, event.attempt, event.data)
        self._write(new=new)
        self.advance()

    def resume(self, reason: str, signals: Iterable[Signal]) -> None:
        """Go on with a run that another process left, or that waited, and do what is wanted of it."""
        if self.state.active:
            self._record("run.resumed", data={"reason": reason})
        if self.state.cancelling:
            self._cancel_children()
        self._unattended.update(self.state.children.values())
        for (step, item), child in self.state.children.items():
            self._later(self._look_after(step, item, child))
        for (step, item), until in self.state.waits.items():
            self._set_timer(step, item, until)
        self.heed(signals)

    def _budget_of_run(self) -> Budget | None:
        limits = self.state.graph.workflow.budget
        if self._budget is None and limits is not None:
            began = self.state.approved_at or self.state.started_at or self._clock.now()
            self._budget = Budget(limits, began, self.state.used)
        return self._budget

    def heed(self, signals: Iterable[Signal]) -> None:
        """Do what somebody wants of the run. An answer that nobody waits for any more is dropped."""
        for signal in signals:
            if signal.id <= self._heeded or self.parked or self.ended.done():
                continue
            self._heeded = signal.id
            if signal.type == "cancel":
                self.cancel()
            elif signal.type == "child":
                data = signal.data
                child = Child(data["run"], data["status"], data["output"], data["error"])
                self._child_ended(data["step"], data["item"], child)
            elif (signal.data["step"], signal.data["item"]) in self.state.questions:
                answer = Answer(signal.data["value"], signal.data["by"], self._clock.now())
                with contextlib.suppress(InvalidInput):  # it was checked when it was given
                    self._answered(signal.data["step"], signal.data["item"], answer)
            self._write(heeded=signal.id)
        if not self.parked:
            self.advance()

    def _answered(self, step: str, item: str, answer: Answer) -> None:
        question = self.state.questions[step, item]
        if question["kind"] == "preview":
            self._preview_answered(question["hash"], answer)
            return
        if question["kind"] == "effect":
            self._effect_answered(step, item, question["plan"], answer)
            return
        if question["kind"] == "unknown":
            self._unknown_answered(step, item, question["plan"], answer)
            return
        kind, params = self._waiting_kind(step, item)
        self._came_of(step, item, kind.answered(params, answer))

    def _unknown_answered(self, step: str, item: str, plan: dict[str, Any], answer: Answer) -> None:
        match answer.value:
            case "send":
                self._record("step.approved", step, item, data={"plan": plan, "by": answer.by, "send": True})
            case "sent":
                row = EffectRow(
                    key=self._key(step, item),
                    run_id=self.run_id,
                    step=step,
                    item=item,
                    action=plan["action"],
                    account=plan["account"],
                    summary=plan["summary"],
                    status="sent",
                    result=None,
                    at=self._clock.now(),
                )
                output = without_placeholders(plan["result"])
                self._came_of(step, item, Done(output))
                self._write(effect=confirmed(row, output), urgent=True)
            case _:
                error = StepError("It may have been sent, and was stopped.", remedy="Look at the service.")
                self._came_of(step, item, Stopped(error))

    def _preview_answered(self, hash: str, answer: Answer) -> None:
        if not answer.value["approved"]:
            self._finish(Finish("cancelled"))
            return
        self._drop_timers()
        self._budget = None  # its time begins anew: nobody knows how long the approval took
        self._record("run.approved", data={"hash": hash, "by": answer.by})
        self._write(urgent=True)

    def _effect_answered(self, step: str, item: str, plan: dict[str, Any], answer: Answer) -> None:
        if answer.value["approved"]:
            self._record("step.approved", step, item, data={"plan": plan, "by": answer.by})
        else:
            self._came_of(step, item, Stopped(NotApproved(f"{answer.by} did not approve it: nothing was sent.")))

    def advance(self) -> None:
        """Perform all that is to be done now."""
        while commands := decide(self.state):
            for command in commands:
                match command:
                    case Start():
                        if not self._is_stale(command):
                            self._start(command)
                    case Expand():
                        self._record("step.expanded", command.step, command.item, data={"count": command.count})
                    case Skip():
                        self._record("step.skipped", command.step, command.item, data={"reason": command.reason})
                    case EndRound():
                        data = round_data(command.round) | ({"supposed": True} if command.supposed else {})
                        self._record("step.round", command.step, command.item, data=data)
                    case Close():
                        self._close(command)
                    case Fail() if self._is_stale(command):
                        pass
                    case Fail():
                        self._record("step.failed", command.step, command.item, data={"error": command.error})
                    case Open():
                        self._record("step.opened", command.step, command.item, data={"reason": command.reason})
                    case Propose():
                        until = self._clock.now() + EXPIRES
                        self._record("run.proposed", data={"hash": command.hash, "until": until})
                    case Finish():
                        self._finish(command)
        self._write()
        if self.state.is_waiting:
            self._park()

    def _is_owner(self) -> bool:
        """By this process's own clock: it may have been paused for longer than its lease."""
        return self._clock.now() < self.lease_until

    def _is_stale(self, command: Start | Fail) -> bool:
        """Whether a command that was carried out before this one has ended the step, by a failure of another item."""
        step = self.state.step(command.step, command.item)
        return step.finished_at is not None

    def cancel(self) -> None:
        """End the run. Reads are dropped; a write that is under way is waited for, since it may be happening."""
        if self.state.cancelling or self.state.status != "running":
            return
        self._record("run.cancelling")
        self._drop_timers()
        self._cancel_children()
        for (step, item), task in list(self._tasks.items()):
            if not self._may_be_sending(step, item):
                task.cancel()
                del self._tasks[step, item]
                attempt = self.state.step(step, item).items[item].attempt
                self._record("step.cancelled", step, item, attempt)
        self.advance()

    async def stop(self, grace: float) -> None:
        """Leave the run as it stands, for another process to go on with. Writes under way get `grace` seconds."""
        self._drop_timers()
        writes: list[asyncio.Task[None]] = []
        for (step, item), task in self._tasks.items():
            if self._may_be_sending(step, item):
                writes.append(task)
            else:
                task.cancel()
        if writes:
            await asyncio.wait(writes, timeout=grace)
        self._end()

    def drop(self) -> None:
        """Stop at once: another process owns the run, or the journal cannot be written."""
        self._drop_timers()
        for task in self._tasks.values():
            task.cancel()
        self._end()

    def _may_be_sending(self, step: str, item: str) -> bool:
        """Whether a write is under way: to abandon it would be not to know whether it happened."""
        return self._performer.sends(self._key(step, item))

    # --- what an action says while it runs, from any thread

    def logged(self, step: str, item: str, message: str) -> None:
        self._loop.call_soon_threadsafe(self._log, step, item, message)

    def streamed(self, step: str, item: str, text: str) -> None:
        self._loop.call_soon_threadsafe(self._show_text, step, text)

    def _show_text(self, step: str, text: str) -> None:
        # Longer than what is shown: a secret that begins before that is known for one.
        self.text[step] = (self.text.get(step, "") + text)[-STREAMED - masking.longest() :]
        self._notify()

    def shown_text(self) -> dict[str, str]:
        """The end of what was streamed, by step."""
        return {step: masking.mask_unfinished(text)[-STREAMED:] for step, text in self.text.items()}

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
        row, event = kept(self.run_id, self._seq + 1, event)
        self._seq += 1
        self._rows.append(row)
        self.state.apply(event)

    def _write(
        self,
        *,
        effect: EffectRow | None = None,
        new: NewRun | None = None,
        finished: tuple[str, float, str | None, str | None] | None = None,
        parked: Parked | None = None,
        heeded: int | None = None,
        urgent: bool = False,
    ) -> None:
        """Append what was recorded to the journal. It is on disk after the next barrier."""
        if self._rows or effect or parked or heeded:
            rows, self._rows = self._rows, []
            batch = Batch(
                self.run_id,
                self.fence,
                rows,
                effect=effect,
                new=new,
                finished=finished,
                parked=parked,
                heeded=heeded,
            )
            self._journal.write(batch, urgent=urgent)
            self._notify()

    def _start(self, start: Start) -> None:
        self._record("step.started", start.step, start.item, start.attempt, {"input": start.params})
        state = self.state.step(start.step, start.item)
        step = state.node.step
        if state.node.bodies:
            return  # what is inside starts by itself
        kind = KINDS.get(step.uses)
        if kind is None:
            self._attempt(start, step, state.items[start.item])
        elif isinstance(kind, ImmediateKind):
            self._begin(kind, start)
        elif isinstance(kind, Subworkflow):
            self._tasks[start.step, start.item] = self._loop.create_task(self._call_workflow(start))

    def _attempt(self, start: Start, step: Step, known: ItemState) -> None:
        """A step that is an action: its own task performs it."""
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
            key=self._key(start.step, start.item),
            action=action,
            params=start.params,
            model=self._model,
            may_have_happened=not known.send and (start.attempt > 1 or self._lineage != self.run_id),
            mode=self.state.mode,
            plan=self.state.plans.get((start.step, start.item)),
            clock=self._clock,
            since=known.since,
            budget=self._budget_of_run(),
            owned=self._is_owner,
        )
        self._tasks[start.step, start.item] = self._loop.create_task(self._perform(start, attempt))

    def _key(self, step: str, item: str) -> str:
        """What a step does, the same in each attempt and in each run that goes on from this one."""
        return f"{self._lineage}-{step}-{item}" if item else f"{self._lineage}-{step}"

    def _begin(self, kind: ImmediateKind[Any], start: Start) -> None:
        """A built-in step: what comes of it is known at once."""
        preview = self.state.mode == "preview"
        if preview and not isinstance(kind, WaitingKind) and has_placeholder(start.params):
            self._settle(start, Opened("it depends on what only the service can choose"))
            return
        try:
            params = validate(kind, start.params)
            if preview and isinstance(kind, WaitingKind):
                plan = planned(start.step, start.item, kind.id, "", kind.stand_in(params))
                self._settle(start, Planned(plan))
                return
            outcome = kind.begin(params, self._clock.now())
        except PatchbayError as error:
            self._settle(start, Failed(error))
            return
        self._came_of(start.step, start.item, outcome)

    def _came_of(self, step: str, item: str, outcome: Done | Stopped | Waiting) -> None:
        attempt = self.state.step(step, item).items[item].attempt
        match outcome:
            case Done():
                self._record("step.succeeded", step, item, attempt, {"output": outcome.output})
            case Stopped():
                error = outcome.error.at(workflow=self.state.graph.workflow.id, step=step, item=item or None)
                self._record("step.failed", step, item, attempt, {"error": error.as_dict()})
            case Waiting():
                data = {"until": outcome.until, "question": outcome.question}
                self._record("step.waiting", step, item, attempt, data)
                self._set_timer(step, item, outcome.until)

    def _waiting_kind(self, step: str, item: str) -> tuple[WaitingKind[Any], Params]:
        state = self.state.step(step, item)
        kind = KINDS[state.node.step.uses]
        assert isinstance(kind, WaitingKind)
        return kind, validate(kind, state.node.params.render(state.scope(item)))

    def _close(self, close: Close) -> None:
        attempt = self.state.step(close.step, close.item).items[close.item].attempt
        data = {"output": close.output} | ({"supposed": True} if close.supposed else {})
        try:
            self._record("step.succeeded", close.step, close.item, attempt, data)
        except TypeError as error:
            failure = StepError(f"The output is not data that can be kept: {error}.", remedy="Correct 'output'.")
            self._record("step.failed", close.step, close.item, attempt, {"error": failure.as_dict()})

    # --- runs that a step starts

    async def _call_workflow(self, start: Start) -> None:
        """Start the run of another workflow and wait for it, as a row if it takes long."""
        try:
            child = await self._children.start(
                self.state, start, key=self._key(start.step, start.item), model=self._model
            )
        except PatchbayError as error:
            child = error
        self._tasks.pop((start.step, start.item), None)
        if self.ended.done():
            return
        step, item = start.step, start.item
        if isinstance(child, PatchbayError):
            self._settle(start, Failed(child))
        elif child.status is None:
            self._settle(start, Opened(child.reason))
        elif self.state.cancelling:
            self._record("step.cancelled", step, item, start.attempt)
            self._later(self._children.cancel(child.run_id))
        else:
            self._unattended.add(child.run_id)
            data = {"until": None, "child": child.run_id}
            self._record("step.waiting", step, item, start.attempt, data)
            self._write(urgent=True)
            self._later(self._look_after(step, item, child.run_id))
        self.advance()

    async def _look_after(self, step: str, item: str, run_id: str) -> None:
        """See that a run goes on, or hear of its end if that was missed."""
        await self._children.attend(run_id)
        child = await self._children.ended(run_id)
        self._unattended.discard(run_id)
        if not self.ended.done():
            if child.status in FINAL:
                self._child_ended(step, item, child)
            self.advance()

    def _child_ended(self, step: str, item: str, child: Child) -> None:
        if self.state.children.get((step, item)) != child.run_id:
            return  # it is known already
        attempt = self.state.step(step, item).items[item].attempt
        if child.status == "succeeded":
            self._record("step.succeeded", step, item, attempt, {"output": child.output or {}})
            return
        said = (child.error or {}).get("message") or f"it was {child.status}"
        error = SubworkflowFailed(f"Its run {child.run_id} {child.status}: {said}", remedy="Look at that run.")
        data = {"error": error.at(workflow=self.state.graph.workflow.id, step=step, item=item or None).as_dict()}
        self._record("step.failed", step, item, attempt, data)

    def _cancel_children(self) -> None:
        for child in self.state.children.values():
            self._later(self._children.cancel(child))

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        async def guarded() -> None:
            try:
                await work
            except PatchbayError as error:
                log.warning("sub-workflow not reached", run=self.run_id, error=str(error))

        task = asyncio.create_task(guarded())
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    # ---

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
        if self._tasks:
            self._advance_soon()  # others that end in the same turn of the loop are decided on, and written, together
        else:
            self.advance()

    def _advance_soon(self) -> None:
        if not self._advancing:
            self._advancing = True
            self._loop.call_soon(self._advance_now)

    def _advance_now(self) -> None:
        self._advancing = False
        if not self.ended.done():
            self.advance()

    def _settle(self, start: Start, outcome: Outcome) -> None:
        step, item, attempt = start.step, start.item, start.attempt
        match outcome:
            case Succeeded():
                data: dict[str, Any] = {"output": outcome.output} | _usage(outcome.usage)
                if outcome.reused:
                    data["reused"] = True
                if outcome.cached:
                    data["cached"] = True
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
                data = {"error": self._place(outcome.error, start)} | _usage(outcome.usage)
                self._record("step.failed", step, item, attempt, data)
                self._write(effect=outcome.effect, urgent=True)
            case Retrying():
                data = {"error": self._place(outcome.error, start), "until": outcome.until} | _usage(outcome.usage)
                if not outcome.tried:
                    data["tried"] = False
                self._record("step.retrying", step, item, attempt, data)
                self._write(urgent=True)
                self._set_timer(step, item, outcome.until)
            case Planned():
                self._record("step.planned", step, item, attempt, {"plan": asdict(outcome.plan)})
            case Opened():
                self._record("step.opened", step, item, attempt, {"reason": outcome.reason})
            case Unapproved():
                question = {
                    "kind": "effect",
                    "message": f"May this go out? {outcome.plan.summary}",
                    "who": "",
                    "show": outcome.plan.request,
                    "plan": asdict(outcome.plan),
                }
                self._came_of(step, item, Waiting(None, question))

            case Unknown():
                question = {
                    "kind": "unknown",
                    "message": f"Was this sent? {outcome.plan.summary} {outcome.error.message}",
                    "who": "",
                    "choices": list(UNKNOWN_ANSWERS),
                    "show": outcome.plan.request,
                    "plan": asdict(outcome.plan),
                }
                self._came_of(step, item, Waiting(None, question))

    def _place(self, error: PatchbayError, start: Start) -> dict[str, Any]:
        workflow = self.state.graph.workflow.id
        return error.at(workflow=workflow, step=start.step, item=start.item or None, attempt=start.attempt).as_dict()

    def _set_timer(self, step: str, item: str, until: float | None) -> None:
        if until is not None:
            self._timers[step, item] = self._clock.call_at(until, lambda: self._due(step, item))

    def _due(self, step: str, item: str) -> None:
        self._timers.pop((step, item), None)
        if self.state.status != "running" or (step, item) not in self.state.waits:
            return
        if (step, item) == RUN:
            self._finish(Finish("cancelled"))
            return
        if self.state.graph.every[step].step.uses in KINDS:
            kind, params = self._waiting_kind(step, item)
            self._came_of(step, item, kind.due(params, self._clock.now()))
        else:
            self._record("step.due", step, item)
        self.advance()

    def _park(self) -> None:
        """Let go of a run that waits longer than `park_after` seconds, or for somebody: from now on it is a row."""
        times = [until for until in self.state.waits.values() if until is not None]
        wake_at = min(times, default=None)
        patience = min(self._park_after, PATIENCE) if self.state.questions else self._park_after
        if wake_at is not None and wake_at - self._clock.now() < patience:
            return
        if any(child in self._unattended or self._children.is_here(child) for child in self.state.children.values()):
            return  # it hears of them at once
        self.parked = True
        self._drop_timers()
        self._write(parked=Parked(wake_at), urgent=True)
        self._finishing = asyncio.create_task(self._after_commit())

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
        self._cancel_children()
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
        if self.watchers:  # to go through a weak set takes long even when it is empty, as it nearly always is
            for watcher in self.watchers:
                watcher.set()


def _usage(usage: Usage | None) -> dict[str, Any]:
    return {"usage": asdict(usage)} if usage else {}
