"""Importing from a repository: what is in it is shown with what it needs, and a person chooses what becomes theirs."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from streamlit.testing.v1 import AppTest

from orchestrator.workflow_engine import WorkflowEngine
from tests.pages.conftest import Open, Save, said
from tests.pages.test_gallery import EVIL, harmless

GREETING = {"id": "greeting", "user": "Greet {{ name }}", "variables": {"name": {"type": "string"}}}
ASK = {"id": "text", "uses": "ai.generate", "with": {"template": "greeting", "variables": {"name": "Ada"}}}
MAIL = {"id": "mail", "uses": "gmail.search_messages"}
WRITER = {"id": "writer", "name": "Writer", "description": "Greets.", "steps": [MAIL, ASK]}
STRANGE = {"id": "strange", "name": EVIL, "description": EVIL, "steps": [{"id": "a", "name": EVIL, "uses": EVIL}]}
FILES = {
    "flows/evil.json": {"id": "evil", "name": EVIL, "description": EVIL, "steps": [{**MAIL, "name": EVIL}]},
    "flows/strange.json": STRANGE,
    "flows/writer.json": WRITER,
    "flows/texts/greeting.json": GREETING,
    "package.json": {"name": "x"},
}


def commit(engine: WorkflowEngine, files: Mapping[str, Any]) -> None:
    """Put files into the handbook of practice GitHub."""
    headers = {"authorization": "Bearer practice"}
    for path, content in files.items():
        text = base64.b64encode(json.dumps(content).encode()).decode()
        url = f"{engine.practice_url}/github/repos/practice/handbook/contents/{path}"
        httpx.put(url, headers=headers, json={"message": "Add it", "content": text}).raise_for_status()


def look(open_page: Open, engine: WorkflowEngine, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    commit(engine, FILES)
    monkeypatch.setenv("PATCHBAY_GITHUB_BASE_URL", f"{engine.practice_url}/github")
    at = open_page("gallery", repository="https://github.com/practice/handbook/tree/main")
    return at.selectbox(key="repository-account").set_value("practice").run()


def shown(at: AppTest) -> str:
    return said(at).replace("\\", "").replace("\u2060", "")


def test_the_import_leads_from_an_address_to_what_is_in_it(open_page: Open) -> None:
    at = open_page("workflows")
    at.text_input(key="import-address").set_value("practice/handbook").run()
    assert at.button(key="look-into").label == "Look into practice/handbook"


def test_what_is_found_is_told_and_what_is_chosen_becomes_ones_own(
    open_page: Open, engine: WorkflowEngine, save: Save, monkeypatch: pytest.MonkeyPatch
) -> None:
    save("writer", name="Mine")
    at = look(open_page, engine, monkeypatch)
    assert "**Needs**: Gmail, a model" in shown(at)
    assert "comes with template greeting" in shown(at)
    assert "1 other file is no workflow" in shown(at)
    assert at.checkbox(key="choose-flows/strange.json").disabled
    assert "What will be written" not in shown(at)
    harmless(at)

    at.checkbox(key="choose-flows/writer.json").check().run()
    assert at.button(key="import-bundle").disabled, "the id is taken: a person chooses"
    at.radio(key="choice-workflow-writer").set_value("keep_both").run()
    at.button(key="import-bundle").click().run()

    assert at.query_params["id"] == "writer_2"
    assert engine.load_workflow("writer").name == "Mine"
    assert engine.workflow_versions.history("writer_2")[0].origin == "imported"
    assert "greeting" in engine.library.templates.ids()
    assert "evil" not in engine.library.workflows.ids()
    assert not engine.runs()


def test_all_that_can_be_imported_is_chosen_at_once(
    open_page: Open, engine: WorkflowEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = look(open_page, engine, monkeypatch)
    at.checkbox(key="choose-all").check().run()
    at.button(key="import-bundle").click().run()

    assert {"evil", "writer"} <= set(engine.library.workflows.ids())
    assert "strange" not in engine.library.workflows.ids()
    harmless(at)


@pytest.mark.parametrize(
    ("repository", "message"),
    [("https://example.com/a/b", "is no repository"), (EVIL, "is no repository"), ("practice/handbook", "reached")],
)
def test_what_cannot_be_read_is_told_in_a_sentence(
    open_page: Open, monkeypatch: pytest.MonkeyPatch, repository: str, message: str
) -> None:
    monkeypatch.setenv("PATCHBAY_GITHUB_BASE_URL", "http://127.0.0.1:9")
    at = open_page("gallery", repository=repository)
    assert message in at.error[0].value
    harmless(at)
