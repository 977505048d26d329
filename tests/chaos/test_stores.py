"""What the machine may do to the store: no room, no right to write, a clock that is put back."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.accounts import Accounts
from orchestrator.actions import Account, Call, Connector, Params, Plan, Result, field
from orchestrator.clock import ManualClock
from orchestrator.effects import Ledger
from orchestrator.engine import Engine
from orchestrator.errors import StoreError
from orchestrator.journal import Journal
from orchestrator.library import Library
from orchestrator.performer import Performer
from orchestrator.registry import Registry
from orchestrator.settings import Settings
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine
from scripts.studio import ROOT, environment

ROOM = 4_000_000
"""Bytes of the small disk."""


class Post(Params):
    """Post a text."""

    text: str = field("Text")


class Posted(Result):
    text: str = field("Text")


class Board:
    """A service that remembers what it was sent."""

    def __init__(self) -> None:
        self.posts: list[str] = []
        board = Connector("board", title="Board")

        @board.action("Post", effect="write", result=Posted)
        def post(p: Post, account: Account, call: Call) -> Posted:
            self.posts.append(p.text)
            return Posted(text=p.text)

        @post.preview
        def _(p: Post, account: Account) -> Plan:
            return Plan(f"Post '{p.text}'", {"text": p.text}, Posted(text=p.text))

        @post.find
        def _(p: Post, account: Account, call: Call) -> Posted | None:
            return Posted(text=p.text) if p.text in self.posts else None

        self.registry = Registry([board])


@pytest.fixture
def board() -> Board:
    return Board()


def posts(count: int, size: int) -> Workflow:
    """Posts one after the other, and so many characters to be kept between them."""
    steps: list[dict[str, Any]] = []
    for number in range(count):
        before = [f"p{number - 1}"] if number else []
        fill = {"id": f"f{number}", "uses": "set", "with": {"values": {"x": "{{ inputs.fill }}"}}, "needs": before}
        post = {"id": f"p{number}", "uses": "board.post", "with": {"text": f"post {number}"}, "needs": [f"f{number}"]}
        steps += [fill, post]
    return Workflow.model_validate({"id": "posts", "inputs": {"fill": {"default": "x" * size}}, "steps": steps})


class TestAFullDisk:
    @pytest.fixture
    def disk(self, tmp_path: Path) -> Iterator[Path]:
        folder = tmp_path / "disk"
        folder.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", str(folder)]
        if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
            pytest.skip("a small disk can only be mounted by root")
        yield folder
        subprocess.run(["umount", "--lazy", str(folder)], check=True)

    def test_stops_a_run_with_words_and_it_goes_on_when_there_is_room(self, disk: Path, board: Board) -> None:
        settings = Settings.load(home=disk / "home")
        with WorkflowEngine(settings, registry=board.registry) as engine:
            ballast = disk / "ballast"
            ballast.write_bytes(b"x" * (_free(disk) - 400_000))
            run_id = engine.start_workflow(posts(20, 20_000))
            engine.wait(run_id)
            assert 0 < len(board.posts) < 20
            assert engine.run(run_id).status == "running"
            with pytest.raises(StoreError, match="Make room on the disk"):
                engine.start_workflow(posts(1, 400_000))
            ballast.unlink()
            resumed = engine.wait(engine.resume(run_id))
            assert (resumed.status, resumed.error) == ("succeeded", None)
        assert sorted(board.posts) == sorted(f"post {number}" for number in range(20))

    def test_is_told_to_whoever_starts_on_it(self, disk: Path, board: Board) -> None:
        (disk / "ballast").write_bytes(b"x" * _free(disk))
        with pytest.raises(StoreError) as refused:
            WorkflowEngine(Settings.load(home=disk / "home"), registry=board.registry)
        assert "room" in refused.value.remedy


def _free(folder: Path) -> int:
    known = os.statvfs(folder)
    return known.f_bavail * known.f_frsize


class TestAReadOnlyDatabase:
    """As another user, since root may write everything."""

    def test_is_told_in_words(self, tmp_path: Path, board: Board) -> None:
        if os.geteuid() != 0:
            pytest.skip("only root can become somebody who may not write")
        home = tmp_path / "home"
        with WorkflowEngine(Settings.load(home=home), registry=board.registry) as engine:
            engine.execute_workflow(posts(1, 1))
        told = _as_nobody(home)
        assert "StoreError" in told
        assert "cannot be used" in told
        assert "writable" in told or "Make the file" in told


def _as_nobody(home: Path) -> str:
    """What opening the journal of a home says to somebody who may only read it."""
    script = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from orchestrator.errors import PatchbayError\n"
        "from orchestrator.journal import Journal\n"
        "from orchestrator.settings import Settings\n"
        f"settings = Settings.load(home=Path({str(home)!r}))\n"
        "os.setuid(65534)\n"
        "try:\n"
        "    Journal.open(settings).close()\n"
        "except PatchbayError as error:\n"
        "    sys.stdout.write(f'{type(error).__name__}: {error}')\n"
    )
    for folder in [home, *list(home.parents)[:-2]]:
        folder.chmod(folder.stat().st_mode | 0o055)
    return subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=environment(home), cwd=ROOT, check=False
    ).stdout


class TestAClockThatIsPutBack:
    @pytest.fixture
    def clock(self) -> ManualClock:
        return ManualClock()

    @pytest.fixture
    async def engine(self, tmp_path: Path, board: Board, clock: ManualClock) -> Any:
        settings = Settings.load(home=tmp_path / "home")
        journal = Journal.open(settings)
        performer = Performer(Accounts(board.registry, settings, lambda: ""), Library(settings.home), Ledger(journal))
        engine = Engine(board.registry, journal, performer, clock, recover=True)
        await engine.start()
        yield engine
        await engine.stop()
        performer.close()
        journal.close()

    async def test_by_an_hour_keeps_a_run_going_and_its_waits_end(
        self, engine: Engine, clock: ManualClock, board: Board
    ) -> None:
        steps = [
            {"id": "a", "uses": "board.post", "with": {"text": "a"}},
            {"id": "w", "uses": "wait", "with": {"seconds": 60}, "needs": ["a"]},
            {"id": "b", "uses": "board.post", "with": {"text": "b"}, "needs": ["w"]},
        ]
        run_id = await engine.submit(Workflow.model_validate({"id": "w", "steps": steps}), {})
        await engine.wait(run_id)
        assert (await engine.state(run_id)).is_waiting
        clock.advance(-3600)
        await engine.tend()
        other = await engine.submit(posts(3, 1), {})
        await engine.wait(other)
        assert (await engine.state(other)).status == "succeeded"
        clock.advance(3600 + 61)
        await engine.tend()
        clock.advance(0)
        await engine.wait(run_id)
        assert (await engine.state(run_id)).status == "succeeded"
        assert sorted(board.posts) == ["a", "b", "post 0", "post 1", "post 2"]

    async def test_does_not_let_two_engines_own_a_run(
        self, engine: Engine, clock: ManualClock, board: Board, tmp_path: Path
    ) -> None:
        ask = {"id": "w", "uses": "wait", "with": {"seconds": 1}}
        run_id = await engine.submit(Workflow.model_validate({"id": "w", "steps": [ask]}), {})
        settings = Settings.load(home=tmp_path / "home")
        journal = Journal.open(settings)
        performer = Performer(Accounts(board.registry, settings, lambda: ""), Library(settings.home), Ledger(journal))
        behind = Engine(board.registry, journal, performer, ManualClock(clock.now() - 3600), recover=True)
        try:
            await behind.start()
            assert (await engine.state(run_id)).status == "running"
            clock.advance(2)
            await engine.wait(run_id)
            assert (await engine.state(run_id)).status == "succeeded"
        finally:
            await behind.stop()
            performer.close()
            journal.close()
