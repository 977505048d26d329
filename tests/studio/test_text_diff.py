"""Two texts compared word by word."""

from __future__ import annotations

import time

from studio.text_diff import is_worth_comparing, text_diff


def test_words_that_went_and_came_are_marked() -> None:
    html = text_diff("Say it in three sentences.", "Say it in two short sentences.")
    assert html is not None
    assert "in <del>three</del><ins>two short</ins> sentences." in html


def test_nothing_in_a_text_is_read_as_html() -> None:
    html = text_diff("<b>old</b>", "<script>new</script>")
    assert html is not None
    assert "<b>" not in html
    assert "<script>" not in html


def test_the_middle_of_what_did_not_change_is_left_out() -> None:
    same = " ".join(f"word{number}" for number in range(200))
    html = text_diff(f"first {same} last", f"First {same} Last")
    assert html is not None
    assert "word0" in html
    assert "word199" in html
    assert "word100" not in html


def test_texts_that_would_take_long_are_not_compared() -> None:
    began = time.thread_time()
    assert text_diff("a " * 10_000, "b " * 10_000) is None
    assert time.thread_time() - began < 1


def test_short_texts_and_other_values_are_read_twice_instead() -> None:
    assert not is_worth_comparing("short", "text")
    assert not is_worth_comparing(None, "x" * 100)
    assert is_worth_comparing("x" * 100, "")
