"""Draws a write before it goes out, as its service will show it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import streamlit as st

from studio.markup import facts, literal, prose, with_chips
from studio.output import words
from studio.plan_view import WriteView
from studio.practice_view import language

LONGEST = 100_000
"""Characters of a body that are shown; the rest is in the download."""


def show_write(write: WriteView, origins: Mapping[str, str], *, names: Mapping[str, str], key: str) -> None:
    """Who gets it, its title, its text. What the service will choose stands as a chip; `names` says what people call a
    thing that stands there by its id."""
    said = ((label, names.get(value, value)) for label, value in write.facts)
    pairs = [*said, *((words(name), value) for name, value in (write.rest or {}).items() if _is_short(value))]
    if pairs:
        st.html(with_chips(facts(pairs, LONGEST), origins))
    if write.title:
        st.html(with_chips(f'<div class="pb-title">{literal(write.title)}</div>', origins))
    if write.body:
        _show_body(write, origins, key)
    elif write.form == "diff":
        st.caption("The file is like this already: nothing changes.")
    nested = {name: value for name, value in (write.rest or {}).items() if not _is_short(value)}
    if nested:
        st.json(nested, expanded=3)


def _show_body(write: WriteView, origins: Mapping[str, str], key: str) -> None:
    body = write.body[:LONGEST]
    if write.form == "diff":
        st.caption("What changes in the file:")
        st.code(body, language="diff", wrap_lines=True)
    elif write.form == "file":
        st.caption("The whole file, as it will be:")
        if write.path.lower().endswith((".md", ".markdown")):
            _show_paper(prose(body), origins)
        else:
            st.code(body, language=language(write.path), line_numbers=True, wrap_lines=True)
    else:
        _show_paper(literal(body) if write.form == "letter" else prose(body), origins)
    if len(write.body) > LONGEST:
        st.caption(f"The first {LONGEST:,} of {len(write.body):,} characters.")
        st.download_button("All of it", write.body, file_name="text.txt", key=f"{key}:all", on_click="ignore")


def _show_paper(html: str, origins: Mapping[str, str]) -> None:
    st.html(f'<div class="pb-paper" tabindex="0">{with_chips(html, origins)}</div>')


def _is_short(value: Any) -> bool:
    return not isinstance(value, Mapping | list)


def download(requests: list[Mapping[str, Any]], *, key: str) -> None:
    st.download_button(
        "Download all of it, as data",
        json.dumps(requests, indent=2, ensure_ascii=False, default=str),
        file_name="planned.json",
        mime="application/json",
        icon=":material/download:",
        key=key,
        on_click="ignore",
    )
