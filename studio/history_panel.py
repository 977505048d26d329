"""The versions of a workflow or template: who published what when, what differs, and the way back."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from orchestrator.errors import PatchbayError
from orchestrator.library import parse_text
from orchestrator.version_diff import Change, changes
from orchestrator.versions import Version, Versions
from orchestrator.workflow_engine import current
from studio.builder.edit import find_step
from studio.canvas import Comparison, canvas, catalog_of, hear
from studio.editing import Editing, forget
from studio.failures import guarded
from studio.markup import plain, table
from studio.moments import ago, moment
from studio.notices import notice
from studio.people import who
from studio.popovers import popover, shut
from studio.text_diff import is_worth_comparing, text_diff
from studio.version_view import box_changes, change_rows, origin_words

SHOWN = 50


def history_panel(editing: Editing, versions: Versions[Any]) -> None:
    known = versions.history(editing.id)[:SHOWN]
    if not known:
        st.caption("It has no version yet: its file cannot be read.")
        return
    left, right = st.columns([1, 3], gap="medium")
    with left:
        chosen = _choose(known)
    with right:
        _show(editing, chosen, known, versions)


def _choose(known: Sequence[Version]) -> Version:
    now = time.time()
    # An option is known by what people read: nothing in it may change by itself, as "2 min ago" does.
    labels = {version.number: _title(version) for version in known}
    number = st.radio(
        "Versions",
        list(labels),
        format_func=lambda number: labels.get(number, ""),
        captions=[version_line(version, now) for version in known],
        key="version",
    )
    return next((version for version in known if version.number == number), known[0])


def _title(version: Version) -> str:
    return f"Version {version.number}" + (f" · **{plain(version.label)}**" if version.label else "")


def version_line(version: Version, now: float) -> str:
    """When a version was made, by whom and why."""
    why = version.note or origin_words(version.origin)
    return " · ".join(plain(part) for part in (ago(version.at, now), version.by, why) if part)


def _show(editing: Editing, version: Version, known: Sequence[Version], versions: Versions[Any]) -> None:
    newest = version.number == known[0].number
    st.subheader(f"Version {version.number}", anchor=False)
    st.caption(f"{plain(origin_words(version.origin))}, {moment(version.at, st.context.timezone)}")
    text = versions.text(editing.id, version.number)
    others = {one.number: f"Version {one.number}" for one in known if one.number != version.number}
    others[0] = "The draft"
    earlier = next((one.number for one in known if one.number < version.number), 0)
    before = 0 if newest and editing.is_changed else earlier
    other = st.selectbox(
        "Compared with",
        list(others),
        index=list(others).index(before),
        format_func=lambda number: others.get(number, ""),
        key=f"compared-with:{version.number}",
    )
    other_text = editing.text if other == 0 else versions.text(editing.id, other)
    forward = other != 0 and other < version.number
    older, newer = (other_text, text) if forward else (text, other_text)
    _compare(older, newer, versions, key=f"compare:{editing.id}:{version.number}:{other}")
    with st.expander("The whole text", icon=":material/data_object:"):
        st.code(text, language="json")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if same := not newest and _says_the_same(text, versions.text(editing.id, known[0].number)):
            st.caption(":material/check: It says the same as the version that is used now: nothing to restore.")
        restored = not (newest or same) and st.button(
            "Restore this version",
            icon=":material/restore:",
            type="primary",
            key="restore",
            disabled=editing.is_changed,
            help="Publish or discard your changes first, so that they are not lost." if editing.is_changed else None,
        )
        if restored:
            _restore(editing, version, versions)
        with popover("Give it a name", icon=":material/label:", key="name-version"):
            label = st.text_input("Name", value=version.label, key=f"label:{version.number}", max_chars=80)
            if st.button("Keep", key=f"keep-label:{version.number}"):
                versions.label(editing.id, version.number, label or "")
                shut("name-version")
                st.rerun()


def _says_the_same(one: str, other: str) -> bool:
    try:
        return not changes(parse_text(one), parse_text(other))
    except PatchbayError:
        return one == other


def _compare(older: str, newer: str, versions: Versions[Any], key: str) -> None:
    """What differs: of workflows on the canvas too, where the chosen step alone is told in full."""
    try:
        before, after = parse_text(older), parse_text(newer)
    except PatchbayError:
        show_changes(None)
        return
    found = changes(before, after)
    if versions.shelf.kind != "workflow" or not found:
        show_changes(found)
        return
    chosen = f"{key}:chosen"
    comparison = Comparison(before=before, changes=box_changes(found))
    event = hear(after, key=key, selected=st.session_state.get(chosen))
    if event is not None:
        st.session_state[chosen] = event.selected
    canvas(
        after,
        catalog_of(current().registry),
        key=key,
        selected=st.session_state.get(chosen),
        compare=comparison,
        height=460,
    )
    step = st.session_state.get(chosen)
    if step is None:
        st.caption("Choose a step to see only what differs in it.")
        show_changes(found)
        return
    shown = find_step(after, step) or find_step(before, step) or {}
    st.markdown(f"**{plain(str(shown.get('name') or step))}**")
    show_changes([replace(change, step="") for change in found if change.step == step])
    with st.expander("All that differs", icon=":material/difference:"):
        show_changes(found)


def show_changes(found: Sequence[Change] | None) -> None:
    """What differs, by step and field."""
    if found is None:
        st.caption("One of them cannot be read, so they cannot be compared.")
    elif not found:
        st.caption(":material/check: Nothing differs.")
    else:
        texts = {id(change): text_diff(change.before, change.after) for change in found if _is_text(change)}
        rows = change_rows([change for change in found if not texts.get(id(change))])
        if rows and any(change.step for change in found):
            st.html(table(["Step", "What", "Before", "After"], rows))
        elif rows:
            st.html(table(["What", "Before", "After"], [row[1:] for row in rows]))
        for change in found:
            if compared := texts.get(id(change)):
                place = " · ".join(part for part in (change.step, change.field) if part)
                st.caption(plain(place))
                st.html(compared)


def _is_text(change: Change) -> bool:
    return change.kind == "changed" and is_worth_comparing(change.before, change.after)


@guarded()
def _restore(editing: Editing, version: Version, versions: Versions[Any]) -> None:
    made = versions.restore(editing.id, version.number, by=who())
    forget(editing)
    notice(f"Version {version.number} is back, as version {made.number}.")
    st.rerun()
