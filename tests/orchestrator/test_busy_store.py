"""A store that cannot be read for a moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import event

from orchestrator.accounts import Accounts
from orchestrator.clock import SystemClock
from orchestrator.effects import Ledger
from orchestrator.engine import Engine
from orchestrator.errors import LeaseLost, StoreError
from orchestrator.journal import Batch, Journal
from orchestrator.library import Library
from orchestrator.performer import Performer
from orchestrator.registry import Registry
from orchestrator.settings import Settings
from orchestrator.stores import open_store
from orchestrator.stores.store import Store
from orchestrator.workflow import Workflow

Build = Callable[..., Workflow]


class Busy:
    """Has a store refuse the first look into a table."""

    def __init__(self, store: Store, table: str) -> None:
        self.table = table
        self.refused = 0
        self.came = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        event.listen(store.engine, "before_cursor_execute", self._look)

    def _look(self, connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if f"FROM {self.table}" in statement and not self.refused:
            self.refused += 1
            self._loop.call_soon_threadsafe(self.came.set)
            raise StoreError("The database is busy.")


class TestWhatCannotBeReadOnce:
    """The store is busy for a moment: the run goes on, and is not left to nobody for as long as the process lives."""

    @pytest.fixture
    def opened(self, settings: Settings) -> Store:
        return open_store(settings)

    @pytest.fixture
    def journal(self, opened: Store) -> Iterator[Journal]:
        journal = Journal(opened)
        yield journal
        journal.close()

    @pytest.fixture
    async def engine(self, settings: Settings, journal: Journal, registry: Registry) -> AsyncIterator[Engine]:  # type: ignore[override]
        performer = Performer(Accounts(registry, settings, lambda: ""), Library(settings.home), Ledger(journal))
        engine = Engine(registry, journal, performer, SystemClock(), recover=True)
        await engine.start()
        yield engine
        await engine.stop()
        performer.close()

    async def test_the_ledger(self, opened: Store, engine: Engine, workflow: Build, board: Any) -> None:
        busy = Busy(opened, "effects")
        lost = {"text": "x", "lose_answer": True}
        flow = workflow({"id": "p", "uses": "board.post", "retry": {"attempts": 5, "backoff": 0}, "with": lost})
        run_id = await engine.submit(flow, {})
        await engine.wait(run_id)
        assert (busy.refused, (await engine.state(run_id)).status) == (1, "running"), "it was let go of"
        await engine.tend()
        await engine.wait(run_id)
        assert ((await engine.state(run_id)).status, len(board.posts)) == ("succeeded", 1)

    async def test_a_batch_that_is_refused_late_does_not_stop_the_run_that_goes_on(
        self, opened: Store, engine: Engine, journal: Journal, workflow: Build, board: Any
    ) -> None:
        Busy(opened, "effects")
        lost = {"text": "x", "lose_answer": True}
        post = {"id": "p", "uses": "board.post", "retry": {"attempts": 5, "backoff": 0}, "with": lost}
        run_id = await engine.submit(workflow(post, {"id": "w", "uses": "wait", "with": {"seconds": 0.5}}), {})
        await engine.wait(run_id)
        await engine.tend()
        journal.write(Batch(run_id, 1, [(run_id, 99, 0.0, "step.log", "p", "", 1, "{}")]))
        with pytest.raises(LeaseLost):
            await journal.barrier(run_id, 1)
        await engine.wait(run_id)
        assert (await engine.state(run_id)).status == "succeeded"
