"""What comes of a run, for whoever started it from a script."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from orchestrator.history import RunStatus, RunView, StepView


class RunResult:
    """`outputs` are those of the workflow; `error` says what, where and what to do when it failed."""

    def __init__(
        self,
        run_id: str,
        status: RunStatus,
        outputs: dict[str, Any],
        error: dict[str, Any] | None,
        tell: Callable[[], RunView],
    ) -> None:
        """`tell` gives the whole run, while the engine is open."""
        self.run_id = run_id
        self.status = status
        self.outputs = outputs
        self.error = error
        self._tell: Callable[[], RunView] | None = tell
        self._steps: dict[str, StepView] = {}

    @property
    def steps(self) -> dict[str, StepView]:
        """The steps by id. They are read when first asked for, or when the engine is closed: of a thousand items that
        takes as long as running them."""
        if self._tell is not None:
            tell, self._tell = self._tell, None
            self._steps = {step.id: step for step in tell().steps}
        return self._steps

    def __repr__(self) -> str:
        return f"<RunResult {self.run_id} {self.status} {self.outputs}>"
