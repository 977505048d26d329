"""Accounts: who workflows act as. All of them, and what came of a consent (`?consent=…`); the form of a new one
(`?add=…`); that of one that is there."""

from __future__ import annotations

import time

import streamlit as st

from orchestrator.workflow_engine import WorkflowEngine, current
from studio.account_consent import go_on_when_ended, show_ended
from studio.account_panels import account_form, service_panel
from studio.account_view import service_cards
from studio.markup import plain
from studio.routes import asked, link


def list_page(engine: WorkflowEngine, consent: str | None) -> None:
    st.title("Accounts", anchor=False)
    if consent is not None:
        show_ended(consent, engine)
    st.markdown(
        "Who your workflows act as. A service without an account of yours works on its practice account. "
        "A step can name an account; one that names none takes the one in use."
    )
    cards = service_cards(engine, time.time())
    locked = [line for card in cards for line in card.lines if line.entry.source == "saved" and line.entry.problem]
    if locked:
        st.warning(
            "Some accounts are locked: the key that they were saved with is not there. Bring it back, or connect them "
            "again. Your workflows and runs are all there.",
            icon=":material/lock:",
        )
    for card in cards:
        service_panel(card, engine)


def form_page(engine: WorkflowEngine, connector_id: str, name: str | None) -> None:
    connector = engine.registry.connector(connector_id)
    link("All accounts", "accounts", ":material/arrow_back:")
    st.title(plain(f"{connector.title}: {name}" if name else f"Connect {connector.title}"), anchor=False)
    if connector.description:
        st.caption(plain(connector.description))
    account_form(connector, engine, name)


engine = current()
go_on_when_ended()
wanted = asked("add", "change", "name", "consent")
if "add" in wanted:
    form_page(engine, wanted["add"], None)
elif "change" in wanted:
    form_page(engine, wanted["change"], wanted.get("name", ""))
else:
    list_page(engine, wanted.get("consent"))
