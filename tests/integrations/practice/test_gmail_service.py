"""Practice Gmail answers as Gmail does, asked through Google's own client."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

from integrations.practice import create_app, mail_box
from integrations.practice.mail_message import decode, encode, parse


@pytest.fixture
def users(practice: Any) -> Iterator[Any]:
    with build(
        "gmail",
        "v1",
        credentials=Credentials("practice"),
        client_options={"api_endpoint": f"{practice.url}/gmail"},
        cache_discovery=False,
    ) as service:
        yield service.users()


def ids(users: Any, **query: Any) -> list[str]:
    return [mail["id"] for mail in users.messages().list(userId="me", **query).execute().get("messages", [])]


def refused(request: Any) -> dict[str, Any]:
    with pytest.raises(HttpError) as caught:
        request.execute()
    return json.loads(caught.value.content)["error"]


def ask(url: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, Any]]:
    request = urllib.request.Request(url, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


class TestSamples:
    def test_there_are_a_dozen_varied_mails(self, users: Any) -> None:
        assert len(ids(users)) == 14
        assert len(ids(users, q="is:unread")) == 5
        assert len(ids(users, q="in:inbox has:attachment")) == 4
        assert len(ids(users, q="newer_than:7d")) == 12

    def test_each_is_short_enough_for_a_tiny_model_and_long_enough_to_summarise(self, practice: Any) -> None:
        for mail in practice.store.all("gmail", "mail"):
            assert 60 <= len(mail["text"].split()) <= 180, mail["subject"]

    def test_no_address_belongs_to_anybody(self, practice: Any) -> None:
        for mail in practice.store.all("gmail", "mail"):
            assert mail["from"].rstrip(">").endswith(".example")

    def test_days_are_named_and_fall_on_no_weekend(self, practice: Any) -> None:
        for mail in practice.store.all("gmail", "mail"):
            assert "{" not in mail["subject"] + mail["text"]
            assert not {"Saturday", "Sunday"} & set(mail["text"].split())

    def test_attachments_are_whole(self, users: Any) -> None:
        starts = {"application/pdf": b"%PDF-", "image/png": b"\x89PNG", "text/csv": b"product,"}
        seen = set()
        for id in ids(users, q="has:attachment"):
            mail = users.messages().get(userId="me", id=id).execute()
            part = mail["payload"]["parts"][-1]
            token = part["body"]["attachmentId"]
            file = users.messages().attachments().get(userId="me", messageId=id, id=token).execute()
            content = decode(file["data"])
            assert len(content) == file["size"] == part["body"]["size"]
            assert content.startswith(starts[part["mimeType"]])
            seen.add(part["mimeType"])
        assert seen == set(starts)


class TestThreads:
    def test_a_conversation_has_all_its_mails(self, users: Any, practice: Any) -> None:
        sent = ids(users, labelIds=["SENT"])[0]
        first = users.messages().get(userId="me", id=sent, format="minimal").execute()
        reply = mail_box.answer(practice.store, sent, "Yes.", datetime.now(UTC))
        thread = users.threads().get(userId="me", id=first["threadId"], format="minimal").execute()
        told = [message["id"] for message in thread["messages"]]
        assert told[told.index(sent) + 1 :] == [reply["id"]]
        assert first in thread["messages"]

    def test_one_that_is_not_there_is_not_found(self, users: Any) -> None:
        assert refused(users.threads().get(userId="me", id="abc123"))["code"] == 404


class TestMessages:
    def test_pages_follow_each_other_without_a_gap(self, users: Any) -> None:
        messages = users.messages()
        request, pages = messages.list(userId="me", maxResults=6), []
        while request is not None:
            answer = request.execute()
            assert answer["resultSizeEstimate"] == 14
            pages.append([mail["id"] for mail in answer["messages"]])
            request = messages.list_next(request, answer)
        assert [len(page) for page in pages] == [6, 6, 2]
        assert sum(pages, []) == ids(users)  # noqa: RUF017

    def test_nothing_found_has_no_list(self, users: Any) -> None:
        assert users.messages().list(userId="me", q="subject:zebra").execute() == {"resultSizeEstimate": 0}

    def test_a_search_too_long_for_an_address_is_answered_too(self, users: Any) -> None:
        query = " OR ".join(["subject:invoice", *(f"from:person{n}@nowhere.example" for n in range(200))])
        assert len(query) > 4000
        assert ids(users, q=query) == ids(users, q="subject:invoice")

    def test_labels_narrow_a_list(self, users: Any) -> None:
        assert ids(users, labelIds=["INBOX", "UNREAD"]) == ids(users, q="in:inbox is:unread")
        assert len(ids(users, labelIds=["Label_1"])) == len(ids(users, q="label:contracts")) == 1

    def test_each_format_has_its_fields(self, users: Any) -> None:
        (id,) = ids(users, q="subject:invoice is:unread")
        every = {"id", "threadId", "labelIds", "snippet", "sizeEstimate", "historyId", "internalDate"}
        get = users.messages().get
        assert set(get(userId="me", id=id, format="minimal").execute()) == every
        raw = get(userId="me", id=id, format="raw").execute()
        assert set(raw) == every | {"raw"}
        assert parse(decode(raw["raw"]))["Message-ID"] == "<sample-2@lanternworks.example>"
        metadata = get(userId="me", id=id, format="metadata", metadataHeaders=["subject", "From"]).execute()
        assert {header["name"] for header in metadata["payload"]["headers"]} == {"From", "Subject"}
        full = get(userId="me", id=id, format="full").execute()
        assert full["payload"]["mimeType"] == "multipart/mixed"
        assert [part["partId"] for part in full["payload"]["parts"]] == ["0", "1"]
        assert "PT-20418" in decode(full["payload"]["parts"][0]["body"]["data"]).decode()

    def test_an_answer_lies_in_the_thread_of_what_it_answers(self, users: Any) -> None:
        threads = {
            users.messages().get(userId="me", id=id, format="minimal").execute()["threadId"]
            for id in ids(users, q="subject:battery older_than:10d")
        }
        assert len(threads) == 1

    def test_a_sent_mail_keeps_its_bytes_and_its_message_id(self, users: Any) -> None:
        raw = b"From: x@x.example\r\nTo: a@a.example\r\nDate: Sat, 21 Nov 2026 10:00:00 +0000\r\n"
        raw += b"Message-ID: <mine@x.example>\r\nSubject: Hi\r\n\r\ntext"
        sent = users.messages().send(userId="me", body={"raw": encode(raw)}).execute()
        assert set(sent) == {"id", "threadId", "labelIds"}
        assert decode(users.messages().get(userId="me", id=sent["id"], format="raw").execute()["raw"]) == raw
        assert ids(users, q="rfc822msgid:mine@x.example") == [sent["id"]]

    @pytest.mark.parametrize(
        "header",
        [b"Cc: x@[", b'Cc: "', b"From: =?utf-8?b?//?=", b"Message-ID:", b"Content-Type: text/plain; charset=x"],
    )
    def test_a_mail_with_a_broken_header_is_taken_all_the_same(self, users: Any, header: bytes) -> None:
        raw = b"To: a@a.example\r\n" + header + b"\r\nSubject: Gr\xc3\xbc\xc3\x9fe\r\n\r\ntext"
        sent = users.messages().send(userId="me", body={"raw": encode(raw)}).execute()
        mail = users.messages().get(userId="me", id=sent["id"]).execute()
        assert {"name": "Subject", "value": "Grüße"} in mail["payload"]["headers"]
        assert decode(mail["payload"]["body"]["data"]) == b"text"

    def test_the_same_mail_sent_twice_is_two_mails(self, users: Any) -> None:
        body = {"raw": encode(b"To: a@a.example\r\nMessage-ID: <mine@x.example>\r\n\r\ntext")}
        sent = [users.messages().send(userId="me", body=body).execute()["id"] for _ in range(2)]
        assert ids(users, q="rfc822msgid:mine@x.example") == sent[::-1]
        assert len(set(sent)) == 2

    def test_labels_are_put_on_and_taken_off(self, users: Any) -> None:
        id = ids(users, q="is:unread")[0]
        body = {"addLabelIds": ["STARRED", "Label_1"], "removeLabelIds": ["UNREAD"]}
        changed = users.messages().modify(userId="me", id=id, body=body).execute()
        assert set(changed["labelIds"]) == {"INBOX", "STARRED", "Label_1"}
        assert id not in ids(users, q="is:unread")

    def test_profile_and_labels(self, users: Any) -> None:
        profile = users.getProfile(userId="me").execute()
        assert profile["emailAddress"] == "sam@lanternworks.example"
        assert (profile["messagesTotal"], profile["threadsTotal"]) == (14, 13)
        labels = users.labels().list(userId="me").execute()["labels"]
        assert {"id": "Label_1", "name": "Contracts", "type": "user"} in labels
        assert {"id": "UNREAD", "name": "UNREAD", "type": "system"} in labels


class TestRefusals:
    @pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "practice"}])
    def test_no_one_gets_in_without_the_token(self, practice: Any, header: dict[str, str]) -> None:
        status, answer = ask(f"{practice.url}/gmail/gmail/v1/users/me/profile", **header)
        assert status == answer["error"]["code"] == 401
        assert answer["error"]["status"] == "UNAUTHENTICATED"

    def test_another_persons_mailbox_is_closed(self, users: Any) -> None:
        error = refused(users.getProfile(userId="bo@example.com"))
        assert (error["code"], error["status"]) == (403, "PERMISSION_DENIED")
        assert users.getProfile(userId="sam@lanternworks.example").execute()["messagesTotal"] == 14

    def test_a_mail_that_is_not_there(self, users: Any) -> None:
        for request in (
            users.messages().get(userId="me", id="00000000deadbeef"),
            users.messages().modify(userId="me", id="00000000deadbeef", body={"addLabelIds": ["STARRED"]}),
        ):
            error = refused(request)
            assert (error["code"], error["status"]) == (404, "NOT_FOUND")
            assert error["errors"][0]["reason"] == "notFound"

    @pytest.mark.parametrize(
        ("body", "message"),
        [
            ({}, "'raw' RFC822 payload"),
            ({"raw": 7}, "'raw' RFC822 payload"),
            ({"raw": "ä"}, "Base64 decoding failed"),
            ({"raw": encode(b"Subject: no one\r\n\r\ntext")}, "Recipient address required"),
            ({"raw": encode(b"To: nobody\r\n\r\ntext")}, "Invalid To header"),
        ],
    )
    def test_a_mail_that_cannot_be_sent(self, users: Any, body: dict[str, Any], message: str) -> None:
        error = refused(users.messages().send(userId="me", body=body))
        assert error["code"] == 400
        assert message in error["message"]
        assert len(ids(users)) == 14

    def test_a_thread_that_is_not_there(self, users: Any) -> None:
        body = {"raw": encode(b"To: a@a.example\r\n\r\ntext"), "threadId": "00000000deadbeef"}
        assert refused(users.messages().send(userId="me", body=body))["code"] == 404

    def test_what_the_real_one_refuses(self, users: Any) -> None:
        id = ids(users)[0]
        messages = users.messages()
        for request in (
            messages.list(userId="me", maxResults=0),
            messages.list(userId="me", maxResults=-1),
            messages.list(userId="me", pageToken="7"),
            messages.list(userId="me", pageToken="x"),
            messages.list(userId="me", q="(" * 1500),
            messages.get(userId="me", id="not-an-id"),
            messages.attachments().get(userId="me", messageId=id, id="nonsense"),
            messages.modify(userId="me", id=id, body={}),
            messages.modify(userId="me", id=id, body={"addLabelIds": ["NO_SUCH"]}),
            messages.modify(userId="me", id=id, body={"addLabelIds": 7}),
        ):
            assert refused(request)["status"] == "INVALID_ARGUMENT"

    def test_a_body_that_is_no_json(self, practice: Any) -> None:
        url = f"{practice.url}/gmail/gmail/v1/users/me/messages/send"
        request = urllib.request.Request(url, b"{", {"Authorization": "Bearer practice"})
        with pytest.raises(urllib.error.HTTPError) as caught, urllib.request.urlopen(request):
            pass
        with caught.value as error:
            assert error.code == 400
            assert json.load(error)["error"]["errors"][0]["reason"] == "parseError"


class TestTheWhole:
    def test_the_overview_shows_the_mailbox_as_a_person_would_see_it(self, practice: Any) -> None:
        status, answer = ask(f"{practice.url}/overview")
        assert status == 200
        mails = answer["mail"]
        assert len(mails) == 14
        assert [mail["date"] for mail in mails] == sorted((mail["date"] for mail in mails), reverse=True)
        assert {mail["folder"] for mail in mails} == {"inbox", "sent"}
        invoice = next(mail for mail in mails if "Invoice" in mail["subject"])
        assert invoice["attachments"][0]["name"] == "invoice-PT-20418.pdf"
        assert set(invoice) >= {"id", "from", "to", "subject", "date", "unread", "text", "attachments"}
        assert datetime.fromisoformat(mails[0]["date"]) > datetime.now(UTC) - timedelta(hours=3)

    def test_a_reset_brings_the_sample_mails_back_under_the_same_ids(self, practice: Any, users: Any) -> None:
        before = ids(users)
        users.messages().send(userId="me", body={"raw": encode(b"To: a@a.example\r\n\r\ntext")}).execute()
        users.messages().modify(userId="me", id=before[0], body={"removeLabelIds": ["UNREAD"]}).execute()
        assert ask(f"{practice.url}/reset", "POST")[0] == 200
        assert ids(users) == before
        assert len(ids(users, q="is:unread")) == 5

    def test_another_web_site_cannot_reset(self, practice: Any, users: Any) -> None:
        users.messages().send(userId="me", body={"raw": encode(b"To: a@a.example\r\n\r\ntext")}).execute()
        assert ask(f"{practice.url}/reset", "POST", Origin="http://evil.example")[0] == 403
        assert len(ids(users)) == 15
        assert ask(f"{practice.url}/reset", "POST", Origin=practice.url)[0] == 200

    def test_what_was_done_is_there_after_starting_again(self, tmp_path: Path) -> None:
        first = create_app(tmp_path / "p.db", "http://studio.test").state.store
        kept = first.all("gmail", "mail")[0]
        first.put("gmail", "mail", kept["id"], {**kept, "subject": "changed"})
        first.close()
        second = create_app(tmp_path / "p.db", "http://studio.test").state.store
        assert second.all("gmail", "mail")[0]["subject"] == "changed"
        assert len(second.all("gmail", "mail")) == 14
        second.close()


class TestDraftsAndLabels:
    RAW = encode(b"To: ana@example.com\r\nSubject: Later\r\n\r\nHi")

    def test_a_draft_is_kept_and_listed_and_not_sent(self, users: Any) -> None:
        made = users.drafts().create(userId="me", body={"message": {"raw": self.RAW}}).execute()
        assert made["message"]["labelIds"] == ["DRAFT"]
        listed = users.drafts().list(userId="me").execute()["drafts"]
        assert [(one["id"], one["message"]["id"]) for one in listed] == [(made["id"], made["message"]["id"])]
        assert made["message"]["id"] not in ids(users, q="in:sent")

    def test_a_draft_in_a_conversation_that_is_not_there_is_refused(self, users: Any) -> None:
        body = {"message": {"raw": self.RAW, "threadId": "abc"}}
        assert refused(users.drafts().create(userId="me", body=body))["code"] == 404

    def test_a_label_is_made_once(self, users: Any) -> None:
        made = users.labels().create(userId="me", body={"name": "Bills"}).execute()
        assert made["id"].startswith("Label_")
        error = refused(users.labels().create(userId="me", body={"name": "bills"}))
        assert (error["code"], error["message"]) == (409, "Label name exists or conflicts")
        assert refused(users.labels().create(userId="me", body={"name": " "}))["code"] == 400

    @pytest.mark.parametrize("label", ["SENT", "DRAFT", "Label_99"])
    def test_labels_that_nobody_may_give_are_refused(self, users: Any, label: str) -> None:
        request = users.messages().modify(userId="me", id=ids(users)[0], body={"addLabelIds": [label]})
        assert refused(request)["message"] == f"Invalid label: {label}"

    def test_a_mail_that_is_too_large_for_json_has_to_be_uploaded(self, users: Any) -> None:
        raw = encode(b"To: ana@example.com\r\n\r\n" + b"x" * 8_000_000)
        assert refused(users.messages().send(userId="me", body={"raw": raw}))["code"] == 413

    def test_the_overview_says_where_a_mail_lies(self, users: Any, practice: Any) -> None:
        users.drafts().create(userId="me", body={"message": {"raw": self.RAW}}).execute()
        first = ids(users, q="is:unread")[0]
        users.messages().modify(userId="me", id=first, body={"removeLabelIds": ["INBOX"]}).execute()
        folders = {mail["id"]: mail["folder"] for mail in ask(f"{practice.url}/overview")[1]["mail"]}
        assert folders[first] == "archive"
        assert sorted(set(folders.values())) == ["archive", "drafts", "inbox", "sent"]
