"""Workflows: find, run with a form, copy, import, delete."""

from __future__ import annotations

import json
from typing import Any

from streamlit.testing.v1 import AppTest

from orchestrator.workflow_engine import WorkflowEngine
from tests.pages.conftest import Open, Save, said


def card_ids(at: AppTest) -> set[str]:
    return {str(button.key).removeprefix("run-") for button in at.button if str(button.key).startswith("run-")}


def upload(open_page: Open, content: Any) -> AppTest:
    at = open_page("workflows")
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    return at.file_uploader(key="workflows-upload").upload("wanted.json", data).run()


def test_the_search_narrows_the_list(open_page: Open, save: Save) -> None:
    save("reads", name="Reads mail", description="Nothing but mail.")
    save("other", name="Something else")
    at = open_page("workflows")
    assert {"reads", "other"} <= card_ids(at)

    at.text_input(key="find").set_value("nothing MAIL").run()
    assert card_ids(at) == {"reads"}

    at.text_input(key="find").set_value("no such thing").run()
    assert "No workflow fits this search." in said(at)


def test_the_form_is_made_from_the_inputs_and_starts_a_run(open_page: Open, engine: WorkflowEngine, save: Save) -> None:
    save(
        "asks",
        inputs={
            "words": {"title": "Search words", "default": "is:unread"},
            "many": {"type": "integer", "default": 2},
            "kind": {"choices": ["a", "b"], "default": "b"},
            "labels": {"type": "list", "default": []},
        },
    )
    at = open_page("workflows", id="asks")

    at.text_input(key="input:asks:words").set_value("invoice")
    at.number_input(key="input:asks:many").set_value(5)
    at.selectbox(key="input:asks:kind").select("a")
    at.text_area(key="input:asks:labels").set_value("one\ntwo")
    at.button(key="run").click().run()

    run = engine.run(at.query_params["id"])
    assert run.inputs == {"words": "invoice", "many": 5, "kind": "a", "labels": ["one", "two"]}


def test_a_required_input_left_empty_starts_nothing_and_is_named(
    open_page: Open, engine: WorkflowEngine, save: Save
) -> None:
    save("asks", inputs={"where": {"title": "Where to"}})
    at = open_page("workflows", id="asks")

    at.button(key="run").click().run()

    assert "'Where to' is empty." in at.warning[0].value
    assert engine.runs() == []


def test_a_model_can_be_chosen_where_one_is_asked(open_page: Open, save: Save) -> None:
    save("asks", steps=[{"id": "a", "uses": "ai.generate", "with": {"prompt": "Hello"}}])
    save("reads")

    assert open_page("workflows", id="asks").selectbox(key="model").options
    assert "model" not in {box.key for box in open_page("workflows", id="reads").selectbox}


def test_a_copy_is_made_and_opened(open_page: Open, engine: WorkflowEngine, save: Save) -> None:
    save("reads", name="Reads mail")
    at = open_page("workflows", id="reads")

    at.button(key="duplicate").click().run()

    assert at.query_params["id"] == "reads_2"
    assert engine.load_workflow("reads_2").name == "Reads mail (copy)"


def test_what_a_person_made_can_be_deleted_after_being_asked(
    open_page: Open, engine: WorkflowEngine, save: Save
) -> None:
    save("reads")
    at = open_page("workflows", id="reads")

    at.button(key="delete").click().run()
    assert "reads" in engine.library.workflows.ids()
    at.button(key="delete-really").click().run()
    assert "reads" not in engine.library.workflows.ids()


def test_a_new_file_is_imported(open_page: Open, engine: WorkflowEngine) -> None:
    at = upload(open_page, {"id": "new_one", "steps": [{"id": "a", "uses": "ai.generate", "with": {"prompt": "Hi"}}]})
    assert "new_one" not in engine.library.workflows.ids()

    at.button(key="workflows-import").click().run()

    assert "new_one" in engine.library.workflows.ids()
    assert at.query_params["id"] == "new_one"


def test_an_import_with_mistakes_lists_them_and_saves_nothing(open_page: Open, engine: WorkflowEngine) -> None:
    at = upload(open_page, {"id": "new_one", "steps": [{"id": "a", "uses": "ai.generat", "wth": {}}]})

    assert "This file was not imported." in said(at)
    assert len(at.warning) == 2
    assert "new_one" not in engine.library.workflows.ids()


def test_an_import_asks_before_it_replaces(open_page: Open, engine: WorkflowEngine, save: Save) -> None:
    workflow = save("reads", name="Mine")
    theirs = workflow.dump() | {"name": "Theirs"}

    at = upload(open_page, theirs)
    assert engine.load_workflow("reads").name == "Mine"
    at.button(key="workflows-keep-both").click().run()
    assert engine.load_workflow("reads").name == "Mine"
    assert engine.load_workflow("reads_2").name == "Theirs (copy)"

    at = upload(open_page, theirs)
    at.button(key="workflows-replace").click().run()
    assert engine.load_workflow("reads").name == "Theirs"


def test_a_broken_file_can_be_opened_and_corrected(open_page: Open, engine: WorkflowEngine) -> None:
    folder = engine.settings.home / "workflows"
    folder.mkdir(parents=True)
    (folder / "torn.json").write_text('{"id": "torn"', "utf-8")

    at = open_page("workflows", id="torn")

    assert at.error
    assert "Correct it in the Builder" in said(at)
    assert "duplicate" not in {button.key for button in at.button}


def test_a_workflow_with_mistakes_shows_them_instead_of_its_form(open_page: Open, save: Save) -> None:
    save("wrong", steps=[{"id": "a", "uses": "ai.generate", "with": {"prompt": "{{ steps.a. }}"}}])
    at = open_page("workflows", id="wrong")

    assert "It cannot run yet." in said(at)
    assert at.warning
    assert "run" not in {button.key for button in at.button}


def test_an_id_that_would_leave_its_folder_or_does_not_exist_is_one_sentence(open_page: Open) -> None:
    for id in ("../../etc/passwd", "nope", "a/b", "%00", "x" * 300):
        at = open_page("workflows", id=id)
        assert len(at.error) == 1
        assert "There is no workflow" in at.error[0].value
