"""How a step's input or output is taken apart for the page."""

from __future__ import annotations

from studio.values import ROW_LIMIT, TEXT_LIMIT, note_of, shown

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
