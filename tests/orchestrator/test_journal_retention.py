from __future__ import annotations

import threading

import pytest

from orchestrator.errors import NotFound
from orchestrator.journal import Batch, EffectRow, Journal
from orchestrator.settings import Settings
from tests.orchestrator.journals import NOW, finished, logged, new_run

DAY = 86_400.0


def run(journal: Journal, id: str, age: float, *, over: bool = True, **known: str) -> None:
    """A run that began, and ended, `age` days ago."""
    at = NOW - age * DAY
    journal.write(Batch(id, 1, new=new_run(id, at=at, **known)))
    journal.write(logged(1, run_id=id))
    if over:
        journal.write(finished(id, at))
    journal.flush()


def kept(journal: Journal) -> set[str]:
    return {run.id for run in journal.runs(limit=1000)}


def test_finished_runs_that_are_too_old_go_with_all_that_is_theirs(journal: Journal) -> None:
    run(journal, "old", 91, hash="v1")
    run(journal, "new", 89, hash="v2")
    assert journal.prune(NOW, 90, 0) == 1
    assert kept(journal) == {"new"}
    assert (journal.events("old"), len(journal.events("new"))) == ([], 1)
    with pytest.raises(NotFound):
        journal.workflow("v1")
    assert journal.workflow("v2")


def test_what_counts_is_when_a_run_ended(journal: Journal) -> None:
    journal.write(Batch("r1", 1, new=new_run(at=NOW - 200 * DAY)))
    journal.write(finished("r1", NOW - 10 * DAY))
    journal.flush()
    assert journal.prune(NOW, 90, 0) == 0


def test_of_many_the_newest_are_kept(journal: Journal) -> None:
    for number in range(250):
        journal.write(Batch(f"r{number:03d}", 1, new=new_run(f"r{number:03d}", at=NOW + number)))
        journal.write(finished(f"r{number:03d}"))
    journal.flush()
    assert journal.prune(NOW, 0, 10) == 240
    assert kept(journal) == {f"r{number:03d}" for number in range(240, 250)}
    assert journal.prune(NOW, 0, 10) == 0


def test_without_limits_all_are_kept(journal: Journal) -> None:
    run(journal, "old", 9999)
    assert journal.prune(NOW, 0, 0) == 0


def test_a_run_that_is_not_over_stays_with_those_it_belongs_to(journal: Journal) -> None:
    run(journal, "origin", 100)
    run(journal, "resumed", 100, over=False, origin="origin", lineage="origin")
    run(journal, "parent", 100)
    run(journal, "child", 100, over=False, parent="parent")
    run(journal, "waits", 100, over=False)
    run(journal, "done", 100, parent="waits")
    run(journal, "other", 100)
    assert journal.prune(NOW, 90, 1) == 1
    assert kept(journal) == {"origin", "resumed", "parent", "child", "waits", "done"}


def test_the_run_of_a_sub_workflow_stays_as_long_as_one_that_could_begin_it_again(journal: Journal) -> None:
    """Without it and its ledger, a parent that is resumed would do all of it again."""
    run(journal, "parent", 100)
    run(journal, "child", 100, parent="parent", parent_step="call", parent_item="0", lineage="parent-call-0")
    run(journal, "inner", 100, parent="child", parent_step="a", parent_item="", lineage="parent-call-0-a")
    run(journal, "resumed", 10, lineage="parent", origin="parent")
    run(journal, "other", 100, parent="gone", parent_step="call", parent_item="", lineage="gone-call")
    assert journal.prune(NOW, 90, 0) == 2
    assert kept(journal) == {"child", "inner", "resumed"}
    assert journal.prune(NOW + 90 * DAY, 90, 0) == 3


def test_what_is_known_of_a_write_stays_as_long_as_any_run_of_its_lineage(journal: Journal) -> None:
    effect = EffectRow("k", "first", "a", "", "mail.send", "work", "Send it", "confirmed", "{}", NOW)
    run(journal, "first", 100, over=False)
    journal.write(Batch("first", 1, effect=effect))
    journal.write(finished("first", NOW - 100 * DAY))
    journal.flush()
    run(journal, "second", 10, lineage="first", origin="first")
    assert journal.prune(NOW, 90, 0) == 1
    assert journal.effect("k") == effect
    assert journal.prune(NOW + 90 * DAY, 90, 0) == 1
    assert journal.effect("k") is None


def test_a_large_output_goes_with_the_last_run_that_has_it(journal: Journal, settings: Settings) -> None:
    def stored() -> int:
        if settings.database_url is None:
            return len(list((settings.home / "files").glob("*/*")))
        from psycopg import connect

        with connect(settings.database_url.get_secret_value()) as connection:
            return connection.execute("SELECT count(*) FROM files").fetchall()[0][0]

    for id, age in (("old", 100), ("new", 10)):
        run(journal, id, age, over=False)
        journal.write(logged(2, "x" * 100_000, run_id=id))
        journal.write(finished(id, NOW - age * DAY))
    journal.flush()
    assert stored() == 1  # the same content is kept once
    assert journal.prune(NOW, 90, 0) == 1
    assert len(journal.events("new")[1][1].data["message"]) == 100_000
    assert journal.prune(NOW + 90 * DAY, 90, 0) == 1
    assert stored() == 0


def test_expired_results_go(journal: Journal) -> None:
    journal.put_cached("k", 1, NOW, NOW + 1)
    journal.put_cached("l", 2, NOW, None)
    journal.prune(NOW + 1, 90, 0)
    assert (journal.cached("k", NOW - 1), journal.cached("l", NOW)) == (None, 2)


def test_a_run_of_many_events_goes_bit_by_bit_while_others_write(journal: Journal, settings: Settings) -> None:
    journal.write(Batch("big", 1, new=new_run("big", at=NOW - 100 * DAY)))
    for seq in range(1, 5001):
        journal.write(logged(seq, "x" * 1000, run_id="big"))
    journal.write(finished("big", NOW - 100 * DAY))
    journal.flush()
    other = Journal.open(settings)
    other.write(Batch("live", 1, new=new_run("live")))
    other.flush()
    pruning = threading.Thread(target=journal.prune, args=(NOW, 90, 0))
    pruning.start()
    written = 0
    while pruning.is_alive():
        written += 1
        other.write(logged(written, run_id="live"))
        other.flush()
    pruning.join()
    assert len(other.events("live")) == written > 3
    assert other.events("big") == []
    other.close()
    with pytest.raises(NotFound):
        journal.run("big")


def test_nothing_of_a_run_that_is_gone_can_come_back(journal: Journal) -> None:
    run(journal, "old", 100)
    journal.prune(NOW, 90, 0)
    journal.write(logged(2, run_id="old"))
    journal.flush()
    assert journal.events("old") == []
