"""The files of a run: to be saved, and shown as pictures, whoever wrote them, and nothing else of this machine."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from orchestrator.run_folders import RunFolders
from tests.api.test_app import ended, started

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture
def run(client: TestClient, tmp_path: Path) -> str:
    """The address of a run's files. They are written by somebody else than the engine that serves them."""
    id = started(client, "repositories")
    ended(client, id)
    folder = RunFolders(tmp_path / "home").of(id)
    (folder / "report").mkdir()
    (folder / "report" / "über uns.md").write_text("# Hi")
    (folder / "dot.PNG").write_bytes(PIXEL)
    (folder / "page.html").write_text("<script>alert(1)</script>")
    (folder / "pic.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>")
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_text("token")
    (tmp_path / "home" / "secret.txt").write_text("secret")
    (folder / "link.txt").symlink_to(tmp_path / "home" / "secret.txt")
    (folder / "out").symlink_to(tmp_path / "home")
    return f"/api/runs/{id}/files"


def test_a_file_is_given_to_be_saved(client: TestClient, run: str) -> None:
    answer = client.get(f"{run}/report/%C3%BCber%20uns.md")
    assert answer.text == "# Hi"
    assert answer.headers["content-disposition"] == "attachment; filename*=utf-8''%C3%BCber%20uns.md"
    assert answer.headers["content-type"] == "application/octet-stream"


def test_a_picture_is_one_for_the_browser_and_a_page_is_none(client: TestClient, run: str) -> None:
    assert client.get(f"{run}/dot.PNG").headers["content-type"] == "image/png"
    assert client.get(f"{run}/page.html").headers["content-type"] == "application/octet-stream"


@pytest.mark.parametrize("name", ["page.html", "pic.svg", "dot.PNG"])
def test_nothing_in_a_file_can_run(client: TestClient, run: str, name: str) -> None:
    headers = client.get(f"{run}/{name}").headers
    assert headers["content-disposition"].startswith("attachment")
    assert headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in headers["content-security-policy"]
    assert "default-src 'none'" in headers["content-security-policy"]


@pytest.mark.parametrize(
    "path",
    [
        "nope.txt",
        "report",
        "report/",
        "..%2F..%2Fsecret.txt",
        "report/..%2F..%2F..%2Fsecret.txt",
        "%2Fetc%2Fpasswd",
        "/etc/passwd",
        "link.txt",
        "out/secret.txt",
        ".git/config",
        "report/../.GIT/config",
        "a%00b",
        "x" * 5000,
    ],
)
def test_nothing_else_is_given(client: TestClient, run: str, path: str) -> None:
    answer = client.get(f"{run}/{path}")
    assert answer.status_code == 404
    assert "secret" not in answer.text


def test_a_run_that_is_not_there_has_no_files(client: TestClient) -> None:
    assert client.get("/api/runs/nope/files/a.txt").status_code == 404
