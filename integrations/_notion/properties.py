"""Values of a database's columns: as Notion has them, and as a person writes them.

Source: developers.notion.com/reference/page-property-values and /reference/property-object
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from integrations._notion.connection import Client, listed
from integrations._notion.places import Place, id_in, plain_text
from integrations._notion.text import TEXT_LIMIT, plain_rich_text
from orchestrator.actions import ServiceError

PEOPLE = 1000
"""How many people of a workspace are looked through for a name."""

_EMPTY: dict[str, Any] = {
    "title": [],
    "rich_text": [],
    "multi_select": [],
    "relation": [],
    "people": [],
    "files": [],
    "checkbox": False,
}
_YES = {"true", "yes", "1", "x", "on"}
_NO = {"false", "no", "0", "", "off"}


def plain(value: Mapping[str, Any]) -> Any:
    """A property's value as text, number, yes or no, list of these, or None.

    A date is its start, or start and end with '/' between. People and related pages are names and ids.
    """
    kind = value["type"]
    content = value[kind]
    if content is None:
        return None
    match kind:
        case "title" | "rich_text":
            return plain_text(content)
        case "select" | "status":
            return content["name"]
        case "multi_select":
            return [option["name"] for option in content]
        case "date":
            return f"{content['start']}/{content['end']}" if content.get("end") else content["start"]
        case "people":
            return [person.get("name") or person["id"] for person in content]
        case "created_by" | "last_edited_by":
            return content.get("name") or content["id"]
        case "files":
            return [file["name"] for file in content]
        case "relation":
            return [related["id"] for related in content]
        case "formula" | "rollup" if content["type"] == "array":
            return [plain(item) for item in content["array"]]
        case "formula" | "rollup":
            return plain(content) if content["type"] == "date" else content.get(content["type"])
        case "unique_id":
            return f"{content['prefix']}-{content['number']}" if content.get("prefix") else content["number"]
        case _:
            return content


def typed(client: Client, properties: Mapping[str, Any], place: Place) -> dict[str, Any]:
    """Values as Notion wants them, by the columns of the place. An empty value (null) empties the column.

    Raises `ServiceError` for a column that is not there or cannot hold the value.
    """
    if properties and place.schema is None:
        raise ServiceError(
            f"'{place.title}' is a page, and a page inside a page has no properties.",
            remedy="Choose a database, or leave the properties empty.",
        )
    schema = place.schema or {}
    return {name: _property(client, name, value, schema, place) for name, value in properties.items()}


def _property(client: Client, name: str, value: Any, schema: Mapping[str, Any], place: Place) -> dict[str, Any]:
    if name not in schema:
        raise ServiceError(
            f"The database '{place.title}' has no column '{name}'.",
            remedy="Its columns are: " + ", ".join(schema) + ".",
        )
    column = schema[name]
    kind = column["type"]
    if kind not in _TYPED and kind != "people":
        raise ServiceError(
            f"The column '{name}' of '{place.title}' cannot be set from here: it is of the kind '{kind}'.",
            remedy="Leave it out of the properties.",
        )
    if value is None:
        return {kind: _EMPTY.get(kind)}
    if isinstance(value, dict):
        return {kind: value}
    try:
        content: Any = _people(client, value) if kind == "people" else _TYPED[kind](value)
    except ValueError as error:
        raise ServiceError(f"The column '{name}' cannot be '{value}': {error}", remedy="Change the value.") from error
    if kind == "status":
        _ensure_known(name, content["name"], column)
    return {kind: content}


def _ensure_known(name: str, wanted: str, column: Mapping[str, Any]) -> None:
    """Notion makes a new option of any other kind by itself, but not a new status."""
    known = [option["name"] for option in column["status"]["options"]]
    if known and wanted not in known:
        raise ServiceError(
            f"The column '{name}' has no status '{wanted}'.", remedy="It can be: " + ", ".join(known) + "."
        )


def _number(value: Any) -> float | int:
    if isinstance(value, int | float):
        return value
    try:
        return int(value) if re.fullmatch(r"\s*[-+]?\d+\s*", str(value)) else float(value)
    except ValueError:
        raise ValueError("it is no number. Write decimals with a point.") from None


def _date(value: Any) -> dict[str, str]:
    """A day or moment, or two of them with '/' between."""
    start, slash, end = (part.strip() for part in str(value).partition("/"))
    for moment in (start, end) if slash else (start,):
        try:
            date.fromisoformat(moment) if len(moment) <= 10 else datetime.fromisoformat(moment)
        except ValueError:
            raise ValueError("it is no date. Write a day as 2026-12-01, a moment as 2026-12-01T09:30.") from None
    return {"start": start, "end": end} if slash else {"start": start}


def _checkbox(value: Any) -> bool:
    word = str(value).strip().lower()
    if word not in _YES | _NO:
        raise ValueError("it is neither yes nor no.")
    return word in _YES


def _items(value: Any) -> list[str]:
    """A list as it is; a text as what stands between its commas."""
    if isinstance(value, list):
        return [str(part) for part in value]
    return [part.strip() for part in str(value).split(",") if part.strip()]


def _options(value: Any) -> list[dict[str, str]]:
    return [{"name": item} for item in _items(value)]


def _relation(value: Any) -> list[dict[str, str]]:
    ids = [id_in(item) for item in _items(value)]
    if None in ids:
        raise ValueError("a relation is given by the links or ids of the pages.")
    return [{"id": id} for id in ids if id]


def _files(value: Any) -> list[dict[str, Any]]:
    urls = _items(value)
    if not all(url.startswith(("http://", "https://")) for url in urls):
        raise ValueError("a file is given by its address, which begins with https://.")
    return [
        {"type": "external", "name": (url.rstrip("/").rpartition("/")[2] or url)[:100], "external": {"url": url}}
        for url in urls
    ]


def _people(client: Client, value: Any) -> list[dict[str, str]]:
    """People by name, e-mail address or id."""
    ids: list[str] = []
    for item in _items(value):
        id = id_in(item)
        if id is None:
            words = item.casefold()
            known = listed(client.users.list, PEOPLE).items
            names = [person for person in known if words in (str(person.get("name")).casefold(), _mail(person))]
            if len(names) != 1:
                raise ValueError(f"{len(names)} people of the workspace are called '{item}'.")
            id = names[0]["id"]
        ids.append(id)
    return [{"id": id} for id in ids]


def _mail(person: Mapping[str, Any]) -> str:
    return str((person.get("person") or {}).get("email", "")).casefold()


def _short(value: Any) -> str:
    text = str(value)
    if len(text) > TEXT_LIMIT:
        raise ValueError(f"it is longer than {TEXT_LIMIT} characters.")
    return text


_TYPED: dict[str, Callable[[Any], Any]] = {
    "title": lambda value: plain_rich_text(str(value)),
    "rich_text": lambda value: plain_rich_text(str(value)),
    "number": _number,
    "select": lambda value: {"name": str(value)},
    "status": lambda value: {"name": str(value)},
    "multi_select": _options,
    "date": _date,
    "checkbox": _checkbox,
    "url": _short,
    "email": _short,
    "phone_number": _short,
    "relation": _relation,
    "files": _files,
}
