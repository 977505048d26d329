"""What an empty studio leads a new person through: try, make it yours, look further."""

from __future__ import annotations

import streamlit as st

from orchestrator.workflow_engine import WorkflowEngine
from studio.editing import begin
from studio.failures import guarded
from studio.markup import plain
from studio.routes import go, link
from studio.workflow_list import workflow_cards
from studio.workflow_view import Card, card

TRIED = ("email_to_notion", "generate_sop_to_github", "simple_ai_completion")
"""What a new person tries: shipped, one click each, and nobody has to answer anything."""

THIRD = 250
"""Pixels that a card needs: the three stand side by side on a laptop."""


def is_new(engine: WorkflowEngine) -> bool:
    """Whether nothing has been done here yet: no run, no workflow of one's own, no draft."""
    return (
        not engine.runs(limit=1)
        and all(entry.shipped for entry in engine.library.workflows.list())
        and not engine.workflow_versions.drafts.ids()
    )


def first_steps(engine: WorkflowEngine) -> None:
    st.subheader("1. Try one", anchor=False)
    st.caption("Press Run and watch. It works with practice mail, pages and repositories: nothing reaches anybody.")
    shipped = {entry.id: entry for entry in engine.library.workflows.list()}
    cards = [card(shipped[id], engine) for id in TRIED if id in shipped]
    workflow_cards(cards, engine, width=THIRD)
    st.subheader("2. Make it yours", anchor=False)
    st.caption("Opens the Builder on a copy. Change what you like: nothing is used before you publish it.")
    with st.container(horizontal=True):
        for one in cards:
            if st.button(plain(one.name), key=f"mine-{one.id}", icon=":material/design_services:"):
                _make_mine(one, engine)
    st.subheader("3. Look further", anchor=False)
    with st.container(horizontal=True):
        link("The gallery: workflows by purpose", "gallery", ":material/storefront:")
        link("Connect your own accounts", "accounts", ":material/key:")


@guarded()
def _make_mine(one: Card, engine: WorkflowEngine) -> None:
    content = engine.load_workflow(one.id).dump()
    go("builder", id=begin({**content, "name": f"My {one.name}"}, engine.workflow_versions))
