from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrator.accounts import Accounts
from orchestrator.actions import Account, Connector, SecretStr
from orchestrator.attempt import Attempt, Failed, Limit, Outcome, Succeeded
from orchestrator.clock import ManualClock
from orchestrator.errors import DeadlineExceeded, Unavailable
from orchestrator.library import Library
from orchestrator.policies import around
from orchestrator.policies.cache import KEPT, CachePolicy, MemoryResults
from orchestrator.policies.target import Targets
from orchestrator.registry import Registry
from orchestrator.settings import Settings
from orchestrator.templates import Template

Build = Callable[..., Attempt]


@pytest.fixture
def cache(targets: Targets) -> CachePolicy:
    return CachePolicy(MemoryResults(), targets)


class Action:
    """Gives a number that grows with each call; `gate` holds it."""

    def __init__(self, *outcomes: Outcome) -> None:
        self.calls = 0
        self.outcomes = list(outcomes)
        self.gate: asyncio.Event | None = None

    async def __call__(self, _: Attempt) -> Outcome:
        self.calls += 1
        number = self.calls
        if self.gate:
            await self.gate.wait()
        return self.outcomes.pop(0) if self.outcomes else Succeeded({"number": number})


async def ask(cache: CachePolicy, tried: Attempt, action: Action) -> Outcome:
    return await around([cache], tried, action, print)


async def test_the_same_question_is_answered_from_what_is_known(cache: CachePolicy, attempt: Build) -> None:
    action = Action()
    first = await ask(cache, attempt(cache=60), action)
    again = await ask(cache, attempt(cache=60), action)
    assert first == Succeeded({"number": 1})
    assert again == Succeeded({"number": 1}, cached=True)


@pytest.mark.parametrize(("step", "seconds"), [(60, 60), (True, 86400)])
async def test_for_so_long(cache: CachePolicy, attempt: Build, step: Any, seconds: float) -> None:
    action, clock = Action(), ManualClock(1000.0)
    await ask(cache, attempt(cache=step, clock=clock), action)
    clock.advance(seconds - 1)
    await ask(cache, attempt(cache=step, clock=clock), action)
    assert action.calls == 1
    clock.advance(2)
    await ask(cache, attempt(cache=step, clock=clock), action)
    assert action.calls == 2


async def test_failures_are_not_kept(cache: CachePolicy, attempt: Build) -> None:
    failed = Failed(Unavailable("down"))
    action = Action(failed)
    assert await ask(cache, attempt(cache=60), action) is failed
    assert await ask(cache, attempt(cache=60), action) == Succeeded({"number": 2})


def test_only_steps_that_ask_for_it_and_read_are_concerned(cache: CachePolicy, attempt: Build) -> None:
    assert not cache.applies(attempt())
    assert not cache.applies(attempt(cache=False))
    assert not cache.applies(attempt("shop.order", cache=60))
    assert cache.applies(attempt(cache=60))


class TestTheSameQuestionAtTheSameTime:
    async def test_is_asked_once(self, cache: CachePolicy, attempt: Build) -> None:
        action = Action()
        action.gate = asyncio.Event()
        asked = [asyncio.ensure_future(ask(cache, attempt(cache=60), action)) for _ in range(10)]
        await asyncio.sleep(0.05)
        action.gate.set()
        outcomes = await asyncio.gather(*asked)
        assert action.calls == 1
        assert outcomes == [Succeeded({"number": 1}), *[Succeeded({"number": 1}, cached=True)] * 9]

    async def test_is_asked_by_the_next_when_the_first_fails(self, cache: CachePolicy, attempt: Build) -> None:
        failed = Failed(Unavailable("down"))
        action = Action(failed)
        outcomes = await asyncio.gather(*(ask(cache, attempt(cache=60), action) for _ in range(3)))
        assert action.calls == 2
        assert outcomes[0] is failed
        assert sorted(str(outcome) for outcome in outcomes[1:]) == sorted(
            [str(Succeeded({"number": 2})), str(Succeeded({"number": 2}, cached=True))]
        )

    async def test_is_asked_by_the_next_when_the_first_is_cancelled(self, cache: CachePolicy, attempt: Build) -> None:
        action = Action()
        action.gate = asyncio.Event()
        first = asyncio.ensure_future(ask(cache, attempt(cache=60), action))
        second = asyncio.ensure_future(ask(cache, attempt(cache=60), action))
        await asyncio.sleep(0.05)
        first.cancel()
        action.gate.set()
        assert await second == Succeeded({"number": 2})

    async def test_is_waited_for_no_longer_than_the_step_may_take(self, cache: CachePolicy, attempt: Build) -> None:
        action = Action()
        action.gate = asyncio.Event()
        first = asyncio.ensure_future(ask(cache, attempt(cache=60), action))
        await asyncio.sleep(0.05)
        limit = Limit(1000.05, DeadlineExceeded("the step is over"))
        assert await ask(cache, attempt(cache=60, limit=limit), action) == Failed(limit.error)
        action.gate.set()
        await first


class TestTheKey:
    def test_is_that_of_the_content(self, cache: CachePolicy, attempt: Build) -> None:
        one = cache.key(attempt(cache=60, params={"ware": "tea", "size": [1, 2]}))
        same = cache.key(attempt(cache=900, retry=3, name="Other", params={"size": [1, 2], "ware": "tea"}))
        assert one == same
        assert one is not None

    def test_differs_by_parameters_action_and_model(self, cache: CachePolicy, attempt: Build) -> None:
        keys = {
            cache.key(tried)
            for tried in [
                attempt(cache=60),
                attempt(cache=60, params={"ware": "coffee"}),
                attempt("chat.ask", cache=60, model="oracle:small"),
                attempt("chat.ask", cache=60, model="oracle:large"),
                attempt("chat.ask", cache=60, model="dear:small"),
                attempt("chat.ask", cache=60, params={"prompt": "bye"}, model="oracle:small"),
            ]
        }
        assert len(keys) == 6
        assert None not in keys

    def test_differs_by_the_version_of_the_template(
        self, at_the_shop: Any, attempt: Build, tmp_path: Path, settings: Settings
    ) -> None:
        library = Library(tmp_path)
        cache = CachePolicy(MemoryResults(), Targets(Accounts(at_the_shop.registry, settings, lambda: ""), library))
        asked = attempt("chat.ask", cache=60, params={"template": "letter"}, model="oracle")
        assert cache.key(asked) is None, "there is no such template: the step will say so"
        keys: list[str | None] = []
        for text in ("Dear {{ name }}", "Dear friend"):
            library.templates.save(Template.model_validate({"id": "letter", "user": text}))
            keys.append(cache.key(asked))
        assert None not in keys
        assert keys[0] != keys[1]

    def test_differs_by_account(self, at_the_shop: Any, attempt: Build, tmp_path: Path, settings: Settings) -> None:
        class Place(Account):
            address: str = ""

        keys: list[str | None] = []
        for address in ("one", "two"):
            shop = Connector("shop", title="Shop", account=Place, practice={"address": address})
            action = at_the_shop.shop.actions["look"]
            shop.actions["look"] = action
            accounts = Accounts(Registry([shop]), settings, lambda: "")
            keys.append(CachePolicy(MemoryResults(), Targets(accounts, Library(tmp_path))).key(attempt(cache=60)))
        assert None not in keys
        assert keys[0] != keys[1]

    def test_differs_by_who_the_account_lets_in(
        self, at_the_shop: Any, attempt: Build, tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The same name at the same address, and another person: they would see each other's mail."""

        class Private(Account):
            address: str = ""
            token: SecretStr = SecretStr("")

        shop = Connector("shop", title="Shop", account=Private)
        shop.actions["look"] = at_the_shop.shop.actions["look"]
        monkeypatch.setenv("PATCHBAY_SHOP_ADDRESS", "here")
        keys: list[str | None] = []
        for token in ("ada", "ada", "bob"):
            monkeypatch.setenv("PATCHBAY_SHOP_TOKEN", token)
            accounts = Accounts(Registry([shop]), settings, lambda: "")
            keys.append(CachePolicy(MemoryResults(), Targets(accounts, Library(tmp_path))).key(attempt(cache=60)))
        assert None not in keys
        assert keys[0] == keys[1], "the same person is known again, in another process too"
        assert keys[0] != keys[2]


class Unreadable:
    """Results on a disk that is full or gone."""

    def cached(self, key: str, now: float) -> Any | None:
        raise OSError("The disk is gone.")

    def put_cached(self, key: str, output: Any, at: float, expires_at: float) -> None:
        raise OSError("The disk is full.")


async def test_results_that_cannot_be_kept_cost_no_run(targets: Targets, attempt: Build) -> None:
    cache, action = CachePolicy(Unreadable(), targets), Action()
    assert await ask(cache, attempt(cache=60), action) == Succeeded({"number": 1})
    assert await ask(cache, attempt(cache=60), action) == Succeeded({"number": 2})


def test_memory_keeps_only_so_many_results() -> None:
    results = MemoryResults()
    for number in range(KEPT + 10):
        results.put_cached(str(number), number + 1, 0.0, 10.0)
    assert results.cached("9", 1.0) is None
    assert results.cached("10", 1.0) == 11
    assert results.cached(str(KEPT + 9), 11.0) is None
