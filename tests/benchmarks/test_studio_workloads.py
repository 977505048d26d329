"""The workloads that measure the studio from outside: a browser at the Builder, sessions that watch runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import builder, watching
from orchestrator.settings import Settings
from orchestrator.workflow_engine import WorkflowEngine


def test_the_large_workflow_is_one_that_could_run(tmp_path: Path) -> None:
    with WorkflowEngine(Settings.load(home=tmp_path)) as engine:
        for steps in (1, 13, 100):
            content = builder.workflow(steps)
            assert len(content["steps"]) == steps
            assert engine.check(content) == []


def test_the_rows_of_the_large_workflow_do_not_wait_for_each_other() -> None:
    first = [
        step["id"] for step in builder.workflow(100)["steps"] if step["id"].startswith("mail") and "needs" not in step
    ]
    assert len(first) == 100 / builder.IN_A_ROW


def test_the_moments_of_a_picture_are_those_of_the_run_and_of_its_steps() -> None:
    step = {"started_at": 2.0, "finished_at": None}
    picture = {"run": {"started_at": 1.0, "finished_at": None}, "steps": {"a": step, "b": {**step, "finished_at": 3.0}}}
    assert [*watching.moments(picture)] == [1.0, 2.0, 2.0, 3.0]


@pytest.mark.long
def test_sessions_see_what_happens_in_a_run() -> None:
    result = watching.measure(sessions=2, stages=1, steps=3, seconds=4)
    values = {line.unit: line.value for line in result.lines}
    assert values["changes/s"] > 0
    assert values["%"] > 0
    assert [line.goal for line in result.lines[:3]] == ["≤ 100 ms", None, "≤ 60 %"]


@pytest.mark.long
@pytest.mark.timeout(120)
def test_a_browser_opens_the_builder_and_drags_a_box() -> None:
    result = builder.measure(sizes=(6,), rounds=1, seconds=0.3)
    values = {line.name: line.value for line in result.lines}
    assert 0 < values["6 steps, the first box shows"] < values["6 steps, a click is answered"]
    assert values["6 steps, a click is answered"] < values["6 steps, the form of a step stands there"]
    assert values["6 steps, loaded"] > 0.5
    assert values["6 steps, dragged"] > 0
    assert values["6 steps, dragged with all in view, work of the browser for a frame"] > 0
