"""Every request of the Drive connector, held to the description of the API that ships with Google's own client."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.types import ASGIApp

from integrations.drive import CreateFolder, UploadFile, check, create_folder, folders, upload_file
from integrations.practice import create_app
from tests.integrations.google_description import Asked, Description, Recorder
from tests.integrations.test_drive import account_at, find, make_folder, named, read, search, share, upload

# With whom to share, as developers.google.com/workspace/drive/api/guides/manage-sharing has it.
DRIVE = Description("drive", "v3", said_by_us=frozenset({"body.emailAddress"}))


@pytest.fixture
def recorder(server: tuple[str, list[ASGIApp]], sample: Path) -> Iterator[Recorder]:
    _, apps = server
    app = create_app(sample, "http://studio.test")
    apps.append(recorder := Recorder(app, "/drive"))
    yield recorder
    apps.remove(recorder)
    app.state.store.close()


@pytest.fixture
def account(server: tuple[str, list[ASGIApp]], recorder: Recorder) -> Any:
    return account_at(f"{server[0]}/drive")


def test_every_request_is_one_that_the_api_describes(account: Any, recorder: Recorder) -> None:
    search(account, "brief", limit=1)
    folder = make_folder(account)
    search(account, folder=folder.id)
    for name in ("Garden lantern: product brief", "Cost sheet: new battery"):
        read(account, named(account, name).id)
    made = upload(account, key="run-1/a", folder=folder.id)
    read(account, made.id)
    upload(account, key="run-1/b", as_document=True)
    for role in ("reader", "writer"):
        share(account, made.id, role=role, message="Have a look.")
    find(upload_file, UploadFile(name="a.md", content="# A"), account)
    find(create_folder, CreateFolder(name="New"), account)
    folders(account)
    check(account)

    assert {DRIVE.check(asked) for asked in recorder.asked} == {
        "drive.about.get",
        "drive.files.create",
        "drive.files.export",
        "drive.files.get",
        "drive.files.list",
        "drive.permissions.create",
        "drive.permissions.list",
        "drive.permissions.update",
    }


@pytest.mark.parametrize(
    ("method", "path", "query", "body", "says"),
    [
        ("GET", "/drive/v3/file", {}, b"", "There is no"),
        ("GET", "/drive/v3/files", {"size": ["1"]}, b"", "no parameter"),
        ("GET", "/drive/v3/files", {"pageSize": ["all"]}, b"", "is a number"),
        ("POST", "/drive/v3/files", {}, b'{"naem": "a"}', "body has no"),
        ("POST", "/drive/v3/files", {}, b'{"appProperties": {"a": 1}}', "appProperties.a is no string"),
        ("POST", "/drive/v3/files/1/permissions", {}, b'{"role": 1}', "is no string"),
    ],
)
def test_one_that_it_does_not_describe_is_noticed(
    method: str, path: str, query: dict[str, list[str]], body: bytes, says: str
) -> None:
    with pytest.raises(AssertionError, match=says):
        DRIVE.check(Asked(method, path, query, "application/json", body))
