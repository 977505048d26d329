"""Take a result that is known instead of asking again.

The key is the content of the question (memoization by content hash, as in Nix or Bazel): the same action, account (with
its secrets, since another person's may have the same name), parameters, model and prompt template. Steps ask for it by
`cache`; whoever asks while the same question is under way waits for its answer, so that it is asked once ("single
flight", as in Go's golang.org/x/sync/singleflight).
"""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections import OrderedDict
from functools import lru_cache
from typing import Any, Protocol

import orjson
import structlog

from orchestrator.actions import Account, SecretStr
from orchestrator.attempt import Attempt, Failed, Outcome, Succeeded
from orchestrator.errors import PatchbayError
from orchestrator.policies.base import Log, Proceed
from orchestrator.policies.target import Targets

KEPT = 1000
"""Results that are kept in memory."""

log = structlog.get_logger()


class Results(Protocol):
    """Where results are kept. Used from any thread; times are seconds since 1970."""

    def cached(self, key: str, now: float) -> Any | None:
        """The output of that key, None when there is none that has not expired."""
        ...

    def put_cached(self, key: str, output: Any, at: float, expires_at: float) -> None: ...


class MemoryResults:
    """Results of this process alone. The oldest go first."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[Any, float]] = OrderedDict()
        self._lock = threading.Lock()

    def cached(self, key: str, now: float) -> Any | None:
        with self._lock:
            output, expires_at = self._known.get(key, (None, 0.0))
            return output if now < expires_at else None

    def put_cached(self, key: str, output: Any, at: float, expires_at: float) -> None:
        with self._lock:
            self._known[key] = (output, expires_at)
            self._known.move_to_end(key)
            while len(self._known) > KEPT:
                self._known.popitem(last=False)


class CachePolicy:
    """Gives the recorded result of an equal step. Failures are not recorded, writes never taken from here. Results
    that cannot be read or kept cost the time to ask again, never a run."""

    def __init__(self, results: Results, targets: Targets) -> None:
        self._results = results
        self._targets = targets
        self._asked: dict[str, asyncio.Future[Outcome | None]] = {}

    def applies(self, attempt: Attempt) -> bool:
        return attempt.step.cache is not None and attempt.action.effect == "read"

    async def around(self, attempt: Attempt, proceed: Proceed, _log: Log) -> Outcome:
        key = self.key(attempt)
        if key is None:
            return await proceed(attempt)
        limit = attempt.limit
        while asked := self._asked.get(key):
            patience = max(0.0, limit.at - attempt.clock.now()) if limit else None
            await asyncio.wait([asked], timeout=patience)
            if limit and not asked.done():
                return Failed(limit.error)
            outcome = asked.result()
            if isinstance(outcome, Succeeded):
                return Succeeded(outcome.output, cached=True)
        asked = self._asked[key] = asyncio.get_running_loop().create_future()
        outcome = None
        try:
            outcome = await self._ask(key, attempt, proceed)
            return outcome
        finally:
            del self._asked[key]
            asked.set_result(outcome)

    async def _ask(self, key: str, attempt: Attempt, proceed: Proceed) -> Outcome:
        known = await asyncio.to_thread(self._known, key, attempt.clock.now())
        if known is not None:
            return Succeeded(known, cached=True)
        outcome = await proceed(attempt)
        if isinstance(outcome, Succeeded) and attempt.step.cache:
            await asyncio.to_thread(self._keep, key, outcome.output, attempt.clock.now(), attempt.step.cache)
        return outcome

    def _known(self, key: str, now: float) -> Any | None:
        try:
            return self._results.cached(key, now)
        except Exception as error:
            log.warning("a cached result cannot be read", error=str(error))
            return None

    def _keep(self, key: str, output: Any, now: float, seconds: float) -> None:
        try:
            self._results.put_cached(key, output, now, now + seconds)
        except Exception as error:
            log.warning("a result cannot be cached", error=str(error))

    def key(self, attempt: Attempt) -> str | None:
        """The content hash of what is asked (SHA-256, 32 hex digits). None when whom it asks cannot be told: then
        nothing is cached."""
        target = self._targets.of(attempt)
        try:
            template = self._targets.template(attempt)
        except PatchbayError:
            return None
        if target is None:
            return None
        action = attempt.action
        question = {
            "action": action.id,
            "result": list(action.result.model_fields),
            "connector": target.connector.id,
            "account": target.account.model_dump(mode="json"),  # secrets in it are masked
            "whose": _whose(target.account),
            "params": attempt.params,
            "model": target.model,
            "template": template and template.model_dump(mode="json", exclude={"examples"}),
        }
        content = orjson.dumps(question, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
        return hashlib.sha256(content).hexdigest()[:32]


def _whose(account: Account) -> str:
    """Whose account it is: another one under the same name has other secrets."""
    secrets = [value.get_secret_value() for _, value in account if isinstance(value, SecretStr)]
    return _fingerprint(orjson.dumps(secrets), account.name) if any(secrets) else ""


@lru_cache(maxsize=256)
def _fingerprint(secrets: bytes, name: str) -> str:
    """Made slowly (scrypt, RFC 7914), so that nobody finds a weak password in the keys that are kept by trying many."""
    return hashlib.scrypt(secrets, salt=name.encode(), n=2**14, r=8, p=1, dklen=16).hex()
