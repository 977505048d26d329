"""Advances one run: performs what `decide` commands and records what comes of it."""

from __future__ import annotations

import asyncio
import contextlib
import math
import weakref
from collections.abc import Callable, Iterable
from typing import Any

import structlog

from orchestrator import masking, questions
from orchestrator.attempt import Attempt, Failed, Opened, Planned
from orchestrator.child_steps import ChildSteps
from orchestrator.children import Child, ChildRuns
from orchestrator.clock import Clock, Timer
from orchestrator.decide import Close, EndRound, Expand, Fail, Finish, Open, Propose, Skip, Start, decide
from orchestrator.effects import confirmed
from orchestrator.errors import (
    InvalidInput,
    NotFound,
    PatchbayError,
    StepError,
    StoreError,
)
from orchestrator.events import Event
from orchestrator.frames import ItemState
from orchestrator.journal import EffectRow, Finished, Journal, NewRun, Parked, Signal, encode
from orchestrator.params import validate
from orchestrator.performer import Performer
from orchestrator.policies.budget import Budget, within
from orchestrator.preview import EXPIRES, has_placeholder, planned, without_placeholders
from orchestrator.recorder import Recorder
from orchestrator.registry import Registry
from orchestrator.state import RUN, RunState, round_data
from orchestrator.steps import KINDS, Answer, Done, ImmediateKind, Stopped, WaitingKind
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
        self._recorder = Recorder(
            state, journal, clock, fence=fence, seq=seq, on_wait=self._set_timer, on_write=self._notify
        )
        self._child_steps = ChildSteps(state, self._recorder, children, is_over=self.ended.done, advance=self.advance)
        self._heeded = 0
        self._lineage = lineage
        self._model = model
        self._registry = registry
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
        self._advancing = False
        self.leaving = False
        """Nothing new begins here any more."""

    def begin(self, new: NewRun, start: dict[str, Any], recorded: Iterable[Event]) -> None:
        """Start a new run. `start` is the data of its first event; `recorded` are events of the run that this one
        goes on from: they do not happen again."""
        self._recorder.record("run.started", data=start)
        for event in recorded:
            self._recorder.record(event.type, event.step, event.item, event.attempt, event.data)
        self._recorder.write(new=new)
        self.advance()

    def resume(self, reason: str, signals: Iterable[Signal]) -> None:
        """Go on with a run that another process left, or that waited, and do what is wanted of it."""
        if self.state.active:
            self._recorder.record("run.resumed", data={"reason": reason})
        if self.state.cancelling:
            self._child_steps.cancel()
        self._child_steps.attend()
        for (step, item), until in self.state.waits.items():
            self._set_timer(step, item, until)
        self.heed(signals)

    @property
    def budget(self) -> Budget | None:
        if self._budget is None:
            limits = within(self.state.graph.workflow.budget, self.state.left)
            if limits is not None:
                began = self.state.approved_at or self.state.started_at or self._clock.now()
                outer = self._children.budget_of(self.state.parent) if self.state.parent else None
                self._budget = Budget(limits, began, self.state.used, outer)
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
                child = Child(data["run"], data["status"], data["output"], data["error"], data.get("usage"))
                self._child_steps.ended(data["step"], data["item"], child)
            elif (signal.data["step"], signal.data["item"]) in self.state.questions:
                answer = Answer(signal.data["value"], signal.data["by"], self._clock.now())
                with contextlib.suppress(InvalidInput):  # it was checked when it was given
                    self._answered(signal.data["step"], signal.data["item"], answer)
            self._recorder.write(heeded=signal.id)
        if not self.parked:
            self.advance()

    def _answered(self, step: str, item: str, answer: Answer) -> None:
        question = self.state.questions[step, item]
        match question["kind"]:
            case "preview":
                self._preview_answered(question["hash"], answer)
            case "effect":
                self._effect_answered(step, item, question["plan"], answer)
            case "unknown":
                self._unknown_answered(step, item, question["plan"], answer)
            case _:
                kind, params = questions.waiting_kind(self.state, step, item)
                self._recorder.came_of(step, item, kind.answered(params, answer))

    def _unknown_answered(self, step: str, item: str, plan: dict[str, Any], answer: Answer) -> None:
        match answer.value:
            case "send":
                self._recorder.record("step.approved", step, item, data={"plan": plan, "by": answer.by, "send": True})
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
                self._recorder.came_of(step, item, Done(output))
                self._recorder.write(effect=confirmed(row, output), urgent=True)
            case _:
                error = StepError("It may have been sent, and was stopped.", remedy="Look at the service.")
                self._recorder.came_of(step, item, Stopped(error))

    def _preview_answered(self, hash: str, answer: Answer) -> None:
        if not answer.value["approved"]:
            self._finish(Finish("cancelled"))
            return
        self._drop_timers()
        self._budget = None  # its time begins anew: nobody knows how long the approval took
        self._recorder.record("run.approved", data={"hash": hash, "by": answer.by})
        self._recorder.write(mode="approved", urgent=True)

    def _effect_answered(self, step: str, item: str, plan: dict[str, Any], answer: Answer) -> None:
        if answer.value["approved"]:
            self._recorder.record("step.approved", step, item, data={"plan": plan, "by": answer.by})
        else:
            self._recorder.came_of(step, item, questions.refused(answer))

    def advance(self) -> None:
        """Perform all that is to be done now. Nothing new begins in a run that is being let go of."""
        if self.leaving:
            self._recorder.write()
            return
        record = self._recorder.record
        while commands := decide(self.state):
            for command in commands:
                match command:
                    case Start():
                        if not self._is_stale(command):
                            self._start(command)
                    case Expand():
                        record("step.expanded", command.step, command.item, data={"count": command.count})
                    case Skip():
                        record("step.skipped", command.step, command.item, data={"reason": command.reason})
                    case EndRound():
                        data = round_data(command.round) | ({"supposed": True} if command.supposed else {})
                        record("step.round", command.step, command.item, data=data)
                    case Close():
                        self._recorder.closed(command)
                    case Fail() if self._is_stale(command):
                        pass
                    case Fail():
                        record("step.failed", command.step, command.item, data={"error": command.error})
                    case Open():
                        record("step.opened", command.step, command.item, data={"reason": command.reason})
                    case Propose():
                        until = self._clock.now() + EXPIRES
                        record("run.proposed", data={"hash": command.hash, "until": until})
                    case Finish():
                        self._finish(command)
        self._recorder.write()
        if self.state.is_waiting:
            self._park()

    def _is_owner(self) -> bool:
        """By this process's own clock: it may have been paused for longer than its lease."""
        return not self.ended.done() and self._clock.now() < self.lease_until

    def _is_stale(self, command: Start | Fail) -> bool:
        """Whether a command that was carried out before this one has ended the step, by a failure of another item."""
        step = self.state.step(command.step, command.item)
        return step.finished_at is not None

    def cancel(self) -> None:
        """End the run. Reads are dropped; a write that is under way is waited for, since it may be happening, and so is
        the beginning of another run, to end that too."""
        if self.state.cancelling or self.state.status != "running":
            return
        self._recorder.record("run.cancelling")
        self._drop_timers()
        self._child_steps.cancel()
        for (step, item), task in list(self._tasks.items()):
            begins = self.state.graph.every[step].step.uses == Subworkflow.id
            if not begins and not self._may_be_sending(step, item):
                task.cancel()
                del self._tasks[step, item]
                attempt = self.state.step(step, item).items[item].attempt
                self._recorder.record("step.cancelled", step, item, attempt)
        self.advance()

    async def stop(self, grace: float | None) -> None:
        """Leave the run as it stands, for another process to go on with. Writes under way get `grace` seconds, or with
        None until they are over."""
        self.leaving = True
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

    async def leave(self) -> None:
        """Let go of the run: another process owns it, or the journal cannot be used. What is being sent comes first:
        whoever goes on asks the service about it, and must not ask too early."""
        await self.stop(None)
        self._recorder.abandon()

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
            self._recorder.record("step.log", step, item, data={"message": message})
            self._recorder.write()

    # ---

    def _start(self, start: Start) -> None:
        if not self._recorder.started(start):
            return
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
            self._recorder.settle(start, Failed(error))
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
            budget=self.budget,
            owned=self._is_owner,
            accounts=self.state.accounts,
        )
        self._tasks[start.step, start.item] = self._loop.create_task(self._perform(start, attempt))

    def _key(self, step: str, item: str) -> str:
        """What a step does, the same in each attempt and in each run that goes on from this one."""
        return f"{self._lineage}-{step}-{item}" if item else f"{self._lineage}-{step}"

    def _begin(self, kind: ImmediateKind[Any], start: Start) -> None:
        """A built-in step: what comes of it is known at once."""
        preview = self.state.mode == "preview"
        if preview and not isinstance(kind, WaitingKind) and has_placeholder(start.params):
            self._recorder.settle(start, Opened("it depends on what only the service can choose"))
            return
        try:
            params = validate(kind, start.params)
            if preview and isinstance(kind, WaitingKind):
                plan = planned(start.step, start.item, kind.id, "", kind.stand_in(params))
                self._recorder.settle(start, Planned(plan))
                return
            outcome = kind.begin(params, self._clock.now())
        except PatchbayError as error:
            self._recorder.settle(start, Failed(error))
            return
        self._recorder.came_of(start.step, start.item, outcome)

    async def _call_workflow(self, start: Start) -> None:
        """Start the run of another workflow and wait for it, as a row if it takes long."""
        key = self._key(start.step, start.item)
        child = await self._child_steps.start(start, key=key, model=self._model, budget=self.budget)
        self._tasks.pop((start.step, start.item), None)
        if not self.ended.done():
            self._child_steps.started(start, child)
            self.advance()

    async def _perform(self, start: Start, attempt: Attempt) -> None:
        try:
            outcome = await self._performer.perform(attempt, self)
        except StoreError as error:
            log.error("run stopped", run=self.run_id, error=str(error))
            self._tasks.pop((start.step, start.item), None)
            await self.leave()
            return
        except Exception as error:  # not even what failed could be told: the run must not wait for ever
            said = f"{start.step} could not be run: {type(error).__name__}: {error}"
            outcome = Failed(StepError(said, remedy="Try again. If it stays, report it with the log."))
        self._tasks.pop((start.step, start.item), None)
        if self.ended.done():
            return
        self._recorder.settle(start, outcome)
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

    def _set_timer(self, step: str, item: str, until: float | None) -> None:
        if until is not None and not self.leaving:
            self._timers[step, item] = self._clock.call_at(until, lambda: self._due(step, item))

    def _due(self, step: str, item: str) -> None:
        self._timers.pop((step, item), None)
        if self.state.status != "running" or (step, item) not in self.state.waits:
            return
        if (step, item) == RUN:
            self._finish(Finish("cancelled"))
            return
        known = self.state.graph.every[step].step
        if known.uses in KINDS:
            kind, params = questions.waiting_kind(self.state, step, item)
            self._recorder.came_of(step, item, kind.due(params, self._clock.now()))
        elif known.approve is not None and (question := self.state.questions.get((step, item))):
            if known.approve.otherwise == "approve":
                nobody = Answer({"approved": True}, "nobody, in time", self._clock.now())
                self._effect_answered(step, item, question["plan"], nobody)
            else:
                self._recorder.came_of(step, item, questions.unanswered())
        else:
            self._recorder.record("step.due", step, item)
        self.advance()

    def _park(self) -> None:
        """Let go of a run that waits longer than `park_after` seconds, or for somebody: from now on it is a row."""
        times = [until for until in self.state.waits.values() if until is not None]
        wake_at = min(times, default=None)
        patience = min(self._park_after, PATIENCE) if self.state.questions else self._park_after
        if wake_at is not None and wake_at - self._clock.now() < patience:
            return
        if self._child_steps.any_is_near:
            return  # it hears of them at once
        self.parked = True
        self._drop_timers()
        self._recorder.write(parked=Parked(wake_at), urgent=True)
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
        used = self.state.used
        row = Finished(
            finish.status,
            self._clock.now(),
            None if finish.output is None else encode(finish.output),
            None if finish.error is None else encode(finish.error),
            used.input_tokens,
            used.output_tokens,
            used.cost,
        )
        self._drop_timers()
        self._child_steps.cancel()
        self._recorder.record("run.finished", data=data)
        self._recorder.write(finished=row, urgent=True)
        self._finishing = asyncio.create_task(self._after_commit())

    async def _after_commit(self) -> None:
        try:
            await self._recorder.barrier()
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
