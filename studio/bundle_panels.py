"""Bringing workflows in from outside, and handing them out: what a file holds is shown before any of it is taken."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import streamlit as st

from orchestrator.bundle_contents import changes_of, contents_of, needs_of
from orchestrator.bundle_import import Choice, Incoming, bring_in, look
from orchestrator.bundles import Bundle, Named, is_bundle, pack, read
from orchestrator.downloads import download
from orchestrator.errors import InvalidFile, PatchbayError
from orchestrator.library import parse_text
from orchestrator.repositories import repository_at
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine
from studio.failures import guarded, show_problems
from studio.files import incoming
from studio.library_actions import offer
from studio.markup import plain
from studio.moments import count
from studio.notices import notice
from studio.people import who
from studio.routes import go

WORDS: dict[Choice, str] = {"keep_both": "Keep both", "replace": "Replace the one that is there", "skip": "Skip it"}

WIDTH = 440
"""Pixels. What a file holds can be long, and what opens below a button must not leap as it comes."""


def import_popover(engine: WorkflowEngine) -> None:
    """Takes a file, or the address of one: a workflow, or a bundle. That of a repository leads to what is in it."""
    with st.popover("Import", icon=":material/upload:"), st.container(width=WIDTH):
        upload = st.file_uploader(
            "A workflow or a bundle, as JSON or YAML", type=["json", "yaml", "yml"], key="workflows-upload"
        )
        address = st.text_input(
            "Or the address of one, or of a repository on GitHub",
            placeholder="https://… or owner/name",
            key="import-address",
            help="A public address of the file. That of its page on GitHub will do, too; that of a repository, or of a "
            "folder in it, shows all workflows that are there.",
        )
        with guarded():
            if upload is not None:
                _offer(upload.getvalue(), upload.name, engine)
            elif address and (source := repository_at(address, engine)):
                if st.button(f"Look into {plain(source.repository.title)}", type="primary", key="look-into"):
                    go("gallery", repository=address.strip())
            elif address and address.strip():
                _offer(_fetched(address.strip()).encode(), _name(address), engine)


def export_button(
    workflow: Workflow, engine: WorkflowEngine, *, type: Literal["secondary", "tertiary"] = "tertiary"
) -> None:
    """The workflow with all that it uses, as one file. What keeps it from being one is told at the button."""
    try:
        text = pack(workflow, engine.library, engine.registry).to_json()
        why_not = None
    except PatchbayError as error:
        text, why_not = "", plain(str(error))
    st.download_button(
        "Export with templates",
        text,
        file_name=f"{workflow.id}.bundle.json",
        mime="application/json",
        icon=":material/inventory_2:",
        on_click="ignore",
        type=type,
        key="export-bundle",
        disabled=why_not is not None,
        help=why_not or "One file with all that it uses, for another studio. Account names and secrets stay here.",
    )


def _offer(data: bytes, name: str, engine: WorkflowEngine) -> None:
    try:
        text = data.decode("utf-8-sig")
        content = parse_text(text, file=name)
    except (UnicodeDecodeError, InvalidFile):
        text, content = "", {}  # what is wrong with it is said below
    if is_bundle(content):
        bundle = read(text, engine.library, file=name)
        offer_bundle(bundle, engine)
        st.caption(f":material/verified: Nothing was changed on its way: its checksum fits ({bundle.sha256[:8]}).")
    else:
        versions = engine.workflow_versions
        offer(incoming(data, versions.shelf, engine.check), versions, "workflows")


def offer_bundle(bundle: Bundle, engine: WorkflowEngine) -> None:
    """What it holds and needs, and what is to happen where an id is taken."""
    contents = contents_of(bundle, engine.library, engine.registry)
    st.markdown(f"**{plain(bundle.name)}**  \n{plain(bundle.story)}")
    st.markdown(f"**Needs**: {plain(needs_of(contents, engine.registry))}")
    named = [name for name in contents.models if name]
    if named:
        st.markdown(f"**Names the models**: {plain(', '.join(named))}")
    st.markdown(f"**Changes**: {plain(changes_of(contents, engine.registry))}")
    if contents.problems:
        st.markdown("**It cannot be imported here.**")
        show_problems(contents.problems)
    elif (choices := ask_to_import(bundle, engine)) is not None:
        _import(bundle, choices, engine)


def ask_to_import(bundle: Bundle, engine: WorkflowEngine) -> dict[Named, Choice] | None:
    """What will be written. Gives what is to happen where an id is taken, once a person has said so and pressed."""
    found = look(bundle, engine.library)
    st.markdown("\n".join(f"- {_line(one)}" for one in found))
    taken = [one for one in found if one.standing == "taken"]
    choices = {one.item.named: choice for one in taken if (choice := _choice(one))}
    if all(one.standing == "same" for one in found):
        st.caption("All of it is there already, just so.")
        return None
    undecided = len(taken) - len(choices)
    if undecided:
        st.caption(f"Choose for {count(undecided, 'item')} above.")
    pressed = st.button("Import", type="primary", key="import-bundle", disabled=bool(undecided))
    return choices if pressed else None


def _line(one: Incoming) -> str:
    standing = {"new": "", "same": " :gray[(there already, just so)]", "taken": " :orange[(the id is taken)]"}
    return f"{one.item.kind.capitalize()} **{plain(one.title)}** `{one.item.id}`{standing[one.standing]}"


def _choice(one: Incoming) -> Choice | None:
    kind, id = one.item.named
    return st.radio(
        f"There is already another {kind} `{id}`",
        list(WORDS),
        index=None,
        format_func=WORDS.__getitem__,
        key=f"choice-{kind}-{id}",
    )


@guarded()
def _import(bundle: Bundle, choices: dict[Named, Choice], engine: WorkflowEngine) -> None:
    made = bring_in(bundle, choices, engine, by=who())
    notice(f"'{bundle.name}' was imported." if made.saved else "Nothing was imported.")
    go("workflows", id=made.workflow)


@st.cache_data(ttl=60, max_entries=20, show_spinner="Fetching it…")
def _fetched(address: str) -> str:
    """Kept for a minute: each click in the popover runs the page again."""
    return download(address)


def _name(address: str) -> str:
    return Path(address.split("?")[0]).name[:80] or "The file"
