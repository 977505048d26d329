"""The code blocks of a model's answer, and the files that they are meant to be.

What is a block says CommonMark (spec.commonmark.org, 4.5 "Fenced code blocks"), read by markdown-it-py. A block names
its file in one of the ways that models have: after the language, in a comment in its first line, or in the line before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from markdown_it.token import Token

NAMES = {
    "bash": "script.sh",
    "c": "main.c",
    "cpp": "main.cpp",
    "csharp": "Program.cs",
    "css": "style.css",
    "csv": "data.csv",
    "dockerfile": "Dockerfile",
    "go": "main.go",
    "html": "index.html",
    "ini": "config.ini",
    "java": "Main.java",
    "javascript": "index.js",
    "json": "data.json",
    "jsx": "App.jsx",
    "kotlin": "Main.kt",
    "makefile": "Makefile",
    "markdown": "README.md",
    "php": "index.php",
    "powershell": "script.ps1",
    "python": "main.py",
    "r": "main.R",
    "ruby": "main.rb",
    "rust": "main.rs",
    "scss": "style.scss",
    "sql": "schema.sql",
    "svg": "image.svg",
    "swift": "main.swift",
    "toml": "config.toml",
    "tsx": "App.tsx",
    "typescript": "index.ts",
    "vue": "App.vue",
    "xml": "data.xml",
    "yaml": "config.yaml",
}
"""What a block of a language is called when it does not say."""

ALIASES = {
    "c++": "cpp",
    "cs": "csharp",
    "c#": "csharp",
    "docker": "dockerfile",
    "golang": "go",
    "htm": "html",
    "js": "javascript",
    "kt": "kotlin",
    "make": "makefile",
    "md": "markdown",
    "mjs": "javascript",
    "ps1": "powershell",
    "py": "python",
    "python3": "python",
    "rb": "ruby",
    "rs": "rust",
    "sass": "scss",
    "sh": "bash",
    "shell": "bash",
    "ts": "typescript",
    "yml": "yaml",
    "zsh": "bash",
}
SUFFIXES = {PurePosixPath(name).suffix.lower(): language for language, name in NAMES.items() if "." in name} | {
    ".cc": "cpp",
    ".cjs": "javascript",
    ".h": "c",
    ".htm": "html",
    ".mjs": "javascript",
    ".yml": "yaml",
}
HINT = 500
"""Characters of a line in which a path is looked for."""
BARE = frozenset({"dockerfile", "makefile", "procfile", "license", "readme", "gemfile", "jenkinsfile", "caddyfile"})
"""Names of files that have no suffix."""

_PATH = r"[\w@()\[\]+.~$-]+(?:[/\\][\w@()\[\]+.~$-]+)*"
_LABEL = r"(?:file\s?name|file\s?path|file|path|title|name)"
_COMMENT = re.compile(
    r"\s*(?:#+|//+|--+|;+|%+|/\*+|<!--|\"{3}|'{3}|\{/\*|REM\b)\s*(.*?)\s*(?:\*+/\}?|-->|\"{3}|'{3})?\s*$"
)
_LABELLED = re.compile(rf"{_LABEL}\s*[:=]\s*[`\"'*]*([^`\"'*]+?)[`\"'*]*\s*$", re.IGNORECASE)
_ATTRIBUTE = re.compile(rf"{_LABEL}\s*[:=]\s*(?:\"([^\"]+)\"|'([^']+)'|(\S+?)\}}?(?=\s|$))", re.IGNORECASE)
_WHOLE_PATH = re.compile(_PATH)
_NUMBERING = re.compile(r"^\s*(?:(?:step\s+)?\d+[.):]\s*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Block:
    """`path` is what the block asks to be called, not checked in any way, None where it does not say."""

    language: str
    path: str | None
    content: str


class Unfinished(ValueError):
    """The text ends inside a block: it was cut off."""


def blocks(text: str) -> list[Block]:
    """The fenced blocks of a text, in their order. Raises `Unfinished`."""
    from markdown_it import MarkdownIt

    text = text.replace("\r\n", "\n").replace("\r", "\n")
    tokens = MarkdownIt("commonmark").disable(["autolink", "entity", "html_inline", "image", "link"]).parse(text)
    lines = text.split("\n")
    found: list[Block] = []
    for number, token in enumerate(tokens):
        if token.type != "fence":
            continue
        if not _is_closed(token, lines):
            raise Unfinished
        found.append(_block(token, _before(tokens, number)))
    return found


def named(found: Iterable[Block]) -> list[tuple[str, Block]]:
    """Each block with its path. One without a hint is called after its language, with a number where that is taken."""
    known = list(found)
    taken = {block.path for block in known if block.path}
    result: list[tuple[str, Block]] = []
    for block in known:
        path = block.path or _free(NAMES.get(block.language, "notes.txt"), taken)
        taken.add(path)
        result.append((path, block))
    return result


def _is_closed(token: Token, lines: Sequence[str]) -> bool:
    assert token.map is not None
    first, end = token.map
    last = lines[end - 1].strip().lstrip("> ")
    return end - first > 1 and last.startswith(token.markup) and not last.strip(token.markup[0])


def _block(token: Token, before: tuple[str, ...]) -> Block:
    language, path = _from_info(token.info)
    content = token.content
    if path is None:
        path, content = _from_first_line(content)
    if path is None:
        path = next((hint for hint in before if _agrees(hint, language)), None)
    if not language and path:
        language = _language_of(path)
    return Block(language, path.replace("\\", "/").removeprefix("./") if path else None, content)


def _from_info(info: str) -> tuple[str, str | None]:
    """Language and path out of "python src/app.py", "python:src/app.py", "python title=…" or "src/app.py"."""
    info = info[:HINT].strip()
    first, _, rest = info.partition(" ")
    attribute = _ATTRIBUTE.search(info)
    if attribute:
        word = "" if attribute.start() == 0 else first
        return _language(word), next(part for part in attribute.groups() if part)
    word, colon, path = first.partition(":")
    if colon and path:
        return _language(word), path
    if _is_path(first) and first.lower() not in NAMES and first.lower() not in ALIASES:
        return _language_of(first), first
    rest = rest.strip().strip("()`\"'")
    return _language(first), rest if _is_path(rest) else None


def _from_first_line(content: str) -> tuple[str | None, str]:
    """The path that a comment in the first line names, and what is left without that line."""
    first, _, rest = content.partition("\n")
    shebang = ""
    if first.startswith("#!"):
        shebang = first + "\n"
        first, _, rest = rest.partition("\n")
    comment = _COMMENT.match(first) if len(first) <= HINT else None
    if not comment:
        return None, content
    said = comment[1].strip("`\"'* ")
    labelled = _LABELLED.match(said)
    path = labelled[1].strip() if labelled else said
    # Without a label only what cannot be a sentence or a heading is taken.
    return (path, shebang + rest) if _is_path(path, sure=not labelled) else (None, content)


def _before(tokens: Sequence[Token], number: int) -> tuple[str, ...]:
    """What the heading or paragraph right before a block may name as its file."""
    inline = tokens[number - 2] if number >= 3 and tokens[number - 1].type.endswith("_close") else None
    if inline is None or inline.type != "inline" or tokens[number - 1].type not in ("paragraph_close", "heading_close"):
        return ()
    children = inline.children or []
    text = "".join("\n" if child.type in ("softbreak", "hardbreak") else child.content for child in children).strip()
    last = _NUMBERING.sub("", text.splitlines()[-1][-HINT:] if text else "").strip().rstrip(":").strip("()[]\"' ")
    labelled = _LABELLED.search(last)
    if labelled and _is_path(labelled[1].strip()):
        return (labelled[1].strip(),)
    if _is_path(last, sure=True):
        return (last,)
    marked = [child.content for child in children if child.type == "code_inline"]
    marked += [children[at + 1].content for at, child in enumerate(children[:-1]) if child.type == "strong_open"]
    paths = list(
        dict.fromkeys(part for part in (one.strip().rstrip(":") for one in marked) if _is_path(part, sure=True))
    )
    return tuple(paths) if len(paths) == 1 else ()


def _is_path(text: str, *, sure: bool = False) -> bool:
    """Whether a text reads as the path of a file. What is unsafe about one is not for here: it is refused later."""
    if not _WHOLE_PATH.fullmatch(text.removeprefix("/")) or len(text) > 300:
        return False
    name = re.split(r"[/\\]", text)[-1]
    stem, dot, suffix = name.rpartition(".")
    if name.lower() in BARE or (name.startswith(".") and len(name) > 1 and name.strip(".")):
        return True
    has_suffix = bool(dot and stem.strip(".") and re.fullmatch(r"[A-Za-z][A-Za-z0-9]{0,9}", suffix))
    return has_suffix or (not sure and bool(re.search(r"[/\\]", text)))


def _agrees(path: str, language: str) -> bool:
    """Whether a block of that language can be that file: prose also names files that a command only uses."""
    known = _language_of(path)
    same = {language, known} <= {"javascript", "jsx", "typescript", "tsx"} or {language, known} <= {"c", "cpp"}
    return not language or language not in NAMES or known == language or same or (not known and language != "bash")


def _language(word: str) -> str:
    word = word.strip("{}.").lower()
    return ALIASES.get(word, word)


def _language_of(path: str) -> str:
    name = PurePosixPath(path.replace("\\", "/")).name.lower()
    return _language(name) if name in ("dockerfile", "makefile") else SUFFIXES.get(PurePosixPath(name).suffix, "")


def _free(name: str, taken: set[Any]) -> str:
    stem, dot, suffix = name.partition(".")
    number, new = 2, name
    while new in taken:
        new, number = f"{stem}_{number}{dot}{suffix}", number + 1
    return new
