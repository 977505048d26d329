"""Practice Drive answers as the real service does: shapes, pages, refusals."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any, ClassVar

import httpx
import pytest

from integrations.practice.drive_query import InvalidQuery, parse

FOLDER = "application/vnd.google-apps.folder"


@pytest.fixture
def ask(practice: Any) -> Any:
    def asked(method: str, path: str, token: str = "practice", **named: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}", **named.pop("headers", {})}
        return httpx.request(method, f"{practice.url}/drive{path}", headers=headers, trust_env=False, **named)

    return asked


def files(ask: Any, **query: str) -> list[dict[str, Any]]:
    answer = ask("GET", "/drive/v3/files", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()["files"]


def reason(answer: httpx.Response) -> tuple[int, str]:
    error = answer.json()["error"]
    assert error["code"] == answer.status_code
    return answer.status_code, error["errors"][0]["reason"]


class TestFiles:
    def test_a_list_gives_four_fields_unless_others_are_asked_for(self, ask: Any) -> None:
        assert all(set(file) == {"kind", "id", "name", "mimeType"} for file in files(ask))
        (file,) = files(ask, q="name = 'interview-notes.md'", fields="files(id,size)")
        assert set(file) == {"id", "size"}

    def test_pages_hold_each_file_once(self, ask: Any) -> None:
        whole = [file["id"] for file in files(ask)]
        found: list[str] = []
        token: str | None = ""
        while token is not None:
            page = ask("GET", "/drive/v3/files", params={"pageSize": 2, "pageToken": token}).json()
            found += [file["id"] for file in page["files"]]
            token = page.get("nextPageToken")
        assert found == whole

    def test_what_is_ranked_cannot_be_sorted(self, ask: Any) -> None:
        query = {"q": "fullText contains 'lantern'", "orderBy": "name"}
        assert reason(ask("GET", "/drive/v3/files", params=query)) == (403, "forbidden")

    @pytest.mark.parametrize(
        "query",
        [{"q": "name is 'a'"}, {"pageSize": "0"}, {"pageSize": "many"}, {"pageToken": "x"}, {"orderBy": "colour"}],
    )
    def test_a_question_that_makes_no_sense(self, ask: Any, query: dict[str, str]) -> None:
        assert ask("GET", "/drive/v3/files", params=query).status_code == 400

    def test_a_document_is_exported_and_a_file_downloaded(self, ask: Any) -> None:
        (document,) = files(ask, q="name contains 'brief'")
        export = f"/drive/v3/files/{document['id']}/export"
        assert ask("GET", export, params={"mimeType": "text/markdown"}).text.startswith("# Garden lantern")
        assert reason(ask("GET", export, params={"mimeType": "text/csv"})) == (400, "badRequest")
        download = f"/drive/v3/files/{document['id']}"
        assert reason(ask("GET", download, params={"alt": "media"})) == (403, "fileNotDownloadable")
        (notes,) = files(ask, q="name = 'interview-notes.md'")
        assert reason(ask("GET", f"/drive/v3/files/{notes['id']}/export")) == (403, "fileNotExportable")
        assert ask("GET", f"/drive/v3/files/{notes['id']}", params={"alt": "media"}).text.startswith("# User tests")

    def test_a_folder_is_made_where_it_belongs(self, ask: Any) -> None:
        (reports,) = files(ask, q="name = 'Reports'")
        body = {"name": "2026", "mimeType": FOLDER, "parents": [reports["id"]], "appProperties": {"k": "v"}}
        made = ask("POST", "/drive/v3/files", json=body).json()
        assert [file["id"] for file in files(ask, q="appProperties has { key='k' and value='v' }")] == [made["id"]]
        assert made["id"] in [file["id"] for file in files(ask, q=f"'{reports['id']}' in parents")]

    @pytest.mark.parametrize(
        ("change", "refusal"),
        [
            ({"parents": ["nowhere"]}, (404, "notFound")),
            ({"appProperties": {"k": "v" * 124}}, (403, "propertyLengthExceeded")),
            ({"name": 7}, (400, "invalid")),
            ({"mimeType": "application/vnd.google-apps.nothing"}, (400, "badRequest")),
        ],
    )
    def test_what_drive_does_not_take(self, ask: Any, change: dict[str, Any], refusal: tuple[int, str]) -> None:
        assert reason(ask("POST", "/drive/v3/files", json={"name": "a", "mimeType": FOLDER} | change)) == refusal

    def test_a_file_is_no_folder(self, ask: Any) -> None:
        (notes,) = files(ask, q="name = 'interview-notes.md'")
        body = {"name": "a", "mimeType": FOLDER, "parents": [notes["id"]]}
        assert reason(ask("POST", "/drive/v3/files", json=body)) == (403, "parentNotAFolder")

    @pytest.mark.parametrize("body", [b"", b"not json", b"[1]"])
    def test_an_upload_that_is_none(self, ask: Any, body: bytes) -> None:
        answer = ask("POST", "/upload/drive/v3/files", params={"uploadType": "multipart"}, content=body)
        assert answer.status_code == 400

    @pytest.mark.parametrize("token", ["wrong", "Practice"])
    def test_a_wrong_token(self, ask: Any, token: str) -> None:
        answer = ask("GET", "/drive/v3/files", token=token)
        assert answer.status_code == 401
        assert "WWW-Authenticate" in answer.headers

    def test_what_is_not_there(self, ask: Any) -> None:
        answer = ask("GET", "/drive/v3/files/nowhere")
        assert reason(answer) == (404, "notFound")
        assert answer.json()["error"]["message"] == "File not found: nowhere."


class TestPermissions:
    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"type": "user", "role": "reader"},
            {"type": "user", "role": "owner", "emailAddress": "ana@example.com"},
            {"type": "user", "role": "king", "emailAddress": "ana@example.com"},
            {"type": "user", "role": "reader", "emailAddress": "ana"},
        ],
    )
    def test_what_cannot_be_shared(self, ask: Any, body: dict[str, str]) -> None:
        (notes,) = files(ask, q="name = 'interview-notes.md'")
        assert ask("POST", f"/drive/v3/files/{notes['id']}/permissions", json=body).status_code == 400

    def test_the_owner_stays(self, ask: Any) -> None:
        (notes,) = files(ask, q="name = 'interview-notes.md'")
        path = f"/drive/v3/files/{notes['id']}/permissions"
        (owner,) = ask("GET", path).json()["permissions"]
        assert owner["role"] == "owner"
        assert reason(ask("PATCH", f"{path}/{owner['id']}", json={"role": "reader"})) == (403, "forbidden")
        assert reason(ask("PATCH", f"{path}/1", json={"role": "reader"})) == (404, "notFound")


def test_what_is_shown_has_the_names_of_googles_own_description(ask: Any) -> None:
    package = resources.files("googleapiclient.discovery_cache.documents")
    schemas = json.loads(package.joinpath("drive.v3.json").read_text())["schemas"]
    page = ask("GET", "/drive/v3/files", params={"fields": "*"}).json()
    assert set(page) <= set(schemas["FileList"]["properties"])
    for file in page["files"]:
        assert set(file) <= set(schemas["File"]["properties"])
    permissions = ask("GET", f"/drive/v3/files/{page['files'][0]['id']}/permissions", params={"fields": "*"}).json()
    assert set(permissions) <= set(schemas["PermissionList"]["properties"])
    assert set(permissions["permissions"][0]) <= set(schemas["Permission"]["properties"])


class TestQueries:
    FILE: ClassVar = {
        "name": "Cost sheet: it's new",
        "mimeType": "text/csv",
        "text": "Battery, 5.35",
        "trashed": False,
        "parents": ["f1"],
        "appProperties": {"k": "v"},
    }

    @pytest.mark.parametrize(
        ("query", "wanted"),
        [
            ("name = 'Cost sheet: it\\'s new'", True),
            ("name contains 'she'", True),
            ("name contains 'heet'", False),
            ("fullText contains 'cost battery'", True),
            ("fullText contains 'lantern'", False),
            ("mimeType != 'text/csv'", False),
            ("not mimeType = 'text/plain' and trashed = false", True),
            ("trashed = true or ('f1' in parents and name contains 'cost')", True),
            ("appProperties has { key='k' and value='w' }", False),
        ],
    )
    def test_a_query_tells_what_is_wanted(self, query: str, wanted: bool) -> None:
        assert parse(query)(self.FILE) is wanted

    @pytest.mark.parametrize(
        "query",
        [
            "name",
            "name =",
            "name = cost",
            "'f1' in",
            "(trashed = false",
            "trashed = maybe",
            "name = 'a' name = 'b'",
            "'",
            "a ; b",
        ],
    )
    def test_what_is_no_query(self, query: str) -> None:
        with pytest.raises(InvalidQuery):
            parse(query)


def test_the_overview_tells_where_each_file_lies(practice: Any) -> None:
    found = httpx.get(f"{practice.url}/overview", trust_env=False).json()["files"]
    places = {file["name"]: file["folder"] for file in found}
    assert places["Reports"] == "My Drive"
    assert places["orders-august.csv"] == "My Drive/Reports/Archive"
    assert json.dumps(found)
