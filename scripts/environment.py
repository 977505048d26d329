"""Writes the part of `.env.example` that names the variables of accounts, from the code. `--check` only compares."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from textwrap import wrap
from typing import Any

from orchestrator.account_fields import administered_fields
from orchestrator.actions import Account, Connector
from orchestrator.registry import Registry
from orchestrator.settings import PREFIX, ROOT

FILE = ROOT / ".env.example"
HEAD = "# --- Accounts. From here on made from the code by `make generate`."
WIDTH = 118


def fresh() -> str:
    """The whole file as it should be: what is written by hand, and then the accounts."""
    by_hand = FILE.read_text(encoding="utf-8").partition(HEAD)[0].rstrip()
    return f"{by_hand}\n\n{HEAD}\n" + "\n".join(_accounts(Registry.discover()))


def variables(connector: Connector) -> dict[str, str]:
    """The variables of a connector's account and their defaults."""
    fields = connector.account.model_fields
    return {_name(connector.id, name): _text(fields[name].default) for name in _fields(connector)}


def client_variables(connector: Connector) -> dict[str, str]:
    """The variables that say, for all accounts of a service, who asks a person for access in the browser."""
    consent = connector.consent
    return {_name(consent.id, name): "" for name in (*consent.client, consent.address)} if consent else {}


def _accounts(registry: Registry) -> Iterator[str]:
    yield from _comment(
        "They are named PATCHBAY_<SERVICE>_<FIELD>. An account that is connected on the page Accounts stands before "
        "them; only a _BASE_URL holds for it too, where it says no other address."
    )
    told: set[str] = set()
    for connector in sorted(registry.connectors.values(), key=lambda one: one.title.lower()):
        names = _fields(connector)
        if not names:
            continue
        yield ""
        yield from _comment(f"{connector.title}. {connector.description}")
        for name in names:
            info = connector.account.model_fields[name]
            what = ". ".join(part.rstrip(".") for part in (info.title or name, info.description or "") if part)
            yield from _comment(f"{what}.", indent="  ")
            yield f"#{_name(connector.id, name)}={_text(info.default)}"
        consent = connector.consent
        if consent and consent.id not in told:
            told.add(consent.id)
            yield ""
            yield from _comment(
                f"{consent.title}'s sign-in, for all accounts that are connected in the browser: the client that asks, "
                "so that nobody has to type it in, and the address of another sign-in."
            )
            yield from (f"#{name}={default}" for name, default in client_variables(connector).items())
    yield ""


def _fields(connector: Connector) -> list[str]:
    """The fields that a person, or whoever runs Patchbay, may set. What only the practice account needs is none."""
    for_practice = {name for name, text in (connector.practice or {}).items() if "{studio}" in text}
    known = [name for name in connector.account.model_fields if name not in Account.model_fields]
    own = [name for name in known if connector.account.model_fields[name].title]
    return [name for name in own if name not in for_practice or name in administered_fields(connector)]


def _comment(text: str, indent: str = " ") -> list[str]:
    return [f"#{indent}{line}" for line in wrap(" ".join(text.split()), WIDTH - len(indent))]


def _name(owner: str, field: str) -> str:
    return f"{PREFIX}{owner}_{field}".upper()


def _text(default: Any) -> str:
    secret = getattr(default, "get_secret_value", None)
    value = secret() if secret else default
    if value is None or str(value) == "PydanticUndefined":
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def main() -> int:
    text = fresh()
    if FILE.read_text(encoding="utf-8") == text:
        return 0
    if "--check" in sys.argv[1:]:
        print(".env.example is not what the code makes now. Write it with: make generate")
        return 1
    FILE.write_text(text, encoding="utf-8")
    print("wrote .env.example")
    return 0


if __name__ == "__main__":
    sys.exit(main())
