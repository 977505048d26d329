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

from orchestrator.errors import CODES
from orchestrator.practice import PracticeServer
from orchestrator.registry import Registry
from orchestrator.settings import Settings
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import RunResult, WorkflowEngine
from tests.chaos import proxy as ways
from tests.chaos.proxy import Proxy

pytestmark = pytest.mark.long

REPOSITORY = "practice/handbook"

WRITES: dict[str, dict[str, Any]] = {
    "gmail.send_message": {"to": "ana@example.com", "subject": "TEXT", "body": "chaos"},
    "gmail.create_draft": {"to": "ana@example.com", "subject": "TEXT", "body": "chaos"},
    "github.create_issue": {"repository": REPOSITORY, "title": "TEXT", "body": "chaos"},
    "github.comment_issue": {"repository": REPOSITORY, "number": 1, "body": "TEXT"},
    "github.commit_file": {"repository": REPOSITORY, "path": "chaos/TEXT.md", "content": "TEXT", "message": "TEXT"},
    "github.commit_files": {
        "repository": "practice/webshop",
        "files": [{"path": "chaos/TEXT/a.md", "content": "TEXT"}, {"path": "chaos/TEXT/b.md", "content": "TEXT"}],
        "message": "TEXT",
    },
    "notion.create_page": {"parent": "Inbox summaries", "title": "TEXT", "markdown": "chaos"},
    "notion.append": {"page": "Product ideas", "markdown": "TEXT"},
    "notion.update_page": {"page": "Hafenkontor", "properties": {"Phone": "TEXT"}},
    "notion.comment": {"page": "Product ideas", "text": "TEXT"},
}
"""What each write is given; TEXT is the text by which it is found at the service."""

NAMED = {
    "github.create_branch",
    "github.create_release",
    "github.create_repository",
    "github.open_pull_request",
}
"""Writes of what has a name that the service gives out once: a second one is refused there."""
SAME = {"github.comment_pull_request", "gmail.reply_message"}
"""Writes that send what another one sends, to the same address."""

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


@dataclass
class Place:
    """An engine whose connectors reach the practice services through a proxy."""

    engine: WorkflowEngine
    proxy: Proxy
    url: str

    def run(self, texts: dict[str, str], **keys: Any) -> dict[str, RunResult]:
        """Run each write with its text, all at the same time."""
        runs = {action: self.engine.start_workflow(_workflow(action, text, **keys)) for action, text in texts.items()}
        return {action: self.engine.wait(run_id) for action, run_id in runs.items()}

    def effects(self, texts: dict[str, str]) -> dict[str, int]:
        """How often each text is to be seen at the services."""
        seen = httpx.get(f"{self.url}/overview", timeout=30).json()
        written = [mail for mail in seen["mail"] if mail["folder"] in ("sent", "drafts")]
        seen_texts = [text for mail in written for text in (mail["subject"], mail["text"].split("\n")[0])]
        for page in seen["pages"]:
            seen_texts += [page["title"], *page["markdown"].split("\n"), *page["properties"].values()]
            seen_texts += [comment["body"].split()[0].rstrip("\\") for comment in page["comments"]]
        for repository in seen["repositories"]:
            seen_texts += [commit["message"].split("\n")[0] for commit in repository["commits"]]
            for issue in repository["issues"]:
                seen_texts += [issue["title"], *(comment["body"] for comment in issue["comments"])]
        found = Counter(seen_texts)
        return {action: found[text] for action, text in texts.items()}


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


def new_texts() -> dict[str, str]:
    """A text of its own for each write."""
    return {action: f"text-{secrets.token_hex(6)}" for action in WRITES}


def ensure_done(results: dict[str, RunResult]) -> None:
    ends = {action: (result.status, result.error) for action, result in results.items()}
    assert ends == dict.fromkeys(results, ("succeeded", None))


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
    """All that would be there twice if it were sent twice."""
    services = {id.partition(".")[0] for id in WRITES}
    writes = {id for id, action in Registry.discover().items() if action.effect == "write"}
    assert {id for id in writes if id.partition(".")[0] in services} - NAMED - SAME <= WRITES.keys()


class TestAWriteWhoseAnswerIsSpoiled:
    @pytest.mark.parametrize("way", [*DOES_IT, *DOES_NOT], ids=lambda way: way.__name__)
    def test_with_retry_happens_once(self, place: Place, way: Callable[..., Any]) -> None:
        texts = new_texts()
        place.proxy.spoil(way)
        results = place.run(texts, retry={"attempts": 3, "backoff": 0.01})
        ensure_done(results)
        assert place.effects(texts) == dict.fromkeys(texts, 1)
        assert all(result.steps["s"].output["url"] for result in results.values())

    @pytest.mark.parametrize("way", [*DOES_IT, *DOES_NOT], ids=lambda way: way.__name__)
    def test_without_retry_fails_in_plain_words_and_is_done_once_when_resumed(
        self, place: Place, way: Callable[..., Any]
    ) -> None:
        texts = new_texts()
        place.proxy.spoil(way)
        failed = place.run(texts)
        assert {action: result.status for action, result in failed.items()} == dict.fromkeys(texts, "failed")
        for result in failed.values():
            ensure_clear(result.error)
        assert place.effects(texts) == dict.fromkeys(texts, 1 if way in DOES_IT else 0)
        resumed = {action: place.engine.resume(result.run_id) for action, result in failed.items()}
        ensure_done({action: place.engine.wait(run_id) for action, run_id in resumed.items()})
        assert place.effects(texts) == dict.fromkeys(texts, 1)


@pytest.mark.timeout(90)
def test_a_write_whose_answer_never_comes_happens_once(place: Place) -> None:
    texts = new_texts()
    place.proxy.spoil(ways.hangs)
    ensure_done(place.run(texts, retry={"attempts": 2, "backoff": 0.01}, timeout=3))
    assert place.effects(texts) == dict.fromkeys(texts, 1)


@pytest.mark.parametrize("way", [ways.drops_the_connection, ways.answers_garbage], ids=lambda way: way.__name__)
def test_a_service_that_stays_broken_is_told_in_plain_words(place: Place, way: Callable[..., Any]) -> None:
    texts = new_texts()
    place.proxy.spoil(way, fits=lambda method, path: True, times=100)
    results = place.run(texts, retry={"attempts": 2, "backoff": 0.01})
    assert {action: result.status for action, result in results.items()} == dict.fromkeys(texts, "failed")
    for result in results.values():
        ensure_clear(result.error)
    assert all(count <= 1 for count in place.effects(texts).values())
