"""What came of a trial, in words and in a table."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.cases import Expectation, Verdict
from orchestrator.history import Usage
from orchestrator.trials import Ask, Estimate, Tried
from studio.templates.results_view import (
    conclusion,
    dollars,
    estimate_words,
    expectation_words,
    pass_table,
    scores,
    used_words,
)

EXPECTED = Expectation(kind="contains", value="<b>Tuesday</b>")


def one(holds: bool | None, variant: str = "The draft", case: int = 0, model: str = "m", **keys: Any) -> Tried:
    ask = Ask(case=case, name=f"Case {case}", variant=variant, model=model, expect=(EXPECTED,))
    content: dict[str, Any] = {"standing": "answered", "seconds": 2.0, "usage": Usage(10, 5, 0.001)}
    return Tried(ask, **{**content, "verdicts": (Verdict(EXPECTED, holds),), **keys})


@pytest.mark.parametrize(
    ("cost", "words"),
    [(None, ""), (0, "free"), (0.00001, "under $0.0001"), (0.0123, "$0.0123"), (12.5, "$12.50")],
)
def test_a_price_in_words(cost: float | None, words: str) -> None:
    assert dollars(cost) == words


@pytest.mark.parametrize(
    ("estimate", "words"),
    [
        (Estimate(1, Usage(10, 10, 0.0), ()), "1 call, free."),
        (Estimate(4, Usage(10, 10, 0.02), ()), "4 calls, $0.0200 at most."),
        (Estimate(4, Usage(10, 10, None), ("x",)), "4 calls; the price of x is not known."),
        (Estimate(4, Usage(10, 10, 0.02), ("x",)), "4 calls, $0.0200 at most; the price of x is not known, and"),
    ],
)
def test_what_a_trial_can_cost_is_said_before(estimate: Estimate, words: str) -> None:
    assert estimate_words(estimate).startswith(words)


def test_what_an_answer_took() -> None:
    assert used_words(one(True)) == "2.0 s · 15 tokens · $0.0010"


def test_an_expectation_in_words() -> None:
    assert expectation_words(Expectation(kind="equals", value="yes")) == "is exactly “yes”"
    assert expectation_words(Expectation(kind="json")) == "is JSON"


def test_each_version_and_model_has_a_score() -> None:
    found = scores([one(True), one(False, case=1), one(True, "Version 1"), one(None, "Version 1", case=1)])
    draft, before = found["The draft", "m"], found["Version 1", "m"]
    assert draft.words == "1 of 2 passed"
    assert (draft.seconds, draft.cost) == (2.0, pytest.approx(0.001))
    assert before.words == "1 of 2 passed, 1 open"


@pytest.mark.parametrize(
    ("new", "old", "said"),
    [
        (True, False, "m: The draft does better than Version 1, 1 of 1 instead of 0."),
        (False, True, "m: The draft does worse than Version 1, 0 of 1 instead of 1."),
        (True, True, "m: The draft does as well as Version 1, 1 of 1 passed."),
        (True, None, ""),
    ],
)
def test_it_is_said_whether_the_draft_is_better_once_that_is_known(new: bool, old: bool | None, said: str) -> None:
    assert conclusion(scores([one(new), one(old, "Version 1")]), "The draft", "Version 1") == said


def test_the_table_has_a_row_a_case_and_nothing_in_it_is_read_as_html() -> None:
    html = pass_table([one(False), one(True, model="<i>n</i>"), one(True, case=1), one(None, case=1, model="<i>n</i>")])
    assert html.count("<tr>") == 6, "the head, two cases, and three rows of totals"
    assert "✗ not: contains “&lt;b&gt;Tuesday" in html
    assert "&lt;i&gt;n&lt;/i&gt;" in html
    assert "<b>Tuesday" not in html


def test_what_has_not_come_is_told_from_what_failed() -> None:
    html = pass_table([one(None, standing=standing, model=standing) for standing in ("waiting", "stopped", "failed")])
    assert "<td>…</td>" in html
    assert "<td>stopped</td>" in html
    assert "✗ no answer" in html
