"""`make chaos`: the storm of the tests, for longer. `python -m tests.chaos [KILLS]`; CHAOS_SEED repeats one.

Each round has a fresh store and fresh services, so that what is there is counted in a short time. About 100 kills a
minute on two cores.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.chaos.storm import Outcome, chosen_seed, storms

ROUND = 100
"""Kills in a round."""


def main(kills: int, seed: int) -> int:
    whole, number = Outcome(seed), 0
    while whole.kills < kills:
        with tempfile.TemporaryDirectory(prefix="chaos-", ignore_cleanup_errors=True) as folder:
            outcome = storms(Path(folder), min(ROUND, kills - whole.kills), seed + number)
        whole.add(outcome)
        number += 1
        sys.stdout.write(f"{whole.kills:5} of {kills}  {outcome}\n")
        sys.stdout.flush()
    sys.stdout.write(f"In all: {whole}\n")
    for name, found in whole.wrong.items():
        sys.stdout.write(f"{name}:\n" + "".join(f"  {one}\n" for one in found))
    return 1 if whole.wrong else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000, chosen_seed()))
