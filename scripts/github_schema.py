"""Cut the operations that our GitHub connector uses out of GitHub's own OpenAPI description, for the tests.

python -m scripts.github_schema    writes tests/integrations/schemas/github.json from the npm package @octokit/openapi

The excerpt is JSON Schema (2020-12), since OpenAPI 3.0 says "nullable" where JSON Schema says "null".
"""

from __future__ import annotations

import json
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from scripts.studio import ROOT

PACKAGE, VERSION = "@octokit/openapi", "23.0.2"
DESCRIPTION = "package/generated/api.github.com.json"
EXCERPT = ROOT / "tests" / "integrations" / "schemas" / "github.json"

REPOSITORY = "/repos/{owner}/{repo}"
OPERATIONS = (
    "GET /user",
    "GET /user/repos",
    "POST /user/repos",
    "POST /orgs/{org}/repos",
    "GET /search/repositories",
    "GET /search/code",
    f"GET {REPOSITORY}",
    f"GET {REPOSITORY}/issues",
    f"POST {REPOSITORY}/issues",
    f"GET {REPOSITORY}/issues/{{issue_number}}",
    f"PATCH {REPOSITORY}/issues/{{issue_number}}",
    f"GET {REPOSITORY}/issues/{{issue_number}}/comments",
    f"POST {REPOSITORY}/issues/{{issue_number}}/comments",
    f"POST {REPOSITORY}/issues/{{issue_number}}/labels",
    f"DELETE {REPOSITORY}/issues/{{issue_number}}/labels/{{name}}",
    f"GET {REPOSITORY}/labels",
    f"GET {REPOSITORY}/contents/{{path}}",
    f"PUT {REPOSITORY}/contents/{{path}}",
    f"GET {REPOSITORY}/branches",
    f"GET {REPOSITORY}/branches/{{branch}}",
    f"GET {REPOSITORY}/commits",
    f"GET {REPOSITORY}/commits/{{ref}}",
    f"GET {REPOSITORY}/git/ref/{{ref}}",
    f"POST {REPOSITORY}/git/refs",
    f"PATCH {REPOSITORY}/git/refs/{{ref}}",
    f"GET {REPOSITORY}/git/commits/{{commit_sha}}",
    f"POST {REPOSITORY}/git/commits",
    f"GET {REPOSITORY}/git/trees/{{tree_sha}}",
    f"POST {REPOSITORY}/git/trees",
    f"GET {REPOSITORY}/git/blobs/{{file_sha}}",
    f"POST {REPOSITORY}/git/blobs",
    f"GET {REPOSITORY}/pulls",
    f"POST {REPOSITORY}/pulls",
    f"GET {REPOSITORY}/pulls/{{pull_number}}",
    f"GET {REPOSITORY}/pulls/{{pull_number}}/files",
    f"GET {REPOSITORY}/releases",
    f"POST {REPOSITORY}/releases",
)
KEPT = {
    *("additionalProperties", "allOf", "anyOf", "enum", "items", "maxItems", "maxLength", "minItems", "minLength"),
    *("maximum", "minimum", "not", "pattern", "properties", "required", "type"),
}
"""What of a schema says something about a value; the rest is for people."""
ANY_ERROR = "basic-error"
"""The answer that any operation may give, such as 401."""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", "--silent", "--pack-destination", folder, f"{PACKAGE}@{VERSION}"]
        name = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1]
        with tarfile.open(Path(folder) / name) as archive:
            member = archive.extractfile(DESCRIPTION)
            assert member is not None
            description = json.load(member)
    EXCERPT.write_text(json.dumps(excerpt(description), separators=(",", ":"), sort_keys=True) + "\n", "utf-8")
    print(f"{EXCERPT.relative_to(ROOT)}: {EXCERPT.stat().st_size:,} bytes of {PACKAGE} {VERSION}")


def excerpt(description: dict[str, Any]) -> dict[str, Any]:
    """{"package", "version", "operations": {"GET /user": …}, "schemas": {name: schema}}."""
    operations = {name: _operation(description, name) for name in OPERATIONS}
    schemas: dict[str, Any] = {}
    wanted = {ANY_ERROR, *_names(operations)}
    while wanted:
        name = wanted.pop()
        schemas[name] = _schema(description["components"]["schemas"][name])
        wanted |= _names(schemas[name]) - schemas.keys()
    return {"package": PACKAGE, "version": VERSION, "operations": operations, "schemas": schemas}


def _operation(description: dict[str, Any], name: str) -> dict[str, Any]:
    """`query` by name, `request` where there is a body, `answers` by status: schemas."""
    method, path = name.split(" ")
    item = description["paths"][path]
    given = item[method.lower()]
    parameters = [_named(description, one) for one in [*item.get("parameters", []), *given.get("parameters", [])]]
    answers = {status: _named(description, one) for status, one in given["responses"].items()}
    found: dict[str, Any] = {
        "query": {one["name"]: _schema(one["schema"]) for one in parameters if one["in"] == "query"},
        "answers": {
            status: _schema(one["content"]["application/json"]["schema"])
            for status, one in answers.items()
            if "application/json" in one.get("content", {})
        },
    }
    if "requestBody" in given:
        found["request"] = _schema(given["requestBody"]["content"]["application/json"]["schema"])
    return found


def _named(description: dict[str, Any], item: dict[str, Any]) -> dict[str, Any]:
    """A parameter or response that may stand among the components."""
    if "$ref" not in item:
        return item
    kind, name = item["$ref"].removeprefix("#/components/").split("/")
    return description["components"][kind][name]


def _schema(given: dict[str, Any]) -> dict[str, Any]:
    """OpenAPI 3.0 as JSON Schema."""
    if "$ref" in given:
        return {"$ref": given["$ref"].replace("#/components/schemas/", "#/schemas/")}
    # The parts of a "oneOf" overlap in places, as two kinds of error do: one value is then valid for both.
    renamed = {"anyOf" if key == "oneOf" else key: value for key, value in given.items()}
    schema = {key: _part(key, value) for key, value in renamed.items() if key in KEPT}
    if not given.get("nullable"):
        return schema
    if "enum" in schema:
        schema["enum"] = [*schema["enum"], None]
    if isinstance(schema.get("type"), str):
        return schema | {"type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


def _part(key: str, value: Any) -> Any:
    if key == "properties":
        return {name: _schema(one) for name, one in value.items()}
    if key in ("allOf", "anyOf"):
        return [_schema(one) for one in value]
    if key in ("items", "not", "additionalProperties") and isinstance(value, dict):
        return _schema(value)
    return value


def _names(value: Any) -> set[str]:
    """The schemas that are referred to."""
    if isinstance(value, dict):
        own = {value["$ref"].removeprefix("#/schemas/")} if isinstance(value.get("$ref"), str) else set[str]()
        return own.union(*(_names(part) for part in value.values()))
    if isinstance(value, list):
        return set[str]().union(*(_names(part) for part in value))
    return set()


if __name__ == "__main__":
    main()
