"""The machine that was measured on, and where on its disk."""

from __future__ import annotations

import os
import platform
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.studio import ROOT

MEMORY_ONLY = frozenset({"tmpfs", "ramfs"})
"""Filesystems on which an fsync does nothing."""


def machine() -> dict[str, object]:
    """Cores, processor, memory, filesystem and versions; no names."""
    return {
        "cores": os.cpu_count(),
        "cpu": _first("/proc/cpuinfo", "model name") or platform.processor() or platform.machine(),
        "memory_gb": round(int((_first("/proc/meminfo", "MemTotal") or "0").split()[0]) / 1024**2, 1),
        "filesystem": filesystem(_disk()),
        "system": platform.system(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
    }


def load() -> float | None:
    """How many processes wanted a core in the last minute, on average. None where the system does not say."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def peak_mb() -> float:
    """The most memory that this process ever held, in MB (Linux)."""
    return _memory("VmHWM")


def resident_mb() -> float:
    """The memory that this process holds now, in MB (Linux)."""
    return _memory("VmRSS")


@contextmanager
def folder() -> Iterator[Path]:
    """A temporary folder on a real disk."""
    with tempfile.TemporaryDirectory(prefix="patchbay-bench-", dir=_disk()) as path:
        yield Path(path)


def filesystem(path: Path) -> str:
    """The kind of filesystem that a folder is on, "unknown" where the system does not say."""
    mounts = Path("/proc/mounts")
    if not mounts.exists():
        return "unknown"
    kinds = {Path(fields[1]): fields[2] for fields in map(str.split, mounts.read_text().splitlines())}
    holder = next((parent for parent in (path.resolve(), *path.resolve().parents) if parent in kinds), None)
    return kinds[holder] if holder else "unknown"


def _disk() -> Path:
    temporary = Path(tempfile.gettempdir())
    if filesystem(temporary) not in MEMORY_ONLY:
        return temporary
    beside = ROOT / ".patchbay"
    beside.mkdir(exist_ok=True)
    return beside


def _memory(name: str) -> float:
    return int((_first("/proc/self/status", name) or "0").split()[0]) / 1024


def _first(path: str, name: str) -> str | None:
    """The value of the first line `name: value` of a file of the system."""
    file = Path(path)
    if not file.exists():
        return None
    lines = (line.partition(":") for line in file.read_text().splitlines())
    return next((value.strip() for key, _, value in lines if key.strip() == name), None)
