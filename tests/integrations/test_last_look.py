"""No byte of a write leaves a process that does not own its run any more: each connection looks before it writes."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from integrations.practice import create_app
from orchestrator.actions import Action, Call, last_look, writing
from orchestrator.errors import LeaseLost
from orchestrator.registry import Registry
from tests.integrations.contract import Place, Scripted
from tests.integrations.contract_examples import NO_HTTP

REGISTRY = Registry.discover()
WRITES = [
    action
    for action in REGISTRY.values()
    if action.effect != "read" and action.connector.practice and action.connector.id not in NO_HTTP
]


@dataclass
class Looking(Scripted):
    """Counts the looks that connections take. `lost`: the run is another process's by then."""

    looks: int = 0
    lost: bool = False

    def sending(self, call: Call) -> None:
        if sys._getframe(2).f_code is last_look.__code__:
            self.looks += 1
            if self.lost:
                raise LeaseLost("Another process goes on with this run.")


class Counted:
    """The practice services, and how many requests reached them."""

    def __init__(self, folder: Path) -> None:
        self.app = create_app(folder / "practice.db", "http://studio.test")
        self.requests = 0
        self._database = folder / "practice.db"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.requests += 1
        await self.app(scope, receive, send)

    def documents(self) -> list[tuple[str, ...]]:
        with closing(sqlite3.connect(self._database)) as db:
            return db.execute("SELECT * FROM documents ORDER BY 1, 2, 3").fetchall()


@pytest.mark.parametrize("action", WRITES, ids=lambda action: action.id)
def test_every_request_of_a_write_is_looked_at_first(
    server: tuple[str, list[ASGIApp]], action: Action, tmp_path: Path
) -> None:
    url, apps = server
    practice = Counted(tmp_path)
    apps.append(practice)
    try:
        place = Place(REGISTRY, url, tmp_path, tmp_path)
        place.prepare(action)
        params, account = place.params(action), place.account(action.connector)
        services = Looking(tmp_path)
        call = replace(place.call(action), services=services)

        services.lost, practice.requests, before = True, 0, practice.documents()
        with writing(call), pytest.raises(LeaseLost):
            action.function(params, account, call)
        assert (practice.requests, practice.documents()) == (0, before)

        services.lost, services.looks = False, 0
        with writing(call):
            action.function(params, account, call)
        assert services.looks >= practice.requests > 0
    finally:
        apps.remove(practice)
        practice.app.state.store.close()
