from __future__ import annotations

import asyncio
import hashlib
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import orjson
import pytest

from orchestrator.beginnings import whole_length
from orchestrator.errors import LeaseLost, NotFound, StoreError
from orchestrator.events import Event
from orchestrator.history import RunFilter, Usage
from orchestrator.journal import LEASE, Batch, EffectRow, Finished, Journal, NewRun, Parked, event_row
from orchestrator.settings import Settings
from tests.orchestrator.journals import NOW, finished, logged, new_run


@pytest.fixture
def second(settings: Settings, journal: Journal) -> Iterator[Journal]:
    """Another process's view of the same store."""
    second = Journal.open(settings)
    yield second
    second.close()


def alive(owner: str) -> bool:
    return False


def test_what_was_written_is_read_back_in_order(journal: Journal) -> None:
    journal.write(Batch("r1", 1, new=new_run()))
    for seq in (1, 2, 3):
        journal.write(logged(seq, f"line {seq}"))
    journal.flush()
    assert [(seq, event.data["message"]) for seq, event in journal.events("r1", after=1)] == [
        (2, "line 2"),
        (3, "line 3"),
    ]
    assert journal.run("r1").workflow_id == "w"
    assert journal.workflow("h") == {"id": "w"}


def test_an_append_gets_to_disk_without_anyone_waiting(journal: Journal, settings: Settings) -> None:
    journal.write(Batch("r1", 1, new=new_run()))
    journal.close()
    again = Journal.open(settings)
    assert again.summary("r1").status == "running"
    again.close()


def test_texts_that_are_hard_to_keep_are_kept(journal: Journal) -> None:
    texts = ['"', "\\", "{}", "NULL", "a,b", "Zoë 😀", "line\nline", "", " ", "it's", "%s ? $1"]
    for seq, text in enumerate(texts, 1):
        journal.write(Batch("r1", 1, [event_row("r1", seq, Event("step.log", text, text, data={"message": text}))]))
    journal.write(Batch("r2", 1, new=new_run("r2")))
    journal.flush()
    assert journal.events("r1") == []  # nobody began that run
    for seq, text in enumerate(texts, 1):
        event = Event("step.log", text, text, data={"message": text + "\0"}, at=NOW)
        journal.write(Batch("r2", 1, [event_row("r2", seq, event)]))
    journal.flush()
    assert [(event.step, event.item, event.data["message"]) for _, event in journal.events("r2")] == [
        (text, text, text + "\0") for text in texts
    ]


class TestOwnership:
    async def test_a_batch_under_an_old_fence_is_refused_and_its_owner_told(self, journal: Journal) -> None:
        lost: list[tuple[str, int]] = []
        journal.on_lost = lost.append
        journal.write(Batch("r1", 1, new=new_run(owner="paused")))
        await journal.barrier("r1", 1)
        [claim] = journal.claim("other", NOW + LEASE + 1, alive)
        assert claim.fence == 2
        journal.write(logged(1, "stale", fence=1))
        with pytest.raises(LeaseLost):
            await journal.barrier("r1", 1)
        journal.write(logged(1, "fresh", fence=2))
        await journal.barrier("r1", 2)
        assert [event.data["message"] for _, event in journal.events("r1")] == ["fresh"]
        assert lost == [("r1", 1)]

    async def test_the_refusal_of_one_run_does_no_harm_to_another(self, journal: Journal) -> None:
        journal.write(Batch("r1", 1, new=new_run("r1")))
        journal.write(Batch("r2", 1, new=new_run("r2")))
        await journal.barrier("r1", 1)
        journal.claim("other", NOW + LEASE + 1, alive, run_id="r1")
        journal.write(logged(1, run_id="r1"))
        journal.write(logged(1, run_id="r2"))
        await journal.barrier("r2", 1)
        assert (len(journal.events("r1")), len(journal.events("r2"))) == (0, 1)

    def test_a_run_is_taken_over_only_when_its_lease_ran_out_or_its_owner_is_dead(self, journal: Journal) -> None:
        journal.write(Batch("r1", 1, new=new_run()))
        journal.flush()
        assert journal.claim("other", NOW + 1, alive) == []
        journal.renew("me", NOW + LEASE)
        assert journal.claim("other", NOW + LEASE + 1, alive) == []
        assert len(journal.claim("other", NOW + LEASE + 1, lambda owner: owner == "me")) == 1

    def test_workers_that_reach_for_the_same_runs_at_once_get_each_run_once(
        self, journal: Journal, second: Journal
    ) -> None:
        runs = [f"r{number:03d}" for number in range(60)]
        for id in runs:
            journal.write(Batch(id, 1, new=new_run(id)))
        journal.flush()
        ready = threading.Barrier(4)
        claimed: dict[str, list[str]] = {}

        def reach(name: str, store: Journal) -> None:
            ready.wait()
            claimed[name] = [claim.run_id for claim in store.claim(name, NOW + 99, alive)]

        workers = [threading.Thread(target=reach, args=(f"{n}", (journal, second)[n % 2])) for n in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert sorted(id for ids in claimed.values() for id in ids) == runs
        assert {journal.run(id).fence for id in runs} == {2}

    def test_an_append_and_a_takeover_at_once_do_not_both_happen(self, journal: Journal, second: Journal) -> None:
        """Whichever comes first, what is recorded under fence 1 was there before the takeover."""
        runs = [f"r{number:03d}" for number in range(100)]
        for id in runs:
            journal.write(Batch(id, 1, new=new_run(id)))
        journal.flush()

        def append() -> None:
            for id in runs:
                journal.write(logged(1, run_id=id), urgent=True)

        appending = threading.Thread(target=append)
        appending.start()
        seen = {}
        for id in reversed(runs):
            assert len(second.claim("other", NOW + 99, alive, run_id=id)) == 1
            seen[id] = len(second.events(id))
        appending.join()
        journal.flush()
        assert {id: len(second.events(id)) for id in runs} == seen

    def test_what_is_let_go_can_be_taken_at_once(self, journal: Journal) -> None:
        journal.write(Batch("r1", 1, new=new_run()))
        journal.flush()
        journal.release("me")
        assert len(journal.claim("other", NOW, alive)) == 1

    def test_a_run_that_is_over_is_not_taken_up(self, journal: Journal) -> None:
        journal.write(Batch("r1", 1, new=new_run()))
        journal.write(Batch("r1", 1, finished=Finished("failed", NOW, None, '{"message": "no"}')))
        journal.flush()
        assert journal.claim("other", NOW + 99, alive) == []
        assert journal.summary("r1").error == {"message": "no"}

    def test_the_owner_hears_what_somebody_wants_until_it_is_done(self, journal: Journal) -> None:
        journal.write(Batch("r1", 1, new=new_run()))
        journal.flush()
        journal.signal("r1", "cancel", {})
        [signal] = journal.renew("me", NOW)
        assert (signal.run_id, signal.type) == ("r1", "cancel")
        journal.write(Batch("r1", 1, heeded=signal.id))
        journal.flush()
        assert journal.renew("me", NOW) == []

    def test_a_waiting_run_is_nobodys_until_its_time_or_a_signal(self, journal: Journal) -> None:
        for id, wake_at in (("r1", NOW + 60), ("r2", None)):
            journal.write(Batch(id, 1, new=new_run(id)))
            journal.write(Batch(id, 1, parked=Parked(wake_at)))
        journal.flush()
        assert journal.summary("r1").status == "waiting"
        assert journal.claim("me", NOW + 59, alive) == []
        assert [claim.run_id for claim in journal.claim("me", NOW + 60, alive)] == ["r1"]
        journal.signal("r2", "answer", {"value": 1})
        assert [claim.run_id for claim in journal.claim("me", NOW, alive)] == ["r2"]


class TestFailure:
    async def test_a_write_that_fails_is_told_to_whoever_waits(self, journal: Journal) -> None:
        journal.write(Batch("r1", 1, new=new_run()))
        journal.write(logged(1))
        journal.write(logged(1))  # the same number twice: the database refuses
        with pytest.raises(StoreError, match="cannot be written"):
            await asyncio.wait_for(journal.barrier("r1", 1), 30)
        with pytest.raises(NotFound):
            journal.run("r1")

    async def test_what_cannot_be_stored_of_one_run_does_no_harm_to_others(self, journal: Journal) -> None:
        lost: list[tuple[str, int]] = []
        journal.on_lost = lost.append
        for id in ("r1", "r2", "r3"):
            journal.write(Batch(id, 1, new=new_run(id)))
        await journal.barrier("r1", 1)
        journal.write(logged(1, run_id="r1"))
        journal.write(Batch("r2", 1, [("r2", 2**80, NOW, "step.log", "a", "", 1, "{}")]))  # no database counts so far
        journal.write(Batch("r3", 1, [("r3", 1, NOW, "step.log", "\ud800", "", 1, "{}")]))  # half a character
        await journal.barrier("r1", 1)
        for bad in ("r2", "r3"):
            with pytest.raises(StoreError, match="cannot be written"):
                await journal.barrier(bad, 1)
        assert len(journal.events("r1")) == 1
        assert sorted(lost) == [("r2", 1), ("r3", 1)]

    async def test_a_run_that_was_let_go_of_writes_no_more_and_goes_on_under_a_new_fence(
        self, journal: Journal
    ) -> None:
        journal.write(Batch("r1", 1, new=new_run()))
        journal.write(logged(1, "kept"))
        await journal.barrier("r1", 1)
        journal.write(logged(1, "the same number"))
        with pytest.raises(StoreError):
            await journal.barrier("r1", 1)
        journal.write(logged(3, "after a gap"))
        with pytest.raises(StoreError):
            await journal.barrier("r1", 1)
        assert journal.claim("other", NOW, alive) == [], "what it was sending is not over"
        journal.abandon("r1", 1)
        [claim] = journal.claim("other", NOW, alive)
        journal.write(logged(3, "still the old owner"))
        with pytest.raises(StoreError):
            await journal.barrier("r1", 1)
        journal.write(logged(2, "goes on", fence=claim.fence))
        await journal.barrier("r1", claim.fence)
        assert [event.data["message"] for _, event in journal.events("r1")] == ["kept", "goes on"]


def test_the_ledger_keeps_the_last_word_on_an_effect(journal: Journal) -> None:
    sent = EffectRow("k", "r1", "a", "", "mail.send", "work", "Send it", "sent", None, NOW)
    journal.write(Batch("r1", 1, new=new_run(), effect=sent))
    journal.flush()
    assert journal.effect("k") == sent
    confirmed = EffectRow("k", "r1", "a", "", "mail.send", "work", "Send it", "confirmed", '{"id": 1}', NOW)
    journal.write(Batch("r1", 1, effect=sent))
    journal.write(Batch("r1", 1, effect=confirmed))
    journal.flush()
    assert journal.effects("r1") == [confirmed]


def test_a_preview_is_listed_as_one_until_it_is_approved(journal: Journal) -> None:
    journal.write(Batch("r1", 1, new=replace(new_run(), mode="preview")))
    journal.flush()
    assert [run.mode for run in journal.runs()] == ["preview"]
    journal.write(Batch("r1", 1, mode="approved"))
    journal.flush()
    assert journal.summary("r1").mode == "approved"


NOTHING = {"input_tokens": 0, "output_tokens": 0, "cost": None}


class TestChildren:
    def begin(self, journal: Journal) -> None:
        journal.write(Batch("r1", 1, new=new_run()))
        for number, id in enumerate(("c1", "c2")):
            child = new_run(id, owner=None, parent="r1", parent_step="sub", parent_item=id, at=NOW + number)
            journal.write(Batch(id, 0, new=child))
        journal.flush()

    def test_wait_for_an_owner(self, journal: Journal) -> None:
        self.begin(journal)
        assert [(child.id, child.status, child.parent) for child in journal.children("r1")] == [
            ("c1", "queued", "r1"),
            ("c2", "queued", "r1"),
        ]
        assert journal.summary("c1").started_at is None
        claims = journal.claim("me", NOW + 5, alive)
        assert [(claim.run_id, claim.fence) for claim in claims] == [("c1", 1), ("c2", 1)]
        assert journal.summary("c1").started_at == NOW + 5

    def test_leave_word_for_their_parent_when_they_are_over(self, journal: Journal) -> None:
        self.begin(journal)
        journal.claim("me", NOW, alive)
        journal.write(Batch("c1", 1, finished=Finished("succeeded", NOW, '{"x": 1}', None)))
        journal.write(Batch("c2", 1, finished=Finished("failed", NOW, None, '{"message": "no"}')))
        journal.flush()
        assert [(signal.type, signal.data) for signal in journal.signals("r1")] == [
            (
                "child",
                {
                    "step": "sub",
                    "item": "c1",
                    "run": "c1",
                    "status": "succeeded",
                    "output": {"x": 1},
                    "error": None,
                    "usage": NOTHING,
                },
            ),
            (
                "child",
                {
                    "step": "sub",
                    "item": "c2",
                    "run": "c2",
                    "status": "failed",
                    "output": None,
                    "error": {"message": "no"},
                    "usage": NOTHING,
                },
            ),
        ]

    def test_that_end_wake_a_parent_that_waits(self, journal: Journal) -> None:
        self.begin(journal)
        journal.claim("me", NOW, alive)
        journal.write(Batch("r1", 1, parked=Parked(None)))
        journal.flush()
        assert journal.claim("me", NOW, alive) == []
        journal.write(Batch("c1", 1, finished=Finished("succeeded", NOW, "{}", None)))
        journal.flush()
        assert [claim.run_id for claim in journal.claim("me", NOW, alive)] == ["r1"]

    def test_that_begin_and_end_in_one_commit_leave_word_too(self, journal: Journal) -> None:
        journal.write(Batch("r1", 1, new=new_run()))
        journal.write(Batch("c1", 1, new=new_run("c1", parent="r1"), finished=Finished("succeeded", NOW, None, None)))
        journal.flush()
        assert [signal.data["run"] for signal in journal.signals("r1")] == ["c1"]

    def test_leave_no_word_for_a_parent_that_is_over(self, journal: Journal) -> None:
        self.begin(journal)
        journal.write(finished("r1"))
        journal.claim("me", NOW, alive)
        journal.flush()
        journal.write(Batch("c1", 1, finished=Finished("succeeded", NOW, "{}", None)))
        journal.flush()
        assert journal.signals("r1") == []

    def test_the_newest_run_of_a_lineage(self, journal: Journal) -> None:
        assert journal.latest_of("r1") is None
        journal.write(Batch("r1", 1, new=new_run()))
        journal.flush()
        assert journal.latest_of("r1").id == "r1"
        journal.write(finished("r1"))
        journal.flush()
        journal.write(Batch("r2", 1, new=new_run("r2", lineage="r1", at=NOW + 1)))
        journal.flush()
        assert journal.latest_of("r1").id == "r2"


class TestCache:
    def test_gives_a_result_until_it_expires(self, journal: Journal) -> None:
        assert journal.cached("k", NOW) is None
        journal.put_cached("k", {"text": "hi"}, NOW, NOW + 60)
        assert journal.cached("k", NOW + 59) == {"text": "hi"}
        assert journal.cached("k", NOW + 60) is None

    def test_keeps_the_last_result_for_ever_when_nothing_else_is_said(self, journal: Journal) -> None:
        journal.put_cached("k", 1, NOW, NOW + 60)
        journal.put_cached("k", [2], NOW, None)
        assert journal.cached("k", NOW * 2) == [2]


class TestLargeOutputs:
    def test_are_given_back_and_kept_apart_from_the_events(self, journal: Journal, second: Journal) -> None:
        small, large = "x" * 60_000, "ü" * 40_000  # bytes count, not characters
        journal.write(Batch("r1", 1, new=new_run()))
        for seq, text in enumerate((small, large, large), 1):
            journal.write(logged(seq, text))
        journal.flush()
        assert [event.data["message"] for _, event in second.events("r1")] == [small, large, large]

    def test_can_be_looked_at_without_being_read(self, journal: Journal, settings: Settings) -> None:
        data = {"output": {"rows": [{"n": n} for n in range(50_000)]}, "usage": {"input_tokens": 3}}
        journal.write(Batch("r1", 1, new=new_run()))
        journal.write(Batch("r1", 1, [event_row("r1", 1, Event("step.succeeded", "a", data=data, at=NOW))]))
        journal.flush()
        assert journal.events("r1")[0][1].data == data
        shutil.rmtree(settings.home / "files", ignore_errors=True)  # where a SQLite store has them

        (event,) = journal.events_to_look_at("r1")

        assert event.data["usage"] == {"input_tokens": 3}
        assert event.data["output"]["rows"][:2] == [{"n": 0}, {"n": 1}]
        assert whole_length(event.data["output"]["rows"]) == 50_000

    def test_that_were_kept_without_a_beginning_are_looked_at_as_a_whole(self, journal: Journal) -> None:
        journal.write(Batch("r1", 1, new=new_run()))
        journal.write(logged(1, "x" * 100_000))
        journal.flush()
        (event,) = journal.events_to_look_at("r1")
        assert event.data == {"message": "x" * 100_000}

    async def test_of_a_run_that_another_owns_are_refused_with_the_rest(self, journal: Journal) -> None:
        journal.write(Batch("r1", 1, new=new_run()))
        journal.write(logged(1, "x" * 100_000, fence=7))
        with pytest.raises(LeaseLost):
            await journal.barrier("r1", 7)
        assert journal.events("r1") == []


class TestListing:
    def test_is_newest_first_and_by_status_and_workflow(self, journal: Journal) -> None:
        for number in range(12):
            journal.write(
                Batch(f"r{number:02d}", 1, new=new_run(f"r{number:02d}", at=NOW + number, workflow=f"w{number % 2}"))
            )
            if number % 3 == 0:
                journal.write(finished(f"r{number:02d}"))
        journal.flush()

        def ids(*, limit: int = 50, offset: int = 0, **query: Any) -> list[str]:
            return [run.id for run in journal.runs(RunFilter(**query), limit=limit, offset=offset)]

        assert ids(limit=3) == ["r11", "r10", "r09"]
        assert ids(limit=2, offset=3) == ["r08", "r07"]
        assert ids(status=("succeeded",)) == ["r09", "r06", "r03", "r00"]
        assert ids(status=("succeeded", "running"), limit=4) == ["r11", "r10", "r09", "r08"]
        assert ids(workflow="w1", limit=2, offset=1) == ["r09", "r07"]
        assert ids(workflow="w1", status=("succeeded",)) == ["r09", "r03"]
        assert ids(status=()) == []
        assert ids(since=NOW + 10) == ["r11", "r10"]

    def test_by_what_it_cost_how_it_began_and_what_it_says(self, journal: Journal) -> None:
        runs = {
            "plain": new_run("plain"),
            "called": new_run("called", parent="plain"),
            "again": new_run("again", origin="plain"),
            "looked": replace(new_run("looked"), mode="preview"),
            "said": replace(new_run("said"), inputs='{"who": "Bj\u00f6rn 100%"}'),
        }
        for number, run in enumerate(runs.values()):
            journal.write(Batch(run.id, 1, new=replace(run, created_at=NOW + number)))
        cost = 0.25
        journal.write(Batch("plain", 1, finished=Finished("failed", NOW, None, '{"message": "No"}', 9, 1, cost)))
        journal.flush()

        def ids(**query: Any) -> list[str]:
            return [run.id for run in journal.runs(RunFilter(**query))]

        assert ids(cost=0.2) == ["plain"]
        assert ids(cost=0.3) == []
        assert ids(began="by hand") == ["said", "plain"]
        assert [ids(began=how) for how in ("called", "again", "preview")] == [["called"], ["again"], ["looked"]]
        assert ids(text="björn 100%") == ["said"]
        assert ids(text="björn 1_0") == []
        assert ids(text='"message": "no"', status=("failed",)) == []
        assert ids(text="no", status=("failed",)) == ["plain"]
        assert journal.summary("plain").usage == Usage(9, 1, cost)


def test_the_hash_of_a_large_output_is_sha_256_of_its_json(journal: Journal, settings: Settings) -> None:
    journal.write(Batch("r1", 1, new=new_run()))
    journal.write(logged(1, "x" * 100_000))
    journal.flush()
    content = orjson.dumps({"message": "x" * 100_000})
    hash = hashlib.sha256(content).hexdigest()
    file = settings.home / "files" / hash[:2] / hash
    assert settings.database_url is not None or file.read_bytes() == content


def test_a_new_run_without_owner_waits_for_one(journal: Journal) -> None:
    run: NewRun = new_run(owner=None)
    journal.write(Batch("r1", 0, new=run))
    journal.flush()
    assert journal.summary("r1").status == "queued"
    assert [claim.fence for claim in journal.claim("me", NOW, alive)] == [1]
