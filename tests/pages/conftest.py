"""The pages over a real engine and real practice services, without a browser."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from orchestrator.settings import ROOT, Settings
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine, set_current
from tests.conftest import SCRIPT

Open = Callable[..., AppTest]
Save = Callable[..., Workflow]


OFFLINE = "http://127.0.0.1:9"
"""An address of services that do not answer. Nothing listens on the discard port."""


@pytest.fixture
def practice_url() -> str | None:
    """Where the practice services are: on a port of their own, unless a test says otherwise."""
    return None


@pytest.fixture
def engine(made_home: Path, practice_url: str | None) -> Iterator[WorkflowEngine]:
    with WorkflowEngine(Settings(home=made_home), practice_url=practice_url) as running:
        set_current(running)
        yield running
        set_current(None)
    st.cache_data.clear()


@pytest.fixture
def open_page(engine: WorkflowEngine) -> Open:
    """Open a page of the studio by its name and query, as a deep link does."""

    def opened(page: str, /, **query: str) -> AppTest:
        at = AppTest.from_file(ROOT / "studio" / "main.py", default_timeout=SCRIPT).run()
        at.switch_page(f"../pages/{page}.py")
        for name, value in query.items():
            at.query_params[name] = value
        at.run()
        assert not at.exception
        return at

    return opened


@pytest.fixture
def save(engine: WorkflowEngine) -> Save:
    """Save a workflow with one step that reads the practice mailbox, or with what is given."""

    def saved(id: str, **content: Any) -> Workflow:
        steps = [{"id": "mail", "uses": "gmail.search_messages", "with": {"query": "is:unread", "limit": 2}}]
        workflow = Workflow.model_validate({"id": id, "steps": steps, **content})
        engine.library.workflows.save(workflow)
        return workflow

    return saved


def said(at: AppTest) -> str:
    """All that the page says."""
    found = [*at.title, *at.subheader, *at.markdown, *at.caption, *at.html, *at.error, *at.warning, *at.info]
    return "\n".join(str(element.value) for element in found) + "\n" + "\n".join(link_labels(at))


def expression(at: AppTest, key: str) -> dict[str, Any]:
    """What a field for expressions or an editor shows, as the browser is told."""
    [shown] = json.loads(_component(at, key).proto.json)
    return shown


def type_into(at: AppTest, key: str, text: str, *, crossed: bool = False) -> AppTest:
    """Type into a field for expressions or an editor. `crossed`: while the server was away, and somebody else changed
    it."""
    return tell(at, key, text=text, crossed=crossed)


def tell(at: AppTest, key: str, **edit: Any) -> AppTest:
    """Tell of an edit as the browser does, with whatever was pressed meanwhile. `AppTest` knows no components of our
    own."""
    shown = expression(at, key)
    states = at._tree.get_widget_states()
    told = {"crossed": False, **edit, "number": shown["seen"] + 1, "base": shown["revision"]}
    states.widgets.add(id=_component(at, key).proto.id, json_value=json.dumps({"edit": told}))
    return at._run(states)


def _component(at: AppTest, key: str) -> Any:
    return next(found for found in at.get("bidi_component") if found.proto.id.endswith(f"-{key}"))


def link_labels(at: AppTest) -> list[str]:
    return [str(link.value) for link in at.page_link]


def failing_step() -> dict[str, Any]:
    """A step that fails for good: there is no such page."""
    return {"id": "add", "uses": "notion.append", "with": {"page": "https://nowhere.example/x", "markdown": "x"}}


FILES_A_PAGE: list[dict[str, Any]] = [
    {"id": "mail", "uses": "gmail.search_messages", "with": {"query": "is:unread", "limit": 1}},
    {
        "id": "page",
        "name": "File it",
        "uses": "notion.create_page",
        "with": {
            "parent": "Inbox summaries",
            "title": "Test page",
            "markdown": "# Hi <script>alert(1)</script>",
        },
        "needs": ["mail"],
    },
]
