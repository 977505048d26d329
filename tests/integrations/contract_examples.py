"""What the contract test gives each action: real parameters, on the sample data of the practice services.

An action whose required fields all have `examples` that work there needs no line. Every other one needs one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Step:
    """An action that is done before, in the same run, once what stands in `after` is done."""

    action: str
    given: Mapping[str, Any]
    after: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Of:
    """A value out of the result of another action: `path` is such as "messages.0.id"."""

    step: Step
    path: str


@dataclass(frozen=True, slots=True)
class Press:
    """Somebody presses a button of a question that was asked in Telegram."""

    question: Step
    choice: str


MAIL = Of(Step("gmail.search_messages", {"query": "in:inbox", "limit": 1}), "messages.0.id")
FILE = Of(Step("drive.search_files", {"text": "brief", "limit": 1}), "files.0.id")
EMAIL = Of(Step("email.search_messages", {"limit": 1}), "messages.0.id")
BRANCH = Step("github.create_branch", {"repository": "practice/handbook", "name": "contract"})
ON_BRANCH = Step(
    "github.commit_file",
    {"repository": "practice/handbook", "path": "b.md", "content": "# B", "message": "Add b", "branch": "contract"},
    after=(BRANCH,),
)
PULL = Of(
    Step(
        "github.open_pull_request",
        {"repository": "practice/handbook", "title": "B", "branch": "contract"},
        after=(ON_BRANCH,),
    ),
    "number",
)
QUESTION = Step("telegram.ask", {"text": "Go on?", "choices": ["Yes", "No"]})
SELF = "sam@lanternworks.example"
ASKED = {"to": "ana@example.com", "subject": "Ready?", "body": "Are you?"}
G_MAIL, E_MAIL = Step("gmail.send_message", ASKED), Step("email.send_message", ASKED)
ROWS = [{"name": "a", "amount": 2}, {"name": "b", "amount": 1}]
README = Step("files.write", {"path": "README.md", "content": "# Hello\n"})
STARTED = Step("git.init", {}, after=(README,))
COMMITTED = Step("git.commit", {"message": "Begin"}, after=(STARTED,))

SHARED: Mapping[str, Mapping[str, Any]] = {
    "drive": {"file": FILE},
    "github": {
        "repository": "practice/handbook",
        "number": 1,
        "title": "A title",
        "body": "A text.",
        "message": "Add a file",
        "content": "# Contract",
    },
    "email": {"id": EMAIL, "body": "A text.", "to": "ana@example.com", "subject": "Hello"},
    "gmail": {"id": MAIL, "body": "A text.", "to": "ana@example.com", "subject": "Hello"},
    "data": {"items": ROWS, "text": "one\n\ntwo"},
    "notion": {"page": "Product ideas", "data_source": "Tasks", "text": "A comment.", "markdown": "One more line."},
    "telegram": {"text": "Hello"},
}
"""What a connector's actions are given for a required field of that name, unless a line below says otherwise."""

EXAMPLES: Mapping[str, Mapping[str, Any]] = {
    "ai.generate": {"prompt": "Say hello."},
    "data.parse": {"text": '[{"a": 1}]'},
    "data.sort": {"by": "amount"},
    "data.group": {"by": "name"},
    "data.join": {"left": ROWS, "right": ROWS, "left_field": "name"},
    "data.render": {"text": "Hello Ana"},
    "drive.upload_file": {"name": "contract.md", "content": "# Contract"},
    "drive.create_folder": {"name": "Contract"},
    "files.write": {"path": "notes/a.md", "content": "# A"},
    "files.read": {"path": "README.md"},
    "files.from_answer": {"answer": "```python app.py\nprint('hello')\n```"},
    "git.push": {"remote": "{remote}"},
    "github.read_file": {"path": "README.md"},
    "github.commit_files": {"files": [{"path": "a.md", "content": "# A"}, {"path": "b.md", "content": "# B"}]},
    "github.label_issue": {"add": ["question"]},
    "github.get_pull_request": {"number": PULL},
    "github.comment_pull_request": {"number": PULL},
    "github.open_pull_request": {"branch": "contract"},
    "gmail.label_message": {"add": ["STARRED"]},
    "http.request": {"url": "{practice}/overview"},
    "http.send": {"url": "{practice}/github/repos/practice/handbook/issues", "data": {"title": "By HTTP"}},
    "notion.update_page": {"title": "Another title"},
    "notion.create_page": {"parent": "Inbox summaries", "title": "A page", "markdown": "Its text."},
    "telegram.send_document": {"content": "# A"},
    "gmail.wait_for_reply": {"id": Of(G_MAIL, "id")},
    "email.move_message": {"folder": "Archive"},
    "email.wait_for_reply": {"id": Of(E_MAIL, "id")},
    "telegram.wait_for_answer": {"question": Of(QUESTION, "id")},
}

BEFORE: Mapping[str, tuple[Step | Press, ...]] = {
    "files.read": (README,),
    "files.list": (README,),
    "git.commit": (STARTED,),
    "github.open_pull_request": (ON_BRANCH,),
    "git.branch": (COMMITTED,),
    "git.tag": (COMMITTED,),
    "git.push": (COMMITTED,),
    "gmail.wait_for_reply": (Step("gmail.reply_message", {"id": Of(G_MAIL, "id"), "to": SELF, "body": "Yes."}),),
    "email.wait_for_reply": (Step("email.reply_message", {"id": Of(E_MAIL, "id"), "to": SELF, "body": "Yes."}),),
    "telegram.wait_for_answer": (Press(QUESTION, "Yes"),),
}
"""What has to be there before: made in the same run, or done by somebody."""

A_PERSON_IS_ASKED: Mapping[str, str] = {
    "github.create_repository": "a repository has no place for a mark, and its name may be somebody else's",
    "http.send": "HTTP has no way to ask whether a request was done",
    "telegram.send_message": "a bot cannot look at what it wrote",
    "telegram.send_document": "a bot cannot look at what it wrote",
    "telegram.ask": "a bot cannot look at what it wrote, until a button of it is pressed",
}
"""The writes that no service can look up, and why. Their `find` raises `EffectUnknown`."""

BY_ITS_NAME: Mapping[str, str] = {
    "github.create_branch": "a branch has nothing but its name and its commit to tell it by",
}
"""The writes that find what somebody else made of the same name, and why that does no harm."""

ACCOUNTS: Mapping[str, Mapping[str, Any]] = {
    "http": {
        "base_url": "{practice}/github",
        "auth": "bearer",
        "secret": "practice",
        "allow_private": "127.0.0.1",
    },
    "git": {"allow_private": "{remotes}"},
}
"""The account of a connector that has no practice account of its own."""

NO_HTTP = frozenset({"email"})
"""Connectors that speak something else than HTTP: no status can be answered to them."""

NO_SERVICE = frozenset({"ai", "data", "files", "git"})
"""Connectors that ask no service over the network themselves."""
