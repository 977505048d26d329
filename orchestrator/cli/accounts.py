"""`accounts`: who the connectors act as. A secret is asked for or read from standard input, never taken from the
command, which others on the machine can see."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Any

import typer
from pydantic_core import PydanticUndefined
from rich.markup import escape
from rich.table import Table

from orchestrator.account_entries import AccountEntry
from orchestrator.account_fields import secret_fields
from orchestrator.actions import Connector
from orchestrator.cli.consent import connect_in_browser
from orchestrator.cli.shared import FAILED, NOT_STARTED, Json, name_value, open_engine
from orchestrator.console import err, moment, out, print_json
from orchestrator.errors import InvalidInput, PatchbayError
from orchestrator.settings import account_values

app = typer.Typer(help="Connect, test and remove accounts.", invoke_without_command=True)

ConnectorId = Annotated[str, typer.Argument(metavar="CONNECTOR", help="The service: github, notion, gmail, openai...")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The name of the account.")]
Fields = Annotated[list[str] | None, typer.Option("--field", metavar="NAME=VALUE", help="A field that is no secret.")]
Browser = Annotated[bool, typer.Option("--connect", help="Connect in the browser, where the service offers that.")]
Port = Annotated[
    int, typer.Option(min=0, max=65535, help="Where the browser comes back to: a port of this machine. 0: a free one.")
]
Expires = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The last day of its key, to be warned before it.")
]

SOURCES = {"saved": "the vault", "environment": "environment variables", "practice": "Patchbay itself"}


@app.callback()
def accounts(context: typer.Context, as_json: Json = False) -> None:
    """Without a command: list them."""
    if context.invoked_subcommand is None:
        list_accounts(as_json)


@app.command("list")
def list_accounts(as_json: Json = False) -> None:
    """List the accounts: how they are, and where each comes from."""
    now = time.time()
    with open_engine() as engine:
        entries = engine.accounts.list()
        if as_json:
            print_json([{**asdict(entry), "state": entry.state(now)} for entry in entries])
            return
        table = Table("service", "account", "in use", "from", "state", box=None)
        for entry in entries:
            in_use = "yes" if entry.in_use else ""
            table.add_row(entry.connector, escape(entry.name), in_use, SOURCES[entry.source], _state(entry, now))
        out.print(table)


@app.command()
def add(
    connector_id: ConnectorId,
    name: Annotated[str, typer.Option(help="What you call it.")] = "work",
    fields: Fields = None,
    default: Annotated[bool, typer.Option(help="Take it where a step names no account.")] = False,
    connect: Browser = False,
    port: Port = 0,
    expires: Expires = None,
    as_json: Json = False,
) -> None:
    """Connect an account. Its secrets are asked for; from a program they are read from standard input, one a line."""
    with open_engine() as engine:
        connector = engine.registry.connector(connector_id)
        values = _given(connector, fields)
        if connect:
            values |= _asked(connector, _unknown_client(connector, values))
            ended = connect_in_browser(
                engine.consents, connector_id, name, values, port=port, is_new=True, default=default
            )
            _tell(connector_id, ended.name, ended.works, ended.said, as_json)
            return
        values |= _asked(connector, secret_fields(connector))
        engine.accounts.add(connector_id, name, values, default=default, expires_at=_end_of(expires))
        said = f"{connector.title} account '{name}' is connected."
        if connector.check_function is not None:
            said += f"\nTest it: python -m orchestrator accounts test {connector_id} '{name}'"
        _tell(connector_id, name, True, said, as_json)


@app.command()
def reconnect(
    connector_id: ConnectorId,
    name: Name,
    fields: Fields = None,
    connect: Browser = False,
    port: Port = 0,
    expires: Expires = None,
    as_json: Json = False,
) -> None:
    """Give an account new secrets. What is not said stays as it was."""
    with open_engine() as engine:
        connector = engine.registry.connector(connector_id)
        values = _given(connector, fields)
        if connect:
            ended = connect_in_browser(engine.consents, connector_id, name, values, port=port, is_new=False)
            _tell(connector_id, name, ended.works, ended.said, as_json)
            return
        secrets = _asked(connector, secret_fields(connector), may_stay=True)
        ends = _end_of(expires)
        if ends is None and not secrets:
            entries = engine.accounts.list()
            ends = next((one.expires_at for one in entries if (one.connector, one.name) == (connector_id, name)), None)
        kept = engine.accounts.shown(connector_id, name)
        engine.accounts.change(connector_id, name, {**kept, **values, **secrets}, expires_at=ends)
        _tell(connector_id, name, True, f"{connector.title} account '{name}' is changed.", as_json)


@app.command("test")
def try_out(
    connector_id: ConnectorId,
    name: Annotated[str | None, typer.Argument(help="The one in use when not given.")] = None,
    as_json: Json = False,
) -> None:
    """Make one cheap call and say who you are there."""
    with open_engine() as engine:
        try:
            said = engine.accounts.test(connector_id, name)
        except PatchbayError as error:
            _tell(connector_id, name, False, str(error), as_json)
        else:
            _tell(connector_id, name, True, said if as_json else f"It works: {said}", as_json)


@app.command()
def default(connector_id: ConnectorId, name: Name) -> None:
    """Take an account where a step names none."""
    with open_engine() as engine:
        engine.accounts.make_default(connector_id, name)
        out.print(f"'{name}' is in use now.", markup=False)


@app.command()
def remove(
    connector_id: ConnectorId,
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    take_back: Annotated[
        bool, typer.Option("--take-back", help="Also end at the service what was allowed in the browser.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Forget an account, for good."""
    with open_engine() as engine:
        if not yes and not typer.confirm(f"Remove the {connector_id} account '{name}'?", err=True):
            raise typer.Exit(NOT_STARTED)
        (engine.consents if take_back else engine.accounts).remove(connector_id, name)
        _tell(connector_id, name, True, f"'{name}' is removed.", as_json)


@app.command()
def rotate() -> None:
    """Encrypt all accounts under a new key."""
    with open_engine() as engine:
        rotation = engine.accounts.rotate()
        key = "the first key" if rotation.key_is_given else "a new key"
        out.print(f"Encrypted under {key}: {rotation.done} of {rotation.done + len(rotation.locked)}.", highlight=False)
        if rotation.key_is_given:
            out.print("You can take the older keys out of PATCHBAY_MASTER_KEY now.")
        for connector, name in rotation.locked:
            err.print(f"{connector} '{name}' could not be opened: connect it again.", markup=False)
    raise typer.Exit(FAILED if rotation.locked else 0)


def _tell(connector_id: str, name: str | None, works: bool, said: str, as_json: bool) -> None:
    """Say what came of it. Leaves with a failure when it does not work."""
    if as_json:
        print_json({"connector": connector_id, "account": name, "works": works, "said": said})
    else:
        (out if works else err).print(said, markup=False)
    if not works:
        raise typer.Exit(FAILED)


def _given(connector: Connector, fields: list[str] | None) -> dict[str, Any]:
    """The fields of the command. Raises `InvalidInput` for a secret among them."""
    values: dict[str, Any] = dict(name_value(pair, "--field") for pair in fields or [])
    for field in secret_fields(connector):
        if field in values:
            raise InvalidInput(
                f"'{field}' is a secret, and what is written in a command can be seen by others.",
                remedy="Leave it out: it is asked for, or read from standard input. Make a new one at the service.",
            )
    return values


def _unknown_client(connector: Connector, values: Mapping[str, Any]) -> list[str]:
    """The secrets of the client that asks for consent, which neither the command nor the environment says."""
    consent = connector.consent
    if consent is None:
        return []
    known = account_values(consent.id, list(consent.client))
    return [field for field in consent.client if field in secret_fields(connector) and field not in {**known, **values}]


def _asked(connector: Connector, secrets: Iterable[str], *, may_stay: bool = False) -> dict[str, Any]:
    """Secrets of an account, as they were typed in or came on standard input. What is left empty is left out."""
    fields = {name: connector.account.model_fields[name] for name in secrets}
    if sys.stdin.isatty():
        found: dict[str, str] = {}
        for name, info in fields.items():
            needed = info.default is PydanticUndefined and not may_stay
            hint = "" if needed else " (empty: as it was)" if may_stay else " (empty: none)"
            found[name] = typer.prompt(
                (info.title or name) + hint,
                hide_input=True,
                default=None if needed else "",
                show_default=False,
                err=True,
            )
    elif len(fields) == 1:
        found = {name: sys.stdin.read() for name in fields}
    else:
        found = {name: sys.stdin.readline() for name in fields}
    return {name: text.strip() for name, text in found.items() if text.strip()}


def _end_of(day: date | None) -> float | None:
    return None if day is None else datetime(day.year, day.month, day.day, 23, 59, 59).astimezone().timestamp()


def _state(entry: AccountEntry, now: float) -> str:
    ends = "" if entry.expires_at is None else f", ends {moment(entry.expires_at)}"
    tested = "" if entry.tested_at is None else f" ({moment(entry.tested_at)})"
    match entry.state(now):
        case "locked":
            return f"[red]{escape(entry.problem)}[/]"
        case "ended":
            return f"[red]its key has ended: reconnect it[/] ({moment(entry.expires_at or now)})"
        case "failed":
            return f"[red]does not work: {escape(entry.said)}[/]{tested}"
        case "ends_soon":
            return f"[yellow]its key ends soon: reconnect it[/]{ends}"
        case "works":
            return f"works: {escape(entry.said)}{tested}{ends}"
        case "untested":
            return {"practice": "practice"}.get(entry.source, "not tested") + ends
