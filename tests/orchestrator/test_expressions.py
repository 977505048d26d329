from __future__ import annotations

from typing import Any

import pytest

from orchestrator.errors import ExpressionError
from orchestrator.expressions import Skipped, compile_value, render_text, variables_of

SCOPE: dict[str, Any] = {
    "inputs": {"name": "Ada", "count": 3},
    "steps": {"mail": {"items": [1, 2], "keys": "data", "text": "hi"}, "gone": Skipped.step("gone")},
    "run": {"started_at": "2026-11-21T10:00:00+00:00"},
}


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("plain text", "plain text"),
        ("{{ inputs.count }}", 3),
        ("{{ inputs.count + 1 }}", 4),
        ("{{ -inputs.count }}", -3),
        ("{{- inputs.count -}}", 3),
        ("{{ inputs.count > 2 }}", True),
        ("{{ steps.mail['items'][0] }}", 1),
        ("{{ steps.mail.items | map('string') }}", ["1", "2"]),
        ("{{ {'a': (1, 2)} }}", {"a": [1, 2]}),
        ("n={{ inputs.count }}", "n=3"),
        ("{{ inputs.count }}{{ inputs.count }}", "33"),
        ("{% for i in steps.mail.items %}{{ i }};{% endfor %}", "1;2;"),
        ("{{ run.started_at | date }}", "2026-11-21"),
        ("{{ steps.mail.items | json }}", "[1, 2]"),
    ],
)
def test_an_expression_alone_keeps_its_type_and_one_in_text_becomes_text(source: str, value: Any) -> None:
    assert compile_value(source).render(SCOPE) == value


def test_expressions_are_found_anywhere_in_a_value() -> None:
    expression = compile_value({"a": ["{{ steps.mail.text }}", 1], "b": {"c": "{{ inputs.name }}"}})
    assert expression.render(SCOPE) == {"a": ["hi", 1], "b": {"c": "Ada"}}
    assert expression.steps == {"mail"}
    assert expression.inputs == {"name"}
    assert expression.paths == {("mail", "text")}


def test_a_value_without_expressions_is_constant() -> None:
    assert compile_value({"a": [1, "two"]}).constant


@pytest.mark.parametrize("key", ["items", "keys"])
def test_a_key_of_data_is_never_hidden_by_a_method(key: str) -> None:
    assert compile_value(f"{{{{ steps.mail.{key} }}}}").render(SCOPE) == SCOPE["steps"]["mail"][key]


def test_a_wrong_name_is_told_with_the_nearest_right_one() -> None:
    with pytest.raises(ExpressionError, match="there is no 'txet' here; the nearest is 'text'"):
        compile_value("{{ steps.mail.txet }}").render(SCOPE)


def test_bad_syntax_is_found_when_it_is_compiled() -> None:
    for source in ("{{ inputs. }}", "{{ 1 | nosuchfilter }}", "{% if %}", "x {{ 1"):
        with pytest.raises(ExpressionError, match="not a valid expression"):
            compile_value(source)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("{{ inputs.none[0].x }}", "'inputs.none' is empty."),
        ("{{ steps.mail['items'][2] }}", "'steps.mail.items' has 2 items, counted from 0, and no [2]."),
        ("{{ inputs.rows[0][1].x }}", "'inputs.rows[0]' has 1 item, counted from 0, and no [1]."),
        ("see {{ inputs.none[0].x }}", "the list is empty."),
        ("{{ inputs.none[-1] | upper }}", "the list is empty."),
    ],
)
def test_an_item_that_a_list_does_not_have_is_told_with_the_list(source: str, says: str) -> None:
    scope = {**SCOPE, "inputs": {"none": [], "rows": [["a"]]}}
    with pytest.raises(ExpressionError) as failed:
        compile_value(source).render(scope)
    assert failed.value.message == f"'{source}' has no value: {says}"


class TestTheOutputOfASkippedStep:
    def test_is_null_alone(self) -> None:
        assert compile_value("{{ steps.gone.url }}").render(SCOPE) is None

    def test_is_false_in_a_condition(self) -> None:
        assert compile_value("{{ 'yes' if steps.gone.url else 'no' }}").render(SCOPE) == "no"

    def test_is_replaced_by_a_default(self) -> None:
        assert compile_value("see {{ steps.gone.url | default('nothing') }}").render(SCOPE) == "see nothing"

    def test_never_slips_into_text(self) -> None:
        with pytest.raises(ExpressionError, match="step 'gone' was skipped"):
            compile_value("see {{ steps.gone.url }}").render(SCOPE)


def test_what_is_undefined_inside_a_value_is_found_too() -> None:
    assert compile_value("{{ [steps.gone.url, inputs.count] }}").render(SCOPE) == [None, 3]
    with pytest.raises(ExpressionError, match="there is no 'nmae' here"):
        compile_value("{{ [inputs.nmae] }}").render(SCOPE)


def test_text_templates_take_any_names() -> None:
    assert variables_of("Dear {{ name }}, {% for x in items %}{{ x }}{% endfor %}") == {"name", "items"}
    assert render_text("Dear {{ name }}", {"name": "Ada"}) == "Dear Ada"
