"""Triggers start runs: when they are on, once for each occasion, and they say why when they do not."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest

from orchestrator.clock import ManualClock
from orchestrator.errors import InvalidInput, NotFound, StoreError
from orchestrator.records import Firing
from orchestrator.settings import Settings
from orchestrator.stores import open_store
from orchestrator.triggers.firings import MOST, RETRY, Firings, Request
from orchestrator.triggers.signatures import Signatures
from orchestrator.triggers.switches import Switches
from orchestrator.workflow_engine import WorkflowEngine
from tests.orchestrator.triggers.conftest import DAILY, HOOK, NEWS, Paper

HOUR, DAY = 3600.0, 86400.0
ASKS = {"id": "ask", "uses": "approve", "with": {"message": "Sure?"}}

Publish = Callable[..., Any]
Heard = Callable[[], list[Any]]


def post(body: Any, key: str | None = None, method: str = "POST") -> Request:
    return Request(method, {"x-from": "shop"}, {"page": "2"}, body, key)


def token_of(engine: WorkflowEngine, trigger: str = "hook") -> str:
    token = engine.triggers.get("tell", trigger).switch.token
    assert token
    return token


class TestSwitching:
    def test_nothing_fires_before_it_is_switched_on(
        self, engine: WorkflowEngine, publish: Publish, clock: ManualClock, heard: Heard
    ) -> None:
        publish(daily=DAILY, news=NEWS)
        clock.advance(3 * DAY)
        engine.firings.tick()
        assert heard() == []

    def test_nothing_fires_once_it_is_switched_off(
        self, engine: WorkflowEngine, publish: Publish, clock: ManualClock, heard: Heard
    ) -> None:
        publish(daily=DAILY, hook=HOOK)
        engine.triggers.switch_on("tell", "daily")
        engine.triggers.switch_on("tell", "hook")
        token = token_of(engine)
        engine.triggers.switch_off("tell", "daily")
        engine.triggers.switch_off("tell", "hook")
        clock.advance(DAY)
        engine.firings.tick()
        with pytest.raises(NotFound, match="No webhook answers"):
            engine.firings.called(token, post("x"))
        assert heard() == []

    def test_what_is_switched_off_while_it_is_attended_to_stays_off(
        self, engine: WorkflowEngine, publish: Publish, clock: ManualClock
    ) -> None:
        publish(daily=DAILY)
        engine.triggers.switch_on("tell", "daily")
        clock.advance(HOUR)
        [seen] = engine.firings.due()
        engine.triggers.switch_off("tell", "daily")
        engine.firings.attend(seen)
        assert not engine.triggers.get("tell", "daily").switch.is_on

    def test_a_trigger_that_is_not_published_cannot_be_switched_on(
        self, engine: WorkflowEngine, publish: Publish
    ) -> None:
        publish(daily=DAILY)
        with pytest.raises(NotFound, match="no trigger 'dayly'; the nearest is 'daily'"):
            engine.triggers.switch_on("tell", "dayly")

    def test_one_that_was_changed_counts_anew_from_now_on(
        self, engine: WorkflowEngine, publish: Publish, clock: ManualClock, heard: Heard
    ) -> None:
        publish(daily={**DAILY, "cron": "0 0 1 1 *"})
        engine.triggers.switch_on("tell", "daily")
        publish(daily={**DAILY, "cron": "30 7 * * *"})
        engine.triggers.follow_files()
        clock.advance(HOUR / 2)
        engine.firings.tick()
        assert heard() == ["2026-11-23T07:30:00+00:00"]

    def test_a_workflow_that_takes_the_id_of_a_deleted_one_does_not_fire(
        self, engine: WorkflowEngine, publish: Publish, clock: ManualClock, heard: Heard
    ) -> None:
        workflow = publish(daily=DAILY)
        engine.triggers.switch_on("tell", "daily")
        engine.library.workflows.delete("tell")
        engine.triggers.follow_files()
        engine.library.workflows.save(workflow)
        clock.advance(DAY)
        engine.firings.tick()
        assert heard() == []
        assert engine.triggers.get("tell", "daily").switch.said == "The workflow was deleted."

    def test_one_that_was_taken_out_of_the_workflow_is_off(
        self, engine: WorkflowEngine, publish: Publish, clock: ManualClock
    ) -> None:
        publish(daily=DAILY)
        engine.triggers.switch_on("tell", "daily")
        publish()
        clock.advance(HOUR)
        engine.firings.tick()
        assert engine.firings.due() == []


class TestSchedule:
    def test_runs_at_its_time_and_says_so(
        self, engine: WorkflowEngine, publish: Publish, clock: ManualClock, heard: Heard
    ) -> None:
        publish(daily=DAILY)
        view = engine.triggers.switch_on("tell", "daily")
        clock.advance(HOUR - 1)
        engine.firings.tick()
        assert heard() == []
        clock.advance(1)
        engine.firings.tick()
        assert heard() == ["2026-11-23T08:00:00+00:00"]
        [run] = engine.runs(began="schedule")
        assert (run.trigger, run.trigger_id) == ("schedule", "daily")
        switch = engine.triggers.get("tell", "daily").switch
        assert (switch.run_id, switch.fired_at) == (run.id, clock.now())
        assert switch.next_at == (view.switch.next_at or 0) + DAY

    def test_after_a_night_without_power_the_latest_time_runs_once(
        self, engine: WorkflowEngine, publish: Publish, clock: ManualClock, heard: Heard
    ) -> None:
        publish(daily=DAILY)
        engine.triggers.switch_on("tell", "daily")
        clock.advance(3 * DAY + 5 * HOUR)
        engine.firings.tick()
        engine.firings.tick()
        assert heard() == ["2026-11-26T08:00:00+00:00"]

    def test_missed_times_can_be_left_out(
        self, engine: WorkflowEngine, publish: Publish, clock: ManualClock, heard: Heard
    ) -> None:
        publish(daily={**DAILY, "catch_up": "skip"})
        engine.triggers.switch_on("tell", "daily")
        clock.advance(5 * HOUR)
        engine.firings.tick()
        assert heard() == []
        assert engine.triggers.get("tell", "daily").switch.said == "23 November, 08:00 was left out: nothing ran then."

    def test_a_time_is_left_out_while_the_run_before_goes_on(
        self, engine: WorkflowEngine, publish: Publish, clock: ManualClock
    ) -> None:
        publish(ASKS, daily=DAILY)
        engine.triggers.switch_on("tell", "daily")
        for _ in range(2):
            clock.advance(DAY)
            engine.firings.tick()
        [run] = engine.runs()
        said = engine.triggers.get("tell", "daily").switch.said
        assert said == f"24 November, 08:00 was left out: its run {run.id} was not over yet."

    def test_runs_may_overlap_where_that_is_wanted(
        self, engine: WorkflowEngine, publish: Publish, clock: ManualClock
    ) -> None:
        publish(ASKS, daily={**DAILY, "overlap": "allow"})
        engine.triggers.switch_on("tell", "daily")
        for _ in range(2):
            clock.advance(DAY)
            engine.firings.tick()
        assert len(engine.runs()) == 2

    def test_what_cannot_start_says_why_and_is_tried_again(
        self, engine: WorkflowEngine, publish: Publish, clock: ManualClock, heard: Heard
    ) -> None:
        publish(daily={**DAILY, "with": {"what": "{{ trigger.nothing }}"}})
        engine.triggers.switch_on("tell", "daily")
        clock.advance(HOUR)
        engine.firings.tick()
        assert "there is no 'nothing' here" in engine.triggers.get("tell", "daily").switch.said
        publish(daily=DAILY)
        clock.advance(60)
        engine.firings.tick()
        assert heard() == ["2026-11-23T08:00:00+00:00"]
        assert engine.triggers.get("tell", "daily").switch.said == ""

    def test_one_process_of_many_runs_it(
        self, engine: WorkflowEngine, open_engine: Callable[[], WorkflowEngine], publish: Publish, clock: ManualClock
    ) -> None:
        publish(daily={**DAILY, "overlap": "allow"})
        engine.triggers.switch_on("tell", "daily")
        clock.advance(HOUR)
        engines = [engine, open_engine(), open_engine()]
        due = [one.firings.due() for one in engines]
        threads = [
            threading.Thread(target=one.firings.attend, args=(switch,))
            for one, switches in zip(engines, due, strict=True)
            for switch in switches
        ]
        assert len(threads) == 3
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(engine.runs()) == 1

    def test_a_process_that_died_before_it_looked_further_has_neither_lost_nor_doubled_it(
        self, engine: WorkflowEngine, publish: Publish, clock: ManualClock, heard: Heard
    ) -> None:
        workflow = publish(daily=DAILY)
        view = engine.triggers.switch_on("tell", "daily")
        clock.advance(HOUR)
        firing = Firing("tell", "daily", "schedule", f"{view.switch.next_at:.0f}")
        engine.start_workflow(workflow, {"what": "before it died"}, firing=firing)
        engine.firings.tick()
        assert heard() == ["before it died"]
        assert engine.firings.due() == []


class TestWebhook:
    def test_a_request_is_a_run_with_what_came(self, engine: WorkflowEngine, publish: Publish, heard: Heard) -> None:
        text = "{{ trigger.body.name }} {{ trigger.query.page }} {{ trigger.headers['x-from'] }} {{ trigger.method }}"
        publish(hook={"type": "webhook", "with": {"what": text}})
        engine.triggers.switch_on("tell", "hook")
        engine.firings.called(token_of(engine), post({"name": "Ann"}))
        assert heard() == ["Ann 2 shop POST"]
        assert [run.trigger for run in engine.runs(began="webhook")] == ["webhook"]

    def test_each_request_is_a_run_and_one_that_is_sent_again_is_not(
        self, engine: WorkflowEngine, publish: Publish, heard: Heard
    ) -> None:
        publish(hook=HOOK)
        engine.triggers.switch_on("tell", "hook")
        token = token_of(engine)
        first = engine.firings.called(token, post("a", key="order 7"))
        again = engine.firings.called(token, post("a", key="order 7"))
        engine.firings.called(token, post("a"))
        engine.firings.called(token, post("a"))
        assert again == first
        assert heard() == ["a", "a", "a"]

    def test_the_same_request_from_many_at_once_is_one_run(
        self, engine: WorkflowEngine, open_engine: Callable[[], WorkflowEngine], publish: Publish
    ) -> None:
        publish(hook=HOOK)
        engine.triggers.switch_on("tell", "hook")
        token, request = token_of(engine), post("a", key="order 7")
        engines = [engine, open_engine()] * 4
        with ThreadPoolExecutor(len(engines)) as callers:
            runs = set(callers.map(lambda one: one.firings.called(token, request), engines))
        assert [run.id for run in engine.runs()] == [*runs]

    def test_the_address_is_no_part_of_the_file_and_can_be_changed(
        self, engine: WorkflowEngine, publish: Publish
    ) -> None:
        publish(hook=HOOK)
        engine.triggers.switch_on("tell", "hook")
        token = token_of(engine)
        assert len(token) == 32
        assert token not in engine.library.workflows.text("tell")
        engine.triggers.renew_address("tell", "hook")
        with pytest.raises(NotFound):
            engine.firings.called(token, post("x"))
        assert engine.firings.called(token_of(engine), post("x"))

    def test_it_has_the_same_address_when_it_is_switched_on_again(
        self, engine: WorkflowEngine, publish: Publish
    ) -> None:
        publish(hook=HOOK)
        engine.triggers.switch_on("tell", "hook")
        token = token_of(engine)
        engine.triggers.switch_off("tell", "hook")
        engine.triggers.switch_on("tell", "hook")
        assert token_of(engine) == token

    def test_what_does_not_fit_is_refused_and_told(self, engine: WorkflowEngine, publish: Publish) -> None:
        publish(hook={**HOOK, "with": {"what": "{{ trigger.body.name }}"}})
        engine.triggers.switch_on("tell", "hook")
        with pytest.raises(InvalidInput, match="called by POST"):
            engine.firings.called(token_of(engine), post({}, method="GET"))
        with pytest.raises(Exception, match="there is no 'name' here"):
            engine.firings.called(token_of(engine), post({"nam": "Ann"}))
        assert engine.runs() == []
        assert "there is no 'name' here" in engine.triggers.get("tell", "hook").switch.said


class TestPoll:
    @pytest.fixture
    def looking(
        self, engine: WorkflowEngine, publish: Publish, paper: Paper, clock: ManualClock
    ) -> Callable[..., None]:
        """Lets five minutes go by, with these news more in the paper."""
        paper.news = [{"id": 1, "title": "old"}]
        publish(news=NEWS)
        engine.triggers.switch_on("tell", "news")
        engine.firings.tick()

        def later(*titles: str) -> None:
            known = len(paper.news)
            paper.news += [{"id": known + number, "title": title} for number, title in enumerate(titles, 1)]
            clock.advance(300)
            engine.firings.tick()

        return later

    def test_the_first_look_only_marks_what_is_there(self, looking: Callable[..., None], heard: Heard) -> None:
        looking()
        assert heard() == []

    def test_each_new_item_is_a_run(self, looking: Callable[..., None], heard: Heard) -> None:
        looking("a", "b")
        looking()
        looking("c")
        assert heard() == ["a", "b", "c"]

    def test_a_service_that_does_not_answer_is_told_and_asked_again(
        self, engine: WorkflowEngine, looking: Callable[..., None], paper: Paper, clock: ManualClock, heard: Heard
    ) -> None:
        paper.is_closed = True
        looking("a")
        assert engine.triggers.get("tell", "news").switch.said == "The paper is closed. Wait."
        paper.is_closed = False
        clock.advance(60)
        engine.firings.tick()
        assert heard() == ["a"]
        assert engine.triggers.get("tell", "news").switch.said == ""

    def test_a_look_that_was_broken_off_is_soon_followed_by_another(
        self,
        engine: WorkflowEngine,
        settings: Settings,
        looking: Callable[..., None],
        paper: Paper,
        clock: ManualClock,
        heard: Heard,
    ) -> None:
        def break_off(*_: Any) -> Any:
            raise StoreError("Patchbay is being stopped.")

        looking()
        paper.news.append({"id": 2, "title": "a"})
        clock.advance(300)
        with closing(open_store(settings)) as store:
            other = Firings(
                engine.triggers,
                Switches(store),
                clock,
                load=engine.library.workflows.load,
                start=engine.start_workflow,
                read=break_off,
                under_way=engine.journal.under_way,
                check=Signatures(engine.accounts, clock).check,
            )
            with pytest.raises(StoreError):
                other.tick()
        clock.advance(RETRY)
        engine.firings.tick()
        assert heard() == ["a"]

    def test_one_item_that_cannot_start_does_not_hold_up_the_others(
        self, engine: WorkflowEngine, looking: Callable[..., None], paper: Paper, heard: Heard
    ) -> None:
        paper.news.append({"id": 77})
        looking("b")
        assert heard() == ["b"]
        assert "there is no 'title' here" in engine.triggers.get("tell", "news").switch.said
        paper.news[1]["title"] = "mended"
        looking()
        assert heard() == ["b", "mended"]

    def test_many_at_once_come_in_several_looks(self, looking: Callable[..., None], engine: WorkflowEngine) -> None:
        looking(*(f"n{number}" for number in range(MOST + 3)))
        assert len(engine.runs(limit=200)) == MOST
        looking()
        assert len(engine.runs(limit=200)) == MOST + 3

    def test_another_question_marks_anew(
        self, engine: WorkflowEngine, looking: Callable[..., None], publish: Publish, heard: Heard
    ) -> None:
        publish(news={**NEWS, "identity": "{{ item.title }}"})
        engine.triggers.follow_files()
        looking("a")
        looking("b")
        assert heard() == ["b"]

    def test_one_process_of_two_looks(
        self,
        engine: WorkflowEngine,
        open_engine: Callable[[], WorkflowEngine],
        looking: Callable[..., None],
        paper: Paper,
        clock: ManualClock,
        heard: Heard,
    ) -> None:
        other = open_engine()
        paper.news.append({"id": 9, "title": "a"})
        clock.advance(300)
        seen = engine.firings.due() + other.firings.due()
        for one, switch in zip((engine, other), seen, strict=True):
            one.firings.attend(switch)
        assert heard() == ["a"]


class TestByHand:
    def test_each_kind_can_be_fired_though_it_is_off(
        self, engine: WorkflowEngine, publish: Publish, paper: Paper, heard: Heard
    ) -> None:
        paper.news = [{"id": 1, "title": "first"}]
        publish(daily=DAILY, hook=HOOK, news=NEWS)
        engine.firings.by_hand("tell", "daily")
        engine.firings.by_hand("tell", "hook", post("body"))
        engine.firings.by_hand("tell", "news")
        assert heard() == ["2026-11-23T07:00:00+00:00", "body", "first"]

    def test_a_poll_that_finds_nothing_starts_nothing(self, engine: WorkflowEngine, publish: Publish) -> None:
        publish(news=NEWS)
        assert engine.firings.by_hand("tell", "news") is None
        assert engine.runs() == []
