"""Any server that speaks the OpenAI API: OpenAI itself, Ollama, LM Studio, llama.cpp, OpenRouter and others.

Chat completions, streamed: https://platform.openai.com/docs/api-reference/chat/create
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from email.utils import parsedate_to_datetime
from functools import lru_cache
from time import monotonic, time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from orchestrator.actions import (
    Account,
    AccountError,
    Call,
    Connector,
    ModelAnswer,
    ModelInfo,
    ModelRequest,
    Price,
    RateLimited,
    SecretStr,
    ServiceError,
    Unavailable,
    field,
)

if TYPE_CHECKING:
    from openai import APIStatusError, OpenAI
    from openai.types.chat import ChatCompletionChunk

OFFICIAL = "https://api.openai.com/v1"
OFFICIAL_MODEL = "gpt-5.4-mini"

NOT_CHAT = (
    "audio",
    "babbage",
    "davinci",
    "embed",
    "image",
    "moderation",
    "realtime",
    "sora",
    "transcribe",
    "tts",
    "whisper",
)
"""Parts of the names of models that cannot hold a conversation."""
STRANGE = (ValueError, AttributeError, TypeError)
"""What comes of an answer in another form: the SDK does not check it."""


class OpenAIAccount(Account):
    """A server and who we are there: an API key, or the address of a server that asks for none."""

    base_url: str = field("Address", default=OFFICIAL, description="Where the API begins. Most end in /v1.")
    api_key: SecretStr = field("API key", default=SecretStr(""), validate_default=True)
    model: str = field("Default model", default="", description="Empty: a small one, or the first that the server has.")
    input_price: float | None = field(
        "Price of what it reads", default=None, ge=0, description="US dollars for a million tokens. Budgets need it."
    )
    output_price: float | None = field(
        "Price of what it writes", default=None, ge=0, description="US dollars for a million tokens. Budgets need it."
    )

    @field_validator("api_key")
    @classmethod
    def _can_sign_in(cls, key: SecretStr, info: ValidationInfo) -> SecretStr:
        if not key.get_secret_value() and info.data.get("base_url") == OFFICIAL:
            raise PydanticCustomError("no_key", "OpenAI asks for a key; a server of your own needs only its address")
        return key

    @property
    def place(self) -> str:
        return "OpenAI" if self.base_url == OFFICIAL else f"The model server at {self.base_url}"


openai = Connector(
    "openai",
    title="OpenAI and compatible",
    icon=":material/neurology:",
    description="Language models of OpenAI, or of any server that speaks its API.",
    account=OpenAIAccount,
)


@openai.generate
def complete(
    request: ModelRequest, account: OpenAIAccount, call: Call, own: Mapping[str, Any] | None = None
) -> ModelAnswer:
    """Ask the model and show the answer as it comes. `own` are settings that this server alone knows.
    Raises `ServiceError` and its kinds."""
    import openai as sdk

    try:
        model = request.model or account.model or models(account)[0].id
        body = _body(request, account, model) | {"extra_body": own}
        try:
            stream = client(account).chat.completions.create(**body, timeout=request.timeout)
        except sdk.BadRequestError as error:
            # Models that reason accept no temperature but their own.
            if error.param != "temperature" or "temperature" not in body:
                raise
            del body["temperature"]
            stream = client(account).chat.completions.create(**body, timeout=request.timeout)
        with stream:
            return _answer(stream, request, account, call, model)
    except (sdk.OpenAIError, *STRANGE) as error:
        raise translated(error, account, request) from error


@openai.price
def price(model: str, account: OpenAIAccount) -> Price | None:
    """What the account says, whichever model it is: prices change too often to be written down here."""
    if account.input_price is None or account.output_price is None:
        return None
    return Price(account.input_price, account.output_price)


@openai.models
def models(account: OpenAIAccount) -> list[ModelInfo]:
    """The models of the server that can chat, the default one first. Raises `ServiceError` and its kinds."""
    import openai as sdk

    try:
        found = [model.id for model in client(account).models.list(timeout=10)]
    except (sdk.OpenAIError, *STRANGE) as error:
        raise translated(error, account, ModelRequest((), "", timeout=10)) from error
    names = sorted(found) if account.base_url == OFFICIAL else found
    names = [name for name in names if not any(part in name for part in NOT_CHAT)]
    default = account.model or (OFFICIAL_MODEL if account.base_url == OFFICIAL else "")
    if default:
        names = [default, *(name for name in names if name != default)]
    if not names:
        raise ServiceError(f"{account.place} has no model.", remedy="Load a model there, then try again.")
    return [ModelInfo(name, name) for name in names]


@lru_cache(maxsize=32)
def client(account: OpenAIAccount) -> OpenAI:
    """The SDK's client of an account, kept for its connections. The engine retries, so it does not."""
    import openai as sdk

    return sdk.OpenAI(
        base_url=account.base_url,
        api_key=account.api_key.get_secret_value() or "sk-local",  # the SDK insists on one; local servers ignore it
        max_retries=0,
        http_client=sdk.DefaultHttpxClient(trust_env=not _on_this_machine(account.base_url)),
    )


def _on_this_machine(url: str) -> bool:
    """A proxy set in the environment must not stand between us and our own machine."""
    return urlsplit(url).hostname in {"127.0.0.1", "localhost", "::1"}


def _body(request: ModelRequest, account: OpenAIAccount, model: str) -> dict[str, Any]:
    messages = [{"role": message.role, "content": message.content} for message in request.messages]
    if request.choices:
        # A server may force the answer's form without telling the model what the form is.
        messages[-1]["content"] += "\n\nAnswer with one of: " + ", ".join(request.choices)
    body: dict[str, Any] = {
        "model": model,
        "messages": messages,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if request.temperature is not None:
        body["temperature"] = request.temperature
    if request.max_tokens is not None:
        body["max_completion_tokens" if account.base_url == OFFICIAL else "max_tokens"] = request.max_tokens
    schema = _choice_schema(request.choices) if request.choices else request.schema
    if schema is not None:
        format = {"name": "answer", "strict": True, "schema": schema}
        body["response_format"] = {"type": "json_schema", "json_schema": format}
    return body


def _choice_schema(choices: tuple[str, ...]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"choice": {"type": "string", "enum": list(choices)}},
        "required": ["choice"],
        "additionalProperties": False,
    }


def _answer(
    chunks: Iterable[ChatCompletionChunk],
    request: ModelRequest,
    account: OpenAIAccount,
    call: Call,
    model: str,
) -> ModelAnswer:
    deadline = monotonic() + request.timeout
    parts: list[str] = []
    finish, tokens_in, tokens_out = None, 0, 0
    for chunk in chunks:
        if monotonic() > deadline:
            raise _too_slow(account, request)
        if chunk.usage:
            tokens_in, tokens_out = chunk.usage.prompt_tokens, chunk.usage.completion_tokens
        model = chunk.model or model
        for choice in chunk.choices or ():
            finish = choice.finish_reason or finish
            if choice.delta.content:
                parts.append(choice.delta.content)
                if not request.choices:
                    call.stream(choice.delta.content)
    text = "".join(parts)
    if finish is None and not parts:
        raise _not_our_language(account)
    if finish is None:
        raise Unavailable(f"{account.place} broke off in the middle of its answer.", remedy="Try again.")
    if finish == "content_filter":
        raise ServiceError(f"{account.place} withheld the answer: its content filter.", remedy="Change the prompt.")
    truncated = finish == "length"
    if truncated and (not text or request.choices):
        raise ServiceError(
            f"'{model}' used up the tokens it may answer with before it came to an answer.",
            remedy="Allow more tokens in the step.",
        )
    if request.choices:
        text = _choice(text, request.choices, model)
        call.stream(text)
    return ModelAnswer(text, model, tokens_in, tokens_out, truncated=truncated)


def _choice(text: str, choices: tuple[str, ...], model: str) -> str:
    """The answer out of its envelope; servers that know no `response_format` answer in plain words."""
    try:
        answer = json.loads(text)["choice"]
    except (ValueError, TypeError, KeyError):
        answer = text.strip().strip(".\"'")
    if answer not in choices:
        raise ServiceError(
            f"'{model}' answered '{text[:80]}', which is none of: {', '.join(choices)}.",
            remedy="Use another model, or change the prompt.",
        )
    return answer


def translated(error: Exception, account: OpenAIAccount, request: ModelRequest) -> ServiceError:
    """What an error of the SDK means to a person."""
    import openai as sdk

    place = account.place
    match error:
        case sdk.APITimeoutError():
            return _too_slow(account, request)
        case sdk.APIConnectionError():
            return Unavailable(
                f"Nothing answers at {account.base_url}.",
                remedy="Check the network and that the server runs, or correct PATCHBAY_OPENAI_BASE_URL.",
            )
        case sdk.AuthenticationError() | sdk.PermissionDeniedError():
            return AccountError(
                f"{place} did not accept the API key.", remedy="Set a valid key in PATCHBAY_OPENAI_API_KEY."
            )
        case sdk.RateLimitError(code="insufficient_quota"):
            return AccountError(f"The credit at {place} is used up.", remedy="Add credit there, or use another key.")
        case sdk.RateLimitError():
            return RateLimited(
                f"{place} allows no more requests for now.",
                remedy="Wait a little, or run fewer at a time.",
                retry_after=_retry_after(error),
            )
        case sdk.NotFoundError():
            model = request.model or account.model or OFFICIAL_MODEL
            return ServiceError(
                f"{place} has no model '{model}'.",
                remedy="Choose another model, or check that PATCHBAY_OPENAI_BASE_URL is right: most end in /v1.",
            )
        case sdk.APIStatusError() if error.status_code >= 500 or error.status_code in (408, 409):
            return Unavailable(f"{place} failed (status {error.status_code}).", remedy="Try again in a minute.")
        case sdk.APIStatusError() if _too_long(error):
            return ServiceError(
                "The prompt is too long for the model.", remedy="Shorten the text, or use a model that reads more."
            )
        case sdk.APIStatusError():
            return ServiceError(
                f"{place} refused the request (status {error.status_code}): {_said(error)}",
                remedy="Change the step's settings, or use another model.",
            )
        case sdk.APIError() if not isinstance(error, sdk.APIResponseValidationError):
            return Unavailable(f"{place} broke off: {error.message[:300]}", remedy="Try again.")
        case _:
            return _not_our_language(account)


def _too_slow(account: OpenAIAccount, request: ModelRequest) -> Unavailable:
    return Unavailable(
        f"{account.place} did not finish within {request.timeout:g} seconds.",
        remedy="Give the step more time, or use a faster model.",
    )


def _not_our_language(account: OpenAIAccount) -> ServiceError:
    return ServiceError(
        f"{account.place} answers, but not as the OpenAI API does.",
        remedy="Correct PATCHBAY_OPENAI_BASE_URL: most addresses end in /v1.",
    )


def _said(error: APIStatusError) -> str:
    body = error.body
    message = body.get("message") if isinstance(body, dict) else None
    return " ".join(str(message or "no reason given").split())[:300]


def _too_long(error: APIStatusError) -> bool:
    return error.code == "context_length_exceeded" or error.type == "exceed_context_size_error"


def _retry_after(error: APIStatusError) -> float | None:
    """Seconds to wait, from `Retry-After`: a number or a date (RFC 9110, 10.2.3)."""
    value = error.response.headers.get("retry-after", "")
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time())
    except ValueError:
        return None
