"""The fields of a connector's account: which a person fills in, which are never shown, which are not theirs to say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from pydantic import SecretStr

from orchestrator.actions import Account, Connector
from orchestrator.data import is_object
from orchestrator.errors import InvalidInput
from orchestrator.settings import PREFIX


def secret_fields(connector: Connector) -> list[str]:
    """The fields of the connector's account that are never shown."""
    fields = connector.account.model_fields
    return [name for name, info in fields.items() if SecretStr in (info.annotation, *get_args(info.annotation))]


def own_fields(connector: Connector) -> list[str]:
    """The fields that a person fills in to connect an account."""
    return [name for name in all_fields(connector) if name not in administered_fields(connector)]


def administered_fields(connector: Connector) -> set[str]:
    """The fields that only whoever runs Patchbay sets, by an environment variable, for all accounts alike."""
    extras = {name: info.json_schema_extra for name, info in connector.account.model_fields.items()}
    return {name for name, extra in extras.items() if is_object(extra) and extra.get("administered")}


def all_fields(connector: Connector) -> dict[str, bool]:
    """The fields that make an account of the connector, and whether only experts need them."""
    fields = connector.account.model_fields
    extras = {name: info.json_schema_extra for name, info in fields.items() if name not in Account.model_fields}
    return {name: is_object(extra) and bool(extra.get("expert")) for name, extra in extras.items()}


def simple_fields(connector: Connector) -> list[str]:
    """The fields that nobody can do without."""
    known = all_fields(connector)
    return [name for name in own_fields(connector) if not known[name]]


def title_of(connector: Connector, field: str) -> str:
    info = connector.account.model_fields.get(field)
    return (info.title if info else None) or field


def setting_of(connector: Connector, field: str) -> str:
    """The environment variable that says a field."""
    return f"{PREFIX}{connector.id}_{field}".upper()


def ensure_own(connector: Connector, values: Mapping[str, Any]) -> None:
    """Raises `InvalidInput` for what is not for a person to say."""
    for name in administered_fields(connector) & values.keys():
        raise InvalidInput(
            f"'{title_of(connector, name)}' is not said by an account: it holds for all of them.",
            remedy=f"Ask whoever runs Patchbay to set {setting_of(connector, name)}.",
        )
