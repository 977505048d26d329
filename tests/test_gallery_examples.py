"""The gallery: each workflow runs to its end on practice accounts and the practice model, and makes what it says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.bundle_contents import asked_for, problems_of
from orchestrator.bundle_import import bring_in, look
from orchestrator.bundles import Bundle, read
from orchestrator.result import RunResult
from orchestrator.settings import ROOT, Settings
from orchestrator.workflow_engine import WorkflowEngine

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]

FILES = sorted((ROOT / "gallery").glob("*.json"))
IDS = [path.stem for path in FILES]

MADE: dict[str, set[str]] = {
    "answer_a_mail": {"gmail.reply_message", "gmail.mark_message"},
    "attachments_to_drive": {"drive.create_folder", "drive.upload_file"},
    "decide_together": {"notion.create_page", "github.create_issue"},
    "document_brief": {"notion.create_page", "notion.comment"},
    "explain_code": {"github.create_branch", "github.commit_file", "github.open_pull_request"},
    "figures_by_city": {"drive.upload_file", "telegram.send_message"},
    "shorten_until_it_fits": {"gmail.create_draft"},
    "sort_issues": {"github.label_issue", "telegram.send_message"},
    "sort_the_inbox": {"gmail.label_message"},
    "tasks_due": {"notion.comment", "telegram.send_message"},
    "write_and_review": {"git.init", "files.write", "git.commit"},
}
"""What each one writes."""

INPUTS = {"sort_the_inbox": {"limit": 2}, "attachments_to_drive": {"limit": 3}}
"""Less to do than by default, where a model is asked for each item."""


@pytest.fixture
def engine(made_home: Path) -> Iterator[WorkflowEngine]:
    with WorkflowEngine(Settings(home=made_home)) as running:
        yield running


def bundle_of(id: str, engine: WorkflowEngine) -> Bundle:
    return read((ROOT / "gallery" / f"{id}.json").read_text("utf-8"), engine.library, file=f"{id}.json")


def approved_to_the_end(id: str, engine: WorkflowEngine) -> RunResult:
    """Run it; a person says yes to whatever it asks."""
    result = engine.execute_workflow(id, INPUTS.get(id))
    for _ in range(3):
        for question in engine.run(result.run_id).questions:
            engine.answer(result.run_id, question.step, {"approved": True}, item=question.item, by="ann")
        result = engine.wait(result.run_id)
    return result


def test_there_are_ten_or_more_for_six_purposes(engine: WorkflowEngine) -> None:
    assert len(FILES) >= 10
    assert {bundle_of(id, engine).purpose for id in IDS} == {"Mail", "Documents", "Code", "Writing", "Data", "Team"}
    assert set(MADE) == set(IDS)


@pytest.mark.parametrize("id", IDS)
def test_each_is_complete_and_tells_what_it_is_for(id: str, engine: WorkflowEngine) -> None:
    bundle = bundle_of(id, engine)
    assert (bundle.workflow.id, problems_of(bundle, engine.library, engine.registry)) == (id, [])
    assert bundle.story.endswith(".")
    assert bundle.story.count(". ") == 0, "a story is one sentence"
    assert asked_for(bundle.workflow) == {}, "it runs on practice accounts as it is"
    assert all(step.name for step in bundle.workflow.steps), "people read the names of steps"


@pytest.mark.parametrize("id", IDS)
def test_none_takes_an_id_of_what_is_shipped_for_something_else(id: str, engine: WorkflowEngine) -> None:
    assert [one.item.named for one in look(bundle_of(id, engine), engine.library) if one.standing == "taken"] == []


@pytest.mark.parametrize("id", IDS)
def test_each_runs_to_its_end_and_makes_what_it_says(id: str, engine: WorkflowEngine) -> None:
    bring_in(bundle_of(id, engine), {}, engine, by="ann")

    result = approved_to_the_end(id, engine)

    assert (result.status, result.error) == ("succeeded", None)
    effects = engine.run(result.run_id).effects
    assert {effect.action for effect in effects} == MADE[id]
    assert {effect.status for effect in effects} == {"confirmed"}
    assert all(value not in (None, "", []) for value in result.outputs.values())


def test_a_decision_against_is_written_down_and_nothing_else_is_done(engine: WorkflowEngine) -> None:
    bring_in(bundle_of("decide_together", engine), {}, engine, by="ann")
    run = engine.execute_workflow("decide_together").run_id

    engine.answer(run, "vote", {"approved": False, "comment": "Too early"}, by="ann")

    assert engine.wait(run).status == "succeeded"
    assert [effect.action for effect in engine.run(run).effects] == ["notion.create_page"]
