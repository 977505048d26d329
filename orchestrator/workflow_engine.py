"""The engine with everything it needs, for whoever is not on its loop: a script, a page, the API, the command line.

with WorkflowEngine() as engine:
    workflow = engine.load_workflow("simple_ai_completion")
    workflow.variables["prompt"] = "Why is the sky blue?"
    result = engine.execute_workflow(workflow)
    print(result.status, result.outputs)
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog

from orchestrator import validation
from orchestrator.accounts import Accounts
from orchestrator.actions import Action, ModelInfo, Registry
from orchestrator.clock import SystemClock
from orchestrator.compare import Comparison, compare
from orchestrator.effects import Ledger
from orchestrator.engine import Engine
from orchestrator.errors import (
    AccountError,
    InvalidInput,
    InvalidWorkflow,
    NotFound,
    PatchbayError,
    Problem,
    StoreError,
    Where,
)
from orchestrator.graphs import Graphs
from orchestrator.history import RunStatus, RunSummary, RunView, StepView
from orchestrator.journal import Journal
from orchestrator.library import Library
from orchestrator.live import LiveSnapshot
from orchestrator.performer import Performer
from orchestrator.policies.breaker import BreakerState
from orchestrator.practice import PracticeServer
from orchestrator.replay import run_view
from orchestrator.saved_accounts import SavedAccounts
from orchestrator.settings import Settings
from orchestrator.steps import KINDS
from orchestrator.stores import open_store
from orchestrator.vault import Vault, keys_of
from orchestrator.workflow import RunId, Step, Workflow

T = TypeVar("T")

PRUNE = 600.0
"""Seconds between two looks for runs that need not be kept."""

REFRESH = 5.0
"""Seconds between two looks for accounts that another process connected or removed."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class RunResult:
    """What came of a run. `steps` are by id; `error` says what, where and what to do when it failed."""

    run_id: str
    status: RunStatus
    outputs: dict[str, Any]
    steps: dict[str, StepView]
    error: dict[str, Any] | None


class WorkflowEngine:
    """Thread-safe. Used as a context manager it runs the engine on a thread of its own; the studio runs it on the
    loop of the web server (`running`)."""

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        registry: Registry | None = None,
        practice_url: str | None = None,
    ) -> None:
        """Opens the journal and the library. `registry` is all of `integrations/` unless given; `practice_url` is
        where the practice services answer: without it they are served on a free port when first asked for."""
        self.settings = settings or Settings.load()
        self.registry = Registry.discover() if registry is None else registry
        self.library = Library(self.settings.home)
        keys = keys_of(self.settings)
        store = open_store(self.settings)
        self.journal = Journal(store)
        self._graphs = Graphs(self.journal.workflow)
        self._practice_url = practice_url
        self._practice: PracticeServer | None = None
        saved = SavedAccounts(store, Vault(keys))
        self.accounts = Accounts(self.registry, self.settings, lambda: self.practice_url, saved)
        self._performer = Performer(self.accounts, self.library, Ledger(self.journal), self.journal)
        self._engine: Engine | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._stopping = asyncio.Event()
        self._lock = threading.Lock()

    @property
    def practice_url(self) -> str:
        """Where the practice services answer."""
        if self._practice_url is not None:
            return self._practice_url
        with self._lock:
            if self._practice is None:
                self._practice = PracticeServer(self.settings.home, self.settings.studio_url)
            return self._practice.url

    # --- life

    @asynccontextmanager
    async def running(self, *, recover: bool = True) -> AsyncGenerator[WorkflowEngine]:
        """Run on this loop. With `recover`, interrupted runs go on by themselves."""
        engine = Engine(
            self.registry, self.journal, self._performer, SystemClock(), recover=recover, graphs=self._graphs
        )
        self._loop = asyncio.get_running_loop()
        await engine.start()
        self._engine = engine
        tasks = [asyncio.create_task(self._refresh_for_ever())]
        if recover:
            tasks.append(asyncio.create_task(self._prune_for_ever()))
        try:
            yield self
        finally:
            self._engine = None
            for task in tasks:
                task.cancel()
            await engine.stop()

    async def _refresh_for_ever(self) -> None:
        """Take notice of accounts that another process connects or removes."""
        while True:
            await asyncio.sleep(REFRESH)
            try:
                await asyncio.to_thread(self.accounts.refresh)
            except PatchbayError as error:
                log.warning("accounts were not read again", error=str(error))

    async def _prune_for_ever(self) -> None:
        """Let go of old runs, as the settings say."""
        while True:
            await asyncio.sleep(PRUNE)
            try:
                days, count = self.settings.keep_runs_days, self.settings.keep_runs
                await asyncio.to_thread(self.journal.prune, time.time(), days, count)
            except StoreError as error:
                log.warning("old runs were not deleted", error=str(error))

    def __enter__(self) -> WorkflowEngine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop. A run that is under way stays where it is and can be resumed."""
        if self._thread and self._loop:
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join()
            self._thread = None
        self._performer.close()
        self.journal.close()
        if self._practice:
            self._practice.close()

    def _run_thread(self, ready: threading.Event) -> None:
        async def main() -> None:
            async with self.running(recover=False):
                ready.set()
                await self._stopping.wait()

        asyncio.run(main())

    def _call(self, work: Callable[[Engine], Awaitable[T]]) -> T:
        """Do some work on the engine's loop and wait for it."""
        self._ensure_running()
        assert self._loop is not None

        async def do() -> T:
            assert self._engine is not None
            return await work(self._engine)

        return asyncio.run_coroutine_threadsafe(do(), self._loop).result()

    def _ensure_running(self) -> None:
        with self._lock:
            if self._engine is None and self._thread is None:
                ready = threading.Event()
                self._thread = threading.Thread(target=self._run_thread, args=(ready,), name="engine", daemon=True)
                self._thread.start()
                ready.wait()

    # --- workflows

    def load_workflow(self, id: str) -> Workflow:
        """A workflow of the library. Raises `NotFound`, `InvalidFile` or `InvalidWorkflow`."""
        return self.library.workflows.load(id).model_copy(deep=True)

    def check(self, content: Mapping[str, Any], *, file: str | None = None) -> list[Problem]:
        """Every mistake of a workflow's content. Empty: it can run."""
        return validation.check(content, self.registry, self.library.templates.load, file=file)

    def models(self) -> list[tuple[str, ModelInfo]]:
        """Every model that can be used now, by the name that a step or run gives it."""
        return self.accounts.models()

    # --- runs

    def start_workflow(
        self,
        workflow: Workflow | str,
        inputs: Mapping[str, Any] | None = None,
        *,
        model: str | None = None,
        preview: bool | None = None,
        pins: Mapping[str, Any] | None = None,
    ) -> RunId:
        """Start a run and return once it is recorded. A preview sends nothing: it plans its writes and waits for
        `approve`; when nothing is said, a live account's first run of a workflow version is one. `pins` are outputs of
        steps, by id, that are taken as they are instead of running the step. Raises `InvalidWorkflow`, `InvalidInput`
        or `NotFound`; then nothing ran."""
        known = self.load_workflow(workflow) if isinstance(workflow, str) else workflow
        problems = self.check(known.dump())
        if problems:
            raise InvalidWorkflow(problems)
        self._check_accounts(known)
        if model is not None:
            self.accounts.model(model)
        given = {**known.variables, **(inputs or {})}
        if preview is None:
            preview = self._previews_first(known)
        return self._call(lambda engine: engine.submit(known, given, model=model, preview=preview, pins=pins))

    def _previews_first(self, workflow: Workflow) -> bool:
        """Whether this version would write in somebody's name for the first time."""
        if not self.settings.preview_first:
            return False
        writes = {
            (action.connector.id, step.account) for step, action in self._actions(workflow) if action.effect != "read"
        }
        is_live = any(self.accounts.is_live(connector, name) for connector, name in writes)
        return is_live and not self.journal.has_succeeded(workflow.id, workflow.hash)

    def _check_accounts(self, workflow: Workflow) -> None:
        """Raises `InvalidInput` for a step that names an account which nobody has connected."""
        self.accounts.refresh()
        for step, action in self._actions(workflow):
            if step.account is not None:
                try:
                    self.accounts.get(action.connector.id, step.account)
                except AccountError as error:
                    where = Where(workflow=workflow.id, step=step.id, key="account")
                    raise InvalidInput(error.message, remedy=error.remedy, where=where) from None

    def _actions(self, workflow: Workflow) -> list[tuple[Step, Action]]:
        """The steps that call an action, wherever they stand."""
        steps = [node.step for node in self._graphs.of(workflow).every.values()]
        return [(step, self.registry[step.uses]) for step in steps if step.uses not in KINDS]

    def execute_workflow(
        self, workflow: Workflow | str, inputs: Mapping[str, Any] | None = None, *, model: str | None = None
    ) -> RunResult:
        """Run to the end. What fails in the run is in the result; what keeps it from starting is raised."""
        return self.wait(self.start_workflow(workflow, inputs, model=model))

    def wait(self, run_id: str) -> RunResult:
        """The result of a run once it is over, or waits for somebody (status "waiting")."""
        self._call(lambda engine: engine.wait(run_id))
        view = self.run(run_id)
        return RunResult(
            run_id=run_id,
            status=view.status,
            outputs=view.output or {},
            steps={step.id: step for step in view.steps},
            error=view.summary.error,
        )

    def follow(self, run_id: str) -> Iterator[LiveSnapshot]:
        """Pictures of a run as it goes on, for a thread; the last one when it is over or waits for somebody."""
        self._ensure_running()
        assert self._engine is not None
        pictures = self._engine.watch(run_id, until_waiting=True)
        while True:
            try:
                yield self._call(lambda _: anext(pictures))
            except StopAsyncIteration:
                return

    def cancel(self, run_id: str) -> None:
        """Ask for the end of a run. Raises `NotFound`."""
        self._call(lambda engine: engine.cancel(run_id))

    def approve(self, run_id: str, *, hash: str | None = None, by: str = "someone") -> None:
        """Let the writes of a preview go out, exactly as they were planned. `hash` names what was looked at
        (`RunView.plan_hash`); an approval of anything else is refused. Raises `NotFound` or `InvalidInput`."""
        self.answer(run_id, "", {"approved": True, **({"hash": hash} if hash else {})}, by=by)

    def reject(self, run_id: str, *, by: str = "someone") -> None:
        """End a preview: nothing is sent."""
        self.answer(run_id, "", {"approved": False}, by=by)

    def answer(self, run_id: str, step: str, value: Any, *, item: str = "", by: str = "someone") -> None:
        """Answer what a waiting run asks: {"approved": True} to an approval, the value to a wait for input. Raises
        `NotFound` when it asks nothing (any more), `InvalidInput` for an answer that does not fit."""
        self._call(lambda engine: engine.answer(run_id, step, item, value, by))

    def resume(self, run_id: str, workflow: Workflow | None = None) -> RunId:
        """Go on with an interrupted run, or from where a failed or cancelled one stopped, as a new run. `workflow` is a
        corrected version for the rest. Raises `InvalidWorkflow`, `InvalidInput`, `NotFound` or `StoreError`."""
        self._check_version(workflow)
        return self._call(lambda engine: engine.resume(run_id, workflow))

    def rerun(
        self,
        run_id: str,
        *,
        start: str | None = None,
        only: str | None = None,
        inputs: Mapping[str, Any] | None = None,
        given: Mapping[str, Mapping[str, Any]] | None = None,
        pins: Mapping[str, Any] | None = None,
        workflow: Workflow | None = None,
        preview: bool = False,
    ) -> RunId:
        """Run again, as a new run that names this one as its origin: everything, from the step `start` on, or `only`
        one step. What is not run again is taken from the old run. `inputs` and `given` (by step and parameter) are
        typed in instead of what they were; `pins` are outputs of steps; `workflow` is another version. Writes that are
        run again are sent again. Raises `InvalidWorkflow`, `InvalidInput`, `NotFound` or `StoreError`: nothing ran."""
        self._check_version(workflow)
        row = self.journal.run(run_id)
        return self._call(
            lambda engine: engine.rerun(
                run_id,
                workflow,
                inputs=inputs or {},
                model=row.model,
                start=start,
                only=only,
                given=given or {},
                pins=pins or {},
                preview=preview,
            )
        )

    def compare(self, before: str, after: str) -> Comparison:
        """Two runs, step by step. Raises `NotFound`."""
        return compare(self.run(before), self.run(after))

    def breakers(self) -> list[BreakerState]:
        """The accounts whose service failed of late, and until when they are left alone."""
        return self._performer.breakers.states()

    def _check_version(self, workflow: Workflow | None) -> None:
        problems = self.check(workflow.dump()) if workflow else []
        if problems:
            raise InvalidWorkflow(problems)

    def runs(
        self, *, status: Iterable[str] | None = None, workflow: str | None = None, limit: int = 50, offset: int = 0
    ) -> list[RunSummary]:
        """Runs, newest first."""
        return self.journal.runs(status=status, workflow=workflow, limit=limit, offset=offset)

    def run(self, run_id: str) -> RunView:
        """A whole run. Raises `NotFound`."""
        row = self.journal.run(run_id)
        graph = self._graphs.version(row.workflow_hash)
        events = [event for _, event in self.journal.events(run_id)]
        return run_view(self.journal.summary(run_id), graph, events, self.journal.effects(run_id))

    def watch(self, run_id: str) -> AsyncGenerator[LiveSnapshot]:
        """Pictures of a run as it goes on, for the loop that the engine runs on."""
        assert self._engine is not None, "the engine is not running"
        return self._engine.watch(run_id)


_current: WorkflowEngine | None = None


def set_current(engine: WorkflowEngine | None) -> None:
    """Make an engine the one of this process."""
    global _current
    _current = engine


def current() -> WorkflowEngine:
    """The engine of this process. Raises `NotFound` while the studio is not up."""
    if _current is None:
        raise NotFound("The studio is still starting.", remedy="Reload the page in a moment.")
    return _current
