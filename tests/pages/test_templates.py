"""Templates: edit with a live preview, save, copy, import."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from orchestrator.templates import Template
from orchestrator.workflow_engine import WorkflowEngine
from tests.pages.conftest import Open, begun, said


@pytest.fixture
def hello(engine: WorkflowEngine) -> Template:
    template = Template.model_validate(
        {
            "id": "hello",
            "name": "Hello",
            "system": "Be kind.",
            "user": "Greet {{ name }} on {{ day }}.",
            "variables": {"name": {"title": "Whom"}, "day": {"default": "Monday"}},
            "examples": [{"name": "Ann", "variables": {"name": "Ann <b>Lee</b>"}}],
        }
    )
    engine.library.templates.save(template)
    return template


def write(at: AppTest, engine: WorkflowEngine, user: str) -> AppTest:
    """Type another user text."""
    saved = engine.library.templates.text("hello")
    at.session_state["user:hello"] = {"value": {"text": user, "revision": begun(saved)}}
    return at.run()


def keys(elements: Any) -> set[str]:
    return {str(element.key).split(":")[0] + ":" + str(element.key).split(":")[-1] for element in elements}


def test_the_list_names_each_template(open_page: Open, hello: Template) -> None:
    assert "**Hello**" in said(open_page("templates"))


def test_the_preview_is_filled_with_the_sample_and_runs_nothing_in_it(open_page: Open, hello: Template) -> None:
    text = said(open_page("templates", id="hello"))

    assert "Be kind." in text
    assert "Greet Ann &lt;b&gt;Lee&lt;/b&gt; on Monday." in text


def test_a_new_variable_is_found_by_itself_and_shown_in_the_preview(
    open_page: Open, engine: WorkflowEngine, hello: Template
) -> None:
    at = write(open_page("templates", id="hello"), engine, "Greet {{ name }} in {{ language }}.")

    assert {"title:name", "title:language"} <= keys(at.text_input)
    assert "title:day" not in keys(at.text_input)
    assert "‹language›" in said(at)


def test_bad_jinja_is_one_sentence_and_cannot_be_saved(
    open_page: Open, engine: WorkflowEngine, hello: Template
) -> None:
    at = write(open_page("templates", id="hello"), engine, "Greet {{ name")

    (error,) = at.error
    assert "The user text breaks at line 1" in error.value
    assert at.button(key="save").disabled


def test_a_changed_template_is_saved_whole(open_page: Open, engine: WorkflowEngine, hello: Template) -> None:
    at = write(open_page("templates", id="hello"), engine, "Hi {{ name }}!")
    at.button(key="save").click().run()

    saved = engine.library.templates.load("hello")
    assert saved.user == "Hi {{ name }}!"
    assert list(saved.variables) == ["name"]
    assert saved.variables["name"].title == "Whom"
    assert saved.examples == hello.examples


def test_saving_over_what_changed_elsewhere_is_said_first(
    open_page: Open, engine: WorkflowEngine, hello: Template
) -> None:
    at = write(open_page("templates", id="hello"), engine, "Hi {{ name }}!")

    engine.library.templates.save(hello.model_copy(update={"name": "Theirs"}))
    at.run()

    assert "changed elsewhere" in said(at)
    at.button(key="save").click().run()
    assert engine.library.templates.load("hello").user == "Hi {{ name }}!"


def test_a_template_that_nobody_changed_need_not_be_saved(open_page: Open, hello: Template) -> None:
    assert open_page("templates", id="hello").button(key="save").disabled


def test_other_sample_values_show_at_once(open_page: Open, hello: Template) -> None:
    at = open_page("templates", id="hello")
    at.text_area(key="sample:hello:0:day").set_value("Friday").run()

    assert "on Friday." in said(at)


def test_a_copy_is_made_and_opened(open_page: Open, engine: WorkflowEngine, hello: Template) -> None:
    at = open_page("templates", id="hello")
    at.button(key="duplicate").click().run()

    assert at.query_params["id"] == "hello_2"
    assert engine.library.templates.load("hello_2").user == hello.user


def test_a_template_is_imported(open_page: Open, engine: WorkflowEngine) -> None:
    at = open_page("templates")
    at.file_uploader(key="templates-upload").upload("t.yaml", b"id: fresh\nuser: Hi {{ name }}\n").run()
    at.button(key="templates-import").click().run()

    assert engine.library.templates.load("fresh").user == "Hi {{ name }}"


def test_a_broken_file_says_what_is_wrong(open_page: Open, engine: WorkflowEngine) -> None:
    folder = engine.settings.home / "templates"
    folder.mkdir(parents=True)
    (folder / "torn.json").write_text('{"id": "torn"}', "utf-8")

    (error,) = open_page("templates", id="torn").error
    assert "user" in error.value


def test_an_unknown_template_is_one_sentence(open_page: Open) -> None:
    (error,) = open_page("templates", id="../secrets").error
    assert "There is no template" in error.value
