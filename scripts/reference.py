"""Writes docs/reference from the code: a page for each connector and each built-in step. `--check` only compares."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from orchestrator.actions import Action, Connector
from orchestrator.registry import Registry
from orchestrator.settings import ROOT
from orchestrator.steps import KINDS, Kind

FOLDER = ROOT / "docs" / "reference"
EFFECTS = {
    "read": "Reads. Nothing changes outside.",
    "write": "Writes. It can be looked at in a preview, and is looked up before it is ever sent again.",
    "idempotent_write": "Writes. It can be looked at in a preview; the service keeps a repeated one single.",
}


def pages() -> dict[str, str]:
    """The text of every page by its path in the folder."""
    registry = Registry.discover()
    connectors = {action.connector.id: action.connector for action in registry.values()}
    found = {f"steps/{id}.md": _step(kind) for id, kind in KINDS.items()}
    for id, connector in connectors.items():
        actions = [action for action in registry.values() if action.connector.id == id]
        found[f"actions/{id}.md"] = _connector(connector, actions)
    found["README.md"] = _index(connectors.values(), registry)
    return found


def _index(connectors: Iterable[Connector], registry: Registry) -> str:
    lines = ["# Reference", "", "Made from the code by `make generate`.", "", "## Built-in steps", ""]
    lines += [f"- [`{id}`](steps/{id}.md) {kind.title}" for id, kind in KINDS.items()]
    for connector in connectors:
        lines += ["", f"## [{connector.title}](actions/{connector.id}.md)", ""]
        actions = [action for action in registry.values() if action.connector.id == connector.id]
        lines += [
            f"- [`{action.id}`](actions/{connector.id}.md#{_anchor(action.id)}) {action.title}" for action in actions
        ]
    return "\n".join(lines) + "\n"


def _anchor(heading: str) -> str:
    return heading.replace(".", "")


def _step(kind: Kind[Any]) -> str:
    example = (ROOT / "docs" / "examples" / f"{kind.id}.json").read_text(encoding="utf-8").strip()
    parts = [f"# {kind.title}: `{kind.id}`", kind.description, _fields("## Parameters", kind.params)]
    parts += [_fields("## Result", kind.result), "## Example", f"```json\n{example}\n```"]
    return _joined(parts)


def _connector(connector: Connector, actions: Iterable[Action]) -> str:
    parts = [f"# {connector.title}", connector.description]
    for action in actions:
        parts += [f"## {action.id}", f"**{action.title}.** {action.description}", EFFECTS[action.effect]]
        parts += [_fields("### Parameters", action.params), _fields("### Result", action.result)]
    return _joined(parts)


def _joined(parts: Iterable[str]) -> str:
    return "\n\n".join(part for part in parts if part) + "\n"


def _fields(heading: str, model: type[Any]) -> str:
    schema: dict[str, Any] = model.model_json_schema(by_alias=True)
    rows: dict[str, Any] = schema.get("properties", {})
    if not rows:
        return ""
    required = schema.get("required", [])
    lines = [heading, "", "| name | type | | |", "|---|---|---|---|"]
    for name, field in rows.items():
        default = "required" if name in required else f"default `{_short(field.get('default'))}`"
        what = ". ".join(text.rstrip(".") for text in (field.get("title"), field.get("description")) if text)
        lines.append(
            f"| `{name}` | {_type(field)} | {default if heading.endswith('Parameters') else ''} | {_cell(what)} |"
        )
    return "\n".join(lines)


def _type(field: dict[str, Any]) -> str:
    if "enum" in field:
        return " \\| ".join(f"`{value}`" for value in field["enum"])
    if "anyOf" in field:
        return " or ".join(dict.fromkeys(_type(option) for option in field["anyOf"] if option.get("type") != "null"))
    if "$ref" in field:
        return "object"
    kind = str(field.get("type", "anything"))
    return f"list of {_type(field['items'])}" if kind == "array" and field.get("items") else kind


def _short(value: Any) -> str:
    text = "" if value is None else str(value)
    return _cell(text if len(text) <= 40 else text[:39] + "…")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def main() -> int:
    fresh = pages()
    known = {str(path.relative_to(FOLDER)): path for path in FOLDER.rglob("*.md")} if FOLDER.exists() else {}
    stale = [name for name, text in fresh.items() if name not in known or known[name].read_text() != text]
    stale += [name for name in known if name not in fresh]
    if "--check" in sys.argv[1:]:
        for name in stale:
            print(f"docs/reference/{name} is not what the code makes now. Write it with: make generate")
        return 1 if stale else 0
    for name in stale:
        if name in fresh:
            path = FOLDER / Path(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(fresh[name])
        else:
            known[name].unlink()
        print(f"wrote docs/reference/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
