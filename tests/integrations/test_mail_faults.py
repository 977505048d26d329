"""Mail while the practice servers misbehave, as a person makes them on the page *Practice*: sent once, or a person is
asked, and each error says what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from integrations.email import (
    EmailAccount,
    SearchMessages,
    SendMessage,
    SentMail,
    check,
    folders,
    search_messages,
    send_message,
)
from integrations.practice import mail_box
from integrations.practice.faults import Fault, Faults
from integrations.practice.mail_folders import SERVICE
from orchestrator.actions import AccountError, Call, EffectUnknown, RateLimited, ServiceError, Unavailable
from tests.integrations.mail_servers import SAM, Post, account_at, practice_mail
from tests.integrations.services import Services

IT_HAPPENS = ("failing_after", "dropping", "sign_in_page", "garbage", "other_shape")


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    with practice_mail(tmp_path / "practice.db") as post:
        yield post


@pytest.fixture
def account(post: Post) -> EmailAccount:
    return account_at(post.imap, post.smtp)


def switch_on(post: Post, kind: str, **more: object) -> None:
    Faults(post.store, (SERVICE,)).switch_on(SERVICE, Fault.of({"kind": kind, "seconds": 0.0, **more}))


def call(tmp_path: Path) -> Call:
    folder = tmp_path / "run"
    folder.mkdir(exist_ok=True)
    return Call(run_id="run-1", step_id="s", key="run-1-s", services=Services(folder), timeout=10.0)


def send(account: EmailAccount, tmp_path: Path) -> SentMail:
    p = SendMessage(to=SAM, subject="To myself", body="Hello")
    return send_message.function(p, account, call(tmp_path))


def find(account: EmailAccount, tmp_path: Path) -> SentMail | None:
    assert send_message.find_function is not None
    return send_message.find_function(SendMessage(to=SAM, subject="To myself", body="Hello"), account, call(tmp_path))


def arrived(post: Post) -> int:
    return sum(one["subject"] == "To myself" and "INBOX" in one["labelIds"] for one in mail_box.mails(post.store))


class TestOfReading:
    @pytest.mark.parametrize(
        ("kind", "error"),
        [
            ("limited", RateLimited),
            ("failing", Unavailable),
            ("failing_after", Unavailable),
            ("dropping", Unavailable),
            ("sign_in_page", Unavailable),
            ("garbage", Unavailable),
            ("wrong_token", AccountError),
        ],
    )
    @pytest.mark.parametrize("is_in", [False, True], ids=["new", "kept"])
    def test_each_is_told_for_what_it_is(
        self, post: Post, account: EmailAccount, tmp_path: Path, kind: str, error: type[ServiceError], is_in: bool
    ) -> None:
        if is_in:
            assert folders(account)
        switch_on(post, kind, requests="all")
        with pytest.raises(ServiceError) as raised:
            search_messages.function(SearchMessages(), account, call(tmp_path))
        assert (type(raised.value), bool(raised.value.remedy)) == (error, True)

    def test_other_shapes_are_no_mail_and_no_crash(self, post: Post, account: EmailAccount, tmp_path: Path) -> None:
        switch_on(post, "other_shape", requests="all")
        with pytest.raises(ServiceError):
            search_messages.function(SearchMessages(), account, call(tmp_path))

    def test_slow_ones_are_waited_for(self, post: Post, account: EmailAccount, tmp_path: Path) -> None:
        switch_on(post, "slow")
        assert search_messages.function(SearchMessages(), account, call(tmp_path)).count

    def test_it_is_over_when_it_is_switched_off(self, post: Post, account: EmailAccount) -> None:
        switch_on(post, "wrong_token")
        with pytest.raises(AccountError):
            check(account)
        Faults(post.store, (SERVICE,)).switch_off()
        assert SAM in check(account)


class TestOfSending:
    """The first write is the draft that is put down before, the second the mail itself."""

    @pytest.fixture(autouse=True)
    def _with_a_draft(self, post: Post, account: EmailAccount, tmp_path: Path) -> None:
        """An earlier attempt came as far as the draft, and a person said that nothing was sent."""
        switch_on(post, "dropping", times=1)
        with pytest.raises(Unavailable):
            send(account, tmp_path)
        with pytest.raises(EffectUnknown):
            find(account, tmp_path)
        assert arrived(post) == 0

    @pytest.mark.parametrize("kind", ["failing", "limited"])
    def test_a_mail_that_was_refused_leaves_nothing_and_can_be_sent_again(
        self, post: Post, account: EmailAccount, tmp_path: Path, kind: str
    ) -> None:
        switch_on(post, kind, requests="writes", times=1)
        with pytest.raises(Unavailable):
            send(account, tmp_path)
        assert (arrived(post), find(account, tmp_path)) == (0, None)
        send(account, tmp_path)
        assert arrived(post) == 1

    @pytest.mark.parametrize("kind", IT_HAPPENS)
    def test_a_mail_of_which_nobody_knows_is_asked_about(
        self, post: Post, account: EmailAccount, tmp_path: Path, kind: str
    ) -> None:
        switch_on(post, kind, requests="writes", times=1)
        with pytest.raises(Unavailable):
            send(account, tmp_path)
        assert arrived(post) == 1
        with pytest.raises(EffectUnknown):
            find(account, tmp_path)
