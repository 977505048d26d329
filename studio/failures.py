"""What a person sees when something goes wrong: what happened, where, what to do. Never a traceback."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import streamlit as st
import structlog

from orchestrator.errors import InvalidWorkflow, PatchbayError, Problem
from studio.markup import capital, plain
from studio.routes import PageName, link

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Failure:
    """An error in words. `reference` finds one in the log that was not foreseen; `code` is that of an error of ours."""

    message: str
    remedy: str = ""
    place: str = ""
    problems: tuple[Problem, ...] = ()
    reference: str | None = None
    code: str = ""


_LEADS: dict[str, tuple[str, PageName]] = {
    "account": ("Look at the accounts", "accounts"),
    "vault": ("Look at the accounts", "accounts"),
    "not_found": ("Go to Home", "home"),
}
"""Where an error is mended that has no place of its own, by its code."""


def describe(error: Exception) -> Failure:
    """The words for an error. One that was not foreseen gets a reference and is logged with it."""
    if isinstance(error, InvalidWorkflow):
        return Failure("This workflow cannot run yet.", problems=error.problems, code=error.code)
    if isinstance(error, PatchbayError):
        return Failure(error.message, error.remedy, str(error.where), code=error.code)
    reference = secrets.token_hex(4)
    log.error("studio.failed", reference=reference, exc_info=error)
    return Failure(
        "Something went wrong on our side.",
        f"Try again. If it stays, look for reference {reference} in the log.",
        reference=reference,
    )


def show(failure: Failure) -> None:
    place = f" {plain(f'({failure.place})')}" if failure.place and failure.place not in failure.message else ""
    body = f"**{plain(failure.message)}**{place}"
    st.error(f"{body}  \n{plain(failure.remedy)}" if failure.remedy else body, icon=":material/error:")
    show_problems(failure.problems)
    if failure.code in _LEADS:
        link(*_LEADS[failure.code], ":material/arrow_forward:")


def show_problems(problems: Sequence[Problem]) -> None:
    """Every mistake of a workflow: its place, what is wrong, what to do."""
    for problem in problems:
        place = str(replace(problem.where, workflow=None, file=None))
        lines = [f"**{plain(capital(problem.message))}**", plain(problem.remedy)]
        head = f":gray-badge[{plain(place)}]  \n" if place else ""
        st.warning(head + "  \n".join(line for line in lines if line), icon=":material/build:")


@contextmanager
def guarded() -> Iterator[None]:
    """Show what goes wrong inside as a sentence. Also a decorator, for fragments, dialogs and callbacks."""
    try:
        yield
    except Exception as error:
        show(describe(error))
