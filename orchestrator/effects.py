"""The effect ledger: a write is written down before it goes out and confirmed after.

What the ledger says of a write tells what a later attempt may do: *confirmed*, take the recorded result; *failed*,
send it; *sent*, nobody knows: ask the service by the action's `find`. Nothing is ever sent again blindly.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import orjson

from orchestrator.actions import Account, Plan
from orchestrator.attempt import Attempt
from orchestrator.journal import Batch, EffectRow, Journal, encode
from orchestrator.masking import mask


class Ledger:
    """Reads and writes the ledger in the journal."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    async def look_up(self, key: str) -> EffectRow | None:
        """What is known of an effect from earlier attempts, of this run or the one it goes on from."""
        return await asyncio.to_thread(self._journal.effect, key)

    async def begin(self, attempt: Attempt, account: Account, plan: Plan) -> EffectRow:
        """Write down, durably, that the write goes out now. Raises `LeaseLost` if this process may not send it."""
        row = EffectRow(
            key=attempt.key,
            run_id=attempt.run_id,
            step=attempt.step.id,
            item=attempt.item,
            action=attempt.action.id,
            account=account.name,
            summary=mask(plan.summary),
            status="sent",
            result=None,
            at=attempt.clock.now(),
        )
        self._journal.write(Batch(attempt.run_id, attempt.fence, effect=row), urgent=True)
        await self._journal.barrier(attempt.run_id, attempt.fence)
        return row


def confirmed(row: EffectRow, output: Any) -> EffectRow:
    """The row once the service has said yes."""
    return replace(row, status="confirmed", result=encode(output))


def failed(row: EffectRow) -> EffectRow:
    """The row once the service has said no: nothing happened."""
    return replace(row, status="failed")


def recorded_output(row: EffectRow) -> Any:
    """The result that a confirmed effect had."""
    return orjson.loads(row.result or "null")
