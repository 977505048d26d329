"""A text with `{{ }}` in it: typed with help, coloured, its value below it at once.

    values(names, key="form")  # once for a form: what its fields can use, as `names_data` gives it
    expression_field("Title", text, take, key="title", form="form", answer=answer)

The browser edits the text and tells it some moments after the last key. `take` is called with it before the page is
drawn again, so the page says at once what it means. Nothing that the page says while a person types touches what they
type: the rule is that of the canvas (`studio/canvas.py`), for one text.

Source: `studio/frontend/src/expression/`.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import streamlit as st

from studio.components import declare


@dataclass(frozen=True, slots=True)
class Answer:
    """What the expressions of a text give: a value, why there is none yet, or what is wrong. `more` is all of it where
    `text` tells it in a few words."""

    kind: Literal["value", "waits", "wrong"]
    text: str
    more: str = ""


@dataclass(frozen=True, slots=True)
class _Met:
    """What the page and the browser told each other of a field. `text` is what the page said last, `revision` counts
    how often it said something new, `seen` is the number of the browser's latest edit. `was_edited` says that what the
    page says next comes of that edit. `refused` is a text that could not be taken, and `wrong` says why."""

    session: str
    text: str
    revision: int = 0
    seen: int = 0
    was_edited: bool = False
    refused: str | None = None
    wrong: str = ""

    @property
    def token(self) -> str:
        """Names a revision of this session: a browser may come back to another one."""
        return f"{self.session}:{self.revision}"


def values(names: Sequence[Mapping[str, Any]], *, key: str) -> None:
    """What the fields of the form `key` can insert, and complete to. It shows nothing before it is asked for."""
    _expression(key=key, data={"part": "values", "form": key, "names": list(names)})


def expression_field(
    label: str,
    text: str,
    take: Callable[[str], str],
    *,
    key: str,
    form: str,
    answer: Answer | None = None,
    hint: str = "",
    help: str = "",
    required: bool = False,
    lines: int = 1,
    code: bool = False,
    crossed: Callable[[], None] = lambda: None,
) -> None:
    """A field that shows `text`, and hands what is typed to `take`, which gives "" or one sentence that says what is
    wrong with it. A text that is refused stays in the field, to be corrected.

    `text` is taken up when it is another than the page said before, unless that comes of what was typed. `answer` is
    shown below. `lines` is how high it is; with 1 it takes no line breaks. `code` shows it in the font of code.
    `crossed` is called before `take` with what was typed while the server was away, and `text` became another
    meanwhile.
    """
    met = _page_said(st.session_state.get(f"{key}:met"), text)
    st.session_state[f"{key}:met"] = met
    _expression(
        key=key,
        data={
            "part": "field",
            "id": key,
            "form": form,
            "label": label,
            "help": help,
            "required": required,
            "hint": hint,
            "lines": lines,
            "code": code,
            "value": met.text if met.refused is None else met.refused,
            "revision": met.token,
            "seen": met.seen,
            "answer": asdict(answer) if answer else None,
            "wrong": met.wrong,
        },
        on_edit_change=lambda: _browser_said(key, take, crossed),
    )


def _page_said(met: _Met | None, text: str) -> _Met:
    if met is None:
        return _Met(secrets.token_hex(4), text)
    if text == met.text or met.was_edited:
        return replace(met, text=text, was_edited=False)
    return replace(met, text=text, revision=met.revision + 1, refused=None, wrong="")


def _browser_said(key: str, take: Callable[[str], str], crossed: Callable[[], None]) -> None:
    """An edit that was made on an older revision is none: the browser learns of the newer one and tells again."""
    met: _Met = st.session_state[f"{key}:met"]
    edit = st.session_state[key].get("edit") or {}
    if edit.get("base") != met.token or edit.get("number", 0) <= met.seen:
        return
    if edit.get("crossed"):
        crossed()
    typed = edit["text"]
    wrong = take(typed)
    refused = typed if wrong else None
    met = replace(met, seen=edit["number"], was_edited=not wrong, refused=refused, wrong=wrong)
    st.session_state[f"{key}:met"] = met


_expression = declare("expression")
