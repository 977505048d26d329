"""What the journal asks of a store. SQLite and PostgreSQL are two answers to it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Generator, Sequence
from contextlib import contextmanager
from typing import Protocol

import sqlalchemy as sa
import sqlalchemy.exc

from orchestrator.errors import StoreError
from orchestrator.records import Batch

PATIENCE = 10.0
"""Seconds that a locked file, or a server that is away, is waited for."""

RunFence = tuple[str, int]
"""A run, and the fence that its owner writes under."""


class RefusedBatch(StoreError):
    """Something in the batches cannot be stored, where the store itself is well."""


class Writer(Protocol):
    """Commits batches. Made and used by the journal's thread alone."""

    def commit(self, batches: Sequence[Batch]) -> set[RunFence]:
        """Write all that may be written in one durable transaction. Gives those whose run another process owns: nothing
        of theirs was written. Raises `RefusedBatch` or `StoreError`; then nothing was, of any."""
        ...

    def close(self) -> None: ...


class Store(ABC):
    """A database that is open. `place` names it in messages."""

    place: str
    engine: sa.Engine
    """For all that is not hot: SQLAlchemy Core, with a pool."""

    @abstractmethod
    def writer(self) -> Writer: ...

    @abstractmethod
    def explain(self, error: Exception) -> StoreError:
        """An error of the driver, for people: what happened to which database, and what to do."""

    @abstractmethod
    def file(self, connection: sa.Connection, hash: str) -> bytes | None:
        """The content of a large output. None when it is gone."""

    @abstractmethod
    def drop_files(self, hashes: Collection[str]) -> None:
        """Remove those of these large outputs that no run refers to."""

    @abstractmethod
    def forgotten_files(self) -> Collection[str]:
        """Large outputs that were stored for a commit which never came."""

    @abstractmethod
    def shrink(self, pause: Callable[[float], bool]) -> None:
        """Give room that was freed back to the disk, in short transactions. `pause` is called between two of them
        with the seconds that the last one took; False ends it."""

    @abstractmethod
    def keep_others_out(self, connection: sa.Connection) -> None:
        """Let no journal's thread commit until the transaction of this connection ends."""

    @contextmanager
    def read(self) -> Generator[sa.Connection]:
        with self._explained(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def change(self, *, alone: bool = False) -> Generator[sa.Connection]:
        """A transaction that writes. `alone`: no run begins and no batch is committed until it ends."""
        with self._explained(), self.engine.connect() as connection:
            writing = connection.execution_options(writes=True)
            with writing.begin():
                if alone:
                    self.keep_others_out(writing)
                yield writing

    def close(self) -> None:
        self.engine.dispose()

    @contextmanager
    def _explained(self) -> Generator[None]:
        try:
            yield
        except sqlalchemy.exc.DBAPIError as error:
            raise self.explain(error.orig if isinstance(error.orig, Exception) else error) from error
        except sqlalchemy.exc.TimeoutError as error:
            raise StoreError(f"{self.place} is too busy to answer.", remedy="Try again in a moment.") from error
