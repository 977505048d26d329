"""Whom a mail goes to: whatever a value from outside holds, nobody but those that a step names."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import default
from email.utils import getaddresses
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from integrations._mail_compose import Answered, compose, letter
from integrations._mail_recipients import Addresses, Somebody, in_a_line, is_address
from integrations.gmail import SendMessage
from orchestrator.registry import Registry
from orchestrator.validation import check

SPY = "spy@evil.example"

NAMES = (
    f"{SPY}, Bo",
    f"Bo, {SPY}",
    f"{SPY}; Bo",
    f"<{SPY}>",
    f"<{SPY}>, Bo",
    f'"Bo" <{SPY}>, "',
    f'" <{SPY}>, "Bo',
    f'Bo", {SPY}, "',
    f"{SPY} (",
    f"({SPY},",
    f"friends: {SPY}, Bo;",
    f"{SPY}\\",
    f"{SPY},",
    "=?utf-8?q?spy=40evil.example=2C?=",
    "=?utf-8?q?spy=40evil.example=2C?= é",
    "=?utf-8?q?Bo=0D=0ABcc:_spy=40evil.example?=",
    f"{'x' * 880} b, {SPY}, {'c' * 300}",
    f"\u202e{SPY},\x00Bo",
)
"""What a name from outside may hold."""


class Asked(BaseModel):
    to: Somebody
    cc: Addresses = []


def to(value: Any) -> list[str]:
    return Asked(to=value).to


def written(**values: Any) -> Any:
    return SimpleNamespace(**{"body": "Hi", "html": "", "cc": [], "bcc": [], "attachments": [], **values})


def sent(**values: Any) -> Any:
    """The mail as whoever gets it reads it."""
    message = compose(written(), "key", **{"to": ["ana@example.com"], "subject": "Hi", **values})
    return message_from_bytes(message.as_bytes(), policy=default)


def reached(recipients: list[str]) -> set[str]:
    """The addresses that a mail goes to, by the two ways of reading a header that Python has."""
    read = sent(to=recipients)["To"]
    return {one.addr_spec for one in read.addresses} | {address for _, address in getaddresses([str(read)])}


class TestWhatAPersonWrites:
    @pytest.mark.parametrize(
        ("given", "meant"),
        [
            ("ana@example.com", ["ana@example.com"]),
            ("ana@example.com, bo@example.com", ["ana@example.com", "bo@example.com"]),
            ("ana@example.com,bo@example.com,", ["ana@example.com", "bo@example.com"]),
            ("Ana Soto <ana@example.com>", ["Ana Soto <ana@example.com>"]),
            ("Soto, Ana <ana@example.com>", ['"Soto, Ana" <ana@example.com>']),
            ('"Soto, Ana" <ana@example.com>', ['"Soto, Ana" <ana@example.com>']),
            ("ana@example.com <ana@example.com>", ['"ana@example.com" <ana@example.com>']),
            ('"spy@evil.example, Bo" <ana@example.com>', ['"spy@evil.example, Bo" <ana@example.com>']),
            (["ana@example.com", "Bo <bo@example.com>"], ["ana@example.com", "Bo <bo@example.com>"]),
            (["Soto, Ana <ana@example.com>"], ['"Soto, Ana" <ana@example.com>']),
            (["ana@example.com", "", " "], ["ana@example.com"]),
            ([["ana@example.com", "bo@example.com"], "cy@example.com"],
             ["ana@example.com", "bo@example.com", "cy@example.com"]),
        ],
    )  # fmt: skip
    def test_is_taken_as_it_was_meant(self, given: Any, meant: list[str]) -> None:
        assert to(given) == meant

    @pytest.mark.parametrize(
        "given",
        [
            "Ana <ana@example.com>, bo@example.com",
            "Ana <ana@example.com>, Bo <bo@example.com>",
            "ana@example.com; bo@example.com",
            ["ana@example.com, bo@example.com"],
            ["spy@evil.example, Bo <ana@example.com>"],
            "ana",
            "ana@",
            "añá@example.com",
            "ana@example.com\x00",
            "a" * 1_000_000 + "@example.com",
            "a" + " " * 1_000_000 + "<",
            "," * 1_000_000 + "<ana@example.com>",
        ],
    )
    def test_what_is_not_clear_is_refused_in_one_short_sentence(self, given: Any) -> None:
        with pytest.raises(ValidationError, match="is not one e-mail address: write each on a line") as raised:
            to(given)
        assert len(raised.value.errors()[0]["msg"]) < 500

    @pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\u2028"])
    def test_a_line_break_is_refused(self, end: str) -> None:
        for value in (f"ana@example.com{end}Bcc: {SPY}", [f"Ana{end}Bcc: {SPY} <ana@example.com>"]):
            with pytest.raises(ValidationError, match="single line"):
                to(value)

    @pytest.mark.parametrize("given", ["", " ", [], [""], ","])
    def test_nobody_is_told_and_none_but_the_first_need_be_given(self, given: Any) -> None:
        with pytest.raises(ValidationError, match="names nobody: fill in"):
            to(given)
        assert Asked(to="ana@example.com", cc=given).cc == []

    def test_names_between_commas_are_told_before_the_workflow_runs(self) -> None:
        given = {"to": "Ana <ana@example.com>, Bo <bo@example.com>", "subject": "Hi", "body": "Hi"}
        content = {
            "format": 1,
            "id": "w",
            "name": "W",
            "steps": [{"id": "mail", "uses": "gmail.send_message", "with": given}],
        }
        (problem,) = check(content, Registry.discover(), lambda id: pytest.fail(id))
        assert (problem.where.step, problem.where.key) == ("mail", "with.to.0")
        assert "each on a line of its own" in problem.message


class TestAValueFromOutside:
    @pytest.mark.parametrize("name", NAMES)
    @pytest.mark.parametrize("form", ["{} <ana@example.com>", '"{}" <ana@example.com>'])
    @pytest.mark.parametrize("listed", [False, True], ids=["text", "list"])
    def test_adds_nobody_as_a_name(self, name: str, form: str, listed: bool) -> None:
        text = form.format(name)
        try:
            recipients = to([text] if listed else text)
        except ValidationError:
            return
        assert len(recipients) == 1
        assert reached(recipients) == {"ana@example.com"}

    @given(st.text(st.sampled_from('ab@e.,;:<>()"\\=?\r\n é'), max_size=30))
    @example(f"{SPY}, Bo")
    def test_whatever_the_name_is(self, name: str) -> None:
        try:
            recipients = to(f"{name} <ana@example.com>")
        except ValidationError:
            return
        assert reached(recipients) == {"ana@example.com"}

    @pytest.mark.parametrize("name", NAMES)
    def test_adds_nobody_to_an_answer(self, name: str) -> None:
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        recipients = Answered({"from": f'"{quoted}" <ana@example.com>'}).writer()
        assert reached(recipients) == {"ana@example.com"}

    @pytest.mark.parametrize(
        "value", ["=?utf-8?q?x=0D=0ABcc:_spy=40evil.example?=", "=?utf-8?b?DQpCY2M6IHNweUBldmlsLmV4YW1wbGU=?= é"]
    )
    def test_adds_no_header(self, value: str) -> None:
        answered = Answered({"message-id": f"<{value}@x>", "references": value, "subject": value, "from": SPY})
        files = [(f"{value}.txt", b"text")]
        message = sent(subject=value, cc=[f"{value} <bo@example.com>"], answered=answered, files=files)
        assert "Bcc" not in message
        assert b"\nBcc" not in message.as_bytes()
        assert "spy=40" in message["Subject"] or "DQpC" in message["Subject"], "it stays readable"


class TestWhatAPersonSeesBefore:
    def test_each_stands_for_itself_by_its_address_with_its_name_behind(self) -> None:
        given = SendMessage(
            to=[f'"{SPY}, Bo" <ana@example.com>', "bo@example.com"],
            cc="Cy <cy@example.com>",
            subject="Hi",
            body="Hello",
        )
        shown = letter(given, "me@example.com", to=given.to, subject="Hi")
        assert shown["to"] == [f"ana@example.com ({SPY}, Bo)", "bo@example.com"]
        assert shown["cc"] == "cy@example.com (Cy)"

    def test_many_are_counted_where_there_is_one_line(self) -> None:
        people = [f"Friend <p{number}@example.com>" for number in range(7)]
        assert in_a_line(people[:2]) == "p0@example.com, p1@example.com"
        assert in_a_line(people) == "p0@example.com, p1@example.com, p2@example.com and 4 more"


@pytest.mark.parametrize("text", ["a@b", "a.b+c@d.example", "a..b@docomo.example"])
def test_what_is_an_address(text: str) -> None:
    assert is_address(text)
    for wrong in (f"<{text}>", f"{text}, x", f"{text}\n", f"x:{text}", f"({text})", f'"{text}"', f"{text}[1]"):
        assert not is_address(wrong)
