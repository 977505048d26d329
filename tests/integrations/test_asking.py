"""A run that asks a person in Telegram, through the whole engine and practice Telegram."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from orchestrator.settings import ROOT, Settings
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine
from tests.impatient import Impatient
from tests.integrations.test_telegram import dropping

SUMMARY = {"text": "Sales went up.", "model": "typed"}
PINS = {"summary": SUMMARY}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[WorkflowEngine]:
    with WorkflowEngine(Settings(home=tmp_path / "home"), clock=Impatient()) as engine:
        yield engine


def until(ready: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if found := ready():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not come to that in time")


def chat(engine: WorkflowEngine, id: str) -> list[dict[str, Any]]:
    overview = httpx.get(f"{engine.practice_url}/overview", trust_env=False).json()
    return next(one["messages"] for one in overview["chats"] if one["id"] == id)


def press(engine: WorkflowEngine, choice: str) -> None:
    """Wait for the question, then press a button of it."""
    question = until(lambda: next((one for one in chat(engine, "7001") if one["buttons"]), None))
    data = next(button["data"] for button in question["buttons"] if button["text"] == choice)
    body = {"chat": "7001", "message": question["id"], "data": data}
    httpx.post(f"{engine.practice_url}/telegram/press", json=body, trust_env=False).raise_for_status()


class TestTheShippedWorkflow:
    def test_has_no_mistake(self, engine: WorkflowEngine) -> None:
        assert engine.check(json.loads((ROOT / "workflows" / "ask_before_sending.json").read_text())) == []

    def test_sends_and_files_what_was_agreed_to(self, engine: WorkflowEngine) -> None:
        run = engine.start_workflow("ask_before_sending", pins=PINS)
        press(engine, "Send it")
        assert engine.wait(run).status == "succeeded"
        assert chat(engine, "-1007002")[-1]["text"] == "Sales report, third quarter\n\nSales went up."
        files = httpx.get(f"{engine.practice_url}/overview", trust_env=False).json()["files"]
        (filed,) = [file for file in files if file["name"].startswith("Summary, ")]
        assert filed["text"].endswith("Released by Sam Rivera.\n")

    def test_sends_nothing_after_a_no(self, engine: WorkflowEngine) -> None:
        before = chat(engine, "-1007002")
        run = engine.start_workflow("ask_before_sending", pins=PINS)
        press(engine, "Not now")
        result = engine.wait(run)
        assert (result.status, result.outputs["answer"]) == ("succeeded", "Not now")
        assert chat(engine, "-1007002") == before

    def test_asks_nobody_in_a_preview_and_asks_before_each_write_that_hangs_on_the_answer(
        self, engine: WorkflowEngine
    ) -> None:
        before = chat(engine, "7001"), chat(engine, "-1007002")
        run = engine.start_workflow("ask_before_sending", pins=PINS, preview=True)
        until(lambda: engine.run(run).status == "waiting")
        assert "telegram.ask" in [plan.action for plan in engine.run(run).plans]
        assert (chat(engine, "7001"), chat(engine, "-1007002")) == before
        engine.approve(run)
        press(engine, "Send it")
        questions = until(lambda: len(found := engine.run(run).questions) == 2 and found)
        assert {(question.step, question.kind) for question in questions} == {("send", "effect"), ("file", "effect")}
        assert chat(engine, "-1007002") == before[1]


def test_a_message_whose_end_is_not_known_is_not_sent_again_before_a_person_says_so(
    engine: WorkflowEngine, tmp_path: Path
) -> None:
    step = {"id": "say", "uses": "telegram.send_message", "with": {"text": "Once"}}
    workflow = Workflow.model_validate({"id": "says", "steps": [{**step, "retry": {"attempts": 3, "backoff": 0.01}}]})

    def said() -> list[str]:
        return [message["text"] for message in chat(engine, "7001") if message["text"] == "Once"]

    with (
        dropping(engine.practice_url) as url,
        WorkflowEngine(Settings(home=tmp_path / "other"), practice_url=url) as unlucky,
    ):
        run = unlucky.start_workflow(workflow)
        (question,) = until(lambda: unlucky.run(run).questions)
        assert question.kind == "unknown"
        assert "a bot cannot look at what it wrote" in question.message
        assert said() == ["Once"]
        unlucky.answer(run, "say", "sent")
        assert unlucky.wait(run).status == "succeeded"
    assert said() == ["Once"]
