"""The JavaScript that a browser loads for a page: our bundles, under `/assets`, and Streamlit's, under `/static`."""

from __future__ import annotations

import json
import re
from collections.abc import Container
from pathlib import Path

import streamlit as st

ASSETS = Path(__file__).parent / "assets"
STREAMLIT = Path(st.__file__).parent / "static"

IMPORT = re.compile(r"""(?:from|import)\s*["'`]\./([\w.-]+\.js)["'`]""")
"""Of a script that must be there before the one that names it; `import(…)` loads one later."""


def bundle(name: str) -> str:
    """The address of `studio/assets/NAME.js`; another one whenever its content is another."""
    manifest = json.loads((ASSETS / "manifest.json").read_text("utf-8"))
    return f"/assets/{name}.js?v={manifest['bundles'][f'{name}.js'][:16]}"


def bundle_and_needs(name: str) -> list[str]:
    """The addresses of a bundle of ours and of all that it imports."""
    first, *others = with_imports(ASSETS / f"{name}.js")
    assert first.stem == name
    return [bundle(name), *(f"/assets/{script.name}" for script in others)]


def widgets_and_needs(*names: str, there: Container[str] = ()) -> list[str]:
    """The addresses of the scripts with which Streamlit's front draws elements ("Button"), and of all that they import,
    but for files that are `there` anyway. An element that this release of Streamlit does not know is left out."""
    folder = STREAMLIT / "static" / "js"
    found = [file for name in names for first in folder.glob(f"{name}.*.js") for file in with_imports(first, there)]
    return list(dict.fromkeys(f"/static/js/{script.name}" for script in found))


def with_imports(script: Path, there: Container[str] = ()) -> list[Path]:
    """A script and all that it imports, each once, itself first, without files that are `there` anyway."""
    found: dict[str, Path] = {}
    left = [script.name]
    while left:
        name = left.pop(0)
        if name not in found and name not in there:
            found[name] = script.with_name(name)
            left += IMPORT.findall(found[name].read_text("utf-8"))
    return list(found.values())
