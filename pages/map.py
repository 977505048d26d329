"""Map: which workflow uses which template and which service."""

from __future__ import annotations

import json

import streamlit as st
from streamlit_agraph import Config, _agraph

from orchestrator.errors import PatchbayError
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine, current
from studio.markup import plain
from studio.routes import link
from studio.usage_map import COLORS, INK, ROW, MapNode, UsageMap, agraph_data, usage_map


def readable_workflows(engine: WorkflowEngine) -> list[Workflow]:
    """Those whose files are right; a broken one has nothing to draw."""
    found = []
    for entry in engine.library.workflows.list():
        try:
            found.append(engine.load_workflow(entry.id))
        except PatchbayError:
            continue
    return found


def draw(usage: UsageMap) -> MapNode | None:
    """Draw the map; returns the node that was clicked."""
    st.markdown(":green-badge[Templates] → :blue-badge[Workflows] → :violet-badge[Services]")
    config = Config(
        height=max(usage.rows * ROW + 60, 260),
        width="100%",
        directed=True,
        physics=False,
        groups={},
        interaction={"dragNodes": False, "zoomView": False, "hover": False},
    )
    clicked = _agraph(
        data=json.dumps(agraph_data(usage, COLORS, INK)), config=json.dumps(vars(config)), key="usage-map"
    )
    return next((node for node in usage.nodes if node.id == clicked), None)


def show_clicked(node: MapNode, usage: UsageMap) -> None:
    id = node.id.partition(":")[2]
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{plain(node.label)}**", width="content")
        if node.kind == "workflow":
            link("Open the workflow", "workflows", ":material/arrow_forward:", id=id)
        elif node.kind == "template":
            link("Open the template", "templates", ":material/arrow_forward:", id=id)
        else:
            st.caption("Used by " + ", ".join(map(plain, usage.neighbours(node))), width="content")


def show_list(usage: UsageMap) -> None:
    """The same in words: for phones, and for who cannot see the drawing."""
    st.subheader("In words", anchor=False)
    with st.container(gap="small"):
        for node in usage.nodes:
            if node.kind == "workflow":
                with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
                    link(node.label, "workflows", id=node.id.partition(":")[2])
                    st.caption("uses " + ", ".join(map(plain, usage.neighbours(node))), width="content")


engine = current()
st.title("Map", anchor=False)
templates = {entry.id: entry.name for entry in engine.library.templates.list()}
usage = usage_map(readable_workflows(engine), templates, engine.registry)
if not usage.nodes:
    st.caption("There is nothing to draw yet.")
else:
    with st.container(key="drawing"):
        node = draw(usage)
        if node is not None:
            show_clicked(node, usage)
    show_list(usage)
