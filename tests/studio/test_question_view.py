"""What a waiting run asks, in words and widgets."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from orchestrator.preview import UNKNOWN_ANSWERS
from studio.forms import collect
from studio.question_view import AFTER_A_LOST_ANSWER, answer_field, asked_of, circumstances, write_request
from tests.studio.views import question, run, step


def test_what_a_preview_asks_stands_with_its_writes() -> None:
    asks = question()
    assert asked_of([question("preview", step=""), asks]) == [asks]


def test_who_is_asked_for_what_and_until_when() -> None:
    asks = question(who="Ada", item="2", until=0.0)
    told = circumstances(replace(asks, until=60.0), run(step("ask", name="Ask the editor")), "UTC")

    assert told == ["Step Ask the editor", "item 3", "asked: Ada", "answer by 1 Jan 1970, 00:01"]
    assert circumstances(question(), run(step("ask")), None) == ["Step Ask"]


@pytest.mark.parametrize(
    ("asks", "comes"),
    [
        ({"uses": "approve", "with": {"within": 60}}, "without an answer it counts as rejected"),
        ({"uses": "approve", "with": {"otherwise": "approve"}}, "without an answer it counts as approved"),
        ({"uses": "gmail.send_message", "approve": {"within": 60}}, "without an answer it is not sent"),
        ({"uses": "gmail.send_message", "approve": {"otherwise": "approve"}}, "without an answer it is sent"),
    ],
)
def test_what_comes_of_no_answer_is_said_before(asks: dict[str, Any], comes: str) -> None:
    waits = replace(run(step("ask")), workflow={"steps": [{"id": "ask", **asks}]})
    assert circumstances(question(until=60.0), waits, "UTC")[-1] == comes


@pytest.mark.parametrize(
    ("type", "choices", "kind"),
    [
        ("string", None, "multiline"),
        ("integer", None, "integer"),
        ("number", None, "number"),
        ("boolean", None, "boolean"),
        ("list", None, "lines"),
        ("object", None, "json"),
        ("string", ["low", "high"], "choice"),
        ("integer", [1, 2], "choice"),
    ],
)
def test_the_widget_fits_what_is_asked_for(type: str, choices: list[Any] | None, kind: str) -> None:
    field = answer_field(question("input", type=type, choices=choices))
    assert (field.kind, field.required) == (kind, True)


def test_an_empty_answer_is_not_sent() -> None:
    field = answer_field(question("input", type="string"))
    values, (problem,) = collect([field], {"answer": ""})

    assert values == {}
    assert problem.message == "'Your answer' is empty."


def test_no_is_an_answer() -> None:
    field = answer_field(question("input", type="boolean"))
    assert collect([field], {"answer": False}) == ({"answer": False}, [])


def test_a_write_is_shown_as_it_will_be_sent() -> None:
    assert write_request(question("effect", show={"to": "a"})) == {"to": "a"}


def test_a_lost_answer_has_a_button_for_each_way_on() -> None:
    assert {choice.value for choice in AFTER_A_LOST_ANSWER} == set(UNKNOWN_ANSWERS)
