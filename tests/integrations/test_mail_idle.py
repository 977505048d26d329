"""Connections to mail servers are kept for the next use, and one that has ended is noticed before it is used."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from integrations._mail_connecting import Login
from integrations._mail_idle import KEEP, MOST, Idle
from integrations._mail_servers import Server
from integrations._mail_smtp import Unsure, opened
from integrations.email import folders
from orchestrator.actions import AccountError, Unavailable
from tests.integrations.mail_servers import Say, account_at, practice_mail, saying, smtp_saying


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Line:
    """A connection that notes what becomes of it."""

    def __init__(self, is_well: bool = True) -> None:
        self.is_well = is_well
        self.became: list[str] = []


def ask(line: Line) -> bool:
    line.became.append("asked")
    if not line.is_well:
        raise ConnectionError
    return True


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def idle(clock: Clock) -> Idle[Line]:
    return Idle(
        ask, part=lambda line: line.became.append("left"), hang_up=lambda line: line.became.append("shut"), clock=clock
    )


class TestIdle:
    def test_one_that_is_given_back_is_taken_again_by_its_owner_alone(self, idle: Idle[Line]) -> None:
        line = Line()
        idle.give("ana", line)
        assert idle.take("bo") is None
        assert idle.take("ana") is line
        assert idle.take("ana") is None

    def test_one_that_has_ended_is_shut_and_not_given_out(self, idle: Idle[Line]) -> None:
        well, ended = Line(), Line(is_well=False)
        idle.give("ana", well)
        idle.give("ana", ended)
        assert idle.take("ana") is well
        assert ended.became == ["asked", "shut"]

    def test_what_waits_for_long_is_left(self, idle: Idle[Line], clock: Clock) -> None:
        line = Line()
        idle.give("ana", line)
        clock.now = KEEP
        assert idle.take("ana") is None
        assert line.became == ["left", "shut"]

    def test_no_more_wait_than_a_provider_allows(self, idle: Idle[Line]) -> None:
        lines = [Line() for _ in range(MOST + 1)]
        for line in lines:
            idle.give("ana", line)
        assert [line.became for line in lines] == [[]] * MOST + [["left", "shut"]]

    def test_nobody_gets_one_that_another_has(self, idle: Idle[Line]) -> None:
        for _ in range(MOST):
            idle.give("ana", Line())
        taken: list[Line | None] = []
        threads = [threading.Thread(target=lambda: taken.append(idle.take("ana"))) for _ in range(2 * MOST)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        found = [line for line in taken if line]
        assert (len(found), len(set(map(id, found)))) == (MOST, MOST)


def imap(heard: Counter[str], hangs_up: Callable[[str], bool] = lambda name: False) -> Say:
    def answer(line: bytes) -> bytes | None:
        tag, command = line.split()[:2]
        name = command.decode().upper()
        heard[name] += 1
        if hangs_up(name):
            return None
        said = {"CAPABILITY": b"* CAPABILITY IMAP4rev1\r\n", "LIST": b'* LIST () "/" INBOX\r\n'}.get(name, b"")
        return b"%b%b OK done\r\n" % (said, tag)

    return answer


class TestImap:
    def test_one_login_serves_for_several_actions(self) -> None:
        heard: Counter[str] = Counter()
        with saying(b"* OK hello\r\n", imap(heard)) as port:
            assert [folders(account_at(port)) for _ in range(3)] == [[("INBOX", "INBOX")]] * 3
        assert (heard["LOGIN"], heard["LIST"], heard["NOOP"]) == (1, 3, 2)

    def test_a_server_that_hung_up_meanwhile_is_called_again(self) -> None:
        heard: Counter[str] = Counter()
        with saying(b"* OK hello\r\n", imap(heard, lambda name: name == "NOOP")) as port:
            assert [folders(account_at(port)) for _ in range(3)] == [[("INBOX", "INBOX")]] * 3
        assert heard["LOGIN"] == 3

    def test_another_password_is_not_served_by_a_login_with_the_first(self, tmp_path: Path) -> None:
        with practice_mail(tmp_path / "practice.db") as post:
            assert folders(account_at(post.imap))
            with pytest.raises(AccountError):
                folders(account_at(post.imap, password="other"))

    def test_one_that_broke_is_not_kept(self) -> None:
        heard: Counter[str] = Counter()
        with saying(b"* OK hello\r\n", imap(heard, lambda name: name == "LIST")) as port:
            for _ in range(2):
                with pytest.raises(Unavailable):
                    folders(account_at(port))
        assert (heard["LOGIN"], heard["NOOP"]) == (2, 0)


class TestSmtp:
    LOGIN = Login("work", "sam", "x")

    def send(self, port: int) -> None:
        with opened(Server("127.0.0.1", port, "none"), self.LOGIN, 5) as outbox:
            outbox.send("sam@example.com", ["ana@example.com"], b"Subject: Hi\n\nHi")

    def counted(self, heard: Counter[bytes], **answers: bytes | None) -> Say:
        say = smtp_saying(**answers)

        def answer(line: bytes) -> bytes | None:
            heard[line.split()[0].upper() if line.split() else b""] += 1
            return say(line)

        return answer

    def test_one_login_serves_for_several_mails(self) -> None:
        heard: Counter[bytes] = Counter()
        with saying(b"220 hello\r\n", self.counted(heard)) as port:
            for _ in range(3):
                self.send(port)
        assert (heard[b"AUTH"], heard[b"DATA"]) == (1, 3)

    def test_a_server_that_hung_up_meanwhile_is_called_again(self) -> None:
        heard: Counter[bytes] = Counter()
        with saying(b"220 hello\r\n", self.counted(heard, NOOP=None)) as port:
            for _ in range(2):
                self.send(port)
        assert (heard[b"AUTH"], heard[b"DATA"]) == (2, 2)

    def test_a_mail_of_which_nobody_knows_is_not_sent_again(self) -> None:
        heard: Counter[bytes] = Counter()
        with saying(b"220 hello\r\n", self.counted(heard, END=None)) as port, pytest.raises(Unsure):
            self.send(port)
        assert heard[b"DATA"] == 1
