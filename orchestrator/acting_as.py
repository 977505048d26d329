"""Who a run acts as: which services a workflow acts at, and with which accounts."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping

from orchestrator.account_fields import own_fields
from orchestrator.accounts import Accounts
from orchestrator.actions import Action, Connector
from orchestrator.errors import AccountError, InvalidInput, NotFound, PatchbayError, Where
from orchestrator.graphs import Graphs
from orchestrator.history import RunView
from orchestrator.masking import mask
from orchestrator.registry import Registry
from orchestrator.run_accounts import RunAccounts
from orchestrator.steps.subworkflow import Subworkflow
from orchestrator.workflow import Step, Workflow


class ActingAs:
    """`load` gives a workflow by its id; `succeeded_as`, by id and hash, who a version acted as where it succeeded."""

    def __init__(
        self,
        registry: Registry,
        accounts: Accounts,
        graphs: Graphs,
        *,
        load: Callable[[str], Workflow],
        succeeded_as: Callable[[str, str], list[RunAccounts]],
    ) -> None:
        self._registry = registry
        self._accounts = accounts
        self._graphs = graphs
        self._load = load
        self._succeeded_as = succeeded_as

    def of(self, workflow: Workflow, chosen: Mapping[str, str]) -> RunAccounts:
        """The accounts of a new run. Raises `InvalidInput` for one that nobody has connected."""
        self._accounts.refresh()
        for connector, name in chosen.items():
            self._ensure(connector, name, Where(workflow=workflow.id))
            if mask(name) != name:  # what is written down of the run would name nobody
                raise InvalidInput("The name of this account is a secret, too.", remedy="Give it another name.")
        for step, action in self._actions(workflow):
            if step.account is not None and action.connector.id not in chosen:
                self._ensure(action.connector.id, step.account, Where(workflow.id, step.id, key="account"))
        used = [connector.id for connector in self.connectors(workflow)]
        in_use = {id: self._accounts.get(id).name for id in used if id not in chosen and self._accounts.has(id)}
        return RunAccounts(dict(chosen), {id: name for id, name in in_use.items() if mask(name) == name})

    def again(self, before: RunView, workflow: Workflow | None, chosen: Mapping[str, str]) -> RunAccounts:
        """The accounts of a run that is made of another one: those of that one, unless `chosen` says otherwise. Raises
        `InvalidInput` for one that is not there any more."""
        known = workflow or Workflow.model_validate(before.workflow)
        new = self.of(known, {**before.accounts.chosen, **chosen})
        same = {id: name for id, name in before.accounts.in_use.items() if id in new.in_use}
        for id, name in same.items():
            self._ensure(id, name, Where(workflow=known.id))
        return RunAccounts(new.chosen, {**new.in_use, **same})

    def writes_for_the_first_time(self, workflow: Workflow, accounts: RunAccounts) -> bool:
        """Whether this version has never written in the name of these live accounts."""
        writes = {
            (action.connector.id, step.account) for step, action in self._actions(workflow) if action.effect != "read"
        }
        live = [one for one in writes if self._accounts.is_live(one[0], accounts.name(*one))]
        known = self._succeeded_as(workflow.id, workflow.hash) if live else []
        return bool(live) and not any(all(past.name(*one) == accounts.name(*one) for one in live) for past in known)

    def connectors(self, workflow: Workflow) -> list[Connector]:
        """The services that a workflow, and those that it calls, act at with an account, in the order of the steps."""
        found: dict[str, Connector] = {}
        seen, todo = {workflow.id}, [workflow]
        while todo:
            known = todo.pop(0)
            found |= {action.connector.id: action.connector for _, action in self._actions(known)}
            for called in self._called(known) - seen:
                seen.add(called)
                with contextlib.suppress(PatchbayError):  # the step that calls it will say what is wrong
                    todo.append(self._load(called))
        return [connector for connector in found.values() if own_fields(connector)]

    def _called(self, workflow: Workflow) -> set[str]:
        """The ids of the workflows that its steps run, as far as they are written down."""
        steps = [node.step for node in self._graphs.of(workflow).every.values()]
        return {str(step.with_.get("workflow", "")) for step in steps if step.uses == Subworkflow.id} - {""}

    def _actions(self, workflow: Workflow) -> list[tuple[Step, Action]]:
        """The steps that call an action, wherever they stand."""
        steps = [node.step for node in self._graphs.of(workflow).every.values()]
        return [(step, action) for step in steps if (action := self._registry.get(step.uses)) is not None]

    def _ensure(self, connector: str, name: str, where: Where) -> None:
        try:
            self._accounts.get(connector, name)
        except (AccountError, NotFound) as error:
            remedy = error.remedy or "Name a service by its id, such as 'gmail'."
            raise InvalidInput(error.message, remedy=remedy, where=where) from None
