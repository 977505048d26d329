"""Schemas of a PostgreSQL for tests, which are emptied and used again: to make the tables of one takes longer than most
tests do."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from orchestrator.schema import MIGRATIONS, VERSION
from scripts.postgres import Postgres

PATIENCE = "5s"
"""How long a connection that a test left open may keep a table from being emptied."""


class Schemas:
    """Use `close` when done."""

    def __init__(self, server: Postgres) -> None:
        self._server = server
        self._connection = psycopg.connect(server.url("postgres"), autocommit=True)
        self._numbers = itertools.count(1)
        self._empty: list[tuple[str, str]] = []

    @contextmanager
    def empty(self) -> Iterator[str]:
        """The address of a schema in which nothing is; perhaps its tables are there already."""
        name, url = self._empty.pop() if self._empty else self._made()
        yield url
        if self._emptied(name):
            self._empty.append((name, url))

    def close(self) -> None:
        self._connection.close()

    def _made(self) -> tuple[str, str]:
        name = f"test_{next(self._numbers)}"
        return name, self._server.schema(name)

    def _emptied(self, name: str) -> bool:
        """Whether it is as good as new: not when a test changed what its tables are."""
        try:
            self._connection.execute(f"SET lock_timeout = '{PATIENCE}'; SET search_path = {name}".encode())
            version = self._connection.execute(f"SELECT version FROM {VERSION.name}".encode()).fetchall()
            if version != [(len(MIGRATIONS),)] or self._columns(name) != self._usual_columns():
                return False
            tables = [table for table in VERSION.metadata.tables if table != VERSION.name]
            self._connection.execute(f"TRUNCATE {', '.join(tables)} RESTART IDENTITY".encode())
        except psycopg.Error:
            return False
        return True

    def _columns(self, name: str) -> int:
        count = "SELECT count(*) FROM information_schema.columns WHERE table_schema = %s"
        return self._connection.execute(count, (name,)).fetchall()[0][0]

    def _usual_columns(self) -> int:
        return sum(len(table.columns) for table in VERSION.metadata.tables.values())
