"""Two engines on one store, and what one of them still does with a run that it lost or let go of."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import event

from orchestrator.accounts import Accounts
from orchestrator.clock import Clock, SystemClock, Timer
from orchestrator.effects import Ledger
from orchestrator.engine import Engine
from orchestrator.errors import NotFound, StoreError
from orchestrator.journal import LEASE, Batch, Journal
from orchestrator.library import Library
from orchestrator.performer import Performer
from orchestrator.registry import Registry
from orchestrator.settings import Settings
from orchestrator.stores import open_store
from orchestrator.stores.store import Store
from orchestrator.workflow import Workflow
from tests.orchestrator.test_busy_store import Busy

Build = Callable[..., Workflow]

WAIT = {"id": "w", "uses": "wait_for_input", "with": {"message": "Go on?"}}
POST = {"id": "p", "uses": "board.post", "needs": ["w"], "with": {"text": "x"}}
DAY = 86_400.0


class Ahead(SystemClock):
    """The clock of an engine to which the leases of the other one have run out, as after a pause of that one."""

    def now(self) -> float:
        return super().now() + LEASE + 1

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        return super().call_at(when - LEASE - 1, callback)


@pytest.fixture
def opened(settings: Settings) -> Store:
    return open_store(settings)


@pytest.fixture
def journal(opened: Store) -> Iterator[Journal]:
    journal = Journal(opened)
    yield journal
    journal.close()


@pytest.fixture
def other_journal(settings: Settings) -> Iterator[Journal]:
    journal = Journal.open(settings)
    yield journal
    journal.close()


@pytest.fixture
async def build(
    settings: Settings, registry: Registry, journal: Journal, other_journal: Journal
) -> AsyncIterator[Callable[[Journal, Clock], Awaitable[Engine]]]:
    made: list[tuple[Engine, Performer]] = []

    async def build(journal: Journal, clock: Clock) -> Engine:
        performer = Performer(Accounts(registry, settings, lambda: ""), Library(settings.home), Ledger(journal))
        engine = Engine(registry, journal, performer, clock, recover=True)
        await engine.start()
        made.append((engine, performer))
        return engine

    yield build
    for engine, performer in made:
        await engine.stop()
        performer.close()


@pytest.fixture
async def paused(build: Callable[[Journal, Clock], Awaitable[Engine]], journal: Journal) -> Engine:
    return await build(journal, SystemClock())


@pytest.fixture
async def other(build: Callable[[Journal, Clock], Awaitable[Engine]], other_journal: Journal) -> Engine:
    return await build(other_journal, Ahead())


class TestARunThatTheOtherTookOver:
    """One engine was paused for longer than its lease, and does not know yet that it lost its run."""

    async def test_a_cancel_given_to_who_lost_it_reaches_who_has_it(
        self, paused: Engine, other: Engine, journal: Journal, workflow: Build
    ) -> None:
        run_id = await paused.submit(workflow({"id": "s", "uses": "board.sleep", "with": {"seconds": 1}}), {})
        await other.tend()
        await paused.cancel(run_id)
        await other.tend()
        await other.wait(run_id)
        assert journal.run(run_id).status == "cancelled"

    async def test_it_comes_back_and_what_was_done_with_it_before_is_over(
        self, paused: Engine, other: Engine, journal: Journal, workflow: Build, board: Any
    ) -> None:
        flow = workflow(
            {"id": "s", "uses": "wait", "with": {"seconds": 1.5}},
            {**WAIT, "needs": ["s"]},
            {**POST, "with": {"text": "held"}},
        )
        run_id = await paused.submit(flow, {})
        before = paused._drivers[run_id]  # pyright: ignore[reportPrivateUsage]
        await other.tend()
        await other.wait(run_id)
        assert journal.run(run_id).status == "waiting"
        journal.signal(run_id, "answer", {"step": "w", "item": "", "value": "yes", "by": "somebody"})
        await paused._attend(run_id)  # pyright: ignore[reportPrivateUsage]
        await before.ended
        now = paused._drivers[run_id]  # pyright: ignore[reportPrivateUsage]
        assert now is not before
        board.gate.set()
        await paused.wait(run_id)
        assert (journal.run(run_id).status, len(board.posts)) == ("succeeded", 1)

    async def test_that_it_was_deleted_since_holds_up_nobody(
        self, paused: Engine, other: Engine, journal: Journal, other_journal: Journal, workflow: Build
    ) -> None:
        run_id = await paused.submit(workflow({"id": "s", "uses": "board.sleep", "with": {"seconds": 1}}), {})
        driver = paused._drivers[run_id]  # pyright: ignore[reportPrivateUsage]
        await other.tend()
        await other.cancel(run_id)
        await other.wait(run_id)
        other_journal.prune(SystemClock().now() + DAY, 0.5, 0)
        driver.lease_until = 0.0  # as its own clock says after the pause
        await paused.tend()
        await driver.ended


class TestWhatIsBeingSentWhenARunIsLetGoOf:
    async def test_nobody_goes_on_before_it_was_sent(
        self, paused: Engine, opened: Store, journal: Journal, workflow: Build, board: Any
    ) -> None:
        busy = Busy(opened, "effects")
        lost = {"text": "x", "lose_answer": True}
        held = {"id": "h", "uses": "board.post", "with": {"text": "held"}}
        post = {"id": "p", "uses": "board.post", "retry": {"attempts": 5, "backoff": 0.05}, "with": lost}
        run_id = await paused.submit(workflow(held, post), {})
        await busy.came.wait()
        await paused.tend()
        assert journal.run(run_id).fence == 1, "somebody goes on while it is being sent"
        board.gate.set()
        while journal.run(run_id).status != "succeeded":
            await paused.wait(run_id)
            await paused.tend()
        assert sorted(text for _, text in board.posts) == ["held", "x"]

    async def test_nor_where_something_of_the_run_could_not_be_written(
        self, paused: Engine, journal: Journal, workflow: Build, board: Any
    ) -> None:
        run_id = await paused.submit(workflow({"id": "h", "uses": "board.post", "with": {"text": "held"}}), {})
        while not board.entered.is_set():
            await paused.tend()
        journal.write(Batch(run_id, 1, [(run_id, 1, 0.0, "step.log", "h", "", 1, "{}")]))  # the number is taken
        with pytest.raises(StoreError):
            await journal.barrier(run_id, 1)
        await paused.tend()
        assert journal.run(run_id).fence == 1, "somebody goes on while it is being sent"
        board.gate.set()
        while journal.run(run_id).status != "succeeded":
            await paused.wait(run_id)
            await paused.tend()
        assert len(board.posts) == 1


class Meanwhile:
    """Has something happen behind the third look into a table."""

    def __init__(self, store: Store, table: str, work: Callable[[], object]) -> None:
        self.table = table
        self.looks = 0
        self.work = work
        event.listen(store.engine, "after_cursor_execute", self._look)

    def _look(self, connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if f"FROM {self.table}" in statement:
            self.looks += 1
            if self.looks == 3:
                self.work()


class TestARunThatIsDeletedWhileSomebodyGoesOnWithIt:
    async def test_it_does_not_go_on(
        self, paused: Engine, opened: Store, journal: Journal, other_journal: Journal, workflow: Build, board: Any
    ) -> None:
        """What is known of its writes is gone, too: they could be sent again."""
        lost = {"text": "x", "lose_answer": True}
        run_id = await paused.submit(workflow({"id": "p", "uses": "board.post", "with": lost}), {})
        await paused.wait(run_id)
        assert journal.run(run_id).status == "failed"
        then = SystemClock().now() + DAY
        meanwhile = Meanwhile(opened, "events", lambda: other_journal.prune(then, 0.5, 0))
        with pytest.raises(NotFound):
            await paused.resume(run_id)
        assert (meanwhile.looks, len(board.posts), journal.runs()) == (3, 1, [])
