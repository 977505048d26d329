"""The workflows of the storm, and what each is to do at the services: all of it, once.

Every text that goes out begins with the run's tag, so that it can be told whose it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.workflow import Workflow

RETRY = {"attempts": 30, "backoff": 0.02, "max_delay": 0.2}
HANDBOOK = "practice/handbook"

Step = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """`effects` are texts such as "mail one", each of which is to be found once behind the run's tag."""

    workflow: Workflow
    effects: frozenset[str]
    preview: bool = False


def _tagged(text: str) -> str:
    return "{{ inputs.tag }} " + text


def mail(id: str, text: str, **keys: Any) -> Step:
    given = {"to": "ana@example.com", "subject": _tagged(f"mail {text}"), "body": "chaos"}
    return {"id": id, "uses": "gmail.send_message", "with": given, "retry": RETRY, **keys}


def issue(id: str, text: str, **keys: Any) -> Step:
    given = {"repository": HANDBOOK, "title": _tagged(f"issue {text}"), "body": "chaos"}
    return {"id": id, "uses": "github.create_issue", "with": given, "retry": RETRY, **keys}


def comment(id: str, number: str, text: str, **keys: Any) -> Step:
    given = {"repository": HANDBOOK, "number": number, "body": _tagged(f"comment {text}")}
    return {"id": id, "uses": "github.comment_issue", "with": given, "retry": RETRY, **keys}


def commit(id: str, text: str, **keys: Any) -> Step:
    given = {
        "repository": HANDBOOK,
        "path": f"chaos/{{{{ inputs.tag }}}}-{text}.md",
        "content": _tagged(text),
        "message": _tagged(f"commit {text}"),
    }
    return {"id": id, "uses": "github.commit_file", "with": given, "retry": RETRY, **keys}


def page(id: str, text: str, **keys: Any) -> Step:
    given = {"parent": "Inbox summaries", "title": _tagged(f"page {text}"), "markdown": "chaos"}
    return {"id": id, "uses": "notion.create_page", "with": given, "retry": RETRY, **keys}


def append(id: str, to: str, text: str, **keys: Any) -> Step:
    given = {"page": to, "markdown": _tagged(f"append {text}")}
    return {"id": id, "uses": "notion.append", "with": given, "retry": RETRY, **keys}


def wait(id: str, seconds: float, **keys: Any) -> Step:
    return {"id": id, "uses": "wait", "with": {"seconds": seconds}, **keys}


def workflow(id: str, *steps: Step, **keys: Any) -> Workflow:
    return Workflow.model_validate({"id": id, "inputs": {"tag": {"type": "string"}}, "steps": list(steps), **keys})


def plan(id: str, steps: Sequence[Step], *effects: str, preview: bool = False) -> Plan:
    return Plan(workflow(id, *steps), frozenset(effects), preview)


CHILD = workflow(
    "chaos_child",
    mail("m", "child"),
    wait("w", 0.1),
    issue("i", "child", needs=["w"]),
    output={"n": "{{ steps.i.number }}"},
)

BRANCHES = (
    issue("i", "a"),
    mail("m", "a"),
    page("p", "a"),
    commit("f", "a"),
    comment("c", "{{ steps.i.number }}", "a"),
    append("x", "{{ steps.p.id }}", "a"),
    {"id": "which", "uses": "branch", "with": {"condition": "{{ steps.i.number > 0 }}"}},
    mail("yes", "yes", needs=["which.yes"]),
    mail("no", "no", needs=["which.no"]),
    mail("end", "end", needs=["c", "x", "f", "m"]),
)

LOOPS = (
    {
        "id": "outer",
        "uses": "group",
        "for_each": ["a", "b"],
        "steps": [
            issue("i", "{{ item }}"),
            {
                "id": "inner",
                "uses": "group",
                "for_each": [1, 2],
                "needs": ["i"],
                "steps": [
                    mail("m", "{{ parent.item }}{{ item }}"),
                    mail("n", "{{ parent.item }}{{ item }} after", needs=["m"]),
                ],
            },
        ],
    },
    {
        "id": "rounds",
        "uses": "loop_until",
        "with": {"until": "{{ steps.count.values.n >= 3 }}", "limit": 5},
        "steps": [
            {"id": "count", "uses": "set", "with": {"values": {"n": "{{ (last.n if last else 0) + 1 }}"}}},
            mail("r", "round {{ steps.count.values.n }}"),
        ],
        "output": {"n": "{{ steps.count.values.n }}"},
    },
    mail("each", "each {{ item }}", for_each=[1, 2, 3], concurrency=2),
    mail("end", "end", needs=["outer", "rounds", "each"]),
)

WAITS = (
    mail("m", "first"),
    wait("w", 0.15, needs=["m"]),
    issue("i", "second", needs=["w"]),
    wait("long", 2.2, needs=["i"]),
    page("p", "third", needs=["long"]),
    {"id": "ask", "uses": "approve", "with": {"message": "Go on?"}, "needs": ["p"]},
    mail("n", "last", needs=["ask"]),
)

CALL = (
    {"id": "call", "uses": "workflow", "with": {"workflow": CHILD.id, "inputs": {"tag": "{{ inputs.tag }}"}}},
    comment("c", "{{ steps.call.n }}", "called"),
)

CALLS = (
    {"id": "call", "uses": "workflow", "with": {"workflow": CHILD.id, "inputs": {"tag": "{{ inputs.tag }}"}}},
    {
        "id": "calls",
        "uses": "workflow",
        "for_each": [1, 2],
        "with": {"workflow": CHILD.id, "inputs": {"tag": "{{ inputs.tag }}-{{ item }}"}},
    },
    comment("c", "{{ steps.call.n }}", "called"),
    mail("end", "end", needs=["calls", "c"]),
)

PREVIEWED = (page("p", "a"), mail("m", "a"), issue("i", "a"), append("x", "{{ steps.p.id }}", "a", needs=["m"]))

STATES = (
    {
        "id": "paper",
        "uses": "states",
        "with": {"limit": 10},
        "states": {
            "draft": {
                "steps": [mail("d", "draft {{ index }}")],
                "output": {"n": "{{ (last.n if last else 0) + 1 }}"},
                "transitions": {"hand_over": {"to": "review"}},
            },
            "review": {
                "steps": [mail("r", "review {{ index }}")],
                "output": {"n": "{{ last.n }}"},
                "transitions": {"again": {"to": "draft", "if": "{{ last.n < 2 }}"}, "accept": {"to": "done"}},
            },
            "done": {"steps": [page("p", "done")]},
        },
    },
)

PLANS: dict[str, Plan] = {
    "branches": plan(
        *("branches", BRANCHES),
        *("issue a", "mail a", "page a", "commit a", "comment a", "append a", "mail yes", "mail end"),
    ),
    "loops": plan(
        *("loops", LOOPS),
        *("issue a", "issue b", "mail end"),
        *(f"mail {outer}{inner}{when}" for outer in "ab" for inner in (1, 2) for when in ("", " after")),
        *(f"mail round {number}" for number in (1, 2, 3)),
        *(f"mail each {number}" for number in (1, 2, 3)),
    ),
    "waits": plan("waits", WAITS, "mail first", "issue second", "page third", "mail last"),
    "call": plan("call", CALL, "mail child", "issue child", "comment called"),
    "calls": plan(
        *("calls", CALLS),
        *("mail child", "issue child", "comment called", "mail end"),
        *(f"{what} child @{number}" for what in ("mail", "issue") for number in (1, 2)),
    ),
    "previewed": plan("previewed", PREVIEWED, "page a", "mail a", "issue a", "append a", preview=True),
    "states": plan("states", STATES, "mail draft 0", "mail review 1", "mail draft 2", "mail review 3", "page done"),
}
"""By kind. An effect that ends in "@1" is that of a tag that ends in "-1"."""
