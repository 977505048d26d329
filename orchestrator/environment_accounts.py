"""What the environment says of accounts: PATCHBAY_<CONNECTOR>_<FIELD>. It makes one that nobody has to connect, says
what holds for all accounts of a connector, and where its service is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from orchestrator.account_entries import ENVIRONMENT, NONE
from orchestrator.account_fields import administered_fields, all_fields, secret_fields, setting_of
from orchestrator.actions import Account, Connector
from orchestrator.errors import InvalidSettings
from orchestrator.settings import account_values

ADDRESS = "base_url"
"""The field that PATCHBAY_<CONNECTOR>_BASE_URL sets for every account that does not say another."""


class EnvironmentAccounts:
    """Reads the environment once."""

    def __init__(self, connectors: Iterable[Connector]) -> None:
        self._said = {
            connector.id: account_values(connector.id, list(all_fields(connector))) for connector in connectors
        }

    def said(self, connector: Connector) -> Mapping[str, str]:
        """The fields that are set, with their values."""
        return self._said.get(connector.id, {})

    def has(self, connector: Connector) -> bool:
        """Whether it says who one is. An address alone says where a service is, and who one is there only if it asks
        nothing else."""
        given = set(self.said(connector)) - administered_fields(connector)
        return bool(given - {ADDRESS}) or (bool(given) and self.without(connector) is not None)

    def get(self, connector: Connector) -> Account:
        """The account that it says. Raises `InvalidSettings`."""
        return self._made(connector, {"name": ENVIRONMENT, **self.said(connector)})

    def nobody(self, connector: Connector) -> Account:
        """Who a service is asked as for what all the world may see: no secret. Raises `InvalidSettings`."""
        address = {key: one for key, one in self.said(connector).items() if key == ADDRESS}
        return self._made(connector, {"name": NONE, **dict.fromkeys(secret_fields(connector), ""), **address})

    def without(self, connector: Connector) -> Account | None:
        """The account of a connector that can do without one."""
        try:
            return connector.account.model_validate({"name": NONE, **self.administered(connector)})
        except ValidationError:
            return None

    def administered(self, connector: Connector) -> dict[str, Any]:
        """What whoever runs Patchbay says for every account of the connector, whatever the account itself says."""
        fields, said = connector.account.model_fields, self.said(connector)
        return {name: said.get(name, fields[name].default) for name in administered_fields(connector)}

    def address(self, connector: Connector) -> dict[str, str]:
        """Where the service of an account is that says no other address."""
        address = self.said(connector).get(ADDRESS)
        return {ADDRESS: address} if address else {}

    def _made(self, connector: Connector, values: Mapping[str, Any]) -> Account:
        try:
            return connector.account.model_validate(values)
        except ValidationError as error:
            detail = error.errors(include_input=False)[0]
            name = setting_of(connector, str(detail["loc"][0]) if detail["loc"] else "").rstrip("_")
            if detail["type"] == "missing":
                raise InvalidSettings(f"{name} is missing.", remedy=f"Set {name} too.") from None
            raise InvalidSettings(f"{name} is not valid: {detail['msg']}.", remedy=f"Correct {name}.") from None
