"""Where the journal is kept: a SQLite file and a folder, or a PostgreSQL database that many machines share."""

from __future__ import annotations

from orchestrator.settings import Settings
from orchestrator.stores.sqlite import SQLiteStore
from orchestrator.stores.store import Store


def open_store(settings: Settings) -> Store:
    """The store that the settings name, made or brought to today's schema. Raises `StoreError`."""
    if settings.database_url is None:
        return SQLiteStore(settings.database, settings.home / "files")
    from orchestrator.stores.postgresql import PostgreSQLStore  # its driver is loaded by those who use it

    return PostgreSQLStore(settings.database_url.get_secret_value())
