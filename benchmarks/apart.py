"""A workload in a process of its own, so that none sees another's memory, caches or threads.

python -m benchmarks.apart NAME SIZES FILE    SIZES as JSON; the result goes to FILE
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.line import Line, Result
from scripts.studio import OURS, ROOT


def run_apart(name: str, sizes: Mapping[str, Any], environment: Mapping[str, str] = os.environ) -> Result:
    """Measure a workload at these sizes (its own where none are given). Raises `CalledProcessError`."""
    kept = {key: value for key, value in environment.items() if not key.startswith(OURS)}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "result.json"
        command = [sys.executable, "-m", "benchmarks.apart", name, json.dumps(dict(sizes)), str(file)]
        subprocess.run(command, check=True, cwd=folder, env={**kept, "PYTHONPATH": str(ROOT)})
        return from_data(json.loads(file.read_text()))


def from_data(data: Mapping[str, Any]) -> Result:
    return Result(tuple(Line(**line) for line in data["lines"]), data["shares"], tuple(data["notes"]))


def main() -> None:
    from orchestrator import logs  # the processes that start others do without the engine: it takes a second to import

    name, sizes, file = sys.argv[1:]
    logs.configure("error")
    result = importlib.import_module(f"benchmarks.{name}").measure(**json.loads(sizes))
    Path(file).write_text(json.dumps(asdict(result)))


if __name__ == "__main__":
    main()
