"""Each model of the server below is one way in which the Messages API can behave."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

import integrations.anthropic
from integrations.anthropic import AnthropicAccount, check, models, price
from orchestrator.actions import (
    AccountError,
    Message,
    ModelAnswer,
    Price,
    RateLimited,
    SecretStr,
    ServiceError,
)
from tests.integrations.model_behaviour import Behaviour, Server
from tests.integrations.model_server import DOT, SCHEMA, Watcher, serving

OPEN = {"type": "object", "additionalProperties": {"type": "number"}}
"""A schema of an object with any properties: Claude cannot be held to it."""


def event(kind: str, **content: Any) -> str:
    return f"event: {kind}\ndata: {json.dumps({'type': kind} | content)}\n\n"


def start(model: str) -> str:
    usage = {"input_tokens": 7, "cache_read_input_tokens": 2, "cache_creation_input_tokens": 1, "output_tokens": 1}
    head = {"id": "msg_1", "type": "message", "role": "assistant", "model": f"{model}-20260101", "content": []}
    return event("message_start", message=head | {"stop_reason": None, "stop_sequence": None, "usage": usage})


def text(piece: str) -> str:
    return event("content_block_delta", index=0, delta={"type": "text_delta", "text": piece})


def end(reason: str, **details: Any) -> str:
    delta = {"stop_reason": reason, "stop_sequence": None, **details}
    return event("message_delta", delta=delta, usage={"output_tokens": 5}) + event("message_stop")


def error(kind: str, message: str, **details: Any) -> dict[str, Any]:
    body = {"type": kind, "message": message} | ({"details": details} if details else {})
    return {"type": "error", "error": body, "request_id": "req_1"}


BEGIN = event("content_block_start", index=0, content_block={"type": "text", "text": ""}) + event("ping")
THOUGHT = event("content_block_delta", index=0, delta={"type": "thinking_delta", "thinking": "Hm."})
STREAMS = {
    "good": [BEGIN, text("Good "), text("morning."), event("content_block_stop", index=0), end("end_turn")],
    "thinker": [THOUGHT, BEGIN, text("Yes."), end("end_turn")],
    "long": [text("Once upon"), end("max_tokens")],
    "used-up": [end("max_tokens")],
    "refuses": [text("I"), end("refusal", stop_details={"type": "refusal", "category": "bio", "explanation": "No."})],
    "broken": [text("Good ")],
    "stumbles": [text("Good "), event("error", **error("overloaded_error", "Overloaded"))],
    "data": [text('{"total": 3}'), end("end_turn")],
    "plain-data": [text('{"total": 3}'), end("end_turn")],
    "chooser": [text('{"choice": "yes"}'), end("end_turn")],
}
ERRORS = {
    "limited": (429, error("rate_limit_error", "slow down"), {"Retry-After": "7"}),
    "spent": (429, error("rate_limit_error", "limit", error_code="enforced_spend_limit_reached"), {}),
    "broke": (402, error("billing_error", "no money"), {}),
    "poor": (400, error("invalid_request_error", "Your credit balance is too low to access the API."), {}),
    "forbidden": (403, error("permission_error", "not for you"), {}),
    "claude-gud": (404, error("not_found_error", "model: claude-gud"), {}),
    "busy": (529, error("overloaded_error", "Overloaded"), {"Retry-After": "3"}),
    "down": (500, error("api_error", "oops"), {}),
    "lost": (502, None, {}),
    "too-long": (400, error("invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum"), {}),
    "huge": (413, error("request_too_large", "Request exceeds the maximum size"), {}),
    "blind": (400, error("invalid_request_error", "this model does not support image input"), {}),
    "picky": (400, error("invalid_request_error", "bad\nthing"), {}),
}


async def messages(request: Request) -> Response:
    body = await request.json()
    request.app.state.bodies.append(body)
    if request.headers["authorization"] != "Bearer sk-right":
        return JSONResponse(error("authentication_error", "invalid x-api-key"), 401)
    model = body["model"]
    if model in ERRORS:
        status, content, headers = ERRORS[model]
        return JSONResponse(content, status, headers) if content else HTMLResponse("<html>Bad gateway", status)
    if model == "plain-data" and "output_config" in body:
        return JSONResponse(error("invalid_request_error", "output_config.format is not supported"), 400)
    if model == "page":
        return HTMLResponse("<html>Welcome</html>")
    if model == "asleep":
        await asyncio.sleep(3)
    if model == "dripping":
        return StreamingResponse(drip(), media_type="text/event-stream")
    return StreamingResponse(iter([start(model), *STREAMS[model]]), media_type="text/event-stream")


async def drip() -> AsyncIterator[str]:
    yield start("dripping")
    for _ in range(30):
        await asyncio.sleep(0.1)
        yield text("and ")


async def list_models(request: Request) -> Response:
    if request.headers["authorization"] != "Bearer sk-right":
        return JSONResponse(error("authentication_error", "invalid x-api-key"), 401)
    names = {"claude-good": "Claude Good", "claude-long": "Claude Long"}
    found = [{"type": "model", "id": id, "display_name": title, "created_at": "2026-01-01T00:00:00Z"}
             for id, title in names.items()]  # fmt: skip
    return JSONResponse({"data": found, "has_more": False, "first_id": "claude-good", "last_id": "claude-long"})


@pytest.fixture(scope="module")
def app() -> Starlette:
    app = Starlette(
        routes=[Route("/v1/messages", messages, methods=["POST"]), Route("/v1/models", list_models)],
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
    return Server(integrations.anthropic, address, "sk-right", app.state.bodies)


class TestClaude(Behaviour):
    """As all of them."""


def test_an_answer_is_shown_as_it_comes_and_tells_what_it_took(server: Server) -> None:
    watcher = Watcher()
    assert server.ask("good", watcher) == ModelAnswer("Good morning.", "good-20260101", 10, 5)
    assert watcher.shown == ["Good ", "morning."]


def test_instructions_and_the_conversation_so_far_go_where_they_belong(server: Server) -> None:
    said = (Message("system", "Be kind."), Message("user", "Hi"), Message("assistant", "Yes?"), Message("user", "Go"))
    server.ask("good", None, *said, max_tokens=9)
    assert server.bodies == [
        {
            "model": "good",
            "max_tokens": 9,
            "system": "Be kind.",
            "messages": [
                {"role": "user", "content": "Hi"},
                {"role": "assistant", "content": "Yes?"},
                {"role": "user", "content": "Go"},
            ],
            "stream": True,
        }
    ]


def test_pictures_go_with_their_message(server: Server) -> None:
    server.ask("good", None, Message("user", "What is it?", (DOT, "https://example.com/a.jpg")))
    [body] = server.bodies
    data, link, words = body["messages"][0]["content"]
    assert data == {
        "type": "image",
        "source": {"type": "base64", "media_type": "image/png", "data": DOT.partition(",")[2]},
    }
    assert link == {"type": "image", "source": {"type": "url", "url": "https://example.com/a.jpg"}}
    assert words == {"type": "text", "text": "What is it?"}


def test_a_temperature_is_left_out_and_that_is_said(server: Server) -> None:
    watcher = Watcher()
    server.ask("good", watcher, temperature=0.5)
    assert "temperature" not in server.bodies[0]
    assert watcher.logged == ["Claude takes no temperature: it was left out."]


def test_a_form_is_forced_as_far_as_claude_can_be_held_to_it(server: Server) -> None:
    assert server.ask("data", schema=SCHEMA).text == '{"total": 3}'
    [body] = server.bodies
    total = body["output_config"]["format"]["schema"]["properties"]["total"]
    assert total == {"type": "number", "description": "{minimum: 0}"}
    assert body["messages"][0]["content"] == "Hello"


def test_a_form_that_cannot_be_forced_is_told_in_words(server: Server) -> None:
    server.ask("data", schema=OPEN)
    [body] = server.bodies
    assert "output_config" not in body
    assert body["messages"][0]["content"].endswith(json.dumps(OPEN))


def test_a_model_that_knows_no_forms_is_asked_again_in_words(server: Server) -> None:
    assert server.ask("plain-data", schema=SCHEMA).text == '{"total": 3}'
    first, second = server.bodies
    assert "output_config" in first
    assert "output_config" not in second
    assert second["messages"][0]["content"].endswith(json.dumps(SCHEMA))


@pytest.mark.parametrize(
    ("model", "kind", "says"),
    [
        ("refuses", ServiceError, r"withheld the answer: its content filter \(No.\)"),
        ("broke", AccountError, "is used up"),
        ("poor", AccountError, "is used up"),
        ("claude-gud", ServiceError, "no model 'claude-gud'. Did you mean 'claude-good'"),
        ("huge", ServiceError, "prompt is too long"),
    ],
)
def test_what_goes_wrong_in_its_own_way_is_said_in_plain_words(
    server: Server, model: str, kind: type[ServiceError], says: str
) -> None:
    server.refuses(model, kind, says)


@pytest.mark.parametrize(("model", "wait"), [("limited", 7), ("busy", 3)])
def test_it_says_how_long_to_wait_and_is_asked_once(server: Server, model: str, wait: float) -> None:
    with pytest.raises(ServiceError) as caught:
        server.ask(model)
    assert (caught.value.retryable, caught.value.retry_after) == (True, wait)
    assert isinstance(caught.value, RateLimited) == (model == "limited")
    assert len(server.bodies) == 1  # the engine tries again, not the SDK


def test_the_models_are_listed_by_their_names(server: Server) -> None:
    assert [(info.id, info.title) for info in models(server.account)] == [
        ("claude-good", "Claude Good"),
        ("claude-long", "Claude Long"),
    ]
    assert check(server.account) == f"The model server at {server.url} · 2 models"


def test_it_costs_what_the_account_says() -> None:
    account = AnthropicAccount(api_key=SecretStr("sk-right"), input_price=1, output_price=5)
    assert price("claude-good", account) == Price(1, 5)
    assert price("claude-good", AnthropicAccount(api_key=SecretStr("sk-right"))) is None
