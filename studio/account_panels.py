"""The parts of the page *Accounts*: a card a service, the form of an account, and what is asked before it is done."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import streamlit as st

from orchestrator.actions import Connector
from orchestrator.errors import PatchbayError
from orchestrator.workflow_engine import WorkflowEngine
from studio.account_consent import consent_form
from studio.account_view import (
    AccountLine,
    ServiceCard,
    account_fields,
    accounts_that_need_care,
    end_of,
    without_defaults,
)
from studio.failures import guarded, show_problems
from studio.forms import collect
from studio.markup import plain
from studio.notices import notice
from studio.routes import go, link
from studio.widgets import ask


def service_panel(card: ServiceCard, engine: WorkflowEngine) -> None:
    with st.container(border=True, gap="small"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.markdown(f"{card.icon} **{plain(card.title)}**", width="content")
            link("Connect another" if card.is_connected else "Connect", "accounts", ":material/add:", add=card.id)
        for line in card.lines:
            _account(line, card, engine)
        if not card.lines:
            st.caption("No account is connected.")


def account_form(connector: Connector, engine: WorkflowEngine, name: str | None = None) -> None:
    """The way to connect a new account, or the one of that name again."""
    saved = [one for one in engine.accounts.list() if (one.connector, one.source) == (connector.id, "saved")]
    others, end = bool(saved), next((one.expires_at for one in saved if one.name == name), None)
    if connector.consent is None:
        _typed_form(connector, engine, name, others=others, end=end)
        return
    browser, other = st.tabs([f"Sign in to {plain(connector.consent.title)}", "Another way"])
    with browser:
        consent_form(connector, engine, name, others=others)
    with other:
        _typed_form(connector, engine, name, others=others, end=end)


def _typed_form(
    connector: Connector, engine: WorkflowEngine, name: str | None, *, others: bool, end: float | None
) -> None:
    """The form of a new account, or of the one of that name, whose key ends then. What is typed as a secret is never
    shown again."""
    filled = None if name is None else engine.accounts.shown(connector.id, name)
    simple, expert = account_fields(connector, filled)
    prefix = f"account:{connector.id}:{name or ''}"
    with st.form(prefix):
        typed = "" if name else st.text_input("Name", value="work", help="What you call it.", key=f"{prefix}-name")
        answers = ask(simple, prefix)
        if expert:
            with st.expander("For experts"):
                answers |= ask(expert, prefix)
        ends = st.date_input(
            "Its key ends on",
            value=None if end is None else datetime.fromtimestamp(end).astimezone().date(),
            format="YYYY-MM-DD",
            help="If the service told you a last day: you are warned before it.",
            key=f"{prefix}-ends",
        )
        default = (
            st.toggle("Use it where a step names no account", key=f"{prefix}-default") if others and not name else 0
        )
        pressed = st.form_submit_button(
            "Save" if name else "Connect", type="primary", icon=":material/link:", key="connect"
        )
    st.caption("Secrets are kept encrypted and never shown again.")
    if pressed:
        values, problems = collect([*simple, *expert], answers)
        show_problems(problems)
        if not problems:
            with guarded():
                said = without_defaults(connector, values)
                until = end_of(ends) if isinstance(ends, date) else None
                if name:
                    engine.accounts.change(connector.id, name, said, expires_at=until)
                else:
                    engine.accounts.add(connector.id, typed.strip(), said, default=bool(default), expires_at=until)
                _done(connector, name or typed.strip(), engine)


def care(engine: WorkflowEngine) -> None:
    """The accounts that do not work, or soon will not. Nothing when all are well."""
    found = accounts_that_need_care(engine, time.time())
    if found:
        st.subheader("Accounts that need care", anchor=False)
    for title, line in found:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            shown = f":{line.look.color}-badge[{line.look.icon} {line.look.word}]"
            st.markdown(f"{shown} **{plain(title)}**, account '{plain(line.entry.name)}'", width="content")
            st.caption(plain(line.state), width="content")
            if line.remedy:
                link("Reconnect", "accounts", ":material/login:", change=line.entry.connector, name=line.entry.name)


def _account(line: AccountLine, card: ServiceCard, engine: WorkflowEngine) -> None:
    entry = line.entry
    key = f"{card.id}:{entry.name}"
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"account-{key}"):
        shown = f":{line.look.color}-badge[{line.look.icon} {line.look.word}]"
        in_use = "  :blue-badge[:material/star: In use]" if entry.in_use else ""
        st.markdown(f"**{plain(entry.name)}**  {shown}{in_use}", width="content")
        st.space("stretch")
        with st.container(horizontal=True, vertical_alignment="center", gap="small", width="content"):
            if line.remedy:
                link("Reconnect", "accounts", ":material/login:", change=card.id, name=entry.name)
            if card.can_test and st.button("Test", key=f"test:{key}", icon=":material/bolt:"):
                _test(card, entry.name, engine)
            if entry.source == "saved":
                _more(line, card, engine)
    if line.needs_care:
        st.markdown(f":small[:{line.look.color}[{plain(line.state)}]]")
    else:
        st.caption(plain(line.state))
    if line.used_by:
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            st.caption("Used by", width="content")
            for id, title in line.used_by:
                link(title, "workflows", id=id)


def _more(line: AccountLine, card: ServiceCard, engine: WorkflowEngine) -> None:
    name, key = line.entry.name, f"{card.id}:{line.entry.name}"
    with st.popover("More", icon=":material/more_horiz:", key=f"more:{key}"):
        if not line.entry.in_use and st.button("Use where a step names none", key=f"default:{key}"):
            _do(lambda: engine.accounts.make_default(card.id, name), f"'{name}' is in use now.")
        link("Change or reconnect", "accounts", ":material/edit:", change=card.id, name=name)
        to = st.text_input("Another name", value=name, key=f"name:{key}")
        if st.button("Rename", key=f"rename:{key}", disabled=to.strip() == name):
            _do(lambda: engine.accounts.rename(card.id, name, to.strip()), f"It is called '{to.strip()}' now.")
        if st.button("Remove", key=f"remove:{key}", icon=":material/delete:"):
            _ask_to_remove(line, card, engine)


@st.dialog("Remove this account?", icon=":material/delete:")
def _ask_to_remove(line: AccountLine, card: ServiceCard, engine: WorkflowEngine) -> None:
    name = line.entry.name
    st.markdown(f"Patchbay forgets the {plain(card.title)} account **{plain(name)}**.")
    if line.used_by:
        titles = ", ".join(title for _, title in line.used_by)
        st.markdown(f"Workflows that act as it: {plain(titles)}.")
    consent = engine.registry.connector(card.id).consent
    if consent is not None and engine.consents.can_take_back(card.id, name):
        st.checkbox(
            f"Also take back what I allowed at {plain(consent.title)}",
            key="remove-take-back",
            help="It ends for every program that uses the same client id and you as its user.",
        )
    else:
        st.caption("Nothing changes at the service.")
    if st.button("Remove", type="primary", key="remove-really", on_click=_remove, args=(card.id, name, engine)):
        go("accounts")


@guarded()
def _remove(connector_id: str, name: str, engine: WorkflowEngine) -> None:
    st.cache_data.clear()
    (engine.consents if st.session_state.get("remove-take-back") else engine.accounts).remove(connector_id, name)
    notice(f"'{name}' was removed.")


@guarded()
def _test(card: ServiceCard, name: str, engine: WorkflowEngine) -> None:
    with st.spinner("Asking the service"):
        said = engine.accounts.test(card.id, name)
    notice(f"'{name}' works: {said}")
    go("accounts")


@guarded()
def _do(change: Callable[[], Any], done: str) -> None:
    change()
    st.cache_data.clear()  # lists that were fetched from the account before
    notice(done)
    go("accounts")


def _done(connector: Connector, name: str, engine: WorkflowEngine) -> None:
    """Say at once whether it works."""
    st.cache_data.clear()
    said = f"'{name}' is connected."
    if connector.check_function is not None:
        try:
            said = f"'{name}' works: {engine.accounts.test(connector.id, name)}"
        except PatchbayError:
            said = f"'{name}' is saved, but its test failed. The list says why."
    notice(said)
    go("accounts")
