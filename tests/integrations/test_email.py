"""E-mail by IMAP and SMTP, through imapclient and smtplib, against the practice servers or ones that say one thing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from integrations._mail_compose import message_id
from integrations._mail_imap import MailId
from integrations._mail_models import day_of
from integrations._mail_servers import KNOWN, Server, app_password
from integrations.email import (
    ArchiveMessage,
    CreateDraft,
    EmailAccount,
    FiledMail,
    FoundMail,
    GetMessage,
    MarkMessage,
    MoveMessage,
    ReplyMessage,
    SearchMessages,
    SendMessage,
    SentMail,
    WholeMail,
    archive_message,
    check,
    create_draft,
    email,
    folders,
    get_message,
    mark_message,
    move_message,
    reply_message,
    search_messages,
    send_message,
)
from integrations.practice import mail_box
from integrations.practice.mail_message import parse
from orchestrator.actions import AccountError, Call, EffectUnknown, Params, Plan, ServiceError, Unavailable, placeholder
from orchestrator.registry import Registry
from tests.integrations.mail_servers import (
    SAM,
    Post,
    account_at,
    imap_saying,
    practice_mail,
    saying,
    self_signed,
    smtp_saying,
)
from tests.integrations.services import Services

LETTER = {"to": "ana@example.com", "subject": "Größe ✓", "body": "First line\n.second\nÄnderung"}
UNENCRYPTED = b"""<clientConfig><incomingServer type="imap"><hostname>evil.example</hostname><port>143</port>
<socketType>plain</socketType></incomingServer></clientConfig>"""


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "runs" / "run-1"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    with practice_mail(tmp_path / "practice.db") as post:
        yield post


@pytest.fixture
def account(post: Post) -> EmailAccount:
    return account_at(post.imap, post.smtp)


def new_call(run: Path, key: str = "run-1/step", timeout: float = 10.0) -> Call:
    return Call(run_id="run-1", step_id="step", key=key, services=Services(run), timeout=timeout)


def search(account: EmailAccount, run: Path, **values: Any) -> list[FoundMail]:
    p = SearchMessages(**{"unread": False, "limit": 50, **values})
    return search_messages.function(p, account, new_call(run)).messages


def one(account: EmailAccount, run: Path, **values: Any) -> FoundMail:
    (mail,) = search(account, run, **values)
    return mail


def read(account: EmailAccount, run: Path, id: str, save: bool = False) -> WholeMail:
    return get_message.function(GetMessage(id=id, save_attachments=save), account, new_call(run))


def send(account: EmailAccount, run: Path, key: str = "run-1/step", **values: Any) -> SentMail:
    return send_message.function(SendMessage(**{**LETTER, **values}), account, new_call(run, key))


def find(account: EmailAccount, run: Path, key: str = "run-1/step") -> SentMail | None:
    return send_message.find_function(SendMessage(**LETTER), account, new_call(run, key))


def plan(action: Any, p: Params) -> Plan:
    """Of an account whose servers nobody reaches."""
    return action.preview_function(p, account_at(9))


def deliver(post: Post, content: bytes) -> None:
    mail_box.deliver(post.store, content, ["INBOX", "UNREAD"], datetime.now(UTC))


def raw_of(post: Post, subject: str, folder: str = "sent") -> EmailMessage:
    (mail,) = [
        one for one in mail_box.mails(post.store) if one["subject"] == subject and mail_box.folder_of(one) == folder
    ]
    return parse(mail_box.raw(post.store, mail["id"]))


class TestTheContract:
    def test_it_has_the_actions_that_gmail_has(self) -> None:
        assert {id.removeprefix("email.") for id in Registry([email])} == {
            "search_messages",
            "get_message",
            "send_message",
            "reply_message",
            "create_draft",
            "move_message",
            "archive_message",
            "mark_message",
            "wait_for_reply",
        }

    def test_an_account_does_not_show_its_password(self) -> None:
        account = account_at(9, password="hush")
        assert "hush" not in f"{account!r} {account} {account.model_dump_json()} {account.login!r}"

    def test_the_test_of_an_account_says_who_one_is_and_where(self, account: EmailAccount) -> None:
        assert check(account) == f"{SAM} (reads at 127.0.0.1, sends by 127.0.0.1)"

    def test_the_practice_account_finds_its_servers_as_a_provider_names_them(self, practice: Any) -> None:
        values = {name: text.format(practice=practice.url) for name, text in (email.practice or {}).items()}
        account = EmailAccount.model_validate({"practice": True, **values})
        assert check(account).startswith(SAM)

    def test_the_practice_account_is_one_also_where_the_studio_has_another_address(self) -> None:
        values = {
            name: text.format(practice="http://studio.local:8501/x") for name, text in (email.practice or {}).items()
        }
        assert EmailAccount.model_validate({"practice": True, **values}).base_url == "http://studio.local:8501/x/email"


class TestServers:
    @pytest.mark.parametrize("address", ["ana@icloud.com", "ana@FASTMAIL.com", "ana@gmx.de"])
    def test_those_of_a_known_provider_need_not_be_filled_in(self, address: str) -> None:
        servers = EmailAccount(address=address, password="x").servers(1)
        assert servers == KNOWN[address.partition("@")[2].lower()]
        assert servers.imap == Server(servers.imap.host, 993, "ssl")

    @pytest.mark.parametrize(
        ("address", "why"),
        [
            ("ana@outlook.com", "Microsoft lets no program into this mailbox by password"),
            ("ana@proton.me", "Proton Mail Bridge"),
            ("ana@example.com", "the servers of example.com are not known"),
            ("ana", "the mail address is none"),
        ],
    )
    def test_those_that_cannot_be_known_are_told(self, address: str, why: str) -> None:
        with pytest.raises(ValidationError, match=why):
            EmailAccount(address=address, password="x")

    def test_those_that_are_filled_in_have_their_usual_ports(self) -> None:
        account = EmailAccount(
            address="a@example.com", password="x", imap_host="mail.example.com", smtp_security="starttls"
        )
        servers = account.servers(1)
        assert servers.imap == Server("mail.example.com", 993, "ssl")
        assert servers.smtp == Server("mail.example.com", 587, "starttls")

    def test_a_password_goes_nowhere_without_encryption(self) -> None:
        with pytest.raises(ValidationError, match="to this computer alone"):
            EmailAccount(address="a@example.com", password="x", imap_host="mail.example.com", imap_security="none")

    @pytest.mark.parametrize("url", ["http://autoconfig.example.com", "ftp://127.0.0.1", "127.0.0.1"])
    def test_settings_are_read_over_an_encrypted_connection(self, url: str) -> None:
        with pytest.raises(ValidationError, match="https"):
            EmailAccount(address="a@example.com", password="x", base_url=url)

    @pytest.mark.parametrize(
        ("status", "body", "error"),
        [
            (200, b"<html>Please sign in", AccountError),
            (200, b"<clientConfig/>", AccountError),
            (404, b"", AccountError),
            (503, b"", Unavailable),
            (200, UNENCRYPTED, AccountError),
        ],
    )
    def test_settings_that_say_nothing_useful_are_told(self, status: int, body: bytes, error: type[Exception]) -> None:
        head = b"HTTP/1.1 %d X\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b" % (status, len(body), body)
        with saying(b"", lambda line: head if line == b"\r\n" else b"") as port, pytest.raises(error):
            EmailAccount(address="a@example.com", password="x", base_url=f"http://127.0.0.1:{port}").servers(5)


class TestSearch:
    def test_it_finds_unread_mail_newest_first_with_all_that_a_summary_needs(
        self, account: EmailAccount, run: Path
    ) -> None:
        found = search_messages.function(SearchMessages(), account, new_call(run))
        assert found.count == len(found.messages) == 5
        assert [mail.date for mail in found.messages] == sorted((mail.date for mail in found.messages), reverse=True)
        first = found.messages[0]
        assert (first.sender, first.sender_name) == ("priya.nair@lanternworks.example", "Priya Nair")
        assert (first.unread, first.folder) == (True, "INBOX")
        assert "There are three points on the agenda" in first.text
        assert first.text.startswith(first.snippet[:6])

    def test_each_question_narrows_it(self, account: EmailAccount, run: Path) -> None:
        assert one(account, run, sender="priya").subject.startswith("Product review")
        assert one(account, run, subject="review product").sender_name == "Priya Nair"
        assert one(account, run, words="eleven families").sender_name == "Priya Nair"
        assert search(account, run, sender="nobody@nowhere.example") == []
        assert all(
            mail.date >= (datetime.now(UTC) - timedelta(days=3)).isoformat()
            for mail in search(account, run, since="2d")
        )

    def test_other_languages_are_searched_and_arrive_whole(self, account: EmailAccount, run: Path) -> None:
        mail = one(account, run, words="averió el lunes")
        assert mail.sender_name == "Tomás Herrera"
        assert "se averió el lunes" in mail.text

    @pytest.mark.parametrize("words", ['a") (ALL', "(", ")", '"', "\\", "%*", "{3}", "ALL", "x OR y", "[]"])
    def test_what_is_typed_is_no_command(self, account: EmailAccount, run: Path, words: str) -> None:
        assert isinstance(search(account, run, words=words, sender=words), list)

    def test_other_folders_are_searched(self, account: EmailAccount, run: Path) -> None:
        assert {mail.folder for mail in search(account, run, folder="sent")} == {"Sent"}
        with pytest.raises(ServiceError, match="no folder 'Nowhere'"):
            search(account, run, folder="Nowhere")

    def test_it_stops_at_the_limit(self, account: EmailAccount, run: Path) -> None:
        assert [mail.id for mail in search(account, run, limit=3)] == [mail.id for mail in search(account, run)][:3]

    def test_it_leaves_mail_unread(self, account: EmailAccount, run: Path) -> None:
        read(account, run, search(account, run)[0].id, save=True)
        assert len(search(account, run, unread=True)) == 5

    def test_html_alone_and_an_old_charset_are_read(self, account: EmailAccount, run: Path, post: Post) -> None:
        deliver(post, b"Subject: html\r\nContent-Type: text/html\r\n\r\n<p>Lamps &amp; <b>shades</b></p>")
        head = b"Subject: =?iso-8859-1?q?Gr=FC=DFe?=\r\nContent-Transfer-Encoding: 8bit\r\n"
        deliver(post, head + b"Content-Type: text/plain; charset=iso-8859-1\r\n\r\nGr\xfc\xdfe")
        assert one(account, run, subject="html").text == "Lamps & shades"
        assert one(account, run, subject="Grüße").text == "Grüße"

    @pytest.mark.parametrize(
        ("text", "day"), [("2026-11-30", date(2026, 11, 30)), ("7d", date(2026, 11, 14)), ("1 day", date(2026, 11, 20))]
    )
    def test_a_day_is_written_in_either_way(self, text: str, day: date) -> None:
        assert day_of(text, date(2026, 11, 21)) == day

    def test_what_is_no_day_is_told(self) -> None:
        with pytest.raises(ValidationError, match="is no day"):
            SearchMessages(since="soon")


class TestGet:
    def test_it_tells_what_a_search_leaves_out(self, account: EmailAccount, run: Path) -> None:
        mail = read(account, run, one(account, run, sender="priya").id)
        assert mail.cc == "Jonas Weber <jonas.weber@lanternworks.example>"
        assert mail.message_id == "<sample-1@lanternworks.example>"

    def test_attachments_are_saved_in_the_runs_own_folder(self, account: EmailAccount, run: Path) -> None:
        (file,) = read(account, run, one(account, run, subject="invoice PT").id, save=True).attachments
        assert file.path.startswith("attachments/")
        assert (run / file.path).read_bytes().startswith(b"%PDF-")
        assert file.size == (run / file.path).stat().st_size

    @pytest.mark.parametrize("encoding", ["base64", "quoted-printable", "8bit"])
    def test_a_big_one_arrives_whole(self, account: EmailAccount, run: Path, post: Post, encoding: str) -> None:
        message = EmailMessage()
        message["Subject"] = "files"
        message.set_content("See there.")
        content = "".join(f"{number} Ä = ü .\r\n" for number in range(66_000)).encode()
        message.add_attachment(
            content, maintype="application", subtype="octet-stream", filename="bïg.bin", cte=encoding
        )
        deliver(post, message.as_bytes())
        (file,) = read(account, run, one(account, run, subject="files").id, save=True).attachments
        assert file.name == "bïg.bin"
        kept = (run / file.path).read_bytes()
        assert kept.replace(b"\r\n", b"\n") == content.replace(b"\r\n", b"\n")

    @pytest.mark.parametrize(
        ("header", "saved"),
        [
            ('filename="../../etc/passwd"', "passwd"),
            ("filename*=utf-8''a%00b.pdf", "a_b.pdf"),
            ("filename*0*=utf-8''%D0%BE%D1%82; filename*1*=%D1%87%D1%91%D1%82.pdf", "отчёт.pdf"),
            ('filename="=?utf-8?b?5aCx5ZGK?=.pdf"', "報告.pdf"),
            (f'filename="{"x" * 300}.pdf"', "x" * 116 + ".pdf"),
            ("", "attachment"),
        ],
    )
    def test_a_name_leads_nowhere_else(
        self, account: EmailAccount, run: Path, post: Post, header: str, saved: str
    ) -> None:
        part = f"Content-Type: application/pdf\r\nContent-Disposition: attachment; {header}".rstrip("; ")
        head = 'Subject: files\r\nContent-Type: multipart/mixed; boundary="x"\r\n\r\n--x\r\n\r\nHi\r\n--x\r\n'
        deliver(post, f"{head}{part}\r\n\r\nPDF\r\n--x--\r\n".encode())
        (file,) = read(account, run, one(account, run, subject="files").id, save=True).attachments
        assert Path(file.path).name == saved
        assert (run / file.path).read_bytes() == b"PDF"

    def test_html_is_made_safe(self, account: EmailAccount, run: Path, post: Post) -> None:
        deliver(post, b"Subject: evil\r\nContent-Type: text/html\r\n\r\n<p onclick=x>Hi</p><script>x()</script>")
        assert read(account, run, one(account, run, subject="evil").id).html == "<p>Hi</p>"

    def test_a_mail_that_was_moved_inside_of_its_folder_is_found_by_its_name(
        self, account: EmailAccount, run: Path
    ) -> None:
        id = MailId.of(one(account, run, sender="priya").id)
        rebuilt = MailId(id.folder, id.validity - 1, 99, id.message_id)
        assert read(account, run, str(rebuilt)).sender_name == "Priya Nair"

    @pytest.mark.parametrize("id", ["INBOX/1/99999/gone@example.com", "INBOX/1/99999/", "INBOX/{here}/0/"])
    def test_a_mail_that_is_gone_is_told(self, account: EmailAccount, run: Path, id: str) -> None:
        here = MailId.of(one(account, run, sender="priya").id).validity
        with pytest.raises(ServiceError, match="no more in the folder 'INBOX'"):
            read(account, run, id.format(here=here))

    def test_what_is_no_id_is_told(self, account: EmailAccount, run: Path) -> None:
        with pytest.raises(ServiceError, match="is not the id of a mail"):
            read(account, run, "18c2f0a1b2c3d4e5")


class TestSend:
    def test_it_goes_out_and_a_copy_lies_among_the_sent_ones(
        self, account: EmailAccount, run: Path, post: Post
    ) -> None:
        (run / "Bericht Ä.pdf").write_bytes(b"%PDF \x00\xff")
        sent = send(account, run, bcc="bo@example.com", html="<b>Hi</b>", attachments=["Bericht Ä.pdf"])
        mail = read(account, run, sent.id, save=True)
        assert (mail.folder, mail.unread, mail.flags) == ("Sent", False, ["\\Seen"])
        assert (mail.subject, mail.text, mail.html) == (LETTER["subject"], LETTER["body"], "<b>Hi</b>")
        assert (run / mail.attachments[0].path).read_bytes() == b"%PDF \x00\xff"
        assert raw_of(post, LETTER["subject"])["Bcc"] == "bo@example.com"
        assert search(account, run, folder="Drafts") == []

    def test_what_arrives_does_not_name_who_gets_a_hidden_copy(
        self, account: EmailAccount, run: Path, post: Post
    ) -> None:
        send(account, run, to=SAM, bcc="bo@example.com")
        message = raw_of(post, LETTER["subject"], "inbox")
        assert message["Bcc"] is None
        assert message["From"] == SAM
        assert message["Date"]

    def test_ones_name_stands_in_it(self, run: Path, post: Post) -> None:
        send(account_at(post.imap, post.smtp, sender="Säm, Rivera"), run)
        assert raw_of(post, LETTER["subject"])["From"] == f"Säm, Rivera <{SAM}>"

    def test_what_was_sent_is_found_by_the_key(self, account: EmailAccount, run: Path) -> None:
        assert find(account, run) is None
        sent = send(account, run)
        assert find(account, run) == sent
        assert find(account, run, "run-2/step") is None

    def test_it_says_right_before_it_sends(self, account: EmailAccount, run: Path) -> None:
        call = new_call(run)
        send_message.function(SendMessage(**LETTER), account, call)
        assert call.services.sendings == 1

    def test_a_server_that_keeps_a_copy_by_itself_needs_none_of_ours(
        self, account: EmailAccount, run: Path, post: Post
    ) -> None:
        class Keeps(Services):
            def sending(self, call: Call) -> None:
                copy = f"Message-ID: {message_id(call.key)}\r\nSubject: s\r\n\r\nb".encode()
                mail_box.deliver(post.store, copy, ["SENT"], datetime.now(UTC))

        call = Call(run_id="run-1", step_id="step", key="k", services=Keeps(run), timeout=10)
        before = len(search(account, run, folder="Sent"))
        send_message.function(SendMessage(**LETTER), account, call)
        assert len(search(account, run, folder="Sent")) == before + 1
        assert search(account, run, folder="Drafts") == []

    def test_a_connection_that_breaks_once_the_mail_went_out_leaves_it_to_a_person(self, run: Path, post: Post) -> None:
        with saying(b"220 hi\r\n", smtp_saying(END=None)) as smtp, pytest.raises(Unavailable, match="did not say"):
            send(account_at(post.imap, smtp), run)
        account = account_at(post.imap, post.smtp)
        assert one(account, run, folder="Drafts").subject == LETTER["subject"]
        with pytest.raises(EffectUnknown, match="nobody knows whether it was sent"):
            find(account, run)
        sent = send(account, run)
        assert find(account, run) == sent, "a person said that it did not arrive, and it was sent once more"
        assert search(account, run, folder="Drafts") == []

    @pytest.mark.parametrize(
        ("answers", "error", "words"),
        [
            ({"END": b"554 5.7.1 Spam\r\n"}, ServiceError, "554 5.7.1 Spam"),
            ({"END": b"452 4.3.1 Disk full\r\n"}, Unavailable, "Disk full"),
            ({"RCPT": b"550 5.1.1 No such user\r\n"}, ServiceError, "ana@example.com.*No such user"),
            ({"RCPT": b"450 4.2.0 Greylisted\r\n"}, Unavailable, "Greylisted"),
            ({"RCPT": None}, Unavailable, "hung up"),
            ({"MAIL": b"552 5.3.4 Too large\r\n"}, ServiceError, "Too large"),
            ({"DATA": b"503 No\r\n"}, ServiceError, "503 No"),
        ],
    )
    def test_what_was_surely_not_sent_leaves_nothing_behind(
        self, run: Path, post: Post, answers: dict[str, bytes | None], error: type[ServiceError], words: str
    ) -> None:
        with saying(b"220 hi\r\n", smtp_saying(**answers)) as smtp, pytest.raises(error, match=words) as caught:
            send(account_at(post.imap, smtp), run)
        assert caught.value.remedy
        account = account_at(post.imap, post.smtp)
        assert search(account, run, folder="Drafts") == []
        assert find(account, run) is None

    def test_it_goes_to_everybody_or_to_nobody(self, account: EmailAccount, run: Path, post: Post) -> None:
        with pytest.raises(ServiceError, match="no such domain"):
            send(account, run, to=f"{SAM}, ana@nowhere.invalid")
        assert search(account, run, subject="Größe") == []

    @pytest.mark.parametrize("name", ["ana@nowhere.invalid, Bo", "ana@nowhere.invalid, Bö", "=?utf-8?q?a=40b=2C?= é"])
    def test_an_address_in_a_name_gets_nothing(self, account: EmailAccount, run: Path, name: str) -> None:
        assert SAM in send(account, run, to=f'"{name}" <{SAM}>').to
        assert one(account, run, subject="Größe").sender == SAM

    def test_more_than_the_server_takes_is_told_before(self, run: Path, post: Post) -> None:
        (run / "big.bin").write_bytes(b"\0" * 100_000)
        small = b"250-there\r\n250-SIZE 100000\r\n250 AUTH PLAIN\r\n"
        with saying(b"220 hi\r\n", smtp_saying(EHLO=small)) as smtp, pytest.raises(ServiceError) as caught:
            send(account_at(post.imap, smtp), run, attachments=["big.bin"])
        assert "and 127.0.0.1 takes at most 0.1 MB" in str(caught.value)

    def test_thirty_megabytes_are_told_in_a_sentence(self, run: Path) -> None:
        with (run / "big.bin").open("wb") as file:
            file.truncate(30_000_000)
        with pytest.raises(ServiceError, match=r"The attachment has 30\.0 MB, and mail takes at most 25 MB"):
            send(account_at(9), run, attachments=["big.bin"])

    def test_a_preview_shows_the_mail_and_asks_nobody(self) -> None:
        shown = plan(send_message, SendMessage(**LETTER, cc="c@example.com"))
        assert shown.request == {"from": SAM, **LETTER, "cc": "c@example.com"}
        assert shown.result.id == placeholder("mail id")


class TestReplyAndDraft:
    def test_an_answer_lies_in_the_conversation(self, account: EmailAccount, run: Path, post: Post) -> None:
        mail = one(account, run, sender="priya")
        p = ReplyMessage(id=mail.id, body="Yes.", everyone=True)
        assert reply_message.find_function(p, account, new_call(run)) is None
        sent = reply_message.function(p, account, new_call(run))
        message = raw_of(post, f"Re: {mail.subject}")
        assert message["In-Reply-To"] == message["References"] == "<sample-1@lanternworks.example>"
        assert message["To"] == sent.to == "Priya Nair <priya.nair@lanternworks.example>"
        assert message["Cc"] == "Jonas Weber <jonas.weber@lanternworks.example>"
        assert reply_message.find_function(p, account, new_call(run)) == sent

    def test_an_answer_to_oneself_goes_on_to_the_other(self, account: EmailAccount, run: Path) -> None:
        sent = send(account, run, "one")
        again = reply_message.function(ReplyMessage(id=sent.id, body="And"), account, new_call(run, "two"))
        assert again.to == "ana@example.com"
        assert again.subject == f"Re: {LETTER['subject']}"

    def test_a_draft_waits_and_is_found_also_once_it_was_sent(
        self, account: EmailAccount, run: Path, post: Post
    ) -> None:
        mail = one(account, run, sender="priya")
        p = CreateDraft(body="Maybe.", answers=mail.id)
        assert create_draft.find_function(p, account, new_call(run)) is None
        draft = create_draft.function(p, account, new_call(run))
        assert read(account, run, draft.id).flags == ["\\Draft", "\\Seen"]
        assert (draft.subject, "priya" in draft.to) == (f"Re: {mail.subject}", True)
        assert create_draft.find_function(p, account, new_call(run)) == draft
        (kept,) = [one for one in mail_box.mails(post.store) if "DRAFT" in one["labelIds"]]
        mail_box.relabel(post.store, kept, ["SENT"])
        assert create_draft.find_function(p, account, new_call(run)).message_id == draft.message_id

    def test_previews_ask_nobody(self) -> None:
        shown = plan(reply_message, ReplyMessage(id="INBOX/1/2/x", body="Yes."))
        assert shown.request["to"] == placeholder("whoever wrote the mail")
        assert "not sent" in plan(create_draft, CreateDraft(body="B", subject="S")).request["draft"]


class TestFiling:
    def move(self, account: EmailAccount, run: Path, id: str, **values: Any) -> FiledMail:
        return move_message.function(MoveMessage(id=id, **values), account, new_call(run))

    def test_a_mail_is_moved_once_however_often_it_is_asked(self, account: EmailAccount, run: Path) -> None:
        mail = one(account, run, sender="priya")
        filed = self.move(account, run, mail.id, folder="contracts")
        assert filed.folder == "Contracts"
        assert self.move(account, run, mail.id, folder="Contracts") == filed
        assert search(account, run, sender="priya") == []
        assert read(account, run, filed.id).subject == mail.subject

    @pytest.mark.parametrize("name", ["Bills", "Größe & Rechnungen", "報告"])
    def test_a_folder_that_is_missing_is_made_when_asked(self, account: EmailAccount, run: Path, name: str) -> None:
        mail = one(account, run, sender="priya")
        with pytest.raises(ServiceError, match="no folder"):
            self.move(account, run, mail.id, folder=name)
        assert self.move(account, run, mail.id, folder=name, create=True).folder == name
        assert (name, name) in folders(account)

    def test_a_copy_stays_where_it_is_and_is_made_once(self, account: EmailAccount, run: Path) -> None:
        mail = one(account, run, sender="priya")
        for _ in range(2):
            self.move(account, run, mail.id, folder="Contracts", keep=True)
        assert len(search(account, run, sender="priya")) == 1
        assert len(search(account, run, sender="priya", folder="Contracts")) == 1

    def test_a_mail_that_is_nowhere_is_told(self, account: EmailAccount, run: Path) -> None:
        with pytest.raises(ServiceError, match="no more in the folder"):
            self.move(account, run, "INBOX/1/999/gone@example.com", folder="Contracts")

    def test_it_is_archived(self, account: EmailAccount, run: Path) -> None:
        mail = one(account, run, sender="priya")
        filed = archive_message.function(ArchiveMessage(id=mail.id), account, new_call(run))
        assert filed.folder == "Archive"
        assert archive_message.function(ArchiveMessage(id=mail.id), account, new_call(run)) == filed

    def test_it_is_marked(self, account: EmailAccount, run: Path) -> None:
        mail = one(account, run, sender="priya")
        for state, flags in (
            ("read", ["\\Seen"]),
            ("starred", ["\\Flagged", "\\Seen"]),
            ("unread", ["\\Flagged"]),
            ("not starred", []),
        ):
            mark_message.function(MarkMessage(id=mail.id, state=state), account, new_call(run))
            assert read(account, run, mail.id).flags == flags

    def test_previews_ask_nobody(self) -> None:
        assert plan(move_message, MoveMessage(id="INBOX/1/2/x", folder="Bills")).request["folder"] == "Bills"
        assert plan(archive_message, ArchiveMessage(id="INBOX/1/2/x")).summary == "Put a mail into the archive"
        assert plan(mark_message, MarkMessage(id="INBOX/1/2/x", state="starred")).request["mark_as"] == "starred"


class TestErrors:
    @pytest.mark.parametrize("values", [{"password": "wrong"}, {"user": "nobody"}, {"password": "schlüssel"}])
    def test_a_wrong_password_asks_to_reconnect(self, post: Post, values: dict[str, str]) -> None:
        with pytest.raises(AccountError, match="does not accept the user or the password of 'work'") as caught:
            check(account_at(post.imap, post.smtp, **values))
        assert caught.value.remedy.startswith("Reconnect 'work'.")
        assert "wrong" not in str(caught.value)

    def test_one_that_is_wrong_for_sending_alone_is_told_too(self, post: Post) -> None:
        refusal = smtp_saying(AUTH=b"535 5.7.8 Bad credentials\r\n")
        with saying(b"220 hi\r\n", refusal) as smtp, pytest.raises(AccountError, match=r"535 5\.7\.8 Bad credentials"):
            check(account_at(post.imap, smtp))

    @pytest.mark.parametrize(
        ("said", "remedy"),
        [
            (b"NO [ALERT] Application-specific password required: https://x.example", "password made for this program"),
            (b"NO LOGIN failed: BasicAuthBlocked, basic authentication is off", "allow passwords for programs"),
            (b"NO [AUTHENTICATIONFAILED] Invalid", "Reconnect 'work'"),
        ],
    )
    def test_what_the_provider_wants_is_told(self, said: bytes, remedy: str) -> None:
        with saying(b"* OK hi\r\n", imap_saying(said)) as imap, pytest.raises(AccountError) as caught:
            check(account_at(imap))
        assert remedy in caught.value.remedy

    def test_where_an_app_password_is_made_is_known_of_providers(self) -> None:
        assert "account.apple.com" in app_password(KNOWN["icloud.com"].smtp)

    def test_a_server_that_lets_nobody_in_now_can_be_tried_again(self) -> None:
        busy = imap_saying(b"NO [UNAVAILABLE] Temporary failure")
        with saying(b"* OK hi\r\n", busy) as imap, pytest.raises(Unavailable, match="lets nobody in now"):
            check(account_at(imap))

    def test_nobody_there_can_be_tried_again(self) -> None:
        with pytest.raises(Unavailable, match=r"127\.0\.0\.1:9 cannot be reached"):
            check(account_at(9))

    def test_a_name_that_is_no_host_is_told(self) -> None:
        account = EmailAccount(address=SAM, password="x", imap_host="mail.nowhere.invalid")
        with pytest.raises(Unavailable, match=r"'mail\.nowhere\.invalid' is not found"):
            check(account)

    def test_no_answer_in_time_is_told(self, run: Path) -> None:
        with saying(b"", lambda line: b"") as imap, pytest.raises(Unavailable, match="does not answer in time"):
            search_messages.function(SearchMessages(), account_at(imap), new_call(run, timeout=0.3))

    @pytest.mark.parametrize("kind", ["imap", "smtp"])
    def test_a_certificate_that_nobody_knows_is_not_trusted(self, tmp_path: Path, post: Post, kind: str) -> None:
        with saying(b"* OK hi\r\n", lambda line: None, self_signed(tmp_path)) as port:
            ports = {"imap": post.imap, "smtp": post.smtp, kind: port}
            with pytest.raises(ServiceError, match=r"The certificate of 127\.0\.0\.1 is not to be trusted"):
                check(account_at(ports["imap"], ports["smtp"], **{f"{kind}_security": "ssl"}))

    @pytest.mark.parametrize("kind", ["imap", "smtp"])
    def test_encryption_where_there_is_none_is_told(self, post: Post, kind: str) -> None:
        with pytest.raises(ServiceError, match=r"encrypted|encryption") as caught:
            check(account_at(post.imap, post.smtp, **{f"{kind}_security": "ssl"}))
        assert "security" in caught.value.remedy

    @pytest.mark.parametrize("kind", ["imap", "smtp"])
    def test_a_server_that_cannot_begin_to_encrypt_gets_no_password(self, post: Post, kind: str) -> None:
        with pytest.raises(ServiceError):
            check(account_at(post.imap, post.smtp, **{f"{kind}_security": "starttls"}))

    @pytest.mark.parametrize("greeting", [b"HTTP/1.1 400 Bad Request\r\n", b"", b"\xff\xfe\r\n", b"* BYE go away\r\n"])
    def test_what_is_no_mail_server_is_told(self, run: Path, greeting: bytes) -> None:
        with saying(greeting, lambda line: None) as port, pytest.raises(ServiceError) as caught:
            search_messages.function(SearchMessages(), account_at(port), new_call(run, timeout=0.5))
        assert caught.value.remedy

    def test_a_full_mailbox_is_told(self, run: Path) -> None:
        login = imap_saying(b"OK in")

        def answer(line: bytes) -> bytes | None:
            tag, name = line.split()[:2]
            if name == b"LIST":
                return b'* LIST (\\Drafts) "/" Drafts\r\n%b OK done\r\n' % tag
            if name == b"APPEND":
                return b"%b NO [OVERQUOTA] Mailbox is full\r\n" % tag
            return login(line)

        with saying(b"* OK hi\r\n", answer) as imap, pytest.raises(ServiceError, match="The mailbox is full"):
            create_draft.function(CreateDraft(body="B", subject="S"), account_at(imap), new_call(run))
