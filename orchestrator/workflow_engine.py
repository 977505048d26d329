"""The engine with everything it needs, for whoever is not on its loop: a script, a page, the API, the command line.

with WorkflowEngine() as engine:
    workflow = engine.load_workflow("simple_ai_completion")
    workflow.variables["prompt"] = "Why is the sky blue?"
    result = engine.execute_workflow(workflow)
    print(result.status, result.outputs)
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import weakref
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import orjson

from orchestrator import validation
from orchestrator.accounts import Accounts
from orchestrator.acting_as import ActingAs
from orchestrator.actions import Connector, ModelInfo
from orchestrator.clock import Clock, SystemClock
from orchestrator.compare import Comparison, compare
from orchestrator.consents import Consents
from orchestrator.effects import Ledger
from orchestrator.engine import Engine
from orchestrator.errors import (
    InvalidWorkflow,
    NotFound,
    PatchbayError,
    Problem,
    StoreError,
)
from orchestrator.graphs import Graphs
from orchestrator.history import ACTIVE, Began, RunFilter, RunSummary, RunView
from orchestrator.housekeeping import Housekeeping
from orchestrator.journal import Firing, Journal, summary
from orchestrator.library import Library
from orchestrator.live import LiveSnapshot
from orchestrator.performer import Performer
from orchestrator.policies.breaker import BreakerState
from orchestrator.practice import PracticeServer
from orchestrator.registry import Registry
from orchestrator.replay import run_view
from orchestrator.result import RunResult
from orchestrator.run_accounts import RunAccounts
from orchestrator.run_folders import RunFile
from orchestrator.saved_accounts import SavedAccounts
from orchestrator.settings import Settings
from orchestrator.stores import open_store
from orchestrator.template_usage import TemplateUsage
from orchestrator.triggers.definition import Ask
from orchestrator.triggers.firings import Firings
from orchestrator.triggers.look import Look
from orchestrator.triggers.signatures import Signatures
from orchestrator.triggers.switches import Switches
from orchestrator.triggers.ticker import Ticker
from orchestrator.triggers.triggers import Triggers
from orchestrator.vault import Vault, keys_of
from orchestrator.versions import Versions
from orchestrator.workflow import RunId, Workflow

T = TypeVar("T")


class WorkflowEngine:
    """Thread-safe. Used as a context manager it runs the engine on a thread of its own; the studio runs it on the
    loop of the web server (`running`)."""

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        registry: Registry | None = None,
        practice_url: str | None = None,
        library: Library | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Opens the journal and the library. `registry` is all of `integrations/` unless given, `library` that of the
        home, `clock` that of the machine; `practice_url` is where the practice services answer: without it they are
        served on a free port when first asked for."""
        self.settings = settings or Settings.load()
        self.registry = Registry.discover() if registry is None else registry
        self.library = library or Library(self.settings.home)
        self._clock = clock or SystemClock()
        keys = keys_of(self.settings)
        store = open_store(self.settings)
        self.journal = Journal(store)
        self.workflow_versions = Versions(store, self.library.workflows)
        self.template_versions = Versions(store, self.library.templates)
        self.template_usage = TemplateUsage(store, self.journal, self.library, self.registry)
        self._graphs = Graphs(self.journal.workflow)
        self._practice_url = practice_url
        self._practice: PracticeServer | None = None
        saved = SavedAccounts(store, Vault(keys))
        self.accounts = Accounts(self.registry, self.settings, lambda: self.practice_url, saved)
        self.consents = Consents(self.accounts)
        self._performer = Performer(self.accounts, self.library, Ledger(self.journal), self.journal)
        self._look = Look(self._performer, self.registry, self._clock)
        switches, load = Switches(store), self.library.workflows.load
        self.triggers = Triggers(switches, self._clock, ids=self.library.workflows.ids, load=load, check=self.check)
        self.firings = Firings(
            self.triggers,
            switches,
            self._clock,
            load=load,
            start=self.start_workflow,
            read=self.look,
            under_way=self.journal.under_way,
            check=Signatures(self.accounts, self._clock).check,
        )
        self._acting_as = ActingAs(
            self.registry, self.accounts, self._graphs, load=load, succeeded_as=self.journal.succeeded_as
        )
        self._housekeeping = Housekeeping(
            self.settings,
            self.journal,
            self.accounts,
            (self.workflow_versions, self.template_versions),
            self._performer.folders,
            self.firings,
        )
        self._engine: Engine | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._results: weakref.WeakSet[RunResult] = weakref.WeakSet()
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
            self.registry,
            self.journal,
            self._performer,
            self._clock,
            recover=recover,
            graphs=self._graphs,
            previews_first=self._previews_first,
        )
        self._loop = asyncio.get_running_loop()
        await engine.start()
        self._engine = engine
        tasks = [asyncio.create_task(self._housekeeping.refresh_for_ever())]
        if recover:
            tasks += [
                asyncio.create_task(self._housekeeping.prune_for_ever()),
                asyncio.create_task(self._housekeeping.notice_for_ever()),
                asyncio.create_task(Ticker(self.triggers, self.firings).tick_for_ever()),
            ]
        try:
            yield self
        finally:
            self._engine = None
            for task in tasks:
                task.cancel()
            await engine.stop()

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
        for result in list(self._results):  # whoever holds one can still ask for its steps
            with contextlib.suppress(PatchbayError):  # it may be deleted by now
                _ = result.steps
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
            if self._engine is None:
                raise StoreError("Patchbay is being stopped.", remedy="Start it again.")
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

    def connectors_of(self, workflow: Workflow) -> list[Connector]:
        """The services that a workflow, and those that it calls, act at with an account, in the order of the steps."""
        return self._acting_as.connectors(workflow)

    def models(self) -> list[tuple[str, ModelInfo]]:
        """Every model that can be used now, by the name that a step or run gives it."""
        return self.accounts.models()

    def look(self, workflow: str, trigger: str, ask: Ask) -> Any:
        """What a reading action gives now, outside of any run: what that poll sees. Raises `PatchbayError`."""
        return self._call(lambda _: self._look.at(workflow, trigger, ask))

    # --- runs

    def start_workflow(
        self,
        workflow: Workflow | str,
        inputs: Mapping[str, Any] | None = None,
        *,
        model: str | None = None,
        preview: bool | None = None,
        pins: Mapping[str, Any] | None = None,
        accounts: Mapping[str, str] | None = None,
        firing: Firing | None = None,
        files: Mapping[str, bytes] | None = None,
    ) -> RunId:
        """Start a run and return once it is recorded. A preview sends nothing: it plans its writes and waits for
        `approve`. When nothing is said, a live account's first run of a workflow version is one; who says no says it of
        the workflows that it calls, too. `pins` are outputs of steps, by id, that are taken as they are instead of
        running the step. `accounts` says, by connector, as which account the whole run acts ({"gmail": "work"},
        {"gmail": "practice"}). `firing` is why a trigger starts it: a second start for the same one gives the first
        one's run. `files` lie in the run's folder before it begins, by name. Raises `InvalidWorkflow`, `InvalidInput`
        or `NotFound`; then nothing ran."""
        known = self.load_workflow(workflow) if isinstance(workflow, str) else workflow
        problems = self.check(known.dump())
        if problems:
            raise InvalidWorkflow(problems)
        acts_as = self._acting_as.of(known, accounts or {})
        if model is not None:
            self.accounts.model(model)
        given = {**known.variables, **(inputs or {})}
        if preview is None and self._previews_first(known, acts_as):
            preview = True
        return self._call(
            lambda engine: engine.submit(
                known, given, model=model, preview=preview, pins=pins, accounts=acts_as, firing=firing, files=files
            )
        )

    def _previews_first(self, workflow: Workflow, accounts: RunAccounts) -> bool:
        """Whether somebody is to look before this version writes in the name of these accounts."""
        return self.settings.preview_first and self._acting_as.writes_for_the_first_time(workflow, accounts)

    def execute_workflow(
        self,
        workflow: Workflow | str,
        inputs: Mapping[str, Any] | None = None,
        *,
        model: str | None = None,
        accounts: Mapping[str, str] | None = None,
    ) -> RunResult:
        """Run to the end. What fails in the run is in the result; what keeps it from starting is raised."""
        return self.wait(self.start_workflow(workflow, inputs, model=model, accounts=accounts))

    def wait(self, run_id: str) -> RunResult:
        """The result of a run once it is over, or waits for somebody (status "waiting")."""
        self._call(lambda engine: engine.wait(run_id))
        row = self.journal.run(run_id)
        outputs, error = (orjson.loads(text) if text else None for text in (row.output, row.error))
        result = RunResult(run_id, row.status, outputs or {}, error, lambda: self.run(run_id))
        self._results.add(result)
        return result

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

    def resume(
        self, run_id: str, workflow: Workflow | None = None, *, accounts: Mapping[str, str] | None = None
    ) -> RunId:
        """Go on with an interrupted run, or from where a failed or cancelled one stopped, as a new run. `workflow` is a
        corrected version for the rest, `accounts` are those that it acts as from here on, by connector, where they are
        not the same as before. Raises `InvalidWorkflow`, `InvalidInput`, `NotFound` or `StoreError`."""
        self._check_version(workflow)
        latest = self.journal.latest_of(self.journal.run(run_id).lineage)
        if latest is not None and latest.id != run_id and latest.status in ACTIVE:
            raise StoreError(f"Run '{run_id}' goes on already, as run '{latest.id}'.", remedy="Wait for that one.")
        acts_as = self._acting_as.again(self.run(run_id), workflow, accounts or {})
        preview = workflow is not None and self._previews_first(workflow, acts_as)
        return self._call(lambda engine: engine.resume(run_id, workflow, acts_as, preview=preview))

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
        accounts: Mapping[str, str] | None = None,
    ) -> RunId:
        """Run again, as a new run that names this one as its origin: everything, from the step `start` on, or `only`
        one step. What is not run again is taken from the old run. `inputs` and `given` (by step and parameter) are
        typed in instead of what they were; `pins` are outputs of steps; `workflow` is another version; `accounts` are
        others than before, by connector. Writes that are run again are sent again. Raises
        `InvalidWorkflow`, `InvalidInput`, `NotFound` or `StoreError`: nothing ran."""
        self._check_version(workflow)
        row = self.journal.run(run_id)
        acts_as = self._acting_as.again(self.run(run_id), workflow, accounts or {})
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
                preview=preview or (workflow is not None and self._previews_first(workflow, acts_as)),
                accounts=acts_as,
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
        self,
        *,
        status: Iterable[str] | None = None,
        workflow: str | None = None,
        since: float | None = None,
        cost: float | None = None,
        began: Began | None = None,
        text: str = "",
        limit: int = 50,
        offset: int = 0,
    ) -> list[RunSummary]:
        """Runs, newest first. What they are narrowed by is told at `RunFilter`."""
        known = None if status is None else tuple(status)
        return self.journal.runs(RunFilter(known, workflow, since, cost, began, text), limit=limit, offset=offset)

    def run(self, run_id: str) -> RunView:
        """A whole run. Raises `NotFound`."""
        row = self.journal.run(run_id)
        graph = self._graphs.version(row.workflow_hash)
        events = (event for _, event in self.journal.events(run_id))
        return run_view(summary(row), graph, events, self.journal.effects(run_id))

    def run_to_look_at(self, run_id: str) -> RunView:
        """A run as a page shows it: of large outputs, only what they begin with (`beginnings`). Raises `NotFound`."""
        row = self.journal.run_to_look_at(run_id)
        graph = self._graphs.version(row.workflow_hash)
        return run_view(summary(row), graph, self.journal.events_to_look_at(run_id), self.journal.effects(run_id))

    def run_files(self, run_id: str) -> Iterator[RunFile]:
        """The files in the folder of a run. Raises `NotFound`."""
        return self._performer.folders.files(self.journal.run_to_look_at(run_id).lineage)

    def run_file(self, run_id: str, path: str) -> Path:
        """Where a file of a run lies. Raises `NotFound`, also for a path that leads out of the run's folder."""
        return self._performer.folders.file(self.journal.run_to_look_at(run_id).lineage, path)

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
