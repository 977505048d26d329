"""The floor is what it says: every commit of it is on disk."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.floor import Floor, connect
from benchmarks.slow_fsync import NotMeasurable, shim, slow
from scripts.studio import ROOT

FULL = 2
"""`PRAGMA synchronous` as a number: an fsync at every commit."""

COUNT_FSYNCS = """
import asyncio, pathlib, sys
from benchmarks.floor import Floor
from benchmarks.slow_fsync import slowed
with Floor(pathlib.Path(sys.argv[1])) as floor:
    before = slowed()
    asyncio.run(floor.chain(7))
    print(slowed() - before)
"""


def test_it_asks_for_an_fsync_at_every_commit(tmp_path: Path) -> None:
    with contextlib.closing(connect(tmp_path / "floor.db")) as connection:
        assert connection.execute("PRAGMA synchronous").fetchone() == (FULL,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_chain_is_an_fsync_a_step(tmp_path: Path) -> None:
    try:
        library = shim(tmp_path)
    except NotMeasurable as error:
        pytest.skip(str(error))
    command = [sys.executable, "-c", COUNT_FSYNCS, str(tmp_path / "floor.db")]
    counted = subprocess.run(command, cwd=ROOT, env={**os.environ, **slow(library)}, capture_output=True, check=True)
    assert int(counted.stdout) >= 7


async def test_it_writes_one_json_row_a_step(tmp_path: Path) -> None:
    with Floor(tmp_path / "floor.db") as floor:
        await floor.chain(3)
        await floor.chain_behind(4)
        await floor.fanout(5)
    with contextlib.closing(sqlite3.connect(tmp_path / "floor.db")) as connection:
        counts = connection.execute("SELECT count(*) FROM steps WHERE json_valid(data) GROUP BY run ORDER BY run")
        assert counts.fetchall() == [(3,), (4,), (1 + 5 + 1,)]
