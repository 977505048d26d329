"""What the page Practice asks for and understands."""

from __future__ import annotations

import pytest

from orchestrator.errors import NotFound, Unavailable
from orchestrator.workflow_engine import WorkflowEngine
from studio.practice_view import Chosen, chosen, fetch, find, in_folder, language, reset, seconds, sender


def test_an_address_names_what_is_shown() -> None:
    assert chosen({}) is None
    assert chosen({"mail": "1"}) == Chosen(mail="1")
    assert chosen({"page": "2"}) == Chosen(page="2")
    assert chosen({"repository": "a/b", "path": "c.md"}) == Chosen(repository="a/b", path="c.md")
    assert chosen({"repository": "a/b", "issue": "3"}) == Chosen(repository="a/b", issue="3")


def test_the_practice_accounts_hold_sample_data_and_can_be_reset(engine: WorkflowEngine) -> None:
    reset(engine.practice_url)
    everything = fetch(engine.practice_url)

    assert len(in_folder(everything["mail"], "inbox")) >= 12
    assert everything["pages"]
    assert everything["databases"]
    assert len(everything["repositories"]) >= 2


def test_practice_services_that_do_not_answer_are_one_sentence() -> None:
    with pytest.raises(Unavailable, match="do not answer"):
        fetch("http://127.0.0.1:9")


def test_what_is_not_there_says_why_that_may_be() -> None:
    assert find([{"number": 3}], "number", "3", "issue") == {"number": 3}
    with pytest.raises(NotFound, match="This issue is not in the practice account") as found:
        find([], "number", "3", "issue")
    assert "reset" in found.value.remedy


def test_small_things() -> None:
    assert sender("Ann Lee <ann@example.com>") == "Ann Lee"
    assert sender('"Lee, Ann" <ann@example.com>') == "Lee, Ann"
    assert sender("<ann@example.com>") == "ann@example.com"
    assert seconds("1970-01-01T00:00:10+00:00") == 10
    assert seconds("yesterday") is None
    assert language("src/a.py") == "python"
    assert language("Makefile") is None
