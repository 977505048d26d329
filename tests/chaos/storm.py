"""A storm: workers are killed at random instants until every run is over, and what happened is counted.

The services are the judge: each effect that a run is to have is looked for there, and nothing else may be there. The
journal is asked only whether every run whose id was given out is known and succeeded.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from orchestrator.registry import Registry
from orchestrator.settings import Settings
from orchestrator.workflow_engine import WorkflowEngine
from scripts.studio import ROOT, environment
from tests.chaos.plans import CHILD, PLANS

EARLIEST, LATEST = 0.005, 0.9
"""Seconds after which a worker is killed: after its start, and every other one after it began its first run, since a
machine that does much else may take longer than that to start one."""
FAULTS = 0.03
"""The share of writes that the services do, or do not do, and call failed."""
A_LIFE = 2
"""Runs that a worker starts."""
LANES = 2
"""Storms at the same time."""
CALM = 120.0
"""Seconds that a worker may take to finish what is left once nobody kills it."""
TAGGED = re.compile(r"([0-9a-f]{12})(-\d)? ((?:mail|issue|page|comment|commit|append) [^\n]*)")


class Service:
    """The practice services in a process of their own."""

    def __init__(self, folder: Path, *, faults: float = FAULTS) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "tests.chaos.service", str(folder), str(faults)]
        with (folder / "service.log").open("ab") as log:  # it complains of each connection that a kill broke
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=environment(folder), stdout=subprocess.PIPE, stderr=log, text=True
            )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        assert self.url, "the practice services did not start"
        self._client = httpx.Client(base_url=self.url, timeout=60)

    def close(self) -> None:
        self._client.close()
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def settle(self) -> None:
        """Wait until the requests of a worker that was killed are through: a new process takes longer to start than
        they do, but a fork does not."""
        while self._client.get("/busy").json()["busy"]:
            time.sleep(0.002)

    def effects(self) -> Counter[str]:
        """How often each text with a tag is there."""
        seen = self._client.get("/overview").json()
        texts = [mail["subject"] for mail in seen["mail"] if mail["folder"] == "sent"]
        for page in seen["pages"]:
            texts += [page["title"], *page["markdown"].split("\n")]
        for repository in seen["repositories"]:
            texts += [commit["message"].split("\n")[0] for commit in repository["commits"]]
            for issue in repository["issues"]:
                texts += [issue["title"], *(comment["body"] for comment in issue["comments"])]
        return Counter(text for text in texts if TAGGED.fullmatch(text))


class Workers:
    """Lives of one worker after the other, on one store."""

    def __init__(self, home: Path, practice_url: str) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.given_out: list[tuple[str, str, str]] = []
        """(run, tag, kind) of the runs whose ids were given out."""
        self._log = (home / "worker.log").open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.worker", str(home), practice_url],
            cwd=ROOT,
            env=environment(home),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        self.pid = 0

    def begin(self, kinds: list[str]) -> None:
        """Start a worker, which starts these runs."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"go {','.join(kinds)}\n")
        self._process.stdin.flush()
        self.pid = int(self._expect("life")[0])

    def until_run(self) -> None:
        """Wait until the worker has begun a run."""
        self._expect("run")

    def kill(self) -> bool:
        """Kill the worker. Whether it was over by itself."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        return self.until_dead()

    def until_dead(self) -> bool:
        """Wait for the worker's end. Whether that was its own."""
        status = int(self._expect("dead")[0])
        assert os.WIFSIGNALED(status) or status == 0, f"a worker broke: {self.log()[-3000:]}"
        return status == 0

    def log(self) -> str:
        return Path(self._log.name).read_text()

    def close(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            if self.pid:
                os.kill(self.pid, signal.SIGKILL)
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._log):
            if stream:
                stream.close()

    def _expect(self, word: str) -> list[str]:
        """The rest of the next line that begins with a word; runs on the way are taken note of."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            first, *rest = line.split()
            if first == "run":
                self.given_out.append((rest[0], rest[1], rest[2]))
            if first == word:
                return rest
            assert first != "dead", f"a worker broke: {self.log()[-3000:]}"
        raise AssertionError(f"the workers' parent died: {self.log()[-3000:]}")


@dataclass
class Outcome:
    """What a storm left. All the lists are empty when the promise holds."""

    seed: int
    kills: int = 0
    runs: int = 0
    effects: int = 0
    looked_up: int = 0
    """Effects that an earlier life had sent, as the service said."""
    seconds: float = 0.0
    lost: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unwanted: list[str] = field(default_factory=list)

    @property
    def wrong(self) -> dict[str, list[str]]:
        named = {name: getattr(self, name) for name in ("lost", "unfinished", "doubled", "missing", "unwanted")}
        return {name: found for name, found in named.items() if found}

    def add(self, other: Outcome) -> None:
        for name in self.__dict__.keys() - {"seed"}:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def __str__(self) -> str:
        wrong = ", ".join(f"{len(found)} {name}" for name, found in self.wrong.items()) or "nothing wrong"
        return (
            f"{self.kills} kills, {self.runs} runs, {self.effects} effects, {self.looked_up} of them found again,"
            f" {self.seconds:.0f} s: {wrong} (CHAOS_SEED={self.seed})"
        )


def storm(folder: Path, kills: int, seed: int, kinds: Sequence[str] = tuple(PLANS)) -> Outcome:
    """Kill workers so many times, let the last one finish, and count. `kinds` are those of the runs."""
    began = time.monotonic()
    rng = random.Random(seed)
    home = folder / "home"
    prepare(home)
    service = Service(folder / "service")
    workers = Workers(home, service.url)
    turns = itertools.cycle(rng.sample(sorted(kinds), len(kinds)))
    try:
        for number in range(kills):
            workers.begin([next(turns) for _ in range(A_LIFE)])
            if number % 2:
                workers.until_run()
            time.sleep(rng.uniform(EARLIEST, LATEST))
            workers.kill()
            service.settle()
        workers.begin([])
        finish(workers)
        outcome = count(home, service, workers, Outcome(seed, kills))
    finally:
        workers.close()
        service.close()
    outcome.seconds = time.monotonic() - began
    return outcome


def prepare(home: Path) -> None:
    folder = home / "workflows"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{CHILD.id}.json").write_text(CHILD.to_json())


def count(home: Path, service: Service, workers: Workers, outcome: Outcome) -> Outcome:
    """Compare what is at the services with what the runs were to do there."""
    with WorkflowEngine(Settings.load(home=home), registry=Registry.discover(), practice_url=service.url) as engine:
        runs = {run.id: run for run in engine.runs(limit=1_000_000) if run.parent is None}
        expected: Counter[str] = Counter()
        for run in runs.values():
            expected.update(_effects(run.workflow_id, engine.run(run.id).inputs["tag"]))
            events = (event for _, event in engine.journal.events(run.id))
            outcome.looked_up += sum(1 for event in events if event.data.get("reused"))
            if run.status != "succeeded":
                outcome.unfinished.append(f"{run.id} {run.workflow_id} {run.status} {run.error}")
    found = service.effects()
    outcome.runs, outcome.effects = len(runs), found.total()
    outcome.lost = [" ".join(given) for given in workers.given_out if given[0] not in runs]
    outcome.doubled = [f"{found[text]} × {text}" for text in found if found[text] > 1]
    outcome.missing = sorted((expected - found).elements())
    outcome.unwanted = sorted(found.keys() - expected.keys())
    return outcome


def _effects(kind: str, tag: str) -> Iterator[str]:
    for effect in PLANS[kind].effects:
        text, at, number = effect.partition(" @")
        yield f"{tag}-{number} {text}" if at else f"{tag} {text}"


def finish(workers: Workers) -> None:
    """Let a worker do what is left. One that is not over in time is killed: its runs are then counted as not
    finished."""

    def end() -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(workers.pid, signal.SIGKILL)

    timer = threading.Timer(CALM, end)
    timer.start()
    try:
        workers.until_dead()
    finally:
        timer.cancel()


def storms(folder: Path, kills: int, seed: int) -> Outcome:
    """`LANES` storms at the same time, each on a store and services of its own, with so many kills in all."""
    began = time.monotonic()
    with ThreadPoolExecutor(LANES) as lanes:
        each = [kills // LANES + (lane < kills % LANES) for lane in range(LANES)]
        outcomes = lanes.map(lambda lane: storm(folder / str(lane), each[lane], seed * LANES + lane), range(LANES))
        whole = Outcome(seed)
        for outcome in outcomes:
            whole.add(outcome)
    whole.seconds = time.monotonic() - began
    return whole


def chosen_seed() -> int:
    """CHAOS_SEED, or one by chance."""
    given = os.environ.get("CHAOS_SEED")
    return int(given) if given else random.SystemRandom().randrange(1_000_000)
