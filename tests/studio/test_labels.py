"""What people read of the options of a choice."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.settings import ROOT
from studio.labels import distinct

CHOICES = {"selectbox", "multiselect", "radio", "pills", "segmented_control"}
CHANGING = {"ago", "upcoming", "time", ".status"}
"""What says something else a moment later: how long ago, which state."""
BESIDE = {"captions", "help", "index", "key"}
"""What stands beside an option and is no part of it."""

FILES = sorted(file for folder in ("pages", "studio") for file in (ROOT / folder).rglob("*.py"))


def test_options_that_read_alike_are_told_apart() -> None:
    assert distinct({1: "One", 2: "Two", 3: "One", 4: "One"}) == {1: "One", 2: "Two", 3: "One (2)", 4: "One (3)"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_nothing_in_an_option_changes_by_itself(file: Path) -> None:
    """Streamlit knows an option by what people read of it: when that changes, what was chosen is lost."""
    assert list(changing_options(ast.parse(file.read_text("utf-8")))) == []


def test_an_option_that_changes_by_itself_is_found() -> None:
    bad = """
def label(run, now):
    return f"{ago(run.at, now)}"
def choose(runs, now):
    names = {run.id: label(run, now) for run in runs}
    return st.selectbox("Run", list(names), format_func=names.get)
"""
    good = """
def choose(runs, now):
    names = {run.id: run.name for run in runs}
    told = [ago(run.at, now) for run in runs]
    st.caption(ago(now, now))
    return st.radio("Run", list(names), format_func=names.get, captions=told)
"""
    assert list(changing_options(ast.parse(bad))) == [(6, "ago")]
    assert list(changing_options(ast.parse(good))) == []


def changing_options(module: ast.Module) -> Iterator[tuple[int, str]]:
    """The line of each choice whose options are made with something that changes, and what that is."""
    functions = {one.name: one for one in ast.walk(module) if isinstance(one, ast.FunctionDef)}
    for function in functions.values():
        for call in (one for one in ast.walk(function) if isinstance(one, ast.Call)):
            if is_choice(call):
                parts = [*call.args[1:], *(one.value for one in call.keywords if one.arg not in BESIDE)]
                for name in sorted(_made_with(parts, function, functions) & CHANGING):
                    yield call.lineno, name


def is_choice(call: ast.AST) -> bool:
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in CHOICES


def _made_with(parts: list[ast.expr], function: ast.FunctionDef, functions: dict[str, ast.FunctionDef]) -> set[str]:
    """All names that the parts are made with: those in them, in what was assigned to these, and in the functions of
    the module that are called for it."""
    assigned: dict[str, list[ast.AST]] = {}
    for one in ast.walk(function):
        if isinstance(one, ast.Assign) and not is_choice(one.value):  # what was chosen makes no option
            for target in one.targets:
                for name in ast.walk(target):
                    if isinstance(name, ast.Name):
                        assigned.setdefault(name.id, []).append(one.value)
    found: set[str] = set()
    left: list[ast.AST] = list(parts)
    while left:
        for one in ast.walk(left.pop()):
            if isinstance(one, ast.Attribute):
                found.add(f".{one.attr}")
            if isinstance(one, ast.Name) and one.id not in found:
                found.add(one.id)
                left += assigned.get(one.id, [])
                if one.id in functions and one.id != function.name:
                    left.append(functions[one.id])
    return found
