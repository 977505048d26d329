"""Properties of practice Notion's rows: their values, filters and sorts.

A schema is what a data source shows under `properties`: {name: {"id", "name", "type", type: options}}.
Source: developers.notion.com/reference/page-property-values and /reference/filter-data-source-entries.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from .notion_blocks import Invalid, RichText, plain_text, read_rich_text
from .notion_users import USERS

Schema = Mapping[str, Mapping[str, Any]]
Values = dict[str, dict[str, Any]]

TITLE_ONLY: Schema = {"title": {"id": "title", "name": "title", "type": "title", "title": {}}}
"""The schema of a page that is no row."""

_LISTS = ("title", "rich_text", "multi_select", "people", "relation", "files")
_EMPTY: dict[str, Any] = {**{kind: [] for kind in _LISTS}, "checkbox": False}
_READ_ONLY = ("created_time", "last_edited_time")


def schema_of(columns: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """A schema from {name: type, or {type: [option, ...]}}."""
    schema = {}
    for name, column in columns.items():
        kind, options = (column, None) if isinstance(column, str) else next(iter(column.items()))
        content: dict[str, Any] = {}
        if options is not None:
            content = {"options": [option(text) for text in options]}
        if kind == "number":
            content = {"format": "number"}
        if kind == "status":
            content["groups"] = []
        id = "title" if kind == "title" else uuid5(NAMESPACE_URL, name).hex[:4]
        schema[name] = {"id": id, "name": name, "description": None, "type": kind, kind: content}
    return schema


def option(name: str) -> dict[str, Any]:
    return {"id": uuid5(NAMESPACE_URL, name).hex[:8], "name": name, "color": "default", "description": None}


def read_values(given: object, schema: Schema) -> Values:
    """Property values as a request gives them, checked against the schema. Raises `Invalid`."""
    if not isinstance(given, dict):
        raise Invalid(f"body failed validation: body.properties should be an object, instead was `{given!r}`.")
    by_id = {column["id"]: name for name, column in schema.items()}
    values: Values = {}
    for key, value in given.items():
        name = key if key in schema else by_id.get(key)
        if name is None:
            raise Invalid(f"{key} is not a property that exists.")
        values[name] = _read(name, schema[name], value)
    return values


def _read(name: str, column: Mapping[str, Any], value: object) -> dict[str, Any]:
    kind = column["type"]
    if kind in _READ_ONLY:
        raise Invalid(f"{name} cannot be set: it is computed.")
    if not isinstance(value, dict) or kind not in value:
        raise Invalid(f"{name} is expected to be {kind}.")
    content = value[kind]
    if content is None:
        return _value(column, _EMPTY.get(kind))
    return _value(column, _READERS[kind](name, column, content))


def _value(column: Mapping[str, Any], content: Any) -> dict[str, Any]:
    return {"id": column["id"], "type": column["type"], column["type"]: content}


def _is(kind: type | tuple[type, ...], article: str) -> Callable[..., Any]:
    def read(name: str, column: Mapping[str, Any], content: Any) -> Any:
        if not isinstance(content, kind) or (isinstance(content, bool) and kind is not bool):
            raise Invalid(f"body failed validation: body.properties.{name} should be {article}.")
        return content

    return read


def _read_text(name: str, column: Mapping[str, Any], content: object) -> RichText:
    return read_rich_text(f"body.properties.{name}.{column['type']}", content)


def _read_option(name: str, column: Mapping[str, Any], content: Any) -> dict[str, Any]:
    """One of the options. Like the real service, an unknown one is made, except for a status."""
    if not isinstance(content, dict) or not (content.get("name") or content.get("id")):
        raise Invalid(f"body failed validation: body.properties.{name}.{column['type']}.name should be defined.")
    for known in column[column["type"]]["options"]:
        if content.get("id") == known["id"] or content.get("name") == known["name"]:
            return {key: known[key] for key in ("id", "name", "color")}
    if column["type"] == "status" or not content.get("name"):
        wanted = content.get("name") or content.get("id")
        raise Invalid(f'Invalid status option. Status option "{wanted}" does not exist".')
    if "," in content["name"]:
        raise Invalid(f"Invalid select option, commas not allowed: {content['name']}")
    return {key: option(content["name"])[key] for key in ("id", "name", "color")}


def _read_options(name: str, column: Mapping[str, Any], content: object) -> list[dict[str, Any]]:
    if not isinstance(content, list):
        raise Invalid(f"body failed validation: body.properties.{name}.multi_select should be an array.")
    return [_read_option(name, column, item) for item in content]


def _read_date(name: str, column: Mapping[str, Any], content: Any) -> dict[str, Any]:
    if not isinstance(content, dict):
        raise Invalid(f"body failed validation: body.properties.{name}.date should be an object.")
    start, end = content.get("start"), content.get("end")
    for moment in (start, end or start):
        try:
            datetime.fromisoformat(moment or "")
        except (TypeError, ValueError):
            raise Invalid(
                f"body failed validation: body.properties.{name}.date should hold valid ISO 8601 date strings, "
                f"instead was `{moment!r}`."
            ) from None
    return {"start": start, "end": end, "time_zone": content.get("time_zone")}


def _read_people(name: str, column: Mapping[str, Any], content: object) -> list[dict[str, Any]]:
    users = {user["id"]: user for user in USERS}
    found = [users.get(id) for id in _ids(name, "people", content)]
    if None in found:
        raise Invalid(f"body failed validation: body.properties.{name}.people should hold users of the workspace.")
    return [user for user in found if user]


def _read_relation(name: str, column: Mapping[str, Any], content: object) -> list[dict[str, Any]]:
    return [{"id": id} for id in _ids(name, "relation", content)]


def _ids(name: str, kind: str, content: object) -> list[str]:
    if not isinstance(content, list) or not all(isinstance(item, dict) and "id" in item for item in content):
        raise Invalid(f"body failed validation: body.properties.{name}.{kind} should be an array of ids.")
    return [str(item["id"]) for item in content]


def _read_files(name: str, column: Mapping[str, Any], content: Any) -> list[dict[str, Any]]:
    try:
        files = [
            {"name": file["name"], "type": "external", "external": {"url": file["external"]["url"]}} for file in content
        ]
    except (TypeError, KeyError):
        raise Invalid(f"body failed validation: body.properties.{name}.files should be an array of files.") from None
    return files


_READERS: dict[str, Callable[..., Any]] = {
    "title": _read_text,
    "rich_text": _read_text,
    "number": _is((int, float), "a number"),
    "select": _read_option,
    "status": _read_option,
    "multi_select": _read_options,
    "date": _read_date,
    "checkbox": _is(bool, "a boolean"),
    "url": _is(str, "a string"),
    "email": _is(str, "a string"),
    "phone_number": _is(str, "a string"),
    "people": _read_people,
    "relation": _read_relation,
    "files": _read_files,
}


def shown(row: Mapping[str, Any], schema: Schema) -> Values:
    """All properties of a row, those without a value too."""
    values: Values = {}
    for name, column in schema.items():
        kind = column["type"]
        if kind in _READ_ONLY:
            values[name] = _value(column, row[kind])
        else:
            values[name] = row["properties"].get(name) or _value(column, _EMPTY.get(kind))
    return values


def plain(value: Mapping[str, Any]) -> Any:
    """A property's value as plain Python: text, number, bool, list of text, or None."""
    kind = value["type"]
    content = value[kind]
    if kind in ("title", "rich_text"):
        return plain_text(content)
    if kind in ("select", "status"):
        return content["name"] if content else None
    if kind in ("multi_select", "people", "files"):
        return [item["name"] for item in content]
    if kind == "relation":
        return [item["id"] for item in content]
    if kind == "date":
        return content["start"] if content else None
    return content


def matches(condition: object, values: Values, row: Mapping[str, Any]) -> bool:
    """Whether a row passes a filter. Raises `Invalid`."""
    if not isinstance(condition, dict):
        raise Invalid("body failed validation: body.filter should be an object.")
    for word, combine in (("and", all), ("or", any)):
        if word in condition:
            if not isinstance(condition[word], list):
                raise Invalid(f"body failed validation: body.filter.{word} should be an array.")
            return combine([matches(part, values, row) for part in condition[word]])
    if "timestamp" in condition:
        kind = condition["timestamp"]
        if kind not in _READ_ONLY:
            raise Invalid("body failed validation: body.filter.timestamp should be a timestamp.")
        return _passes(row[kind], "date", condition.get(kind))
    value = _named(condition.get("property"), values)
    kind = value["type"]
    if kind not in condition:
        raise Invalid(f"database property {kind} does not match filter {_other_type(condition)}")
    return _passes(plain(value), "date" if kind in _READ_ONLY else kind, condition[kind])


def _named(name: object, values: Values) -> dict[str, Any]:
    for known, value in values.items():
        if name in (known, value["id"]):
            return value
    raise Invalid(f"Could not find property with name or id: {name}")


def _other_type(condition: Mapping[str, Any]) -> str:
    return next((key for key in condition if key not in ("property", "type")), "undefined")


def _passes(value: Any, kind: str, test: object) -> bool:
    if not isinstance(test, dict) or len(test) != 1:
        raise Invalid(f"body failed validation: body.filter.{kind} should hold exactly one condition.")
    [(name, wanted)] = test.items()
    empty = value in (None, "", [])
    if name == "is_empty":
        return empty
    if name == "is_not_empty":
        return not empty
    if name in ("does_not_equal", "does_not_contain"):
        return not _passes(
            value, kind, {name.replace("does_not_equal", "equals").replace("does_not_contain", "contains"): wanted}
        )
    if kind == "date" and name in _PERIODS:
        first, last = _PERIODS[name](datetime.now(UTC).date())
        return not empty and first <= _day(value) <= last
    check = (_DATE_CHECKS if kind == "date" else _CHECKS).get(name)
    if check is None:
        raise Invalid(f"body failed validation: body.filter.{kind}.{name} should be not present.")
    if empty:
        return False
    try:
        return bool(check(value, wanted))
    except (TypeError, ValueError):
        raise Invalid(f"body failed validation: body.filter.{kind}.{name} is not valid: `{wanted!r}`.") from None


def _folded(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def _contains(value: Any, wanted: str) -> bool:
    return wanted in value if isinstance(value, list) else wanted.casefold() in value.casefold()


_CHECKS: dict[str, Callable[[Any, Any], bool]] = {
    "equals": lambda value, wanted: _folded(value) == _folded(wanted),
    "contains": _contains,
    "starts_with": lambda value, wanted: value.casefold().startswith(wanted.casefold()),
    "ends_with": lambda value, wanted: value.casefold().endswith(wanted.casefold()),
    "greater_than": lambda value, wanted: value > wanted,
    "less_than": lambda value, wanted: value < wanted,
    "greater_than_or_equal_to": lambda value, wanted: value >= wanted,
    "less_than_or_equal_to": lambda value, wanted: value <= wanted,
}


def _day(text: str) -> date:
    return datetime.fromisoformat(text).date()


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[str, str], bool]:
    """Compares days, or moments where both have a time."""

    def check(value: str, wanted: str) -> bool:
        if len(value) > 10 and len(wanted) > 10:
            first, second = (datetime.fromisoformat(text) for text in (value, wanted))
            return compare(*(m if m.tzinfo else m.replace(tzinfo=UTC) for m in (first, second)))
        return compare(_day(value), _day(wanted))

    return check


_DATE_CHECKS: dict[str, Callable[[Any, Any], bool]] = {
    "equals": _ordered(lambda value, wanted: value == wanted),
    "before": _ordered(lambda value, wanted: value < wanted),
    "after": _ordered(lambda value, wanted: value > wanted),
    "on_or_before": _ordered(lambda value, wanted: value <= wanted),
    "on_or_after": _ordered(lambda value, wanted: value >= wanted),
}


def _this_week(today: date) -> tuple[date, date]:
    monday = today - timedelta(days=today.weekday())
    return monday, monday + timedelta(days=6)


_PERIODS: dict[str, Callable[[date], tuple[date, date]]] = {
    "this_week": _this_week,
    "past_week": lambda today: (today - timedelta(days=7), today),
    "past_month": lambda today: (today - timedelta(days=30), today),
    "past_year": lambda today: (today - timedelta(days=365), today),
    "next_week": lambda today: (today, today + timedelta(days=7)),
    "next_month": lambda today: (today, today + timedelta(days=30)),
    "next_year": lambda today: (today, today + timedelta(days=365)),
}


def sort_key(sort: object, schema: Schema) -> tuple[Callable[[Values, Mapping[str, Any]], Any], bool]:
    """What one sort compares, and whether it descends. Options sort in the order of the schema. Raises `Invalid`."""
    if not isinstance(sort, dict) or sort.get("direction") not in ("ascending", "descending"):
        raise Invalid("body failed validation: body.sorts should name a `direction`: ascending or descending.")
    if sort.get("timestamp") in _READ_ONLY:
        timestamp = sort["timestamp"]
        return lambda values, row: row[timestamp], sort["direction"] == "descending"
    name = sort.get("property")
    column = next((c for n, c in schema.items() if name in (n, c["id"])), None)
    if column is None:
        raise Invalid(f"Could not find sort property with name or id: {name}")
    options = [item["name"] for item in column[column["type"]].get("options", [])]

    def compared(values: Values, row: Mapping[str, Any]) -> Any:
        value = plain(values[column["name"]])
        if value in (None, "", []):
            return None
        if isinstance(value, list):
            value = value[0]
        if options:
            return options.index(value) if value in options else len(options)
        return _folded(value)

    return compared, sort["direction"] == "descending"
