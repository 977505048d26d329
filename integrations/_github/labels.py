"""Labels: put them on an issue or pull request, and take them off."""

from __future__ import annotations

from typing import Self
from urllib.parse import quote

from pydantic import model_validator

from integrations._github.client import talking
from integrations._github.connector import GitHubAccount, github
from integrations._github.talk import Numbered
from orchestrator.actions import Call, Plan, Result, field, placeholder


class Labels(Result):
    number: int = field("Number")
    labels: list[str] = field("Labels", description="All that the issue bears now.")
    url: str = field("Link")


class LabelIssue(Numbered):
    """Put labels on an issue or pull request, and take labels off it. The others stay."""

    add: list[str] = field(
        "Put on", default=[], picker="github.labels", description="A label that is not there yet is made."
    )
    remove: list[str] = field("Take off", default=[], picker="github.labels")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.add and not self.remove:
            raise ValueError("Name a label to put on or to take off.")
        if both := sorted(_folded(self.add) & _folded(self.remove)):
            raise ValueError(f"'{both[0]}' is to be put on and taken off: choose one.")
        return self


@github.action("Label an issue", effect="idempotent_write", result=Labels)
def label_issue(p: LabelIssue, account: GitHubAccount, call: Call) -> Labels:
    """To put on a label that is on, and to take off one that is off, changes nothing."""
    from github.GithubException import GithubException

    with talking(account, f"issue {p.number} of {p.repository}", call) as wire:
        issue = wire.repository(p.repository).get_issue(p.number)
        labels = [label.name for label in issue.labels]
        # PyGithub drops what these requests answer: the labels that the issue bears then.
        if p.add:
            call.sending()
            _, answer = wire.requestJsonAndCheck("POST", f"{issue.url}/labels", input={"labels": p.add})
            labels = [label["name"] for label in answer]
            if not _folded(p.add) <= _folded(labels):
                raise ValueError("The answer does not have the labels that were put on.")
        for label in [label for label in labels if label.casefold() in _folded(p.remove)]:
            call.sending()
            try:
                _, answer = wire.requestJsonAndCheck("DELETE", f"{issue.url}/labels/{quote(label, safe='')}")
            except GithubException as error:
                if error.status != 404:  # somebody took it off at the same time
                    raise
                labels = [one for one in labels if one != label]
            else:
                labels = [label["name"] for label in answer]
        call.log(f"Labelled issue {p.number} of {p.repository}.")
        return Labels(number=p.number, labels=sorted(labels), url=issue.html_url)


@label_issue.preview
def _(p: LabelIssue, account: GitHubAccount) -> Plan:
    changes = [f"put on {', '.join(p.add)}"] if p.add else []
    changes += [f"take off {', '.join(p.remove)}"] if p.remove else []
    return Plan(
        summary=f"Label issue {p.number} of {p.repository}: {', '.join(changes)}.",
        request={"repository": p.repository, "number": p.number, "add": p.add, "remove": p.remove},
        result=Labels(number=p.number, labels=p.add, url=placeholder("issue link")),
    )


def _folded(labels: list[str]) -> set[str]:
    """Labels as GitHub tells them apart: capitals make no other one."""
    return {label.casefold() for label in labels}
