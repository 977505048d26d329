"""Each model of the server below is one way in which the Gemini API can behave."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

import integrations.gemini
from integrations.gemini import GeminiAccount, check, models, price
from orchestrator.actions import (
    Message,
    ModelAnswer,
    Price,
    RateLimited,
    SecretStr,
    ServiceError,
)
from tests.integrations.model_behaviour import Behaviour, Server
from tests.integrations.model_server import DOT, SCHEMA, Watcher, serving


def event(content: dict[str, Any]) -> str:
    return f"data: {json.dumps(content)}\r\n\r\n"


def piece(text: str | None = None, finish: str | None = None, **part: Any) -> str:
    candidate: dict[str, Any] = {"index": 0}
    if text is not None:
        candidate["content"] = {"role": "model", "parts": [{"text": text, **part}]}
    if finish:
        candidate["finishReason"] = finish
    usage = {"promptTokenCount": 7, "candidatesTokenCount": 3, "thoughtsTokenCount": 2, "totalTokenCount": 12}
    return event({"candidates": [candidate], "usageMetadata": usage, "modelVersion": "served-name"})


def error(code: int, status: str, message: str, *details: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    return code, {"error": {"code": code, "status": status, "message": message, "details": list(details)}}


STREAMS = {
    "good": [piece("Good "), piece("morning."), piece(finish="STOP")],
    "thinker": [piece("Hm.", thought=True), piece("Yes.", "STOP")],
    "long": [piece("Once upon"), piece(finish="MAX_TOKENS")],
    "used-up": [piece(finish="MAX_TOKENS")],
    "filtered": [piece("I"), piece(finish="SAFETY")],
    "blocked": [event({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "modelVersion": "served-name"})],
    "broken": [piece("Good ")],
    "stumbles": [piece("Good "), event({"error": {"code": 503, "status": "UNAVAILABLE", "message": "overloaded"}})],
    "empty": [],
    "data": [piece('{"total": 3}', "STOP")],
    "plain-data": [piece('{"total": 3}', "STOP")],
    "chooser": [piece('{"choice": "yes"}', "STOP")],
}
RETRY = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "37s"}
DAILY = {
    "@type": "type.googleapis.com/google.rpc.QuotaFailure",
    "violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier", "quotaValue": "20"}],
}
WRONG_KEY = error(
    400,
    "INVALID_ARGUMENT",
    "API key not valid. Please pass a valid API key.",
    {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"},
)
ERRORS = {
    "limited": error(429, "RESOURCE_EXHAUSTED", "slow down", RETRY),
    "limited-somehow": error(429, "RESOURCE_EXHAUSTED", "slow down"),
    "spent": error(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota", DAILY, RETRY),
    "forbidden": error(403, "PERMISSION_DENIED", "not for you"),
    "gemini-gud": error(404, "NOT_FOUND", "models/gemini-gud is not found"),
    "busy": error(503, "UNAVAILABLE", "The model is overloaded."),
    "down": error(500, "INTERNAL", "oops"),
    "too-long": error(400, "INVALID_ARGUMENT", "The input token count (2000000) exceeds the maximum number of tokens"),
    "blind": error(400, "INVALID_ARGUMENT", "Image input modality is not enabled for this model"),
    "picky": error(400, "INVALID_ARGUMENT", "bad\nthing"),
}


async def stream(request: Request) -> Response:
    body = await request.json()
    request.app.state.bodies.append(body)
    if request.headers["x-goog-api-key"] != "right":
        return JSONResponse(WRONG_KEY[1], WRONG_KEY[0])
    model = request.path_params["model"]
    if model in ERRORS:
        status, content = ERRORS[model]
        return JSONResponse(content, status)
    if model == "plain-data" and "responseJsonSchema" in body["generationConfig"]:
        status, content = error(400, "INVALID_ARGUMENT", "A schema of this form is not supported")
        return JSONResponse(content, status)
    if model == "page":
        return HTMLResponse("<html>Welcome</html>")
    if model == "lost":
        return HTMLResponse("<html>Bad gateway</html>", 502)
    if model == "asleep":
        await asyncio.sleep(3)
    if model == "dripping":
        return StreamingResponse(drip(), media_type="text/event-stream")
    return StreamingResponse(iter(STREAMS[model]), media_type="text/event-stream")


async def drip() -> AsyncIterator[str]:
    for _ in range(30):
        await asyncio.sleep(0.1)
        yield piece("and ")


async def list_models(request: Request) -> Response:
    if request.headers["x-goog-api-key"] != "right":
        return JSONResponse(WRONG_KEY[1], WRONG_KEY[0])
    chat, other = ["generateContent", "countTokens"], ["embedContent"]
    return JSONResponse(
        {
            "models": [
                {"name": "models/gemini-good", "displayName": "Gemini Good", "supportedGenerationMethods": chat},
                {"name": "models/gemini-embedding", "displayName": "Embed", "supportedGenerationMethods": other},
                {"name": "models/gemini-good-tts", "displayName": "Speaks", "supportedGenerationMethods": chat},
            ]
        }
    )


@pytest.fixture(scope="module")
def app() -> Starlette:
    app = Starlette(
        routes=[
            Route("/v1/models/{model}:streamGenerateContent", stream, methods=["POST"]),
            Route("/v1/models", list_models),
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
    return Server(integrations.gemini, address, "right", app.state.bodies)


class TestGemini(Behaviour):
    """As all of them."""


def test_an_answer_is_shown_as_it_comes_and_tells_what_it_took(server: Server) -> None:
    watcher = Watcher()
    assert server.ask("good", watcher) == ModelAnswer("Good morning.", "served-name", 7, 5)
    assert watcher.shown == ["Good ", "morning."]


def test_instructions_settings_and_the_conversation_so_far_go_where_they_belong(server: Server) -> None:
    said = (Message("system", "Be kind."), Message("user", "Hi"), Message("assistant", "Yes?"), Message("user", "Go"))
    server.ask("good", None, *said, max_tokens=9, temperature=0)
    [body] = server.bodies
    assert body["systemInstruction"]["parts"] == [{"text": "Be kind."}]
    assert body["contents"] == [
        {"role": "user", "parts": [{"text": "Hi"}]},
        {"role": "model", "parts": [{"text": "Yes?"}]},
        {"role": "user", "parts": [{"text": "Go"}]},
    ]
    assert body["generationConfig"] == {"maxOutputTokens": 9, "temperature": 0}


def test_pictures_go_with_their_message(server: Server) -> None:
    server.ask("good", None, Message("user", "What is it?", (DOT, "https://example.com/a.png")))
    data, link, words = server.bodies[0]["contents"][0]["parts"]
    assert base64.urlsafe_b64decode(data["inlineData"]["data"]) == base64.b64decode(DOT.partition(",")[2])
    # The SDK writes some names with an underline: Google reads both (https://protobuf.dev/programming-guides/json/).
    assert data["inlineData"]["mime_type"] == "image/png"
    assert link["fileData"] == {"file_uri": "https://example.com/a.png", "mime_type": "image/png"}
    assert words == {"text": "What is it?"}


def test_a_form_is_passed_on(server: Server) -> None:
    assert server.ask("data", schema=SCHEMA).text == '{"total": 3}'
    config = server.bodies[0]["generationConfig"]
    assert (config["responseMimeType"], config["responseJsonSchema"]) == ("application/json", SCHEMA)


def test_a_form_that_the_model_does_not_take_is_told_in_words(server: Server) -> None:
    assert server.ask("plain-data", schema=SCHEMA).text == '{"total": 3}'
    _, second = server.bodies
    assert "responseJsonSchema" not in second.get("generationConfig", {})
    assert second["contents"][0]["parts"][0]["text"].endswith(json.dumps(SCHEMA))


@pytest.mark.parametrize(
    ("model", "kind", "says"),
    [
        ("filtered", ServiceError, r"withheld the answer: its content filter \(safety\)"),
        ("blocked", ServiceError, r"content filter \(prohibited content\)"),
        ("empty", ServiceError, "not as the Gemini API does"),
        ("gemini-gud", ServiceError, "no model 'gemini-gud'. Did you mean 'gemini-good'"),
    ],
)
def test_what_goes_wrong_in_its_own_way_is_said_in_plain_words(
    server: Server, model: str, kind: type[ServiceError], says: str
) -> None:
    server.refuses(model, kind, says)


@pytest.mark.parametrize(("model", "wait"), [("limited", 37), ("limited-somehow", None)])
def test_too_many_requests_tell_how_long_to_wait(server: Server, model: str, wait: float | None) -> None:
    with pytest.raises(RateLimited) as caught:
        server.ask(model)
    assert caught.value.retry_after == wait
    assert len(server.bodies) == 1  # the engine tries again, not the SDK


def test_the_models_that_answer_in_text_are_listed(server: Server) -> None:
    assert [(info.id, info.title) for info in models(server.account)] == [("gemini-good", "Gemini Good")]
    assert check(server.account) == f"The model server at {server.url} · 1 model"


def test_it_costs_what_the_account_says() -> None:
    account = GeminiAccount(api_key=SecretStr("right"), input_price=1, output_price=5)
    assert price("gemini-good", account) == Price(1, 5)
    assert price("gemini-good", GeminiAccount(api_key=SecretStr("right"))) is None
