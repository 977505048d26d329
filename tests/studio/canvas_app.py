"""A page with the canvas alone, for its tests and measurements: `python -m tests.studio.canvas_app PORT FILE`.

FILE is read at each script run,
`{"kept", "draft", "status", "problems", "read_only", "compare", "selected", "slow": SECONDS}`, and what the page knows
is written to the file that "kept" named when the page was opened, so that a test sees what Python got.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import streamlit as st
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from orchestrator.errors import Problem, Where
from orchestrator.registry import Registry
from studio.canvas import canvas, catalog_of, hear
from studio.scripts import ASSETS

FILE = "PATCHBAY_CANVAS_TEST"


@st.cache_resource
def catalog() -> list:
    """A few, so that a new connector changes no test."""
    return [group for group in catalog_of(Registry.discover()) if group["id"] in ("flow", "gmail")]


def page() -> None:
    """Keeps the draft as a page of the studio does, and changes it by buttons as its forms do."""
    st.set_page_config(layout="wide")
    file = Path(os.environ[FILE])
    given = json.loads(file.read_text("utf-8"))
    state = st.session_state
    state.setdefault("draft", given.get("draft", {"format": 1, "id": "test", "steps": []}))
    state.setdefault("selected", given.get("selected"))
    state.setdefault("runs", 0)
    state.setdefault("kept", given["kept"])
    time.sleep(given.get("slow", 0))
    problems = [Problem("p", "It is wrong.", Where(step=step), "Mend it.") for step in given.get("problems", ())]
    event = hear(state.draft, key="canvas", selected=state.selected)
    if event and event.draft is not None:
        state.draft = event.draft
    if event:
        state.selected = event.selected
    canvas(
        state.draft,
        catalog(),
        key="canvas",
        status=given.get("status"),
        selected=state.selected,
        problems=problems,
        read_only=given.get("read_only", False),
        compare=given.get("compare"),
        height=given.get("height", 640),
    )
    state.runs += 1
    st.button("Name the first step", on_click=_name_first)
    st.button("Choose the last step", on_click=_choose_last)
    kept = {
        "draft": state.draft,
        "selected": state.selected,
        "opened": bool(event and event.opened),
        "runs": state.runs,
    }
    swap = Path(state.kept).with_suffix(".swap")
    swap.write_text(json.dumps(kept), "utf-8")
    swap.rename(state.kept)


def _name_first() -> None:
    first, *others = st.session_state.draft["steps"]
    st.session_state.draft = {**st.session_state.draft, "steps": [{**first, "name": "Named by the page"}, *others]}


def _choose_last() -> None:
    st.session_state.selected = st.session_state.draft["steps"][-1]["id"]


def serve(port: int, file: str) -> None:
    import uvicorn

    os.environ[FILE] = file
    app = st.App(Path(__file__), routes=[Mount("/assets", StaticFiles(directory=ASSETS))])
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", access_log=False, ws="websockets-sansio")


if __name__ == "__main__" and FILE not in os.environ:
    serve(int(sys.argv[1]), sys.argv[2])
elif FILE in os.environ:
    page()
