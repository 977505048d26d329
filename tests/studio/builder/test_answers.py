from __future__ import annotations

import json
from typing import Any

import pytest

from orchestrator.expressions import compile_value
from orchestrator.registry import Registry
from orchestrator.settings import ROOT
from studio.builder.answers import LONG, SHORT, answer_of, names_data
from studio.builder.trees import NOTHING, Variable
from studio.builder.variables import Known, Reach, reach_of

DRAFT: dict[str, Any] = {
    "steps": [
        {"id": "mail", "name": "Look for mail", "uses": "gmail.search_messages"},
        {"id": "last", "uses": "set", "with": {"values": {"x": "{{ steps.mail.count }}"}}},
    ]
}
VALUES = {
    "text": "A <b>bold</b> text",
    "lines": "one\ntwo",
    "long": "x" * (LONG + 1),
    "yes": True,
    "none": None,
    "number": 2.5,
    "list": [1, 2, 3],
    "object": {"a": 1},
    "moment": "2026-11-21T10:20:30Z",
}


@pytest.fixture(scope="module")
def registry() -> Registry:
    return Registry.discover()


@pytest.fixture(scope="module")
def reach(registry: Registry) -> Reach:
    return reach_of(DRAFT, "last", Known(VALUES, {"mail": {"count": 3}}), registry)


def told(text: str, reach: Reach) -> tuple[str, str, str]:
    answer = answer_of(text, reach)
    assert answer is not None
    return answer.kind, answer.text, answer.more


@pytest.mark.parametrize("text", ["", "plain", "{ no braces }", None, 5, ["{{ x }}"]])
def test_a_text_without_expressions_has_no_answer(text: Any, reach: Reach) -> None:
    assert answer_of(text, reach) is None


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("inputs.text", "A <b>bold</b> text"),
        ("inputs.yes", "yes"),
        ("inputs.none", "nothing"),
        ("inputs.number", "2.5"),
        ("steps.mail.count + 1", "4"),
        ("''", "an empty text"),
        ("[]", "0 in a list"),
        ("{}", "0 values"),
        ("inputs.moment", "2026-11-21 10:20"),
    ],
)
def test_a_value_is_told_in_a_few_words(expression: str, text: str, reach: Reach) -> None:
    assert told(f"{{{{ {expression} }}}}", reach)[:2] == ("value", text)


def test_what_does_not_fit_on_a_line_can_be_unfolded(reach: Reach) -> None:
    assert told("{{ inputs.list }}", reach) == ("value", "3 in a list", "[\n  1,\n  2,\n  3\n]")
    assert told("{{ inputs.object }}", reach) == ("value", "1 value", '{\n  "a": 1\n}')
    assert told("{{ inputs.lines }}", reach) == ("value", "one two", "one\ntwo")
    _, line, whole = told("{{ inputs.long }}", reach)
    assert (len(line), len(whole)) == (SHORT, LONG)


def test_one_that_uses_what_has_not_run_says_what_it_waits_for(registry: Registry) -> None:
    nothing_ran = reach_of(DRAFT, "last", Known({}, {}), registry)
    waits = "Its value shows here once 'Look for mail' has run."
    assert told("{{ steps.mail.count }} mails", nothing_ran) == ("waits", waits, "")


def test_one_of_a_loop_waits_for_its_list(registry: Registry) -> None:
    each = {**DRAFT["steps"][1], "for_each": "{{ steps.mail.messages }}"}
    draft = {"steps": [DRAFT["steps"][0], each]}
    nothing_ran = reach_of(draft, "last", Known({}, {}), registry)
    assert told("{{ item.subject }}", nothing_ran)[:2] == (
        "waits",
        "Its value shows here once 'Look for mail' has run.",
    )
    nothing_found = reach_of(draft, "last", Known({}, {"mail": {"messages": []}}), registry)
    kind, text, _ = told("{{ item.subject }}", nothing_found)
    assert (kind, text) == ("waits", "Its value shows here once there is something in the list that it is done for.")
    assert told("{{ itme.subject }}", nothing_ran)[0] == "wrong"


def test_one_that_is_wrong_says_so_in_one_sentence(reach: Reach) -> None:
    kind, text, _ = told("{{ steps.mail.cuont }}", reach)
    assert (kind, text) == ("wrong", "There is no 'cuont' here; the nearest is 'count'.")
    kind, text, _ = told("{{ nobody", reach)
    assert kind == "wrong"
    assert text.startswith("It is not a valid expression: ")


def test_a_name_that_is_endless_is_cut(registry: Registry) -> None:
    draft = {"steps": [{**DRAFT["steps"][0], "name": "\u202ename" * 900}, DRAFT["steps"][1]]}
    nothing_ran = reach_of(draft, "last", Known({}, {}), registry)
    assert len(told("{{ steps.mail.count }}", nothing_ran)[1]) < 100
    [mail] = (name for name in names_data(nothing_ran.found) if name["at"] == "steps.mail")
    assert len(mail["name"]) <= 60
    assert "\u202e" not in mail["name"]


def test_braces_with_nothing_between_wait_for_it(reach: Reach) -> None:
    assert told("{{  }}", reach)[0] == "waits"


def test_names_go_to_the_browser_in_few_bytes() -> None:
    subject = Variable("item.subject", "subject", "text", "<b>Hello</b>\n" * 20)
    whole = Variable("item", "This item", "object", {"subject": "", "left out": ""}, (subject,))
    [item] = names_data([whole])
    [part] = item.pop("parts")
    assert item == {"at": "item", "name": "This item", "kind": "object", "left": 1}
    assert part["at"] == ".subject"
    assert len(part["value"]) <= 60
    assert names_data([Variable("index", "Its number", "number", NOTHING)]) == [
        {"at": "index", "name": "Its number", "kind": "number"}
    ]


FILTERS = json.loads((ROOT / "studio/frontend/src/expression/filters.json").read_text("utf-8"))
SAMPLES: dict[str, Any] = {
    "text": "12",
    "number": 12,
    "yes or no": True,
    "list": [3, 1, 2],
    "object": {"name": 1},
    "": None,
}
FIELDS = ("attribute=", "attr(", "date(")


@pytest.mark.parametrize("filter", FILTERS, ids=lambda filter: filter["put"])
def test_each_filter_that_is_offered_does_what_it_is_offered_for(filter: dict[str, Any]) -> None:
    for kind in filter["for"]:
        value = SAMPLES[kind]
        if any(name in filter["put"] for name in FIELDS):
            value = [{"name": "a"}] if kind == "list" else "2026-11-21T10:20:30Z" if kind == "text" else 1_700_000_000
        assert compile_value(f"{{{{ x | {filter['put']} }}}}").render({"x": value}) is not None
