"""Twenty kinds of secrets, each told by a service in every encoding, are nowhere: not in what is kept or logged, not
on a page, not in an answer of the API or an export. Searched byte by byte."""

from __future__ import annotations

import contextlib
import io
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from api.app import create_api
from orchestrator.console import run_object
from orchestrator.registry import Registry
from orchestrator.settings import ROOT, Settings
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine, set_current
from tests.conftest import SCRIPT
from tests.orchestrator.gossip import ENCODED, a_gossip, all_logged, kept, steps, traces

PEM_LINES = (
    "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj",
    "AgEAAoIBAQC7VJTUt9Us8cKjMzEfYyjiWA4R4/M2",
    "bS1GB4t7NXp98C3SC6dVM==",
)

KINDS: dict[str, str] = {
    "openai": "sk-proj-T3BlbkFJq0_xYz81mKd-9Lw2",
    "anthropic": "sk-ant-api03-Zk9_fQ2mX7-pLwAA",
    "gemini": "AIzaSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY",
    "openrouter": "sk-or-v1-9f86d081884c7d659a2feaa0c55ad015",
    "github classic": "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "github fine-grained": "github_pat_11AABBCCD0_aZ3kQ9wXyT7uVbN",
    "notion": "ntn_4682017359Xk2VbQ8rTzYwLmNpAs",
    "telegram": "7718293641:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw",
    "google client": "GOCSPX-q8Lw_3RvT5xZ-1nB7mKd9sYp",
    "google refresh": "1//0gdX-k2L9/qW8eR7tY6uI5oP4aS3dF",
    "google access": "ya29.a0AfH6SMBx-7k_Qw9eR8tY7uI6oP5",
    "aws": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYzzKEY=",
    "password": "correct horse battery staple!",
    "password with signs": "P@ss'w\"o\\rd<&>%20/+?=#",
    "password of other alphabets": "Straße-密码-пароль-🔑",
    "private key": "\n".join(["-----BEGIN PRIVATE KEY-----", *PEM_LINES, "-----END PRIVATE KEY-----"]),
    "json web token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJzYW0ifQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r",
    "basic": "robot:Xk2-VbQ8rTz/YwLm",
    "hexadecimal": "9b74c9897bac770ffc029102a200c5de43f1a0e7",
    "session": "s%3AjX9k2.L8qW7eR6tY5uI4oP3aS2dF1gH0",
}


@dataclass(frozen=True)
class Planted:
    engine: WorkflowEngine
    settings: Settings
    run_id: str
    preview_id: str
    logged: str


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planted]:
    """An account for each kind, and a run in which its service tells the secret everywhere, in every encoding."""
    settings = Settings(home=tmp_path_factory.mktemp("planted") / "home", preview_first=False)
    said = io.StringIO()
    with WorkflowEngine(settings, registry=Registry([a_gossip()])) as engine:
        with all_logged(), contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            for kind, secret in KINDS.items():
                engine.accounts.add("gossip", kind, {"token": secret})
            preview = engine.start_workflow(_workflow("shown", preview=True), preview=True)
            run = engine.start_workflow(_workflow("told", preview=False))
            for _ in engine.follow(run):
                pass
            assert engine.wait(preview).status == "waiting"
            assert engine.wait(run).status == "succeeded"
            engine.journal.flush()
            _log_by_others()
        set_current(engine)
        yield Planted(engine, settings, run, preview, said.getvalue())
        set_current(None)
    st.cache_data.clear()


def _workflow(id: str, *, preview: bool) -> Workflow:
    return Workflow.model_validate({"id": id, "steps": _every(preview=preview)})


def _every(*, preview: bool) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for number, kind in enumerate(KINDS):
        for which, how in enumerate(ENCODED):
            mark = f"_{number}_{which}"
            told = [{"id": "pass", "uses": "gossip.pass_on", "with": {"how": how}}] if preview else steps(how)
            text = json.dumps(
                [{**step, "account": kind} if step["uses"].startswith("gossip") else step for step in told]
            )
            found += json.loads(text.replace("steps.output", f"steps.output{mark}"))
            for step in found[-len(told) :]:
                step["id"] += mark
    return found


def _log_by_others() -> None:
    """What a web server and the SDKs log, by the logging of the standard library."""
    for secret in KINDS.values():
        for write in ENCODED.values():
            told = write(secret)
            logging.getLogger("uvicorn.error").error("answered %s", told)
            logging.getLogger("httpx").info("HTTP Request: GET %s", told)
            logging.getLogger("googleapiclient.http").warning("Encountered 403 with reason %s", {"reason": told})
            logging.getLogger("urllib3.connectionpool").debug("%s %s", told)
            try:
                raise OSError(told)
            except OSError:
                logging.getLogger("github.Requester").exception("failed")


def found_in(content: bytes) -> list[str]:
    """The kinds that are in it, in any way in which it can be written."""
    parts = {kind: [secret, *(PEM_LINES if kind == "private key" else ())] for kind, secret in KINDS.items()}
    return [kind for kind, secrets in parts.items() if any(one in content for part in secrets for one in traces(part))]


def test_the_search_finds_each_kind_in_each_encoding() -> None:
    for kind, secret in KINDS.items():
        for how, write in ENCODED.items():
            assert kind in found_in(write(secret).encode()), how


def test_nothing_that_is_kept_holds_one(planted: Planted) -> None:
    content = kept(planted.settings)
    assert len(content) > 100_000
    assert found_in(content) == []


def test_no_log_holds_one(planted: Planted) -> None:
    for name in ("ZeroDivisionError", "uvicorn.error", "httpx", "googleapiclient.http", "urllib3", "github.Requester"):
        assert name in planted.logged
    told = [json.loads(line) for line in planted.logged.splitlines()]
    assert sum("•••" in json.dumps(line, ensure_ascii=False) for line in told) == 6 * len(KINDS) * len(ENCODED)
    assert found_in(planted.logged.encode()) == []


def test_no_answer_of_the_api_holds_one(planted: Planted) -> None:
    client = TestClient(create_api(planted.engine))
    for path in ("/runs", f"/runs/{planted.run_id}", f"/runs/{planted.preview_id}", "/workflows", "/openapi.json"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert found_in(answer.content) == []
        assert found_in(answer.content.replace(b"\\\\", b"\\")) == []


def test_no_export_holds_one(planted: Planted) -> None:
    for id in (planted.run_id, planted.preview_id):
        whole = run_object(planted.engine.run(id))
        assert "•••" in json.dumps(whole, ensure_ascii=False)
        assert found_in(json.dumps(whole, ensure_ascii=False).encode()) == []
        assert found_in(repr(planted.engine.run(id)).encode()) == []


def test_no_copy_of_the_folder_without_its_key_holds_one(planted: Planted, tmp_path: Path) -> None:
    """A backup: all but the key. Whoever has it cannot open what is in it."""
    copied = b"".join(
        path.read_bytes() for path in planted.settings.home.rglob("*") if path.is_file() and path.name != "master.key"
    )
    assert found_in(copied) == []
    assert (planted.settings.home / "master.key").read_bytes().strip() not in copied


@pytest.mark.parametrize("page", ["home", "accounts", "runs", "the run", "its step", "the preview", "an account"])
def test_no_page_holds_one(planted: Planted, page: str) -> None:
    names = {"the run": "runs", "its step": "runs", "the preview": "runs", "an account": "accounts"}
    query = {
        "the run": {"id": planted.run_id},
        "its step": {"id": planted.run_id, "step": "output_3_2"},
        "the preview": {"id": planted.preview_id},
        "an account": {"change": "gossip", "name": "openai"},
    }.get(page, {})
    at = AppTest.from_file(ROOT / "studio" / "main.py", default_timeout=SCRIPT).run()
    at.switch_page(f"../pages/{names.get(page, page)}.py")
    for name, value in query.items():
        at.query_params[name] = value
    at.run()

    assert not at.exception
    shown = "\n".join(_all_of(at.main))
    assert len(shown) > 200
    assert found_in(shown.encode()) == []


def _all_of(block: Any) -> Iterator[str]:
    """Everything that is sent to the browser for a part of the page."""
    yield str(getattr(block, "proto", ""))
    for child in getattr(block, "children", {}).values():
        yield from _all_of(child)
