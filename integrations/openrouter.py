"""OpenRouter: models of many companies by one key. It speaks the OpenAI API and lists its prices.

https://openrouter.ai/docs/api/reference/overview, https://openrouter.ai/docs/guides/overview/models
"""

from __future__ import annotations

from time import monotonic
from typing import Any, ClassVar

from integrations.openai import OFFICIAL_MODEL as OPENAI_MODEL
from integrations.openai import STRANGE, OpenAIAccount, client, complete, listed, translated
from integrations.provider import failures
from orchestrator.actions import Call, Connector, ModelAnswer, ModelInfo, ModelRequest, Price, ServiceError, field

OFFICIAL = "https://openrouter.ai/api/v1"
FRESH = 3600.0
"""Seconds for which the list of models and prices is believed."""
AGAIN = 60.0
"""Seconds after which a list that could not be had is asked for again."""


class OpenRouterAccount(OpenAIAccount):
    """Who we are at OpenRouter."""

    connector: ClassVar[str] = "openrouter"
    service: ClassVar[str] = "OpenRouter"
    official: ClassVar[str] = OFFICIAL
    official_model: ClassVar[str] = f"openai/{OPENAI_MODEL}"

    base_url: str = field("Address", default=OFFICIAL, description="Where the API begins.")


openrouter = Connector(
    "openrouter",
    title="OpenRouter",
    icon=":material/alt_route:",
    description="Language models of many companies by one key, with their prices.",
    account=OpenRouterAccount,
)

_lists: dict[OpenRouterAccount, tuple[float, dict[str, Any]]] = {}
"""Each account's models by id, and until when they are believed."""


@openrouter.generate
def generate(request: ModelRequest, account: OpenRouterAccount, call: Call) -> ModelAnswer:
    """Ask a model and show its answer as it comes. Raises `ServiceError` and its kinds."""
    model = request.model or account.default_model
    if failures.has_images(request):
        reads = _modalities(_known(account).get(model))
        if reads and "image" not in reads:
            raise failures.no_images(model)
    return complete(request, account, call)


@openrouter.price
def price(model: str, account: OpenRouterAccount) -> Price | None:
    """What the account says, else what OpenRouter lists. The list is fetched when none was for an hour.
    None for what has no fixed price, such as `openrouter/auto`, and where there is no list."""
    return account.price or _listed_price(_known(account).get(model or account.default_model))


@openrouter.models
def models(account: OpenRouterAccount) -> list[ModelInfo]:
    """The models that write text, with their prices, the default one first. Raises `ServiceError` and its kinds."""
    found = {model.id: model for model in _fetched(account).values() if _writes_text(model)}
    first = [account.default_model] if account.default_model in found else []
    names = [*first, *(name for name in sorted(found) if name not in first)]
    if not names:
        raise failures.no_models(account)
    return [ModelInfo(name, getattr(found[name], "name", None) or name, _note(found[name])) for name in names]


@openrouter.check
def check(account: OpenRouterAccount) -> str:
    """Its list of models is open to everybody: only its word on the key tells whether the key is valid.
    https://openrouter.ai/docs/api/api-reference/api-keys/get-current-key"""
    import openai as sdk

    try:
        reply: Any = client(account).get("/key", cast_to=object, options={"timeout": 10})
        left = reply["data"]["limit_remaining"]
    except (sdk.OpenAIError, *STRANGE, KeyError) as error:
        raise translated(error, account, ModelRequest((), "", timeout=10)) from error
    limit = "the key has no limit" if left is None else f"${left:,.2f} are left of the key's limit"
    return f"{account.place} · {limit}"


def _fetched(account: OpenRouterAccount) -> dict[str, Any]:
    found = {model.id: model for model in listed(account)}
    _lists[account] = (monotonic() + FRESH, found)
    return found


def _known(account: OpenRouterAccount) -> dict[str, Any]:
    """The models by id; empty where the list cannot be had."""
    until, found = _lists.get(account, (0.0, {}))
    if monotonic() < until:
        return found
    try:
        return _fetched(account)
    except ServiceError:
        _lists[account] = (monotonic() + AGAIN, found)
        return found


def _listed_price(model: Any) -> Price | None:
    """The list has US dollars for one token, as text; -1 where it depends."""
    prices = getattr(model, "pricing", None)
    try:
        input, output = (float(prices[name]) * 1_000_000 for name in ("prompt", "completion"))
    except (TypeError, KeyError, ValueError):
        return None
    return Price(round(input, 6), round(output, 6)) if input >= 0 and output >= 0 else None


def _note(model: Any) -> str | None:
    cost = _listed_price(model)
    if cost is None:
        return None
    return "free" if cost.input == cost.output == 0 else f"${cost.input:g} in, ${cost.output:g} out a million tokens"


def _modalities(model: Any, way: str = "input_modalities") -> list[str]:
    architecture = getattr(model, "architecture", None)
    found = architecture.get(way) if isinstance(architecture, dict) else None
    return found if isinstance(found, list) else []


def _writes_text(model: Any) -> bool:
    writes = _modalities(model, "output_modalities")
    return not writes or "text" in writes
