"""A real studio as a process of its own, for tests, screenshots and measurements."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OURS = ("PATCHBAY_", "STREAMLIT_", "OPENAI_")


def environment(home: Path, **settings: str) -> dict[str, str]:
    """This process's environment with `home` and `settings`, and without those of whoever runs it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    ours = {f"PATCHBAY_{name}".upper(): value for name, value in {"home": str(home), **settings}.items()}
    return {**kept, **ours, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


def command_line(home: Path, *arguments: str, timeout: float = 60, **settings: str) -> subprocess.CompletedProcess[str]:
    """`python -m orchestrator ...` on `home`, as a person would type it; its exit code and output."""
    return subprocess.run(
        [sys.executable, "-m", "orchestrator", *arguments],
        cwd=_folder(home),
        env=environment(home, **settings),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


@dataclass
class Studio:
    """A running studio: where it listens, where it keeps things, its process. `ready` is in seconds."""

    url: str
    home: Path
    process: subprocess.Popen[bytes]
    log: Path
    ready: float

    @classmethod
    def start(cls, home: Path, *, port: int | None = None, within: float = 60) -> Studio:
        """Start one, on a free port unless one is named, and wait for it to answer. Raises `RuntimeError` with its last
        words."""
        port = port or free_port()
        folder = _folder(home)
        log = folder / "studio.log"
        began = time.perf_counter()
        with log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "orchestrator", "serve", "--host", "127.0.0.1", "--port", str(port)],
                cwd=folder,
                env=environment(home),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        studio = cls(f"http://127.0.0.1:{port}", home, process, log, 0.0)
        while not answers(studio.url):
            if process.poll() is not None or time.perf_counter() - began > within:
                studio.kill()
                raise RuntimeError(f"The studio did not start. It said:\n{log.read_text()[-2000:]}")
            time.sleep(0.02)
        studio.ready = time.perf_counter() - began
        return studio

    def stop(self, within: float = 30) -> int:
        """End it as Ctrl-C does; its exit code. Kills it when it takes longer than `within` seconds."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(within)
        except subprocess.TimeoutExpired:
            return self.kill()

    def kill(self) -> int:
        """kill -9: it gets no chance to tidy up."""
        self.process.kill()
        return self.process.wait()

    def resident_mb(self) -> float:
        """The memory it holds now, in MB (Linux)."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) / 1024


def answers(url: str) -> bool:
    """Whether a studio is up there."""
    try:
        with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2) as response:
            return response.status == 200
    except OSError:
        return False


def _folder(home: Path) -> Path:
    """The folder it is started in: beside `home`, so that nobody's `.env` is read, but with our Streamlit settings."""
    home.parent.mkdir(parents=True, exist_ok=True)
    link = home.parent / ".streamlit"
    if not link.exists():
        link.symlink_to(ROOT / ".streamlit")
    return home.parent


def free_port() -> int:
    """A port of this machine that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
