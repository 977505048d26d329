"""A hundred reads of GitHub at the same time through one account, against PyGithub's own calls in the same threads.

python -m benchmarks.github_reads FOLDER    serves practice GitHub until it is ended, and prints where
"""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn

from benchmarks.line import Line, Result, alternate
from benchmarks.machine import folder
from orchestrator.actions import Action, Call, Params
from orchestrator.performer import THREADS
from orchestrator.practice import practice_app
from orchestrator.settings import Settings
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine
from scripts.studio import ROOT

TIMES = 1.3
REPOSITORY, PATH, ISSUE = "practice/webshop", "README.md", 1


class Silent:
    """What a call may ask of the engine while it reads: nothing."""

    def log(self, call: Call, message: str) -> None: ...


def measure(reads: int = 100, rounds: int = 15) -> Result:
    from integrations.github import GetIssue, GitHubAccount, ReadFile, get_issue, read_file

    with folder() as place, _practice(place / "practice") as url, ThreadPoolExecutor(THREADS) as threads:
        account = GitHubAccount(base_url=f"{url}/github", token="practice")

        def ours(action: Action, params: Params) -> Callable[[], None]:
            call = Call(run_id="run", step_id="step", key="key", services=Silent())  # type: ignore[arg-type]
            return lambda: _all(threads, reads, lambda: action.function(params, account, call))

        bare = _bare(f"{url}/github")
        files = alternate(
            {
                "bare": lambda: _all(threads, reads, bare["file"]),
                "ours": ours(read_file, ReadFile(repository=REPOSITORY, path=PATH)),
            },
            rounds,
        )
        issues = alternate(
            {
                "bare": lambda: _all(threads, reads, bare["issue"]),
                "ours": ours(get_issue, GetIssue(repository=REPOSITORY, number=ISSUE)),
            },
            rounds,
        )
        with WorkflowEngine(Settings(home=place / "home"), practice_url=url) as engine:
            run = alternate({"run": lambda: _run(engine, reads)}, max(1, rounds // 3), warm_up=1)["run"]
    return Result(
        (
            _line(f"{reads} files", files["ours"], files["bare"]),
            _line(f"{reads} issues with their comments", issues["ours"], issues["bare"]),
            Line.of(f"{reads} files in a run, from its start to its end", run * 1000, "ms", floor=files["bare"] * 1000),
        ),
        notes=(
            f"The floor is PyGithub's own calls through one client in the same {THREADS} threads.",
            "GitHub is the practice service, in a process of its own.",
        ),
    )


def _line(what: str, ours: float, bare: float) -> Line:
    return Line.of(f"{what}, read at the same time", ours * 1000, "ms", floor=bare * 1000, times=TIMES)


def _bare(base_url: str) -> Mapping[str, Callable[[], object]]:
    """The same reads with nothing of ours around them."""
    from github import Auth, Github

    client = Github(
        base_url=base_url,
        auth=Auth.Token("practice"),
        retry=None,
        seconds_between_requests=0,
        seconds_between_writes=0,
        per_page=100,
        lazy=True,
    )

    def file() -> str:
        found = client.get_repo(REPOSITORY).get_contents(PATH)
        assert not isinstance(found, list)
        return found.decoded_content.decode()

    def issue() -> object:
        found = client.get_repo(REPOSITORY).get_issue(ISSUE)
        return found.title, [comment.body for comment in found.get_comments()]

    return {"file": file, "issue": issue}


def _all(threads: ThreadPoolExecutor, reads: int, read: Callable[[], object]) -> None:
    for done in [threads.submit(read) for _ in range(reads)]:
        done.result()


def _run(engine: WorkflowEngine, reads: int) -> None:
    step: dict[str, Any] = {
        "id": "read",
        "uses": "github.read_file",
        "for_each": f"{{{{ range({reads}) | list }}}}",
        "concurrency": reads,
        "with": {"repository": REPOSITORY, "path": PATH},
    }
    result = engine.execute_workflow(Workflow.model_validate({"id": "reads", "steps": [step]}))
    assert result.status == "succeeded", result


@contextmanager
def _practice(home: Path) -> Iterator[str]:
    """The practice services in a process of their own, so that they take none of the time that is measured."""
    home.mkdir()
    command = [sys.executable, "-m", "benchmarks.github_reads", str(home)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def main() -> None:
    # Named as TCP, or asyncio leaves Nagle's algorithm on: each request over a kept connection waits 40 ms then.
    listening = socket.socket(proto=socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    listening.listen(1000)
    app = practice_app(Path(sys.argv[1]), "http://studio.test")
    print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off")).run(sockets=[listening])


if __name__ == "__main__":
    main()
