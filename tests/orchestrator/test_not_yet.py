"""A reading step whose action says that what it waits for has not happened yet."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from orchestrator.accounts import Accounts
from orchestrator.actions import Account, Call, Connector, NotYet, Params, Result, Unavailable, field
from orchestrator.clock import ManualClock
from orchestrator.effects import Ledger
from orchestrator.engine import Engine
from orchestrator.errors import LATEST, SOONEST, PatchbayError
from orchestrator.history import FINAL, StepView
from orchestrator.journal import Journal
from orchestrator.library import Library
from orchestrator.performer import LAST_LOOK, Performer
from orchestrator.policies.breaker import FAILURES, PAUSE
from orchestrator.registry import Registry
from orchestrator.replay import run_view
from orchestrator.settings import Settings
from orchestrator.state import RunState
from orchestrator.workflow import Workflow

Build = Callable[..., Workflow]
WAIT = {"id": "letter", "uses": "door.wait_for_letter"}
AGAIN_IN = 30.0


class Room(Params):
    """Wait for a letter."""

    room: str = field("Room", default="hall")


class Letter(Result):
    text: str = field("Text")


class Door:
    """Letters arrive when the test says so. `looks` are the attempts of those who looked, `troubles` what they met."""

    def __init__(self) -> None:
        self.letter = ""
        self.looks: list[int] = []
        self.troubles: list[PatchbayError] = []
        self.again_in = AGAIN_IN
        door = Connector("door", title="The door")

        @door.action("Wait for a letter", effect="read", result=Letter)
        def wait_for_letter(p: Room, account: Account, call: Call) -> Letter:
            self.looks.append(call.attempt)
            if self.troubles:
                raise self.troubles.pop(0)
            if not self.letter:
                raise NotYet("No letter has come yet.", again_in=self.again_in)
            return Letter(text=self.letter)

        self.registry = Registry([door])


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


class House:
    """An engine that goes on with any run of the store, as each process of the studio has one."""

    def __init__(self, settings: Settings, door: Door, clock: ManualClock) -> None:
        self.door = door
        self.clock = clock
        self.journal = Journal.open(settings)
        accounts = Accounts(door.registry, settings, lambda: "")
        self.performer = Performer(accounts, Library(settings.home), Ledger(self.journal))
        self.engine = Engine(door.registry, self.journal, self.performer, clock, recover=True)

    @classmethod
    @asynccontextmanager
    async def opened(cls, *given: Any) -> AsyncIterator[House]:
        house = cls(*given)
        await house.engine.start()
        yield house
        await house.engine.stop()
        house.performer.close()
        house.journal.close()

    async def begin(self, workflow: Workflow, **keys: Any) -> str:
        """Begin a run and let it come to rest."""
        run_id = await self.engine.submit(workflow, {}, **keys)
        await self.rest(run_id)
        return run_id

    async def rest(self, run_id: str) -> RunState:
        """The run once nothing is under way and all of it is on disk."""
        resting = asyncio.ensure_future(self.engine.wait(run_id))
        while not resting.done():
            self.clock.advance(0)
            await asyncio.sleep(0.002)
        return await self.engine.state(run_id)

    async def after(self, seconds: float, run_id: str) -> RunState:
        """The run once it came to rest again, so many seconds later."""
        self.clock.advance(seconds)
        await self.engine.tend()
        return await self.rest(run_id)

    async def story(self, run_id: str) -> StepView:
        """What is told of its step."""
        graph, events = (await self.engine.state(run_id)).graph, self.journal.events(run_id)
        return run_view(self.journal.summary(run_id), graph, (event for _, event in events), []).steps[0]


@pytest.fixture
async def house(settings: Settings, door: Door, clock: ManualClock) -> AsyncIterator[House]:
    async with House.opened(settings, door, clock) as house:
        yield house


async def test_its_run_is_a_row_until_it_looks_again(
    house: House, door: Door, clock: ManualClock, workflow: Build
) -> None:
    run_id = await house.begin(workflow(WAIT, output={"said": "{{ steps.letter.text }}"}))
    assert house.journal.run(run_id).status == "waiting"
    assert clock.next_due is None, "nothing is kept in memory"
    await house.after(AGAIN_IN - 1, run_id)
    assert door.looks == [1]
    assert (await house.after(1, run_id)).is_waiting
    door.letter = "Hello"
    state = await house.after(AGAIN_IN, run_id)
    assert (state.status, state.output, door.looks) == ("succeeded", {"said": "Hello"}, [1, 2, 3])


async def test_it_goes_on_in_a_process_that_begins_later(
    settings: Settings, door: Door, clock: ManualClock, workflow: Build
) -> None:
    async with House.opened(settings, door, clock) as ended:
        run_id = await ended.begin(workflow(WAIT))
    door.letter = "Hello"
    clock.advance(AGAIN_IN)
    async with House.opened(settings, door, clock) as later:
        assert (await later.rest(run_id)).status == "succeeded"
    assert door.looks == [1, 2]


async def test_of_two_processes_on_one_store_one_looks(
    settings: Settings, house: House, door: Door, clock: ManualClock, workflow: Build
) -> None:
    run_id = await house.begin(workflow(WAIT))
    async with House.opened(settings, door, clock) as other:
        for looks in (2, 3, 4):
            clock.advance(AGAIN_IN)
            await asyncio.gather(house.engine.tend(), other.engine.tend())
            await house.rest(run_id)
            await other.rest(run_id)
            assert len(door.looks) == looks


async def test_it_is_cancelled_at_once(house: House, door: Door, workflow: Build) -> None:
    run_id = await house.begin(workflow(WAIT))
    await house.engine.cancel(run_id)
    state = await house.rest(run_id)
    assert (state.status, door.looks) == ("cancelled", [1])


class TestADeadline:
    async def test_ends_it_after_a_last_look(
        self, house: House, door: Door, clock: ManualClock, workflow: Build
    ) -> None:
        run_id = await house.begin(workflow({**WAIT, "deadline": 40}))
        await house.after(AGAIN_IN, run_id)
        state = await house.after(10 - LAST_LOOK, run_id)
        assert (state.status, door.looks) == ("failed", [1, 2, 3])
        assert state.error["code"] == "deadline_exceeded"  # type: ignore[index]

    async def test_is_kept_by_an_answer_shortly_before(self, house: House, door: Door, workflow: Build) -> None:
        run_id = await house.begin(workflow({**WAIT, "deadline": 40}))
        await house.after(AGAIN_IN, run_id)
        door.letter = "Just in time"
        assert (await house.after(10 - LAST_LOOK, run_id)).status == "succeeded"

    async def test_leads_on_where_the_step_says_so(self, house: House, workflow: Build) -> None:
        late = {"id": "late", "uses": "set", "with": {"values": {"x": 1}}}
        patient = {**WAIT, "deadline": LAST_LOOK, "on_error": "late"}
        run_id = await house.begin(workflow(patient, late, output={"x": "{{ steps.late.values.x }}"}))
        state = await house.rest(run_id)
        assert (state.status, state.output) == ("succeeded", {"x": 1})


class TestItIsNoFailure:
    async def test_for_retry(self, house: House, door: Door, workflow: Build) -> None:
        run_id = await house.begin(workflow({**WAIT, "retry": {"attempts": 2, "backoff": 0}}))
        for _ in range(3):
            assert (await house.after(AGAIN_IN, run_id)).is_waiting
        door.letter = "Hello"
        assert (await house.after(AGAIN_IN, run_id)).status == "succeeded"

    async def test_and_what_failed_between_has_passed(self, house: House, door: Door, workflow: Build) -> None:
        """Of a wait of days, not every broken connection counts: only those in a row."""
        run_id = await house.begin(workflow({**WAIT, "retry": {"attempts": 2, "backoff": 0}}))
        for _ in range(3):
            door.troubles = [Unavailable("The door does not open.")]
            assert (await house.after(AGAIN_IN, run_id)).is_waiting
            assert (await house.after(AGAIN_IN, run_id)).is_waiting
        door.troubles = [Unavailable("The door does not open.")] * 2
        await house.after(AGAIN_IN, run_id)
        state = await house.after(1, run_id)
        assert (state.status, state.error["code"]) == ("failed", "unavailable")  # type: ignore[index]

    async def test_for_the_circuit_breaker(self, house: House, door: Door, clock: ManualClock, workflow: Build) -> None:
        run_id = await house.begin(workflow(WAIT))
        for _ in range(FAILURES):
            await house.after(AGAIN_IN, run_id)
        assert house.performer.breakers.states() == []
        door.troubles = [Unavailable("The door does not open.")] * FAILURES
        for _ in range(FAILURES):
            await house.begin(workflow(WAIT))
        assert [it.state for it in house.performer.breakers.states()] == ["open"]
        clock.advance(PAUSE)
        await house.begin(workflow(WAIT))
        assert [it.state for it in house.performer.breakers.states()] == ["closed"], "who says 'not yet' is there"


class TestItsStory:
    async def test_tells_one_try_however_often_it_looked(self, house: House, door: Door, workflow: Build) -> None:
        run_id = await house.begin(workflow(WAIT))
        for _ in range(4):
            state = await house.after(AGAIN_IN, run_id)
        step = await house.story(run_id)
        assert (step.status, step.attempts, state.root.steps["letter"].attempts) == ("waiting", 1, 1)
        door.letter = "Hello"
        await house.after(AGAIN_IN, run_id)
        step = await house.story(run_id)
        assert [(one.number, one.error) for one in step.items[0].attempts] == [(1, None)]

    async def test_keeps_the_tries_that_failed(self, house: House, door: Door, workflow: Build) -> None:
        run_id = await house.begin(workflow({**WAIT, "retry": {"attempts": 2, "backoff": 0}}))
        door.troubles = [Unavailable("The door does not open.")]
        for _ in range(3):
            await house.after(AGAIN_IN, run_id)
        step = await house.story(run_id)
        told = [one.error and one.error["code"] for one in step.items[0].attempts]
        assert told == ["unavailable", "not_yet"]

    async def test_says_what_it_waits_for_and_when_it_looks_again(
        self, house: House, clock: ManualClock, workflow: Build
    ) -> None:
        run_id = await house.begin(workflow(WAIT))
        step = await house.story(run_id)
        (item,) = step.items
        assert item.until == clock.now() + AGAIN_IN
        assert item.waits_for(lambda at: "at 14:02") == "No letter has come yet. It looks again at 14:02."
        assert step.error is None


class TestInAPreview:
    async def test_it_is_open(self, house: House, door: Door, workflow: Build) -> None:
        run_id = await house.begin(workflow(WAIT), preview=True)
        state = await house.engine.state(run_id)
        assert state.root.steps["letter"].status == "open"
        assert state.root.steps["letter"].reason == "it waits for what has not happened yet"

    async def test_and_waits_once_that_is_approved(self, house: House, door: Door, workflow: Build) -> None:
        run_id = await house.begin(workflow(WAIT), preview=True)
        (hash,) = [it["hash"] for it in (await house.engine.state(run_id)).questions.values()]
        await house.engine.answer(run_id, "", "", {"approved": True, "hash": hash}, "Ada")
        assert (await house.rest(run_id)).step("letter", "").status == "waiting"
        door.letter = "Hello"
        assert (await house.after(AGAIN_IN, run_id)).status == "succeeded"


@pytest.mark.parametrize(
    ("wanted", "given"), [(0.0, SOONEST), (-5.0, SOONEST), (float("nan"), SOONEST), (float("inf"), LATEST), (7.5, 7.5)]
)
def test_nobody_looks_all_the_time_or_never_again(wanted: float, given: float) -> None:
    assert NotYet("Not yet.", again_in=wanted).again_in == given


async def test_items_of_a_loop_wait_each_for_themselves(house: House, door: Door, workflow: Build) -> None:
    many = {**WAIT, "for_each": ["hall", "attic"], "concurrency": 2, "with": {"room": "{{ item }}"}}
    run_id = await house.begin(workflow(many))
    door.letter = "Hello"
    state = await house.after(AGAIN_IN, run_id)
    assert state.status in FINAL
    assert len(door.looks) == 4
