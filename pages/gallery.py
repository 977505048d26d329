"""Gallery: workflows to start from, by purpose; or one of them (`?id=…`), looked at before it is used; or those of a
repository (`?repository=owner/name`)."""

from __future__ import annotations

import streamlit as st

from orchestrator.workflow_engine import WorkflowEngine, current
from studio.bundle_panels import import_popover
from studio.gallery.panels import cards, exhibit_page, legend
from studio.gallery.shelf import exhibit, exhibits, matching, purposes
from studio.repository_panels import repository_page
from studio.routes import asked, link
from studio.search import search


def list_page(engine: WorkflowEngine) -> None:
    st.title("Gallery", anchor=False)
    st.markdown(
        "Workflows to start from. **Use this** makes a copy that is yours. All of them run on practice accounts and "
        "the practice model, so you can try them before you connect anything."
    )
    found = exhibits(engine)
    with st.container(horizontal=True, vertical_alignment="center"):
        wanted = search("Search by name, service or what it does")
        import_popover(engine)
    purpose = st.pills("Purpose", purposes(found), label_visibility="collapsed", key="purpose", bind="query-params")
    legend()
    fitting = matching(found, wanted, purpose)
    if not fitting:
        st.caption("Nothing in the gallery fits this search.")
    cards(fitting, engine)


engine = current()
wanted = asked("id", "repository")
chosen, repository = wanted.get("id"), wanted.get("repository")
if chosen or repository:
    link("The whole gallery", "gallery", ":material/arrow_back:")
if repository:
    repository_page(repository, engine)
elif chosen:
    exhibit_page(exhibit(chosen, engine), engine)
else:
    list_page(engine)
