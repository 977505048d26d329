"""Map: which workflow uses which template and which service."""

from __future__ import annotations

import json
from collections.abc import Sequence

import streamlit as st
from streamlit_agraph import Config, _agraph

from orchestrator.errors import PatchbayError
from orchestrator.template_usage import templates_of
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine, current
from studio.markup import plain
from studio.routes import link
from studio.search import search
from studio.sheets import PER_SHEET, in_sheets
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


def show_map(workflows: Sequence[Workflow], templates: dict[str, str], engine: WorkflowEngine) -> None:
    usage = usage_map(workflows, templates, engine.registry)
    if not usage.nodes:
        st.caption("There is nothing to draw yet.")
        return
    with st.container(key="drawing"):
        node = draw(usage)
        if node is not None:
            show_clicked(node, usage)
    show_list(usage)


def list_page(engine: WorkflowEngine) -> None:
    """All of it while it can be taken in at once; else those that are searched for, one sheet at a time."""
    workflows = readable_workflows(engine)
    templates = {entry.id: entry.name for entry in engine.library.templates.list()}
    if len(workflows) <= PER_SHEET:
        show_map(workflows, templates, engine)
        return
    wanted = search("Search workflows by name")
    words = wanted.casefold().split()
    found = [one for one in workflows if all(word in one.title.casefold() for word in words)]
    if not found:
        st.caption("No workflow fits this search.")

    def show_sheet(shown: Sequence[Workflow]) -> None:
        used = {id for workflow in shown for id in templates_of(workflow, engine.registry)}
        if shown:
            show_map(shown, {id: name for id, name in templates.items() if id in used}, engine)

    in_sheets(found, show_sheet, key=f"map:{wanted}")


st.title("Map", anchor=False)
list_page(current())
