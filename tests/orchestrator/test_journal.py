from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.errors import LeaseLost, NewerStore, NotFound, StoreError
from orchestrator.events import Event
from orchestrator.journal import LEASE, Batch, EffectRow, Journal, NewRun, Parked, event_row

NOW = 1_700_000_000.0


def new_run(id: str = "r1", owner: str = "me") -> NewRun:
    return NewRun(
        id=id,
        workflow_id="w",
        workflow_name="W",
        workflow_hash="h",
        workflow='{"id": "w"}',
        created_at=NOW,
        inputs="{}",
        model=None,
        origin=None,
        lineage=id,
        owner=owner,
    )


def logged(seq: int, message: str = "hi", run_id: str = "r1", fence: int = 1) -> Batch:
    return Batch(run_id, fence, [event_row(run_id, seq, Event("step.log", "a", data={"message": message}, at=NOW))])


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "patchbay.db")
    yield journal
    journal.close()


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


def test_an_append_gets_to_disk_without_anyone_waiting(journal: Journal, tmp_path: Path) -> None:
    journal.write(Batch("r1", 1, new=new_run()))
    journal.close()
    again = Journal(tmp_path / "patchbay.db")
    assert again.summary("r1").status == "running"
    again.close()


def test_many_appends_share_a_commit(journal: Journal, tmp_path: Path) -> None:
    journal.write(Batch("r1", 1, new=new_run()))
    journal.flush()
    watcher = sqlite3.connect(tmp_path / "patchbay.db")
    before = watcher.execute("PRAGMA data_version").fetchone()[0]
    seen = set()
    for seq in range(1, 1001):
        journal.write(logged(seq))
        seen.add(watcher.execute("PRAGMA data_version").fetchone()[0])
    journal.flush()
    assert len(journal.events("r1")) == 1000
    assert len(seen - {before}) < 100
    watcher.close()


class TestOwnership:
    async def test_a_batch_under_an_old_fence_is_refused_and_its_owner_told(self, journal: Journal) -> None:
        lost: list[str] = []
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
        assert lost == ["r1"]

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

    def test_two_that_reach_for_a_run_do_not_both_get_it(self, journal: Journal, tmp_path: Path) -> None:
        journal.write(Batch("r1", 1, new=new_run()))
        journal.flush()
        second = Journal(tmp_path / "patchbay.db")
        claims = [*journal.claim("a", NOW + 99, alive), *second.claim("b", NOW + 99, alive)]
        second.close()
        assert [claim.fence for claim in claims] == [2]

    def test_what_is_let_go_can_be_taken_at_once(self, journal: Journal) -> None:
        journal.write(Batch("r1", 1, new=new_run()))
        journal.flush()
        journal.release("me")
        assert len(journal.claim("other", NOW, alive)) == 1

    def test_a_run_that_is_over_is_not_taken_up(self, journal: Journal) -> None:
        journal.write(Batch("r1", 1, new=new_run()))
        journal.write(Batch("r1", 1, finished=("failed", NOW, None, '{"message": "no"}')))
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


def test_the_ledger_keeps_the_last_word_on_an_effect(journal: Journal) -> None:
    sent = EffectRow("k", "r1", "a", "", "mail.send", "work", "Send it", "sent", None, NOW)
    journal.write(Batch("r1", 1, new=new_run(), effect=sent))
    journal.flush()
    assert journal.effect("k") == sent
    confirmed = EffectRow("k", "r1", "a", "", "mail.send", "work", "Send it", "confirmed", '{"id": 1}', NOW)
    journal.write(Batch("r1", 1, effect=confirmed))
    journal.flush()
    assert journal.effects("r1") == [confirmed]


class TestBadStores:
    def test_a_database_of_a_newer_patchbay_is_refused_and_left_alone(self, tmp_path: Path) -> None:
        path = tmp_path / "patchbay.db"
        Journal(path).close()
        connection = sqlite3.connect(path)
        connection.execute("UPDATE schema_version SET version = 999")
        connection.commit()
        connection.close()
        with pytest.raises(NewerStore, match="newer Patchbay"):
            Journal(path)

    def test_a_file_that_is_no_database(self, tmp_path: Path) -> None:
        path = tmp_path / "patchbay.db"
        path.write_text("these are not the bytes you are looking for " * 100)
        with pytest.raises(StoreError, match="not a database"):
            Journal(path)

    def test_a_folder_that_cannot_be_made(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(StoreError, match="cannot be opened"):
            Journal(tmp_path / "file" / "patchbay.db")

    async def test_a_write_that_fails_is_told_to_whoever_waits(self, journal: Journal) -> None:
        journal.write(Batch("r1", 1, new=new_run()))
        journal.write(logged(1))
        journal.write(logged(1))  # the same number twice: the database refuses
        with pytest.raises(StoreError, match="cannot be written"):
            await asyncio.wait_for(journal.barrier("r1", 1), 5)
        with pytest.raises(NotFound):
            journal.run("r1")
