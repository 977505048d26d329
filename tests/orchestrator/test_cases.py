"""What is expected of an answer."""

from __future__ import annotations

import time
from typing import Any

import pytest
from pydantic import ValidationError

from orchestrator.cases import Case, Expectation, check


def expectation(kind: Any, value: str = "") -> Expectation:
    return Expectation(kind=kind, value=value)


@pytest.mark.parametrize(
    ("kind", "value", "answer", "holds"),
    [
        ("contains", "tuesday", "It comes on Tuesday.", True),
        ("contains", "Friday", "It comes on Tuesday.", False),
        ("equals", "yes", " yes\n", True),
        ("equals", "yes", "Yes", False),
        ("matches", r"\d{2}:\d{2}", "Between 09:00 and 11:00", True),
        ("matches", r"^\d+$", "30117 boxes", False),
        ("json", "", '{"total": 3}', True),
        ("json", "", "total: 3", False),
    ],
)
def test_an_answer_is_as_expected_or_not(kind: str, value: str, answer: str, holds: bool) -> None:
    verdict = check(expectation(kind, value), answer)
    assert verdict.holds is holds
    assert bool(verdict.why) is not holds


def test_json_that_breaks_says_where() -> None:
    assert "line 2" in check(expectation("json"), '{"a": 1,\n oops}').why


def test_what_a_model_must_judge_is_not_known_without_one() -> None:
    assert check(expectation("judge", "Is it polite?"), "Hello").holds is None


def test_no_pattern_takes_long_whatever_the_answer() -> None:
    began = time.thread_time()
    assert check(expectation("matches", "(a+)+$"), "a" * 100_000 + "b").holds is False
    assert time.thread_time() - began < 2


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        ("contains", " ", "must say what is expected"),
        ("judge", "", "must say what is expected"),
        ("matches", "(unclosed", "no pattern that can be used here"),
        ("matches", "a" * 1001, "at most 1,000 characters"),
        ("matches", r"(a)\1", "no pattern that can be used here"),
    ],
)
def test_what_cannot_be_checked_is_refused_in_words(kind: str, value: str, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        expectation(kind, value)


def test_unknown_keys_are_an_error() -> None:
    with pytest.raises(ValidationError, match="extra"):
        Case.model_validate({"name": "One", "expects": []})
