"""Comments on a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from integrations._notion.connection import listed, talking
from integrations._notion.connector import NotionAccount, notion
from integrations._notion.content import (
    mark_of,
    signature,
)
from integrations._notion.from_markdown import rich_text
from integrations._notion.models import (
    Comment,
    CommentPage,
    Comments,
    ListComments,
)
from integrations._notion.places import LOOK_AT, Place, place, plain_text
from integrations._notion.text import plain_rich_text
from integrations._notion.to_markdown import inline
from orchestrator.actions import Call, EffectUnknown, Plan, placeholder


@notion.action("Comment on a page", effect="write", result=Comment)
def comment(p: CommentPage, account: NotionAccount, call: Call) -> Comment:
    with talking(account, call.timeout) as client:
        page = place(client, p.page, "page")
        text = _comment_text(p.text, mark_of(call.key))
        call.sending()
        made = client.comments.create(parent={"type": "page_id", "page_id": page.id}, rich_text=text)
        call.log(f"Commented on the page '{page.title}'.")
        if "rich_text" in made:
            return _comment(page, made)
        # An integration may have the right to write comments and not to read them: then this is all that it is told.
        return Comment(id=made["id"], text=p.text, author="", created="", discussion="", url=page.url)


@comment.preview
def _(p: CommentPage, account: NotionAccount) -> Plan:
    return Plan(
        summary=f"Comment on the page '{p.page}'.",
        request={"page": p.page, "text": f"{p.text}\n\n{signature(placeholder('mark'))}"},
        result=Comment(
            id=placeholder("comment id"),
            text=p.text,
            author=placeholder("author"),
            created=placeholder("time"),
            discussion=placeholder("discussion"),
            url=placeholder("comment link"),
        ),
    )


@comment.find
def _(p: CommentPage, account: NotionAccount, call: Call) -> Comment | None:
    words = signature(mark_of(call.key))
    with talking(account, call.timeout) as client:
        page = place(client, p.page, "page")
        listing = listed(client.comments.list, LOOK_AT, block_id=page.id)
        for item in listing.items:
            if plain_text(item["rich_text"]).endswith(words):
                return _comment(page, item)
        if listing.more:
            raise EffectUnknown(
                f"There are too many comments on '{page.title}' to see whether this one was written already.",
                remedy="Look for the comment in Notion, then skip the step or run it again.",
            )
    return None


@notion.action("Read comments", effect="read", result=Comments)
def list_comments(p: ListComments, account: NotionAccount, call: Call) -> Comments:
    with talking(account, call.timeout) as client:
        page = place(client, p.page, "page")
        listing = listed(client.comments.list, p.limit, block_id=page.id)
        return Comments(comments=[_comment(page, item) for item in listing.items], more=listing.more)


def _comment(page: Place, item: Mapping[str, Any]) -> Comment:
    text = item["rich_text"]
    is_signed = bool(text) and text[-1]["plain_text"].strip().startswith(signature(""))
    separator = "&" if "?" in page.url else "?"
    return Comment(
        id=item["id"],
        text=inline(text[:-1] if is_signed else text),
        author=item["created_by"]["id"],
        created=item["created_time"],
        discussion=item["discussion_id"],
        url=f"{page.url}{separator}d={item['discussion_id'].replace('-', '')}",
    )


def _comment_text(text: str, mark: str) -> list[dict[str, Any]]:
    words = rich_text(text)
    if len(words) >= 100:  # all that Notion takes: it keeps its words, and not their styles
        words = plain_rich_text(text)
    return [*words, {"type": "text", "text": {"content": f"\n\n{signature(mark)}"}, "annotations": {"color": "gray"}}]
