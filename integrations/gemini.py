"""Google's Gemini models, by an API key of Google AI Studio.

Text generation, streamed: https://ai.google.dev/gemini-api/docs/text-generation
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any, ClassVar

from integrations._kept import kept
from integrations.provider import failures
from integrations.provider.account import ModelAccount
from integrations.provider.answer import Piece, gather, summed_up
from integrations.provider.form import schema_of, told
from integrations.provider.picture import pictures_of
from orchestrator.actions import (
    Call,
    Connector,
    Message,
    ModelAnswer,
    ModelInfo,
    ModelRequest,
    Price,
    ServiceError,
    field,
)

if TYPE_CHECKING:
    from google.genai import Client
    from google.genai.errors import APIError
    from google.genai.types import Content, GenerateContentConfig, GenerateContentResponse

OFFICIAL = "https://generativelanguage.googleapis.com"
OFFICIAL_MODEL = "gemini-flash-latest"
NOT_CHAT = ("audio", "embedding", "image", "live", "tts", "robotics")
"""Parts of the names of models that answer with something else than text."""
LENGTH = {"MAX_TOKENS"}
DONE = {"STOP", "FINISH_REASON_UNSPECIFIED"}
"""How Gemini calls the ways in which an answer ends; all others withhold it."""
STRANGE = (ValueError, AttributeError, TypeError, KeyError)
"""What comes of an answer in another form."""


class GeminiAccount(ModelAccount):
    """Who we are at Google AI Studio."""

    connector: ClassVar[str] = "gemini"
    service: ClassVar[str] = "Gemini"
    official: ClassVar[str] = OFFICIAL

    base_url: str = field("Address", default=OFFICIAL, description="Where the API is, without /v1.")


gemini = Connector(
    "gemini",
    title="Gemini",
    icon=":material/neurology:",
    description="Google's language models.",
    account=GeminiAccount,
)


@gemini.generate
def generate(request: ModelRequest, account: GeminiAccount, call: Call) -> ModelAnswer:
    """Ask the model and show the answer as it comes. Raises `ServiceError` and its kinds."""
    from google.genai.errors import APIError
    from httpx2 import HTTPError

    model = request.model or account.model or OFFICIAL_MODEL
    try:
        try:
            return _asked(request, account, call, model, native=True)
        except APIError as error:
            # Not every model knows JSON Schema, and none knows all of it.
            if error.code != 400 or schema_of(request) is None or "schema" not in (error.message or "").lower():
                raise
            return _asked(request, account, call, model, native=False)
    except (APIError, HTTPError, *STRANGE) as error:
        raise translated(error, account, request, model) from error


@gemini.price
def price(model: str, account: GeminiAccount) -> Price | None:
    return account.price


@gemini.models
def models(account: GeminiAccount) -> list[ModelInfo]:
    """The models that answer with text, the default one first. Raises `ServiceError` and its kinds."""
    from google.genai.errors import APIError
    from google.genai.types import HttpOptions
    from httpx2 import HTTPError

    try:
        found = {
            (model.name or "").removeprefix("models/"): model.display_name
            for model in client(account).models.list(
                config={"page_size": 200, "http_options": HttpOptions(timeout=10_000)}
            )
            if "generateContent" in (model.supported_actions or [])
        }
    except (APIError, HTTPError, *STRANGE) as error:
        if getattr(error, "code", None) == 404:
            raise _strange(account) from error
        raise translated(error, account, ModelRequest((), "", timeout=10), "") from error
    names = [name for name in found if name and not any(part in name for part in NOT_CHAT)]
    default = account.model or (OFFICIAL_MODEL if account.is_official else "")
    if default:
        names = [default, *(name for name in names if name != default)]
    if not names:
        raise failures.no_models(account)
    return [ModelInfo(name, found.get(name) or name) for name in names]


@gemini.check
def check(account: GeminiAccount) -> str:
    return summed_up(account, len(models(account)))


@kept
def client(account: GeminiAccount) -> Client:
    """The SDK's client of an account, kept for its connections. The engine retries, so it does not."""
    from google.genai import Client
    from google.genai.types import HttpOptions
    from httpx2 import Client as HttpClient

    return Client(
        vertexai=False,
        api_key=account.key,
        http_options=HttpOptions(
            base_url=account.address,
            httpx_client=HttpClient(trust_env=not account.is_on_this_machine, follow_redirects=True),
        ),
    )


def _asked(request: ModelRequest, account: GeminiAccount, call: Call, model: str, *, native: bool) -> ModelAnswer:
    """`native`: the form of the answer is forced, else only told."""
    messages = told(request, schema=not native)
    stream: Any = client(account).models.generate_content_stream(
        model=model,
        contents=[_content(message) for message in messages if message.role != "system"],
        config=_config(request, native),
    )
    with closing(stream):
        return gather(_pieces(stream), request, account, call, model, _strange(account))


def _config(request: ModelRequest, native: bool) -> GenerateContentConfig:
    from google.genai.types import GenerateContentConfig, HttpOptions

    schema = schema_of(request) if native else None
    system = "\n\n".join(message.content for message in request.messages if message.role == "system")
    return GenerateContentConfig(
        http_options=HttpOptions(timeout=max(1, round(request.timeout * 1000))),
        system_instruction=system or None,
        temperature=request.temperature,
        max_output_tokens=request.max_tokens,
        response_mime_type="application/json" if schema is not None else None,
        response_json_schema=schema,
    )


def _content(message: Message) -> Content:
    """https://ai.google.dev/gemini-api/docs/image-understanding"""
    from google.genai.types import Content, Part

    pictures = [
        Part.from_bytes(data=base64.b64decode(picture.data), mime_type=picture.kind)
        if picture.data
        else Part.from_uri(file_uri=picture.url, mime_type=picture.kind)
        for picture in pictures_of(message)
    ]
    role = "model" if message.role == "assistant" else "user"
    return Content(role=role, parts=[*pictures, Part.from_text(text=message.content)])


def _pieces(chunks: Iterable[GenerateContentResponse]) -> Iterator[Piece]:
    for chunk in chunks:
        usage = chunk.usage_metadata
        written = ((usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0)) if usage else None
        yield Piece(
            model=chunk.model_version,
            input_tokens=usage.prompt_token_count if usage else None,
            output_tokens=written,
        )
        blocked = chunk.prompt_feedback and chunk.prompt_feedback.block_reason
        if blocked:
            yield Piece(end="withheld", why=_words(blocked.value))
        for candidate in (chunk.candidates or [])[:1]:
            parts = candidate.content.parts if candidate.content else None
            yield Piece("".join(part.text or "" for part in parts or [] if not part.thought))
            reason = candidate.finish_reason.value if candidate.finish_reason else None
            if reason in DONE:
                yield Piece(end="done")
            elif reason in LENGTH:
                yield Piece(end="length")
            elif reason:
                yield Piece(end="withheld", why=_words(reason))


def _words(reason: str) -> str:
    return reason.replace("_", " ").lower()


def translated(error: Exception, account: GeminiAccount, request: ModelRequest, model: str) -> ServiceError:
    """What an error of the SDK means to a person. https://ai.google.dev/gemini-api/docs/troubleshooting"""
    from google.genai.errors import APIError
    from httpx2 import ConnectError, ConnectTimeout, TimeoutException, TransportError

    match error:
        case ConnectError() | ConnectTimeout():
            return failures.unreachable(account)
        case TimeoutException():
            return failures.too_slow(account, request)
        case TransportError():
            return failures.broke_off(account)
        case APIError() if isinstance(error.details, dict) and "error" in error.details:
            return _refused(error, account, request, model)
        case APIError() if error.code and error.code >= 500:
            return failures.failing(account, error.code)
        case _:
            return _strange(account)


def _refused(error: APIError, account: GeminiAccount, request: ModelRequest, model: str) -> ServiceError:
    said = error.message or ""
    details = _details(error)
    match error.code:
        case 401:
            return failures.wrong_key(account)
        case 400 if any(detail.get("reason") == "API_KEY_INVALID" for detail in details) or "API key" in said:
            return failures.wrong_key(account)
        case 402:
            return failures.no_credit(account)
        case 403:
            return failures.not_allowed(account, said)
        case 404:
            return failures.unknown_model(account, model, lambda: models(account))
        case 429:
            # What is allowed for a day does not come back in a minute.
            spent = any("PerDay" in str(detail.get("violations")) for detail in details)
            return failures.no_credit(account) if spent else failures.limited(account, _wait(error, details))
        case 503:
            return failures.overloaded(account)
        case code if code >= 500:
            return failures.failing(account, code)
        case code:
            return failures.refused(account, request, model, code, said)


def _details(error: APIError) -> list[dict[str, Any]]:
    """What Google adds to an error: https://google.aip.dev/193"""
    body = error.details.get("error")
    found = body.get("details") if isinstance(body, dict) else None
    return [detail for detail in found or [] if isinstance(detail, dict)]


def _wait(error: APIError, details: list[dict[str, Any]]) -> float | None:
    """Seconds: Gemini says them in `RetryInfo`, as "37s"."""
    for detail in details:
        try:
            return max(0.0, float(str(detail["retryDelay"]).removesuffix("s")))
        except (KeyError, ValueError):
            continue
    headers = getattr(error.response, "headers", None)
    return failures.retry_after(headers) if headers else None


def _strange(account: GeminiAccount) -> ServiceError:
    return failures.strange(account, "Gemini", "It has no path, and so no /v1.")
