"""The actions of Drive on a folder of this computer."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from integrations.drive import (
    FOLDER,
    MOST_BYTES,
    CreateFolder,
    DriveAccount,
    DriveFile,
    ReadFile,
    SearchFiles,
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
from orchestrator.actions import ServiceError
from tests.integrations.test_drive import find, new_call


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two folders, three files, one hidden file, and a file outside that a link leads to."""
    root = tmp_path / "mine"
    (root / "Reports" / "Old").mkdir(parents=True)
    (root / "notes.md").write_text("# Lanterns\n\nWarm light.")
    (root / "Reports" / "sales.csv").write_text("city,pieces\nPorto,2\n")
    (root / "Reports" / "Old" / "Größe.txt").write_text("Zwölf")
    (root / ".hidden.md").write_text("lantern")
    (tmp_path / "outside.txt").write_text("secret lantern")
    (root / "way out.txt").symlink_to(tmp_path / "outside.txt")
    for age, path in enumerate(["notes.md", "Reports/sales.csv", "Reports/Old/Größe.txt", "Reports/Old", "Reports"]):
        os.utime(root / path, (1_700_000_000 - age, 1_700_000_000 - age))
    return root


@pytest.fixture
def account(root: Path) -> DriveAccount:
    return DriveAccount(name="my files", folder=str(root))


def search(account: DriveAccount, text: str = "", **values: str) -> list[str]:
    return [file.id for file in search_files.function(SearchFiles(text=text, **values), account, new_call()).files]


def read(account: DriveAccount, file: str) -> str:
    return read_file.function(ReadFile(file=file), account, new_call()).text


def upload(account: DriveAccount, **values: str) -> DriveFile:
    return upload_file.function(UploadFile(**{"name": "a.md", "content": "# A", **values}), account, new_call())


def test_the_newest_files_come_first_and_hidden_ones_and_links_are_not_seen(account: DriveAccount) -> None:
    assert search(account) == [
        "notes.md",
        "Reports/sales.csv",
        "Reports/Old/Größe.txt",
        "Reports/Old",
        "Reports",
    ]


def test_words_are_looked_for_in_names_and_texts(account: DriveAccount) -> None:
    assert search(account, "LANTERN warm") == ["notes.md"]
    assert search(account, "größe zwölf") == ["Reports/Old/Größe.txt"]
    assert search(account, "porto", folder="Reports") == ["Reports/sales.csv"]
    assert search(account, "lantern", folder="Reports") == []


def test_folders_can_be_chosen(account: DriveAccount) -> None:
    assert folders(account) == [("", "mine"), ("Reports", "Reports"), ("Reports/Old", "Reports/Old")]


def test_a_file_is_read(account: DriveAccount) -> None:
    found = read_file.function(ReadFile(file="Reports/sales.csv"), account, new_call())
    assert (found.text, found.text_type, found.name) == ("city,pieces\nPorto,2\n", "text/csv", "sales.csv")


@pytest.mark.parametrize("file", ["../outside.txt", "/../outside.txt", "way out.txt", "Reports/../../outside.txt"])
def test_there_is_no_way_out(account: DriveAccount, file: str) -> None:
    with pytest.raises(ServiceError, match="is not in the account's folder"):
        read(account, file)


@pytest.mark.parametrize("file", ["gone.md", "Reports", "no\0thing", "x" * 300, "/etc/passwd"])
def test_what_is_no_file_says_so(account: DriveAccount, file: str) -> None:
    with pytest.raises(ServiceError) as caught:
        read(account, file)
    assert caught.value.remedy
    assert not caught.value.retryable


def test_what_is_no_text_or_too_large_is_refused(account: DriveAccount, root: Path) -> None:
    (root / "picture.png").write_bytes(b"\x89PNG\0")
    (root / "large.txt").write_bytes(b"x" * (MOST_BYTES + 1))
    with pytest.raises(ServiceError, match="cannot be read as text"):
        read(account, "picture.png")
    with pytest.raises(ServiceError, match="larger than 5 MB"):
        read(account, "large.txt")


def test_a_file_is_put_into_a_folder(account: DriveAccount, root: Path) -> None:
    made = upload(account, folder="Reports", content="Größe\r\n")
    assert (made.id, made.mime, made.size) == ("Reports/a.md", "text/markdown", 9)
    assert (root / "Reports" / "a.md").read_bytes() == "Größe\r\n".encode()
    assert not list((root / "Reports").glob(".patchbay*"))


def test_a_file_of_the_same_name_is_left_alone(account: DriveAccount) -> None:
    assert [upload(account, content=text).id for text in "xyz"] == ["a.md", "a (2).md", "a (3).md"]
    assert read(account, "a.md") == "x"


def test_what_was_written_is_found_by_its_content(account: DriveAccount) -> None:
    wanted = UploadFile(name="a.md", content="# A")
    assert find(upload_file, wanted, account) is None
    upload(account, content="# B")
    assert find(upload_file, wanted, account) is None
    made = upload(account)
    assert find(upload_file, wanted, account) == made


def test_a_folder_is_made_and_found(account: DriveAccount, root: Path) -> None:
    wanted = CreateFolder(name="2026", parent="Reports")
    assert find(create_folder, wanted, account) is None
    made = create_folder.function(wanted, account, new_call())
    assert (made.id, made.mime, (root / "Reports" / "2026").is_dir()) == ("Reports/2026", FOLDER, True)
    assert find(create_folder, wanted, account) == made


@pytest.mark.parametrize("name", ["../up.md", "a/b", "a\\b", "..", ".env", "c:d", "what?", "con", "end."])
def test_a_name_that_could_lead_elsewhere_is_refused(account: DriveAccount, root: Path, name: str) -> None:
    before = sorted(root.rglob("*"))
    with pytest.raises(ServiceError, match="cannot be the name"):
        upload(account, name=name)
    with pytest.raises(ServiceError, match="cannot be the name"):
        create_folder.function(CreateFolder(name=name), account, new_call())
    assert sorted(root.rglob("*")) == before


def test_a_file_cannot_be_shared(account: DriveAccount) -> None:
    with pytest.raises(ServiceError, match="cannot be shared") as caught:
        share_file.function(ShareFile(file="notes.md", address="ana@example.com"), account, new_call())
    assert "Connect a Google account" in caught.value.remedy


def test_where_the_name_is_taken_by_a_file_no_folder_is_made(account: DriveAccount) -> None:
    with pytest.raises(ServiceError, match=r"refuses 'notes\.md'"):
        create_folder.function(CreateFolder(name="notes.md"), account, new_call())


@pytest.mark.parametrize("folder", ["/nowhere/at/all", "relative", "/etc/hosts"])
def test_a_folder_that_is_not_there_says_so(folder: str) -> None:
    with pytest.raises(ServiceError, match="There is no folder") as caught:
        search(DriveAccount(folder=folder))
    assert "correct the account's folder" in caught.value.remedy


def test_the_account_can_be_tested(account: DriveAccount, root: Path) -> None:
    assert drive.check_function is not None
    assert drive.check_function(account) == str(root)


def test_a_preview_names_the_folder_and_touches_nothing(account: DriveAccount, root: Path) -> None:
    before = sorted(root.rglob("*"))
    assert upload_file.preview_function is not None
    plan = upload_file.preview_function(UploadFile(name="a.md", content="# A"), account)
    assert plan.request["folder"] == str(root)
    assert sorted(root.rglob("*")) == before
