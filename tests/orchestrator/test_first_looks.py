"""A live account's first write is looked at before it goes out, whatever leads to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from orchestrator.actions import Account, SecretStr, field
from orchestrator.registry import Registry
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine

Build = Callable[..., Workflow]
FIRST: dict[str, Any] = {"id": "first", "uses": "board.post", "with": {"text": "first"}}


def posted(board: Any) -> list[str]:
    return [text for _, text in board.posts]


class TestALiveAccount:
    @pytest.fixture
    def registry(self, board: Any) -> Registry:
        class Own(Account):
            token: SecretStr = field("Token")

        board.connector.account = Own
        return Registry([board.connector])

    @pytest.fixture(autouse=True)
    def token(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATCHBAY_BOARD_TOKEN", "secret")

    def test_a_workflow_that_another_one_calls_is_looked_at_first_too(
        self, engine: WorkflowEngine, workflow: Build, board: Any
    ) -> None:
        engine.library.workflows.save(workflow(FIRST).model_copy(update={"id": "child"}))
        engine.execute_workflow(workflow({"id": "c", "uses": "workflow", "with": {"workflow": "child"}}))
        assert posted(board) == []

    def test_a_first_run_that_had_nothing_to_write_does_not_count(
        self, engine: WorkflowEngine, workflow: Build, board: Any
    ) -> None:
        flow = workflow({**FIRST, "if": "{{ inputs.n > 0 }}"}, inputs={"n": {"type": "integer"}})
        assert engine.execute_workflow(flow, {"n": 0}).status == "succeeded"
        assert engine.execute_workflow(flow, {"n": 1}).status == "waiting"
        assert posted(board) == []

    @pytest.mark.parametrize("how", ["rerun", "resume"])
    def test_going_back_with_another_version_is_looked_at_first(
        self, engine: WorkflowEngine, workflow: Build, board: Any, how: str
    ) -> None:
        down = {"id": "down", "uses": "board.flaky", "with": {"times": 1}}
        failed = engine.start_workflow(workflow(down, {**FIRST, "needs": ["down"]}), preview=False)
        engine.wait(failed)
        corrected = workflow({**FIRST, "with": {"text": "other"}})
        assert engine.wait(getattr(engine, how)(failed, workflow=corrected)).status == "waiting"
        assert posted(board) == []
