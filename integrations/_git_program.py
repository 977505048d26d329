"""The git program, run in a run's own folder and nowhere else.

It sees no settings but ours: no configuration of the machine or of a person, no hooks, no prompts, no credentials but
those of the account, which it gets by its environment. Names of hosts are looked up and checked here, and git is told
the address (`http.curloptResolve`, git 2.37), so that it connects to what was checked.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from threading import Lock
from urllib.parse import urlsplit

from integrations._addresses import checked, hosts
from orchestrator.actions import AccountError, ServiceError, Unavailable

OLDEST = (2, 37)
PATIENCE = 3.0
"""Seconds after which a lock belongs to a git that was killed: what git does in a folder takes less."""

SETTINGS = {
    "core.autocrlf": "false",
    "core.fsync": "all",
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "core.quotePath": "false",
    "core.symlinks": "false",
    "credential.helper": "",
    "gc.auto": "0",
    "http.followRedirects": "false",
    "maintenance.auto": "false",
    "submodule.recurse": "false",
}
PASSED = ("PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO")

_LOCKS = [Lock() for _ in range(64)]
_ACCOUNT = re.compile(
    r"authentication failed|could not read (username|password)|terminal prompts disabled|returned error: 40[13]"
    r"|permission denied|invalid credentials",
    re.IGNORECASE,
)
_UNREACHABLE = re.compile(
    r"could not resolve host|failed to connect|couldn't connect|connection (refused|reset|timed out)|timed out"
    r"|returned error: (429|5\d\d)|remote end hung up|early eof|empty reply",
    re.IGNORECASE,
)


class Refused(ServiceError):
    """Git says no. `said` is what it said."""

    def __init__(self, said: str, *, remedy: str) -> None:
        super().__init__(f"Git says: {said}", remedy=remedy)
        self.said = said


class Repository:
    """A folder with a repository in it, or where one can be made. `identity` is name and e-mail of who commits."""

    def __init__(self, folder: Path, identity: tuple[str, str], timeout: float) -> None:
        self.folder = folder
        self._identity = identity
        self._ends = time.monotonic() + timeout

    @property
    def exists(self) -> bool:
        return (self.folder / ".git" / "HEAD").is_file()

    def init(self, branch: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._run(["init", "--quiet", "--template=", f"--initial-branch={branch}", "--", str(self.folder)])

    def git(self, *arguments: str, given: str = "", settings: Mapping[str, str] | None = None) -> str:
        """What a git command answers. Raises `Refused`, `AccountError` or `Unavailable`."""
        place = {"GIT_DIR": str(self.folder / ".git"), "GIT_WORK_TREE": str(self.folder)}
        return self._run(list(arguments), given, place, settings or {})

    def asks(self, *arguments: str) -> str | None:
        """The same, or None where git says no."""
        try:
            return self.git(*arguments)
        except Refused:
            return None

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else changes the repository inside."""
        with _LOCKS[hash(self.folder) % len(_LOCKS)]:
            self._unlock()
            yield

    def _unlock(self) -> None:
        """Take away what a git that was killed in the middle left locked."""
        began = time.monotonic()
        inside = self.folder / ".git"
        while left := [*inside.glob("*.lock"), *inside.glob("refs/**/*.lock")]:
            if time.monotonic() - began > PATIENCE:
                for lock in left:
                    lock.unlink(missing_ok=True)
                return
            time.sleep(0.05)

    def _run(
        self,
        arguments: list[str],
        given: str = "",
        place: Mapping[str, str] | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> str:
        process = subprocess.Popen(
            [_program(), *arguments],
            cwd=self.folder,
            env=_environment(self._identity, {**SETTINGS, **(settings or {})}) | dict(place or {}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            out, said = process.communicate(given.encode(), timeout=max(0.0, self._ends - time.monotonic()))
        except subprocess.TimeoutExpired:
            _end(process)
            raise Unavailable(
                f"git {arguments[0]} took too long.", remedy="Try again, or give the step a longer 'timeout'."
            ) from None
        except BaseException:
            _end(process)
            raise
        if process.returncode:
            raise _error(said.decode(errors="replace") or out.decode(errors="replace"))
        return out.decode(errors="replace")


def reach(remote: str, base_url: str, username: str, token: str, allowed: str) -> dict[str, str]:
    """The settings for git to talk with a remote: the address that was checked, and who we are, if the token belongs
    there. Raises `ServiceError` for a remote that is closed."""
    if remote.startswith("/"):
        roots = [Path(entry).resolve() for entry in allowed.replace(",", " ").split() if entry.startswith("/")]
        if not any(Path(remote).resolve().is_relative_to(root) for root in roots):
            raise ServiceError(
                f"{remote} is a folder of this machine, and workflows may not push there.",
                remedy="Use an address with https://, or ask whoever runs Patchbay to allow it"
                " (PATCHBAY_GIT_ALLOW_PRIVATE).",
            )
        return {}
    parts = urlsplit(remote)
    host, port = parts.hostname or "", parts.port or {"https": 443, "http": 80}[parts.scheme]
    try:
        addresses = checked(host, port, hosts(allowed))
    except OSError as error:
        raise Unavailable(f"{host} cannot be found: {error}.", remedy="Check the address and the network.") from error
    known = [f"[{address}]" if ":" in address else address for address in addresses]
    settings = {"http.curloptResolve": f"{host}:{port}:{','.join(known)}"} if ":" not in host else {}
    own = urlsplit(base_url)
    if token and (own.scheme, own.hostname, own.port) == (parts.scheme, parts.hostname, parts.port):
        pair = b64encode(f"{username or 'x-access-token'}:{token}".encode()).decode()
        settings[f"http.{parts.scheme}://{parts.netloc}/.extraHeader"] = f"Authorization: Basic {pair}"
    return settings


@cache
def _program() -> str:
    """Raises `ServiceError` where there is no git, or one that is too old."""
    found = shutil.which("git")
    remedy = f"Install git {'.'.join(map(str, OLDEST))} or newer on the machine that runs Patchbay."
    if found is None:
        raise ServiceError("The program git is not installed.", remedy=remedy)
    said = subprocess.run([found, "--version"], capture_output=True, text=True, timeout=10, check=False).stdout
    version = re.search(r"(\d+)\.(\d+)", said)
    if version is None or (int(version[1]), int(version[2])) < OLDEST:
        raise ServiceError(f"This git is too old: {said.strip()}.", remedy=remedy)
    return found


def _environment(identity: tuple[str, str], settings: Mapping[str, str]) -> dict[str, str]:
    """Everything that git sees. Settings and secrets go by it, since a command line can be read by others."""
    name, email = identity
    known = {
        **{name: os.environ[name] for name in PASSED if name in os.environ},
        "GIT_ALLOW_PROTOCOL": "file:http:https",
        "GIT_AUTHOR_EMAIL": email,
        "GIT_AUTHOR_NAME": name,
        "GIT_COMMITTER_EMAIL": email,
        "GIT_COMMITTER_NAME": name,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_COUNT": str(len(settings)),
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C.UTF-8",
    }
    for number, (key, value) in enumerate(settings.items()):
        known |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return known


def _end(process: subprocess.Popen[bytes]) -> None:
    """End git and what it started."""
    with suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.communicate()


def _error(said: str) -> ServiceError:
    lines = [line.strip() for line in said.splitlines() if line.strip() and not line.startswith("hint:")]
    told = " ".join(line.removeprefix("fatal: ").removeprefix("error: ") for line in lines)[:500] or "nothing"
    if _ACCOUNT.search(told):
        return AccountError(
            f"The server does not let the account in: {told}",
            remedy="Check the token, that it may write there, and that the account's address is that of the server.",
        )
    if _UNREACHABLE.search(told):
        return Unavailable(f"The server cannot be reached: {told}", remedy="Try again in a few minutes.")
    return Refused(told, remedy="Correct the step, then run it again.")
