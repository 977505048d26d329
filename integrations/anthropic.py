"""Anthropic: the Claude models.

Messages, streamed: https://platform.claude.com/docs/en/api/messages, .../build-with-claude/streaming
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from integrations._kept import kept
from integrations.provider import failures
from integrations.provider.account import ModelAccount
from integrations.provider.answer import End, Piece, gather, summed_up
from integrations.provider.form import is_closed, schema_of, told
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
    from anthropic import Anthropic, APIStatusError
    from anthropic.types import RawMessageStreamEvent

OFFICIAL = "https://api.anthropic.com"
OFFICIAL_MODEL = "claude-haiku-4-5"
LONGEST = 16_000
"""Tokens of an answer where the step says nothing: the API insists on a number."""
STRANGE = (ValueError, AttributeError, TypeError)
"""What comes of an answer in another form: the SDK does not check it."""


class AnthropicAccount(ModelAccount):
    """Who we are at Anthropic."""

    connector: ClassVar[str] = "anthropic"
    service: ClassVar[str] = "Anthropic"
    official: ClassVar[str] = OFFICIAL

    base_url: str = field("Address", default=OFFICIAL, description="Where the API is, without /v1.")


anthropic = Connector(
    "anthropic",
    title="Anthropic",
    icon=":material/neurology:",
    description="The Claude models.",
    account=AnthropicAccount,
)


@anthropic.generate
def generate(request: ModelRequest, account: AnthropicAccount, call: Call) -> ModelAnswer:
    """Ask the model and show the answer as it comes. Claude takes no temperature: it is left out.
    Raises `ServiceError` and its kinds."""
    import anthropic as sdk

    model = request.model or account.model or OFFICIAL_MODEL
    if request.temperature is not None:
        call.log("Claude takes no temperature: it was left out.")
    try:
        with _stream(client(account), _body(request, model), request) as stream:
            return gather(_pieces(stream), request, account, call, model, _strange(account))
    except (sdk.AnthropicError, *STRANGE) as error:
        raise translated(error, account, request, model) from error


@anthropic.price
def price(model: str, account: AnthropicAccount) -> Price | None:
    return account.price


@anthropic.models
def models(account: AnthropicAccount) -> list[ModelInfo]:
    """The models that can be used, the default one first. Raises `ServiceError` and its kinds."""
    import anthropic as sdk

    try:
        found = {model.id: model.display_name for model in client(account).models.list(limit=100, timeout=10)}
    except sdk.NotFoundError as error:
        raise _strange(account) from error
    except (sdk.AnthropicError, *STRANGE) as error:
        raise translated(error, account, ModelRequest((), "", timeout=10), "") from error
    if not found:
        raise failures.no_models(account)
    default = account.model or OFFICIAL_MODEL
    names = [default, *(name for name in found if name != default)] if account.is_official else list(found)
    return [ModelInfo(name, found.get(name, name)) for name in names]


@anthropic.check
def check(account: AnthropicAccount) -> str:
    return summed_up(account, len(models(account)))


@kept
def client(account: AnthropicAccount) -> Anthropic:
    """The SDK's client of an account, kept for its connections. The engine retries, so it does not."""
    import anthropic as sdk

    return sdk.Anthropic(
        base_url=account.address,
        api_key=account.key,
        max_retries=0,
        http_client=sdk.DefaultHttpxClient(trust_env=not account.is_on_this_machine),
    )


def _stream(to: Anthropic, body: dict[str, Any], request: ModelRequest) -> Any:
    """Send the request, again in plain words where this model knows no JSON Schema or not all that is in it."""
    import anthropic as sdk

    try:
        return to.messages.create(**body, stream=True, timeout=request.timeout)
    except sdk.BadRequestError as error:
        said = error.api_message or ""
        if "output_config" not in body or not ("output_config" in said or "schema" in said.lower()):
            raise
        plain = {name: value for name, value in body.items() if name != "output_config"}
        plain["messages"] = _messages(told(request, schema=True))
        return to.messages.create(**plain, stream=True, timeout=request.timeout)


def _body(request: ModelRequest, model: str) -> dict[str, Any]:
    form = _form(schema_of(request))
    body: dict[str, Any] = {
        "model": model,
        "max_tokens": request.max_tokens or LONGEST,
        "messages": _messages(told(request, schema=form is None)),
    }
    system = "\n\n".join(message.content for message in request.messages if message.role == "system")
    if system:
        body["system"] = system
    if form is not None:
        body["output_config"] = {"format": {"type": "json_schema", "schema": form}}
    return body


def _form(schema: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The schema as Claude takes it, None where it cannot be said so: its objects have listed properties only.
    https://platform.claude.com/docs/en/build-with-claude/structured-outputs#json-schema-limitations"""
    from anthropic import transform_schema

    if schema is None or not is_closed(schema):
        return None
    try:
        return transform_schema(dict(schema))
    except (ValueError, TypeError, AttributeError, AssertionError):
        return None


def _messages(messages: Iterable[Message]) -> list[dict[str, Any]]:
    return [{"role": message.role, "content": _content(message)} for message in messages if message.role != "system"]


def _content(message: Message) -> str | list[dict[str, Any]]:
    """Pictures stand before the text: https://platform.claude.com/docs/en/build-with-claude/vision"""
    pictures = [
        {"type": "base64", "media_type": picture.kind, "data": picture.data}
        if picture.data
        else {"type": "url", "url": picture.url}
        for picture in pictures_of(message)
    ]
    if not pictures:
        return message.content
    return [*({"type": "image", "source": source} for source in pictures), {"type": "text", "text": message.content}]


def _pieces(events: Iterable[RawMessageStreamEvent]) -> Iterator[Piece]:
    ends: dict[str, End] = {
        "max_tokens": "length",
        "model_context_window_exceeded": "length",
        "refusal": "withheld",
    }
    for event in events:
        match event.type:
            case "message_start":
                yield Piece(model=event.message.model, input_tokens=_read(event.message.usage))
            case "content_block_delta" if event.delta.type == "text_delta":
                yield Piece(event.delta.text)
            case "message_delta" if event.delta.stop_reason:
                why = getattr(event.delta.stop_details, "explanation", None) or ""
                end = ends.get(event.delta.stop_reason, "done")
                yield Piece("", end, why, output_tokens=event.usage.output_tokens)


def _read(usage: Any) -> int:
    """All tokens that were read, those kept in its cache too."""
    return usage.input_tokens + (usage.cache_creation_input_tokens or 0) + (usage.cache_read_input_tokens or 0)


def translated(error: Exception, account: AnthropicAccount, request: ModelRequest, model: str) -> ServiceError:
    """What an error of the SDK means to a person. https://platform.claude.com/docs/en/api/errors"""
    import anthropic as sdk

    match error:
        case sdk.APITimeoutError():
            return failures.too_slow(account, request)
        case sdk.APIConnectionError():
            return failures.unreachable(account)
        case sdk.APIStatusError():
            return _refused(error, account, request, model)
        case _:
            return _strange(account)


def _refused(error: APIStatusError, account: AnthropicAccount, request: ModelRequest, model: str) -> ServiceError:
    """An error in the middle of a stream has the status 200: its type tells."""
    wait = failures.retry_after(error.response.headers)
    said = error.api_message or ""
    match error.type, error.status_code:
        case "overloaded_error", _:
            return failures.overloaded(account, wait)
        case ("billing_error", _) | (_, 402):
            return failures.no_credit(account)
        case ("authentication_error", _) | (_, 401):
            return failures.wrong_key(account)
        case ("permission_error", _) | (_, 403):
            return failures.not_allowed(account, said)
        case ("rate_limit_error", _) | (_, 429):
            # A limit on spending has a code of its own and lasts until it is raised.
            spent = "spend_limit" in (error.error_code or "")
            return failures.no_credit(account) if spent else failures.limited(account, wait)
        case "not_found_error", _:
            return failures.unknown_model(account, model, lambda: models(account))
        case None, status if status < 500:
            return _strange(account)
        case (("timeout_error" | "api_error" | None) as kind, status):
            return failures.failing(account, status if status >= 400 else kind or status)
        case _ if "credit balance" in said:
            return failures.no_credit(account)
        case _:
            return failures.refused(account, request, model, error.status_code, said)


def _strange(account: AnthropicAccount) -> ServiceError:
    return failures.strange(account, "Anthropic", "It has no path, and so no /v1.")
