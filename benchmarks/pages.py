"""How long a page of the studio takes to be drawn again, with many runs stored: the script alone, without a browser."""

from __future__ import annotations

import gc
import statistics
import time

from streamlit.testing.v1 import AppTest

from benchmarks.growth import fill
from benchmarks.line import Line, Result
from benchmarks.machine import folder
from orchestrator.settings import ROOT, Settings
from orchestrator.workflow_engine import WorkflowEngine, set_current

GOAL = 100.0
"""Milliseconds, at the 95th percentile."""

STAR = "email_to_notion"
QUERIES: dict[str, dict[str, str]] = {
    "home": {},
    "workflows": {},
    "workflows, one": {"id": STAR},
    "builder": {"id": STAR},
    "builder, history": {"id": STAR, "view": "history"},
    "templates": {},
    "runs": {},
    "runs, one": {},
    "runs, searched": {"text": "nothing says this"},
    "accounts": {},
    "map": {},
}


def _drawn(name: str, query: dict[str, str], rounds: int) -> list[float]:
    at = AppTest.from_file(ROOT / "studio" / "main.py", default_timeout=60).run()
    at.switch_page(f"../pages/{name.split(',')[0]}.py")
    for key, value in query.items():
        at.query_params[key] = value
    at.run()
    assert not at.exception, at.exception
    seconds: list[float] = []
    for _ in range(rounds):
        began = time.perf_counter()
        at.run()
        seconds.append(time.perf_counter() - began)
    return seconds


def measure(stored: int = 20_000, rounds: int = 30) -> Result:
    lines: list[Line] = []
    with folder() as home:
        settings = Settings.load(home=home)
        with WorkflowEngine(settings) as engine:
            run_id = engine.start_workflow(STAR, {"limit": 1})
            engine.cancel(run_id)
            engine.wait(run_id)
        fill(settings.database, stored)
        with WorkflowEngine(settings) as engine:
            set_current(engine)
            gc.freeze()  # as the studio does, once it is loaded (`app.py`)
            try:
                for name, query in QUERIES.items():
                    asked = {"id": run_id} if name == "runs, one" else query
                    seconds = _drawn(name, asked, rounds)
                    p95 = statistics.quantiles(seconds, n=20)[-1] * 1000
                    lines.append(Line.of(f"{name}, drawn again (p95)", p95, "ms", most=GOAL))
            finally:
                gc.unfreeze()
                set_current(None)
    slowest = max(lines, key=lambda line: line.value)
    head = Line.of(f"the slowest page with {stored:,} runs stored ({slowest.name})", slowest.value, "ms", most=GOAL)
    return Result((head, *lines))
