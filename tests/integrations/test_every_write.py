"""Every write of every connector, while its practice service misbehaves once: it happens once, whatever that says.

The faults are those that a person switches on on the page *Practice*.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from starlette.types import ASGIApp

from integrations.practice import create_app
from integrations.practice.faults import SERVICE as FAULTS
from integrations.practice.faults import Fault
from integrations.practice.mail_folders import SERVICE as FOLDERS
from orchestrator.actions import Action
from orchestrator.registry import Registry
from orchestrator.settings import Settings
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import RunResult, WorkflowEngine
from tests.integrations.contract import Place
from tests.integrations.contract_examples import A_PERSON_IS_ASKED

pytestmark = pytest.mark.long

REGISTRY = Registry.discover()
BY_SMTP = ("email.send_message", "email.reply_message")
"""Two servers take part in them: test_mail_faults."""
WRITES = [
    action
    for action in REGISTRY.values()
    if action.effect != "read" and action.connector.practice and action.id not in BY_SMTP
]
NOTHING_HAPPENS = ("failing", "limited")
IT_HAPPENS = ("failing_after", "dropping", "sign_in_page", "garbage", "other_shape")


Run = Callable[[Action, str | None, Path], tuple[RunResult, Counter[str]]]


def counted(database: Path) -> Counter[str]:
    """How many documents of each kind the practice services keep, without the numbers that mails have in folders: they
    get them when somebody looks."""
    with closing(sqlite3.connect(database)) as db:
        rows = db.execute("SELECT service, kind, count(*) FROM documents GROUP BY service, kind").fetchall()
    kept = {f"{service} {kind}": number for service, kind, number in rows if service not in (FAULTS, FOLDERS)}
    return Counter(kept)


@pytest.fixture(scope="module")
def run(server: tuple[str, list[ASGIApp]]) -> Run:
    """Run an action as the one step of a workflow, on fresh sample data and an engine of its own, its first write
    spoiled. What came of it, and how many more documents of each kind there are."""
    url, apps = server

    def done(action: Action, kind: str | None, folder: Path) -> tuple[RunResult, Counter[str]]:
        app = create_app(folder / "practice.db", "http://studio.test")
        apps.append(app)
        try:
            place = Place(REGISTRY, url, folder, folder)
            place.prepare(action)
            given = place.params(action).model_dump(mode="json", by_alias=True, exclude_unset=True)
            step = {"id": "s", "uses": action.id, "with": given, "retry": {"attempts": 4, "backoff": 0.01}}
            before = counted(folder / "practice.db")
            if kind:
                fault = Fault(kind, requests="writes", times=1, seconds=0)
                app.state.faults.switch_on(action.connector.id, fault)
            settings = Settings(home=folder / "home")
            with WorkflowEngine(settings, registry=REGISTRY, practice_url=url) as engine:
                result = engine.execute_workflow(Workflow.model_validate({"id": "w", "steps": [step]}))
            assert app.state.faults.on()[action.connector.id] == [], "nothing was spoiled"
            return result, counted(folder / "practice.db") - before
        finally:
            apps.remove(app)
            app.state.store.close()

    return done


@pytest.fixture(scope="module")
def once(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Action], Counter[str]]:
    """What a write makes when nothing goes wrong."""
    known: dict[str, Counter[str]] = {}

    def made(action: Action) -> Counter[str]:
        if action.id not in known:
            result, known[action.id] = run(action, None, tmp_path_factory.mktemp("once"))
            assert result.status == "succeeded", result.error
        return known[action.id]

    return made


def cases() -> list[Any]:
    return [
        pytest.param(
            action,
            kind,
            id=f"{action.id}-{kind}",
        )
        for action in WRITES
        for kind in (*NOTHING_HAPPENS, *IT_HAPPENS)
    ]


@pytest.mark.parametrize(("action", "kind"), cases())
def test_a_write_that_is_spoiled_happens_once(
    run: Run, once: Callable[[Action], Counter[str]], action: Action, kind: str, tmp_path: Path
) -> None:
    result, made = run(action, kind, tmp_path)
    if result.status == "waiting":
        assert action.id in A_PERSON_IS_ASKED, result.error
        assert made == (once(action) if kind in IT_HAPPENS else Counter())
    else:
        assert result.status == "succeeded", result.error
        assert made == once(action)
