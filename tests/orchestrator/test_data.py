"""What the journal can keep, and how a value is shown in a message."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from orchestrator.actions import Params
from orchestrator.data import DEPTH, flaw, found_flaw, short
from orchestrator.records import encode


def nested(levels: int) -> Any:
    value: Any = "x"
    for number in range(levels):
        value = [value] if number % 2 else {"a": value}
    return value


class TestAFlaw:
    @pytest.mark.parametrize(
        "value", [None, True, 1, 1.5, float("nan"), "a\x00ü", [], {}, {1: "a"}, {"a": [1, {"b": None}]}, nested(DEPTH)]
    )
    def test_is_not_found_in_data(self, value: Any) -> None:
        assert flaw(value, "x") is None

    @pytest.mark.parametrize(
        ("value", "told"),
        [
            ({"rows": [1, {"name": b"\xff"}]}, "'x.rows[1].name' is raw bytes, not text"),
            ([0, 2**64], "'x[1]' is a whole number of more than 19 digits"),
            ("\ud800", "'x' is a text with half a character in it"),
            ({"a": print}, "'x.a' is neither text, number, list nor object (its type is 'builtin_function_or_method')"),
            ({"a": {1}}, "'x' holds more than text, numbers, lists and objects"),
            ({"\ud800": 1}, "'x' holds more than text, numbers, lists and objects"),
        ],
    )
    def test_is_told_with_its_place(self, value: Any, told: str) -> None:
        assert flaw(value, "x") == told

    @pytest.mark.parametrize("levels", [DEPTH + 1, 1000, 100_000])
    def test_is_depth(self, levels: int) -> None:
        assert flaw(nested(levels), "x") == "'x' is nested more than 128 levels deep"

    def test_of_a_list_in_itself_is_its_depth(self) -> None:
        circle: list[Any] = []
        circle.append(circle)
        assert flaw(circle, "x") == "'x' is nested more than 128 levels deep"

    def test_is_found_in_a_model_too(self) -> None:
        class Holder(Params):
            given: Any = None

        assert found_flaw(Holder(given=[object()]), "result").startswith("'result.given[0]' is neither text")

    def test_is_what_the_journal_says(self) -> None:
        with pytest.raises(TypeError, match=r"^'output.x' is a text with half a character in it$"):
            encode({"output": {"x": "\ud800"}})

    def test_leaves_room_for_what_stands_around_a_value(self) -> None:
        around = nested(DEPTH)
        for _ in range(100):
            around = [around]
        assert orjson.dumps(around)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a", "'a'"),
        ([1, None], "[1, None]"),
        ("x" * 100, "'" + "x" * 58 + "…"),
    ],
)
def test_a_value_is_shown_in_sixty_characters(value: Any, shown: str) -> None:
    assert short(value) == shown


def test_a_value_of_any_depth_is_shown() -> None:
    assert short(nested(100_000)) == "nested too deep to be shown"
