"""The API over a real engine and real practice services, in a folder of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from api.app import create_api
from orchestrator.settings import Settings
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine

OFFLINE = "http://127.0.0.1:9"
"""An address of services that do not answer. Nothing listens on the discard port."""


def workflow(id: str, step: dict[str, Any], **content: Any) -> Workflow:
    return Workflow.model_validate({"format": 1, "id": id, "steps": [{"id": "only", **step}], **content})


REPOSITORIES = workflow(
    "repositories",
    {"uses": "github.list_repositories", "with": {"limit": "{{ inputs.limit }}"}},
    name="Repositories",
    inputs={"limit": {"type": "integer", "default": 2}},
    output={"found": "{{ steps.only.repositories }}"},
)
FAILING = workflow("failing", {"uses": "github.get_issue", "with": {"repository": "nobody/nothing", "number": 1}})
FILING = workflow(
    "filing",
    {
        "uses": "notion.create_page",
        "with": {"parent": "Inbox summaries", "title": "By the API", "markdown": "Looked at first."},
    },
)
ASKING = workflow("asking", {"uses": "approve", "with": {"message": "Go on?"}})
COUNTING = workflow(
    "counting",
    {"uses": "wait_for_input", "with": {"message": "How many?", "type": "integer"}},
    output={"found": "{{ steps.only.value }}"},
)
STUCK = workflow("stuck", {"uses": "github.list_repositories", "retry": {"attempts": 2, "backoff": 3600}})


@pytest.fixture
def serve(made_home: Path) -> Iterator[Callable[..., TestClient]]:
    """A client of the API. `offline`: the services that it calls do not answer."""
    with ExitStack() as stack:

        def start(*, offline: bool = False) -> TestClient:
            engine = WorkflowEngine(Settings(home=made_home), practice_url=OFFLINE if offline else None)
            stack.callback(engine.close)
            for known in (REPOSITORIES, FAILING, FILING, ASKING, COUNTING, STUCK):
                engine.library.workflows.save(known)

            @asynccontextmanager
            async def lifespan(_: Starlette) -> AsyncIterator[None]:
                async with engine.running():
                    yield

            app = Starlette(routes=[Mount("/api", create_api(engine))], lifespan=lifespan)
            client = TestClient(app, base_url="http://127.0.0.1:8501", raise_server_exceptions=False)
            return stack.enter_context(client)

        yield start


@pytest.fixture
def client(serve: Callable[..., TestClient]) -> TestClient:
    return serve()
