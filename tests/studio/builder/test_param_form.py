"""What is typed into a parameter's field, as it stands in the file."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.errors import InvalidInput
from orchestrator.registry import Registry
from studio.builder.fields import Param, params_of, runs_steps_inside
from studio.builder.param_form import meant
from studio.forms import Field, Kind


def param(kind: Kind, default: Any = None) -> Param:
    return Param(Field("x", "X", kind, required=False), ("with", "x"), None, default, "", False, None)


@pytest.mark.parametrize(
    ("kind", "typed", "value"),
    [
        ("text", "hello ", "hello "),
        ("text", "", None),
        ("text", "{{ a }} and {{ b }}", "{{ a }} and {{ b }}"),
        ("multiline", "a\nb", "a\nb"),
        ("integer", "5", 5),
        ("integer", " {{ a }} ", "{{ a }}"),
        ("number", "2.0", 2),
        ("number", "2.5", 2.5),
        ("boolean", "Yes", True),
        ("boolean", "no", False),
        ("boolean", "{{ a }}", "{{ a }}"),
        ("lines", "a\n\n b ", ["a", "b"]),
        ("lines", "{{ a }}", "{{ a }}"),
        ("lines", "{{ a }}\n{{ b }}", ["{{ a }}", "{{ b }}"]),
        ("json", '{"a": "{{ b }}"}', {"a": "{{ b }}"}),
        ("json", '{{ {"a": {"b": 1}} }}', '{{ {"a": {"b": 1}} }}'),
        ("choice", "one", "one"),
    ],
)
def test_a_text_means_what_its_parameter_is(kind: Kind, typed: str, value: Any) -> None:
    assert meant(param(kind), typed) == value


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("Mail from {{ steps.mail.sender }}", "Mail from {{ steps.mail.sender }}"),
        ("[urgent] please", "[urgent] please"),
        ("{{ steps.mail }}", "{{ steps.mail }}"),
        ('{"a": 1}', {"a": 1}),
        ("5", 5),
        ("", None),
    ],
)
def test_what_takes_anything_takes_words(typed: str, value: Any) -> None:
    [show] = [one for one in params_of({"uses": "approve"}, Registry.discover(), {}) if one.field.name == "show"]
    assert meant(show, typed) == value


def test_an_object_that_is_not_finished_is_no_text() -> None:
    [show] = [one for one in params_of({"uses": "approve"}, Registry.discover(), {}) if one.field.name == "show"]
    with pytest.raises(InvalidInput):
        meant(show, '{"a": ')


def test_what_holds_anyway_is_not_written() -> None:
    assert meant(param("integer", default=5), "5") is None
    assert meant(param("boolean", default=True), True) is None


@pytest.mark.parametrize(
    ("kind", "typed", "wrong"),
    [
        ("integer", "many", "'many' is no number."),
        ("integer", "2.5", "'2.5' is no number."),
        ("boolean", "perhaps", "'perhaps' is neither yes nor no."),
        ("json", "{", "'X' is not valid JSON"),
    ],
)
def test_what_it_cannot_mean_is_refused_in_a_sentence(kind: Kind, typed: str, wrong: str) -> None:
    with pytest.raises(InvalidInput) as error:
        meant(param(kind), typed)
    assert error.value.message.startswith(wrong)
    assert error.value.remedy


def test_what_is_looked_at_after_the_steps_inside_is_known() -> None:
    loop = {"id": "again", "uses": "loop_until"}
    late = {one.field.name: one.late for one in params_of(loop, Registry.discover(), {})}
    assert late == {"until": True, "limit": False, "best": True}
    assert runs_steps_inside(loop)
    assert runs_steps_inside({"uses": "group"})
    assert not any(runs_steps_inside({"uses": uses}) for uses in ("states", "set", "gmail.search_messages", "nothing"))
