"""What is switched on, in the store: an older one too, and for those who tend it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from orchestrator.bundle_import import bring_in
from orchestrator.bundles import bundle_of, content_of
from orchestrator.clock import ManualClock
from orchestrator.history import RunSummary
from orchestrator.records import Firing
from orchestrator.settings import Settings
from orchestrator.stores import open_store
from orchestrator.triggers.switches import KEPT, Switches
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine
from tests.orchestrator.triggers.conftest import DAILY, HOOK, NEWS, Paper

Publish = Callable[..., Any]


def test_a_store_of_before_there_were_triggers_gets_them(
    settings: Settings, open_engine: Callable[[], WorkflowEngine], clock: ManualClock
) -> None:
    steps = [{"id": "say", "uses": "paper.say", "with": {"what": "hello"}}]
    workflow = Workflow.model_validate({"id": "tell", "steps": steps, "triggers": {"daily": DAILY | {"with": {}}}})
    before = open_engine()
    run_id = before.execute_workflow(workflow).run_id
    before.close()
    store = open_store(settings)
    with store.change() as connection:
        for change in (
            *("DROP TABLE triggers", "DROP TABLE firings"),
            *("ALTER TABLE runs DROP COLUMN trigger", "ALTER TABLE runs DROP COLUMN trigger_id"),
            "UPDATE schema_version SET version = 5",
        ):
            connection.execute(sa.text(change))
    store.close()
    after = open_engine()
    assert [(run.id, run.trigger) for run in after.runs(began="by hand")] == [(run_id, None)]
    after.library.workflows.save(workflow)
    after.triggers.switch_on("tell", "daily")
    clock.advance(3600)
    after.firings.tick()
    assert [run.trigger_id for run in after.runs(began="schedule")] == ["daily"]


async def test_whoever_tends_the_store_starts_what_is_due(
    engine: WorkflowEngine, publish: Publish, clock: ManualClock
) -> None:
    publish(daily=DAILY)
    await asyncio.to_thread(engine.triggers.switch_on, "tell", "daily")
    clock.advance(3600)
    async with engine.running(recover=True):
        runs: list[RunSummary] = []
        while not runs:
            await asyncio.sleep(0.01)
            runs = engine.runs(began="schedule", status=["succeeded"])
    assert len(runs) == 1


@pytest.mark.parametrize("trigger", [{"type": "schedule", "every": 3600, "with": {"what": "{{ trigger.at }}"}}, NEWS])
def test_a_clock_that_was_a_year_ahead_silences_nothing(
    engine: WorkflowEngine, publish: Publish, paper: Paper, clock: ManualClock, trigger: dict[str, Any]
) -> None:
    publish(it=trigger)
    engine.triggers.switch_on("tell", "it")
    clock.advance(366 * 86400)
    engine.firings.tick()
    before = len(engine.runs())
    clock.advance(-366 * 86400)
    paper.news = [{"id": 1, "title": "news"}]
    engine.triggers.follow_files()
    clock.advance(3600)
    engine.firings.tick()
    assert len(engine.runs()) == before + 1


def test_what_is_imported_in_place_of_a_workflow_does_not_fire(
    engine: WorkflowEngine, publish: Publish, clock: ManualClock
) -> None:
    other = publish(daily=DAILY, hook=HOOK)
    bundle = bundle_of({("workflow", "tell"): content_of(other)}, title="Another one")
    publish(daily=DAILY)
    engine.triggers.switch_on("tell", "daily")
    bring_in(bundle, {("workflow", "tell"): "replace"}, engine, by="ann")
    clock.advance(86400)
    engine.firings.tick()
    assert engine.runs() == []
    assert "replaced by one that was imported" in engine.triggers.get("tell", "daily").switch.said


def test_what_can_come_no_second_time_is_forgotten_after_a_while(settings: Settings, clock: ManualClock) -> None:
    store = open_store(settings)
    switches = Switches(store)
    old, new = clock.now() - KEPT - 1, clock.now()
    rows = [
        {"key": f"tell/{kind}/{at:.0f}", "kind": kind, "run_id": None, "at": at}
        for kind in ("schedule", "webhook", "poll")
        for at in (old, new)
    ]
    with store.change() as connection:
        connection.execute(sa.text("INSERT INTO firings VALUES (:key, :kind, :run_id, :at)"), rows)
    switches.prune(clock.now())
    firings = [Firing("tell", row["kind"], row["kind"], f"{row['at']:.0f}") for row in rows]  # type: ignore[arg-type]
    kept = switches.known(firings)
    store.close()
    assert kept == {row["key"] for row in rows if row["kind"] == "poll" or row["at"] == new}


def test_an_identity_may_be_as_long_as_it_likes() -> None:
    long, longer = (Firing("tell", "news", "poll", "x" * count) for count in (5000, 5001))
    assert len(long.key) < 300
    assert long.key != longer.key
