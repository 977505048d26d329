from __future__ import annotations

from typing import Any

import pytest

from orchestrator.actions import Message
from orchestrator.errors import InvalidTemplate, MissingVariables
from orchestrator.templates import Template


def template(**keys: Any) -> Template:
    return Template.model_validate({"id": "letter", "user": "Dear {{ name }}", **keys})


def test_is_filled_with_variables_and_brings_its_model_settings() -> None:
    letter = template(system="Be {{ tone }}.", variables={"tone": {"default": "kind"}}, model={"max_tokens": 9})
    prompt = letter.render({"name": "Ada"})
    assert prompt.messages == (Message("system", "Be kind."), Message("user", "Dear Ada"))
    assert prompt.settings == {"max_tokens": 9}


def test_finds_its_variables_by_itself() -> None:
    assert template(system="{% for x in items %}{{ x }}{% endfor %}").found_variables == {"items", "name"}


def test_a_missing_variable_is_named() -> None:
    with pytest.raises(MissingVariables, match="Template 'letter' needs 'name'"):
        template().render({})


def test_text_that_is_no_jinja_is_refused_in_a_sentence() -> None:
    with pytest.raises(InvalidTemplate, match="Template 'letter'"):
        template(user="{{ name ").render({"name": "Ada"})


def test_its_file_reads_back_as_the_same() -> None:
    letter = template(variables={"name": {"title": "Name"}}, examples=[{"name": "One", "variables": {"name": "Ada"}}])
    assert Template.model_validate_json(letter.to_json()) == letter


def test_its_cases_travel_in_its_file() -> None:
    case = {"name": "One", "variables": {"name": "Ada"}, "expect": [{"kind": "contains", "value": "Ada"}]}
    letter = template(cases=[case])
    assert Template.model_validate_json(letter.to_json()).cases == letter.cases
    assert letter.cases[0].expect[0].kind == "contains"
