"""The practice mail servers answer as IMAP and SMTP servers do, asked through Python's own clients."""

from __future__ import annotations

import imaplib
import smtplib
import socket
import threading
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from integrations.practice import mail_box, mail_folders
from integrations.practice.email import routes
from integrations.practice.store import Store
from tests.integrations.mail_servers import Post, practice_mail

SAM = "sam@lanternworks.example"


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    with practice_mail(tmp_path / "practice.db") as post:
        yield post


@pytest.fixture
def imap(post: Post) -> Iterator[imaplib.IMAP4]:
    with imaplib.IMAP4("127.0.0.1", post.imap) as client:
        client.login(SAM, "practice")
        yield client


@pytest.fixture
def smtp(post: Post) -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP("127.0.0.1", post.smtp, "here") as client:
        yield client


def uids(imap: imaplib.IMAP4, folder: str, *keys: str) -> list[bytes]:
    imap.select(folder)
    return imap.uid("SEARCH", *(keys or ("ALL",)))[1][0].split()


class TestWhereTheyAre:
    def test_they_are_named_as_a_provider_names_its_servers(self, practice: Any) -> None:
        with urllib.request.urlopen(f"{practice.url}/email/mail/config-v1.1.xml?emailaddress={SAM}") as answer:
            root = ElementTree.fromstring(answer.read())
        ports = [int(root.findtext(f".//{tag}/port") or "") for tag in ("incomingServer", "outgoingServer")]
        with imaplib.IMAP4("127.0.0.1", ports[0]) as imap, smtplib.SMTP("127.0.0.1", ports[1], "here") as smtp:
            assert imap.noop()[0] == "OK"
            assert smtp.noop()[0] == 250

    def test_they_listen_only_once_somebody_asks(self, tmp_path: Path) -> None:
        store = Store(tmp_path / "practice.db")
        before = [thread.name for thread in threading.enumerate()]
        routes(store, "")
        assert [thread.name for thread in threading.enumerate()] == before
        store.close()

    def test_they_stop_with_the_store(self, tmp_path: Path) -> None:
        with practice_mail(tmp_path / "practice.db") as post:
            client = imaplib.IMAP4("127.0.0.1", post.imap)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", post.imap), 1)
        client.shutdown()


class TestImap:
    def test_a_wrong_password_is_refused(self, post: Post) -> None:
        with (
            imaplib.IMAP4("127.0.0.1", post.imap) as client,
            pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"),
        ):
            client.login(SAM, "wrong")

    def test_nothing_is_done_for_who_is_not_logged_in(self, post: Post) -> None:
        with socket.create_connection(("127.0.0.1", post.imap), 5) as client, client.makefile("rwb") as lines:
            assert lines.readline().startswith(b"* OK [CAPABILITY IMAP4rev1")
            for command in (b'a LIST "" *', b"a SELECT INBOX", b"a UID FETCH 1 FLAGS", b"a SHUTDOWN", b"a"):
                lines.write(command + b"\r\n")
                lines.flush()
                assert lines.readline().startswith(b"a BAD")

    @pytest.mark.parametrize(
        "command",
        [
            b"a FETCH 1 (",
            b"a FETCH x FLAGS",
            b"a UID FETCH 1 NONSENSE",
            b"a SEARCH NONSENSE",
            b"a SELECT",
            b"a SEARCH FROM",
        ],
    )
    def test_a_command_that_is_none_is_told_and_the_next_one_is_heard(self, post: Post, command: bytes) -> None:
        with socket.create_connection(("127.0.0.1", post.imap), 5) as client, client.makefile("rwb") as lines:
            for line in (b"x LOGIN %b practice" % SAM.encode(), b"x SELECT INBOX", command, b"z NOOP"):
                lines.write(line + b"\r\n")
            lines.flush()
            heard = []
            while not heard or not heard[-1].startswith(b"z"):
                heard.append(lines.readline())
        assert heard[-2].startswith(b"a BAD")
        assert heard[-1].startswith(b"z OK")

    def test_folders_say_what_they_are_for(self, imap: imaplib.IMAP4) -> None:
        listed = imap.list()[1]
        assert b'(\\HasNoChildren \\Sent) "/" "Sent"' in listed
        assert b'(\\HasNoChildren) "/" "Contracts"' in listed

    def test_mail_that_comes_in_by_gmail_is_seen_and_its_uid_is_the_highest(
        self, imap: imaplib.IMAP4, post: Post
    ) -> None:
        before = uids(imap, "INBOX")
        mail_box.deliver(post.store, b"Message-ID: <new@x>\r\n\r\nHi", ["INBOX"], datetime(2001, 1, 1, tzinfo=UTC))
        assert [int(uid) for uid in uids(imap, "INBOX")][:-1] == [int(uid) for uid in before]

    def test_a_mail_that_is_moved_away_and_back_has_a_new_uid(self, imap: imaplib.IMAP4) -> None:
        first = uids(imap, "INBOX")[0]
        imap.uid("MOVE", first.decode(), "Contracts")
        imap.select("Contracts")
        (moved,) = uids(imap, "Contracts")[-1:]
        imap.uid("MOVE", moved.decode(), "INBOX")
        assert first not in uids(imap, "INBOX")
        assert int(uids(imap, "INBOX")[-1]) > int(first)

    def test_what_is_marked_here_is_read_at_gmail(self, imap: imaplib.IMAP4, post: Post) -> None:
        (uid, *_) = uids(imap, "INBOX", "UNSEEN")
        imap.uid("STORE", uid.decode(), "+FLAGS", r"(\Seen \Flagged $Later)")
        assert uid not in uids(imap, "INBOX", "UNSEEN")
        (starred,) = [one for one in mail_box.mails(post.store) if one.get("keywords") == ["$Later"]]
        assert "STARRED" in starred["labelIds"]
        assert "UNREAD" not in starred["labelIds"]

    def test_a_draft_is_one_at_gmail_and_gone_once_it_is_deleted(self, imap: imaplib.IMAP4, post: Post) -> None:
        imap.append("Drafts", r"(\Draft \Seen)", None, b"Subject: d\r\n\r\nHi")
        (uid,) = uids(imap, "Drafts")
        assert len(post.store.all("gmail", "draft")) == 1
        imap.uid("STORE", uid.decode(), "+FLAGS", r"(\Deleted)")
        imap.uid("EXPUNGE", uid.decode())
        assert uids(imap, "Drafts") == []
        assert not [one for one in mail_box.mails(post.store) if one["subject"] == "d"]

    def test_a_folder_is_made_once(self, imap: imaplib.IMAP4) -> None:
        assert imap.create("Bills")[0] == "OK"
        assert imap.create("Bills")[0] == "NO"

    def test_a_mailbox_that_is_made_anew_has_uids_of_its_own(self, post: Post) -> None:
        folders = mail_folders.Folders(post.store)
        known = folders.uid_validity()
        post.store.put("email", "mailbox", "me", {"uid_validity": known - 100})
        mail_folders.seed(post.store)
        assert folders.uid_validity() >= known

    def test_a_part_is_given_in_pieces(self, imap: imaplib.IMAP4) -> None:
        (uid,) = uids(imap, "INBOX", "SUBJECT", "Invoice")[:1]
        whole = imap.uid("FETCH", uid.decode(), "BODY.PEEK[2]")[1][0][1]
        piece = imap.uid("FETCH", uid.decode(), "BODY.PEEK[2]<10.20>")[1][0][1]
        assert piece == whole[10:30]


class TestSmtp:
    def test_nobody_sends_without_a_login(self, smtp: smtplib.SMTP) -> None:
        with pytest.raises(smtplib.SMTPSenderRefused) as caught:
            smtp.sendmail(SAM, "ana@example.com", "Hi")
        assert caught.value.smtp_code == 530

    def test_a_wrong_password_is_refused(self, smtp: smtplib.SMTP) -> None:
        with pytest.raises(smtplib.SMTPAuthenticationError) as caught:
            smtp.login(SAM, "wrong")
        assert caught.value.smtp_code == 535

    def test_nobody_sends_as_somebody_else(self, smtp: smtplib.SMTP) -> None:
        smtp.login(SAM, "practice")
        with pytest.raises(smtplib.SMTPSenderRefused):
            smtp.sendmail("ana@example.com", "bo@example.com", "Hi")

    def test_mail_to_oneself_comes_in_and_other_mail_goes_nowhere(self, smtp: smtplib.SMTP, post: Post) -> None:
        before = len(mail_box.mails(post.store))
        smtp.login(SAM, "practice")
        smtp.sendmail(SAM, "ana@example.com", "Subject: out\r\n\r\nHi")
        assert len(mail_box.mails(post.store)) == before
        smtp.sendmail(SAM, SAM, "Subject: in\r\n\r\n.\r\nHi")
        mail = mail_box.mails(post.store)[-1]
        assert (mail["subject"], mail["text"], mail_box.folder_of(mail)) == ("in", ".\nHi", "inbox")
