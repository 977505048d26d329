"""Who a connector acts as, and which model answers."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import ValidationError

from orchestrator.actions import Account, Connector, ModelInfo, Registry
from orchestrator.data import is_object
from orchestrator.errors import AccountError, InvalidSettings, NotFound, PatchbayError
from orchestrator.expressions import nearest
from orchestrator.settings import PREFIX, Settings, account_values

PRACTICE_MODEL = "embedded"
"""The provider that needs no account."""


class Accounts:
    """The account of each connector: its practice account, else what the environment says (model providers only,
    until accounts can be connected in the studio), else one without fields for a connector that needs none."""

    def __init__(self, registry: Registry, settings: Settings, practice_url: Callable[[], str]) -> None:
        self.registry = registry
        self.settings = settings
        self._practice_url = practice_url
        self._known: dict[str, Account] = {}

    def get(self, connector_id: str) -> Account:
        """Raises `AccountError` when none is connected."""
        if connector_id not in self._known:
            self._known[connector_id] = self._make(self.registry.connector(connector_id))
        return self._known[connector_id]

    def has(self, connector_id: str) -> bool:
        try:
            self.get(connector_id)
        except AccountError:
            return False
        return True

    def is_live(self, connector_id: str) -> bool:
        """Whether the connector acts in somebody's name: not on practice, and not without any account."""
        account = self.get(connector_id)
        return not account.practice and bool(_own_fields(self.registry.connector(connector_id)))

    def model(self, name: str | None) -> tuple[Connector, str]:
        """The provider and the provider's name of a model: "provider:name", "provider", or None for the default.
        Raises `NotFound`."""
        providers = self.registry.providers()
        wanted = name or self.settings.model or self._default_provider()
        provider, _, model = wanted.partition(":")
        if provider not in providers:
            raise NotFound(
                f"There is no model provider '{provider}'{nearest(provider, list(providers))}.",
                remedy="Name a model as 'provider:name', such as 'embedded' or 'openai:gpt-5-mini'.",
            )
        return providers[provider], model

    def models(self) -> list[tuple[str, ModelInfo]]:
        """Every model that can be used now, as ("provider:name", its description). A provider that does not
        answer is left out."""
        found: list[tuple[str, ModelInfo]] = []
        for id, connector in self.registry.providers().items():
            if not self.has(id) or connector.models_function is None:
                continue
            try:
                found += [(f"{id}:{info.id}", info) for info in connector.models_function(self.get(id))]
            except PatchbayError:
                continue
        return found

    def _default_provider(self) -> str:
        others = [id for id in self.registry.providers() if id != PRACTICE_MODEL and self.has(id)]
        return others[0] if others else PRACTICE_MODEL

    def _make(self, connector: Connector) -> Account:
        if connector.practice is not None:
            address = {"practice": self._practice_url(), "studio": self.settings.studio_url}
            values = {name: text.format(**address) for name, text in connector.practice.items()}
            return connector.account.model_validate({"name": "practice", "practice": True, **values})
        own = _own_fields(connector)
        values = account_values(connector.id, list(own))
        if own and not values:
            names = " or ".join(
                f"{PREFIX}{connector.id}_{name}".upper() for name, is_expert in own.items() if not is_expert
            )
            raise AccountError(f"No {connector.title} account is connected.", remedy=f"Set {names}.")
        try:
            return connector.account.model_validate({"name": "environment" if own else "none", **values})
        except ValidationError as error:
            detail = error.errors()[0]
            name = f"{PREFIX}{connector.id}_{detail['loc'][0]}".upper() if detail["loc"] else PREFIX
            raise InvalidSettings(f"{name} is not valid: {detail['msg']}.", remedy=f"Correct {name}.") from None


def _own_fields(connector: Connector) -> dict[str, bool]:
    """The fields that make an account of the connector, and whether only experts need them."""
    fields = connector.account.model_fields
    extras = {name: info.json_schema_extra for name, info in fields.items() if name not in Account.model_fields}
    return {name: is_object(extra) and bool(extra.get("expert")) for name, extra in extras.items()}
