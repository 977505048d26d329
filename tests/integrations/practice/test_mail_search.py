"""What a Gmail search finds, over a handful of mails."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integrations.practice.mail_search import search

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def mail(id: str, days_ago: float, **values: Any) -> dict[str, Any]:
    empty = {"from": "", "to": "", "cc": "", "bcc": "", "subject": "", "text": "", "message_id": ""}
    known = {"id": id, "attachments": [], "labels": ["INBOX"], "date": NOW - timedelta(days=days_ago)}
    return {**empty, **known, **values}


MAILS = [
    mail("lunch", 0.5, **{"from": "Jo Weber <jo@a.example>"}, subject="Team lunch", labels=["INBOX", "UNREAD"]),
    mail("invoice", 3, **{"from": "billing@b.example"}, subject="Invoice 20418", attachments=[{"name": "i.pdf"}]),
    mail("report", 10, **{"from": "ravi@a.example"}, text="The invoice was paid. Call at 12:30.", cc="jo@a.example"),
    mail("sent", 40, to="Jo <jo@a.example>", text="lunch is fine", labels=["SENT"], message_id="<s1@a.example>"),
    mail("deal", 400, subject="Größe und Preis", labels=["INBOX", "STARRED", "Label_1", "Big Deals"]),
    mail("junk", 1, subject="lunch for free", labels=["SPAM"]),
]


def found(query: str) -> list[str]:
    return [mail["id"] for mail in search(query, MAILS, NOW)]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("", ["lunch", "invoice", "report", "sent", "deal"]),
        ("lunch", ["lunch", "sent"]),
        ("LUNCH", ["lunch", "sent"]),
        ("lun", []),
        ("team lunch", ["lunch"]),
        ("lunch team", ["lunch"]),
        ('"lunch team"', []),
        ('"team lunch"', ["lunch"]),
        ("lunch -team", ["sent"]),
        ('lunch -"is fine"', ["lunch"]),
        ("größe", ["deal"]),
        ("12:30", ["report"]),
        ("lunch & team", ["lunch"]),
        ("is:unread", ["lunch"]),
        ("is:read", ["invoice", "report", "sent", "deal"]),
        ("-is:unread in:inbox", ["invoice", "report", "deal"]),
        ("is:starred", ["deal"]),
        ("is:nonsense", []),
        ("in:sent", ["sent"]),
        ("IN:Sent", ["sent"]),
        ("in:spam", ["junk"]),
        ("in:anywhere lunch", ["lunch", "sent", "junk"]),
        ("label:big-deals", ["deal"]),
        ('label:"Big Deals"', ["deal"]),
        ("from:jo", ["lunch"]),
        ("from:jo@a.example", ["lunch"]),
        ("from:a.example", ["lunch", "report"]),
        ("from:(jo weber)", ["lunch"]),
        ("to:jo", ["report", "sent"]),
        ("cc:jo", ["report"]),
        ("subject:invoice", ["invoice"]),
        ('subject:"invoice 20418"', ["invoice"]),
        ("subject:(lunch OR invoice)", ["lunch", "invoice"]),
        ("has:attachment", ["invoice"]),
        ("-has:attachment is:read", ["report", "sent", "deal"]),
        ("filename:pdf", ["invoice"]),
        ("newer_than:7d", ["lunch", "invoice"]),
        ("older_than:1m", ["sent", "deal"]),
        ("older_than:1y", ["deal"]),
        ("newer_than:2w", []),
        ("newer_than:999y is:unread", ["lunch"]),
        ("after:2026/11/18", ["lunch", "invoice"]),
        ("after:2026-11-01 before:2026/11/18", ["report"]),
        ("before:11/01/2026", ["sent", "deal"]),
        (f"after:{int((NOW - timedelta(days=2)).timestamp())}", ["lunch"]),
        ("after:yesterday", []),
        ("rfc822msgid:<s1@a.example>", ["sent"]),
        ("rfc822msgid:s1@a.example", ["sent"]),
        ("from:billing OR from:ravi", ["invoice", "report"]),
        ("{from:billing from:ravi}", ["invoice", "report"]),
        ("is:read (lunch OR invoice) -from:billing", ["report", "sent"]),
        ("invoice AND paid", ["report"]),
        ("lunch)", ["lunch", "sent"]),
        ("(lunch", ["lunch", "sent"]),
        ('"team lun', []),
    ],
)
def test_a_search_finds(query: str, ids: list[str]) -> None:
    assert found(query) == ids


def test_spam_and_trash_are_found_when_asked_for() -> None:
    assert [mail["id"] for mail in search("free", MAILS, NOW, spam_and_trash=True)] == ["junk"]
