"""Whom an attempt speaks to: the account whose limits, outages and results concern it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from orchestrator.accounts import Accounts
from orchestrator.actions import Account, Action, Connector
from orchestrator.attempt import Attempt
from orchestrator.data import is_object
from orchestrator.errors import PatchbayError
from orchestrator.library import Library
from orchestrator.templates import Template


@dataclass(frozen=True, slots=True)
class Target:
    """An account. `model` is the provider's own name of the model that is asked, "" for its default one."""

    connector: Connector
    account: Account
    model: str = ""

    @property
    def key(self) -> tuple[str, str]:
        return self.connector.id, self.account.name

    @property
    def title(self) -> str:
        return self.connector.title


class Targets:
    """Finds the target of an attempt.

    An action with a parameter that picks a model speaks to that model's provider, and not to its own connector.
    """

    def __init__(self, accounts: Accounts, library: Library) -> None:
        self._accounts = accounts
        self._library = library
        self._pickers: dict[str, dict[str, str]] = {}
        self._services: dict[tuple[str, str | None], Target] = {}

    def of(self, attempt: Attempt) -> Target | None:
        """None when that cannot be told; then the attempt itself will say why."""
        action = attempt.action
        try:
            if "models" not in self._picked(action):
                return self._service(action.connector, attempt.account)
            wanted = attempt.model or self._given(attempt, "models")
            if wanted is None and (template := self.template(attempt)):
                wanted = template.model.model
            connector, model = self._accounts.model(wanted)
            chosen = attempt.accounts.name(connector.id, None)
            return Target(connector, self._accounts.get(connector.id, chosen), model)
        except PatchbayError:
            return None

    def asks_a_model(self, attempt: Attempt) -> bool:
        """Whether it speaks to another connector than its own."""
        return "models" in self._picked(attempt.action)

    def template(self, attempt: Attempt) -> Template | None:
        """The prompt template that the attempt uses. Raises `PatchbayError` when it cannot be read."""
        id = self._given(attempt, "templates")
        return self._library.templates.load(id) if isinstance(id, str) and id else None

    def _service(self, connector: Connector, name: str | None) -> Target:
        account = self._accounts.get(connector.id, name)
        known = self._services.get((connector.id, name))
        if known is None or known.account is not account or known.connector is not connector:
            known = self._services[connector.id, name] = Target(connector, account)
        return known

    def _given(self, attempt: Attempt, picker: str) -> Any:
        return attempt.params.get(self._picked(attempt.action).get(picker, ""))

    def _picked(self, action: Action) -> dict[str, str]:
        """The parameters of an action by the list that they are chosen from."""
        if action.id not in self._pickers:
            extras = {name: info.json_schema_extra for name, info in action.params.model_fields.items()}
            self._pickers[action.id] = {
                str(extra["picker"]): name
                for name, extra in extras.items()
                if is_object(extra) and extra.get("picker") in ("models", "templates")
            }
        return self._pickers[action.id]
