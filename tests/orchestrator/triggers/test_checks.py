"""Mistakes in triggers: all of them at once, each with where it is and what to do."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator import validation
from orchestrator.actions import Connector, Result
from orchestrator.registry import Registry
from orchestrator.workflow import Workflow
from tests.orchestrator.triggers.conftest import DAILY, HOOK, NEWS, Paper


def problems(paper: Paper, inputs: dict[str, Any] | None = None, **triggers: Any) -> list[str]:
    declared = {"what": {"default": ""}} if inputs is None else inputs
    content = {"id": "tell", "inputs": declared, "steps": [{"id": "a", "uses": "paper.say"}], "triggers": triggers}
    own = Connector("own", title="Own", inside=True)
    own.action("Read what is there", effect="read", result=Result)(paper.connector.actions["read"].function)
    found = validation.check(content, Registry([paper.connector, own]), lambda id: pytest.fail(id))
    return [str(problem).removeprefix("workflow 'tell', key '") for problem in found]


def test_what_is_right_has_none(paper: Paper) -> None:
    assert problems(paper, daily=DAILY, hook=HOOK, news=NEWS) == []


@pytest.mark.parametrize(
    ("trigger", "said"),
    [
        ({**DAILY, "cron": "61 8 * * *"}, "triggers.t.cron': its minute is none"),
        ({**DAILY, "timezone": "Mars"}, "triggers.t.timezone': there is no time zone 'Mars'"),
        ({**DAILY, "every": 60}, "triggers.t': give either 'cron' or 'every'"),
        ({"type": "schedule"}, "triggers.t': give either 'cron' or 'every'"),
        ({"type": "schedule", "every": 1}, "triggers.t.every': Input should be greater than or equal to 10"),
        ({**DAILY, "timezon": "UTC"}, "triggers.t.timezon': 'timezon' is not known here; the nearest is 'timezone'"),
        ({"type": "daily"}, "triggers.t': A trigger is of the type schedule, webhook, poll"),
        ({}, "triggers.t': A trigger is of the type schedule, webhook, poll"),
        ({**HOOK, "with": {"wat": "x"}}, "triggers.t.with.wat': there is no input 'wat'"),
        ({**HOOK, "with": {"what": "{{ steps.a.what }}"}}, "triggers.t.with.what': 'steps' means nothing here"),
        ({**HOOK, "with": {"what": "{{ trigger.body"}}, "is not a valid expression"),
        ({**HOOK, "signed_by": "paper"}, "triggers.t.signed_by': 'paper' signs no requests"),
        ({**HOOK, "account": "work"}, "triggers.t': 'account' needs 'signed_by'"),
        ({**HOOK, "with": {"what": [1]}}, "triggers.t.with.what': Input 'what' must be a text"),
        (
            {**NEWS, "ask": {"uses": "paper.red"}},
            "triggers.t.ask.uses': 'paper.red' is no action that reads; the nearest",
        ),
        ({**NEWS, "ask": {"uses": "wait"}}, "triggers.t.ask.uses': 'wait' is no action that reads"),
        ({**NEWS, "ask": {"uses": ""}}, "triggers.t.ask.uses': It looks at nothing yet. Choose what it looks at."),
        ({**NEWS, "ask": {"uses": "own.read"}}, "triggers.t.ask.uses': own.read sees only what is inside a run"),
        ({**NEWS, "ask": {"uses": "paper.read", "with": {"page": 1}}}, "paper.read has no parameter 'page'"),
        ({**NEWS, "ask": {"use": "x"}}, "triggers.t.ask.use': 'use' is not known here; the nearest is 'uses'"),
        ({**NEWS, "items": "{{ item }}"}, "triggers.t.items': 'item' means nothing here: there is result"),
        ({**NEWS, "identity": "{{ result.id }}"}, "triggers.t.identity': 'result' means nothing here: there is item"),
    ],
)
def test_each_mistake_is_told_where_it_is(paper: Paper, trigger: dict[str, Any], said: str) -> None:
    found = problems(paper, t=trigger)
    assert any(said in problem for problem in found), found


def test_an_input_that_nobody_is_there_to_fill_in_is_a_mistake(paper: Paper) -> None:
    [found] = problems(paper, {"what": {}}, daily={**DAILY, "with": {}})
    assert "nobody is there to fill in 'what' when it fires" in found


def test_all_mistakes_are_found_at_once(paper: Paper) -> None:
    found = problems(paper, daily={**DAILY, "cron": "x"}, hook={**HOOK, "with": {"wat": 1}}, news={"type": "poll"})
    assert {problem.split("'")[0].split(".")[1] for problem in found} == {"daily", "hook", "news"}


def test_a_trigger_never_changes_what_runs() -> None:
    def of(**triggers: Any) -> Workflow:
        steps = [{"id": "a", "uses": "paper.say"}]
        return Workflow.model_validate({"id": "tell", "inputs": {"what": {}}, "steps": steps, "triggers": triggers})

    assert of().hash == of(daily=DAILY).hash
    assert of(daily=DAILY).to_json() != of().to_json()
