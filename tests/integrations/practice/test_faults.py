"""Faults of the practice services: what each does, to which requests, and how they are switched on and off."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from integrations.practice.faults import KINDS, Fault, writes
from orchestrator.practice import PracticeServer

AUTH = {"Authorization": "Bearer practice"}
ISSUES = "/github/repos/practice/handbook/issues"


@pytest.fixture
def web(practice: Any) -> Any:
    with httpx.Client(base_url=practice.url, headers=AUTH, trust_env=False, timeout=10) as client:
        yield client


def switch(web: httpx.Client, service: str | None, kind: str | None, **more: Any) -> dict[str, Any]:
    answer = web.post("/faults", json={"service": service, "kind": kind, **more})
    answer.raise_for_status()
    return answer.json()["services"]


def read(web: httpx.Client) -> httpx.Response:
    return web.get(ISSUES)


def write(web: httpx.Client, title: str = "A test") -> httpx.Response:
    return web.post(ISSUES, json={"title": title})


def titles(web: httpx.Client) -> list[str]:
    repository = next(
        one for one in web.get("/overview").json()["repositories"] if one["full_name"] == "practice/handbook"
    )
    return [issue["title"] for issue in repository["issues"]]


def is_json(answer: httpx.Response) -> bool:
    try:
        answer.json()
    except ValueError:
        return False
    return True


class TestWhatItDoes:
    def test_slow_answers_late_and_well(self, web: httpx.Client) -> None:
        switch(web, "github", "slow", seconds=0.3)
        started = time.monotonic()
        assert read(web).status_code == 200
        assert time.monotonic() - started >= 0.3

    def test_limited_says_how_long_to_wait(self, web: httpx.Client) -> None:
        switch(web, "github", "limited", seconds=7)
        refused = write(web)
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "7")
        assert "A test" not in titles(web)

    def test_failing_does_nothing(self, web: httpx.Client) -> None:
        switch(web, "github", "failing")
        assert (read(web).status_code, write(web).status_code) == (500, 500)
        assert "A test" not in titles(web)

    def test_failing_after_did_it(self, web: httpx.Client) -> None:
        switch(web, "github", "failing_after")
        assert (read(web).status_code, write(web).status_code) == (200, 500)
        assert "A test" in titles(web)

    def test_dropping_breaks_off_once_it_did_it(self, web: httpx.Client) -> None:
        switch(web, "github", "dropping")
        assert read(web).status_code == 200
        with pytest.raises(httpx.RemoteProtocolError):
            write(web)
        assert "A test" in titles(web)

    @pytest.mark.parametrize(
        ("method", "path", "status"),
        [
            ("GET", ISSUES, 401),
            ("GET", "/gmail/gmail/v1/users/me/profile", 401),
            ("GET", "/drive/drive/v3/files", 401),
            ("POST", "/notion/v1/search", 401),
            ("POST", "/telegram/botpractice/getMe", 401),
        ],
    )
    def test_a_wrong_token_is_told_by_the_service_itself(
        self, web: httpx.Client, method: str, path: str, status: int
    ) -> None:
        headers = {"Notion-Version": "2025-09-03"}
        assert web.request(method, path, headers=headers).status_code == 200
        switch(web, None, "wrong_token")
        assert web.request(method, path, headers=headers).status_code == status

    def test_a_sign_in_page_and_garbage_are_no_json(self, web: httpx.Client) -> None:
        for kind in ("sign_in_page", "garbage"):
            switch(web, "github", kind)
            answer = write(web, kind)
            assert answer.status_code == 200
            assert not is_json(answer)
            switch(web, "github", None)
            assert kind in titles(web)

    @pytest.mark.parametrize(
        ("service", "says"),
        [
            ("github", ("message",)),
            ("notion", ("message",)),
            ("drive", ("error", "message")),
            ("gmail", ("error", "message")),
            ("telegram", ("description",)),
        ],
    )
    def test_a_refusal_is_worded_as_the_service_words_it(
        self, web: httpx.Client, service: str, says: tuple[str, ...]
    ) -> None:
        switch(web, service, "limited")
        said = web.get(f"/{service}/anything").json()
        for name in says:
            said = said[name]
        assert said == "Too many requests"


class TestSwitching:
    def test_only_that_service_is_spoiled(self, web: httpx.Client) -> None:
        assert switch(web, "notion", "failing")["notion"] == ["failing"]
        assert read(web).status_code == 200

    def test_for_so_many_requests(self, web: httpx.Client) -> None:
        switch(web, "github", "failing", times=2)
        assert [read(web).status_code for _ in range(3)] == [500, 500, 200]
        assert web.get("/overview").json()["faults"]["services"]["github"] == []

    def test_for_writes_alone(self, web: httpx.Client) -> None:
        switch(web, "github", "failing", requests="writes")
        assert (read(web).status_code, write(web).status_code) == (200, 500)

    def test_for_a_share_of_them(self, web: httpx.Client) -> None:
        switch(web, "github", "failing", share=0)
        assert read(web).status_code == 200

    def test_several_at_once_and_all_off_again(self, web: httpx.Client) -> None:
        switch(web, "github", "failing", times=1)
        assert switch(web, "github", "limited")["github"] == ["failing", "limited"]
        assert [read(web).status_code for _ in range(2)] == [500, 429]
        assert switch(web, None, None)["github"] == []
        assert read(web).status_code == 200

    def test_a_reset_of_the_samples_ends_them_too(self, web: httpx.Client) -> None:
        switch(web, "github", "failing")
        web.post("/reset").raise_for_status()
        assert read(web).status_code == 200

    def test_the_finger_of_the_person_is_never_spoiled(self, web: httpx.Client) -> None:
        switch(web, "telegram", "failing")
        assert web.post("/telegram/press", json={"chat": "7001", "message": 0, "data": ""}).status_code == 404

    @pytest.mark.parametrize(
        "wanted", [{"service": "github", "kind": "fire"}, {"service": "x", "kind": "slow"}, {}, []]
    )
    def test_what_is_no_fault_is_refused(self, web: httpx.Client, wanted: Any) -> None:
        assert web.post("/faults", json=wanted).status_code == 400

    def test_another_web_site_may_not(self, web: httpx.Client) -> None:
        answer = web.post("/faults", json={"service": None, "kind": None}, headers={"Origin": "https://evil.example"})
        assert answer.status_code == 403

    def test_they_are_kept_with_the_data(self, tmp_path: Path) -> None:
        first = PracticeServer(tmp_path, "http://studio.test")
        httpx.post(f"{first.url}/faults", json={"service": "github", "kind": "failing"}, trust_env=False)
        first.close()
        second = PracticeServer(tmp_path, "http://studio.test")
        try:
            assert httpx.get(f"{second.url}{ISSUES}", headers=AUTH, trust_env=False).status_code == 500
        finally:
            second.close()


@pytest.mark.parametrize(
    ("method", "path", "is_write"),
    [
        ("GET", "/github/user", False),
        ("POST", "/github/user/repos", True),
        ("POST", "/notion/v1/search", False),
        ("POST", "/notion/v1/data_sources/1/query", False),
        ("POST", "/telegram/bot1:a/getUpdates", False),
        ("POST", "/telegram/bot1:a/sendMessage", True),
        ("DELETE", "/drive/drive/v3/files/1", True),
    ],
)
def test_searches_are_sent_as_post_and_are_no_writes(method: str, path: str, is_write: bool) -> None:
    assert writes(method, path) is is_write


def test_every_kind_has_words() -> None:
    assert all(Fault(kind).kind == kind and words for kind, words in KINDS.items())
