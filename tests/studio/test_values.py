"""How a step's input or output is taken apart for the page."""

from __future__ import annotations

from orchestrator.beginnings import beginning
from studio.values import ROW_LIMIT, TEXT_LIMIT, TREE_TEXT, is_cut, note_of, shown

MAIL = {"id": "1", "thread_id": "2", "to": ["me"], "text": "Hello", "subject": "Invoice", "url": "https://a.example"}


def test_a_models_answer_is_text_with_its_note() -> None:
    parts = shown({"text": "The sky is blue.", "model": "smol", "note": "tiny practice model: expect mistakes"})

    assert parts.text == "The sky is blue."
    assert parts.note == "tiny practice model: expect mistakes"
    assert parts.facts == (("model", "smol"),)
    assert parts.tree is None


def test_a_note_is_found_in_a_list_of_answers() -> None:
    assert note_of([{"text": "a"}, {"text": "b", "note": "expect mistakes"}]) == "expect mistakes"
    assert shown([{"text": "b", "note": "expect mistakes"}]).note == "expect mistakes"


def test_a_list_of_things_is_a_table_of_what_a_reader_wants() -> None:
    parts = shown({"messages": [MAIL], "count": 1})

    assert parts.columns == ("subject", "to", "text")
    assert parts.rows == (("Invoice", ["me"], "Hello"),)
    assert parts.facts == (("count", 1),)
    assert parts.tree == {"messages": [MAIL]}


def test_what_was_made_is_a_link() -> None:
    assert shown({"id": "7", "url": "https://a.example/7"}).links == (("url", "https://a.example/7"),)


def test_long_text_and_long_lists_are_cut_and_say_so() -> None:
    text = shown("x" * (TEXT_LIMIT + 1))
    assert len(text.text) == TEXT_LIMIT
    assert text.cut == "The first 20,000 of 20,001 characters."

    rows = shown([{"a": number} for number in range(ROW_LIMIT + 1)])
    assert len(rows.rows) == ROW_LIMIT
    assert rows.cut == "The first 50 of 51."


def test_nothing_is_nothing() -> None:
    assert all(shown(value).empty for value in (None, "", {}, [], {"a": None}))


def test_a_single_value_and_nested_data() -> None:
    assert shown(0).facts == (("Value", 0),)
    assert shown(["a", "b"]).rows == (("a",), ("b",))
    assert shown({"a": {"b": 1}}).tree == {"a": {"b": 1}}
    assert shown([[1], [2]]).tree == [[1], [2]]


def test_what_is_not_shown_is_told_wherever_it_is_cut() -> None:
    parts = shown({"deep": {"rows": [{"n": n} for n in range(90_000)]}})
    assert parts.cut == "Cut, deep.rows: the first 50 of 90,000."
    assert parts.tree["deep"]["rows"][-1] == "… 89,950 more"
    assert len(parts.tree["deep"]["rows"]) == ROW_LIMIT + 1

    text = shown({"a": {"b": "x" * 1_000_000}})
    assert text.cut == "Cut, a.b: the first 2,000 of 1,000,000."
    assert text.tree["a"]["b"] == "x" * TREE_TEXT + "… (998,000 characters more)"

    fields = shown({f"k{n}": [n] for n in range(3_000)})
    assert fields.cut == "The first 100 of 3,000 fields."


def test_a_beginning_tells_how_long_the_whole_is() -> None:
    once = beginning({"text": "x" * 1_000_000, "rows": list(range(70_000))})
    parts = shown(once)
    assert parts.cut == f"The first {len(parts.text):,} of 1,000,000 characters."
    assert is_cut(once)
    assert not is_cut({"a": ["b"]})


def test_text_is_shown_as_what_it_is() -> None:
    assert shown("# Title").language is None
    assert shown({"path": "a.py", "text": "# comment"}).language == "python"
    assert shown({"path": "a.csv", "text": "a,b"}).language == ""
    assert shown({"path": "a.md", "text": "# Title"}).language is None
    assert shown("<!doctype html><script>alert(1)</script>").language == "markup"


def test_json_in_a_text_is_data() -> None:
    assert shown('{"a": [1, 2]}').tree == {"a": [1, 2]}
    assert shown({"text": '[{"a": 1}]', "model": "m"}).columns == ("a",)
    assert shown("[not json").text == "[not json"


def test_whatever_is_shown_is_small() -> None:
    fields = {f"k{n}": "z" * 900 for n in range(900)}
    huge = {"text": "x" * 5_000_000, "rows": [{"a": ["y" * 9_000] * 90}] * 900, **fields}
    parts = shown(huge)
    assert len(str(parts)) < 200_000
