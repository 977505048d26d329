"""`python -m orchestrator ...` as a person types it: a process, its output, its exit code.

Each command is a fork of a process that has loaded the program, so that it starts in milliseconds, not in a second.
That a fresh process loads it, the journeys show, and the run that is killed.

`python -m tests.orchestrator.command` answers each line of its input, {"arguments": [...], "environment": {...},
"folder": "..."}, with the exit code of that command, whose streams are the files `0`, `1` and `2` of the folder.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import runpy
import subprocess
import sys
import threading
from pathlib import Path

from orchestrator.registry import Registry
from orchestrator.settings import ROOT

LOADED = ("orchestrator.__main__", "integrations.practice", "uvicorn", "github", "googleapiclient", "notion_client")
SHOWN = {"NO_COLOR": "1", "COLUMNS": "200"}


class Command:
    """Call it with the words of a command. Use `close` when done."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.orchestrator.command"],
            cwd=ROOT,
            env={**os.environ, **SHOWN},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *arguments: str, home: Path, typed: str = "") -> subprocess.CompletedProcess[str]:
        """Run it on `home`, with what is typed into it."""
        folder = home.parent / "streams"
        folder.mkdir(exist_ok=True)
        (folder / "0").write_text(typed)
        environment = {**os.environ, **SHOWN, "PATCHBAY_HOME": str(home)}
        asked = {"arguments": arguments, "environment": environment, "folder": str(folder)}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        code = int(self._process.stdout.readline())
        said = [(folder / stream).read_text() for stream in ("1", "2")]
        return subprocess.CompletedProcess(arguments, code, *said)

    def close(self) -> None:
        self._process.communicate()


def serve() -> None:
    for name in LOADED:
        importlib.import_module(name)
    Registry.discover()
    assert threading.active_count() == 1, "only a process with one thread can be forked"
    gc.freeze()  # else each fork looks through all that was loaded before it ends
    answers = os.dup(1)
    for line in sys.stdin:
        asked = json.loads(line)
        pid = os.fork()
        if pid == 0:
            os.close(answers)
            become(asked["arguments"], asked["environment"], Path(asked["folder"]))
            return
        os.write(answers, b"%d\n" % os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


def become(arguments: list[str], environment: dict[str, str], folder: Path) -> None:
    os.environ.clear()
    os.environ.update(environment)
    for number, flags in enumerate((os.O_RDONLY, os.O_WRONLY, os.O_WRONLY)):
        opened = os.open(folder / str(number), flags | (os.O_CREAT | os.O_TRUNC if number else 0))
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w", buffering=1)  # noqa: SIM115
    sys.argv = ["orchestrator", *arguments]
    del sys.modules["orchestrator.__main__"]  # it is run once more, and warns of having been loaded already
    runpy.run_module("orchestrator", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    serve()
