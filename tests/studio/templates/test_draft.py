"""A template while it is edited."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from orchestrator.errors import InvalidTemplate
from orchestrator.templates import Template
from studio.templates.draft import TemplateDraft, VariableDraft, build, found_in, preview, sample_of, with_found

FILE: dict[str, Any] = {
    "id": "summary",
    "name": "Summary",
    "system": "Be {{ tone }}.",
    "user": "Sum up: {% for mail in mails %}{{ mail.subject }} {% endfor %}",
    "variables": {
        "tone": {"title": "Tone", "default": "calm"},
        "mails": {"type": "list", "description": "What to sum up."},
    },
    "model": {"temperature": 0.2},
    "examples": [{"name": "Two", "variables": {"mails": [{"subject": "A"}, {"subject": "B"}]}}],
}
TEMPLATE = Template.model_validate(FILE)


def test_a_draft_that_nobody_changed_builds_the_same_template() -> None:
    assert build(TemplateDraft.of(FILE)) == TEMPLATE


def test_variables_are_found_and_forgotten_by_themselves() -> None:
    draft = replace(TemplateDraft.of(FILE), user="{{ name }} and {{ tone }}")

    rows = with_found(draft).variables

    assert list(rows) == ["tone", "name"]
    assert rows["tone"].title == "Tone"
    assert rows["name"] == VariableDraft()


def test_names_that_the_text_makes_itself_are_no_variables() -> None:
    assert found_in("", "{% for mail in mails %}{{ mail }}{% set x = 1 %}{{ x }}{% endfor %}") == ["mails"]


@pytest.mark.parametrize("text", ["{{ name", "{% if %}x{% endif %}", "{% for a in b %}", "{{ a | nosuchfilter }}"])
def test_bad_jinja_is_one_sentence_with_its_line(text: str) -> None:
    with pytest.raises(InvalidTemplate) as found:
        found_in("fine", f"first line\n{text}")
    assert found.value.message.startswith("The user text breaks at line ")
    assert found.value.remedy


def test_an_unknown_filter_is_found_before_a_model_is_asked() -> None:
    with pytest.raises(InvalidTemplate, match="nosuchfilter"):
        found_in("{{ a | nosuchfilter }}", "")


def test_a_default_is_typed_by_its_variable() -> None:
    rows = {
        "a": VariableDraft("integer", required=False, default="3"),
        "b": VariableDraft("list", required=False, default=""),
        "c": VariableDraft("string", required=False, default=""),
        "d": VariableDraft("boolean", "Really", required=False, default="yes"),
    }
    built = build(replace(TemplateDraft.of(FILE), variables=rows)).variables

    assert [built[name].default for name in "abcd"] == [3, [], "", True]
    assert not any(variable.required for variable in built.values())


def test_a_default_of_a_wrong_type_is_one_sentence() -> None:
    rows = {"a": VariableDraft("integer", required=False, default="many")}
    with pytest.raises(InvalidTemplate, match="'a' must be a whole number, not 'many'"):
        build(replace(TemplateDraft.of(FILE), variables=rows))


def test_a_name_that_no_expression_could_spell_is_refused() -> None:
    with pytest.raises(InvalidTemplate):
        build(replace(TemplateDraft.of(FILE), variables={"a b": VariableDraft()}))


def test_a_sample_is_what_is_given_over_the_defaults() -> None:
    assert sample_of(TEMPLATE, {"mails": ["A"], "gone": 1}) == {"tone": "calm", "mails": ["A"]}
    assert sample_of(TEMPLATE, {}) == {"tone": "calm", "mails": []}


def test_the_preview_shows_the_messages_that_a_model_would_get() -> None:
    shown = preview(TEMPLATE, sample_of(TEMPLATE, TEMPLATE.examples[0].variables))

    assert [message.role for message in shown.messages] == ["system", "user"]
    assert shown.messages[0].content == "Be calm."
    assert shown.messages[1].content.split() == ["Sum", "up:", "A", "B"]


def test_a_missing_variable_is_one_sentence() -> None:
    shown = preview(TEMPLATE, {"tone": "calm"})

    assert shown.messages == ()
    assert "'mails'" in str(shown.trouble)


def test_new_variables_have_the_type_that_they_are_used_as() -> None:
    text = "{{ name }} {{ order.number }} {{ lines[0] }} {% for one in parts %}{{ one.size }}{% endfor %}"
    rows = with_found(TemplateDraft.of({"id": "new", "user": text})).variables
    assert {name: row.type for name, row in rows.items()} == {
        "name": "string",
        "order": "object",
        "lines": "list",
        "parts": "list",
    }


def test_what_nobody_changed_is_written_as_it_was() -> None:
    file = {"format": 1, **FILE}
    assert TemplateDraft.of(file).to_content() == file
    renamed = replace(TemplateDraft.of(file), name="Other").to_content()
    assert renamed == {**file, "name": "Other"}
    assert list(renamed) == list(file), "the order of the file too"


def test_what_is_wrong_is_kept_as_it_was_typed() -> None:
    rows = {"tone": VariableDraft("integer", required=False, default="many")}
    content = replace(TemplateDraft.of(FILE), user="{{ tone", variables=rows).to_content()
    again = TemplateDraft.of(content)
    assert (again.user, again.variables["tone"].default) == ("{{ tone", "many")


def test_a_file_of_wrong_types_is_shown_as_far_as_it_goes() -> None:
    draft = TemplateDraft.of({"id": "odd", "user": 3, "variables": ["x"], "tags": "none"})
    assert (draft.user, draft.variables, draft.tags) == ("3", {}, ())
