"""Every mistake is found before a run, all at once, with its place and a remedy."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.actions import Account, Call, Connector, Params, Result, field
from orchestrator.errors import InvalidWorkflow, NotFound, Problem
from orchestrator.registry import Registry
from orchestrator.templates import Template
from orchestrator.validation import check, parse

ask = Connector("ask", title="Ask")


class Question(Params):
    """Ask."""

    template: str | None = field("Template", default=None, picker="templates")
    variables: dict[str, Any] = field("Variables", default_factory=dict)
    limit: int = field("Limit", default=5, ge=1)


class Text(Params):
    """Say."""

    text: str = field("Text")


class Answer(Result):
    text: str = field("Text")


@ask.action("Ask", effect="read", result=Answer)
def question(p: Question, account: Account, call: Call) -> Answer:
    return Answer(text="")


@ask.action("Say", effect="read", result=Answer)
def say(p: Text, account: Account, call: Call) -> Answer:
    return Answer(text=p.text)


REGISTRY = Registry([ask])
TEMPLATE = Template.model_validate({"id": "letter", "user": "Dear {{ name }}, {{ text }}"})


def find_template(id: str) -> Template:
    if id != "letter":
        raise NotFound(f"There is no template '{id}'.", remedy="Choose one that exists.")
    return TEMPLATE


def problems(*steps: Any, **keys: Any) -> list[Problem]:
    return check({"id": "w", "steps": list(steps), **keys}, REGISTRY, find_template, file="w.json")


def one(*steps: Any, **keys: Any) -> Problem:
    [problem] = problems(*steps, **keys)
    assert problem.remedy
    assert problem.where.file == "w.json"
    return problem


SAY = {"id": "a", "uses": "ask.say", "with": {"text": "hi"}}


def test_a_right_workflow_has_none() -> None:
    assert problems(SAY, {"id": "b", "uses": "ask.say", "with": {"text": "{{ steps.a.text }}"}}) == []


@pytest.mark.parametrize(
    ("step", "code", "key", "says"),
    [
        ({"wiht": {}}, "unknown_key", "wiht", "the nearest is 'with'"),
        ({"uses": "ask.sya"}, "unknown_action", "uses", "the nearest is 'ask.say'"),
        ({"with": {}}, "missing_parameter", "with.text", "needs 'text'"),
        ({"with": {"text": "x", "txt": 1}}, "unknown_parameter", "with.txt", "the nearest is 'text'"),
        ({"with": {"text": ["x"]}}, "bad_parameter", "with.text", "valid string"),
        ({"with": {"text": "{{ steps.z.text }}"}}, "unknown_step", "with.text", "there is no step 'z'"),
        ({"with": {"text": "{{ inputs.z }}"}}, "unknown_input", "with.text", "there is no input 'z'"),
        ({"with": {"text": "{{ z }}"}}, "unknown_name", "with.text", "'z' means nothing here"),
        ({"with": {"text": "{{ item }}"}}, "unknown_name", "with.text", "only inside a loop"),
        ({"with": {"text": "{{ 1 + }}"}}, "bad_expression", "with.text", "not a valid expression"),
        ({"needs": ["z"]}, "unknown_step", "needs", "there is no step 'z'"),
        ({"on_error": "z"}, "unknown_step", "on_error", "there is no step 'z'"),
        ({"needs": ["a"]}, "cycle", "needs", "a → a"),
        ({"timeout": "long"}, "bad_value", "timeout", "valid number"),
        ({"retry": {"attempt": 2}}, "unknown_key", "retry.attempt", "the nearest is 'attempts'"),
        ({"retry": 0}, "bad_value", "retry.attempts", "greater than or equal to 1"),
    ],
)
def test_a_mistake_in_a_step(step: dict[str, Any], code: str, key: str, says: str) -> None:
    problem = one({**SAY, **step})
    assert (problem.code, problem.where.step, problem.where.key) == (code, "a", key)
    assert says in problem.message


def test_a_result_that_an_action_does_not_give() -> None:
    problem = one(SAY, {"id": "b", "uses": "ask.say", "with": {"text": "{{ steps.a.txet }}"}})
    assert "'a' (ask.say) gives no 'txet'; the nearest is 'text'" in problem.message


def test_duplicate_ids() -> None:
    assert one(SAY, SAY).code == "duplicate_id"


def test_a_ring_of_steps() -> None:
    problem = one({**SAY, "needs": ["b"]}, {**SAY, "id": "b", "needs": ["a"]})
    assert problem.code == "cycle"


def test_an_output_that_refers_to_nothing() -> None:
    problem = one(SAY, output={"x": "{{ steps.b.text }}"})
    assert (problem.code, problem.where.key) == ("unknown_step", "output.x")


def test_a_default_that_does_not_fit_its_input() -> None:
    problem = one(SAY, inputs={"n": {"type": "integer", "default": "many"}})
    assert (problem.code, problem.where.key) == ("bad_default", "inputs.n.default")


INSIDE = {"steps": [SAY]}
STATES = {"states": {"one": {"steps": [SAY]}}}


class TestWhatAKindOfStepDoesNotKnow:
    """Nothing that is written is passed over in silence."""

    @pytest.mark.parametrize("key", ["retry", "timeout", "deadline", "account"])
    @pytest.mark.parametrize(
        ("step", "remedy"),
        [
            ({"uses": "workflow", "with": {"workflow": "w2"}}, "Give '{}' to the steps of the workflow that it runs."),
            ({"uses": "group", **INSIDE}, "Give '{}' to the steps inside."),
            ({"uses": "loop_until", "with": {"until": True, "limit": 2}, **INSIDE}, "Give '{}' to the steps inside."),
            ({"uses": "states", **STATES}, "Give '{}' to the steps inside."),
            ({"uses": "wait", "with": {"seconds": 1}}, "Remove '{}'."),
            ({"uses": "set", "with": {"values": {}}}, "Remove '{}'."),
            ({"uses": "fail", "with": {"message": "no"}}, "Remove '{}'."),
            ({"uses": "branch", "with": {"condition": True}}, "Remove '{}'."),
        ],
    )
    def test_is_refused_with_where_it_belongs(self, step: dict[str, Any], remedy: str, key: str) -> None:
        said = {"retry": 2, "timeout": 5, "deadline": 5, "account": "work"}
        problem = one({"id": "it", **step, key: said[key]})
        assert (problem.where.step, problem.where.key) == ("it", key)
        assert (problem.message, problem.remedy) == (f"{step['uses']} has no '{key}'.", remedy.format(key))

    @pytest.mark.parametrize("uses", ["approve", "wait_for_input"])
    def test_is_refused_with_what_it_has_instead(self, uses: str) -> None:
        problem = one({"id": "it", "uses": uses, "with": {"message": "?"}, "deadline": 60})
        assert problem.remedy == "Give 'within' under 'with': how long there is to answer."


BRANCH = {"id": "b", "uses": "branch", "with": {"condition": True}}
CASES = {"value": 1, "cases": {"1": "mend", "2": "think"}, "default": "read"}


class TestAWayOfABranch:
    @pytest.mark.parametrize(("given", "way"), [({"condition": True}, "no"), (CASES, "think"), (CASES, "read")])
    def test_is_one_that_it_can_go(self, given: dict[str, Any], way: str) -> None:
        assert problems({**BRANCH, "with": given}, {**SAY, "needs": [f"b.{way}"]}) == []

    @pytest.mark.parametrize(
        ("given", "way", "remedy"),
        [
            ({"condition": True}, "yse", "Use one of its ways: yes, no."),
            (CASES, "raed", "Use one of its ways: mend, think, read."),
        ],
    )
    def test_that_it_never_goes_is_refused(self, given: dict[str, Any], way: str, remedy: str) -> None:
        problem = one({**BRANCH, "with": given}, {**SAY, "needs": [f"b.{way}"]})
        assert problem.message.startswith(f"'b' has no way '{way}'; the nearest is")
        assert problem.remedy == remedy

    def test_that_is_known_only_in_a_run_may_be_any(self) -> None:
        late = {"value": 1, "cases": {"1": "{{ inputs.way }}"}}
        inputs = {"way": {"type": "string"}}
        assert problems({**BRANCH, "with": late}, {**SAY, "needs": ["b.any"]}, inputs=inputs) == []

    def test_cannot_be_followed_when_it_goes_one_for_each_item(self) -> None:
        problem = one({**BRANCH, "for_each": [1, 2]}, {**SAY, "needs": ["b.yes"]})
        assert problem.message == "'b' may go another way for each item: no step can follow one of them."


class TestATemplate:
    def test_that_does_not_exist(self) -> None:
        assert one({"id": "a", "uses": "ask.question", "with": {"template": "lettre"}}).code == "bad_template"

    def test_that_is_not_given_all_its_variables(self) -> None:
        asked = {"template": "letter", "variables": {"name": "Ada"}}
        problem = one({"id": "a", "uses": "ask.question", "with": asked})
        assert problem.message == "template 'letter' needs 'text'."


def test_all_mistakes_are_told_at_once() -> None:
    found = problems(
        {"id": "a", "use": "ask.say"},
        {**SAY, "id": "b", "colour": "red", "with": {"text": "{{ steps.z.text }}"}},
        {"id": "c", "uses": "ask.sya", "timeout": -1},
        inputs={"n": {"typ": "string"}},
        colour="red",
    )
    assert sorted(problem.code for problem in found) == [
        "bad_value",
        "missing_key",
        "unknown_action",
        "unknown_key",
        "unknown_key",
        "unknown_key",
        "unknown_key",
        "unknown_step",
    ]


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"id": "w"},
        {"id": "w", "steps": []},
        {"id": "w", "steps": "none"},
        {"id": "w", "steps": [1, None, "x"]},
        {"id": "../../etc/passwd", "steps": [SAY]},
        {"id": "w", "steps": [{"id": "a b", "uses": "ask.say"}]},
        {"id": "w", "format": 99, "steps": [SAY]},
        {"id": "w", "format": "one", "steps": [SAY]},
        {"id": "w", "steps": [SAY], "inputs": []},
        {"id": "w", "steps": [{**SAY, "with": 1}]},
        {"id": "w", "steps": [SAY], "output": {"a-b": 1}},
    ],
)
def test_content_of_any_shape_is_refused_in_our_words(content: dict[str, Any]) -> None:
    found = check(content, REGISTRY, find_template)
    assert found
    with pytest.raises(InvalidWorkflow):
        parse(content)
    assert not any("pydantic" in str(problem) for problem in found)
