"""Each model of the server below is one way in which a server can behave."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from integrations.openai import OpenAIAccount, check, complete, models
from orchestrator.actions import (
    AccountError,
    Message,
    ModelAnswer,
    ModelRequest,
    RateLimited,
    SecretStr,
    ServiceError,
    Unavailable,
)
from orchestrator.settings import ROOT
from tests.integrations.model_server import DOT, SCHEMA, Watcher, serving

OPEN = {"type": "object", "additionalProperties": {"type": "number"}}
"""A schema of an object with any properties."""


@dataclass
class Server:
    url: str
    bodies: list[dict[str, Any]]

    def ask(
        self,
        model: str,
        watcher: Watcher | None = None,
        said: tuple[Message, ...] = (Message("user", "Hello"),),
        **settings: Any,
    ) -> ModelAnswer:
        account = OpenAIAccount(base_url=self.url, api_key=SecretStr("sk-right"))
        request = ModelRequest(said, model, **({"timeout": 10.0} | settings))
        return complete(request, account, (watcher or Watcher()).call)


def chunk(text: str | None = None, finish: str | None = None) -> str:
    delta = {"content": text} if text is not None else {}
    return event({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})


def event(content: dict[str, Any]) -> str:
    head = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "served-name"}
    return f"data: {json.dumps(head | content)}\n\n"


USAGE = event({"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}})
DONE = "data: [DONE]\n\n"

STREAMS = {
    "good": [chunk("Good "), chunk("morning."), chunk(finish="stop"), USAGE, DONE],
    "long": [chunk("Once upon"), chunk(finish="length"), USAGE, DONE],
    "thinker": [chunk(finish="length"), USAGE, DONE],
    "filtered": [chunk("I"), chunk(finish="content_filter"), DONE],
    "broken": [chunk("Good ")],
    "garbage": ["data: {not json\n\n"],
    "foreign": ['data: {"answer": "Good morning."}\n\n'],
    "list": ["data: [1, 2]\n\n"],
    "empty": [],
    "stumbles": [chunk("Good "), 'data: {"error": {"message": "out of memory"}}\n\n'],
    "chooser": [chunk('{"choice": '), chunk('"yes"}'), chunk(finish="stop"), DONE],
    "plain-chooser": [chunk("Yes."), chunk(finish="stop"), DONE],
    "stubborn": [chunk("maybe"), chunk(finish="stop"), DONE],
    "strict": [chunk("Fine."), chunk(finish="stop"), DONE],
    "formless": [chunk('{"total": 3}'), chunk(finish="stop"), DONE],
    "refuses": [
        event({"choices": [{"index": 0, "delta": {"refusal": "No."}, "finish_reason": None}]}),
        chunk(finish="stop"),
    ],
}

ERRORS = {
    "limited": (429, {"message": "slow down"}, {"Retry-After": "7"}),
    "limited-until": (429, {"message": "slow down"}, {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}),
    "limited-somehow": (429, {"message": "slow down"}, {}),
    "broke": (429, {"message": "no money", "code": "insufficient_quota"}, {}),
    "down": (500, {"message": "oops"}, {}),
    "unknown": (404, {"message": "no such model"}, {}),
    "goods": (404, {"message": "no such model"}, {}),
    "forbidden": (403, {"message": "not in your country"}, {}),
    "busy": (503, {"message": "overloaded"}, {"Retry-After": "4"}),
    "flagged": (400, {"message": "no", "code": "content_policy_violation"}, {}),
    "blind": (400, {"message": "This model does not support image input."}, {}),
    "huge": (413, {"message": "Request Entity Too Large"}, {}),
    "picky": (400, {"message": "bad\nthing", "param": "messages"}, {}),
    "short-sighted": (400, {"message": "too long", "code": "context_length_exceeded"}, {}),
    "short-sighted-llama": (400, {"message": "too long", "type": "exceed_context_size_error"}, {}),
}


async def chat(request: Request) -> Response:
    body = await request.json()
    request.app.state.bodies.append(body)
    model = body["model"]
    if request.headers["authorization"] != "Bearer sk-right":
        return JSONResponse({"error": {"message": "Incorrect API key provided: sk-wr***"}}, 401)
    if model in ERRORS:
        status, error, headers = ERRORS[model]
        return JSONResponse({"error": error}, status, headers)
    if model == "strict" and "temperature" in body:
        return JSONResponse({"error": {"message": "only 1", "param": "temperature"}}, 400)
    if model == "formless" and "response_format" in body:
        return JSONResponse({"error": {"message": "unknown", "param": "response_format"}}, 400)
    if model == "page":
        return HTMLResponse("<html>Welcome</html>")
    if model == "asleep":
        await asyncio.sleep(3)
    if model == "dripping":
        return StreamingResponse(drip(), media_type="text/event-stream")
    return StreamingResponse(iter(STREAMS[model]), media_type="text/event-stream")


async def drip() -> AsyncIterator[str]:
    for _ in range(30):
        await asyncio.sleep(0.1)
        yield chunk("and ")


async def list_models(request: Request) -> Response:
    return JSONResponse({"object": "list", "data": request.app.state.models})


@pytest.fixture(scope="module")
def app() -> Starlette:
    app = Starlette(
        routes=[
            Route("/v1/chat/completions", chat, methods=["POST"]),
            Route("/v1/models", list_models),
            Route("/", lambda request: HTMLResponse("<html>Welcome</html>")),
            Route("/models", lambda request: HTMLResponse("<html>Welcome</html>")),
        ]
    )
    app.state.bodies = []
    return app


@pytest.fixture(scope="module")
def address(app: Starlette) -> Iterator[str]:
    with serving(app) as url:
        yield url


@pytest.fixture
def server(app: Starlette, address: str) -> Server:
    app.state.bodies.clear()
    app.state.models = [{"id": name, "object": "model", "created": 1, "owned_by": "us"} for name in ("good", "long")]
    return Server(f"{address}/v1", app.state.bodies)


def test_an_answer_is_shown_as_it_comes_and_returned_whole(server: Server) -> None:
    watcher = Watcher()
    answer = server.ask("good", watcher)
    assert answer == ModelAnswer("Good morning.", "served-name", input_tokens=7, output_tokens=3)
    assert watcher.shown == ["Good ", "morning."]


def test_settings_that_are_not_given_are_left_to_the_server(server: Server) -> None:
    server.ask("good")
    assert server.bodies == [
        {
            "model": "good",
            "messages": [{"role": "user", "content": "Hello"}],
            "stream": True,
            "stream_options": {"include_usage": True},
        }
    ]


def test_settings_and_a_schema_are_passed_on(server: Server) -> None:
    schema = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
    server.ask("good", temperature=0, max_tokens=9, schema=schema)
    [body] = server.bodies
    assert (body["temperature"], body["max_tokens"]) == (0, 9)
    assert body["response_format"]["json_schema"]["schema"] == schema


def test_a_form_is_strict_where_it_leaves_nothing_open(server: Server) -> None:
    closed = {"type": "object", "properties": {"a": OPEN}, "required": ["a"], "additionalProperties": False}
    for schema, strict in ((SCHEMA, True), (OPEN, False), (closed, False)):
        server.ask("good", schema=schema)
        assert server.bodies[-1]["response_format"]["json_schema"]["strict"] is strict


def test_a_server_of_another_make_is_told_the_form_in_words_too(server: Server) -> None:
    server.ask("good", schema=SCHEMA)
    assert server.bodies[0]["messages"][0]["content"].endswith(json.dumps(SCHEMA))


def test_a_model_that_takes_no_form_is_asked_again_without(server: Server) -> None:
    assert server.ask("formless", schema=SCHEMA).text == '{"total": 3}'
    assert ["response_format" in body for body in server.bodies] == [True, False]


def test_pictures_and_the_conversation_so_far_go_with_the_question(server: Server) -> None:
    said = (Message("assistant", "Yes?"), Message("user", "What is it?", (DOT, "https://example.com/a.png")))
    server.ask("good", said=said)
    before, question = server.bodies[0]["messages"]
    assert before == {"role": "assistant", "content": "Yes?"}
    assert question["content"] == [
        {"type": "text", "text": "What is it?"},
        {"type": "image_url", "image_url": {"url": DOT}},
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
    ]


def test_a_model_without_eyes_says_so(server: Server) -> None:
    with pytest.raises(ServiceError, match="'blind' takes no pictures"):
        server.ask("blind", said=(Message("user", "What is it?", (DOT,)),))


def test_the_first_model_of_the_server_is_the_default(server: Server) -> None:
    server.ask("")
    assert server.bodies[0]["model"] == "good"


def test_a_model_that_takes_no_temperature_is_asked_again_without(server: Server) -> None:
    assert server.ask("strict", temperature=0).text == "Fine."
    assert ["temperature" in body for body in server.bodies] == [True, False]


def test_an_answer_that_reached_its_length_is_marked(server: Server) -> None:
    assert server.ask("long").truncated
    assert not server.ask("good").truncated


@pytest.mark.parametrize(("model", "shown"), [("chooser", "yes"), ("plain-chooser", "Yes")])
def test_a_choice_comes_without_its_envelope(server: Server, model: str, shown: str) -> None:
    watcher = Watcher()
    assert server.ask(model, watcher, choices=("yes", "Yes", "no")).text == shown
    assert watcher.shown == [shown]
    [body] = server.bodies
    assert body["response_format"]["json_schema"]["schema"]["properties"]["choice"]["enum"] == ["yes", "Yes", "no"]
    assert body["messages"][-1]["content"].endswith("Answer with one of: yes, Yes, no")


def test_an_answer_that_is_no_choice_is_refused(server: Server) -> None:
    with pytest.raises(ServiceError, match="answered 'maybe', which is none of: yes, no"):
        server.ask("stubborn", choices=("yes", "no"))


@pytest.mark.parametrize(
    ("model", "kind", "says"),
    [
        ("thinker", ServiceError, "used up the tokens"),
        ("filtered", ServiceError, "content filter"),
        ("broken", Unavailable, "broke off in the middle"),
        ("stumbles", Unavailable, "broke off: out of memory"),
        ("garbage", ServiceError, "not as the OpenAI API does.*most addresses end in /v1"),
        ("foreign", ServiceError, "not as the OpenAI API does"),
        ("list", ServiceError, "not as the OpenAI API does"),
        ("empty", ServiceError, "not as the OpenAI API does"),
        ("page", ServiceError, "not as the OpenAI API does"),
        ("broke", AccountError, "credit .* is used up"),
        ("down", Unavailable, "failed .status 500."),
        ("unknown", ServiceError, "has no model 'unknown'"),
        ("goods", ServiceError, "has no model 'goods'. Did you mean 'good'"),
        ("forbidden", AccountError, "does not allow this to the account 'practice': not in your country"),
        ("busy", Unavailable, "overloaded"),
        ("flagged", ServiceError, "content filter"),
        ("refuses", ServiceError, "content filter"),
        ("huge", ServiceError, "prompt is too long"),
        ("picky", ServiceError, "refused the request .status 400.: bad thing"),
        ("short-sighted", ServiceError, "prompt is too long"),
        ("short-sighted-llama", ServiceError, "prompt is too long"),
    ],
)
def test_what_goes_wrong_is_said_in_plain_words(server: Server, model: str, kind: type[Exception], says: str) -> None:
    with pytest.raises(ServiceError, match=says) as caught:
        server.ask(model)
    assert type(caught.value) is kind
    assert caught.value.remedy


@pytest.mark.parametrize(("model", "wait"), [("limited", 7), ("limited-until", 0), ("limited-somehow", None)])
def test_too_many_requests_tell_how_long_to_wait(server: Server, model: str, wait: float | None) -> None:
    with pytest.raises(RateLimited) as caught:
        server.ask(model)
    assert caught.value.retry_after == wait
    assert len(server.bodies) == 1  # the engine tries again, not the SDK


@pytest.mark.parametrize("model", ["asleep", "dripping"])
def test_an_answer_has_to_be_finished_in_time(server: Server, model: str) -> None:
    started = time.monotonic()
    with pytest.raises(Unavailable, match=r"did not finish within 0\.4 seconds"):
        server.ask(model, timeout=0.4)
    assert time.monotonic() - started < 3  # when it is there


def test_a_wrong_key_is_a_matter_of_the_account_and_is_not_repeated(server: Server) -> None:
    account = OpenAIAccount(base_url=server.url, api_key=SecretStr("sk-wrong"))
    with pytest.raises(AccountError, match="did not accept the API key") as caught:
        complete(ModelRequest((Message("user", "Hello"),), "good"), account, Watcher().call)
    assert "sk-wr" not in str(caught.value)


def test_a_server_that_is_not_there_is_named() -> None:
    account = OpenAIAccount(base_url="http://127.0.0.1:9/v1")
    with pytest.raises(Unavailable, match=r"Nothing answers at http://127\.0\.0\.1:9/v1") as caught:
        models(account)
    assert "PATCHBAY_OPENAI_BASE_URL" in caught.value.remedy


def test_the_models_that_can_chat_are_listed_and_the_default_is_first(server: Server, app: Starlette) -> None:
    app.state.models += [{"id": "text-embedding-3", "object": "model", "created": 1, "owned_by": "us"}]
    assert [info.id for info in models(OpenAIAccount(base_url=server.url))] == ["good", "long"]
    assert [info.id for info in models(OpenAIAccount(base_url=server.url, model="long"))] == ["long", "good"]
    assert check(OpenAIAccount(base_url=server.url)) == f"The model server at {server.url} · 3 models"


def test_a_server_without_a_model_says_so(server: Server, app: Starlette) -> None:
    app.state.models = []
    with pytest.raises(ServiceError, match="has no model"):
        models(OpenAIAccount(base_url=server.url))


def test_an_address_that_leads_elsewhere_says_so(address: str) -> None:
    with pytest.raises(ServiceError, match="not as the OpenAI API does"):
        models(OpenAIAccount(base_url=address))


def test_an_account_needs_a_key_or_an_address() -> None:
    with pytest.raises(ValidationError, match="OpenAI asks for a key"):
        OpenAIAccount(model="gpt-5.4-mini")
    assert "sk-secret" not in repr(OpenAIAccount(api_key=SecretStr("sk-secret")))
    assert OpenAIAccount(base_url="http://localhost:11434/v1").model == ""


HALF_LOADED = """
import sys, threading
from importlib.abc import MetaPathFinder
from importlib.machinery import PathFinder
import openai
from integrations.openai import OpenAIAccount, client

class Slow(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == "httpx._config":
            spec = PathFinder.find_spec(name, path)
            load = spec.loader.exec_module
            spec.loader.exec_module = lambda module: (begun.set(), made.wait(1), load(module))
            return spec

begun, made = threading.Event(), threading.Event()
sys.meta_path.insert(0, Slow())
threading.Thread(target=lambda: __import__("httpx")).start()
begun.wait()
client(OpenAIAccount(base_url="http://127.0.0.1:9/v1"))
made.set()
"""


def test_a_client_is_made_while_another_thread_loads_what_the_sdk_looks_at() -> None:
    done = subprocess.run([sys.executable, "-c", HALF_LOADED], capture_output=True, text=True, cwd=ROOT, timeout=50)
    assert (done.returncode, done.stderr) == (0, "")
