"""Google Drive through Google's own client, over HTTP, against practice Drive or a server that answers one thing."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from integrations.drive import (
    DOCUMENT,
    MOST_BYTES,
    CreateFolder,
    DriveAccount,
    DriveFile,
    Files,
    FileText,
    ReadFile,
    SearchFiles,
    Share,
    ShareFile,
    UploadFile,
    create_folder,
    drive,
    folders,
    read_file,
    search_files,
    share_file,
    upload_file,
)
from integrations.drive import files as all_files
from orchestrator.actions import AccountError, Action, Call, RateLimited, ServiceError, Unavailable
from orchestrator.registry import Registry
from tests.integrations.google_description import google_error
from tests.integrations.loopback import NOWHERE, Reply, answering, closed_port, replying
from tests.integrations.services import Services

KEY = "run-1/put"


def new_call(key: str = KEY, timeout: float = 10.0) -> Call:
    return Call(run_id="run-1", step_id="put", key=key, services=Services(), timeout=timeout)


def account_at(url: str, token: str = "practice") -> DriveAccount:
    return DriveAccount(name="practice", practice=True, base_url=url, token=token)


@pytest.fixture
def account(practice: Any) -> DriveAccount:
    return account_at(f"{practice.url}/drive")


def search(account: DriveAccount, text: str = "", **values: Any) -> list[str]:
    found: Files = search_files.function(SearchFiles(text=text, **values), account, new_call())
    assert found.count == len(found.files)
    return [file.name for file in found.files]


def named(account: DriveAccount, name: str) -> DriveFile:
    found: Files = search_files.function(SearchFiles(limit=100), account, new_call())
    return next(file for file in found.files if file.name == name)


def read(account: DriveAccount, file: str) -> FileText:
    return read_file.function(ReadFile(file=file), account, new_call())


def upload(account: DriveAccount, key: str = KEY, **values: Any) -> DriveFile:
    return upload_file.function(UploadFile(**{"name": "a.md", "content": "# A", **values}), account, new_call(key))


def make_folder(account: DriveAccount, key: str = KEY, **values: str) -> DriveFile:
    return create_folder.function(CreateFolder(**{"name": "New", **values}), account, new_call(key))


def share(account: DriveAccount, file: str, **values: Any) -> Share:
    return share_file.function(ShareFile(**{"file": file, "address": "ana@example.com", **values}), account, new_call())


def find(action: Action, params: Any, account: DriveAccount, key: str = KEY) -> Any:
    assert action.find_function is not None
    return action.find_function(params, account, new_call(key))


def shown(practice: Any, name: str) -> dict[str, Any]:
    """A file, as the page Practice gets it."""
    overview = httpx.get(f"{practice.url}/overview", trust_env=False).json()
    return next(file for file in overview["files"] if file["name"] == name)


class TestTheContract:
    def test_the_registry_takes_the_connector(self) -> None:
        names = {"search_files", "read_file", "upload_file", "create_folder", "share_file"}
        assert set(Registry([drive])) == {f"drive.{name}" for name in names}

    def test_the_practice_account_is_made_of_the_practice_fields(self) -> None:
        assert drive.practice is not None
        values = {name: text.format(practice="http://127.0.0.1:1") for name, text in drive.practice.items()}
        assert DriveAccount(practice=True, **values).base_url == "http://127.0.0.1:1/drive"

    def test_an_account_does_not_show_its_token(self) -> None:
        account = DriveAccount(token="hush")
        assert "hush" not in f"{account!r} {account} {account.model_dump_json()}"

    @pytest.mark.parametrize("values", [{}, {"token": "a", "folder": "/b"}])
    def test_an_account_is_googles_or_a_folder(self, values: dict[str, str]) -> None:
        with pytest.raises(ValidationError, match="sign in to Google, or give the path"):
            DriveAccount(**values)

    @pytest.mark.parametrize(
        ("action", "params", "request_shown"),
        [
            (
                upload_file,
                UploadFile(name="a.md", content="# A"),
                {"name": "a.md", "folder": "My Drive", "type": "text/markdown", "content": "# A"},
            ),
            (create_folder, CreateFolder(name="New", parent="1abc"), {"name": "New", "parent": "1abc"}),
            (
                share_file,
                ShareFile(file="1abc", address="ana@example.com", message="Look"),
                {"file": "1abc", "address": "ana@example.com", "role": "reader", "mail": True, "message": "Look"},
            ),
        ],
    )
    def test_a_preview_shows_what_is_sent_and_asks_nobody(
        self, action: Action, params: Any, request_shown: dict[str, Any]
    ) -> None:
        assert action.preview_function is not None
        plan = action.preview_function(params, account_at(NOWHERE))
        assert plan.request == request_shown
        assert isinstance(plan.result, action.result)


class TestSearch:
    def test_the_newest_files_come_first(self, account: DriveAccount) -> None:
        assert search(account)[:2] == ["Welcome to practice Drive.txt", "Cost sheet: new battery"]

    def test_words_are_looked_for_in_names_and_texts(self, account: DriveAccount) -> None:
        assert search(account, "cost") == ["Cost sheet: new battery", "Sales report, third quarter"]
        assert search(account, "blinking mode") == ["interview-notes.md"]

    def test_in_one_folder(self, account: DriveAccount) -> None:
        folder = named(account, "Product")
        assert set(search(account, folder=folder.id)) == {
            "Cost sheet: new battery",
            "Garden lantern: product brief",
            "interview-notes.md",
        }

    def test_pages_are_followed_up_to_the_limit(self, account: DriveAccount) -> None:
        for number in range(103):
            upload(account, f"run-{number}/put", name=f"page {number}.txt")
        assert len(search(account, limit=500)) == 112
        assert len(set(search(account, limit=101))) == 101

    @pytest.mark.parametrize("text", ["it's", "back\\slash", "' or name contains 'a", "quote\\' in parents"])
    def test_words_cannot_end_the_question(self, account: DriveAccount, text: str) -> None:
        assert search(account, text) == []
        upload(account, name=text)
        assert search(account, text) == [text]

    def test_folders_and_files_can_be_chosen(self, account: DriveAccount) -> None:
        assert [name for _, name in folders(account)] == ["My Drive", "Archive", "Product", "Reports"]
        assert (named(account, "interview-notes.md").id, "interview-notes.md") in all_files(account)


class TestRead:
    def test_a_google_document_is_read_as_markdown(self, account: DriveAccount) -> None:
        file = read(account, named(account, "Garden lantern: product brief").id)
        assert file.text.startswith("# Garden lantern: product brief\n")
        assert (file.mime, file.text_type) == (DOCUMENT, "text/markdown")

    def test_a_spreadsheet_is_read_as_csv(self, account: DriveAccount) -> None:
        file = read(account, named(account, "Cost sheet: new battery").id)
        assert file.text.splitlines()[0] == "Part,Old battery (EUR),New battery (EUR)"
        assert file.text_type == "text/csv"

    def test_a_link_will_do(self, account: DriveAccount) -> None:
        id = named(account, "interview-notes.md").id
        for link in (
            f"https://drive.google.com/file/d/{id}/view?usp=sharing",
            f"https://drive.google.com/open?id={id}",
            f"http://studio.test/practice?file={id}",
            f" {id} ",
        ):
            assert read(account, link).text.startswith("# User tests")

    def test_a_folder_cannot_be_read(self, account: DriveAccount) -> None:
        with pytest.raises(ServiceError, match="it is a folder") as caught:
            read(account, named(account, "Product").id)
        assert "Choose a text file" in caught.value.remedy

    def test_what_is_not_there_says_so(self, account: DriveAccount) -> None:
        with pytest.raises(ServiceError, match=r"404.*File not found: 1nowhere") as caught:
            read(account, "1nowhere")
        assert "may see it" in caught.value.remedy

    @pytest.mark.parametrize(
        ("about", "content", "message"),
        [
            ({"mimeType": "application/pdf"}, b"", "type application/pdf"),
            ({"mimeType": "text/plain", "size": str(MOST_BYTES + 1)}, b"", "larger than 5 MB"),
            ({"mimeType": DOCUMENT}, b"x" * (MOST_BYTES + 1), "larger than 5 MB"),
            ({"mimeType": "text/plain"}, b"\xff\xfe\x00a", "not text in UTF-8"),
            ({"mimeType": "application/octet-stream"}, b"a\0b", "not text in UTF-8"),
        ],
    )
    def test_what_is_no_text_or_too_large_is_refused(self, about: dict[str, str], content: bytes, message: str) -> None:
        def reply(path: str, query: Mapping[str, str]) -> Reply:
            if query.get("alt") == "media" or path.endswith("/export"):
                return Reply(content)
            return Reply({"id": "1abcdef", "name": "x", **about})

        with replying(reply) as url, pytest.raises(ServiceError, match=message):
            read(account_at(url), "1abcdef")

    def test_a_shortcut_leads_to_its_file(self) -> None:
        shortcut = {"mimeType": "application/vnd.google-apps.shortcut", "shortcutDetails": {"targetId": "1target"}}

        def reply(path: str, query: Mapping[str, str]) -> Reply:
            if query.get("alt") == "media":
                return Reply("\ufeffHello".encode())
            if path.endswith("/1target"):
                return Reply({"id": "1target", "name": "x.txt", "mimeType": "text/plain", "size": "8"})
            return Reply({"id": "1short", "name": "x", **shortcut})

        with replying(reply) as url:
            assert read(account_at(url), "1short").text == "Hello"


class TestUpload:
    def test_a_file_arrives_whole(self, account: DriveAccount, practice: Any) -> None:
        content = "Größe ✓\r\n--boundary\nFrom here\n\n"
        made = upload(account, name="Übersicht.md", content=content, folder=named(account, "Reports").id)
        assert made.url == f"http://studio.test/practice?file={made.id}"
        assert (made.name, made.mime, made.size) == ("Übersicht.md", "text/markdown", len(content.encode()))
        assert read(account, made.id).text == content
        assert shown(practice, "Übersicht.md")["folder"] == "My Drive/Reports"

    def test_it_can_become_a_google_document(self, account: DriveAccount) -> None:
        assert upload(account, as_document=True).mime == DOCUMENT
        table = upload(account, "other", name="a.csv", content="a,b", as_document=True)
        assert table.mime == "application/vnd.google-apps.spreadsheet"
        assert read(account, table.id).text == "a,b"

    def test_an_empty_file_is_one_too(self, account: DriveAccount) -> None:
        assert read(account, upload(account, content="").id).text == ""

    def test_into_a_folder_that_is_not_there(self, account: DriveAccount) -> None:
        with pytest.raises(ServiceError, match="File not found"):
            upload(account, folder="1nowhere")

    @pytest.mark.parametrize("name", ["", " ", "a\nb", "a\0b", "x" * 300, "名" * 100, "\ud83d"])
    def test_a_name_that_is_none_is_refused(self, name: str) -> None:
        with pytest.raises(ValidationError):
            UploadFile(name=name, content="x")

    def test_too_much_is_refused_before(self) -> None:
        with pytest.raises(ValidationError, match="larger than 5 MB"):
            UploadFile(name="a.txt", content="x" * (MOST_BYTES + 1))


class TestFind:
    @pytest.mark.parametrize(
        ("action", "params"),
        [(upload_file, UploadFile(name="a.md", content="# A")), (create_folder, CreateFolder(name="New"))],
    )
    def test_what_was_made_is_found_after_a_connection_that_broke(
        self, action: Action, params: Any, account: DriveAccount
    ) -> None:
        assert find(action, params, account) is None
        with dropping(account.base_url) as (url, posts):
            with pytest.raises(Unavailable):
                action.function(params, account_at(url), new_call())
            assert len(posts) == 1  # and not sent again by the client
        found = find(action, params, account)
        assert isinstance(found, DriveFile)
        assert found.name == params.name
        assert find(action, params, account, "run-2/put") is None

    def test_a_file_of_the_same_name_is_another(self, account: DriveAccount) -> None:
        upload(account, "run-1/put")
        assert find(upload_file, UploadFile(name="a.md", content="# A"), account, "run-2/put") is None


class TestShare:
    def test_a_file_is_shared_once(self, account: DriveAccount, practice: Any) -> None:
        id = named(account, "interview-notes.md").id
        assert not share(account, id, role="commenter").was_shared
        assert share(account, id, role="commenter").was_shared
        assert share(account, id, address="ANA@example.com").was_shared
        assert shown(practice, "interview-notes.md")["shared"] == [{"address": "ana@example.com", "role": "commenter"}]

    def test_somebody_may_be_let_do_more(self, account: DriveAccount, practice: Any) -> None:
        id = named(account, "interview-notes.md").id
        share(account, id)
        assert not share(account, id, role="writer").was_shared
        assert shown(practice, "interview-notes.md")["shared"] == [{"address": "ana@example.com", "role": "writer"}]

    def test_after_a_connection_that_broke_it_is_not_shared_again(self, account: DriveAccount, practice: Any) -> None:
        id = named(account, "interview-notes.md").id
        with dropping(account.base_url) as (url, posts):
            with pytest.raises(Unavailable):
                share(account_at(url), id, message="Please look", notify=True)
            assert len(posts) == 1
        assert share(account, id).was_shared

    @pytest.mark.parametrize("address", ["", "ana", "ana@", "a@b, c@d", "Ana <ana@example.com>"])
    def test_what_is_no_address_is_refused(self, address: str) -> None:
        with pytest.raises(ValidationError):
            ShareFile(file="1abcdef", address=address)


class TestErrors:
    def test_a_wrong_token_asks_to_reconnect_the_account(self, practice: Any) -> None:
        with pytest.raises(AccountError) as caught:
            search(account_at(f"{practice.url}/drive", token="wrong"))
        assert caught.value.remedy == "Reconnect 'practice'."

    @pytest.mark.parametrize("token", [" ", "two\nlines", "schlüssel"])
    def test_what_cannot_be_a_token_asks_to_reconnect_too(self, token: str) -> None:
        with pytest.raises(AccountError):
            search(account_at(NOWHERE, token=token))

    @pytest.mark.parametrize("url", ["drive.example", "ftp://drive.example", ""])
    def test_what_is_no_address_is_refused(self, url: str) -> None:
        with pytest.raises(ValidationError):
            account_at(url)

    def test_the_account_can_be_tested(self, account: DriveAccount, practice: Any) -> None:
        assert drive.check_function is not None
        assert drive.check_function(account) == "sam@lanternworks.example"
        with pytest.raises(AccountError):
            drive.check_function(account_at(f"{practice.url}/drive", token="wrong"))

    def test_nobody_there_can_be_tried_again(self) -> None:
        with pytest.raises(Unavailable, match="cannot be reached"):
            search(account_at(f"http://127.0.0.1:{closed_port()}"))

    def test_no_answer_in_time_can_be_tried_again(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            account = account_at(f"http://127.0.0.1:{silent.getsockname()[1]}")
            with pytest.raises(Unavailable, match="timed out"):
                search_files.function(SearchFiles(), account, new_call(timeout=0.2))

    @pytest.mark.parametrize(
        ("status", "reason"),
        [(429, "rateLimitExceeded"), (403, "userRateLimitExceeded"), (403, "sharingRateLimitExceeded")],
    )
    def test_too_many_requests_tell_how_long_to_wait(self, status: int, reason: str) -> None:
        refusal = Reply(google_error("Slow", reason), status, {"Retry-After": "7"})
        with replying(refusal) as url, pytest.raises(RateLimited) as caught:
            search(account_at(url))
        assert caught.value.retry_after == 7

    def test_a_failing_service_can_be_tried_again(self) -> None:
        refusal = Reply(google_error("Backend Error", "backendError"), 500)
        with replying(refusal) as url, pytest.raises(Unavailable, match="Backend Error"):
            search(account_at(url))

    def test_a_missing_permission_is_told_in_the_services_own_words(self) -> None:
        refusal = Reply(google_error("The user may not share this", "insufficientFilePermissions"), 403)
        with replying(refusal) as url, pytest.raises(ServiceError, match="may not share this") as caught:
            search(account_at(url))
        assert not caught.value.retryable
        assert "may do with this file" in caught.value.remedy

    @pytest.mark.parametrize("status", [200, 302, 404, 502])
    def test_html_in_place_of_an_answer_is_an_error_of_ours(self, status: int) -> None:
        with replying(Reply("<html>Please sign in</html>", status)) as url, pytest.raises(ServiceError):
            search(account_at(url))


# Servers that answer one thing


@contextmanager
def dropping(target: str) -> Iterator[tuple[str, list[bytes]]]:
    """A way to `target` that hangs up once something was written. Yields its address and what was written."""
    posts: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            kept = {name: self.headers[name] for name in ("Content-Type", "Authorization") if name in self.headers}
            answer = httpx.request(self.command, target + self.path, content=body, headers=kept, trust_env=False)
            answer.raise_for_status()
            self.close_connection = True
            if self.command == "POST":
                posts.append(body)
                return
            self.send_response(answer.status_code)
            self.send_header("Content-Type", answer.headers["Content-Type"])
            self.end_headers()
            self.wfile.write(answer.content)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with answering(Handler) as url:
        yield url, posts
