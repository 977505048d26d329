"""Any server that speaks the OpenAI API: OpenAI itself, vLLM, LiteLLM and others.

Chat completions, streamed: https://platform.openai.com/docs/api-reference/chat/create
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from integrations._kept import kept
from integrations.provider import failures
from integrations.provider.account import ModelAccount
from integrations.provider.answer import End, Piece, gather, summed_up
from integrations.provider.form import is_strict, schema_of, told
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
TOO_LONG = {"context_length_exceeded", "exceed_context_size_error"}
"""How OpenAI and llama.cpp call a prompt that is longer than the context."""
STRANGE = (ValueError, AttributeError, TypeError)
"""What comes of an answer in another form: the SDK does not check it."""


class OpenAIAccount(ModelAccount):
    """A server and who we are there: an API key, or the address of a server that asks for none."""

    connector: ClassVar[str] = "openai"
    service: ClassVar[str] = "OpenAI"
    official: ClassVar[str] = OFFICIAL
    official_model: ClassVar[str] = OFFICIAL_MODEL

    base_url: str = field("Address", default=OFFICIAL, description="Where the API begins. Most end in /v1.")
    model: str = field("Default model", default="", description="Empty: a small one, or the first that the server has.")

    @property
    def default_model(self) -> str:
        """ "" where only the server knows."""
        return self.model or (self.official_model if self.is_official else "")


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
        model = request.model or account.default_model or models(account)[0].id
        body = _body(request, account, model) | {"extra_body": own}
        with _stream(client(account), body, request) as stream:
            return gather(_pieces(stream), request, account, call, model, _strange(account))
    except (sdk.OpenAIError, *STRANGE) as error:
        raise translated(error, account, request) from error


@openai.price
def price(model: str, account: OpenAIAccount) -> Price | None:
    return account.price


@openai.models
def models(account: OpenAIAccount) -> list[ModelInfo]:
    """The models of the server that can chat, the default one first. Raises `ServiceError` and its kinds."""
    names = [model.id for model in listed(account)]
    if account.address == OFFICIAL:
        names.sort()
    names = [name for name in names if not any(part in name for part in NOT_CHAT)]
    if account.default_model:
        names = [account.default_model, *(name for name in names if name != account.default_model)]
    if not names:
        raise failures.no_models(account)
    return [ModelInfo(name, name) for name in names]


@openai.check
def check(account: OpenAIAccount) -> str:
    """A server says nothing of who one is: that it lists its models is what it says."""
    return summed_up(account, len(listed(account)))


def listed(account: OpenAIAccount) -> list[Any]:
    """The server's own list of its models. Raises `ServiceError` and its kinds."""
    import openai as sdk

    try:
        found = list(client(account).models.list(timeout=10))
        if not all(isinstance(model.id, str) for model in found):
            raise ValueError("a model without a name")
        return found
    except sdk.NotFoundError as error:
        raise _strange(account) from error
    except (sdk.OpenAIError, *STRANGE) as error:
        raise translated(error, account, ModelRequest((), "", timeout=10)) from error


@kept
def client(account: OpenAIAccount) -> OpenAI:
    """The SDK's client of an account, kept for its connections. The engine retries, so it does not."""
    # The SDK looks whether what it is given is of this one, wherever that is loaded: also when another thread has only
    # begun to load it.
    import httpx  # noqa: F401
    import openai as sdk

    return sdk.OpenAI(
        base_url=account.address,
        api_key=account.key,
        max_retries=0,
        http_client=sdk.DefaultHttpxClient(trust_env=not account.is_on_this_machine),
    )


def _stream(to: OpenAI, body: dict[str, Any], request: ModelRequest) -> Any:
    """Send the request, again without what this model does not take: models that reason accept no temperature but
    their own, and older ones know no JSON Schema."""
    import openai as sdk

    try:
        return to.chat.completions.create(**body, timeout=request.timeout)
    except sdk.BadRequestError as error:
        if error.param == "temperature" and "temperature" in body:
            return _stream(to, {name: value for name, value in body.items() if name != "temperature"}, request)
        if "response_format" in body and "response_format" in f"{error.param} {error.message}":
            plain = {name: value for name, value in body.items() if name != "response_format"}
            return _stream(to, plain | {"messages": _messages(told(request, schema=True))}, request)
        raise


def _body(request: ModelRequest, account: OpenAIAccount, model: str) -> dict[str, Any]:
    # A server of another make may pass over a form that it does not know.
    messages = told(request, schema=account.address != OFFICIAL)
    body: dict[str, Any] = {
        "model": model,
        "messages": _messages(messages),
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if request.temperature is not None:
        body["temperature"] = request.temperature
    if request.max_tokens is not None:
        body["max_completion_tokens" if account.address == OFFICIAL else "max_tokens"] = request.max_tokens
    schema = schema_of(request)
    if schema is not None:
        format = {"name": "answer", "strict": is_strict(schema), "schema": schema}
        body["response_format"] = {"type": "json_schema", "json_schema": format}
    return body


def _messages(messages: Iterable[Message]) -> list[dict[str, Any]]:
    return [{"role": message.role, "content": _content(message)} for message in messages]


def _content(message: Message) -> str | list[dict[str, Any]]:
    """https://platform.openai.com/docs/guides/images-vision"""
    pictures = [{"type": "image_url", "image_url": {"url": picture.url}} for picture in pictures_of(message)]
    return [{"type": "text", "text": message.content}, *pictures] if pictures else message.content


def _pieces(chunks: Iterable[ChatCompletionChunk]) -> Iterator[Piece]:
    ends: dict[str, End] = {"length": "length", "content_filter": "withheld"}
    for chunk in chunks:
        usage = chunk.usage
        tokens = (usage.prompt_tokens, usage.completion_tokens) if usage else (None, None)
        yield Piece("", None, "", chunk.model, *tokens, _cost(usage))
        for choice in chunk.choices or ():
            reason = choice.finish_reason
            if getattr(choice.delta, "refusal", None):
                yield Piece(end="withheld")
            yield Piece(choice.delta.content or "", ends.get(reason, "done") if reason else None)


def _cost(usage: Any) -> float | None:
    """US dollars, where the server says them, as OpenRouter does:
    https://openrouter.ai/docs/guides/administration/usage-accounting"""
    cost = getattr(usage, "cost", None)
    return float(cost) if isinstance(cost, int | float) else None


def translated(error: Exception, account: OpenAIAccount, request: ModelRequest) -> ServiceError:
    """What an error of the SDK means to a person."""
    import openai as sdk

    model = request.model or account.default_model
    match error:
        case sdk.APITimeoutError():
            return failures.too_slow(account, request)
        case sdk.APIConnectionError():
            return failures.unreachable(account)
        case sdk.AuthenticationError():
            return failures.wrong_key(account)
        case sdk.RateLimitError(code="insufficient_quota") | sdk.APIStatusError(status_code=402):
            return failures.no_credit(account)
        case sdk.RateLimitError():
            return failures.limited(account, failures.retry_after(error.response.headers))
        case sdk.APIStatusError() if _is_withheld(error):
            return failures.withheld(account)
        case sdk.PermissionDeniedError():
            return failures.not_allowed(account, _said(error))
        case sdk.APIStatusError() if failures.has_images(request) and failures.NO_IMAGES.search(_said(error)):
            return failures.no_images(model)
        case sdk.NotFoundError() | sdk.BadRequestError() if _knows_no_model(error):
            return failures.unknown_model(account, model, lambda: models(account))
        case sdk.APIStatusError(status_code=503 | 529):
            return failures.overloaded(account, failures.retry_after(error.response.headers))
        case sdk.APIStatusError() if error.status_code >= 500 or error.status_code in (408, 409):
            return failures.failing(account, error.status_code)
        case sdk.APIStatusError() if {error.code, error.type} & TOO_LONG:
            return failures.too_long()
        case sdk.APIStatusError():
            return failures.refused(account, request, model, error.status_code, _said(error))
        case sdk.APIError() if not isinstance(error, sdk.APIResponseValidationError):
            return failures.broke_off(account, error.message)
        case _:
            return _strange(account)


def _strange(account: OpenAIAccount) -> ServiceError:
    return failures.strange(account, "OpenAI", "There, most addresses end in /v1.")


def _said(error: APIStatusError) -> str:
    body = error.body
    message = body.get("message") if isinstance(body, dict) else None
    return str(message or "")


def _knows_no_model(error: APIStatusError) -> bool:
    return error.status_code == 404 or error.code == "model_not_found" or "not a valid model" in _said(error)


def _is_withheld(error: APIStatusError) -> bool:
    """The prompt itself was stopped. OpenRouter says so with status 403 and the reasons of its moderation.
    https://openrouter.ai/docs/api/reference/errors-and-debugging"""
    metadata = error.body.get("metadata") if isinstance(error.body, dict) else None
    flagged = isinstance(metadata, dict) and "flagged_input" in metadata
    return flagged or error.code in ("content_policy_violation", "content_filter", "moderation_blocked")
