"""The connectors that there are: found by discovery, and held to what a registry can tell of their contract."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import get_args

import structlog
from pydantic.errors import PydanticUserError

from orchestrator.actions import Action, Connector, Effect
from orchestrator.errors import NotFound
from orchestrator.expressions import nearest

ENTRY_POINTS = "patchbay.integrations"
"""The group in which an installed package names its connectors: `weather = "patchbay_weather:weather"`."""

log = structlog.get_logger()


class Registry(Mapping[str, Action]):
    """All actions by id, and their connectors. A write that could not be made safe cannot be registered."""

    def __init__(self, connectors: Iterable[Connector] = ()) -> None:
        self.connectors = {connector.id: connector for connector in connectors}
        self._actions = {
            action.id: action for connector in self.connectors.values() for action in connector.actions.values()
        }
        for action in self._actions.values():
            _ensure_safe(action)

    @classmethod
    def discover(cls, package: str = "integrations") -> Registry:
        """The connectors of every module in `package`, save those of a name like `_parts`, and the connectors that
        installed packages name as entry points. One of the latter that cannot be used is left out, with a warning."""
        parent = importlib.import_module(package)
        modules = [
            importlib.import_module(f"{package}.{info.name}")
            for info in pkgutil.iter_modules(parent.__path__)
            if not (info.ispkg or info.name.startswith("_"))
        ]
        found = {connector.id: connector for module in modules for connector in _connectors_of(module)}
        for entry in sorted(entry_points(group=ENTRY_POINTS), key=_package_of):
            try:
                connector = _loaded(entry)
                if connector.id in found:
                    raise TypeError(f"there is a connector '{connector.id}' already.")
            # Whatever a package of somebody else does when it is imported, Patchbay starts without it.
            except (Exception, SystemExit) as error:
                why = f"{type(error).__name__}: {error}"
                log.warning("a connector was left out", package=_package_of(entry), connector=entry.name, why=why)
                continue
            found[connector.id] = connector
        return cls(found.values())

    def __getitem__(self, id: str) -> Action:
        return self._actions[id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._actions)

    def __len__(self) -> int:
        return len(self._actions)

    def providers(self) -> dict[str, Connector]:
        """The connectors that are model providers."""
        return {id: connector for id, connector in self.connectors.items() if connector.generate_function}

    def connector(self, id: str) -> Connector:
        try:
            return self.connectors[id]
        except KeyError:
            raise NotFound(
                f"There is no connector '{id}'{nearest(id, list(self.connectors))}.",
                remedy="`python -m orchestrator actions` lists them.",
            ) from None


def ensure_contract(connector: Connector) -> None:
    """All that can be told of a connector without running it. Raises `TypeError` that says what it must declare."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", connector.id):
        raise TypeError(f"'{connector.id}' is no id: small letters, digits and _.")
    if not (connector.title and (connector.actions or connector.generate_function or connector.verify_function)):
        raise TypeError(f"{connector.id} needs a title, and an action, a model or a signature.")
    for action in connector.actions.values():
        if not (action.title and action.effect in get_args(Effect) and action.timeout > 0):
            raise TypeError(f"{action.id} needs a title, an effect ({', '.join(get_args(Effect))}) and a timeout.")
        _ensure_safe(action)
        _ensure_arguments(action)
        for model in (action.params, action.result):
            untitled = [name for name, info in model.model_fields.items() if not info.title]
            if untitled:
                raise TypeError(f"{action.id}: the field '{untitled[0]}' of {model.__name__} has no title.")
            try:
                model.model_json_schema(by_alias=True)
            except PydanticUserError as error:
                raise TypeError(f"{action.id}: {model.__name__} has no JSON Schema: {error.message}") from None


def _ensure_safe(action: Action) -> None:
    """Raises `TypeError` for a write that cannot be shown before, or not be looked up after."""
    if action.effect != "read" and action.preview_function is None:
        raise TypeError(f"{action.id} writes and declares no preview.")
    if action.effect == "write" and action.find_function is None:
        raise TypeError(f"{action.id} writes and declares no find.")


def _ensure_arguments(action: Action) -> None:
    for what, function, wanted in (
        ("The action", action.function, ("params", "account", "call")),
        ("Its preview", action.preview_function, ("params", "account")),
        ("Its find", action.find_function, ("params", "account", "call")),
    ):
        if function is not None and len(inspect.signature(function).parameters) != len(wanted):
            raise TypeError(f"{action.id}: {what.lower()} takes ({', '.join(wanted)}).")


def _connectors_of(module: ModuleType) -> Iterator[Connector]:
    for value in vars(module).values():
        if isinstance(value, Connector):
            yield value


def _loaded(entry: EntryPoint) -> Connector:
    """The connector that an entry point names. Raises `TypeError`, and whatever its import raises."""
    connector: object = entry.load()
    if not isinstance(connector, Connector):
        raise TypeError(f"{entry.value} is no Connector.")
    ensure_contract(connector)
    return connector


def _package_of(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else entry.value
