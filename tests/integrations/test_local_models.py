from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from integrations.local_models import PATIENCE, Kind, Lookout, provider
from orchestrator.accounts import Accounts
from orchestrator.actions import AccountError, Message, ModelInfo, ModelRequest, Price, ServiceError
from orchestrator.registry import Registry
from orchestrator.settings import Settings
from tests.integrations.model_server import DOT, Watcher, serving

ANSWER = (
    'data: {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "tiny", "choices":'
    ' [{"index": 0, "delta": {"content": "Hello."}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'
)


async def list_models(request: Request) -> Response:
    request.app.state.looks += 1
    return JSONResponse({"object": "list", "data": [{"id": "tiny", "object": "model"}, {"id": "nomic-embed-text"}]})


async def chat(request: Request) -> Response:
    content = (await request.json())["messages"][-1]["content"]
    if isinstance(content, list):
        # What llama.cpp says of a model without eyes.
        said = "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj"
        return JSONResponse({"error": {"code": 500, "message": said, "type": "server_error"}}, 500)
    return StreamingResponse(iter([ANSWER]), media_type="text/event-stream")


@pytest.fixture(scope="module")
def app() -> Starlette:
    return Starlette(routes=[Route("/v1/models", list_models), Route("/v1/chat/completions", chat, methods=["POST"])])


@pytest.fixture(scope="module")
def address(app: Starlette) -> Iterator[str]:
    with serving(app) as url:
        yield url


@pytest.fixture
def running(app: Starlette, address: str) -> Kind:
    app.state.looks = 0
    return Kind("ollama", "Ollama", int(address.rpartition(":")[2]))


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@contextmanager
def silent_port() -> Iterator[int]:
    """Somebody listens there and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def accounts_of(tmp_path: Any, *kinds: Kind, kept: float = 30) -> Accounts:
    lookout = Lookout(*kinds, kept=kept)
    registry = Registry([provider(kind, lookout) for kind in kinds])
    return Accounts(registry, Settings.load(home=tmp_path), lambda: "http://127.0.0.1:9")


def test_a_server_that_runs_is_a_provider_with_its_models(running: Kind, tmp_path: Any) -> None:
    accounts = accounts_of(tmp_path, running, Kind("lm_studio", "LM Studio", free_port()))
    assert accounts.models() == [("ollama:tiny", ModelInfo("tiny", "tiny", "on this machine"))]
    assert accounts.model(None)[0].id == "ollama"
    assert not accounts.is_live("ollama")  # nobody's name is on what it writes


def test_it_answers_and_costs_nothing(running: Kind, tmp_path: Any) -> None:
    accounts = accounts_of(tmp_path, running)
    connector, model = accounts.model("ollama:tiny")
    account, watcher = accounts.get("ollama"), Watcher()
    assert connector.generate_function is not None
    assert connector.price_function is not None
    answer = connector.generate_function(ModelRequest((Message("user", "Hi"),), model), account, watcher.call)
    assert (answer.text, watcher.shown) == ("Hello.", ["Hello."])
    assert connector.price_function(model, account) == Price(0, 0)


def test_a_model_without_eyes_says_so(running: Kind, tmp_path: Any) -> None:
    accounts = accounts_of(tmp_path, running)
    connector, model = accounts.model("ollama:tiny")
    request = ModelRequest((Message("user", "What is it?", (DOT,)),), model)
    assert connector.generate_function is not None
    with pytest.raises(ServiceError, match="'tiny' takes no pictures") as caught:
        connector.generate_function(request, accounts.get("ollama"), Watcher().call)
    assert not caught.value.retryable


def test_where_nothing_runs_there_is_no_account_and_no_time_is_lost(tmp_path: Any) -> None:
    accounts = accounts_of(tmp_path, *(Kind(f"server_{n}", "Ollama", free_port()) for n in range(3)))
    started = time.monotonic()
    assert accounts.models() == []
    assert time.monotonic() - started < PATIENCE / 2
    with pytest.raises(AccountError, match="Ollama does not run on this machine") as caught:
        accounts.get("server_0")
    assert "Start it" in caught.value.remedy


def test_programs_that_say_nothing_hold_nobody_up(running: Kind) -> None:
    with silent_port() as first, silent_port() as second:
        silent = Kind("lm_studio", "LM Studio", first)
        lookout = Lookout(silent, Kind("llama_cpp", "llama.cpp", second), running)
        started = time.monotonic()
        assert not lookout.sees(silent)
        assert lookout.sees(running)
        assert time.monotonic() - started < PATIENCE + 0.15


def test_what_was_seen_is_believed_for_a_while(running: Kind, app: Starlette) -> None:
    lookout = Lookout(running)
    assert [lookout.sees(running) for _ in range(3)] == [True, True, True]
    assert app.state.looks == 1


def test_one_that_starts_later_is_found_without_a_restart(app: Starlette, tmp_path: Any) -> None:
    app.state.looks = 0
    port = free_port()
    accounts = accounts_of(tmp_path, Kind("ollama", "Ollama", port), kept=0)
    assert accounts.models() == []
    with serving(app, port):
        assert [id for id, _ in accounts.models()] == ["ollama:tiny"]
        assert accounts.model(None)[0].id == "ollama"
    assert accounts.models() == []


@pytest.mark.parametrize(
    "reply",
    [
        HTMLResponse("<html>Welcome</html>"),
        JSONResponse({"data": []}),
        JSONResponse({"data": "none"}),
        JSONResponse(["a"]),
        JSONResponse({"data": [{"id": "tiny"}]}, 401),
    ],
)
def test_another_program_at_that_port_is_not_taken_for_one(reply: Response) -> None:
    async def models(request: Request) -> Response:
        return reply

    with serving(Starlette(routes=[Route("/v1/models", models)])) as url:
        kind = Kind("llama_cpp", "llama.cpp", int(url.rpartition(":")[2]))
        assert not Lookout(kind).sees(kind)


def test_one_that_was_ended_meanwhile_says_how_to_go_on(tmp_path: Any) -> None:
    with serving(Starlette(routes=[Route("/v1/models", list_models)])) as url:
        gone = Kind("ollama", "Ollama", int(url.rpartition(":")[2]))
        lookout = Lookout(gone)
        gone_app_connector = provider(gone, lookout)
    assert gone_app_connector.models_function is not None
    with pytest.raises(ServiceError, match="Nothing answers at http://127") as caught:
        gone_app_connector.models_function(None)
    assert "Start Ollama again" in caught.value.remedy
