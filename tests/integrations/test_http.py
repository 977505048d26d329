"""HTTP over real connections to real servers on this machine, which the account allows by name."""

from __future__ import annotations

import gzip
import json
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from integrations._addresses import is_public
from integrations._guarded_transport import GuardedTransport
from integrations.http import MAX_BODY, HttpAccount, Request, Response, Send, check, http, request, send
from orchestrator.actions import AccountError, Call, EffectUnknown, RateLimited, ServiceError, Unavailable
from orchestrator.registry import Registry
from orchestrator.settings import Settings
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine
from tests.integrations.services import Services

KEY = "run-1-step"


@dataclass
class Seen:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Answer:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    hangs_up: bool = False
    """Close the connection without an answer."""
    drips: bool = False
    """Send the header a byte at a time, for ever."""
    claims: int | None = None
    """Say that the body is so long, and hang up after less."""


@dataclass
class Server:
    """Answers by path, and remembers what it was asked."""

    url: str
    port: int
    answers: dict[str, Answer | Callable[[Seen], Answer]] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)


@contextmanager
def a_server(host: str = "127.0.0.1", port: int = 0) -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            length = int(self.headers.get("content-length", "0"))
            headers = {name.lower(): value for name, value in self.headers.items()}
            seen = Seen(self.command, self.path, headers, self.rfile.read(length))
            served.seen.append(seen)
            given = served.answers.get(self.path.split("?")[0], Answer(404, b"nothing here"))
            answer = given if isinstance(given, Answer) else given(seen)
            if answer.hangs_up:
                self.close_connection = True
                return
            if answer.drips:
                self.wfile.write(b"HTTP/1.1 200 OK\r\nx-slow: ")
                while not served.stopping.wait(0.05):
                    self.wfile.write(b"a")
                    self.wfile.flush()
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(answer.body) if answer.claims is None else answer.claims))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.body)
            self.close_connection = answer.claims is not None

        def handle(self) -> None:
            try:
                super().handle()
            except ConnectionError:
                self.close_connection = True

        def log_message(self, *args: Any) -> None:
            pass

    for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"):
        setattr(Handler, f"do_{method}", Handler.answer)

    class Threads(ThreadingHTTPServer):
        daemon_threads = True

    server = Threads((host, port), Handler)
    served = Server(f"http://{host}:{server.server_port}", server.server_port)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield served
    finally:
        served.stopping.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    with a_server() as server:
        yield server


@pytest.fixture
def account(server: Server) -> HttpAccount:
    return HttpAccount(allow_private=f"127.0.0.1:{server.port}")


def signed(server: Server, auth: str = "bearer", **fields: Any) -> HttpAccount:
    return HttpAccount(
        name="work",
        base_url=f"{server.url}/v1/",
        auth=auth,
        secret="s3cret",
        allow_private="127.0.0.1, localhost",
        **fields,
    )


def a_call(timeout: float = 10) -> Call:
    return Call(run_id="run-1", step_id="step", key=KEY, services=Services(), timeout=timeout)


def read(account: HttpAccount, url: str, timeout: float = 10, **given: Any) -> Response:
    return request.function(Request(url=url, **given), account, a_call(timeout))


def write(account: HttpAccount, url: str, timeout: float = 10, **given: Any) -> Response:
    return send.function(Send(url=url, **given), account, a_call(timeout))


def test_the_connector_keeps_the_contract_of_actions() -> None:
    assert {id: action.effect for id, action in Registry([http]).items()} == {
        "http.request": "read",
        "http.send": "write",
    }


class TestReading:
    def test_gives_status_headers_and_json(self, server: Server, account: HttpAccount) -> None:
        server.answers["/orders"] = Answer(body=b'{"orders": [1, 2]}', headers={"X-Page": "1", "Set-Cookie": "id=1"})

        answer = read(account, f"{server.url}/orders")

        assert (answer.status, answer.data, answer.truncated) == (200, {"orders": [1, 2]}, False)
        assert answer.text == '{"orders": [1, 2]}'
        assert answer.headers["x-page"] == "1"
        assert "set-cookie" not in answer.headers

    def test_sends_query_and_headers_and_keeps_the_query_of_the_address(
        self, server: Server, account: HttpAccount
    ) -> None:
        server.answers["/find"] = Answer(body=b"ok")

        read(account, f"{server.url}/find?page=2", query={"q": "tea & toast", "tag": ["a", "b"]}, headers={"X-A": "1"})

        (seen,) = server.seen
        assert seen.path == "/find?page=2&q=tea+%26+toast&tag=a&tag=b"
        assert seen.headers["x-a"] == "1"

    def test_head_gives_no_text(self, server: Server, account: HttpAccount) -> None:
        server.answers["/file"] = Answer(body=b"long text", headers={"ETag": '"1"'})

        answer = read(account, f"{server.url}/file", method="HEAD")

        assert (answer.text, answer.headers["etag"], answer.headers["content-length"]) == ("", '"1"', "9")

    def test_reads_text_by_its_character_set(self, server: Server, account: HttpAccount) -> None:
        server.answers["/latin"] = Answer(
            body="Käse".encode("latin-1"), headers={"Content-Type": "text/plain; charset=iso-8859-1"}
        )

        assert read(account, f"{server.url}/latin").text == "Käse"

    def test_a_picture_is_refused(self, server: Server, account: HttpAccount) -> None:
        server.answers["/cat"] = Answer(body=b"\x89PNG\xff\xfe", headers={"Content-Type": "image/png"})

        with pytest.raises(ServiceError, match="image/png, which is no text"):
            read(account, f"{server.url}/cat")

    def test_html_in_place_of_json_is_told(self, server: Server, account: HttpAccount) -> None:
        server.answers["/api"] = Answer(body=b"<html>Sign in</html>", headers={"Content-Type": "text/html"})

        assert read(account, f"{server.url}/api").data is None
        with pytest.raises(ServiceError, match="text/html and not with JSON: <html>Sign in"):
            read(account, f"{server.url}/api", expect="json")

    def test_keeps_no_cookies(self, server: Server, account: HttpAccount) -> None:
        server.answers["/in"] = Answer(headers={"Set-Cookie": "session=1; Path=/"})

        read(account, f"{server.url}/in")
        read(account, f"{server.url}/in")

        assert all("cookie" not in seen.headers for seen in server.seen)

    def test_uses_a_connection_again(self, server: Server, account: HttpAccount) -> None:
        ports = []
        server.answers["/"] = lambda seen: Answer(body=threading.current_thread().name.encode())

        for _ in range(3):
            ports.append(read(account, f"{server.url}/").text)

        assert len(set(ports)) == 1


class TestLimits:
    def test_an_answer_that_is_too_large_is_not_read_on(self, server: Server, account: HttpAccount) -> None:
        server.answers["/big"] = Answer(body=b"a" * (MAX_BODY + 1))
        server.answers["/full"] = Answer(body=b"a" * MAX_BODY)

        with pytest.raises(ServiceError, match="more than 10 MB"):
            read(account, f"{server.url}/big")
        assert len(read(account, f"{server.url}/full").text) == MAX_BODY

    def test_counts_what_is_packed_by_what_it_unpacks_to(self, server: Server, account: HttpAccount) -> None:
        bomb = gzip.compress(b"a" * 50_000_000)
        server.answers["/bomb"] = Answer(body=bomb, headers={"Content-Encoding": "gzip"})

        assert len(bomb) < 100_000
        with pytest.raises(ServiceError, match="more than 10 MB"):
            read(account, f"{server.url}/bomb")

    def test_a_server_that_answers_a_byte_at_a_time_is_left_in_time(self, server: Server, account: HttpAccount) -> None:
        server.answers["/drip"] = Answer(drips=True)
        began = time.monotonic()

        with pytest.raises(Unavailable, match=r"not answered within 0\.4 seconds"):
            read(account, f"{server.url}/drip", timeout=0.4)
        assert time.monotonic() - began < 10

    @pytest.mark.parametrize(
        "url",
        [
            "ftp://x.test/a",
            "file:///etc/passwd",
            "x.test/a",
            "",
            "https://",
            "http://a b/",
            "http://x.test:99999/",
            "http://[::1",
        ],
    )
    def test_an_address_that_is_none_is_refused(self, url: str) -> None:
        with pytest.raises(ValidationError):
            Request(url=url)

    @pytest.mark.parametrize(
        "id",
        ["../users", "..", "a/../../users", "%2e%2e/users", ".%2E/users", "..%2fusers", "a%2f..%2fb", "..\\users", "."],
    )
    @pytest.mark.parametrize("before", ["https://x.test/orders/", "/orders/"])
    def test_a_part_that_is_filled_in_leads_nowhere_else(self, before: str, id: str) -> None:
        with pytest.raises(ValidationError, match=r"'\.\.'"):
            Request(url=before + id)

    @pytest.mark.parametrize(
        "url", ["https://x.test/a..b/..c/d.json", "https://x.test/v1.0/", "https://x.test/a?to=../b", "/.well-known/x"]
    )
    def test_dots_in_a_name_are_fine(self, url: str) -> None:
        assert Request(url=url).url == url

    def test_a_password_in_an_address_is_refused(self) -> None:
        with pytest.raises(ValidationError, match="Put it into an account"):
            Request(url="https://me:s3cret@x.test/")

    @pytest.mark.parametrize(
        "headers", [{"X-A": "1\r\nX-B: 2"}, {"X A": "1"}, {"Host": "other.test"}, {"X-A": "ü"}, {"": "1"}]
    )
    def test_a_header_that_changes_the_request_is_refused(self, headers: dict[str, str]) -> None:
        with pytest.raises(ValidationError):
            Request(url="https://x.test/", headers=headers)


class TestErrors:
    @pytest.mark.parametrize(
        ("status", "kind"),
        [
            (400, ServiceError),
            (401, AccountError),
            (403, ServiceError),
            (404, ServiceError),
            (429, RateLimited),
            (500, Unavailable),
            (503, Unavailable),
        ],
    )
    def test_an_error_status_is_an_error(
        self, server: Server, account: HttpAccount, status: int, kind: type[ServiceError]
    ) -> None:
        server.answers["/x"] = Answer(status, b"because of the moon")

        with pytest.raises(ServiceError, match=f"status {status}: because of the moon") as error:
            read(account, f"{server.url}/x")
        assert type(error.value) is kind
        assert error.value.remedy

    def test_an_error_status_can_be_looked_at(self, server: Server, account: HttpAccount) -> None:
        assert read(account, f"{server.url}/none", accept_errors=True).status == 404

    @pytest.mark.parametrize(("said", "seconds"), [("7", 7), ("Fri, 01 Jan 2100 00:00:00 GMT", 10**9), ("soon", None)])
    def test_a_wish_to_wait_is_passed_on(
        self, server: Server, account: HttpAccount, said: str, seconds: float | None
    ) -> None:
        server.answers["/x"] = Answer(429, headers={"Retry-After": said})

        with pytest.raises(RateLimited) as error:
            read(account, f"{server.url}/x")
        waits = error.value.retry_after
        assert waits is None if seconds is None else waits is not None and waits >= min(seconds, 10**6)

    def test_nobody_there(self) -> None:
        with pytest.raises(Unavailable, match="cannot be reached"):
            read(HttpAccount(allow_private="127.0.0.1"), "http://127.0.0.1:9/")

    def test_a_name_that_nobody_has(self) -> None:
        with pytest.raises(Unavailable, match=r"nobody\.invalid is not known"):
            read(HttpAccount(), "http://nobody.invalid/")

    def test_a_server_that_hangs_up(self, server: Server, account: HttpAccount) -> None:
        server.answers["/x"] = Answer(hangs_up=True)

        with pytest.raises(Unavailable, match="was not answered"):
            read(account, f"{server.url}/x")

    def test_a_body_that_ends_too_early(self, server: Server, account: HttpAccount) -> None:
        server.answers["/x"] = Answer(body=b"abc", claims=10)

        with pytest.raises(Unavailable):
            read(account, f"{server.url}/x")


class TestAccounts:
    def test_sign_in_by_token_password_or_header(self, server: Server) -> None:
        server.answers["/v1/me"] = Answer(body=b"ok")

        read(signed(server), "/me")
        read(signed(server, "basic", username="me"), "/me")
        read(signed(server, "header", header="X-Token"), "/me")

        assert server.seen[0].headers["authorization"] == "Bearer s3cret"
        assert server.seen[1].headers["authorization"] == "Basic " + b64encode(b"me:s3cret").decode()
        assert server.seen[2].headers["x-token"] == "s3cret"

    def test_the_secret_goes_nowhere_else(self, server: Server) -> None:
        with a_server() as other:
            other.answers["/"] = Answer(body=b"ok")

            read(signed(server), f"{other.url}/")

            assert "s3cret" not in str(other.seen)

    @pytest.mark.parametrize("auth", ["bearer", "basic", "header"])
    def test_the_secret_does_not_follow_a_redirect_to_another_server(self, server: Server, auth: str) -> None:
        with a_server() as other:
            other.answers["/"] = Answer(body=b"ok")
            server.answers["/v1/go"] = Answer(302, headers={"Location": f"{other.url}/"})

            read(signed(server, auth), "/go", headers={"X-Mine": "private", "Accept": "text/plain"})

            assert "s3cret" in str(server.seen) or b64encode(b":s3cret").decode() in str(server.seen)
            headers = other.seen[0].headers
            assert headers["accept"] == "text/plain"
            assert not {"authorization", "x-api-key", "x-mine"} & headers.keys()

    @pytest.mark.parametrize("status", [200, 404])
    def test_can_be_tested(self, server: Server, status: int) -> None:
        server.answers["/v1/"] = Answer(status)

        assert check(signed(server)) == f"{server.url}/v1/ answers with status {status}"
        assert server.seen[0].headers["authorization"] == "Bearer s3cret"
        assert check(HttpAccount()).startswith("nobody")

    @pytest.mark.parametrize("status", [401, 403])
    def test_that_are_not_let_in_are_told(self, server: Server, status: int) -> None:
        server.answers["/v1/"] = Answer(status)

        with pytest.raises(AccountError, match="does not let the account 'work' in"):
            check(signed(server))

    def test_a_path_needs_an_address_before_it(self) -> None:
        with pytest.raises(ServiceError, match="has no address before it"):
            read(HttpAccount(), "/orders")

    def test_an_account_that_cannot_sign_in_is_refused(self) -> None:
        with pytest.raises(ValidationError, match="takes an address and a secret"):
            HttpAccount(auth="bearer", secret="x")
        with pytest.raises(ValidationError, match="cannot be sent"):
            HttpAccount(auth="bearer", base_url="https://x.test", secret="x\r\nX: y")

    def test_never_show_the_secret(self, server: Server) -> None:
        account = signed(server)

        with pytest.raises(ServiceError) as error:
            read(account, "/nothing")
        assert send.preview_function is not None
        plan = send.preview_function(Send(url="/orders", data={}), account)
        assert "s3cret" not in f"{error.value!r} {error.value.as_dict()} {account!r} {plan!r}"


class TestPrivateAddresses:
    @pytest.mark.parametrize(
        "address",
        [
            "127.0.0.1", "127.1.2.3", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254",
            "100.64.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.192", "198.18.0.1", "224.0.0.1", "240.0.0.1",
            "255.255.255.255", "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1",
            "64:ff9b:1::1", "2002:7f00:1::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1",
            "ff02::1", "2001:db8::1",
        ],
    )  # fmt: skip
    def test_are_known(self, address: str) -> None:
        assert not is_public(address)

    @pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"])
    def test_others_are_public(self, address: str) -> None:
        assert is_public(address)

    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "127.1", "[::1]", "0"])
    def test_are_refused_however_they_are_written(self, server: Server, host: str) -> None:
        with pytest.raises(ServiceError, match="workflows may not reach those") as error:
            read(HttpAccount(), f"http://{host}:{server.port}/")
        assert not error.value.retryable
        assert server.seen == []

    @pytest.mark.parametrize("allowed", ["{port}", "*", "127.0.0.1", "10.0.0.1, 127.0.0.1:{port}"])
    def test_can_be_allowed(self, server: Server, allowed: str) -> None:
        server.answers["/"] = Answer(body=b"ok")
        account = HttpAccount(allow_private=allowed.replace("{port}", f"127.0.0.1:{server.port}", 1)
                              if allowed == "{port}" else allowed.format(port=server.port))  # fmt: skip

        assert read(account, f"{server.url}/").text == "ok"

    def test_an_allowed_port_allows_no_other(self, server: Server) -> None:
        with pytest.raises(ServiceError, match="may not reach"):
            read(HttpAccount(allow_private=f"127.0.0.1:{server.port + 1}"), f"{server.url}/")

    def test_are_refused_at_a_redirect(self, server: Server, account: HttpAccount) -> None:
        with a_server() as inside:
            inside.answers["/"] = Answer(body=b"secret of the house")
            server.answers["/go"] = Answer(302, headers={"Location": f"{inside.url}/"})

            with pytest.raises(ServiceError, match="may not reach"):
                read(account, f"{server.url}/go")
            assert inside.seen == []

    def test_a_name_that_changes_its_address_gains_nothing(self) -> None:
        """DNS rebinding: the address that was checked is the one that is connected to."""
        with a_server("127.0.0.2") as good, a_server("127.0.0.1", good.port) as inside:
            good.answers["/"] = Answer(body=b"good", headers={"Connection": "close"})
            inside.answers["/"] = Answer(body=b"inside")
            said = iter([["127.0.0.2"], ["127.0.0.1"], ["127.0.0.2", "127.0.0.1"]])
            asked = []

            def resolve(host: str, port: int) -> list[str]:
                asked.append(host)
                return next(said)

            with httpx.Client(transport=GuardedTransport({"127.0.0.2"}, resolve), trust_env=False) as client:
                assert client.get(f"http://rebind.test:{good.port}/").text == "good"
                assert len(asked) == 1
                for _ in range(2):
                    with pytest.raises(ServiceError, match=r"rebind\.test is an address inside"):
                        client.get(f"http://rebind.test:{good.port}/")
            assert inside.seen == []
            assert good.seen[0].headers["host"] == f"rebind.test:{good.port}"


class TestRedirects:
    def test_are_followed_five_times(self, server: Server, account: HttpAccount) -> None:
        for number in range(6):
            server.answers[f"/{number}"] = Answer(302, headers={"Location": f"/{number + 1}"})
        server.answers["/6"] = Answer(body=b"there")

        assert read(account, f"{server.url}/1").url == f"{server.url}/6"
        with pytest.raises(ServiceError, match="more than 5 times"):
            read(account, f"{server.url}/0")

    def test_to_something_else_than_http_are_refused(self, server: Server, account: HttpAccount) -> None:
        server.answers["/go"] = Answer(302, headers={"Location": "file:///etc/passwd"})

        with pytest.raises(ServiceError, match="no http: file://") as error:
            read(account, f"{server.url}/go")
        assert not error.value.retryable


class TestSending:
    def test_json_form_or_text_with_a_key(self, server: Server, account: HttpAccount) -> None:
        server.answers["/orders"] = Answer(201, b'{"id": 7}')
        url = f"{server.url}/orders"

        answer = write(account, url, data={"tea": [1, "ü"]})
        write(account, url, method="PUT", form={"a": "1 2", "b": True})
        write(account, url, method="PATCH", text="ü", headers={"Content-Type": "text/markdown"})
        write(account, url, method="DELETE", headers={"Idempotency-Key": "mine"})

        assert (answer.status, answer.data) == (201, {"id": 7})
        first, second, third, fourth = server.seen
        assert json.loads(first.body) == {"tea": [1, "ü"]}
        assert first.headers["content-type"] == "application/json"
        assert first.headers["idempotency-key"] == KEY
        assert (second.method, second.body) == ("PUT", b"a=1+2&b=true")
        assert (third.body, third.headers["content-type"]) == ("ü".encode(), "text/markdown")
        assert (fourth.method, fourth.headers["idempotency-key"]) == ("DELETE", "mine")

    def test_one_body_only(self) -> None:
        with pytest.raises(ValidationError, match="one of them"):
            Send(url="https://x.test/", data={}, text="a")

    def test_is_shown_before_it_is_sent(self, server: Server) -> None:
        assert send.preview_function is not None

        plan = send.preview_function(Send(url="/orders", data={"id": 1}), signed(server))
        elsewhere = send.preview_function(Send(url="https://x.test/", text="hello"), signed(server))

        assert plan.summary == f"POST {server.url}/v1/orders"
        assert plan.request["body"] == {"id": 1}
        assert plan.request["signs in as"] == "work"
        assert (elsewhere.request["body"], elsewhere.request["signs in as"]) == ("hello", "nobody")
        assert server.seen == []

    def test_asks_a_person_whether_it_was_done(self, account: HttpAccount) -> None:
        assert send.find_function is not None

        with pytest.raises(EffectUnknown, match="cannot be asked"):
            send.find_function(Send(url="https://x.test/"), account, a_call())
        assert send.find_function(Send(url="https://x.test/", repeatable=True), account, a_call()) is None

    @pytest.mark.parametrize(
        "answer",
        [Answer(hangs_up=True), Answer(500), Answer(503), Answer(502, b"a" * (MAX_BODY + 1)), Answer(drips=True)],
    )
    def test_leaves_open_what_nobody_can_tell(self, server: Server, account: HttpAccount, answer: Answer) -> None:
        server.answers["/x"] = answer

        with pytest.raises(ServiceError) as error:
            write(account, f"{server.url}/x", timeout=0.4)
        assert error.value.retryable
        assert len(server.seen) == 1

    @pytest.mark.parametrize("url", ["http://127.0.0.1:9/", "http://nobody.invalid/", "http://10.0.0.1/"])
    def test_is_sure_that_nothing_was_sent_when_nobody_was_reached(self, url: str) -> None:
        with pytest.raises(ServiceError) as error:
            write(HttpAccount(allow_private="127.0.0.1"), url)
        assert not error.value.retryable

    @pytest.mark.parametrize(
        "answer",
        [
            Answer(200, b"a" * (MAX_BODY + 1)),
            Answer(200, b"abc", claims=10),
            Answer(200, b"\xff\xfe", {"Content-Type": "image/png"}),
            Answer(200, b"{broken", {"Content-Type": "application/json"}),
        ],
    )
    def test_what_was_done_stays_done_however_it_is_answered(
        self, server: Server, account: HttpAccount, answer: Answer
    ) -> None:
        server.answers["/x"] = answer

        assert write(account, f"{server.url}/x").status == 200

    def test_an_answer_elsewhere_is_fetched(self, server: Server, account: HttpAccount) -> None:
        server.answers["/new"] = Answer(303, headers={"Location": "/7"})
        server.answers["/7"] = Answer(body=b"seven")

        assert write(account, f"{server.url}/new", data={}).text == "seven"
        assert [(seen.method, seen.path) for seen in server.seen] == [("POST", "/new"), ("GET", "/7")]

    def test_a_page_that_shows_itself_again_has_taken_what_was_sent(self, server: Server, account: HttpAccount) -> None:
        """Post, redirect, get: https://en.wikipedia.org/wiki/Post/Redirect/Get"""
        server.answers["/form"] = lambda seen: (
            Answer(body=b"thank you") if seen.method == "GET" else Answer(302, headers={"Location": "/form"})
        )

        assert write(account, f"{server.url}/form", form={"a": 1}).text == "thank you"

    def test_an_answer_that_cannot_be_fetched_leaves_it_open(self, server: Server, account: HttpAccount) -> None:
        server.answers["/new"] = Answer(303, headers={"Location": "http://10.0.0.1/"})

        with pytest.raises(Unavailable, match="was taken, but the answer is somewhere else"):
            write(account, f"{server.url}/new", data={})

    def test_is_repeated_where_the_same_server_says_so(self, server: Server, account: HttpAccount) -> None:
        server.answers["/old"] = Answer(307, headers={"Location": "/new"})
        server.answers["/new"] = Answer(body=b"ok")

        write(account, f"{server.url}/old", data={"a": 1})

        assert [(seen.method, seen.path, seen.body) for seen in server.seen] == [
            ("POST", "/old", b'{"a":1}'),
            ("POST", "/new", b'{"a":1}'),
        ]

    @pytest.mark.parametrize(
        ("status", "location"),
        [(301, "/new"), (302, "https://x.test/old"), (307, "http://x.test/"), (308, "http://x.test/")],
    )
    def test_goes_to_no_other_address_than_was_approved(
        self, server: Server, account: HttpAccount, status: int, location: str
    ) -> None:
        where = location.replace("x.test", f"127.0.0.1:{server.port}") if status == 302 else location
        server.answers["/old"] = Answer(status, headers={"Location": where})

        with pytest.raises(ServiceError, match="nothing was done") as error:
            write(account, f"{server.url}/old", data={})
        assert not error.value.retryable
        assert len(server.seen) == 1


class TestInARun:
    @pytest.fixture
    def engine(self, server: Server, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkflowEngine]:
        monkeypatch.setenv("PATCHBAY_HTTP_ALLOW_PRIVATE", f"127.0.0.1:{server.port}")
        with WorkflowEngine(Settings.load(), registry=Registry([http])) as engine:
            yield engine

    @staticmethod
    def sending(server: Server, **given: Any) -> Workflow:
        retry = {"attempts": 3, "backoff": 0.01}
        step = {"id": "send", "uses": "http.send", "with": {"url": f"{server.url}/x", **given}, "retry": retry}
        return Workflow.model_validate({"format": 1, "id": "w", "name": "W", "steps": [step]})

    def test_a_lost_answer_is_asked_about_and_not_sent_again(self, engine: WorkflowEngine, server: Server) -> None:
        server.answers["/x"] = Answer(hangs_up=True)

        result = engine.wait(engine.start_workflow(self.sending(server, data={}), preview=False))

        assert result.status == "waiting"
        assert len(server.seen) == 1

    def test_what_may_be_repeated_is_sent_again_with_the_same_key(self, engine: WorkflowEngine, server: Server) -> None:
        server.answers["/x"] = lambda seen: Answer(body=b"done") if len(server.seen) == 3 else Answer(hangs_up=True)

        result = engine.wait(engine.start_workflow(self.sending(server, data={}, repeatable=True), preview=False))

        assert (result.status, result.steps["send"].output["text"]) == ("succeeded", "done")
        assert {seen.headers["idempotency-key"] for seen in server.seen} == {f"{result.run_id}-send"}

    def test_nothing_is_sent_before_a_first_run_is_approved(self, engine: WorkflowEngine, server: Server) -> None:
        server.answers["/x"] = Answer(201)

        shown = engine.wait(engine.start_workflow(self.sending(server, data={"a": 1})))
        assert (shown.status, server.seen) == ("waiting", [])

        engine.approve(shown.run_id)
        assert engine.wait(shown.run_id).status == "succeeded"
        assert [seen.body for seen in server.seen] == [b'{"a":1}']
