"""The timeline of a run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from orchestrator.history import Attempt, ItemView, RunView, StepView
from studio.run_times import ITEMS, Bar, bars, scale
from studio.timeline import timeline
from tests.studio.views import item, run, step


def drawn(shown: RunView, now: float = 99) -> list[Bar]:
    return bars(shown, scale(shown, now))


def tried(*times: tuple[float, float | None], name: str = "", **other: Any) -> ItemView:
    """An item with a try from each moment to the other."""
    tries = tuple(Attempt(number, began, ended, None) for number, (began, ended) in enumerate(times, 1))
    known = {"started_at": times[0][0], "finished_at": times[-1][1], **other}
    return replace(item(name), attempts=tries, **known)


def loop(*items: ItemView) -> StepView:
    return step("a", began=0, ended=100, items=items, is_loop=True)


def test_steps_lie_on_one_scale() -> None:
    first, second, third = drawn(
        run(step("a", began=10, ended=12), step("b", began=12, ended=20), step("c", "skipped", reason="No mail."))
    )

    assert (first.left, round(first.width)) == (0, 20)
    assert (round(second.left or 0), round(second.width)) == (20, 80)
    assert (third.left, third.width, third.caption) == (None, 0, "No mail.")


def test_no_bar_leaves_the_scale_or_vanishes() -> None:
    for bar in drawn(run(step("a", began=10, ended=110), step("b", began=110, ended=110)), now=110):
        assert bar.left is not None
        assert bar.width > 0.5
        assert bar.left + bar.width <= 100


def test_a_step_that_still_runs_grows_until_now() -> None:
    (bar,) = drawn(run(step("a", "running", began=10)), now=15)
    assert bar.caption == "5.0 s"


def test_a_step_that_is_open_has_no_bar() -> None:
    (bar,) = drawn(run(step("a", "open", began=10, ended=10, reason="it needs 'b'")))
    assert (bar.left, bar.caption) == (None, "it needs 'b'")


def test_a_step_waits_between_its_tries() -> None:
    (bar,) = drawn(run(step("a", began=0, ended=10, items=(tried((0, 2), (8, 10)),))))
    assert bar.pauses == ((20, 60),)
    assert "6.0 s of it waiting" in timeline([bar], 10)


def test_a_step_that_is_to_be_tried_again_waits_until_now() -> None:
    (bar,) = drawn(
        run(step("a", "waiting", began=0, items=(tried((0, 2), status="waiting", finished_at=None),))), now=10
    )
    assert bar.pauses == ((20, 80),)


def test_a_step_that_asks_waits_all_along() -> None:
    (bar,) = drawn(run(step("a", began=0, ended=10, uses="approve", items=(tried((0, 10)),))))
    assert bar.pauses == ((0, 100),)


def test_a_step_that_is_at_work_does_not_wait() -> None:
    (bar,) = drawn(run(step("a", began=0, ended=10, items=(tried((0, 10)),))))
    assert bar.pauses == ()


def test_a_loop_unfolds_into_its_items_with_those_that_took_longest() -> None:
    quick = [tried((n, n + 0.1), name=f"q{n}") for n in range(ITEMS)]
    slow = tried((50, 90), name="slow")
    (bar,) = drawn(run(loop(*quick, slow)))

    assert (len(bar.items), bar.of) == (ITEMS, ITEMS + 1)
    assert (bar.items[-1].label, bar.items[-1].caption) == (f"Item {ITEMS + 1}", "40 s")
    assert f"The {ITEMS} items that took longest, of {ITEMS + 1}." in timeline([bar], 100)


def test_the_timeline_shows_names_as_text() -> None:
    html = timeline(drawn(run(step("a", began=1, ended=2, name="<script>"))), 1)

    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_the_scale_tells_the_time_and_is_finer_when_it_is_drawn_wider() -> None:
    assert ">2.0 s</span>" in timeline([], 8)
    assert ">1.5 ms</span>" in timeline([], 0.006)
    assert ">400 ms</span>" not in timeline([], 8)
    assert ">400 ms</span>" in timeline([], 8, zoom=5)
