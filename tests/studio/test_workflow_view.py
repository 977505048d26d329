"""Workflows in lists, as graphs, and as text that is checked while it is typed."""

from __future__ import annotations

import json
from typing import Any

from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine
from studio.workflow_view import (
    Card,
    asks_a_model,
    canvas_steps,
    card,
    essential,
    marks,
    matching,
    model_notes,
    problems_of,
    service_titles,
)

MAIL: dict[str, Any] = {
    "id": "mail",
    "name": "Mail to a page",
    "description": "Files mail.",
    "inputs": {"parent": {"title": "Where"}, "query": {"default": ""}},
    "steps": [
        {"id": "find_mail", "uses": "gmail.search_messages", "with": {"query": "{{ inputs.query }}"}},
        {
            "id": "page",
            "name": "File it",
            "uses": "notion.create_page",
            "with": {"parent": "{{ inputs.parent }}", "title": "{{ steps.find_mail.count }}"},
        },
    ],
}


def saved(engine: WorkflowEngine, **changes: Any) -> Workflow:
    workflow = Workflow.model_validate(MAIL | changes)
    engine.library.workflows.save(workflow)
    return workflow


def the_card(engine: WorkflowEngine, id: str) -> Card:
    return next(card(entry, engine) for entry in engine.library.workflows.list() if entry.id == id)


def test_a_card_says_what_must_be_filled_in_first(engine: WorkflowEngine) -> None:
    saved(engine)
    found = the_card(engine, "mail")

    assert (found.name, found.description, found.own) == ("Mail to a page", "Files mail.", True)
    assert found.services == ("Gmail", "Notion")
    assert found.asks == ("Where",)
    assert not found.one_click


def test_a_workflow_whose_inputs_all_have_defaults_runs_with_one_click(engine: WorkflowEngine) -> None:
    saved(engine, inputs={"parent": {"default": "Inbox"}, "query": {"default": ""}})
    assert the_card(engine, "mail").one_click


def test_a_workflow_that_cannot_run_says_why_on_its_card(engine: WorkflowEngine) -> None:
    saved(engine, steps=[{"id": "a", "uses": "gmail.serch_messages"}])
    found = the_card(engine, "mail")

    assert not found.one_click
    assert "gmail.search_messages" in (found.error or "")


def test_a_file_that_cannot_be_read_has_a_card_too(engine: WorkflowEngine) -> None:
    folder = engine.settings.home / "workflows"
    folder.mkdir(parents=True)
    (folder / "torn.json").write_text("{", "utf-8")

    found = the_card(engine, "torn")
    assert found.error
    assert not found.one_click


def test_the_search_wants_every_word_anywhere() -> None:
    cards = [Card("a", "Email to Notion", "Files mail.", ("Gmail",)), Card("b", "Review", "Reads code.", ("GitHub",))]

    assert matching(cards, "") == cards
    assert matching(cards, "GMAIL files") == cards[:1]
    assert matching(cards, "gmail code") == []


def test_the_graph_has_a_box_a_step_and_a_line_a_reference(engine: WorkflowEngine) -> None:
    first, second = canvas_steps(Workflow.model_validate(MAIL), engine.registry)

    assert (first["name"], first["needs"]) == ("Find mail", [])
    assert (second["name"], second["needs"]) == ("File it", ["find_mail"])
    assert second.get("action", "").startswith("Notion · ")


def test_a_built_in_step_is_named_in_words_and_is_no_service(engine: WorkflowEngine) -> None:
    asking = Workflow.model_validate(
        MAIL | {"steps": [{"id": "ask", "uses": "approve", "with": {"message": "Sure?"}}], "inputs": {}}
    )
    (box,) = canvas_steps(asking, engine.registry)

    assert box.get("action") == "Ask for approval"
    assert service_titles(asking, engine.registry) == []


def test_the_services_of_steps_inside_a_step_are_named_too(engine: WorkflowEngine) -> None:
    inner = [{"id": "a", "uses": "ai.generate", "with": {"prompt": "Hello"}}]
    grouped = Workflow.model_validate(MAIL | {"steps": [{"id": "g", "uses": "group", "steps": inner}], "inputs": {}})

    assert service_titles(grouped, engine.registry) == ["AI"]
    assert asks_a_model(grouped, engine.registry)


def test_a_line_that_follows_from_others_is_not_drawn() -> None:
    diamond = {"a": (), "b": ("a",), "c": ("a",), "d": ("a", "b", "c"), "e": ("d", "a")}

    assert essential(diamond) == {"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c"), "e": ("d",)}


def test_the_note_on_a_model_is_told_by_the_step_that_asks_it(engine: WorkflowEngine) -> None:
    ask = {"uses": "ai.generate", "with": {"prompt": "Hello"}}
    other = {**ask, "with": {"prompt": "Hello", "model": "openai:gpt-5-mini"}}
    steps = [{"id": "read", "uses": "gmail.search_messages"}, {"id": "a", **ask}, {"id": "b", **other}]
    workflow = Workflow.model_validate(MAIL | {"steps": steps, "inputs": {}})

    assert model_notes(workflow, None, engine) == {"a": "tiny practice model: expect mistakes"}
    assert model_notes(workflow, "openai:gpt-5-mini", engine) == {}
    assert set(model_notes(workflow, "embedded", engine)) == {"a", "b"}


def test_only_a_workflow_that_asks_a_model_lets_one_be_chosen(engine: WorkflowEngine) -> None:
    asking = Workflow.model_validate(
        MAIL | {"steps": [{"id": "a", "uses": "ai.generate", "with": {"prompt": "Hello"}}], "inputs": {}}
    )
    assert asks_a_model(asking, engine.registry)
    assert not asks_a_model(Workflow.model_validate(MAIL), engine.registry)
    assert service_titles(Workflow.model_validate(MAIL), engine.registry) == ["Gmail", "Notion"]


def test_a_right_text_has_no_problems_in_json_or_yaml(engine: WorkflowEngine) -> None:
    assert problems_of(json.dumps(MAIL), engine) == []
    assert problems_of("id: a\nsteps:\n  - {id: b, uses: ai.generate, with: {prompt: Hello}}\n", engine) == []


def test_a_text_that_breaks_says_where(engine: WorkflowEngine) -> None:
    (problem,) = problems_of('{"id": "a"\n"steps": []}', engine)
    assert "line 2" in problem.message
    assert problem.remedy


def test_a_text_of_another_kind_is_one_problem(engine: WorkflowEngine) -> None:
    for text in ("", "[]", "just words", "12"):
        assert len(problems_of(text, engine)) == 1


def test_every_problem_is_marked_at_its_line(engine: WorkflowEngine) -> None:
    text = json.dumps(MAIL | {"steps": [MAIL["steps"][0], {"id": "page", "uses": "notion.create_pag"}]}, indent=2)
    (mark,) = marks(problems_of(text, engine), text)

    assert "notion.create_pag" in text.splitlines()[(mark.get("line") or 0) - 1]
    assert "nearest is 'notion.create_page'" in mark["message"]
