"""What is being edited and not yet saved. It outlives reruns and going to another page and back."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar, cast

import streamlit as st

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Draft(Generic[T]):
    """`base` identifies the saved text that the editing began from. `round` counts how often it was begun anew."""

    base: str
    round: int
    content: T

    @property
    def token(self) -> str:
        """Identifies this editing: widgets and editors that carry it start afresh when it changes."""
        return f"{self.base}:{self.round}"

    def of(self, content: T) -> Draft[T]:
        return replace(self, content=content)


def open_draft(key: str, saved: str, fresh: T) -> Draft[T]:
    """The draft under `key`; without one, a draft of `fresh`, which is what the text `saved` says."""
    kept: Any = st.session_state.get(f"draft:{key}")
    return cast("Draft[T]", kept) if kept else Draft(revision(saved), st.session_state.get(f"round:{key}", 0), fresh)


def keep_draft(key: str, draft: Draft[T], fresh: T) -> None:
    """Keep what was typed. What equals what is saved is no draft."""
    if draft.content == fresh:
        st.session_state.pop(f"draft:{key}", None)
    else:
        st.session_state[f"draft:{key}"] = draft


def drop_draft(key: str) -> None:
    """Forget what was typed; the next draft begins anew."""
    st.session_state.pop(f"draft:{key}", None)
    st.session_state[f"round:{key}"] = st.session_state.get(f"round:{key}", 0) + 1


def outdated(draft: Draft[T], saved: str) -> bool:
    """Whether what is saved changed since the draft was begun: by another tab, a person or a program."""
    return draft.base != revision(saved)


def revision(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
