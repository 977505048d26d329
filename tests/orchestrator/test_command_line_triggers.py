"""Triggers on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.orchestrator.command import Command

WORKFLOW = {
    "id": "tell",
    "inputs": {"what": {"default": ""}},
    "steps": [{"id": "say", "uses": "set", "with": {"values": {"what": "{{ inputs.what }}"}}}],
    "output": {"what": "{{ steps.say.values.what }}"},
    "triggers": {
        "daily": {"type": "schedule", "cron": "0 8 * * 1-5", "timezone": "Europe/Rome"},
        "hook": {"type": "webhook", "with": {"what": "{{ trigger.body.name }}"}},
    },
}


@pytest.fixture
def published(home: Path) -> Path:
    (home / "workflows").mkdir(parents=True)
    (home / "workflows" / "tell.json").write_text(json.dumps(WORKFLOW))
    return home


def listed(command: Command, home: Path) -> dict[str, dict[str, object]]:
    return {one["trigger"]: one for one in json.loads(command("triggers", "list", "--json", home=home).stdout)}


def test_they_are_switched_on_and_off_and_listed(command: Command, published: Path) -> None:
    before = listed(command, published)
    assert [before[name]["is_on"] for name in ("daily", "hook")] == [False, False]
    assert "'daily' of tell is on. It is due " in command("triggers", "on", "tell", "daily", home=published).stdout
    called = command("triggers", "on", "tell", "hook", home=published).stdout
    after = listed(command, published)
    assert after["daily"]["next_at"]
    assert str(after["hook"]["address"]) in called
    table = command("triggers", home=published).stdout
    assert "on weekdays at 08:00 (Europe/Rome)" in table
    assert command("triggers", "off", "tell", "daily", home=published).stdout == "'daily' of tell is off.\n"
    assert listed(command, published)["daily"]["next_at"] is None


def test_one_is_fired_by_hand_and_its_run_says_what_started_it(command: Command, published: Path) -> None:
    fired = command("triggers", "fire", "tell", "hook", "--body", '{"name": "Ann"}', "--json", home=published)
    run = json.loads(fired.stdout)
    assert (run["output"], run["trigger"], run["trigger_id"]) == ({"what": "Ann"}, "webhook", "hook")
    command("run", "tell", home=published)
    [found] = json.loads(command("runs", "--trigger", "webhook", "--json", home=published).stdout)
    assert found["id"] == run["run_id"]
    assert "started by webhook hook" in command("show", run["run_id"], home=published).stdout


def test_a_mistake_is_told(command: Command, published: Path) -> None:
    wrong = command("triggers", "on", "tell", "dayly", home=published)
    assert wrong.returncode == 2
    assert "no trigger 'dayly'; the nearest is 'daily'" in wrong.stderr
