"""Gmail through Google's own client, over HTTP, against practice Gmail or a server that answers one thing."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from threading import Thread
from typing import Any

import pytest
from pydantic import ValidationError

from integrations.gmail import (
    FullMessage,
    GetMessage,
    GmailAccount,
    Messages,
    SearchMessages,
    SendMessage,
    SentMessage,
    get_message,
    gmail,
    search_messages,
    send_message,
)
from integrations.practice.mail_message import encode
from orchestrator.actions import AccountError, Call, RateLimited, ServiceError, Unavailable, placeholder
from orchestrator.registry import Registry
from tests.integrations.google_description import google_error
from tests.integrations.loopback import NOWHERE, Reply, closed_port, replying
from tests.integrations.services import Services


def new_call(key: str = "run-1/send", timeout: float = 10.0) -> Call:
    return Call(run_id="run-1", step_id="send", key=key, services=Services(), timeout=timeout)


def account_at(url: str, token: str = "practice") -> GmailAccount:
    return GmailAccount(
        practice=True, base_url=f"{url}/gmail", token=token, studio_url="http://studio.test", address="sam@x.example"
    )


@pytest.fixture
def account(practice: Any) -> GmailAccount:
    return account_at(practice.url)


def search(account: GmailAccount, query: str, limit: int = 50) -> Messages:
    return search_messages.function(SearchMessages(query=query, limit=limit), account, new_call())


def send(account: GmailAccount, key: str = "run-1/send", **values: str) -> SentMessage:
    mail = SendMessage(**{"to": "ana@example.com", "subject": "Hello", "body": "How are you?", **values})
    return send_message.function(mail, account, new_call(key))


def find(account: GmailAccount, key: str = "run-1/send") -> SentMessage | None:
    assert send_message.find_function is not None
    mail = SendMessage(to="ana@example.com", subject="Hello", body="How are you?")
    return send_message.find_function(mail, account, new_call(key))


def read(account: GmailAccount, id: str) -> FullMessage:
    return get_message.function(GetMessage(id=id), account, new_call())


class TestTheContract:
    def test_the_registry_takes_the_connector(self) -> None:
        assert {id.removeprefix("gmail.") for id in Registry([gmail])} == {
            "search_messages",
            "get_message",
            "send_message",
            "reply_message",
            "create_draft",
            "label_message",
            "archive_message",
            "mark_message",
            "wait_for_reply",
        }

    def test_the_practice_account_is_made_of_the_practice_fields(self) -> None:
        assert gmail.practice is not None
        practice = GmailAccount(practice=True, **gmail.practice)
        assert practice.base_url == "{practice}/gmail"
        assert practice.token.get_secret_value() == "practice"

    def test_an_account_does_not_show_its_token(self) -> None:
        account = GmailAccount(token="hush")
        assert "hush" not in f"{account!r} {account} {account.model_dump_json()}"


class TestSearch:
    def test_it_finds_the_unread_mails_newest_first_with_all_that_a_summary_needs(self, account: GmailAccount) -> None:
        found = search(account, "is:unread")
        assert found.count == len(found.messages) == 5
        assert [mail.date for mail in found.messages] == sorted((mail.date for mail in found.messages), reverse=True)
        first = found.messages[0]
        assert (first.sender, first.sender_name) == ("priya.nair@lanternworks.example", "Priya Nair")
        assert first.subject.startswith("Product review moved")
        assert first.unread
        assert "There are three points on the agenda" in first.text
        assert first.text.startswith(first.snippet[:6])
        assert datetime.fromisoformat(first.date).tzinfo is UTC
        assert first.url == f"http://studio.test/practice?mail={first.id}"

    def test_it_asks_for_unread_mail_when_nothing_is_said(self) -> None:
        assert SearchMessages().query == "is:unread"

    def test_it_tells_the_attachments(self, account: GmailAccount) -> None:
        (invoice,) = search(account, "from:papertrail-supplies.example has:attachment").messages
        (file,) = invoice.attachments
        assert (file.name, file.mime) == ("invoice-PT-20418.pdf", "application/pdf")
        assert file.size > 500

    def test_other_languages_arrive_whole(self, account: GmailAccount) -> None:
        (spanish,) = search(account, "subject:retraso").messages
        assert spanish.sender_name == "Tomás Herrera"
        assert "se averió el lunes" in spanish.text

    def test_it_stops_at_the_limit(self, account: GmailAccount) -> None:
        assert search(account, "", limit=3).count == 3

    def test_nothing_found_is_an_empty_list(self, account: GmailAccount) -> None:
        assert search(account, "from:nobody@nowhere.example") == Messages(messages=[], count=0)

    def test_it_writes_to_the_log_what_was_found(self, account: GmailAccount) -> None:
        call = new_call()
        search_messages.function(SearchMessages(query="is:starred"), account, call)
        assert call.services.logged == ["Found 1 mail for 'is:starred'."]

    @pytest.mark.parametrize("limit", [0, 51])
    def test_a_limit_out_of_bounds_is_refused(self, limit: int) -> None:
        with pytest.raises(ValidationError):
            SearchMessages(limit=limit)

    def test_html_mail_is_made_plain(self, account: GmailAccount) -> None:
        source = (
            "<html><head><title>T</title><style>p {color: red}</style></head><body><h1>Sale</h1>"
            "<p>Lamps &amp; shades<br>from 5&nbsp;&euro;</p><script>alert(1)</script><ul><li>one</li></ul></body>"
        )
        deliver_raw(account, f"To: sam@lanternworks.example\r\nContent-Type: text/html\r\n\r\n{source}".encode())
        (mail,) = search(account, "subject:").messages[:1]
        assert mail.text == "Sale\n\nLamps & shades\nfrom 5 €\n\none"

    def test_an_old_charset_is_read(self, account: GmailAccount) -> None:
        head = b"To: sam@lanternworks.example\r\nSubject: =?iso-8859-1?q?Gr=FC=DFe?=\r\n"
        deliver_raw(account, head + b"Content-Type: text/plain; charset=iso-8859-1\r\n\r\nGr\xfc\xdfe")
        (mail,) = search(account, "subject:Grüße").messages
        assert (mail.subject, mail.text) == ("Grüße", "Grüße")

    def test_two_threads_search_at_once(self, account: GmailAccount) -> None:
        queries = ["is:unread", "has:attachment", "in:sent", "is:unread"] * 3
        alone = [search(account, query) for query in queries]
        with ThreadPoolExecutor(4) as pool:
            together = list(pool.map(lambda query: search(account, query), queries))
        assert together == alone


class TestPages:
    def test_pages_are_followed_up_to_the_limit(self) -> None:
        pages = {
            None: {"messages": [{"id": "1"}, {"id": "2"}], "nextPageToken": "b"},
            "b": {"messages": [{"id": "3"}], "nextPageToken": "c"},
            "c": {"messages": [{"id": "4"}, {"id": "5"}]},
        }

        def answer(path: str, query: Mapping[str, str]) -> Reply:
            if path.endswith("/messages"):
                return Reply(pages[query.get("pageToken")])
            return Reply({"id": path.rpartition("/")[2], "threadId": "t", "internalDate": "0"})

        with replying(answer) as url:
            assert [mail.id for mail in search(account_at(url), "", limit=50).messages] == ["1", "2", "3", "4", "5"]
            assert [mail.id for mail in search(account_at(url), "", limit=3).messages] == ["1", "2", "3"]

    def test_a_mail_that_was_deleted_in_between_is_left_out(self) -> None:
        def answer(path: str, query: Mapping[str, str]) -> Reply:
            if path.endswith("/messages"):
                return Reply({"messages": [{"id": "1"}, {"id": "2"}]})
            if path.endswith("/1"):
                return Reply(google_error("Requested entity was not found.", "notFound"), 404)
            return Reply({"id": "2", "threadId": "t", "internalDate": "0"})

        with replying(answer) as url:
            assert [mail.id for mail in search(account_at(url), "").messages] == ["2"]


class TestGet:
    def test_it_tells_what_a_search_leaves_out(self, account: GmailAccount) -> None:
        found = search(account, "subject:product").messages[0]
        mail = read(account, found.id)
        assert mail.cc == "Jonas Weber <jonas.weber@lanternworks.example>"
        assert set(mail.labels) == {"INBOX", "UNREAD"}
        assert mail.message_id == "<sample-1@lanternworks.example>"
        assert mail.text == found.text

    def test_a_mail_that_does_not_exist_is_refused(self, account: GmailAccount) -> None:
        with pytest.raises(ServiceError, match=r"404.*Requested entity was not found") as caught:
            read(account, "00000000deadbeef")
        assert "deleted" in caught.value.remedy
        assert not caught.value.retryable

    def test_an_id_that_cannot_be_one_is_refused(self, account: GmailAccount) -> None:
        with pytest.raises(ServiceError, match=r"400.*Invalid id value"):
            read(account, "not-an-id")


class TestSend:
    def test_a_sent_mail_lies_in_the_folder_of_sent_mail(self, account: GmailAccount) -> None:
        sent = send(account, subject="Größe ✓", body="First line\nÄnderung", cc="Bo <bo@example.com>")
        assert sent.url == f"http://studio.test/practice?mail={sent.id}"
        (mail,) = search(account, "in:sent to:ana@example.com").messages
        assert (mail.id, mail.thread_id) == (sent.id, sent.thread_id)
        assert (mail.subject, mail.text) == ("Größe ✓", "First line\nÄnderung")
        assert mail.sender == "sam@lanternworks.example"
        assert not mail.unread
        assert read(account, sent.id).cc == "Bo <bo@example.com>"

    def test_answers_can_be_led_elsewhere(self, account: GmailAccount) -> None:
        sent = send(account, reply_to="desk@example.com")
        assert read(account, sent.id).reply_to == "desk@example.com"

    def test_a_mail_to_oneself_is_new_mail(self, account: GmailAccount) -> None:
        sent = send(account, to="sam@lanternworks.example")
        assert search(account, "is:unread").messages[0].id == sent.id

    def test_what_was_sent_is_found_by_the_key_of_the_call(self, account: GmailAccount) -> None:
        assert find(account, "run-1/send") is None
        sent = send(account, "run-1/send")
        assert find(account, "run-1/send") == sent
        assert find(account, "run-2/send") is None

    def test_it_is_found_also_where_gmail_put_in_its_own_message_id(self, account: GmailAccount, practice: Any) -> None:
        sent = send(account)
        mail = practice.store.get("gmail", "mail", sent.id)
        practice.store.put("gmail", "mail", sent.id, {**mail, "messageId": "<its-own@mail.gmail.com>"})
        assert find(account) == sent

    def test_it_is_found_also_where_it_was_put_into_the_trash(self, account: GmailAccount, practice: Any) -> None:
        sent = send(account)
        mail = practice.store.get("gmail", "mail", sent.id)
        practice.store.put("gmail", "mail", sent.id, {**mail, "labelIds": ["SENT", "TRASH"]})
        assert search(account, "to:ana@example.com").count == 0
        assert find(account) == sent

    @pytest.mark.parametrize("field", ["to", "subject", "cc", "reply_to"])
    @pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\u2028"])
    def test_a_line_break_cannot_add_a_header(self, field: str, end: str) -> None:
        values = {"to": "ana@example.com", "subject": "Hi", "body": "text"}
        with pytest.raises(ValidationError, match="single line"):
            SendMessage(**{**values, field: f"ana@example.com{end}Bcc: spy@example.com"})

    @pytest.mark.parametrize("field", ["subject", "body"])
    def test_half_a_character_is_refused(self, field: str) -> None:
        with pytest.raises(ValidationError, match="half of a character"):
            SendMessage(**{"to": "ana@example.com", "subject": "Hi", "body": "text", field: "\ud83d"})

    def test_a_line_break_at_the_end_is_none(self) -> None:
        assert SendMessage(to="ana@example.com\n", subject="Hi\n", body="").subject == "Hi"

    def test_a_preview_shows_the_mail_and_asks_nobody(self) -> None:
        assert send_message.preview_function is not None
        mail = SendMessage(to="ana@example.com", subject="Hello", body="How are you?", cc="bo@example.com")
        plan = send_message.preview_function(mail, account_at(NOWHERE))
        assert plan.request == {
            "from": "sam@x.example",
            "to": "ana@example.com",
            "cc": "bo@example.com",
            "subject": "Hello",
            "body": "How are you?",
        }
        assert isinstance(plan.result, SentMessage)
        assert plan.result.id == placeholder("mail id")
        assert "ana@example.com" in plan.summary

    def test_a_connection_that_breaks_before_the_answer_does_not_send_twice(self) -> None:
        with breaking() as (url, requests), pytest.raises(Unavailable):
            send(account_at(url))
        assert len(requests) == 1
        assert requests[0].startswith(b"POST")


class TestErrors:
    def test_a_wrong_token_asks_to_reconnect_the_account(self, practice: Any) -> None:
        with pytest.raises(AccountError) as caught:
            search(account_at(practice.url, token="wrong"), "is:unread")
        assert caught.value.remedy == "Reconnect 'practice'."
        assert "wrong" not in str(caught.value)

    @pytest.mark.parametrize("token", [" ", "two\nlines", "schlüssel"])
    def test_what_cannot_be_a_token_asks_to_reconnect_too(self, token: str) -> None:
        with pytest.raises(AccountError):
            search(account_at(NOWHERE, token=token), "")

    def test_a_token_with_a_line_break_at_its_end_is_fine(self, practice: Any) -> None:
        assert search(account_at(practice.url, token="practice\n"), "is:unread").count == 5

    @pytest.mark.parametrize("url", ["gmail.example", "ftp://gmail.example", ""])
    def test_an_address_that_is_none_is_told(self, url: str) -> None:
        with pytest.raises(Unavailable, match="is not a web address"):
            search(account_at(url), "")

    def test_nobody_there_can_be_tried_again(self) -> None:
        with pytest.raises(Unavailable, match="cannot be reached") as caught:
            search(account_at(f"http://127.0.0.1:{closed_port()}"), "is:unread")
        assert caught.value.retryable

    def test_no_answer_in_time_can_be_tried_again(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            account = account_at(f"http://127.0.0.1:{silent.getsockname()[1]}")
            with pytest.raises(Unavailable, match="timed out"):
                search_messages.function(SearchMessages(), account, new_call(timeout=0.2))

    @pytest.mark.parametrize(
        ("status", "reason"), [(429, "rateLimitExceeded"), (403, "rateLimitExceeded"), (403, "userRateLimitExceeded")]
    )
    def test_too_many_requests_tell_how_long_to_wait(self, status: int, reason: str) -> None:
        refusal = Reply(google_error("Quota exceeded.", reason), status, {"Retry-After": "7"})
        with replying(refusal) as url, pytest.raises(RateLimited, match="Quota exceeded") as caught:
            search(account_at(url), "")
        assert caught.value.retry_after == 7.0

    def test_the_wait_may_be_told_as_a_date(self) -> None:
        date = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
        refusal = Reply(google_error("Slow down.", "rateLimitExceeded"), 429, {"Retry-After": date})
        with replying(refusal) as url, pytest.raises(RateLimited) as caught:
            search(account_at(url), "")
        assert caught.value.retry_after == pytest.approx(60, abs=5)

    @pytest.mark.parametrize("header", [{}, {"Retry-After": "soon"}])
    def test_the_wait_may_not_be_told(self, header: dict[str, str]) -> None:
        refusal = Reply(google_error("Slow down.", "rateLimitExceeded"), 429, header)
        with replying(refusal) as url, pytest.raises(RateLimited) as caught:
            search(account_at(url), "")
        assert caught.value.retry_after is None

    @pytest.mark.parametrize("status", [500, 503])
    def test_a_failing_service_can_be_tried_again(self, status: int) -> None:
        refusal = Reply(google_error("Backend Error", "backendError"), status)
        with replying(refusal) as url, pytest.raises(Unavailable, match="Backend Error"):
            search(account_at(url), "")

    def test_a_missing_permission_is_told_in_the_services_own_words(self) -> None:
        refusal = Reply(google_error("Insufficient Permission", "insufficientPermissions"), 403)
        with replying(refusal) as url, pytest.raises(ServiceError, match="Insufficient Permission") as caught:
            search(account_at(url), "")
        assert not caught.value.retryable
        assert "permissions" in caught.value.remedy

    @pytest.mark.parametrize("status", [200, 404, 502])
    def test_html_in_place_of_an_answer_is_an_error_of_ours(self, status: int) -> None:
        with replying(Reply("<html>Please sign in</html>", status)) as url, pytest.raises(ServiceError):
            search(account_at(url), "")

    def test_the_token_does_not_follow_a_redirect(self) -> None:
        with (
            breaking() as (elsewhere, requests),
            replying(Reply("", 302, {"Location": elsewhere})) as url,
            pytest.raises(ServiceError, match="302"),
        ):
            search(account_at(url), "")
        assert requests == []


# Servers that answer one thing


@contextmanager
def breaking() -> Iterator[tuple[str, list[bytes]]]:
    """A server that takes every request and hangs up. Yields its address and the requests it took."""
    requests: list[bytes] = []
    server = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            connection, _ = server.accept()
            with connection:
                request = connection.recv(65536)
                if request == b"stop":
                    return
                requests.append(request)
                connection.shutdown(socket.SHUT_WR)
                connection.settimeout(0.2)
                try:
                    while connection.recv(65536):
                        pass
                except OSError:
                    pass

    thread = Thread(target=accept)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.getsockname()[1]}", requests
    finally:
        with socket.create_connection(server.getsockname()) as last:
            last.sendall(b"stop")
        thread.join()
        server.close()


def deliver_raw(account: GmailAccount, raw: bytes) -> None:
    """Put a mail into the practice mailbox by sending it there ourselves."""
    from google.oauth2.credentials import Credentials
    from googleapiclient.discovery import build

    with build(
        "gmail",
        "v1",
        credentials=Credentials(account.token.get_secret_value()),
        client_options={"api_endpoint": account.base_url},
        cache_discovery=False,
    ) as service:
        service.users().messages().send(userId="me", body={"raw": encode(raw)}).execute()
