"""What is seen to from time to time while the engine runs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import structlog

from orchestrator.accounts import Accounts
from orchestrator.errors import PatchbayError
from orchestrator.journal import Journal
from orchestrator.run_folders import RunFolders
from orchestrator.settings import Settings
from orchestrator.triggers.firings import Firings
from orchestrator.versions import Versions

REFRESH = 5.0
"""Seconds between two looks for accounts that another process connected or removed."""

NOTICE = 10.0
"""Seconds between two looks for files that were edited on disk."""

PRUNE = 600.0
"""Seconds between two looks for runs that need not be kept."""

log = structlog.get_logger()


class Housekeeping:
    """`versions` are those of workflows and of templates."""

    def __init__(
        self,
        settings: Settings,
        journal: Journal,
        accounts: Accounts,
        versions: tuple[Versions[Any], ...],
        folders: RunFolders,
        firings: Firings,
    ) -> None:
        self._settings = settings
        self._journal = journal
        self._accounts = accounts
        self._versions = versions
        self._folders = folders
        self._firings = firings

    async def refresh_for_ever(self) -> None:
        """Take notice of accounts that another process connects or removes."""
        await _each(REFRESH, self._accounts.refresh, "accounts were not read again", first=REFRESH)

    async def notice_for_ever(self) -> None:
        """Keep what was edited on disk as versions, also what was edited before the start."""
        await _each(NOTICE, self._notice, "edits on disk were not noticed", first=0)

    async def prune_for_ever(self) -> None:
        """Let go of old runs, as the settings say."""
        await _each(PRUNE, self._prune, "old runs were not deleted", first=PRUNE)

    def _notice(self) -> None:
        for versions in self._versions:
            versions.notice_all()

    def _prune(self) -> None:
        self._journal.prune(time.time(), self._settings.keep_runs_days, self._settings.keep_runs)
        self._folders.prune(self._journal.lineages)
        self._firings.prune()


async def _each(seconds: float, work: Callable[[], object], complaint: str, *, first: float) -> None:
    """Do it in a thread every so many seconds, whatever goes wrong; the first time after `first`."""
    await asyncio.sleep(first)
    while True:
        try:
            await asyncio.to_thread(work)
        except (PatchbayError, OSError) as error:
            log.warning(complaint, error=str(error))
        await asyncio.sleep(seconds)
