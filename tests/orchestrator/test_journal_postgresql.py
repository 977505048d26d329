"""What the journal does about a server that goes away, or is not what it should be."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator

import psycopg
import pytest

from orchestrator.errors import InvalidSettings, NewerStore, StoreError
from orchestrator.journal import Batch, Journal
from orchestrator.settings import Settings
from orchestrator.stores.postgresql import PostgreSQLStore
from scripts.postgres import Postgres
from tests.orchestrator.journals import NOW, logged, new_run


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """One that may be stopped."""
    server = Postgres()
    yield server
    server.close()


@pytest.fixture
def url(server: Postgres) -> str:
    return server.create(f"test_{time.time_ns()}")


@contextlib.contextmanager
def opened(url: str, patience: float = 10.0) -> Iterator[Journal]:
    journal = Journal(PostgreSQLStore(url, patience=patience))
    try:
        yield journal
    finally:
        journal.close()


async def test_a_server_that_was_restarted_costs_no_run(server: Postgres, url: str) -> None:
    with opened(url) as journal:
        lost: list[tuple[str, int]] = []
        journal.on_lost = lost.append
        journal.write(Batch("r1", 1, new=new_run()))
        await journal.barrier("r1", 1)
        server.stop()
        journal.write(logged(1, "while it was away"))
        back = threading.Timer(0.5, server.start)
        back.start()
        await journal.barrier("r1", 1)
        back.join()
        assert [event.data["message"] for _, event in journal.events("r1")] == ["while it was away"]
        assert lost == []


async def test_a_server_that_stays_away_is_told_and_the_run_goes_on_when_it_is_back(server: Postgres, url: str) -> None:
    with opened(url, patience=0.5) as journal:
        lost: list[tuple[str, int]] = []
        journal.on_lost = lost.append
        journal.write(Batch("r1", 1, new=new_run()))
        await journal.barrier("r1", 1)
        server.stop()
        journal.write(logged(1, "lost"))
        with pytest.raises(StoreError, match=r"cannot be written.*Check that the server runs"):
            await journal.barrier("r1", 1)
        with pytest.raises(StoreError, match="Check that the server runs"):
            journal.runs()
        assert lost == [("r1", 1)]
        server.start()
        journal.abandon("r1", 1)
        [claim] = journal.claim("me", NOW, lambda owner: False)
        journal.write(logged(1, "goes on", fence=claim.fence))
        await journal.barrier("r1", claim.fence)
        assert [event.data["message"] for _, event in journal.events("r1")] == ["goes on"]


async def test_connections_that_are_cut_again_and_again_lose_and_double_nothing(server: Postgres, url: str) -> None:
    def cut() -> None:
        with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
            for _ in range(40):
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'patchbay'"
                )
                time.sleep(0.05)

    with opened(url) as journal:
        journal.write(Batch("r1", 1, new=new_run()))
        await journal.barrier("r1", 1)
        cutting = threading.Thread(target=cut)
        cutting.start()
        seq = 0
        while cutting.is_alive():
            seq += 1
            journal.write(logged(seq, str(seq)), urgent=True)
            await journal.barrier("r1", 1)
        assert [event.data["message"] for _, event in journal.events("r1")] == [str(one + 1) for one in range(seq)]


def test_a_database_of_a_newer_patchbay_is_refused_and_not_touched(url: str) -> None:
    with opened(url):
        pass
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE schema_version SET version = 999")
        connection.execute("DROP TABLE cache")
    with pytest.raises(NewerStore, match="newer Patchbay"), opened(url):
        pass
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT version FROM schema_version").fetchall() == [(999,)]
        assert connection.execute("SELECT to_regclass('cache')").fetchall() == [(None,)]


def test_many_that_start_at_once_make_the_tables_once(url: str) -> None:
    failures: list[Exception] = []

    def start() -> None:
        try:
            with opened(url):
                pass
        except Exception as error:
            failures.append(error)

    starting = [threading.Thread(target=start) for _ in range(6)]
    for one in starting:
        one.start()
    for one in starting:
        one.join()
    assert failures == []


def test_a_server_that_is_not_there(server: Postgres) -> None:
    with pytest.raises(StoreError, match=r"'nothing' on .* does not exist.*Check that the server runs"):
        PostgreSQLStore(server.url("nothing"))


def test_an_address_that_is_not_one_never_shows_its_password() -> None:
    with pytest.raises(InvalidSettings, match=r"PATCHBAY_DATABASE_URL.*begins with postgresql://") as refused:
        Settings.load(database_url="mysql://me:secret@host/name")
    assert "secret" not in str(refused.value)
    assert "secret" not in repr(Settings.load(database_url="postgresql://me:secret@host/name"))
    with pytest.raises(StoreError, match="cannot be read") as unreadable:
        PostgreSQLStore("postgresql://me:secret@host:port:port/na me?x")
    assert "secret" not in str(unreadable.value)


def test_a_large_output_that_is_gone_is_named(url: str) -> None:
    with opened(url) as journal:
        journal.write(Batch("r1", 1, new=new_run()))
        journal.write(logged(1, "x" * 100_000))
        journal.flush()
        with psycopg.connect(url) as connection:
            connection.execute("DELETE FROM files")
        with pytest.raises(StoreError, match="'r1' is missing: file"):
            journal.events("r1")
