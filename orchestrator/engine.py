"""The engine: which runs this process owns, starting them, taking over those that others left, letting go."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import secrets
import socket
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Literal

import structlog

from orchestrator import questions
from orchestrator.children import UNOWNED, ChildRuns
from orchestrator.clock import Clock
from orchestrator.data import flaw
from orchestrator.driver import Driver
from orchestrator.errors import InvalidInput, LeaseLost, NotFound, StoreError
from orchestrator.events import Event
from orchestrator.graph import Graph
from orchestrator.graphs import Graphs
from orchestrator.history import FINAL, Mode
from orchestrator.inputs import resolve
from orchestrator.journal import LEASE, Batch, Claim, Firing, Journal, NewRun, event_row
from orchestrator.live import LiveSnapshot, snapshot
from orchestrator.origin import check_step, from_here, outermost, pinned, recorded
from orchestrator.performer import Performer
from orchestrator.policies.budget import Budget
from orchestrator.preview import PlannedEffect, from_outside
from orchestrator.registry import Registry
from orchestrator.run_accounts import RunAccounts
from orchestrator.state import RunState
from orchestrator.steps import Answer
from orchestrator.stores.store import RunFence
from orchestrator.workflow import RunId, Workflow

TEND = 1.0
"""Seconds between two looks at leases, cancellations and runs that nobody owns."""

PARK_AFTER = 2.0
"""A run that waits for less long, in seconds, stays in memory. An engine that does not recover runs keeps in memory
all that wait for a time, since nobody would wake them."""

GRACE = 10.0
"""Seconds that a write under way is given when the process stops."""

REFRESH = 0.05
"""Seconds at least between two pictures of a watched run."""

ELSEWHERE = 0.25
"""Seconds between two looks at a run that another process owns."""

PROCESS = secrets.token_hex(4)
"""Tells this process from an earlier one of the same number."""

log = structlog.get_logger()


class Engine:
    """Runs workflows on the running loop. With `recover`, it goes on with any interrupted run in the journal."""

    def __init__(
        self,
        registry: Registry,
        journal: Journal,
        performer: Performer,
        clock: Clock,
        *,
        recover: bool = False,
        graphs: Graphs | None = None,
        previews_first: Callable[[Workflow, RunAccounts], bool] = lambda workflow, accounts: False,
    ) -> None:
        """`previews_first` says whether a version of a workflow that a step calls is to be looked at before it writes
        in the name of these accounts."""
        self.owner = f"{socket.gethostname()}/{os.getpid()}/{PROCESS}/{secrets.token_hex(4)}"
        self._registry = registry
        self._journal = journal
        self._performer = performer
        self._clock = clock
        self._recover = recover
        self._drivers: dict[str, Driver] = {}
        self._claiming = asyncio.Lock()
        self._arrivals: dict[str, asyncio.Event] = {}
        """Runs that are owned here and not driven yet: whoever asks for one waits until it is."""
        self._graphs = graphs or Graphs(journal.workflow)
        self._tending: asyncio.Task[None] | None = None
        self._background: set[asyncio.Task[None]] = set()
        self._ended_children: set[str] = set()
        """Those of whose end the parent has not heard yet."""
        self._children = ChildRuns(
            registry,
            journal,
            performer.library,
            clock,
            attend=self._attend,
            cancel=self.cancel,
            is_here=lambda run_id: run_id in self._drivers or run_id in self._ended_children,
            budget_of=self._budget_of,
            recorded=self._recorded,
            previews_first=previews_first,
        )

    async def start(self) -> None:
        loop = asyncio.get_running_loop()

        def on_lost(run: RunFence) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nothing is left to be told
                loop.call_soon_threadsafe(self._lose, *run)

        self._journal.on_lost = on_lost
        await self.tend()
        self._tending = asyncio.create_task(self._tend_for_ever())

    async def stop(self) -> None:
        """Let go of every run, so that it can go on elsewhere."""
        if self._tending:
            self._tending.cancel()
        if self._background:
            await asyncio.wait(self._background, timeout=GRACE)
        await asyncio.gather(*(driver.stop(GRACE) for driver in list(self._drivers.values())))
        await asyncio.to_thread(self._journal.flush)
        await asyncio.to_thread(self._journal.release, self.owner)

    async def submit(
        self,
        workflow: Workflow,
        given: Mapping[str, Any],
        *,
        model: str | None = None,
        preview: bool | None = None,
        pins: Mapping[str, Any] | None = None,
        accounts: RunAccounts | None = None,
        firing: Firing | None = None,
        files: Mapping[str, bytes] | None = None,
    ) -> RunId:
        """Start a new run and return once it is on disk. The workflow must be free of problems. A preview plans its
        writes and waits for approval before any is sent; one that is said to be none holds for all that it calls, too:
        nobody looks at those first. `pins` are outputs of steps that are not run; `accounts` are those it acts as.
        `firing` is why a trigger starts it: where a run was made for that already, it is that one. `files` lie in its
        folder before it begins. Raises `InvalidInput`, `NotFound` or `StoreError`."""
        typed = pinned(pins, self._graphs.of(workflow)) if pins else ()
        mode: Mode = "preview" if preview else "run"
        return await self._begin(
            workflow,
            resolve(workflow, given),
            model,
            mode=mode,
            preview=preview,
            recorded=typed,
            accounts=accounts,
            firing=firing,
            files=files,
        )

    async def resume(
        self,
        run_id: str,
        workflow: Workflow | None = None,
        accounts: RunAccounts | None = None,
        *,
        preview: bool = False,
    ) -> RunId:
        """Go on where a run stopped: the same run if it was interrupted, a new one that names it as its origin if it
        failed or was cancelled. What was recorded is not done again. `workflow` is a corrected version for the rest,
        with `preview` one to look at first; without `accounts` it acts as before. Raises `NotFound` or `StoreError`."""
        row = await asyncio.to_thread(self._journal.run, run_id)
        if row.status == "succeeded":
            raise StoreError(f"Run '{run_id}' succeeded: nothing is left to do.", remedy="Run it again instead.")
        if row.status not in FINAL:
            if run_id not in self._drivers:
                await self._take_over(run_id)
            if run_id not in self._drivers and row.status == "waiting":
                raise StoreError(f"Run '{run_id}' waits and goes on by itself.", remedy="Look at what it waits for.")
            if run_id not in self._drivers:
                raise StoreError(f"Run '{run_id}' is under way in another process.", remedy="Wait, or cancel it.")
            return RunId(run_id)
        state = await self.state(run_id)
        known = workflow or state.graph.workflow
        mode: Mode = "preview" if preview else state.mode
        return await self._begin(
            known,
            resolve(known, {name: value for name, value in state.inputs.items() if name in known.inputs}),
            row.model,
            mode=mode,
            preview=state.preview,
            origin=run_id,
            lineage=row.lineage,
            accounts=accounts or state.accounts,
            recorded=await self._recorded(run_id, self._graphs.of(known)),
            plans=() if mode == "preview" else state.plans.values(),
        )

    async def rerun(
        self,
        run_id: str,
        workflow: Workflow | None = None,
        *,
        inputs: Mapping[str, Any],
        model: str | None,
        start: str | None,
        only: str | None,
        given: Mapping[str, Mapping[str, Any]],
        pins: Mapping[str, Any],
        preview: bool,
        accounts: RunAccounts | None = None,
    ) -> RunId:
        """A new run made of an earlier one: what comes before `start` (or, with `only`, all but that step) is taken
        from it, the rest happens anew. Raises `NotFound`, `InvalidInput` or `StoreError`."""
        state = await self.state(run_id)
        known = workflow or state.graph.workflow
        graph = self._graphs.of(known)
        typed = pinned(pins, graph)
        for step, values in given.items():
            check_step(graph, step)
            if wrong := flaw(dict(values), step):
                raise InvalidInput(f"What was typed for {wrong}.", remedy="Type data that can be kept.")
        if only is not None:
            check_step(graph, only)
            again = frozenset({outermost(graph, only)})
        else:
            again = from_here(graph, start) if start is not None else frozenset(graph.nodes)
        kept = await self._recorded(run_id, graph, without=again | frozenset(pins))
        old = {name: value for name, value in state.inputs.items() if name in known.inputs}
        return await self._begin(
            known,
            resolve(known, {**old, **inputs}),
            model,
            mode="preview" if preview else "run",
            origin=run_id,
            accounts=accounts or state.accounts,
            recorded=[*kept, *typed],
            only=only and outermost(graph, only),
            given={step: dict(values) for step, values in given.items()},
        )

    async def _recorded(self, run_id: str, graph: Graph, *, without: frozenset[str] = frozenset()) -> list[Event]:
        """What a run that is made of this one need not do again."""
        state = await self.state(run_id)
        events = await asyncio.to_thread(self._journal.events, run_id)
        return recorded((event for _, event in events), state, graph, without=without)

    async def cancel(self, run_id: str) -> None:
        """Cancel a run, wherever it is under way. It is on disk that it was asked for. Raises `NotFound` or
        `StoreError`."""
        driver = self._drivers.get(run_id)
        if driver and not driver.parked:
            driver.cancel()
            with contextlib.suppress(LeaseLost):  # whoever goes on with it is told, below
                await self._journal.barrier(run_id, driver.fence)
                return
        row = await asyncio.to_thread(self._journal.run, run_id)
        if row.status not in FINAL:
            await self._signal(run_id, "cancel", {})

    async def answer(self, run_id: str, step: str, item: str, value: Any, by: str) -> None:
        """Answer a question that a run waits with. Raises `NotFound` when it does not ask (any more), and
        `InvalidInput` for an answer that does not fit."""
        state = await self.state(run_id)
        questions.check(state, step, item, Answer(value, by, self._clock.now()))
        await self._signal(run_id, "answer", {"step": step, "item": item, "value": value, "by": by})

    async def state(self, run_id: str) -> RunState:
        """A run as it stands, whoever owns it. Raises `NotFound`."""
        if run_id in self._drivers:
            return self._drivers[run_id].state
        row = await asyncio.to_thread(self._journal.run, run_id)
        state = RunState(await asyncio.to_thread(self._graphs.version, row.workflow_hash), run_id)
        for _, event in await asyncio.to_thread(self._journal.events, run_id):
            state.apply(event)
        return state

    async def _signal(self, run_id: str, type: Literal["cancel", "answer"], data: dict[str, Any]) -> None:
        """Leave word for the run, and see to it at once if it is here or nobody's."""
        await asyncio.to_thread(self._journal.signal, run_id, type, data)
        await self._attend(run_id)

    async def _attend(self, run_id: str) -> None:
        """See that a run goes on, and does what is wanted of it, if it is here or nobody's."""
        await self._take_over(run_id)
        if run_id in self._drivers:
            self._drivers[run_id].heed(await asyncio.to_thread(self._journal.signals, run_id))

    async def wait(self, run_id: str) -> None:
        """Until the run is over here: finished and on disk, or lost to another process."""
        while driver := await self._driver(run_id):
            await driver.ended
            if not driver.parked:
                return
            await self._take_over(run_id)  # somebody may have answered while it was let go of

    async def _driver(self, run_id: str) -> Driver | None:
        """The driver of a run that is here, or on its way here."""
        if run_id not in self._drivers:
            async with self._claiming:
                arrival = self._arrivals.get(run_id)
            if arrival:
                await arrival.wait()
        return self._drivers.get(run_id)

    async def watch(self, run_id: str, *, until_waiting: bool = False) -> AsyncGenerator[LiveSnapshot]:
        """Pictures of a run: one at once, one at each change, the last when it is over, or with `until_waiting` when
        it was let go of to wait for somebody. Raises `NotFound`."""
        row = await asyncio.to_thread(self._journal.run, run_id)
        folded, seq = RunState(await asyncio.to_thread(self._graphs.version, row.workflow_hash), run_id), 0
        last: LiveSnapshot | None = None
        changed = asyncio.Event()
        while True:
            driver = self._drivers.get(run_id)
            if driver and driver.state.status in FINAL:
                await driver.ended
            changed.clear()
            if driver:
                driver.watchers.add(changed)
                picture = snapshot(driver.state, driver.shown_text(), self._clock.now())
            else:
                for number, event in await asyncio.to_thread(self._journal.events, run_id, seq):
                    folded.apply(event)
                    seq = number
                picture = snapshot(folded, {}, self._clock.now())
            if last is None or picture.content != last.content:
                yield picture
                last = picture
            if picture.is_final:
                return
            if until_waiting and driver is None and picture.status == "waiting":
                await self._take_over(run_id)  # somebody may have answered while it was let go of
                row = await asyncio.to_thread(self._journal.run, run_id)
                if row.status == "waiting" and run_id not in self._drivers:
                    return
            await asyncio.sleep(REFRESH)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), TEND if driver else ELSEWHERE)

    async def _begin(
        self,
        workflow: Workflow,
        inputs: dict[str, Any],
        model: str | None,
        *,
        mode: Mode,
        preview: bool | None = None,
        origin: str | None = None,
        lineage: str | None = None,
        recorded: Sequence[Event] = (),
        plans: Iterable[PlannedEffect] = (),
        only: str | None = None,
        given: Mapping[str, Any] | None = None,
        accounts: RunAccounts | None = None,
        firing: Firing | None = None,
        files: Mapping[str, bytes] | None = None,
    ) -> RunId:
        now = self._clock.now()
        if mode == "preview":
            inputs = from_outside(inputs)
        owner = self.owner if firing is None else None
        new = NewRun.of(
            workflow, inputs, now, model=model, mode=mode, owner=owner, origin=origin, lineage=lineage, firing=firing
        )
        if files:
            await asyncio.to_thread(self._performer.folders.put, new.lineage, files)
        start: dict[str, Any] = {"inputs": inputs, "mode": mode}
        if preview is not None:
            start["preview"] = preview
        if accounts:
            start["accounts"] = accounts.as_dict()
        extra = {"plans": [asdict(plan) for plan in plans], "only": only, "given": given}
        start |= {name: value for name, value in extra.items() if value}
        if firing is not None:
            return await self._begin_once(new, firing, Event("run.started", data=start, at=now))
        driver = self._drive(RunState(self._graphs.of(workflow), new.id), 1, 0, new.lineage, model, now)
        driver.begin(new, start, recorded)
        try:
            await self._journal.barrier(new.id, driver.fence)
        except LeaseLost:
            if origin:
                await asyncio.to_thread(self._journal.run, origin)  # it may have been deleted meanwhile
            raise
        return RunId(new.id)

    async def _begin_once(self, new: NewRun, firing: Firing, started: Event) -> RunId:
        """A run that nothing happens in before it is known to be the only one of its firing."""
        self._journal.write(Batch(new.id, UNOWNED, [event_row(new.id, 1, started)], new=new), urgent=True)
        try:
            await self._journal.barrier(new.id, UNOWNED)
        except LeaseLost:
            run_id = await asyncio.to_thread(self._journal.fired, firing)
            if run_id is None:
                raise NotFound("What the trigger saw was there before it was switched on.") from None
            return RunId(run_id)
        await self._attend(new.id)
        return RunId(new.id)

    def _drive(
        self, state: RunState, fence: int, seq: int, lineage: str, model: str | None, claimed_at: float
    ) -> Driver:
        driver = Driver(
            state,
            fence=fence,
            seq=seq,
            lineage=lineage,
            model=model,
            registry=self._registry,
            journal=self._journal,
            performer=self._performer,
            clock=self._clock,
            children=self._children,
            on_end=self._forget,
            lease_until=claimed_at + LEASE,
            park_after=PARK_AFTER if self._recover else math.inf,
        )
        if earlier := self._drivers.get(state.run_id):  # it was lost since, which nobody here had noticed
            self._later(earlier.leave())
        self._drivers[state.run_id] = driver
        return driver

    def _budget_of(self, run_id: str) -> Budget | None:
        driver = self._drivers.get(run_id)
        return driver.budget if driver else None

    def _forget(self, driver: Driver) -> None:
        if self._drivers.get(driver.run_id) is driver:
            del self._drivers[driver.run_id]
        if driver.parked:  # a signal may have come while it was let go
            self._later(self._take_over(driver.run_id))
            parent = self._drivers.get(driver.state.parent or "")
            if parent:
                parent.advance()  # it may be let go, too
        elif driver.state.parent and driver.state.status in FINAL:
            self._ended_children.add(driver.run_id)
            self._later(self._tell_parent(driver.run_id, driver.state.parent))

    async def _tell_parent(self, run_id: str, parent: str) -> None:
        try:
            await self._attend(parent)
        finally:
            self._ended_children.discard(run_id)

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _tend_for_ever(self) -> None:
        while True:
            await asyncio.sleep(TEND)
            try:
                await self.tend()
            except Exception:
                log.exception("tending the journal failed")

    async def tend(self) -> None:
        now = self._clock.now()
        drivers = dict(self._drivers)  # a signal is for these: by then, the run may go on here under a new fence
        if drivers:
            signals = await asyncio.to_thread(self._journal.renew, self.owner, now)
            for driver in drivers.values():
                await self._prolong(driver, now)
            for signal in signals:
                if signal.run_id in drivers:
                    drivers[signal.run_id].heed([signal])
        if self._recover:
            await self._take_over(None)

    async def _prolong(self, driver: Driver, now: float) -> None:
        """The lease was renewed at `now`, if it lasted until then. After a pause, another process may own the run."""
        if now < driver.lease_until or await self._is_ours(driver):
            driver.lease_until = now + LEASE
        else:
            self._lose(driver.run_id, driver.fence)

    async def _is_ours(self, driver: Driver) -> bool:
        try:
            row = await asyncio.to_thread(self._journal.run, driver.run_id)
        except NotFound:  # it went on elsewhere, and was deleted when it was over
            return False
        return row.fence == driver.fence

    async def _take_over(self, run_id: str | None) -> None:
        """Own what nobody owns: one run, or all of them. One that another task is just taking over is here after it."""
        async with self._claiming:
            now = self._clock.now()
            claims = await asyncio.to_thread(self._journal.claim, self.owner, now, _is_dead, run_id=run_id)
            arrivals = {claim.run_id: asyncio.Event() for claim in claims}
            self._arrivals.update(arrivals)
        try:
            for claim in claims:
                try:
                    await self._go_on(claim, now)
                except Exception:
                    log.exception("run cannot go on", run=claim.run_id)
                    self._journal.abandon(claim.run_id, claim.fence)
                self._arrivals.pop(claim.run_id).set()
        finally:  # also when this engine is closed on the way
            for id, arrival in arrivals.items():
                self._arrivals.pop(id, None)
                arrival.set()
        if run_id:
            await self._driver(run_id)

    async def _go_on(self, claim: Claim, now: float) -> None:
        state = RunState(await asyncio.to_thread(self._graphs.version, claim.workflow_hash), claim.run_id)
        events = await asyncio.to_thread(self._journal.events, claim.run_id)
        for _, event in events:
            state.apply(event)
        seq = events[-1][0] if events else 0
        signals = await asyncio.to_thread(self._journal.signals, claim.run_id)
        log.info("run goes on", run=claim.run_id)
        driver = self._drive(state, claim.fence, seq, claim.lineage, claim.model, now)
        driver.resume("The process that ran it ended.", signals)

    def _lose(self, run_id: str, fence: int) -> None:
        """Not so when the run already goes on here under a new fence."""
        driver = self._drivers.get(run_id)
        if driver is None or driver.fence != fence:
            self._journal.abandon(run_id, fence)
        elif not driver.leaving:
            log.warning("run lost", run=run_id)
            self._later(driver.leave())


def _is_dead(owner: str) -> bool:
    """Whether an owner was a process of this machine that is gone."""
    host, pid, process, _ = owner.rsplit("/", 3)
    if host != socket.gethostname():
        return False
    if int(pid) == os.getpid():
        return process != PROCESS
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
