from __future__ import annotations

import json
from typing import Any

import pytest

from integrations.provider.data import Misfit, problem, read
from tests.integrations.model_server import SCHEMA


@pytest.mark.parametrize(
    "text",
    [
        '{"total": 3}',
        '  {"total": 3}\n',
        '```json\n{"total": 3}\n```',
        '```\n{"total": 3}\n```',
        'Here you are:\n```json\n{"total": 3}\n```\nAnything else?',
        'The answer is {"total": 3}.',
    ],
)
def test_data_is_found_however_it_is_wrapped(text: str) -> None:
    assert read(text, SCHEMA) == {"total": 3}


@pytest.mark.parametrize("data", [[1, 2], "text", 4.5, True, None])
def test_data_need_not_be_an_object(data: Any) -> None:
    assert read(json.dumps(data), {"type": ["array", "string", "number", "boolean", "null"]}) == data


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Good morning.", "it is not JSON"),
        ("", "it is not JSON"),
        ('{"total": ', "it is not JSON"),
        ('{"total": NaN}', "it is not JSON"),
        ("{}", "'total' is a required property"),
        ('{"total": "three"}', "total: 'three' is not of type 'number'"),
        ('{"total": -1}', "total: -1 is less than the minimum of 0"),
        ('{"total": 1, "more": 2}', "'more' was unexpected"),
    ],
)
def test_what_does_not_fit_is_told(text: str, says: str) -> None:
    with pytest.raises(Misfit, match=says):
        read(text, SCHEMA)


def test_the_place_of_what_does_not_fit_is_told() -> None:
    schema = {"type": "object", "properties": {"lines": {"type": "array", "items": SCHEMA}}}
    with pytest.raises(Misfit, match=r"lines\[1\]\.total: '2' is not of type 'number'"):
        read('{"lines": [{"total": 1}, {"total": "2"}]}', schema)


def test_no_other_schema_is_fetched_from_anywhere() -> None:
    with pytest.raises(Misfit, match=r"refers to 'http://127\.0\.0\.1:9/schema', which is not in it"):
        read("{}", {"$ref": "http://127.0.0.1:9/schema"})


def test_what_is_wrong_with_a_schema_is_told() -> None:
    assert problem(SCHEMA) is None
    assert problem({"type": "objekt"}) is not None
    assert "required" in str(problem({"type": "object", "required": "total"}))
