"""Markdown to Notion's blocks and back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations._notion.from_markdown import blocks, children_of, rich_text
from integrations._notion.to_markdown import inline, markdown_of, text_of

Block = dict[str, Any]


def link_to(id: str) -> str:
    return f"https://notion.test/{id}"


def there_and_back(markdown: str) -> str:
    return markdown_of(blocks(markdown), link_to)


def text(content: str, *styles: str, href: str | None = None) -> dict[str, Any]:
    item: dict[str, Any] = {"type": "text", "text": {"content": content}}
    if href:
        item["text"]["link"] = {"url": href}
    if styles:
        item["annotations"] = dict.fromkeys(sorted(styles), True)
    return item


def block(kind: str, *items: dict[str, Any], **content: Any) -> Block:
    return {"type": kind, kind: {"rich_text": list(items), **content}}


def shape(found: list[Block]) -> list[Any]:
    """Kinds, words and nesting, without styles."""
    return [
        (item["type"], text_of(item[item["type"]].get("rich_text", [])), shape(children_of(item))) for item in found
    ]


def units(content: str) -> int:
    return len(content.encode("utf-16-le")) // 2


class TestThereAndBack:
    @pytest.mark.parametrize(
        "markdown",
        [
            "One paragraph",
            "Two lines\nof one paragraph",
            "One\n\nTwo",
            "# A\n\n## B\n\n### C\n\n#### D",
            "- a\n- b\n  - c\n    - d\n- e",
            "1. a\n2. b\n   1. c\n3. d",
            "- a\n\n1. b",
            "- [ ] open\n- [x] done\n  - [ ] inside",
            "- a\n\n  more of a\n- b",
            "- a\n\n  ```python\n  x = 1\n  ```",
            "> a quote\n> of two lines\n>\n> - with a list",
            "```python\ndef f():\n\n    return 1\n```",
            "````\n```\n````",
            "| A | B |\n| --- | --- |\n| 1 | **2** |\n| x\\|y |  |",
            "![A picture](https://example.test/a.png)",
            "Before\n\n---\n\nAfter",
            "**bold** *italic* ~~struck~~ `code` ***both***",
            "[a link](https://example.test/a) and [**bold**](https://example.test/b)",
            "[write](mailto:ana@example.test)",
            "Costs $5$ and \\*stars\\* and \\[brackets\\]",
            "snake_case_name, 2 < 3 & 4 > 3",
            "\\# no heading\n\\- no list\n1\\. no number",
            "$$\nE = mc^2\n$$",
        ],
    )
    def test_is_the_same_text(self, markdown: str) -> None:
        assert there_and_back(markdown) == markdown

    @pytest.mark.parametrize(
        ("written", "tidy"),
        [
            ("* a\n* b", "- a\n- b"),
            ("1) a\n1) b", "1. a\n2. b"),
            ("A\n===", "# A"),
            ("###### deep", "#### deep"),
            ("__bold__ and _italic_", "**bold** and *italic*"),
            ("***", "---"),
            ("    code", "```\ncode\n```"),
            ("~~~js\nx\n~~~", "```javascript\nx\n```"),
            ("```nonsense\nx\n```", "```\nx\n```"),
            ("See https://example.test/a_b.", "See <https://example.test/a_b>."),
            ("A ![pic](https://example.test/a.png) B", "A\n\n![pic](https://example.test/a.png)\n\nB"),
            ("[here](/other/page)", "here (/other/page)"),
            ("![x](file.png)", "x"),
            ("[x](http://[bad) and https:///nowhere", "x (http://%5Bbad) and https:///nowhere"),
            ("Line  \nbreak", "Line\nbreak"),
            ("| a |\n|---|\n| x<br>y |", "| a |\n| --- |\n| x<br>y |"),
            ("<b>x</b>", "\\<b>x\\</b>"),
            ("", ""),
            ("\n \n", ""),
        ],
    )
    def test_other_ways_to_write_it_become_one(self, written: str, tidy: str) -> None:
        assert there_and_back(written) == tidy
        assert there_and_back(tidy) == tidy


WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=12)
LINES = st.lists(WORDS, min_size=1, max_size=4).map(" ".join)
SIMPLE = st.text("abcdeföß漢字 .", min_size=1, max_size=10).map(str.strip).filter(bool)
STYLES = st.sets(st.sampled_from(["bold", "italic", "strikethrough", "code"]), max_size=3)
LINKS = st.sampled_from([None, "https://example.test/a", "https://example.test/b_(c)?d=e&f=*g*"])


@st.composite
def styled_words(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Words in styles, with plain blanks between them."""
    items: list[dict[str, Any]] = []
    for word in draw(st.lists(st.tuples(SIMPLE, STYLES, LINKS), min_size=1, max_size=5)):
        items += [text(" "), text(word[0], *word[1], href=word[2])]
    return rich_text(inline(items[1:]))  # neighbours of one style are one


@st.composite
def trees(draw: st.DrawFn, items: st.SearchStrategy[list[dict[str, Any]]], depth: int = 3) -> list[Block]:
    made: list[Block] = []
    kinds = ["paragraph", "heading_1", "heading_3", "bulleted_list_item", "numbered_list_item", "to_do", "quote"]
    for kind in draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=4)):
        found = block(kind, *draw(items))
        if kind == "to_do":
            found[kind]["checked"] = draw(st.booleans())
        may_hold = kind in ("bulleted_list_item", "numbered_list_item", "to_do", "quote")
        if may_hold and depth and (children := draw(st.one_of(st.just([]), trees(items, depth - 1)))):
            found[kind]["children"] = children
        made.append(found)
    return made


def test_blanks_around_the_text_of_an_item_do_not_part_it_from_what_it_holds() -> None:
    item = block("bulleted_list_item", text(" One "))
    item["bulleted_list_item"]["children"] = [block("paragraph", text("Two"))]
    assert markdown_of([item], link_to) == "- One\n\n  Two"


class TestAnything:
    @given(st.lists(LINES, min_size=1, max_size=3).map("\n".join), STYLES, LINKS)
    def test_keeps_its_words(self, content: str, styles: set[str], href: str | None) -> None:
        found = [block("paragraph", text("before "), text(content, *styles, href=href), text(" after"))]

        again = blocks(markdown_of(found, link_to))

        def words(all_: list[Block]) -> str:
            return " ".join("".join(text_of(item["paragraph"]["rich_text"]) for item in all_).split())

        assert [item["type"] for item in again] == ["paragraph"]
        assert words(again) == words(found)

    @given(st.lists(st.tuples(SIMPLE, STYLES, LINKS), min_size=1, max_size=5))
    def test_keeps_its_styles(self, words: list[tuple[str, set[str], str | None]]) -> None:
        spaced = [item for word, styles, href in words for item in (text(word, *styles, href=href), text(" "))]

        again = rich_text(inline(spaced[:-1]))

        def letters(items: list[dict[str, Any]]) -> list[Any]:
            return [
                (letter, item.get("annotations"), item["text"].get("link"))
                for item in items
                for letter in item["text"]["content"]
                if letter != " "
            ]

        assert letters(again) == letters(spaced)

    @pytest.mark.timeout(300)  # many examples
    @given(trees(styled_words()))
    @settings(max_examples=150)
    def test_comes_back_as_it_was(self, found: list[Block]) -> None:
        assert blocks(markdown_of(found, link_to)) == found

    @given(trees(LINES.filter(lambda line: line.strip() and "://" not in line).map(lambda line: [text(line)])))
    @settings(max_examples=150)
    def test_keeps_its_shape(self, found: list[Block]) -> None:
        once = blocks(markdown_of(found, link_to))

        def kinds(all_: list[Block]) -> list[Any]:
            return [(item["type"], kinds(children_of(item))) for item in all_]

        assert kinds(once) == kinds(found)
        assert shape(blocks(markdown_of(once, link_to))) == shape(once)

    @given(st.text(max_size=200))
    @settings(max_examples=200)
    def test_that_was_typed_settles_at_once(self, markdown: str) -> None:
        once = there_and_back(markdown)

        assert shape(blocks(once)) == shape(blocks(there_and_back(once)))
