"""Waiting for the answer to a mail: at Gmail, by IMAP, and how somebody answers on the practice accounts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from integrations import email, gmail
from integrations.email import EmailAccount
from integrations.gmail import GmailAccount
from integrations.practice import mail_box
from orchestrator.actions import Call, NotYet, ServiceError
from tests.integrations.google_description import Description, Recorder
from tests.integrations.mail_servers import Post, practice_mail
from tests.integrations.mail_servers import account_at as email_account_at
from tests.integrations.services import Services
from tests.integrations.test_gmail import account_at as gmail_account_at

DESCRIPTION = Description("gmail", "v1")
LETTER = {"to": "Ana Ruiz <ana@example.com>", "subject": "Ready?", "body": "Are you?"}


def new_call(key: str = "run-1/step", attempt: int = 1) -> Call:
    return Call(run_id="run-1", step_id="step", key=key, services=Services(), timeout=10.0, attempt=attempt)


class TestGmail:
    @pytest.fixture
    def recorder(self, server: Any, practice: Any) -> Iterator[Recorder]:
        """Every request of the test is checked against Google's own description of Gmail."""
        _, apps = server
        recorder = Recorder(apps[-1], "/gmail")
        apps.append(recorder)
        yield recorder
        apps.remove(recorder)
        for asked in recorder.asked:
            DESCRIPTION.check(asked)

    @pytest.fixture
    def account(self, practice: Any) -> GmailAccount:
        return gmail_account_at(practice.url)

    def send(self, account: GmailAccount) -> str:
        return gmail.send_message.function(gmail.SendMessage(**LETTER), account, new_call()).id

    def wait(self, account: GmailAccount, id: str, attempt: int = 1) -> gmail.MessageSummary:
        return gmail.wait_for_reply.function(gmail.WaitForReply(id=id), account, new_call(attempt=attempt))

    def answered(self, practice: Any, id: str, text: str) -> httpx.Response:
        return httpx.post(f"{practice.url}/gmail/answer", json={"mail": id, "text": text}, trust_env=False)

    def test_the_answer_is_the_first_mail_that_comes_in(self, account: GmailAccount, practice: Any) -> None:
        sent = self.send(account)
        for text in ("Yes, I am.", "Or not?"):
            self.answered(practice, sent, text).raise_for_status()
        reply = self.wait(account, sent)
        assert (reply.sender, reply.sender_name, reply.subject) == ("ana@example.com", "Ana Ruiz", "Re: Ready?")
        assert (reply.text.strip(), reply.unread) == ("Yes, I am.", True)

    def test_a_mail_of_ones_own_and_a_draft_are_no_answers(self, account: GmailAccount) -> None:
        sent = self.send(account)
        nudge = gmail.ReplyMessage(id=sent, body="Well?")
        gmail.reply_message.function(nudge, account, new_call("run-1/nudge"))
        gmail.create_draft.function(gmail.CreateDraft(answers=sent, body="Hm"), account, new_call("run-1/draft"))
        with pytest.raises(NotYet, match="Nobody has answered the mail yet"):
            self.wait(account, sent)

    def test_what_came_before_is_no_answer(self, account: GmailAccount, practice: Any) -> None:
        sent = self.send(account)
        self.answered(practice, sent, "What do you mean?")
        nudge = gmail.ReplyMessage(id=self.wait(account, sent).id, body="The lamps.")
        again = gmail.reply_message.function(nudge, account, new_call("run-1/nudge")).id
        with pytest.raises(NotYet):
            self.wait(account, again)
        self.answered(practice, again, "Ah, yes.")
        assert self.wait(account, again).text.strip() == "Ah, yes."

    @pytest.mark.parametrize(("attempt", "seconds"), [(1, 10), (3, 30), (30, 300), (100_000, 300)])
    def test_it_is_looked_for_more_and_more_seldom(self, account: GmailAccount, attempt: int, seconds: float) -> None:
        with pytest.raises(NotYet) as not_yet:
            self.wait(account, self.send(account), attempt)
        assert not_yet.value.again_in == seconds

    def test_a_mail_that_is_gone_is_an_error(self, account: GmailAccount) -> None:
        with pytest.raises(ServiceError) as gone:
            self.wait(account, "abc123")
        assert "deleted" in gone.value.remedy

    def test_it_asks_as_google_describes(self, account: GmailAccount, practice: Any, recorder: Recorder) -> None:
        sent = self.send(account)
        mail_box.answer(practice.store, sent, "Yes.", datetime.now(UTC))
        self.wait(account, sent)
        assert any("/threads/" in asked.path for asked in recorder.asked)


class TestByImap:
    @pytest.fixture
    def post(self, tmp_path: Path) -> Iterator[Post]:
        with practice_mail(tmp_path / "practice.db") as post:
            yield post

    @pytest.fixture
    def account(self, post: Post) -> EmailAccount:
        return email_account_at(post.imap, post.smtp)

    def send(self, account: EmailAccount) -> str:
        return email.send_message.function(email.SendMessage(**LETTER), account, new_call()).id

    def wait(self, account: EmailAccount, id: str, **values: str) -> email.FoundMail:
        return email.wait_for_reply.function(email.WaitForReply(id=id, **values), account, new_call())

    def answered(self, post: Post, text: str) -> None:
        """Whoever got the latest mail of ours answers."""
        (sent, *_) = [mail for mail in reversed(mail_box.mails(post.store)) if "SENT" in mail["labelIds"]]
        mail_box.answer(post.store, sent["id"], text, datetime.now(UTC))

    def test_the_answer_is_the_first_mail_that_comes_in(self, account: EmailAccount, post: Post) -> None:
        sent = self.send(account)
        with pytest.raises(NotYet, match="Nobody has answered the mail yet"):
            self.wait(account, sent)
        self.answered(post, "Yes, I am.")
        self.answered(post, "Or not?")
        reply = self.wait(account, sent)
        assert (reply.sender, reply.subject, reply.folder) == ("ana@example.com", "Re: Ready?", "INBOX")
        assert (reply.text.strip(), reply.unread) == ("Yes, I am.", True)

    def test_another_folder_can_be_named(self, account: EmailAccount, post: Post) -> None:
        sent = self.send(account)
        self.answered(post, "Yes.")
        with pytest.raises(NotYet):
            self.wait(account, sent, folder="Archive")
        with pytest.raises(ServiceError, match="no folder 'Elsewhere'"):
            self.wait(account, sent, folder="Elsewhere")


class TestAnsweringOnThePracticeAccount:
    @pytest.mark.parametrize(
        "body", [{}, {"mail": "abc123", "text": "Yes."}, [], {"mail": "abc123"}], ids=["empty", "gone", "list", "bare"]
    )
    def test_names_a_mail_that_is_there(self, practice: Any, body: Any) -> None:
        assert httpx.post(f"{practice.url}/gmail/answer", json=body, trust_env=False).status_code == 400

    def test_is_not_for_other_web_sites(self, practice: Any) -> None:
        origin = {"Origin": "https://evil.example"}
        refused = httpx.post(f"{practice.url}/gmail/answer", json={}, headers=origin, trust_env=False)
        assert refused.status_code == 403
