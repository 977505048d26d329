"""The variable picker: every earlier value that a field can use, found by its words, put in by a click."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import streamlit as st

from orchestrator.data import is_list, is_object, short
from studio.builder.variables import NOTHING, Variable
from studio.markup import plain

SHOWN = 40
"""Lines of the picker: more are found by typing."""

CALM = 24
"""Characters of a value beside its name."""


def picker(found: Sequence[Variable], key: str, put: Callable[[str], None]) -> None:
    """A small button; opened, the values that can be used. `put` is given the chosen one: "steps.mail.messages"."""
    place = st.popover(
        ":gray[:material/data_object:]",
        type="tertiary",
        help="Insert a value: of an input, an earlier step, or this run",
        key=f"{key}:insert",
        on_change="rerun",
    )
    if not place.open:
        return
    with place:
        wanted = st.text_input(
            "Find a value",
            placeholder="Find a value",
            label_visibility="collapsed",
            icon=":material/search:",
            key=f"{key}:find",
            live=True,
        )
        lines = [line for line in flat(found) if _fits(line, wanted or "")]
        if not lines:
            st.caption("Nothing here fits. Run the workflow once to see what its steps give.")
        for trail, variable in lines[:SHOWN]:
            st.button(
                _label(trail, variable),
                key=f"{key}:put:{variable.path}",
                help=f"`{{{{ {variable.path} }}}}`",
                on_click=put,
                args=(variable.path,),
                type="tertiary",
                width="stretch",
            )
        if len(lines) > SHOWN:
            st.caption(f"{len(lines) - SHOWN} more: type to find them.")


def flat(found: Sequence[Variable], trail: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Variable]]:
    """Each variable with the names that lead to it, the outer ones first on each level."""
    for variable in found:
        here = (*trail, variable.name)
        yield here, variable
        yield from flat(variable.parts, here)


def inserted(text: str, path: str) -> str:
    """The text with the value put behind it."""
    part = f"{{{{ {path} }}}}"
    return part if not text.strip() else f"{text}{'' if text.endswith((' ', chr(10))) else ' '}{part}"


def _fits(line: tuple[tuple[str, ...], Variable], wanted: str) -> bool:
    trail, variable = line
    said = " ".join((*trail, variable.path)).lower()
    return all(word in said for word in wanted.lower().split())


def _label(trail: tuple[str, ...], variable: Variable) -> str:
    indent = "  " * (len(trail) - 1)
    return f"{indent}**{plain(trail[-1])}** :gray[{plain(_told(variable))}]"


def _told(variable: Variable) -> str:
    value: Any = variable.value
    if value is NOTHING:
        return variable.kind
    if is_list(value):
        return f"{len(value)} in a list"
    if is_object(value):
        return ""
    said = value if isinstance(value, str) else short(value)
    line = " ".join(said.split())
    return line if len(line) <= CALM else line[: CALM - 1] + "…"
