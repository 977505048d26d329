"""OpenRouter speaks the OpenAI API (see test_openai.py). These are the things that it does in its own way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from integrations.openrouter import OpenRouterAccount, check, generate, models, price
from orchestrator.actions import (
    AccountError,
    Message,
    ModelAnswer,
    ModelInfo,
    ModelRequest,
    Price,
    SecretStr,
    ServiceError,
    Unavailable,
)
from tests.integrations.model_server import DOT, SCHEMA, Watcher, serving


def listed(id: str, prompt: str, completion: str, reads: tuple[str, ...] = ("text",), writes: str = "text") -> Any:
    return {
        "id": id,
        "name": id.title(),
        "created": 1,
        "context_length": 8000,
        "pricing": {"prompt": prompt, "completion": completion, "request": "0", "image": "0"},
        "architecture": {"input_modalities": [*reads], "output_modalities": [writes], "tokenizer": "GPT"},
    }


MODELS = [
    listed("us/paid", "0.00000025", "0.000002"),
    listed("us/sees", "0.000001", "0.000002", ("text", "image")),
    listed("us/free", "0", "0"),
    listed("us/auto", "-1", "-1"),
    listed("us/paints", "0.000001", "0.000002", writes="image"),
]


def event(content: dict[str, Any]) -> str:
    return f"data: {json.dumps({'id': '1', 'object': 'chat.completion.chunk', 'created': 1} | content)}\n\n"


def chunk(text: str | None, finish: str | None = None) -> str:
    return event({"model": "us/paid", "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": finish}]})


GOOD = [": OPENROUTER PROCESSING\n\n", chunk("Good "), chunk("day.", "stop")]
USAGE = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10, "cost": 0.0031}
STUMBLE = {"error": {"code": 502, "message": "Provider disconnected"}, "choices": []}
ERRORS = {
    "us/poor": (402, {"code": 402, "message": "Insufficient credits"}),
    "us/rude": (403, {"code": 403, "message": "flagged", "metadata": {"reasons": ["x"], "flagged_input": "..."}}),
    "us/closed": (403, {"code": 403, "message": "Key not allowed here"}),
    "us/blind": (404, {"code": 404, "message": "No endpoints found that support image input"}),
    "us/piad": (400, {"code": 400, "message": "us/piad is not a valid model ID"}),
    "us/down": (502, {"code": 502, "message": "Provider returned error"}),
    "us/none": (503, {"code": 503, "message": "No provider available"}),
    "us/short": (400, {"code": 400, "message": "This endpoint's maximum context length is 8192 tokens."}),
}


async def chat(request: Request) -> Response:
    body = await request.json()
    request.app.state.bodies.append(body)
    if request.headers["authorization"] != "Bearer sk-right":
        return JSONResponse({"error": {"code": 401, "message": "User not found."}}, 401)
    if body["model"] in ERRORS:
        status, error = ERRORS[body["model"]]
        return JSONResponse({"error": error}, status)
    last = event(STUMBLE if body["model"] == "us/stumbles" else {"choices": [], "usage": USAGE})
    return StreamingResponse(iter([*GOOD, last, "data: [DONE]\n\n"]), media_type="text/event-stream")


async def list_models(request: Request) -> Response:
    state = request.app.state
    state.lists += 1
    return JSONResponse({"data": state.models}) if state.models else JSONResponse({"error": {"message": "no"}}, 500)


async def tell_key(request: Request) -> Response:
    if request.headers["authorization"] != "Bearer sk-right":
        return JSONResponse({"error": {"code": 401, "message": "User not found."}}, 401)
    return JSONResponse({"data": {"label": "sk-or-v1-abc...def", "limit_remaining": request.app.state.left}})


@dataclass
class Server:
    account: OpenRouterAccount
    state: Any

    def ask(self, model: str, watcher: Watcher | None = None, *said: Message, **settings: Any) -> ModelAnswer:
        request = ModelRequest(said or (Message("user", "Hello"),), model, **settings)
        return generate(request, self.account, (watcher or Watcher()).call)


@pytest.fixture(scope="module")
def app() -> Starlette:
    return Starlette(
        routes=[
            Route("/api/v1/chat/completions", chat, methods=["POST"]),
            Route("/api/v1/models", list_models),
            Route("/api/v1/key", tell_key),
        ]
    )


@pytest.fixture(scope="module")
def address(app: Starlette) -> Iterator[str]:
    with serving(app) as url:
        yield url


@pytest.fixture
def server(app: Starlette, address: str, request: pytest.FixtureRequest) -> Server:
    app.state.bodies, app.state.lists, app.state.models, app.state.left = [], 0, MODELS, None
    # An account of its own for each test: a list of models is kept for its account.
    account = OpenRouterAccount(name=request.node.name, base_url=f"{address}/api/v1", api_key=SecretStr("sk-right"))
    return Server(account, app.state)


def test_an_answer_is_shown_as_it_comes(server: Server) -> None:
    watcher = Watcher()
    assert server.ask("us/paid", watcher) == ModelAnswer("Good day.", "us/paid", 7, 3, cost=0.0031)
    assert watcher.shown == ["Good ", "day."]


def test_prices_are_those_of_its_list_which_is_fetched_once(server: Server) -> None:
    assert price("us/paid", server.account) == Price(0.25, 2)
    assert price("us/free", server.account) == Price(0, 0)
    assert price("us/auto", server.account) is None
    assert price("us/unheard-of", server.account) is None
    assert server.state.lists == 1


def test_a_price_of_the_account_stands_before_the_list(server: Server) -> None:
    account = server.account.model_copy(update={"input_price": 1.0, "output_price": 2.0})
    assert price("us/paid", account) == Price(1, 2)
    assert server.state.lists == 0


def test_without_its_list_no_price_is_known_and_it_is_not_asked_again_at_once(server: Server) -> None:
    server.state.models = []
    assert price("us/paid", server.account) is None
    assert price("us/paid", server.account) is None
    assert server.state.lists == 1


def test_the_models_that_write_are_listed_with_what_they_cost(server: Server) -> None:
    assert models(server.account) == [
        ModelInfo("us/auto", "Us/Auto"),
        ModelInfo("us/free", "Us/Free", "free"),
        ModelInfo("us/paid", "Us/Paid", "$0.25 in, $2 out a million tokens"),
        ModelInfo("us/sees", "Us/Sees", "$1 in, $2 out a million tokens"),
    ]
    favourite = server.account.model_copy(update={"model": "us/sees"})
    assert models(favourite)[0].id == "us/sees"


def test_a_form_is_passed_on_and_told_in_words_to_servers_that_pass_it_over(server: Server) -> None:
    server.ask("us/paid", schema=SCHEMA)
    [body] = server.state.bodies
    assert body["response_format"]["json_schema"]["schema"] == SCHEMA
    assert body["messages"][0]["content"].endswith(json.dumps(SCHEMA))


def test_pictures_are_shown_to_models_that_see(server: Server) -> None:
    server.ask("us/sees", None, Message("user", "What is it?", (DOT,)))
    words, picture = server.state.bodies[0]["messages"][0]["content"]
    assert words == {"type": "text", "text": "What is it?"}
    assert picture == {"type": "image_url", "image_url": {"url": DOT}}


@pytest.mark.parametrize(("model", "asked"), [("us/paid", 0), ("us/blind", 1)])
def test_a_model_without_eyes_says_so(server: Server, model: str, asked: int) -> None:
    with pytest.raises(ServiceError, match=f"'{model}' takes no pictures"):
        server.ask(model, None, Message("user", "What is it?", (DOT,)))
    assert len(server.state.bodies) == asked


@pytest.mark.parametrize(
    ("model", "kind", "says"),
    [
        ("us/poor", AccountError, "is used up"),
        ("us/rude", ServiceError, "content filter"),
        ("us/closed", AccountError, "does not allow this .* Key not allowed here"),
        ("us/piad", ServiceError, "no model 'us/piad'. Did you mean 'us/paid'"),
        ("us/down", Unavailable, "failed .status 502"),
        ("us/none", Unavailable, "overloaded"),
        ("us/short", ServiceError, "prompt is too long"),
        ("us/stumbles", Unavailable, "broke off: Provider disconnected"),
    ],
)
def test_what_goes_wrong_is_said_in_plain_words(server: Server, model: str, kind: type[Exception], says: str) -> None:
    with pytest.raises(ServiceError, match=says) as caught:
        server.ask(model)
    assert type(caught.value) is kind
    assert caught.value.remedy


def test_a_test_of_the_account_tells_whether_the_key_is_valid_and_what_is_left(server: Server) -> None:
    assert check(server.account) == f"{server.account.place} · the key has no limit"
    server.state.left = 12.5
    assert check(server.account) == f"{server.account.place} · $12.50 are left of the key's limit"
    wrong = server.account.model_copy(update={"api_key": SecretStr("sk-wrong")})
    with pytest.raises(AccountError, match="did not accept the API key") as caught:
        check(wrong)
    assert "PATCHBAY_OPENROUTER_API_KEY" in caught.value.remedy


def test_an_account_needs_a_key_or_an_address() -> None:
    with pytest.raises(ValidationError, match="OpenRouter asks for a key"):
        OpenRouterAccount()
