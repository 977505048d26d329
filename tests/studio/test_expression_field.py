"""The Python side of a field for expressions: whose text stands when page and browser meet."""

from __future__ import annotations

import json
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from tests.conftest import SCRIPT


def page() -> None:
    import streamlit as st

    from studio.expression_field import Answer, expression_field, values

    state = st.session_state
    state.setdefault("text", "a")

    def take(typed: str) -> str:
        if typed == "bad":
            return "It is bad."
        state["text"] = typed.strip()
        return ""

    values([{"at": "run", "name": "This run", "kind": "object"}], key="form")
    expression_field("Title", state["text"], take, key="field", form="form", answer=Answer("value", "A"), required=True)


@pytest.fixture
def at() -> AppTest:
    return AppTest.from_function(page, default_timeout=SCRIPT).run()


def shown(at: AppTest, key: str = "field") -> dict[str, Any]:
    [data] = json.loads(component(at, key).proto.json)
    return data


def component(at: AppTest, key: str) -> Any:
    return next(found for found in at.get("bidi_component") if found.proto.id.endswith(f"-{key}"))


def tell(at: AppTest, **edit: Any) -> dict[str, Any]:
    """The browser tells an edit; what it is shown then."""
    states = at._tree.get_widget_states()
    states.widgets.add(id=component(at, "field").proto.id, json_value=json.dumps({"edit": edit}))
    at._run(states)
    assert not at.exception
    return shown(at)


def test_it_shows_what_the_page_says(at: AppTest) -> None:
    data = shown(at)
    assert (data["value"], data["seen"], data["required"], data["wrong"]) == ("a", 0, True, "")
    assert data["answer"] == {"kind": "value", "text": "A", "more": ""}
    assert shown(at, "form")["names"] == [{"at": "run", "name": "This run", "kind": "object"}]


def test_what_is_typed_is_taken_and_its_echo_is_no_news(at: AppTest) -> None:
    before = shown(at)["revision"]
    data = tell(at, text="b ", number=1, base=before)
    assert at.session_state["text"] == "b"
    assert (data["seen"], data["revision"]) == (1, before), "the page's 'b' does not overwrite 'b '"


def test_a_change_by_the_page_is_a_new_revision(at: AppTest) -> None:
    before = shown(at)["revision"]
    at.session_state["text"] = "by the page"
    at.run()
    data = shown(at)
    assert data["value"] == "by the page"
    assert data["revision"] != before


def test_an_edit_of_an_older_revision_is_none(at: AppTest) -> None:
    before = shown(at)["revision"]
    at.session_state["text"] = "by the page"
    at.run()
    assert tell(at, text="typed", number=1, base=before)["seen"] == 0
    assert at.session_state["text"] == "by the page"


def test_an_edit_is_taken_once(at: AppTest) -> None:
    base = shown(at)["revision"]
    tell(at, text="b", number=1, base=base)
    at.session_state["text"] = "a"
    at.run()
    assert tell(at, text="b", number=1, base=shown(at)["revision"])["seen"] == 1
    assert at.session_state["text"] == "a"


def test_what_cannot_be_taken_stays_to_be_corrected(at: AppTest) -> None:
    base = shown(at)["revision"]
    data = tell(at, text="bad", number=1, base=base)
    assert (data["value"], data["wrong"]) == ("bad", "It is bad.")
    assert at.session_state["text"] == "a"
    data = tell(at, text="good", number=2, base=base)
    assert (data["value"], data["wrong"]) == ("good", "")
