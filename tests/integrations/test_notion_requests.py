"""What the connector sends is what Notion's own client declares: `schemas/notion.json`, by scripts/notion_schema.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from integrations.notion import (
    Append,
    CommentPage,
    CreatePage,
    NotionAccount,
    QueryDataSource,
    Search,
    UpdatePage,
    append,
    comment,
    create_page,
    query_data_source,
    search,
    update_page,
)
from tests.integrations.notion_wire import Sent, Wire, do, ensure_as_notion_says, find, watched

EVERYTHING = """\
# One

## Two

### Three

#### Four

Text with **bold**, *italic*, ~~struck~~, `code`, [a link](https://example.test) and <https://example.test/b>.
A second line, and $x^2$.

- one
  - two
    - three
      - four
        1. five

          ```python
          x = 1
          ```

          | A | B |
          | --- | --- |
          | **1** | 2 |

- [x] done
- [ ] open

> a quote
>
> - with a list

![a picture](https://example.test/a.png)

```nonsense
x
```

| A | B |
| --- | --- |
| 1 | a<br>b |

---
"""


@pytest.fixture
def account(practice: Any) -> NotionAccount:
    return NotionAccount(base_url=f"{practice.url}/notion", token="practice")


@pytest.fixture
def wire(practice: Any, server: Any) -> Iterator[Wire]:
    with watched(server[1]) as wire:
        yield wire


def test_every_request_is_as_notion_says(account: NotionAccount, wire: Wire) -> None:
    properties = {"Status": "Done", "Due": "2026-12-01", "Priority": "High"}
    row = CreatePage(parent="Tasks", title="x", markdown=EVERYTHING, properties=properties)
    added = Append(page="Onboarding", markdown=EVERYTHING)
    said = CommentPage(page="Onboarding", text="Looks **good**\n\n[here](https://example.test)")

    made = do(create_page, row, account)
    do(create_page, CreatePage(parent="Team handbook", title="x"), account)
    do(append, added, account)
    do(comment, said, account)
    do(update_page, UpdatePage(page=made.id, title="y", properties={"Due": None, "Status": "Done"}), account)
    do(update_page, UpdatePage(page=made.id, trash="move"), account)
    do(update_page, UpdatePage(page=made.id, trash="restore"), account)
    do(search, Search(query="x", kind="page", limit=500), account)
    due = {"property": "Due", "date": {"past_week": {}}}
    first = [{"property": "Due", "direction": "ascending"}]
    do(query_data_source, QueryDataSource(data_source="Tasks", filter=due, sort=first), account)
    for action, asked in ((create_page, row), (append, added), (comment, said)):
        find(action, asked, account)

    assert {sent.endpoint for sent in wire.sent if not sent.endpoint.startswith("GET")} == {
        "POST /v1/pages",
        "PATCH /v1/pages/{id}",
        "PATCH /v1/blocks/{id}/children",
        "POST /v1/data_sources/{id}/query",
        "POST /v1/comments",
        "POST /v1/search",
    }


@pytest.mark.parametrize(
    ("endpoint", "body"),
    [
        ("POST /v1/pages", {"title": "x"}),
        ("POST /v1/pages", {"properties": {"Due": {"date": "2026-12-01"}}}),
        ("PATCH /v1/pages/{id}", {"in_trash": "yes"}),
        ("PATCH /v1/blocks/{id}/children", {"children": [{"poem": {}}]}),
        ("PATCH /v1/blocks/{id}/children", {"children": [{"code": {"rich_text": [], "language": "klingon"}}]}),
        ("POST /v1/data_sources/{id}/query", {"sorts": [{"property": "Due"}]}),
        ("POST /v1/comments", {"parent": {"page_id": "x"}}),
        ("POST /v1/search", {"filter": {"property": "object", "value": "database"}}),
    ],
)
def test_another_request_is_not(endpoint: str, body: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        ensure_as_notion_says(Sent(endpoint, "", body))
