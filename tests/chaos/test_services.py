"""A service that misbehaves in the middle of a write: what is to happen happens once, and is told in plain words."""

from __future__ import annotations

import json
import secrets
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from orchestrator.actions import Registry
from orchestrator.errors import CODES
from orchestrator.practice import PracticeServer
from orchestrator.settings import Settings
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import RunResult, WorkflowEngine
from tests.chaos import proxy as ways
from tests.chaos.proxy import Proxy

pytestmark = pytest.mark.long

REPOSITORY = "practice/handbook"

WRITES: dict[str, dict[str, Any]] = {
    "gmail.send_message": {"to": "ana@example.com", "subject": "TEXT", "body": "chaos"},
    "github.create_issue": {"repository": REPOSITORY, "title": "TEXT", "body": "chaos"},
    "github.comment_issue": {"repository": REPOSITORY, "number": 1, "body": "TEXT"},
    "github.commit_file": {"repository": REPOSITORY, "path": "chaos/TEXT.md", "content": "TEXT", "message": "TEXT"},
    "notion.create_page": {"parent": "Inbox summaries", "title": "TEXT", "markdown": "chaos"},
    "notion.append": {"page": "Product ideas", "markdown": "TEXT"},
}
"""What each write is given; TEXT is the text by which it is found at the service."""

DOES_IT = [
    ways.drops_the_connection,
    ways.does_it_and_answers_500,
    ways.answers_garbage,
    ways.answers_half_a_body,
    ways.answers_json_of_another_shape,
    ways.answers_a_sign_in_page,
]
DOES_NOT = [
    ways.does_nothing_and_answers_500,
    ways.does_nothing_and_answers_429,
    ways.does_nothing_and_answers_json_of_another_shape,
    ways.does_nothing_and_answers_a_sign_in_page,
]

GMAIL_GARBAGE = "gmail.py lets the UnicodeDecodeError of an answer that is not UTF-8 through: not retried, not plain"
APPEND_BELIEVES = "notion.append does not look at the answer: any JSON with status 200 is a success"


def _cases(ways_: list[Callable[..., Any]], known: dict[tuple[str, Callable[..., Any]], str]) -> list[Any]:
    """Each write with each way, and those marked for which a bug is known."""
    return [
        pytest.param(
            action,
            way,
            id=f"{action}-{way.__name__}",
            marks=[pytest.mark.xfail(strict=True, reason=known[action, way])] if (action, way) in known else [],
        )
        for way in ways_
        for action in WRITES
    ]


@dataclass
class Place:
    """An engine whose connectors reach the practice services through a proxy."""

    engine: WorkflowEngine
    proxy: Proxy
    url: str

    def run(self, action: str, text: str, **keys: Any) -> RunResult:
        return self.engine.execute_workflow(_workflow(action, text, **keys))

    def effects(self, text: str) -> int:
        """How often a text is to be seen at the services."""
        seen = httpx.get(f"{self.url}/overview", timeout=30).json()
        texts = [mail["subject"] for mail in seen["mail"] if mail["folder"] == "sent"]
        for page in seen["pages"]:
            texts += [page["title"], *page["markdown"].split("\n")]
        for repository in seen["repositories"]:
            texts += [commit["message"].split("\n")[0] for commit in repository["commits"]]
            for issue in repository["issues"]:
                texts += [issue["title"], *(comment["body"] for comment in issue["comments"])]
        return Counter(texts)[text]


def _workflow(action: str, text: str, **keys: Any) -> Workflow:
    given = json.loads(json.dumps(WRITES[action]).replace("TEXT", text))
    return Workflow.model_validate({"id": "test", "steps": [{"id": "s", "uses": action, "with": given, **keys}]})


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PracticeServer]:
    service = PracticeServer(tmp_path_factory.mktemp("services"), "http://studio.test")
    yield service
    service.close()


@pytest.fixture(scope="module")
def proxy(service: PracticeServer) -> Iterator[Proxy]:
    proxy = Proxy(service.url)
    yield proxy
    proxy.close()


@pytest.fixture
def place(service: PracticeServer, proxy: Proxy, tmp_path: Path) -> Iterator[Place]:
    """With an engine of its own, so that no circuit breaker remembers the test before."""
    with WorkflowEngine(Settings.load(home=tmp_path / "home"), practice_url=proxy.url) as engine:
        yield Place(engine, proxy, service.url)


@pytest.fixture
def text() -> str:
    return f"text-{secrets.token_hex(6)}"


def ensure_clear(error: dict[str, Any] | None) -> None:
    """An error says what happened, where, and what to do, in words for people."""
    assert error is not None
    told = json.dumps(error)
    assert error["code"] in CODES
    assert error["message"]
    assert error["remedy"]
    assert "step 's'" in error["where"]
    for sign in ("Traceback", 'File "', "in a way it does not know", "object at 0x", "Error("):
        assert sign not in told, told


def test_every_write_of_these_services_is_tried_here() -> None:
    services = {id.partition(".")[0] for id in WRITES}
    writes = {id for id, action in Registry.discover().items() if action.effect != "read"}
    assert {id for id in writes if id.partition(".")[0] in services} == WRITES.keys()


GARBAGE = {("gmail.send_message", ways.answers_garbage): GMAIL_GARBAGE}
BELIEVED = {("notion.append", ways.does_nothing_and_answers_json_of_another_shape): APPEND_BELIEVES}


class TestAWriteWhoseAnswerIsSpoiled:
    @pytest.mark.parametrize(("action", "way"), _cases([*DOES_IT, *DOES_NOT], {**GARBAGE, **BELIEVED}))
    def test_with_retry_happens_once(self, place: Place, text: str, action: str, way: Callable[..., Any]) -> None:
        place.proxy.spoil(way)
        result = place.run(action, text, retry={"attempts": 3, "backoff": 0.01})
        assert (result.status, result.error) == ("succeeded", None)
        assert place.effects(text) == 1
        assert result.steps["s"].output["url"]

    @pytest.mark.parametrize(
        ("action", "way"),
        _cases(
            [*DOES_IT, *DOES_NOT],
            {**GARBAGE, **BELIEVED, ("notion.append", ways.answers_json_of_another_shape): APPEND_BELIEVES},
        ),
    )
    def test_without_retry_fails_in_plain_words_and_is_done_once_when_resumed(
        self, place: Place, text: str, action: str, way: Callable[..., Any]
    ) -> None:
        place.proxy.spoil(way)
        failed = place.run(action, text)
        assert failed.status == "failed"
        ensure_clear(failed.error)
        assert place.effects(text) == (way in DOES_IT)
        resumed = place.engine.wait(place.engine.resume(failed.run_id))
        assert (resumed.status, resumed.error) == ("succeeded", None)
        assert place.effects(text) == 1


@pytest.mark.timeout(90)
def test_a_write_whose_answer_never_comes_happens_once(place: Place) -> None:
    texts = {action: f"text-{secrets.token_hex(6)}" for action in WRITES}
    place.proxy.spoil(ways.hangs, times=len(WRITES))
    retry = {"attempts": 2, "backoff": 0.01}
    runs = [
        place.engine.start_workflow(_workflow(action, text, retry=retry, timeout=3)) for action, text in texts.items()
    ]
    for run_id, text in zip(runs, texts.values(), strict=True):
        result = place.engine.wait(run_id)
        assert (result.status, result.error) == ("succeeded", None)
        assert place.effects(text) == 1


@pytest.mark.parametrize(("action", "way"), _cases([ways.drops_the_connection, ways.answers_garbage], GARBAGE))
def test_a_service_that_stays_broken_is_told_in_plain_words(
    place: Place, text: str, action: str, way: Callable[..., Any]
) -> None:
    place.proxy.spoil(way, fits=lambda method, path: True, times=2)
    result = place.run(action, text, retry={"attempts": 2, "backoff": 0.01})
    assert result.status == "failed"
    ensure_clear(result.error)
    assert place.effects(text) <= 1
