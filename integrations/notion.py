"""Notion: search, read pages and rows, make pages, add to them, change them, comment on them.

Source: developers.notion.com/reference, API version 2026-03-11, through notion-client. The actions lie in
`integrations/_notion/`.

Notion has no client token that would keep a write single. So each write that must be single ends in one small grey
line, "Made by Patchbay · 3f9a…", whose last word is a hash of the effect's key. It goes out in the same request as the
content, so neither is ever there without the other; it survives edits to the title or the text above it; it tells a
reader where the page came from. It is looked up where it must be, in the rows of the data source, on the page or among
its comments, not in Notion's search index, which lags behind. Changing a page twice to the same values is harmless.
"""

from __future__ import annotations

from typing import Any

from integrations._notion.changing import update_page
from integrations._notion.comments import comment, list_comments
from integrations._notion.connection import talking
from integrations._notion.connector import NotionAccount, notion
from integrations._notion.making import append, create_page
from integrations._notion.models import (
    Append,
    CommentPage,
    CreatePage,
    ListComments,
    QueryDataSource,
    ReadPage,
    Search,
    UpdatePage,
)
from integrations._notion.reading import databases, pages, query_data_source, read_page, search

__all__ = [
    "Append",
    "CommentPage",
    "CreatePage",
    "ListComments",
    "NotionAccount",
    "QueryDataSource",
    "ReadPage",
    "Search",
    "UpdatePage",
    "append",
    "check",
    "comment",
    "create_page",
    "databases",
    "list_comments",
    "notion",
    "pages",
    "query_data_source",
    "read_page",
    "search",
    "update_page",
]


@notion.check
def check(account: NotionAccount) -> str:
    with talking(account) as client:
        me: Any = client.users.me()
        return " · ".join(name for name in (me["name"], me["bot"].get("workspace_name")) if name)
