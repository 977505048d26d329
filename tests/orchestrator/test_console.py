"""What a person at a terminal is told of a run that waits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from orchestrator.console import moment, print_progress, print_questions
from orchestrator.live import LiveSnapshot
from tests.studio.views import item, run, step

NOT_YET = {"code": "not_yet", "message": "Nobody has answered yet."}


def picture(status: str, waits_for: str | None = None) -> LiveSnapshot:
    step: dict[str, Any] = {"status": status, "waits_for": waits_for, "done": 1, "total": 1}
    return LiveSnapshot({"steps": {"answer": {**step, "started_at": 1.0, "finished_at": 3.0}}}, 0.0)


def test_what_a_step_waits_for_is_told_once_however_often_it_looks(capsys: pytest.CaptureFixture[str]) -> None:
    shown: dict[str, str] = {}
    for _ in range(3):
        print_progress(picture("running"), shown)
        print_progress(picture("waiting", "Nobody has answered yet."), shown)
    print_progress(picture("succeeded"), shown)
    assert capsys.readouterr().err.splitlines() == ["… answer: Nobody has answered yet.", "✓ answer 2.0 s"]


def test_a_run_that_is_left_says_when_it_looks_again(capsys: pytest.CaptureFixture[str]) -> None:
    waiting = replace(item(), status="waiting", error=NOT_YET, until=1000.0)
    print_questions(run(step("answer", "waiting", items=(waiting,)), status="waiting"))
    (said,) = capsys.readouterr().out.splitlines()
    assert said == f"answer: Nobody has answered yet. It looks again at {moment(1000.0)}."


def test_a_run_that_waits_for_another_one_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    print_questions(run(step("call", "waiting", items=(item(),)), status="waiting"))
    assert capsys.readouterr().out == "It waits for another run.\n"
