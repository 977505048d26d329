"""A preview decides nothing by what stands in for what only a service can choose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine

Build = Callable[..., Workflow]
FIRST: dict[str, Any] = {"id": "first", "uses": "board.post", "with": {"text": "first"}}
WAYS: list[dict[str, Any]] = [
    {"id": "way", "uses": "branch", "with": {"condition": "{{ 'board.example' in steps.first.url }}"}},
    {"id": "yes", "uses": "board.post", "needs": ["way.yes"], "with": {"text": "yes"}},
    {"id": "no", "uses": "board.post", "needs": ["way.no"], "with": {"text": "no"}},
]


def posted(board: Any) -> list[str]:
    return [text for _, text in board.posts]


class TestWhatDependsOnIt:
    def approved(self, engine: WorkflowEngine, workflow: Workflow) -> dict[str, str]:
        """The statuses that the preview shows. Then it goes on for real, until it is over or asks."""
        run_id = engine.start_workflow(workflow, preview=True)
        engine.wait(run_id)
        shown = {step.id: step.status for step in engine.run(run_id).steps}
        engine.approve(run_id)
        engine.wait(run_id)
        return shown

    def test_a_branch_on_a_placeholder_is_open_and_goes_the_real_way(
        self, engine: WorkflowEngine, workflow: Build, board: Any
    ) -> None:
        assert self.approved(engine, workflow(FIRST, *WAYS))["way"] == "open"
        assert posted(board) == ["first"], "the way that was taken is asked about"

    def test_so_is_one_inside_a_body(self, engine: WorkflowEngine, workflow: Build, board: Any) -> None:
        group = {"id": "g", "uses": "group", "needs": ["first"], "steps": WAYS}
        assert self.approved(engine, workflow(FIRST, group))["way"] == "open"
        assert posted(board) == ["first"]

    def test_what_a_built_in_step_made_of_a_stand_in_is_made_anew(
        self, engine: WorkflowEngine, workflow: Build, board: Any
    ) -> None:
        way = {"id": "way", "uses": "branch", "with": {"condition": "{{ steps.first.id == 0 }}"}}
        self.approved(engine, workflow(FIRST, way, *WAYS[1:]))  # 0 in the plan, 1 from the board
        assert posted(board) == ["first"]

    @pytest.mark.parametrize(
        "step",
        [
            {"uses": "set", "with": {"values": {"n": "{{ steps.first.url | length }}"}}},
            {"uses": "set", "with": {"values": {"n": "{{ steps.first.url + 1 }}"}}},
            {"uses": "board.echo", "with": {"x": "{{ steps.first.url[:5] }}"}},
            {"uses": "board.post", "with": {"text": "{{ steps.first.url[:5] }}"}},
        ],
    )
    def test_what_is_worked_out_of_a_placeholder_is_open(
        self, engine: WorkflowEngine, workflow: Build, step: dict[str, Any]
    ) -> None:
        assert self.approved(engine, workflow(FIRST, {"id": "n", **step}))["n"] == "open"
