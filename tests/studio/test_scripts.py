"""Where the JavaScript of a page is, and what it needs besides."""

from __future__ import annotations

import json
from pathlib import Path

from studio.scripts import ASSETS, STREAMLIT, bundle, bundle_and_needs, widgets_and_needs, with_imports


def test_a_bundle_of_another_content_has_another_address() -> None:
    digest = json.loads((ASSETS / "manifest.json").read_text("utf-8"))["bundles"]["builder.js"]
    assert bundle("builder") == f"/assets/builder.js?v={digest[:16]}"


def test_the_builder_needs_what_it_shares_with_the_other_canvas() -> None:
    first, *others = bundle_and_needs("builder")
    assert first == bundle("builder")
    assert others == [f"/assets/{path.name}" for path in ASSETS.glob("shared-*.js")]


def test_what_is_imported_is_found_through_others_and_what_is_loaded_later_is_not(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text('import{x}from"./b.js";import"./c.js";const d=()=>import("./d.js")')
    (tmp_path / "b.js").write_text("import{y}from`./c.js`;import z from './a.js'")
    (tmp_path / "c.js").write_text("export const y=1")
    assert with_imports(tmp_path / "a.js") == [tmp_path / name for name in ("a.js", "b.js", "c.js")]
    assert with_imports(tmp_path / "a.js", there={"b.js"}) == [tmp_path / name for name in ("a.js", "c.js")]


def test_an_element_of_streamlit_is_a_file_of_the_release_that_is_installed() -> None:
    addresses = widgets_and_needs("BidiComponent", "Button")
    assert [address.rpartition("/")[2].split(".")[0] for address in addresses[:1]] == ["BidiComponent"]
    assert all((STREAMLIT / address.lstrip("/")).is_file() for address in addresses)
    assert len(addresses) == len(set(addresses)) > 2


def test_an_element_that_streamlit_does_not_know_is_left_out() -> None:
    assert widgets_and_needs("Teleprinter") == []
