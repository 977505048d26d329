"""Cards of workflows, with one click to run."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from orchestrator.workflow_engine import WorkflowEngine
from studio.failures import guarded
from studio.markup import cell, plain
from studio.pinning import pin_button
from studio.routes import go, link
from studio.workflow_view import Card

PREVIEW_HELP = "See what it will do. Nothing is sent."


def workflow_cards(cards: Sequence[Card], engine: WorkflowEngine, *, width: int = 290) -> None:
    """`width` is what a card needs, in pixels: as many as fit stand side by side."""
    with st.grid("auto", min_column_width=width):
        for card in cards:
            _card(card, engine)


def _card(card: Card, engine: WorkflowEngine) -> None:
    with st.container(border=True, height="stretch", gap="small", key=f"card-{card.id}"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.markdown(f"**{plain(card.name)}**" + ("  :gray-badge[Yours]" if card.own else ""), width="content")
            pin_button(card.id, engine)
        if card.error:
            st.markdown(f":small[:red[It cannot run yet:] {plain(cell(card.error, 200))}]")
        else:
            st.markdown(plain(card.description) or ":gray[No description yet.]")
            st.caption(" · ".join(plain(service) for service in card.services))
        st.space("stretch")
        with st.container(horizontal=True, vertical_alignment="center"):
            if card.error:
                link("Open and correct", "builder", ":material/build:", id=card.id)
                return
            if card.one_click:
                pressed = st.button("Run", key=f"run-{card.id}", type="primary", icon=":material/play_arrow:")
                if pressed:
                    _run(card.id, engine)
                looked = st.button(
                    "Preview",
                    key=f"preview-{card.id}",
                    type="tertiary",
                    icon=":material/visibility:",
                    help=PREVIEW_HELP,
                )
                if looked:
                    _run(card.id, engine, preview=True)
            else:
                link(f"Fill in and run ({', '.join(card.asks)})", "workflows", ":material/edit:", id=card.id)
            if card.one_click:
                link("Open", "workflows", id=card.id)


@guarded()
def _run(id: str, engine: WorkflowEngine, *, preview: bool = False) -> None:
    go("runs", id=engine.start_workflow(id, preview=preview or None))
