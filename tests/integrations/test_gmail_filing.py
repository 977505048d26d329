"""Gmail: answers, drafts, labels and attachments, through Google's own client against practice Gmail."""

from __future__ import annotations

import re
from base64 import encodebytes
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from pydantic import ValidationError

from integrations._gmail_download import data_in
from integrations._gmail_models import ArchiveMessage, CreateDraft, Draft, FiledMessage, LabelMessage, MarkMessage
from integrations._mail_fields import MOST_ATTACHED
from integrations.gmail import (
    FullMessage,
    GetMessage,
    GmailAccount,
    ReplyMessage,
    SearchMessages,
    SendMessage,
    SentMessage,
    archive_message,
    create_draft,
    get_message,
    gmail,
    label_message,
    labels,
    mark_message,
    reply_message,
    search_messages,
    send_message,
)
from integrations.practice import mail_box
from integrations.practice.mail_message import parse
from orchestrator.actions import AccountError, Call, Params, Plan, ServiceError, Unavailable, placeholder
from tests.integrations.google_description import Description, Recorder, google_error
from tests.integrations.loopback import NOWHERE, Reply, replying
from tests.integrations.services import Services
from tests.integrations.test_gmail import account_at, deliver_raw

DESCRIPTION = Description("gmail", "v1")
SAM = "sam@lanternworks.example"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "runs" / "run-1"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def account(practice: Any) -> GmailAccount:
    return account_at(practice.url)


@pytest.fixture
def recorder(server: Any, practice: Any) -> Iterator[Recorder]:
    """Every request of the test is checked against Google's own description of Gmail."""
    _, apps = server
    recorder = Recorder(apps[-1], "/gmail")
    apps.append(recorder)
    yield recorder
    apps.remove(recorder)
    for asked in recorder.asked:
        DESCRIPTION.check(asked)


def new_call(run: Path, key: str = "run-1/step") -> Call:
    return Call(run_id="run-1", step_id="step", key=key, services=Services(run), timeout=20.0)


def find_mail(account: GmailAccount, run: Path, query: str) -> Any:
    return search_messages.function(SearchMessages(query=query, limit=50), account, new_call(run)).messages[0]


def read(account: GmailAccount, run: Path, id: str, save: bool = False) -> FullMessage:
    return get_message.function(GetMessage(id=id, save_attachments=save), account, new_call(run))


def raw_of(practice: Any, id: str) -> EmailMessage:
    return parse(mail_box.raw(practice.store, id))


def count(practice: Any) -> int:
    return len(practice.store.all("gmail", "mail"))


def plan(action: Any, p: Params) -> Plan:
    assert action.preview_function is not None
    return action.preview_function(p, account_at(NOWHERE))


class TestEveryRequest:
    def test_is_one_that_googles_description_of_gmail_allows(
        self, account: GmailAccount, run: Path, recorder: Recorder
    ) -> None:
        (run / "a.txt").write_text("A")
        (run / "big.bin").write_bytes(b"\0" * 3_500_000)
        mail = find_mail(account, run, "has:attachment")
        read(account, run, mail.id, save=True)
        letter = {"to": "ana@example.com", "subject": "Hi", "body": "B", "bcc": "bo@example.com", "html": "<p>B</p>"}
        for files in ([], ["a.txt"], ["big.bin"]):
            key = f"run/{files}"
            call = new_call(run, key)
            send_message.function(SendMessage(**letter, attachments=files), account, call)
            send_message.find_function(SendMessage(**letter), account, call)
            draft = new_call(run, f"{key} draft")
            create_draft.function(CreateDraft(body="B", answers=mail.id, attachments=files), account, draft)
            create_draft.find_function(CreateDraft(body="B"), account, draft)
            reply_message.function(ReplyMessage(id=mail.id, body="B", everyone=True, attachments=files), account, call)
        label_message.function(LabelMessage(id=mail.id, add=["New"], create=True), account, new_call(run))
        archive_message.function(ArchiveMessage(id=mail.id), account, new_call(run))
        mark_message.function(MarkMessage(id=mail.id), account, new_call(run))
        assert gmail.check_function is not None
        gmail.check_function(account)
        assert {DESCRIPTION.check(asked).removeprefix("gmail.users.") for asked in recorder.asked} == {
            "getProfile",
            "labels.create",
            "labels.list",
            "drafts.create",
            "drafts.list",
            "messages.attachments.get",
            "messages.get",
            "messages.list",
            "messages.modify",
            "messages.send",
        }
        assert any(asked.path.startswith("/upload/") for asked in recorder.asked)


class TestAttachmentsOfMailThatComes:
    def test_are_saved_in_the_runs_own_folder(self, account: GmailAccount, run: Path) -> None:
        invoice = find_mail(account, run, "filename:invoice-PT-20418")
        (file,) = read(account, run, invoice.id, save=True).attachments
        assert file.path == f"attachments/{invoice.id}/invoice-PT-20418.pdf"
        assert (run / file.path).read_bytes().startswith(b"%PDF-")
        assert file.size == (run / file.path).stat().st_size

    def test_are_left_where_they_are_unless_asked_for(self, account: GmailAccount, run: Path) -> None:
        (file,) = read(account, run, find_mail(account, run, "filename:invoice-PT-20418").id).attachments
        assert (file.path, list(run.iterdir())) == ("", [])

    def test_a_big_one_arrives_whole_and_leaves_nothing_half_written(
        self, account: GmailAccount, run: Path, practice: Any
    ) -> None:
        content = bytes(range(256)) * 40_000
        receive(practice, ("big.bin", content))
        (file,) = read(account, run, find_mail(account, run, "subject:files").id, save=True).attachments
        assert (run / file.path).read_bytes() == content
        assert [path.name for path in run.parent.iterdir()] == [run.name]

    @pytest.mark.parametrize(
        ("given", "saved"),
        [
            ("../../etc/passwd", "passwd"),
            ("..\\..\\evil.bat", "evil.bat"),
            ("..", "attachment-1.bin"),
            ("a\x00b.pdf", "a_b.pdf"),
            ("con.txt", "attachment-1.txt"),
            ("отчёт за май.pdf", "отчёт за май.pdf"),
            ("報告書.pdf", "報告書.pdf"),
            ("invoice\u202egpj.exe", "invoice_gpj.exe"),
        ],
    )
    def test_a_name_leads_nowhere_else(
        self, account: GmailAccount, run: Path, practice: Any, given: str, saved: str
    ) -> None:
        receive(practice, (given, b"x"))
        (file,) = read(account, run, find_mail(account, run, "subject:files").id, save=True).attachments
        assert Path(file.path).name == saved
        assert (run / file.path).read_bytes() == b"x"

    def test_a_name_of_300_letters_keeps_its_ending(self, account: GmailAccount, run: Path, practice: Any) -> None:
        receive(practice, ("я" * 300 + ".pdf", b"x"))
        (file,) = read(account, run, find_mail(account, run, "subject:files").id, save=True).attachments
        assert re.fullmatch("я{58}[.]pdf", Path(file.path).name)
        assert (run / file.path).read_bytes() == b"x"

    def test_two_of_one_name_are_two_files(self, account: GmailAccount, run: Path, practice: Any) -> None:
        receive(practice, ("a.txt", b"1"), ("A.TXT", b"2"))
        saved = read(account, run, find_mail(account, run, "subject:files").id, save=True).attachments
        assert [(Path(one.path).name, (run / one.path).read_bytes()) for one in saved] == [
            ("a.txt", b"1"),
            ("A (2).TXT", b"2"),
        ]


class TestAnAttachmentAsItComesIn:
    @pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 1000])
    def test_is_decoded_whatever_the_pieces_are(self, size: int) -> None:
        answer = b'{"size": 11, "attachmentId": "x",\n "data": "aGVsbG8gd29ybGQ=" }'
        pieces = [answer[at : at + size] for at in range(0, len(answer), size)]
        assert b"".join(data_in(pieces)) == b"hello world"

    @pytest.mark.parametrize("answer", [b'{"data": "aGVsbG8', b'{"size": 3}', b""])
    def test_that_breaks_off_can_be_fetched_again(self, answer: bytes) -> None:
        with pytest.raises(Unavailable, match="broke off"):
            list(data_in([answer]))

    @pytest.mark.parametrize(
        ("status", "error"), [(401, AccountError), (404, ServiceError), (503, Unavailable), (302, ServiceError)]
    )
    def test_a_refusal_is_told_like_any_other(self, run: Path, status: int, error: type[ServiceError]) -> None:
        part = {"filename": "a", "mimeType": "a/b", "body": {"attachmentId": "x", "size": 1}}
        mail = {"id": "1", "threadId": "1", "internalDate": "0", "payload": {"mimeType": "a/b", "parts": [part]}}

        def answer(path: str, query: object) -> Reply:
            return Reply(google_error("No.", "x"), status) if "/attachments/" in path else Reply(mail)

        with replying(answer) as url, pytest.raises(error):
            read(account_at(url), run, "1", save=True)
        assert list(run.rglob("*")) in ([], [run / "attachments", run / "attachments/1"])


class TestHtml:
    def test_what_could_do_harm_is_taken_out(self, account: GmailAccount, run: Path) -> None:
        evil = (
            '<p onclick="x()">Hi <b>there</b></p><script>alert(1)</script><a href="javascript:alert(1)">a</a>'
            '<a href="https://ok.example">b</a><img src="https://tracker.example/p.gif"><iframe src="x"></iframe>'
            '<form action="https://evil.example"><input name="password"></form><svg onload="x()"></svg>'
            '<div style="background:url(https://tracker.example)">c</div><object data="x"></object><style>p{}</style>'
        )
        deliver_raw(account, f"To: {SAM}\r\nSubject: evil\r\nContent-Type: text/html\r\n\r\n{evil}".encode())
        html = read(account, run, find_mail(account, run, "subject:evil").id).html
        assert html == (
            '<p>Hi <b>there</b></p><a rel="noopener noreferrer nofollow">a</a>'
            '<a href="https://ok.example" rel="noopener noreferrer nofollow">b</a><div>c</div>'
        )

    def test_a_plain_mail_has_none(self, account: GmailAccount, run: Path) -> None:
        assert read(account, run, find_mail(account, run, "subject:product").id).html == ""


class TestSendingFiles:
    def test_they_arrive_with_their_names_and_contents(self, account: GmailAccount, run: Path, practice: Any) -> None:
        (run / "out").mkdir()
        (run / "out" / "Bericht für Ána.pdf").write_bytes(b"%PDF-1.4 \x00\xff")
        (run / "saved.eml").write_bytes(b"Subject: x\r\n\r\ny")
        p = SendMessage(
            to="ana@example.com",
            subject="Hi",
            body="Größe",
            html="<b>Größe</b>",
            bcc="bo@example.com",
            attachments=["out/Bericht für Ána.pdf", "saved.eml"],
        )
        sent = send_message.function(p, account, new_call(run))
        message = raw_of(practice, sent.id)
        files = {part.get_filename(): part.get_payload(decode=True) for part in message.iter_attachments()}
        assert files == {"Bericht für Ána.pdf": b"%PDF-1.4 \x00\xff", "saved.eml": b"Subject: x\r\n\r\ny"}
        assert message["Bcc"] == "bo@example.com"
        mail = read(account, run, sent.id)
        assert (mail.text, mail.html) == ("Größe", "<b>Größe</b>")

    def test_a_large_mail_is_uploaded_and_found_again(self, account: GmailAccount, run: Path, practice: Any) -> None:
        content = bytes(range(256)) * 40_000
        (run / "big.bin").write_bytes(content)
        p = SendMessage(to="ana@example.com", subject="Hi", body="B", attachments=["big.bin"])
        sent = send_message.function(p, account, new_call(run))
        (part,) = raw_of(practice, sent.id).iter_attachments()
        assert part.get_payload(decode=True) == content
        assert send_message.find_function(p, account, new_call(run)) == sent

    def test_more_than_gmail_takes_is_told_in_a_sentence(self, run: Path) -> None:
        with (run / "big.bin").open("wb") as file:
            file.truncate(30_000_000)
        p = SendMessage(to="ana@example.com", subject="Hi", body="B", attachments=["big.bin"])
        with pytest.raises(ServiceError) as caught:
            send_message.function(p, account_at(NOWHERE), new_call(run))
        assert str(caught.value) == (
            "The attachment has 30.0 MB, and Gmail takes at most 25 MB. "
            "Put the file where others can fetch it, such as on a drive, and send a link to it."
        )

    @pytest.mark.timeout(50)
    def test_the_most_that_may_be_attached_fits_into_what_gmail_takes(
        self, account: GmailAccount, run: Path, practice: Any
    ) -> None:
        with (run / "big.bin").open("wb") as file:
            file.truncate(MOST_ATTACHED)
        p = SendMessage(to="ana@example.com", subject="Hi", body="B", attachments=["big.bin"])
        assert send_message.function(p, account, new_call(run)).id

    def test_a_file_that_is_not_there_is_told_before_anything_is_sent(self, run: Path) -> None:
        p = SendMessage(to="ana@example.com", subject="Hi", body="B", attachments=["gone.md"])
        with pytest.raises(ServiceError, match=r"no file 'gone\.md' to attach"):
            send_message.function(p, account_at(NOWHERE), new_call(run))

    @pytest.mark.parametrize("path", ["../secret", "/etc/passwd", "a\0b", ".git/config"])
    def test_a_path_that_leads_out_is_refused(self, path: str) -> None:
        with pytest.raises(ValidationError):
            SendMessage(to="ana@example.com", subject="Hi", body="B", attachments=[path])

    def test_a_preview_names_them(self) -> None:
        p = SendMessage(to="a@example.com", subject="Hi", body="B", bcc="c@example.com", attachments=["out/a.md"])
        request = plan(send_message, p).request
        assert (request["attachments"], request["bcc"]) == (["out/a.md"], "c@example.com")


class TestReply:
    def reply(self, account: GmailAccount, run: Path, key: str = "run-1/step", **values: Any) -> SentMessage:
        return reply_message.function(ReplyMessage(body="Yes.", **values), account, new_call(run, key))

    def test_it_lies_in_the_conversation_of_the_mail(self, account: GmailAccount, run: Path, practice: Any) -> None:
        mail = find_mail(account, run, "subject:product")
        sent = self.reply(account, run, id=mail.id)
        message = raw_of(practice, sent.id)
        assert sent.thread_id == mail.thread_id
        assert sent.subject == message["Subject"] == f"Re: {mail.subject}"
        assert message["In-Reply-To"] == message["References"] == "<sample-1@lanternworks.example>"
        assert sent.to == message["To"] == "Priya Nair <priya.nair@lanternworks.example>"
        assert message["Cc"] is None

    def test_an_answer_to_an_answer_goes_on_with_the_references(
        self, account: GmailAccount, run: Path, practice: Any
    ) -> None:
        mail = find_mail(account, run, "subject:product")
        first = self.reply(account, run, "one", id=mail.id)
        second = self.reply(account, run, "two", id=first.id)
        message = raw_of(practice, second.id)
        assert second.subject == f"Re: {mail.subject}"
        assert message["References"].split()[0] == "<sample-1@lanternworks.example>"
        assert message["References"].split()[1] == message["In-Reply-To"] == raw_of(practice, first.id)["Message-ID"]
        assert second.to == "Priya Nair <priya.nair@lanternworks.example>", "who answers oneself writes on to the other"

    def test_everyone_gets_it_but_oneself(self, account: GmailAccount, run: Path, practice: Any) -> None:
        mail = find_mail(account, run, "subject:product")
        sent = self.reply(account, run, id=mail.id, everyone=True, cc="extra@example.com")
        assert raw_of(practice, sent.id)["Cc"] == ("extra@example.com, Jonas Weber <jonas.weber@lanternworks.example>")

    def test_it_goes_where_the_mail_asks_for_or_where_one_says(
        self, account: GmailAccount, run: Path, practice: Any
    ) -> None:
        head = f"To: {SAM}\r\nFrom: a@x.example\r\nSubject: ask\r\n"
        deliver_raw(account, f"{head}Reply-To: =?utf-8?q?J=C3=B6?= <desk@x.example>\r\n\r\nHi".encode())
        mail = find_mail(account, run, "subject:ask")
        assert raw_of(practice, self.reply(account, run, "one", id=mail.id).id)["To"] == "Jö <desk@x.example>"
        assert self.reply(account, run, "two", id=mail.id, to="b@x.example").to == "b@x.example"

    def test_headers_of_a_hostile_mail_add_none_of_their_own(
        self, account: GmailAccount, run: Path, practice: Any
    ) -> None:
        deliver_raw(
            account,
            f"To: {SAM}\r\nSubject: =?utf-8?q?a=0D=0ABcc=3A_spy=40x.example?=\r\n"
            "From: =?utf-8?q?a=0D=0ABcc=3A_spy=40x.example?= <a@x.example>\r\n\r\nHi".encode(),
        )
        mail = find_mail(account, run, "newer_than:1d spy")
        message = raw_of(practice, self.reply(account, run, id=mail.id).id)
        assert message["Bcc"] is None
        assert "a@x.example" in message["To"]

    def test_a_mail_that_says_nobody_to_answer_needs_an_address(self, account: GmailAccount, run: Path) -> None:
        deliver_raw(account, f"To: {SAM}\r\nFrom: nobody\r\nSubject: ask\r\n\r\nHi".encode())
        mail = find_mail(account, run, "subject:ask")
        with pytest.raises(ServiceError, match="does not say whom to answer"):
            self.reply(account, run, id=mail.id)

    def test_what_was_sent_is_found_by_the_key(self, account: GmailAccount, run: Path) -> None:
        p = ReplyMessage(id=find_mail(account, run, "subject:product").id, body="Yes.")
        assert reply_message.find_function(p, account, new_call(run)) is None
        sent = reply_message.function(p, account, new_call(run))
        assert reply_message.find_function(p, account, new_call(run)) == sent

    def test_it_says_right_before_it_sends(self, account: GmailAccount, run: Path) -> None:
        call = new_call(run)
        reply_message.function(ReplyMessage(id=find_mail(account, run, "subject:product").id, body="Y"), account, call)
        assert call.services.sendings == 1

    def test_a_preview_asks_nobody_and_names_what_the_mail_will_tell(self) -> None:
        shown = plan(reply_message, ReplyMessage(id="18c2", body="Yes.", everyone=True)).request
        assert shown["to"] == placeholder("whoever wrote the mail")
        assert (shown["answers"], shown["body"]) == ("18c2", "Yes.")
        assert shown["also_to"]


class TestDraft:
    def draft(self, account: GmailAccount, run: Path, key: str = "run-1/step", **values: Any) -> Draft:
        return create_draft.function(CreateDraft(body="Maybe.", **values), account, new_call(run, key))

    def test_it_waits_and_nothing_is_sent(self, account: GmailAccount, run: Path) -> None:
        draft = self.draft(account, run, to="ana@example.com", subject="Hi")
        assert draft.draft_id.startswith("r")
        assert read(account, run, draft.id).labels == ["DRAFT"]
        assert (
            search_messages.function(SearchMessages(query="in:sent to:ana@example.com"), account, new_call(run)).count
            == 0
        )

    def test_an_answer_takes_address_subject_and_conversation_of_the_mail(
        self, account: GmailAccount, run: Path, practice: Any
    ) -> None:
        mail = find_mail(account, run, "subject:product")
        draft = self.draft(account, run, answers=mail.id)
        assert (draft.thread_id, draft.subject) == (mail.thread_id, f"Re: {mail.subject}")
        assert "priya.nair" in draft.to
        assert raw_of(practice, draft.id)["In-Reply-To"] == "<sample-1@lanternworks.example>"

    def test_it_is_found_by_the_key_also_once_it_was_sent(
        self, account: GmailAccount, run: Path, practice: Any
    ) -> None:
        p = CreateDraft(to="ana@example.com", subject="Hi", body="B")
        assert create_draft.find_function(p, account, new_call(run)) is None
        draft = create_draft.function(p, account, new_call(run))
        assert create_draft.find_function(p, account, new_call(run)) == draft
        practice.store.delete("gmail", "draft", draft.draft_id)
        found = create_draft.find_function(p, account, new_call(run))
        assert (found.id, found.draft_id) == (draft.id, "")

    def test_a_preview_says_that_it_is_not_sent(self) -> None:
        shown = plan(create_draft, CreateDraft(to="a@example.com", subject="Hi", body="B"))
        assert "not sent" in shown.request["draft"]
        assert shown.result.draft_id == placeholder("draft id")


class TestLabels:
    def label(self, account: GmailAccount, run: Path, id: str, **values: Any) -> FiledMessage:
        return label_message.function(LabelMessage(id=id, **values), account, new_call(run))

    def test_one_is_put_on_and_another_taken_off_by_name(self, account: GmailAccount, run: Path) -> None:
        mail = find_mail(account, run, "is:unread")
        filed = self.label(account, run, mail.id, add=["contracts"], remove=["unread", "never heard of"])
        assert filed.labels == ["INBOX", "Contracts"]
        assert read(account, run, mail.id).labels == ["INBOX", "Contracts"]

    def test_one_that_is_missing_is_made_when_asked(self, account: GmailAccount, run: Path) -> None:
        mail = find_mail(account, run, "is:unread")
        with pytest.raises(ServiceError, match="no label 'Bills'") as caught:
            self.label(account, run, mail.id, add=["Bills"])
        assert "make labels" in caught.value.remedy
        assert "Bills" in self.label(account, run, mail.id, add=["Bills"], create=True).labels
        assert ("Bills", "Bills") in labels(account)

    def test_doing_it_twice_is_doing_it_once(self, account: GmailAccount, run: Path) -> None:
        mail = find_mail(account, run, "is:unread")
        once = self.label(account, run, mail.id, add=["Bills"], create=True)
        assert self.label(account, run, mail.id, add=["Bills"], create=True) == once
        assert [name for name, _ in labels(account)].count("Bills") == 1

    def test_one_that_somebody_else_makes_at_the_same_moment_is_taken(self, run: Path) -> None:
        lists = iter([[], [{"id": "Label_7", "name": "Bills"}], [{"id": "Label_7", "name": "Bills"}]])

        def answer(path: str, query: object) -> Reply:
            return Reply({"labels": next(lists)})

        def write(path: str, query: object) -> Reply:
            if path.endswith("/labels"):
                return Reply(google_error("Label name exists or conflicts", "aborted"), 409)
            return Reply({"id": "1", "labelIds": ["Label_7"]})

        with replying(answer, write) as url:
            assert self.label(account_at(url), run, "1", add=["Bills"], create=True).labels == ["Bills"]

    def test_archiving_takes_it_out_of_the_inbox(self, account: GmailAccount, run: Path) -> None:
        mail = find_mail(account, run, "is:unread")
        filed = archive_message.function(ArchiveMessage(id=mail.id), account, new_call(run))
        assert filed.labels == ["UNREAD"]
        assert archive_message.function(ArchiveMessage(id=mail.id), account, new_call(run)) == filed

    def test_it_is_marked_read_and_unread(self, account: GmailAccount, run: Path) -> None:
        mail = find_mail(account, run, "is:unread")
        mark_message.function(MarkMessage(id=mail.id), account, new_call(run))
        assert not read(account, run, mail.id).unread
        mark_message.function(MarkMessage(id=mail.id, state="unread"), account, new_call(run))
        assert read(account, run, mail.id).unread

    def test_a_mail_that_is_gone_is_told(self, account: GmailAccount, run: Path) -> None:
        with pytest.raises(ServiceError, match="404"):
            archive_message.function(ArchiveMessage(id="00000000deadbeef"), account, new_call(run))

    def test_nothing_to_do_is_refused(self) -> None:
        with pytest.raises(ValidationError, match="Name a label"):
            LabelMessage(id="1")

    def test_previews_ask_nobody(self) -> None:
        shown = plan(label_message, LabelMessage(id="1", add=["Bills"], remove=["INBOX"]))
        assert shown.summary == "Label the mail 1: put on Bills, take off INBOX"
        assert plan(archive_message, ArchiveMessage(id="1")).request["mail"] == "1"
        assert plan(mark_message, MarkMessage(id="1", state="unread")).summary == "Mark the mail 1 as unread"


class TestAnswersThatCannotBeRead:
    @pytest.mark.parametrize("body", [b"\xff\xfe\x00garbage\x80", b"\x80" * 100])
    @pytest.mark.parametrize("status", [200, 404, 503])
    def test_one_that_is_not_utf_8_is_an_error_of_ours(self, run: Path, body: bytes, status: int) -> None:
        with replying(Reply(body, status)) as url, pytest.raises(ServiceError) as caught:
            read(account_at(url), run, "1")
        assert caught.value.remedy
        assert caught.value.retryable or status == 404


def receive(practice: Any, *files: tuple[str, bytes]) -> None:
    """A mail with files of these very names comes in. Written by hand: no library sends such names."""
    parts = "".join(
        "--x\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; "
        f"filename*=utf-8''{quote(name, safe='')}\r\nContent-Transfer-Encoding: base64\r\n\r\n{b64(content)}\r\n"
        for name, content in files
    )
    head = f'To: {SAM}\r\nSubject: files\r\nContent-Type: multipart/mixed; boundary="x"\r\n\r\n'
    content = f"Message-ID: <files@x.example>\r\n{head}--x\r\n\r\nSee there.\r\n{parts}--x--\r\n"
    mail_box.deliver(practice.store, content.encode(), ["INBOX"], datetime.now(UTC))


def b64(content: bytes) -> str:
    return encodebytes(content).decode().replace("\n", "\r\n")
