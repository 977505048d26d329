"""Connecting an account in the browser: the form, the way to the service, and what came of it."""

from __future__ import annotations

import streamlit as st

from orchestrator.actions import Connector
from orchestrator.consents import CALLBACK, Begun
from orchestrator.workflow_engine import WorkflowEngine
from studio.account_view import client_fields
from studio.failures import guarded, show_problems
from studio.forms import collect
from studio.markup import plain
from studio.routes import go, link
from studio.widgets import ask

LOOK = 1.5
"""Seconds between two looks whether the person has come back."""


def consent_form(connector: Connector, engine: WorkflowEngine, name: str | None, *, others: bool) -> None:
    """Ask for what must be known before, and send the person to the service. `name` is that of an account that is
    connected again; `others`: there are accounts of the service already."""
    assert connector.consent is not None
    title = connector.consent.title
    key = f"consent:{connector.id}:{name or ''}"
    begun: Begun | None = st.session_state.get(key)
    if begun is not None:
        _on_the_way(begun, title, key, engine)
        return
    filled = None if name is None else engine.accounts.shown(connector.id, name)
    fields = client_fields(connector, filled)
    redirect = engine.settings.studio_url + CALLBACK
    if fields and not filled:
        st.markdown(plain(connector.consent.help))
        st.code(redirect, language=None)
    with st.form(f"form-{key}"):
        typed = "" if name else st.text_input("Name", value="work", help="What you call it.", key=f"{key}-name")
        answers = ask(fields, key)
        default = st.toggle("Use it where a step names no account", key=f"{key}-default") if others and not name else 0
        pressed = st.form_submit_button(
            f"Continue with {title}", type="primary", icon=":material/login:", key="continue"
        )
    st.caption(f"You sign in at {plain(title)}: Patchbay never sees your password. Secrets are kept encrypted.")
    if pressed:
        values, problems = collect(fields, answers)
        show_problems(problems)
        if not problems:
            with guarded():
                begun = engine.consents.begin(
                    connector.id, name or typed.strip(), values, redirect, is_new=name is None, default=bool(default)
                )
                st.session_state[key] = begun
                st.rerun()


def _on_the_way(begun: Begun, title: str, key: str, engine: WorkflowEngine) -> None:
    st.markdown(f"Open {plain(title)}, choose your account there and allow what it lists. It brings you back here.")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.link_button(f"Open {plain(title)}", begun.link, type="primary", icon=":material/open_in_new:")
        if st.button("Begin again", key="begin-again"):
            del st.session_state[key]
            st.rerun()

    @st.fragment(run_every=LOOK)
    @guarded()
    def look() -> None:
        if engine.consents.ended(begun.state) is None:
            st.caption("Waiting for your answer there.")
        else:
            st.session_state.pop(key, None)
            st.session_state["consent-ended"] = begun.state
            st.rerun()

    look()


def go_on_when_ended() -> None:
    """Show the list, once a consent that was begun on this page has ended."""
    state = st.session_state.pop("consent-ended", None)
    if state is not None:
        go("accounts", consent=state)


def show_ended(state: str, engine: WorkflowEngine) -> None:
    """What came of a consent, at the top of the list."""
    ended = engine.consents.ended(state)
    if ended is None:
        st.warning("This sign-in is over, or was not begun here. Begin again.", icon=":material/link_off:")
    elif ended.works:
        st.success(plain(ended.said), icon=":material/check_circle:")
    else:
        st.error(plain(ended.said), icon=":material/error:")
        entries = engine.accounts.list()
        if any((one.connector, one.name) == (ended.connector, ended.name) for one in entries):
            link("Reconnect", "accounts", ":material/login:", change=ended.connector, name=ended.name)
        else:
            link("Begin again", "accounts", ":material/login:", add=ended.connector)
