"""Of data that are too large to read each time, the beginning is kept, and how long the whole is."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from orchestrator.beginnings import ITEMS, LIMIT, ROOM, LargeJson, beginning, beginning_of, revived, whole_length


def begun(data: dict[str, Any]) -> dict[str, Any]:
    """The data as they are read again from a row."""
    text = orjson.dumps(data).decode()
    return revived(orjson.loads(LargeJson.of(text, data).beginning))


def test_what_is_small_is_whole() -> None:
    data = {"output": {"a": [1, {"b": None}], "c": "x"}, "usage": {"cost": 0.1}}
    assert begun(data) == data
    assert beginning_of(data)["of"] == []


def test_a_long_text_is_cut_and_knows_how_long_it_is() -> None:
    text = begun({"output": "x" * 1_000_000})["output"]
    assert text == "x" * ROOM
    assert whole_length(text) == 1_000_000


def test_a_long_list_is_cut_and_knows_how_long_it_is() -> None:
    rows = begun({"output": {"rows": [{"id": n} for n in range(100_000)], "count": 3}})["output"]
    assert rows["count"] == 3
    assert rows["rows"] == [{"id": n} for n in range(ITEMS)]
    assert whole_length(rows["rows"]) == 100_000


def test_an_object_with_many_fields_is_cut_and_knows_how_many_it_has() -> None:
    found = begun({"output": {f"k{n}": n for n in range(5_000)}})["output"]
    assert list(found) == [f"k{n}" for n in range(100)]
    assert whole_length(found) == 5_000


def test_small_values_are_kept_beside_large_ones() -> None:
    output = {"text": "x" * 500_000, "body": "y" * 500_000, "url": "https://a.example", "state": "open"}
    found = begun({"output": output})["output"]
    assert (found["url"], found["state"]) == ("https://a.example", "open")
    assert list(found) == list(output)
    assert len(found["text"]) > 10_000
    assert len(found["body"]) > 10_000


def test_each_row_of_a_table_gets_its_share() -> None:
    rows = begun({"output": [{"n": n, "text": "x" * 100_000} for n in range(1000)]})["output"]
    assert len(rows) == ITEMS
    assert [row["n"] for row in rows] == list(range(ITEMS))
    assert {whole_length(row["text"]) for row in rows} == {100_000}


def test_only_what_is_looked_at_is_cut() -> None:
    plan = {"request": "x" * 100_000}
    assert begun({"plan": plan, "output": "y" * 100_000})["plan"] == plan


@pytest.mark.parametrize(
    "output",
    [
        "ü" * 3_000_000,
        [["x" * 1000] * 1000] * 1000,
        {"k" * 1_000_000: 1, "b": 2},
        [[[[[[["deep"] * 60] * 60] * 60] * 60] * 60] * 60],
        {str(n): {str(m): "x" * 200 for m in range(200)} for n in range(200)},
    ],
    ids=["text", "lists", "long key", "deep", "objects"],
)
def test_a_beginning_is_small_whatever_the_whole_is(output: Any) -> None:
    # The deep one would be gigabytes as JSON: its own text plays no part.
    large = LargeJson.of("", {"output": output, "usage": None})
    assert len(large.beginning) < LIMIT
    assert revived(orjson.loads(large.beginning))["usage"] is None


def test_a_beginning_of_a_beginning_knows_how_long_the_whole_is() -> None:
    once = beginning({"rows": ["x" * 10_000] * 1000})
    twice = beginning({"more": "y" * 100_000, "of": once})
    assert whole_length(twice["of"]["rows"]) == 1000
    assert whole_length(twice["of"]["rows"][0]) == 10_000
