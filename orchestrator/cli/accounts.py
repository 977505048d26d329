"""`accounts`: who the connectors act as. A secret is asked for or read from standard input, never taken from the
command, which others on the machine can see."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any

import typer
from pydantic_core import PydanticUndefined
from rich.table import Table

from orchestrator.accounts import AccountEntry, secret_fields
from orchestrator.actions import Connector
from orchestrator.cli.shared import FAILED, NOT_STARTED, Json, name_value, open_engine
from orchestrator.console import err, moment, out, print_json
from orchestrator.errors import InvalidInput, PatchbayError

app = typer.Typer(help="Connect, test and remove accounts.", no_args_is_help=True)

ConnectorId = Annotated[str, typer.Argument(metavar="CONNECTOR", help="The service: github, notion, gmail, openai...")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The name of the account.")]


@app.command("list")
def list_accounts(as_json: Json = False) -> None:
    """List the accounts and how they are."""
    with open_engine() as engine:
        entries = engine.accounts.list()
        if as_json:
            print_json([asdict(entry) for entry in entries])
            return
        table = Table("service", "account", "in use", "state", box=None)
        for entry in entries:
            table.add_row(entry.connector, entry.name, "yes" if entry.in_use else "", _state(entry))
        out.print(table)


@app.command()
def add(
    connector_id: ConnectorId,
    name: Annotated[str, typer.Option(help="What you call it.")] = "work",
    fields: Annotated[
        list[str] | None, typer.Option("--field", metavar="NAME=VALUE", help="A field that is no secret.")
    ] = None,
    default: Annotated[bool, typer.Option(help="Take it where a step names no account.")] = False,
) -> None:
    """Connect an account. Its secrets are asked for; from a program they are read from standard input, one a line."""
    with open_engine() as engine:
        connector = engine.registry.connector(connector_id)
        values = dict(name_value(pair, "--field") for pair in fields or [])
        _refuse_secrets(connector, values)
        engine.accounts.add(connector_id, name, values | _asked(connector), default=default)
        out.print(f"{connector.title} account '{name}' is connected.", markup=False)
        if connector.check_function is not None:
            out.print(f"Test it: python -m orchestrator accounts test {connector_id} '{name}'", markup=False)


@app.command("test")
def try_out(
    connector_id: ConnectorId, name: Annotated[str | None, typer.Argument(help="The one in use when not given.")] = None
) -> None:
    """Make one cheap call and say who you are there."""
    with open_engine() as engine:
        try:
            out.print(f"It works: {engine.accounts.test(connector_id, name)}", markup=False)
        except PatchbayError as error:
            err.print(str(error), markup=False)
            raise typer.Exit(FAILED) from None


@app.command()
def remove(
    connector_id: ConnectorId,
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Forget an account, for good."""
    with open_engine() as engine:
        if not yes and not typer.confirm(f"Remove the {connector_id} account '{name}'?"):
            raise typer.Exit(NOT_STARTED)
        engine.accounts.remove(connector_id, name)
        out.print(f"'{name}' is removed.", markup=False)


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


def _refuse_secrets(connector: Connector, values: Mapping[str, str]) -> None:
    for field in secret_fields(connector):
        if field in values:
            raise InvalidInput(
                f"'{field}' is a secret, and what is written in a command can be seen by others.",
                remedy="Leave it out: it is asked for, or read from standard input. Make a new one at the service.",
            )


def _asked(connector: Connector) -> dict[str, Any]:
    """The secrets of an account, as they were typed in or came on standard input. What is left empty is left out."""
    fields = {name: connector.account.model_fields[name] for name in secret_fields(connector)}
    if sys.stdin.isatty():
        found = {
            name: typer.prompt(
                (info.title or name) + ("" if info.default is PydanticUndefined else " (empty: none)"),
                hide_input=True,
                default=None if info.default is PydanticUndefined else "",
                show_default=False,
            )
            for name, info in fields.items()
        }
    elif len(fields) == 1:
        found = {name: sys.stdin.read() for name in fields}
    else:
        found = {name: sys.stdin.readline() for name in fields}
    return {name: text.strip() for name, text in found.items() if text.strip()}


def _state(entry: AccountEntry) -> str:
    if entry.problem:
        return f"[red]{entry.problem}[/]"
    if entry.tested_at is None:
        return {"saved": "not tested", "environment": "from environment variables"}.get(entry.source, "practice")
    when = moment(entry.tested_at)
    return f"works: {entry.said} ({when})" if entry.works else f"[red]does not work: {entry.said}[/] ({when})"
