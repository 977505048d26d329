"""How the forms of triggers read and write a draft."""

from __future__ import annotations

from datetime import time
from typing import Any

import pytest

from orchestrator.registry import Registry
from studio.builder import trigger_view as view
from studio.builder.trigger_view import Often


@pytest.mark.parametrize(
    ("keys", "often"),
    [
        ({"cron": "0 8 * * 1-5"}, Often("weekdays", time(8, 0))),
        ({"cron": "5 17 * * *"}, Often("daily", time(17, 5))),
        ({"cron": "0 9 * * 7"}, Often("weekly", time(9, 0), weekday=7)),
        ({"cron": "30 6 15 * *"}, Often("monthly", time(6, 30), day=15)),
        ({"cron": "15 * * * *"}, Often("hourly", time(0, 15))),
        ({"every": 600}, Often("every", minutes=10)),
        ({"every": 90}, Often("every", minutes=1.5)),
        ({"cron": "*/5 8-18 * * 1-5"}, Often("cron", cron="*/5 8-18 * * 1-5")),
    ],
)
def test_a_choice_is_what_stands_in_the_draft_and_the_other_way_round(keys: dict[str, Any], often: Often) -> None:
    assert Often.of({"type": "schedule", **keys}) == often
    assert often.keys() == keys


@pytest.mark.parametrize("cron", ["", "nonsense", "0 8 1 1 *", "61 8 * * *", "0 25 * * *", "0 8 1 * 1-5", "0  8 * * *"])
def test_what_no_choice_gives_is_kept_as_it_is(cron: str) -> None:
    assert Often.of({"cron": cron}) == Often("cron", cron=cron)


def test_a_name_is_free() -> None:
    assert view.free_name("schedule", {}) == "schedule"
    assert view.free_name("schedule", {"schedule": {}, "schedule_2": {}}) == "schedule_3"


def test_only_what_gives_a_list_can_be_looked_at_and_it_says_how_items_differ() -> None:
    registry = Registry.discover()
    actions = view.reading_actions(registry)
    assert actions["gmail.search_messages"] == "Gmail: Search mail"
    assert "gmail.send_message" not in actions
    assert "ai.generate" not in actions
    assert not {"data.filter", "data.group", "gmail.get_message"} & set(actions), "they work on what a step gave"
    assert "files.list" not in actions, "nothing new appears in the folder of a run that is not there yet"
    assert view.asking("gmail.search_messages", registry) == {
        "ask": {"uses": "gmail.search_messages"},
        "items": "{{ result.messages }}",
        "identity": "{{ item.id }}",
    }


def test_what_a_look_gave_are_its_items() -> None:
    trigger = {"items": "{{ result.news }}"}
    assert view.items_of(trigger, {"news": [1, 2]}) == [1, 2]
    assert view.items_of(trigger, None) == []
    assert view.items_of(trigger, {"other": []}) == []
    assert view.items_of({"items": "{{ result"}, {"news": [1]}) == []
