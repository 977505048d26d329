"""Markdown as Notion's blocks, in the form in which a request carries them.

Sources: spec.commonmark.org/0.31.2 with the tables and struck text of github.github.com/gfm,
developers.notion.com/reference/block and /reference/request-limits
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from integrations._notion.text import (
    ITEMS_LIMIT,
    RichText,
    chunks,
    is_address,
    parts_of,
    plain_rich_text,
    spans_of,
    stripped,
)
from orchestrator.actions import ServiceError

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.tree import SyntaxTreeNode

Block = dict[str, Any]

MAX_DEPTH = 20
"""How deep lists and quotes may be nested."""

_TO_DO = re.compile(r"\[([ xX])\](?:[ \t]+|$)")
_BREAK = re.compile(r"[ \t]*<br\s*/?>[ \t]*", re.IGNORECASE)

_LANGUAGE_NAMES = """
    abap abc agda arduino assembly bash basic bnf c c# c++ clojure coffeescript coq css dart dhall diff docker ebnf
    elixir elm erlang f# flow fortran gherkin glsl go graphql groovy haskell hcl html idris java javascript json julia
    kotlin latex less lisp livescript lua makefile markdown markup matlab mathematica mermaid nix objective-c ocaml
    pascal perl php powershell prolog protobuf purescript python r racket reason ruby rust sass scala scheme scss shell
    smalltalk solidity sql swift toml typescript vb.net verilog vhdl webassembly xml yaml
"""
LANGUAGES = frozenset(_LANGUAGE_NAMES.split()) | {
    "ascii art",
    "llvm ir",
    "notion formula",
    "plain text",
    "visual basic",
}
_OTHER_NAMES = {
    "console": "shell",
    "cpp": "c++",
    "cs": "c#",
    "csharp": "c#",
    "dockerfile": "docker",
    "fsharp": "f#",
    "golang": "go",
    "hs": "haskell",
    "js": "javascript",
    "jsx": "javascript",
    "kt": "kotlin",
    "make": "makefile",
    "md": "markdown",
    "objc": "objective-c",
    "ps1": "powershell",
    "py": "python",
    "rb": "ruby",
    "rs": "rust",
    "sh": "shell",
    "tex": "latex",
    "ts": "typescript",
    "tsx": "typescript",
    "vb": "visual basic",
    "wasm": "webassembly",
    "yml": "yaml",
    "zsh": "shell",
}


def blocks(markdown: str) -> list[Block]:
    """The blocks of a text. Raises `ServiceError` for one that is nested too deep."""
    from markdown_it.tree import SyntaxTreeNode

    found = list(_blocks(SyntaxTreeNode(_parser().parse(markdown)).children))
    if _depth(found) > MAX_DEPTH:
        raise ServiceError(
            f"The content has lists or quotes inside each other more than {MAX_DEPTH} deep.",
            remedy="Write it with fewer levels.",
        )
    return found


def rich_text(markdown: str) -> RichText:
    """A text without blocks, such as a comment: its lines stay lines, and only words have a style."""
    from markdown_it.tree import SyntaxTreeNode

    root = SyntaxTreeNode(_parser().parseInline(markdown))
    return chunks(spans_of(root.children[0].children if root.children else []))


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    # Each level of a list takes two of the parser's, and what lies beyond its last one is lost without a word.
    options = {"html": False, "maxNesting": 5 * MAX_DEPTH}
    return MarkdownIt("commonmark", options).enable(["table", "strikethrough"])


def _depth(found: Iterable[Block]) -> int:
    return max((1 + _depth(children_of(block)) for block in found), default=0)


def children_of(block: Mapping[str, Any]) -> list[Block]:
    return block[block["type"]].get("children", [])


def _block(kind: str, **content: Any) -> Block:
    return {"type": kind, kind: content}


def _blocks(nodes: Iterable[SyntaxTreeNode]) -> Iterator[Block]:
    for node in nodes:
        match node.type:
            case "heading":
                yield from _text_blocks(f"heading_{min(int(node.tag[1]), 4)}", _inline(node))
            case "paragraph":
                yield from _paragraph(_inline(node))
            case "bullet_list" | "ordered_list":
                kind = "bulleted_list_item" if node.type == "bullet_list" else "numbered_list_item"
                for item in node.children:
                    yield from _list_item(kind, item)
            case "blockquote":
                yield from _quote(node)
            case "fence" | "code_block":
                yield from _code(node)
            case "table":
                yield _table(node)
            case "hr":
                yield _block("divider")
            case _:  # what is new in the parser is not lost, but shown as it was typed
                yield from _text_blocks("paragraph", [_text_node(node.content)])


def _inline(node: SyntaxTreeNode) -> list[SyntaxTreeNode]:
    """What stands in a heading, paragraph or cell."""
    return [part for inline in node.children for part in inline.children]


def _paragraph(nodes: list[SyntaxTreeNode]) -> Iterator[Block]:
    """Images stand between the text before and the text after them."""
    text: list[SyntaxTreeNode] = []
    for node in nodes:
        if _is_image(node):
            yield from _paragraph_text(text)
            text = []
            yield _image(node)
        else:
            text.append(node)
    yield from _paragraph_text(text)


def _paragraph_text(nodes: list[SyntaxTreeNode]) -> Iterator[Block]:
    if stripped(spans_of(nodes)):
        yield from _text_blocks("paragraph", nodes)


def _text_blocks(kind: str, nodes: list[SyntaxTreeNode], children: Iterable[Block] = (), **more: Any) -> list[Block]:
    """A block of text. What it cannot hold follows it: images, and the rest of a very long text as paragraphs."""
    parts = parts_of(chunks(stripped(spans_of(node for node in nodes if not _is_image(node)))))
    inside = [*(_image(node) for node in nodes if _is_image(node)), *children]
    content = {"rich_text": parts[0], **more}
    if inside and not kind.startswith("heading"):
        content["children"] = inside
        inside = []
    return [_block(kind, **content), *(_block("paragraph", rich_text=part) for part in parts[1:]), *inside]


def _list_item(kind: str, item: SyntaxTreeNode) -> list[Block]:
    nodes, children = _first_paragraph(item)
    to_do = _TO_DO.match(_source(item)) if nodes else None
    if to_do is None:
        return _text_blocks(kind, nodes, _blocks(children))
    start = nodes[0].content[to_do.end() :]
    nodes = [*([_text_node(start)] if start else []), *nodes[1:]]
    return _text_blocks("to_do", nodes, _blocks(children), checked=to_do[1] != " ")


def _text_node(text: str) -> SyntaxTreeNode:
    from markdown_it.token import Token
    from markdown_it.tree import SyntaxTreeNode

    return SyntaxTreeNode([Token("text", "", 0, content=text)]).children[0]


def _source(item: SyntaxTreeNode) -> str:
    """How the first paragraph of an item was typed: a box that was escaped is none."""
    return item.children[0].children[0].content


def _quote(node: SyntaxTreeNode) -> list[Block]:
    nodes, children = _first_paragraph(node)
    return _text_blocks("quote", nodes, _blocks(children))


def _first_paragraph(node: SyntaxTreeNode) -> tuple[list[SyntaxTreeNode], list[SyntaxTreeNode]]:
    if node.children and node.children[0].type == "paragraph":
        return _inline(node.children[0]), node.children[1:]
    return [], node.children


def _code(node: SyntaxTreeNode) -> Iterator[Block]:
    said = node.info.strip().lower()
    first = said.split()[0] if said else ""
    names = (said, first, _OTHER_NAMES.get(first, ""), "plain text")
    language = next(name for name in names if name in LANGUAGES)
    for part in parts_of(plain_rich_text(node.content.removesuffix("\n"))):
        yield _block("code", rich_text=part, language=language)


def _table(node: SyntaxTreeNode) -> Block:
    rows = [row for part in node.children for row in part.children]
    width = len(rows[0].children)
    made = [_block("table_row", cells=[_cell(cell) for cell in row.children]) for row in rows]
    return _block("table", table_width=width, has_column_header=True, has_row_header=False, children=made)


def _cell(cell: SyntaxTreeNode) -> RichText:
    spans = [(_BREAK.sub("\n", text), style, href) for text, style, href in spans_of(_inline(cell))]
    items = chunks(spans)
    if len(items) > ITEMS_LIMIT:  # it keeps its words, and not their styles
        items = plain_rich_text("".join(text for text, _, _ in spans))
    return items[:ITEMS_LIMIT]


def _is_image(node: SyntaxTreeNode) -> bool:
    return node.type == "image" and is_address(str(node.attrs["src"]), ("http://", "https://"))


def _image(node: SyntaxTreeNode) -> Block:
    caption = node.content.strip()
    content: dict[str, Any] = {"type": "external", "external": {"url": str(node.attrs["src"])}}
    return _block("image", **content, **({"caption": plain_rich_text(caption)} if caption else {}))
