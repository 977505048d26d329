"""What Notion takes, as a JSON Schema: made from the types of its own JavaScript client.

    python scripts/notion_schema.py

Writes tests/integrations/schemas/notion.json, by which the tests check each request that the connector sends. Needs
npm, and the network for the two packages below. Run it again after a new version of Notion's API.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from pathlib import Path

CLIENT = "5.26.0"
PACKAGES = (f"@notionhq/client@{CLIENT}", "ts-json-schema-generator@2.4.0")
OUT = Path(__file__).parent.parent / "tests" / "integrations" / "schemas" / "notion.json"

BODIES = {
    "POST /v1/pages": ("pages", "CreatePageBodyParameters"),
    "PATCH /v1/pages/{id}": ("pages", "UpdatePageBodyParameters"),
    "PATCH /v1/blocks/{id}/children": ("blocks", "AppendBlockChildrenBodyParameters"),
    "POST /v1/data_sources/{id}/query": ("data-sources", "QueryDataSourceBodyParameters"),
    "POST /v1/comments": ("comments", "CreateCommentBodyParameters"),
    "POST /v1/search": ("search", "SearchBodyParameters"),
}
"""The type of each request's body, and the file of the client that declares it."""


def generate(folder: Path) -> dict[str, object]:
    """The schema: one property for each of BODIES. `folder` is empty and may be written to."""
    subprocess.run(["npm", "install", "--silent", "--no-audit", *PACKAGES], cwd=folder, check=True)
    types = folder / "types"
    types.mkdir()
    for file in (folder / "node_modules/@notionhq/client/build/src/api-endpoints").glob("*.d.ts"):
        # The bodies are types that their file keeps for itself.
        (types / file.name).write_text(re.sub(r"^type ", "export type ", file.read_text(), flags=re.MULTILINE))
    lines = [f'import type {{ {type_} }} from "./{file}";' for file, type_ in BODIES.values()]
    members = [f'  "{endpoint}": {type_};' for endpoint, (_, type_) in BODIES.items()]
    (types / "bodies.ts").write_text("\n".join([*lines, "export interface Bodies {", *members, "}", ""]))
    options = {"strict": True, "module": "nodenext", "moduleResolution": "nodenext", "skipLibCheck": True, "types": []}
    (folder / "tsconfig.json").write_text(json.dumps({"compilerOptions": options, "include": ["types/*.ts"]}))
    generator = "node_modules/.bin/ts-json-schema-generator"
    asked = ["--path", "types/bodies.ts", "--type", "Bodies", "--tsconfig", "tsconfig.json"]
    more = ["--expose", "all", "--no-top-ref", "--no-type-check", "--minify"]
    answer = subprocess.run([generator, *asked, *more], cwd=folder, check=True, capture_output=True, text=True)
    return json.loads(answer.stdout)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        schema = generate(Path(folder))
    made = {"$comment": f"Made by scripts/notion_schema.py from the types of @notionhq/client {CLIENT}.", **schema}
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(made, separators=(",", ":"), sort_keys=True) + "\n", "utf-8")


if __name__ == "__main__":
    main()
