"""The committed bundles are what the sources in `studio/frontend/` give. Checked without Node."""

from __future__ import annotations

import json
import re
from hashlib import sha256
from pathlib import Path

import pytest

from orchestrator.settings import ROOT

FRONTEND = ROOT / "studio" / "frontend"
ASSETS = ROOT / "studio" / "assets"
MANIFEST = json.loads((ASSETS / "manifest.json").read_text("utf-8"))
REBUILD = "run `make frontend` and commit studio/assets"


def source_files() -> list[str]:
    sources = [path.relative_to(FRONTEND).as_posix() for path in (FRONTEND / "src").rglob("*") if path.is_file()]
    return sorted(["build.mjs", "package.json", "package-lock.json", *sources])


def digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def test_the_bundles_were_built_from_these_sources() -> None:
    lines = [f"{digest(FRONTEND / path)}  {path}\n" for path in source_files()]

    assert sha256("".join(lines).encode()).hexdigest() == MANIFEST["source"], REBUILD


@pytest.mark.parametrize("name", MANIFEST["bundles"])
def test_a_bundle_is_as_it_was_built(name: str) -> None:
    assert digest(ASSETS / name) == MANIFEST["bundles"][name], REBUILD


def test_the_components_have_their_bundles() -> None:
    assert {"builder.js", "canvas.js", "editor.js", "expression.js"} <= set(MANIFEST["bundles"])


def test_the_canvas_is_small() -> None:
    """What a browser loads for it, before it is packed."""
    shared = [name for name in MANIFEST["bundles"] if name.startswith("shared-")]

    assert sum((ASSETS / name).stat().st_size for name in ["builder.js", *shared]) < 600_000


def test_the_field_for_expressions_is_small() -> None:
    assert (ASSETS / "expression.js").stat().st_size < 40_000


def test_nothing_else_is_served() -> None:
    assert {path.name for path in ASSETS.iterdir()} == {"manifest.json", *MANIFEST["bundles"]}


def test_every_package_is_pinned_and_locked() -> None:
    package = json.loads((FRONTEND / "package.json").read_text("utf-8"))
    lock = json.loads((FRONTEND / "package-lock.json").read_text("utf-8"))
    wanted = {**package["dependencies"], **package["devDependencies"]}
    locked = {name.removeprefix("node_modules/"): entry for name, entry in lock["packages"].items() if name}

    assert {name: locked[name]["version"] for name in wanted} == wanted
    assert all(entry["integrity"] for entry in locked.values())


def test_the_lock_names_no_registry() -> None:
    lock = (FRONTEND / "package-lock.json").read_text("utf-8")

    assert '"resolved"' not in lock
    assert not re.search(r"https?://[^\"]*\.tgz", lock)
