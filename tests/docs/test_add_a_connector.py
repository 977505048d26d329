"""The page that shows how a connector is added: its code, installed as a package, does what the page says."""

from __future__ import annotations

import re
import sys
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from orchestrator.registry import ENTRY_POINTS, Registry, ensure_contract
from orchestrator.settings import ROOT, Settings
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine
from tests.impatient import Impatient
from tests.integrations.model_server import serving

PAGE = (ROOT / "docs" / "add-a-connector.md").read_text(encoding="utf-8")
CODE, WAITING = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
(PROJECT,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
RETRY = {"attempts": 3, "backoff": 0.01}


@dataclass
class Board:
    """The service of the page. It loses as many of its answers as it is told."""

    notes: list[dict[str, Any]] = field(default_factory=list)
    lost: int = 0

    async def stick(self, request: Request) -> Response:
        if request.headers["authorization"] != "Bearer board-secret":
            return JSONResponse({}, 401)
        self.notes.append(await request.json())
        if self.lost:
            self.lost -= 1
            return JSONResponse({}, 502)
        return JSONResponse(self._shown(self.notes[-1]))

    def look(self, request: Request) -> Response:
        key, word = request.query_params.get("key"), request.query_params.get("word", "")
        wanted = [note for note in self.notes if word in note["text"] and key in (None, note["key"])]
        return JSONResponse([self._shown(note) for note in wanted])

    def _shown(self, note: dict[str, Any]) -> dict[str, str]:
        return {"text": note["text"], "url": "https://board.example/1"}


@pytest.fixture
def board() -> Board:
    return Board()


@pytest.fixture
def url(board: Board) -> Iterator[str]:
    routes = [Route("/notes", board.stick, methods=["POST"]), Route("/notes", board.look)]
    with serving(Starlette(routes=routes)) as url:
        yield url


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The code of the page, installed as its project says."""
    project = tomllib.loads(PROJECT)["project"]
    site = tmp_path / "site-packages"
    about = site / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.4\nName: {project['name']}\nVersion: {project['version']}\n")
    names = "".join(f"{name} = {value}\n" for name, value in project["entry-points"][ENTRY_POINTS].items())
    (about / "entry_points.txt").write_text(f"[{ENTRY_POINTS}]\n{names}")
    (site / "patchbay_board.py").write_text(f"{CODE}\n\n{WAITING}", encoding="utf-8")
    monkeypatch.syspath_prepend(site)
    yield
    sys.modules.pop("patchbay_board", None)


@pytest.fixture
def engine(installed: None, url: str, tmp_path: Path) -> Iterator[WorkflowEngine]:
    with WorkflowEngine(Settings(home=tmp_path / "home"), clock=Impatient()) as engine:
        engine.accounts.add("board", "work", {"base_url": url, "token": "board-secret"})
        yield engine


def workflow(**keys: Any) -> Workflow:
    step = {"id": "stick", "uses": "board.stick_note", "with": {"text": "Buy milk"}, **keys}
    return Workflow.model_validate({"id": "sticks", "steps": [step]})


def test_it_is_short() -> None:
    assert len(CODE.splitlines()) < 60


def test_it_keeps_the_contract(installed: None) -> None:
    connector = Registry.discover().connector("board")
    ensure_contract(connector)
    assert list(connector.actions) == ["stick_note", "wait_for_note"]


def test_a_run_shows_the_note_before_and_sends_it_once_approved(engine: WorkflowEngine, board: Board) -> None:
    run = engine.start_workflow(workflow())
    assert engine.wait(run).status == "waiting"
    (plan,) = engine.run(run).plans
    assert (plan.summary, plan.request, board.notes) == ("Stick a note to the board.", {"text": "Buy milk"}, [])

    engine.approve(run)
    result = engine.wait(run)
    assert (result.status, result.steps["stick"].output) == (
        "succeeded",
        {"text": "Buy milk", "url": "https://board.example/1"},
    )
    assert [note["text"] for note in board.notes] == ["Buy milk"]


def test_an_answer_that_is_lost_does_not_stick_it_twice(engine: WorkflowEngine, board: Board) -> None:
    board.lost = 1
    run = engine.start_workflow(workflow(retry=RETRY), preview=False)
    assert engine.wait(run).status == "succeeded"
    assert len(board.notes) == 1


def test_an_action_that_waits_goes_on_once_it_happened(engine: WorkflowEngine, board: Board) -> None:
    step = {"id": "wait", "uses": "board.wait_for_note", "with": {"word": "milk"}}
    run = engine.start_workflow(Workflow.model_validate({"id": "waits", "steps": [step]}), preview=False)
    while not (said := [item.waits_for(lambda _: "later") for item in engine.run(run).steps[0].items if item.until]):
        time.sleep(0.01)
    assert said == ["Nobody has written of 'milk' yet. It looks again later."]

    board.notes.append({"text": "Buy milk", "key": "somebody"})
    assert engine.wait(run).status == "succeeded"


def test_a_wrong_token_says_what_to_do(engine: WorkflowEngine) -> None:
    engine.accounts.change(
        "board", "work", {"base_url": engine.accounts.shown("board", "work")["base_url"], "token": "no"}
    )
    result = engine.wait(engine.start_workflow(workflow(), preview=False))
    assert result.error is not None
    assert (result.error["code"], result.error["remedy"]) == ("account", "Reconnect the account 'work'.")
