"""Performs one attempt: finds the account, runs the action in its thread or on the loop, keeps the ledger."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import structlog
from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from orchestrator import effects
from orchestrator.accounts import Accounts
from orchestrator.actions import Account, Call, ModelAnswer, ModelRequest, Params, Plan, Prompt, writing
from orchestrator.attempt import Attempt, Failed, Opened, Outcome, Planned, Retrying, Succeeded, Unapproved, Unknown
from orchestrator.data import flaw, found_flaw
from orchestrator.effects import Ledger
from orchestrator.errors import (
    AccountError,
    EffectUnknown,
    LeaseLost,
    NotApproved,
    NotYet,
    PatchbayError,
    RateLimited,
    StepError,
    StoreError,
    Unavailable,
)
from orchestrator.history import Usage
from orchestrator.journal import EffectRow
from orchestrator.library import Library
from orchestrator.params import validate
from orchestrator.policies import around
from orchestrator.policies.breaker import Breakers
from orchestrator.policies.budget import BudgetPolicy, spend
from orchestrator.policies.cache import CachePolicy, MemoryResults, Results
from orchestrator.policies.deadline import DeadlinePolicy
from orchestrator.policies.rate_limit import RateLimitPolicy
from orchestrator.policies.retry import RetryPolicy
from orchestrator.policies.target import Targets
from orchestrator.policies.timeout import TimeoutPolicy
from orchestrator.preview import fits, from_outside, has_placeholder, planned
from orchestrator.run_folders import RunFolders

THREADS = 32
"""Sync actions that may run at the same time."""

SETTLE = 1.0
"""Seconds after the end of a write of which nobody knows whether it happened. Before they are over, a service that does
not know it is not believed: what was on its way when the connection broke may still arrive. A service that works on a
request, or a proxy that holds one, is mostly done with it in well under a second; to wait longer holds up each write
that was really lost. What arrives later still is sent twice."""

LAST_LOOK = 5.0
"""Seconds before a step must be over at which one that waits looks for the last time."""

log = structlog.get_logger()


class Listener(Protocol):
    """Who is told what an action says while it runs. May be called from any thread."""

    def logged(self, step: str, item: str, message: str) -> None: ...
    def streamed(self, step: str, item: str, text: str) -> None: ...


class Performer:
    """Everything an attempt needs, once a process."""

    def __init__(self, accounts: Accounts, library: Library, ledger: Ledger, results: Results | None = None) -> None:
        """`results` keeps what steps with a `cache` gave; without it, memory does."""
        self.accounts = accounts
        self.library = library
        self.ledger = ledger
        self.folders = RunFolders(accounts.settings.home)
        self._targets = targets = Targets(accounts, library)
        self.breakers = Breakers(targets)
        self.policies = (
            DeadlinePolicy(),
            BudgetPolicy(),
            CachePolicy(results or MemoryResults(), targets),
            RetryPolicy(),
            self.breakers,
            RateLimitPolicy(targets),
            TimeoutPolicy(),
        )
        self._sending: set[str] = set()
        self._unsure: dict[str, float] = {}
        """When writes ended of which nobody knows whether they happened, by key; those of the last `SETTLE` seconds."""
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="action")

    def close(self) -> None:
        """Take no more work. Threads that are under way end by their SDK's time limits."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def perform(self, attempt: Attempt, listener: Listener) -> Outcome:
        """Do the attempt inside its policies. Raises only `StoreError`: the journal must not be believed then."""
        step, item = attempt.step.id, attempt.item
        try:
            outcome = await around(
                self.policies,
                attempt,
                lambda inner: self._try(inner, listener),
                lambda message: listener.logged(step, item, message),
            )
            if isinstance(outcome, Failed) and isinstance(outcome.error, AccountError):
                await self._tell_of(attempt, outcome.error)
            return outcome
        except StoreError:
            raise
        except Exception as error:
            log.exception("a policy failed", run=attempt.run_id, step=step)
            return Failed(_unexpected(attempt, error))

    async def _tell_of(self, attempt: Attempt, error: AccountError) -> None:
        """Let the list of accounts say that one is not let in any more."""
        target = self._targets.of(attempt)
        if target is None:
            return
        try:
            await asyncio.get_running_loop().run_in_executor(self._threads, self.accounts.failed, *target.key, error)
        except PatchbayError as problem:  # the run does not depend on it
            log.warning("the list of accounts does not say it", run=attempt.run_id, error=str(problem))

    def sends(self, key: str) -> bool:
        """Whether a write of that key is under way, so that it may be happening. One that only waits for its turn is
        not. Called on the engine's loop."""
        return key in self._sending

    async def _try(self, attempt: Attempt, listener: Listener) -> Outcome:
        services = CallServices(self, attempt, listener)
        try:
            if attempt.mode == "preview" and attempt.action.effect == "read" and has_placeholder(attempt.params):
                return Opened("it reads what only exists once something was really sent")
            params = validate(attempt.action, attempt.params)
            account = self.accounts.get(attempt.action.connector.id, attempt.account)
            call = Call(
                run_id=attempt.run_id,
                step_id=attempt.step.id,
                key=attempt.key,
                services=services,
                item=attempt.item,
                attempt=attempt.number,
                timeout=attempt.timeout,
            )
            if attempt.action.effect == "read":
                action = attempt.action
                if action.is_async:
                    result = await action.function(params, account, call)
                else:
                    result = await self._in_thread(action.function, params, account, call)
                output = _output(attempt, result)
                if attempt.mode == "preview":
                    output = from_outside(output)
                return Succeeded(output, usage=services.usage)
            return await self._write(attempt, params, account, call)
        except StoreError:
            raise
        except NotYet as error:
            if attempt.mode == "preview":
                return Opened("it waits for what has not happened yet")
            return _later(attempt, error, services.usage)
        except PatchbayError as error:
            if attempt.mode == "preview" and has_placeholder(attempt.params):
                return Opened("it is given what only the service can choose")
            return Failed(error, usage=services.usage)
        except Exception as error:
            log.exception("action failed unexpectedly", run=attempt.run_id, step=attempt.step.id)
            return Failed(_unexpected(attempt, error), usage=services.usage)
        finally:
            services.over = True

    async def _write(self, attempt: Attempt, params: Params, account: Account, call: Call) -> Outcome:
        action = attempt.action
        assert action.preview_function is not None
        plan: Plan = action.preview_function(params, account)
        effect = planned(attempt.step.id, attempt.item, action.id, account.name, plan)
        if attempt.mode == "preview":
            return Planned(effect)
        if attempt.mode == "approved" or attempt.step.approve is not None:
            if attempt.plan is None:
                return Unapproved(effect)
            whose = (attempt.plan.action, attempt.plan.account)
            if not (whose == (effect.action, effect.account) and fits(attempt.plan.request, effect.request)):
                return Failed(
                    NotApproved(
                        f"This is not what was approved ({attempt.plan.summary}): nothing was sent.",
                        remedy="Preview the workflow again.",
                    )
                )
        if attempt.may_have_happened:
            row = await self.ledger.look_up(attempt.key)
            if row is not None and row.status == "confirmed":
                return Succeeded(effects.recorded_output(row), reused=True, effect=row)
            if row is not None and row.status == "sent" and action.find_function is not None:
                try:
                    found = await self._run(action.find_function, params, account, call)
                except EffectUnknown as error:
                    return Unknown(effect, error)
                if found is not None:
                    call.log("An earlier attempt had already done this: nothing was sent again.")
                    output = _output(attempt, found)
                    return Succeeded(output, reused=True, effect=effects.confirmed(row, output))
                settled = self._unsure.get(attempt.key, row.at) + SETTLE
                if attempt.clock.now() < settled:
                    call.log("An earlier attempt may still be on its way: the service is asked again first.")
                    unsure = Unavailable("It is not known yet whether it was sent.", remedy="Wait a moment.")
                    return Retrying(unsure, settled, tried=False)
        self._sending.add(attempt.key)
        try:
            row = await self.ledger.begin(attempt, account, plan)
            return await self._send(attempt, row, params, account, call)
        finally:
            self._sending.discard(attempt.key)

    async def _send(self, attempt: Attempt, row: EffectRow, params: Params, account: Account, call: Call) -> Outcome:
        action = attempt.action
        try:
            result = await self._write_out(action.function, params, account, call)
        except LeaseLost as error:
            # Nothing went out. If the run is still ours, the next attempt looks and sends; else the journal refuses it.
            return Retrying(error, attempt.clock.now(), tried=False)
        except PatchbayError as error:
            # A refusal is certain, also for too many requests. After a time-out or a dropped connection the write may
            # have happened: it stays "sent", and the next attempt asks the service.
            if not error.retryable or isinstance(error, RateLimited):
                return Failed(error, effect=effects.failed(row))
            self._remember(attempt)
            return Failed(error)
        except Exception as error:
            log.exception("action failed unexpectedly", run=attempt.run_id, step=attempt.step.id)
            self._remember(attempt)
            return Failed(_unexpected(attempt, error))
        try:
            output = _output(attempt, result)
        except StepError as error:
            return Failed(error)  # it happened, but nothing is known of it: it stays "sent", too
        return Succeeded(output, effect=effects.confirmed(row, output))

    async def _write_out(self, function: Callable[..., Any], params: Params, account: Account, call: Call) -> Any:
        def act() -> Any:
            with writing(call):
                return function(params, account, call)

        if inspect.iscoroutinefunction(function):
            with writing(call):
                return await function(params, account, call)
        return await asyncio.get_running_loop().run_in_executor(self._threads, act)

    def _remember(self, attempt: Attempt) -> None:
        """That this write ended now, and nobody knows whether it happened."""
        now = attempt.clock.now()
        self._unsure = {key: at for key, at in self._unsure.items() if at > now - SETTLE} | {attempt.key: now}

    def _run(self, function: Callable[..., Any], *args: Any) -> Awaitable[Any]:
        if inspect.iscoroutinefunction(function):
            return function(*args)
        return self._in_thread(function, *args)

    def _in_thread(self, function: Callable[..., Any], *args: Any) -> Awaitable[Any]:
        return asyncio.get_running_loop().run_in_executor(self._threads, function, *args)


class CallServices:
    """What `Call` offers to one attempt. Used from the action's thread."""

    def __init__(self, performer: Performer, attempt: Attempt, listener: Listener) -> None:
        self._performer = performer
        self._attempt = attempt
        self._listener = listener
        self.usage: Usage | None = None
        self.over = False
        """The attempt was given up or is done: a thread that was left behind asks no model any more."""

    def log(self, call: Call, message: str) -> None:
        self._listener.logged(call.step_id, call.item, message)

    def stream(self, call: Call, text: str) -> None:
        self._listener.streamed(call.step_id, call.item, text)

    def prompt(self, template: str, variables: Mapping[str, Any]) -> Prompt:
        return self._performer.library.templates.load(template).render(variables)

    def sending(self, call: Call) -> None:
        if not self._attempt.owned():
            raise LeaseLost("This process was paused for so long that another one may go on with the run.")

    def generate(self, call: Call, model: str | None, request: ModelRequest) -> ModelAnswer:
        accounts = self._performer.accounts
        connector, name = accounts.model(self._attempt.model or model)
        chosen = self._attempt.accounts.name(connector.id, None)
        generate, account = connector.generate_function, accounts.get(connector.id, chosen)
        assert generate is not None
        price = connector.price_function(name, account) if connector.price_function else None

        def ask(request: ModelRequest) -> ModelAnswer:
            if self.over:
                raise StepError("The step was given up before the model was asked.")
            answer = generate(request, account, call)
            if answer.cost is None and price is not None:
                return replace(answer, cost=price.of(answer.input_tokens, answer.output_tokens))
            return answer

        request, budget = replace(request, model=name), self._attempt.budget
        answer = ask(request) if budget is None else spend(budget, request, price, ask)
        self.usage = (self.usage or Usage()) + Usage(answer.input_tokens, answer.output_tokens, answer.cost)
        return answer

    def folder(self, call: Call) -> Path:
        # A key begins with the lineage, which a resumed run shares with the one it goes on from.
        lineage = call.key.removesuffix(f"-{call.step_id}-{call.item}" if call.item else f"-{call.step_id}")
        return self._performer.folders.of(lineage)


def _later(attempt: Attempt, error: NotYet, usage: Usage | None) -> Outcome:
    """It looks again when the action says, and a last time shortly before the step must be over."""
    now, limit = attempt.clock.now(), attempt.limit
    until = now + error.again_in
    if limit and until >= limit.at:
        until = limit.at - LAST_LOOK
        if until <= now:
            return Failed(limit.error, usage=usage)
    return Retrying(error, until, usage, tried=False)


def _output(attempt: Attempt, result: Any) -> Any:
    """What an action gave, as data. Raises `StepError` for what is none."""
    try:
        model = isinstance(result, BaseModel)
        data = result.model_dump(mode="json", by_alias=True) if model else to_jsonable_python(result)
        wrong = flaw(data, "result")
    except (TypeError, ValueError):  # what is no data, or too deep, to pydantic
        data, wrong = None, found_flaw(result, "result")
    if wrong:
        raise StepError(
            f"{attempt.action.id} gave what cannot be kept: {wrong}.", remedy="Tell whoever made the connector."
        )
    return data


def _unexpected(attempt: Attempt, error: Exception) -> StepError:
    return StepError(
        f"{attempt.action.id} failed in a way it does not know: {type(error).__name__}: {error}",
        remedy="Try again. If it stays, report it with the log.",
    )
