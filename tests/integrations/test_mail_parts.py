"""The parts that Gmail and e-mail share: what is written into a mail, and what is made of one that comes."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.policy import default
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from integrations._mail_compose import KEY_HEADER, Answered, compose, digest, message_id
from integrations._mail_imap import MailId
from integrations._mail_parts import from_base64, parts_of
from integrations._mail_smtp import _lines
from integrations._mail_text import decoded, header_lines, made_plain, made_safe, name_and_address
from orchestrator.actions import ServiceError
from orchestrator.file_names import LONGEST, safe_names, safe_path


def written(**values: Any) -> Any:
    return SimpleNamespace(**{"body": "Hi", "html": "", "cc": [], "bcc": [], "attachments": [], **values})


def sent(**values: Any) -> Any:
    """The mail as whoever gets it reads it."""
    message = compose(written(), "key", **{"to": ["ana@example.com"], "subject": "Hi", **values})
    return message_from_bytes(message.as_bytes(), policy=default)


class TestWhatIsSent:
    def test_it_is_marked_twice_with_what_only_this_effect_has(self) -> None:
        message = sent()
        assert message["Message-ID"] == message_id("key") != message_id("other")
        assert message[KEY_HEADER] == digest("key")

    @given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=300))
    def test_any_subject_arrives_on_one_line(self, subject: str) -> None:
        line = " ".join(subject.split())
        assert " ".join(sent(subject=line)["Subject"].split()) == line

    @given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
    def test_it_is_plain_ascii_on_the_wire_with_no_line_too_long(self, body: str) -> None:
        content = compose(written(body=body), "key", to=["ana@example.com"], subject=body[:1].strip()).as_bytes()
        assert content.isascii()
        assert max(map(len, content.split(b"\r\n"))) <= 998

    def test_references_keep_the_first_and_the_last_when_they_are_many(self) -> None:
        names = " ".join(f"<{number}@example.com>" for number in range(200))
        message = sent(answered=Answered({"references": names, "message-id": "<last@example.com>"}))
        kept = message["References"].split()
        assert (kept[0], kept[-1]) == ("<0@example.com>", "<last@example.com>")
        assert len(message["References"]) <= 800
        assert message["In-Reply-To"] == "<last@example.com>"

    def test_a_long_message_id_is_left_whole(self) -> None:
        name = f"<{'x' * 300}@example.com>"
        content = compose(
            written(), "key", to=["a@example.com"], subject="Hi", answered=Answered({"message-id": name})
        ).as_bytes()
        assert f"In-Reply-To: {name}".encode() in content

    @pytest.mark.parametrize(
        ("subject", "answer"),
        [("Lamps", "Re: Lamps"), ("RE: Lamps", "RE: Lamps"), ("=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "Re: Grüße"), ("", "Re:")],
    )
    def test_the_subject_of_an_answer(self, subject: str, answer: str) -> None:
        assert Answered({"subject": subject}).subject == answer

    @pytest.mark.parametrize(
        ("headers", "to"),
        [
            ({"from": "Ana <ana@x.example>"}, ["Ana <ana@x.example>"]),
            ({"from": "ana@x.example", "reply-to": "desk@x.example, b@x.example"}, ["desk@x.example", "b@x.example"]),
            ({"from": '"Soto, Ana" <ana@x.example>'}, ['"Soto, Ana" <ana@x.example>']),
        ],
    )
    def test_an_answer_goes_to(self, headers: dict[str, str], to: list[str]) -> None:
        assert Answered(headers).writer() == to


class TestLinesOfSmtp:
    @pytest.mark.parametrize(
        ("content", "lines"),
        [
            (b"a\n.b\n", b"a\r\n..b\r\n.\r\n"),
            (b".a", b"..a\r\n.\r\n"),
            (b"a\r\n\r\n.\r\nb\r\n", b"a\r\n\r\n..\r\nb\r\n.\r\n"),
        ],
    )
    def test_a_dot_alone_ends_only_the_mail(self, content: bytes, lines: bytes) -> None:
        assert _lines(content) == lines


class TestNamesOfFiles:
    @example([("0\xa0", "application/pdf")])
    @given(st.lists(st.tuples(st.text(max_size=400), st.sampled_from(["application/pdf", "x/y", ""])), max_size=8))
    def test_every_name_is_a_path_in_the_folder_and_its_own(self, names: list[tuple[str, str]]) -> None:
        safe = list(safe_names(names))
        assert len({name.casefold() for name in safe}) == len(names)
        for name in safe:
            assert "/" not in name
            assert safe_path(f"attachments/{name}") == f"attachments/{name}"
            assert len(name.encode()) <= LONGEST + 10

    @pytest.mark.parametrize("name", ["report.md", "Größe.pdf", "報告書 2026.docx", "a.tar.gz"])
    def test_an_honest_name_stays(self, name: str) -> None:
        assert list(safe_names([(name, "x/y")])) == [name]


class TestHtml:
    @pytest.mark.parametrize(
        "evil",
        [
            "<script>x</script>",
            "<img src=x onerror=alert(1)>",
            '<a href="java\nscript:alert(1)">a</a>',
            "<svg><script>alert(1)</script></svg>",
            '<math><mtext></form><form><mglyph><style></math><img src onerror="alert(1)">',
            '<iframe srcdoc="<script>x</script>">',
            '<meta http-equiv=refresh content="0;url=https://evil.example">',
            '<link rel=stylesheet href="https://evil.example">',
            '<p style="background:url(https://evil.example)">x</p>',
            '<base href="https://evil.example">',
            "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
        ],
    )
    def test_nothing_that_runs_or_is_fetched_is_left(self, evil: str) -> None:
        safe = made_safe(f"<p>Hi</p>{evil}").lower()
        assert safe.startswith("<p>hi</p>")
        assert not re.search(r"<(script|img|iframe|meta|link|base|svg|form|style)\b|\son\w+=|javascript:|style=", safe)

    def test_text_is_what_a_person_sees(self) -> None:
        assert made_plain("<style>p{}</style><p>One<br>two &amp; three</p><script>x</script>") == "One\ntwo & three"


class TestHeaders:
    def test_a_folded_line_is_one_and_none_hides_in_another(self) -> None:
        content = "Subject: a\r\n b\u2028From: evil@x.example\r\nFrom: ana@x.example\r\n\r\n".encode()
        assert header_lines(content)["from"] == "ana@x.example"
        assert header_lines(content)["subject"].startswith("a b")

    @pytest.mark.parametrize("value", ["=?utf-8?q?a=0D=0ABcc=3A_x?=", "a\r\nBcc: x", "a\nBcc: x"])
    def test_a_decoded_header_is_a_single_line(self, value: str) -> None:
        assert len(decoded(value).splitlines()) == 1

    @pytest.mark.parametrize("value", ["=?utf-8?b?###?=", "=?nonsense?q?a?=", "=?", "=?utf-8?q?=ff?="])
    def test_a_broken_one_is_shown_somehow(self, value: str) -> None:
        assert isinstance(decoded(value), str)

    @pytest.mark.parametrize(
        ("value", "name", "address"),
        [
            ("Ana Soto <ana@x.example>", "Ana Soto", "ana@x.example"),
            (' "Soto, Ana" < ana@x.example > ', "Soto, Ana", "ana@x.example"),
            ("Ana <3 <ana@x.example>", "Ana <3", "ana@x.example"),
            ("ana@x.example", "", "ana@x.example"),
            ("Ana <ana@x.example> (at home)", "", "Ana <ana@x.example> (at home)"),
            ("<ana> x>", "", "<ana> x>"),
            (f"Ana{' ' * 300_000}Soto", "", f"Ana{' ' * 300_000}Soto"),
        ],
        ids=["name", "quoted", "less", "address", "comment", "more", "endless"],
    )
    def test_a_sender_is_taken_apart(self, value: str, name: str, address: str) -> None:
        assert name_and_address(value) == (name, address)


class TestBase64:
    @given(st.binary(max_size=500), st.integers(1, 80), st.integers(1, 90))
    def test_it_is_decoded_whatever_its_pieces_are(self, content: bytes, width: int, size: int) -> None:
        from base64 import b64encode

        text = b64encode(content)
        lines = b"".join(text[at : at + width] + b"\r\n" for at in range(0, len(text), width))
        assert b"".join(from_base64([lines[at : at + size] for at in range(0, len(lines), size)])) == content

    def test_what_is_none_ends_it(self) -> None:
        assert isinstance(b"".join(from_base64([b"!!!", b"a"])), bytes)


class TestIds:
    @given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.integers(0, 2**32 - 1))
    def test_a_mail_is_found_again_by_its_id(self, folder: str, uid: int) -> None:
        id = MailId(folder, 7, uid, "a/b@example.com")
        assert MailId.of(str(id)) == id

    @pytest.mark.parametrize("text", ["", "1", "INBOX/x/1/a", "INBOX/1/99999999999/a"])
    def test_what_is_none_is_told(self, text: str) -> None:
        with pytest.raises(ServiceError, match="is not the id of a mail"):
            MailId.of(text)


class TestStructure:
    def test_parts_of_parts_are_numbered(self) -> None:
        plain = (b"TEXT", b"PLAIN", (b"CHARSET", b"utf-8"), None, None, b"7BIT", 12, 1, None, None, None)
        page = (b"text", b"html", None, None, None, b"base64", 30, 1, None, None, None)
        file = (
            b"application",
            b"pdf",
            (b"name", b"old.pdf"),
            None,
            None,
            b"BASE64",
            740,
            None,
            (b"attachment", (b"filename", b"a.pdf")),
            None,
        )
        found = list(parts_of(([([plain, page], b"alternative"), file], b"mixed")))
        assert [(part.number, part.mime, part.name) for part in found] == [
            ("1.1", "text/plain", ""),
            ("1.2", "text/html", ""),
            ("2", "application/pdf", "a.pdf"),
        ]
        assert found[2].content_size == 540
        assert list(parts_of(None)) == []
