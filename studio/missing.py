"""An id that leads nowhere: the one that may have been meant, and the way to all of them."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any, Literal

from orchestrator.library import Shelf
from studio.failures import Failure, show
from studio.routes import link


def show_missing(id: str, shelf: Shelf[Any], page: Literal["workflows", "builder", "templates"]) -> None:
    """`page` shows what is on the shelf."""
    meant = next(iter(get_close_matches(id[:100], shelf.ids(), n=1)), None)
    names = {entry.id: entry.name or entry.id for entry in shelf.list()} if meant else {}
    show(Failure(f"There is no {shelf.kind} '{id}'.", "It was deleted, or its address was cut."))
    if meant:
        link(f"Did you mean '{names[meant]}'?", page, ":material/arrow_forward:", id=meant)
    link(f"See all {shelf.kind}s", "templates" if page == "templates" else "workflows", ":material/list:")
