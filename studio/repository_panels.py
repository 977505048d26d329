"""What there is to import in a repository: what each file needs and changes, what is chosen, what will be written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from orchestrator.account_entries import NONE, PRACTICE
from orchestrator.bundle_contents import changes_of, contents_of, needs_of
from orchestrator.bundle_import import Choice, bring_in
from orchestrator.bundles import Bundle, Named
from orchestrator.errors import NotFound
from orchestrator.repositories import Findings, Found, Source, look_into, readers, repository_at, together
from orchestrator.workflow_engine import WorkflowEngine
from studio.bundle_panels import ask_to_import
from studio.failures import guarded, show_problems
from studio.markup import plain
from studio.moments import count
from studio.notices import notice
from studio.people import who
from studio.routes import go, link_out

WORDS = {NONE: "Nobody: what is public", PRACTICE: "The practice account"}

KINDS = {"workflow": "Workflow", "bundle": "Bundle", "template": "Template"}


def repository_page(address: str, engine: WorkflowEngine) -> None:
    """What is in the repository at an address, to choose from."""
    source = repository_at(address, engine)
    if source is None:
        raise NotFound(f"'{address[:200]}' is no repository.", remedy="Write it as owner/name, or paste its address.")
    st.title(f"Import from {plain(source.repository.title)}", anchor=False)
    with guarded():
        source = _as_whom(address, source, engine)
        found = _findings(address, source.account, engine)
        _shown(source, found, engine)


def _as_whom(address: str, source: Source, engine: WorkflowEngine) -> Source:
    """As the account that a person chooses, of those that there are."""
    names = readers(source.connector, engine)
    chosen = st.selectbox(
        f"Read {plain(source.connector.title)} as",
        names,
        index=names.index(source.account),
        format_func=lambda name: WORDS.get(name, name),
        key="repository-account",
        width=420,
        help="A private repository needs an account that may see it.",
    )
    as_chosen = repository_at(address, engine, chosen)
    if as_chosen is None:
        raise NotFound(f"The account '{chosen}' is of another service.", remedy="Choose another account.")
    return as_chosen


def _shown(source: Source, findings: Findings, engine: WorkflowEngine) -> None:
    link_out(f"See it at {source.connector.title}", findings.url, engine.settings.studio_url)
    good = [one for one in findings.found if not one.problems]
    if not findings.found:
        st.info("There are no workflows and no templates in it.", icon=":material/search:")
    else:
        st.markdown(
            f"{count(len(findings.found), 'file')} can be looked at here. "
            "Choose what you want: it becomes yours, to look through and change. Nothing of it runs by itself."
        )
    for sentence in findings.left_out:
        st.caption(plain(sentence))
    if findings.others:
        others = "1 other file is no workflow" if findings.others == 1 else f"{findings.others} other files are none"
        st.caption(f"{others}, and not shown.")
    if len(good) > 1:
        st.checkbox("All that can be imported", key="choose-all", on_change=_choose_all, args=(good,))
    chosen = [one for one in findings.found if _entry(one, engine)]
    if chosen:
        _import_panel(chosen, source, engine)


def _choose_all(good: Sequence[Found]) -> None:
    for one in good:
        st.session_state[_key(one)] = st.session_state["choose-all"]


def _key(one: Found) -> str:
    return f"choose-{one.path}"


def _entry(one: Found, engine: WorkflowEngine) -> bool:
    """One file of the repository; gives whether it is chosen."""
    with st.container(border=True, gap="small"):
        chosen = st.checkbox(f"**{plain(one.title)}**", key=_key(one), disabled=bool(one.problems))
        if one.story:
            st.markdown(plain(one.story))
        if one.bundle and one.kind != "template" and not one.problems:
            contents = contents_of(one.bundle, engine.library, engine.registry)
            st.markdown(
                f"**Needs**: {plain(needs_of(contents, engine.registry))}  \n"
                f"**Changes**: {plain(changes_of(contents, engine.registry))}"
            )
        others = ", ".join(f"{item.kind} {item.id}" for item in one.bundle.items[1:]) if one.bundle else ""
        comes_with = f" · comes with {plain(others)}" if others else ""
        st.caption(f"{KINDS[one.kind]} · {plain(one.path)}{comes_with}")
        if one.problems:
            with st.expander(f"It cannot be imported: {count(len(one.problems), 'problem')}", icon=":material/build:"):
                show_problems(one.problems)
    return chosen and not one.problems


def _import_panel(chosen: Sequence[Found], source: Source, engine: WorkflowEngine) -> None:
    st.subheader("What will be written", anchor=False)
    bundle = together(chosen, source.repository.title)
    if (choices := ask_to_import(bundle, engine)) is not None:
        _import(bundle, choices, engine)


@guarded()
def _import(bundle: Bundle, choices: Mapping[Named, Choice], engine: WorkflowEngine) -> None:
    made = bring_in(bundle, choices, engine, by=who())
    _findings.clear()  # what was missing may be there now
    workflows = [id for kind, id in made.saved if kind == "workflow"]
    notice(f"{count(len(made.saved), 'file')} imported." if made.saved else "Nothing was imported.")
    if len(workflows) == 1:
        go("workflows", id=workflows[0])
    go("workflows" if workflows else "templates")


@st.cache_data(ttl=120, max_entries=10, show_spinner="Looking into the repository…")
def _findings(address: str, account: str, _engine: WorkflowEngine) -> Findings:
    """Kept for two minutes: each click on the page runs it again."""
    source = repository_at(address, _engine, account)
    assert source is not None
    return look_into(source, _engine)
