"""The files in a run's folder: pictures shown, all of them to be saved."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from itertools import islice
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

import streamlit as st

from orchestrator.run_folders import RunFile
from orchestrator.workflow_engine import WorkflowEngine
from studio.moments import count
from studio.values import texts

LISTED = 200
"""Files of one run that are known to its page."""

PICTURES = 12
"""Of one list; the others are named."""

LARGEST_PICTURE = 10_000_000
"""Bytes."""

SHOWN_AS_PICTURES = frozenset({".png", ".jpg", ".jpeg", ".gif", ".webp", ".avif", ".bmp", ".svg"})


@dataclass(frozen=True, slots=True)
class Files:
    """Some files of a run. `more`: there are others, which are not listed."""

    run_id: str
    files: tuple[RunFile, ...]
    more: bool = False

    def named_in(self, value: Any) -> Files:
        """Those that a step's output names."""
        named = set(texts(value)) if self.files else set[str]()
        return Files(self.run_id, tuple(file for file in self.files if file.path in named))


def files_of(run_id: str, engine: WorkflowEngine) -> Files:
    """What is in the run's folder now."""
    found = tuple(islice(engine.run_files(run_id), LISTED + 1))
    return Files(run_id, found[:LISTED], len(found) > LISTED)


def show_files(found: Files) -> None:
    """Nothing where there are none."""
    if found.files:
        st.html(files_html(found))
    if found.more:
        st.caption(f"The first {LISTED} files of the run's folder.")


def all_files(found: Files) -> None:
    """All that the run has, folded away unless they are few."""
    if found.files:
        title = f"{'More than ' if found.more else ''}{count(len(found.files), 'file')} of this run"
        with st.expander(title, icon=":material/folder:", expanded=len(found.files) <= PICTURES):
            show_files(found)


def files_html(found: Files) -> str:
    pictures = [file for file in found.files if is_picture(file)][:PICTURES]
    others = [file for file in found.files if file not in pictures]
    shown = "".join(_picture(file, found.run_id) for file in pictures)
    listed = "".join(_line(file, found.run_id) for file in others)
    return (f'<div class="pb-pictures">{shown}</div>' if shown else "") + (
        f'<ul class="pb-files">{listed}</ul>' if listed else ""
    )


def is_picture(file: RunFile) -> bool:
    return PurePosixPath(file.path).suffix.lower() in SHOWN_AS_PICTURES and file.size <= LARGEST_PICTURE


def address(run_id: str, path: str) -> str:
    """Where the studio serves a file of a run."""
    return f"/api/runs/{quote(run_id, safe='')}/files/{quote(path)}"


def size(bytes: int) -> str:
    """ "812 bytes", "12 KB", "3.4 MB"."""
    if bytes < 1000:
        return f"{bytes} bytes" if bytes != 1 else "1 byte"
    if bytes < 1_000_000:
        return f"{bytes / 1000:.0f} KB"
    return f"{bytes / 1_000_000:.1f} MB"


def _picture(file: RunFile, run_id: str) -> str:
    place, name = escape(address(run_id, file.path)), escape(file.path)
    return (
        f'<figure><a href="{place}" download><img src="{place}" alt="{name}" loading="lazy"></a>'
        f"<figcaption>{_link(place, name)} <span>{size(file.size)}</span></figcaption></figure>"
    )


def _line(file: RunFile, run_id: str) -> str:
    return f"<li>{_link(escape(address(run_id, file.path)), escape(file.path))} <span>{size(file.size)}</span></li>"


def _link(place: str, name: str) -> str:
    return f'<a href="{place}" download>{name}</a>'
