"""Files of a run's own folder go to Drive and into a chat, through the whole engine and the practice services."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from integrations._telegram_models import SendDocument
from integrations.drive import DriveAccount, UploadFile, upload_file
from orchestrator.actions import Call, ServiceError
from orchestrator.settings import Settings
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine
from tests.integrations.services import Services
from tests.integrations.test_drive import account_at, named

WRITE = {"id": "write", "uses": "files.write", "with": {"path": "out/report.md", "content": "# Hello"}}
UPLOAD = {"id": "put", "uses": "drive.upload_file", "with": {"name": "report.md", "path": "{{ steps.write.path }}"}}
SEND = {"id": "send", "uses": "telegram.send_document", "with": {"name": "report.md", "path": "{{ steps.write.path }}"}}
PICTURE = b"\x89PNG\r\n\x1a\n\0\xff\xfe--\r\nFrom here"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[WorkflowEngine]:
    with WorkflowEngine(Settings(home=tmp_path / "home")) as engine:
        yield engine


@pytest.fixture
def workflow() -> Workflow:
    return Workflow.model_validate({"id": "sends", "steps": [WRITE, UPLOAD, SEND]})


def overview(engine: WorkflowEngine) -> dict[str, Any]:
    return httpx.get(f"{engine.practice_url}/overview", trust_env=False).json()


def test_what_a_step_wrote_is_uploaded_and_sent(engine: WorkflowEngine, workflow: Workflow) -> None:
    assert engine.execute_workflow(workflow).status == "succeeded"
    everything = overview(engine)
    assert [file["text"] for file in everything["files"] if file["name"] == "report.md"] == ["# Hello"]
    assert everything["chats"][0]["messages"][-1]["document"]["text"] == "# Hello"


def test_a_preview_names_the_file_and_sends_nothing(engine: WorkflowEngine, workflow: Workflow) -> None:
    before = overview(engine)
    run = engine.start_workflow(workflow, preview=True)
    engine.wait(run)
    plans = {plan.step: plan.request for plan in engine.run(run).plans}
    assert "report.md" in plans["put"]["path"]
    assert "report.md" in plans["send"]["path"]
    assert overview(engine) == before
    engine.approve(run)
    assert engine.wait(run).status == "succeeded"


def test_a_file_that_is_no_text_arrives_whole_and_is_found_again(practice: Any, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PICTURE)
    call = Call(run_id="run-1", step_id="put", key="run-1/put", services=Services(tmp_path))
    params = UploadFile(name="a.png", path="a.png")
    account = account_at(f"{practice.url}/drive")

    made = upload_file.function(params, account, call)

    assert (made.mime, made.size) == ("image/png", len(PICTURE))
    kept = practice.store.get("drive", "file", named(account, "a.png").id)
    assert base64.b64decode(kept["base64"]) == PICTURE
    assert upload_file.find_function is not None
    assert upload_file.find_function(params, account, call) == made


def test_it_goes_into_a_local_folder_too(tmp_path: Path) -> None:
    run, mine = tmp_path / "run", tmp_path / "mine"
    run.mkdir()
    mine.mkdir()
    (run / "a.png").write_bytes(PICTURE)
    call = Call(run_id="run-1", step_id="put", key="run-1/put", services=Services(run))

    upload_file.function(UploadFile(name="b.png", path="a.png"), DriveAccount(folder=str(mine)), call)

    assert (mine / "b.png").read_bytes() == PICTURE


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    call = Call(run_id="run-1", step_id="put", key="run-1/put", services=Services(tmp_path))
    with pytest.raises(ServiceError, match=r"has no file 'gone\.md'"):
        upload_file.function(UploadFile(name="b.md", path="gone.md"), account_at("http://127.0.0.1:9"), call)


@pytest.mark.parametrize("path", ["../secret", "/etc/passwd", "a/../../b", "C:x"])
def test_a_path_that_leads_out_is_refused(path: str) -> None:
    for model in (UploadFile, SendDocument):
        with pytest.raises(ValidationError):
            model(name="a.md", path=path)


def test_content_and_path_are_not_given_both() -> None:
    for model in (UploadFile, SendDocument):
        with pytest.raises(ValidationError):
            model(name="a.md", path="a.md", content="A")
