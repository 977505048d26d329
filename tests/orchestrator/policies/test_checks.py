"""Mistakes in a step's policies are found before a run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from orchestrator.errors import NotFound, Problem
from orchestrator.library import parse_text
from orchestrator.templates import Template
from orchestrator.validation import check
from orchestrator.workflow import Retry, Step


def no_template(id: str) -> Template:
    raise NotFound(f"There is no template '{id}'.")


@pytest.fixture
def problems(shop: Any) -> Callable[..., list[Problem]]:
    def found(step: dict[str, Any], **keys: Any) -> list[Problem]:
        content = {"id": "w", "steps": [{"id": "a", "uses": "shop.look", **step}], **keys}
        return check(content, shop.registry, no_template)

    return found


@pytest.mark.parametrize(
    ("step", "code", "key", "says"),
    [
        ({"retry": {"on": ["timeuot"]}}, "bad_retry", "retry.on", "the nearest is 'timeout'"),
        ({"retry": {"on": ["timeout", "account"]}}, "bad_retry", "retry.on", "trying again cannot mend the error"),
        ({"retry": {"onn": ["timeout"]}}, "unknown_key", "retry.onn", "the nearest is 'on'"),
        ({"uses": "shop.order", "cache": 60}, "cannot_cache", "cache", "nothing would be sent"),
        ({"uses": "set", "with": {"values": {}}, "cache": True}, "cannot_cache", "cache", "by Patchbay itself"),
        ({"cache": 0}, "bad_value", "cache", "greater than 0"),
        ({"deadline": -1}, "bad_value", "deadline", "greater than 0"),
    ],
)
def test_a_mistake_in_a_step(
    problems: Callable[..., list[Problem]], step: dict[str, Any], code: str, key: str, says: str
) -> None:
    [problem] = problems(step)
    assert (problem.code, problem.where.step, problem.where.key) == (code, "a", key)
    assert says in problem.message
    assert problem.remedy


@pytest.mark.parametrize(
    ("budget", "key", "says"),
    [
        ({"token": 5}, "budget.token", "the nearest is 'tokens'"),
        ({"cost": 0}, "budget.cost", "greater than 0"),
        ({"seconds": "long"}, "budget.seconds", "valid number"),
    ],
)
def test_a_mistake_in_the_budget(
    problems: Callable[..., list[Problem]], budget: dict[str, Any], key: str, says: str
) -> None:
    [problem] = problems({}, budget=budget)
    assert problem.where.key == key
    assert says in problem.message


def test_yaml_may_say_on_as_people_write_it(problems: Callable[..., list[Problem]]) -> None:
    step = parse_text("retry:\n  attempts: 5\n  on: [timeout]\n", file="w.yaml")
    assert problems(step) == []
    assert Step.model_validate({"id": "a", "uses": "shop.look", **step}).retry == Retry(attempts=5, on=("timeout",))


def test_what_is_right_is_let_through(problems: Callable[..., list[Problem]]) -> None:
    step = {"retry": {"attempts": 3, "on": ["timeout", "rate_limited"]}, "timeout": 5, "deadline": 60, "cache": True}
    assert problems(step, budget={"cost": 0.5, "tokens": 20_000, "seconds": 600}) == []
    assert problems({"retry": 3, "cache": 3600.5}) == []
    assert problems({"uses": "shop.order", "cache": False}) == []
