from __future__ import annotations

import asyncio
from collections.abc import Callable

from orchestrator.attempt import Attempt, Failed, Limit, Outcome, Succeeded
from orchestrator.clock import SystemClock
from orchestrator.errors import DeadlineExceeded, StepTimeout
from orchestrator.policies import around
from orchestrator.policies.timeout import TimeoutPolicy

Build = Callable[..., Attempt]
FOR_EVER = 30
"""Seconds that no test of this file takes."""


async def slow(_: Attempt) -> Outcome:
    await asyncio.sleep(FOR_EVER)
    return Succeeded(None)


async def test_a_read_that_takes_too_long_is_ended(attempt: Build) -> None:
    outcome = await around([TimeoutPolicy()], attempt(timeout=0.01), slow, print)
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, StepTimeout)
    assert "longer than 0.01 seconds" in outcome.error.message


async def test_many_reads_of_several_lengths_end_each_in_its_time(attempt: Build) -> None:
    policy, ends = TimeoutPolicy(), list[tuple[float, float]]()
    loop = asyncio.get_running_loop()
    began = loop.time()

    async def read(seconds: float, *, quick: bool = False) -> None:
        async def act(_: Attempt) -> Outcome:
            await asyncio.sleep(0 if quick else FOR_EVER)
            return Succeeded(None)

        outcome = await around([policy], attempt(timeout=seconds), act, print)
        assert isinstance(outcome, Succeeded if quick else Failed)
        ends.append((seconds, loop.time() - began))

    quick = [read(0.05, quick=True) for _ in range(20)]
    await asyncio.gather(*quick, *(read(seconds) for seconds in (0.15, 0.05, 0.1, 0.05)))
    await read(0.05, quick=True)
    ended = ends[20:-1]
    assert [seconds for seconds, _ in ended] == [0.05, 0.05, 0.1, 0.15]
    assert all(seconds <= end < FOR_EVER for seconds, end in ended), ends


async def test_a_read_ends_when_its_step_or_run_must_be_over(attempt: Build) -> None:
    clock = SystemClock()
    limit = Limit(clock.now() + 0.01, DeadlineExceeded("the step is over"))
    outcome = await around([TimeoutPolicy()], attempt(timeout=5, clock=clock, limit=limit), slow, print)
    assert outcome == Failed(limit.error)


async def test_one_that_is_cancelled_from_outside_is_cancelled_and_not_late(attempt: Build) -> None:
    read = asyncio.ensure_future(around([TimeoutPolicy()], attempt(timeout=5), slow, print))
    await asyncio.sleep(0)
    read.cancel()
    await asyncio.wait([read])
    assert read.cancelled()


async def test_one_that_is_given_up_and_cancelled_from_outside_is_cancelled(attempt: Build) -> None:
    async def cancelled_meanwhile(_: Attempt) -> Outcome:
        try:
            await asyncio.sleep(FOR_EVER)
        finally:
            read.cancel()
        return Succeeded(None)

    read = asyncio.ensure_future(around([TimeoutPolicy()], attempt(timeout=0.01), cancelled_meanwhile, print))
    await asyncio.wait([read])
    assert read.cancelled()


async def test_a_read_that_ends_in_time_leaves_its_task_as_it_was(attempt: Build) -> None:
    async def quick(_: Attempt) -> Outcome:
        await asyncio.sleep(0)
        return Succeeded(1)

    assert await around([TimeoutPolicy()], attempt(timeout=0.01), quick, print) == Succeeded(1)
    await asyncio.sleep(0.02)  # a timer that was left behind ends this test


def test_a_write_is_left_to_its_end_and_told_its_whole_time(attempt: Build) -> None:
    limit = Limit(1000.5, DeadlineExceeded("the step is over"))
    write = attempt("shop.order", timeout=30, limit=limit)
    assert not TimeoutPolicy().applies(write)
    assert write.timeout == 30
    assert attempt("shop.look", timeout=30, limit=limit).timeout == 0.5
