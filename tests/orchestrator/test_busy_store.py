"""A store that cannot be read for a moment."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from orchestrator.errors import StoreError
from orchestrator.registry import Registry
from orchestrator.settings import Settings
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine

Build = Callable[..., Workflow]


class TestWhatCannotBeReadOnce:
    """The store is busy for a moment: the run goes on, and is not left to nobody for as long as the process lives."""

    async def over(self, engine: WorkflowEngine, run_id: str) -> str:
        while (status := engine.journal.run(run_id).status) not in ("succeeded", "failed"):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        return status

    async def test_the_ledger(self, settings: Settings, registry: Registry, workflow: Build, board: Any) -> None:
        engine = WorkflowEngine(settings, registry=registry)
        read, busy = engine.journal.effect, [True]
        engine.journal.effect = lambda key: _busy() if busy and busy.pop() else read(key)  # type: ignore[method-assign]
        lost = {"text": "x", "lose_answer": True}
        flow = workflow({"id": "p", "uses": "board.post", "retry": {"attempts": 5, "backoff": 0}, "with": lost})
        async with engine.running():
            run_id = await asyncio.to_thread(engine.start_workflow, flow)
            assert await self.over(engine, run_id) == "succeeded"
        engine.close()
        assert len(board.posts) == 1


def _busy() -> Any:
    raise StoreError("The database is busy.")
