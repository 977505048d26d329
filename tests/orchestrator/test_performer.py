"""Writes of which nobody knows at first whether they happened."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrator.accounts import Accounts
from orchestrator.actions import Account, Call, Connector, Params, Plan, Result, Unavailable, field
from orchestrator.clock import ManualClock
from orchestrator.effects import Ledger
from orchestrator.engine import Engine
from orchestrator.journal import Journal
from orchestrator.library import Library
from orchestrator.performer import SETTLE, Performer
from orchestrator.registry import Registry
from orchestrator.settings import Settings
from orchestrator.workflow import Workflow


class Post(Params):
    """Post a text."""


class Posted(Result):
    x: Any = field("What the board said", default=None)


class Board:
    """A service whose first answer is lost, and the connector that speaks to it."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.posts = 0
        self.arrives = True
        """Whether the first post gets there at once."""
        self.says: Callable[[], Any] = self.nothing
        board = Connector("board", title="Board")

        @board.action("Post", effect="write", result=Posted)
        def post(p: Post, account: Account, call: Call) -> Posted:
            self.asked.append("post")
            first = self.asked == ["post"]
            self.posts += not first or self.arrives
            return Posted(x=self.says() if first else None)

        @post.preview
        def _(p: Post, account: Account) -> Plan:
            return Plan("Post", {}, Posted())

        @post.find
        def _(p: Post, account: Account, call: Call) -> Posted | None:
            self.asked.append("find")
            return Posted() if self.posts else None

        self.registry = Registry([board])

    def nothing(self) -> Any:
        raise Unavailable("The connection dropped.")


@pytest.fixture
def board() -> Board:
    return Board()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def engine(tmp_path: Path, board: Board, clock: ManualClock) -> AsyncIterator[Engine]:
    settings = Settings.load(home=tmp_path / "home")
    journal = Journal.open(settings)
    performer = Performer(Accounts(board.registry, settings, lambda: ""), Library(settings.home), Ledger(journal))
    engine = Engine(board.registry, journal, performer, clock, recover=True)
    await engine.start()
    yield engine
    await engine.stop()
    performer.close()
    journal.close()


def workflow(**keys: Any) -> Workflow:
    return Workflow.model_validate({"id": "test", "steps": [{"id": "s", "uses": "board.post", **keys}]})


async def status(engine: Engine, run_id: str) -> str:
    """Once nothing is under way."""
    while True:
        state = await engine.state(run_id)
        if state.is_waiting:
            return "waiting"
        if state.status != "running":
            await engine.wait(run_id)
            return state.status
        await asyncio.sleep(0.005)


class TestAWriteWhoseConnectionDropped:
    @pytest.fixture
    async def run_id(self, engine: Engine, board: Board, clock: ManualClock) -> str:
        """It did not get there at once, and the service was asked for it right after."""
        board.arrives = False
        run_id = await engine.submit(workflow(retry={"attempts": 2, "backoff": 0.01}), {})
        assert await status(engine, run_id) == "waiting"
        clock.advance(0.02)
        assert await status(engine, run_id) == "waiting"
        assert board.asked == ["post", "find"]
        return run_id

    async def test_is_not_sent_again_before_it_could_have_arrived(
        self, engine: Engine, board: Board, clock: ManualClock, run_id: str
    ) -> None:
        clock.advance(SETTLE - 0.1)
        await status(engine, run_id)
        assert board.asked == ["post", "find"]

    async def test_is_found_when_it_arrived_late(
        self, engine: Engine, board: Board, clock: ManualClock, run_id: str
    ) -> None:
        board.posts += 1
        clock.advance(SETTLE)
        assert await status(engine, run_id) == "succeeded"
        assert (board.asked, board.posts) == (["post", "find", "find"], 1)

    async def test_is_sent_again_when_it_did_not(
        self, engine: Engine, board: Board, clock: ManualClock, run_id: str
    ) -> None:
        clock.advance(SETTLE)
        assert await status(engine, run_id) == "succeeded"
        assert (board.asked, board.posts) == (["post", "find", "find", "post"], 1)


async def test_a_write_whose_connection_dropped_long_ago_is_sent_at_once_when_it_is_not_there(
    engine: Engine, board: Board, clock: ManualClock
) -> None:
    board.arrives = False
    failed = await engine.submit(workflow(), {})
    assert await status(engine, failed) == "failed"
    clock.advance(SETTLE)
    assert await status(engine, await engine.resume(failed)) == "succeeded"
    assert (board.asked, board.posts) == (["post", "find", "post"], 1)


async def test_a_write_whose_result_cannot_be_kept_is_told_and_not_sent_again(engine: Engine, board: Board) -> None:
    board.says = object
    failed = await engine.submit(workflow(), {})
    assert await status(engine, failed) == "failed"
    error = (await engine.state(failed)).error or {}
    assert error["message"] == (
        "board.post gave what cannot be kept:"
        " 'result.x' is neither text, number, list nor object (its type is 'object')."
    )
    assert error["remedy"]
    assert await status(engine, await engine.resume(failed)) == "succeeded"
    assert (board.asked, board.posts) == (["post", "find"], 1)
