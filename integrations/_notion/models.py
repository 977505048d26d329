"""What Notion's actions are given, and what they give."""

from __future__ import annotations

from typing import Any, Literal

from integrations._notion.text import TEXT_LIMIT
from orchestrator.actions import Params, Result, field

COMMENT_LIMIT = 50_000
"""Characters of a comment, which Notion takes in at most 100 pieces."""


class Found(Result):
    id: str = field("Id")
    kind: Literal["page", "data_source"] = field("Kind")
    title: str = field("Title")
    url: str = field("Link")
    edited: str = field("Last edited", description="UTC, as 2026-11-21T09:30:00.000Z.")


class SearchResult(Result):
    found: list[Found] = field("Found", description="Last edited first.")
    more: bool = field("More", default=False, description="Whether there is more than was asked for.")


class Row(Result):
    id: str = field("Id")
    title: str = field("Title")
    url: str = field("Link")
    properties: dict[str, Any] = field("Properties", description="Plain values by column.")


class Rows(Result):
    rows: list[Row] = field("Rows")
    more: bool = field("More", default=False, description="Whether there are more than were asked for.")


class PageText(Row):
    markdown: str = field("Content", description="As Markdown. Pages inside it are links.")
    truncated: bool = field("Cut off", description="Whether the page goes on: its first 2,000 blocks are read.")
    left_out: list[str] = field("Left out", description="Kinds of blocks that Markdown has no word for.")


class Page(Result):
    id: str = field("Id")
    title: str = field("Title")
    url: str = field("Link")


class Added(Page):
    url: str = field("Link", description="Leads to the first block that was added.")
    blocks: list[str] = field("Blocks", description="The ids of what was added, in their order.")


class Changed(Page):
    in_trash: bool = field("In the trash")


class Comment(Result):
    id: str = field("Id")
    text: str = field("Text", description="As Markdown.")
    author: str = field("Author", description="The id of the person or integration.")
    created: str = field("Made", description="UTC, as 2026-11-21T09:30:00.000Z.")
    discussion: str = field("Discussion", description="The id of the thread.")
    url: str = field("Link")


class Comments(Result):
    comments: list[Comment] = field("Comments", description="Oldest first. Those that are resolved are not shown.")
    more: bool = field("More", default=False, description="Whether there are more than were asked for.")


class Search(Params):
    """Find pages and databases whose title holds some words."""

    query: str = field("Words in the title", default="", description="Empty finds everything.")
    kind: Literal["any", "page", "data_source"] = field("What to find", default="any")
    limit: int = field("At most", default=20, ge=1, le=500)


class ReadPage(Params):
    """Read a page: its text as Markdown, and the values of its row."""

    page: str = field("Page", picker="notion.pages", description="Its title, its link or its id.", min_length=1)


class QueryDataSource(Params):
    """Read rows of a database, filtered and sorted."""

    data_source: str = field("Database", picker="notion.databases", description="Its title, its link or its id.")
    filter: dict[str, Any] | None = field(
        "Filter",
        default=None,
        widget="json",
        description="As in Notion's API.",
        examples=[{"property": "Status", "status": {"does_not_equal": "Done"}}],
    )
    sort: list[dict[str, Any]] = field(
        "Sort",
        default=[],
        widget="json",
        description="As in Notion's API. Newest first when empty.",
        examples=[[{"property": "Due", "direction": "ascending"}]],
    )
    limit: int = field("At most", default=50, ge=1, le=1000)


class CreatePage(Params):
    """Make a page: a row of a database, or a page inside a page."""

    parent: str = field(
        "Where",
        picker="notion.databases",
        description="Title, link or id of a database or page.",
        examples=["Inbox summaries"],
        min_length=1,
    )
    title: str = field("Title", min_length=1, max_length=TEXT_LIMIT)
    markdown: str = field("Content", default="", widget="markdown")
    properties: dict[str, Any] = field(
        "Properties",
        default={},
        widget="json",
        description="Values by column, for a row of a database.",
        examples=[{"Status": "Done", "Due": "2026-12-01", "Tags": ["mail"]}],
    )


class Append(Params):
    """Add content at the end of a page."""

    page: str = field("Page", picker="notion.pages", description="Its title, its link or its id.", min_length=1)
    markdown: str = field("Content", widget="markdown", min_length=1)


class UpdatePage(Params):
    """Change a page: its title, the values of its row, or put it into the trash and take it out again."""

    page: str = field(
        "Page",
        picker="notion.pages",
        description="Its title, its link or its id. A page in the trash is found by link or id alone.",
        min_length=1,
    )
    title: str = field("New title", default="", description="Empty keeps it.", max_length=TEXT_LIMIT)
    properties: dict[str, Any] = field(
        "Properties",
        default={},
        widget="json",
        description="New values by column, for a row of a database. What is not named stays; null empties a column.",
        examples=[{"Status": "Done", "Due": None}],
    )
    trash: Literal["keep", "move", "restore"] = field(
        "Trash", default="keep", description="Leave the page where it is, move it to the trash, or restore it."
    )


class CommentPage(Params):
    """Write a comment on a page."""

    page: str = field("Page", picker="notion.pages", description="Its title, its link or its id.", min_length=1)
    text: str = field("Comment", widget="markdown", min_length=1, max_length=COMMENT_LIMIT)


class ListComments(Params):
    """Read the comments on a page that are not resolved."""

    page: str = field("Page", picker="notion.pages", description="Its title, its link or its id.", min_length=1)
    limit: int = field("At most", default=100, ge=1, le=1000)
