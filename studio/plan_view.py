"""A write as its service will show it, before it goes out. Pure: what will be sent in, the parts of its picture out.

What a write is shows in the names of its fields, so that a connector of tomorrow is shown like those of today.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from typing import Any, Literal

from orchestrator.history import RunView
from orchestrator.preview import PLACEHOLDER, PlannedEffect
from orchestrator.registry import Registry
from studio.moments import count

BodyForm = Literal["letter", "prose", "file", "files", "diff"]
"""Text as it is typed, Markdown as it is read, a whole file, several files, the changes to files."""

LARGEST_DIFF = 200_000
"""Characters. Larger files are shown whole: to compare them would keep the page waiting."""

MAIN_BRANCH = "the main branch"


@dataclass(frozen=True, slots=True)
class Shape:
    """A kind of write: the fields that it is known by, what it does, and which field is shown how. `facts` are the
    fields that stand above the body, with their labels."""

    fields: frozenset[str]
    verb: str
    noun: str
    body: str
    form: BodyForm
    facts: tuple[tuple[str, str], ...]
    title: str = ""
    nouns: str = ""
    """More than one of them, where it is not the noun with an 's'."""


_LETTER = (
    ("draft", "Draft"),
    ("from", "From"),
    ("to", "To"),
    ("also_to", "Also to"),
    ("cc", "Copy to"),
    ("bcc", "Hidden copy to"),
    ("reply_to", "Answers go to"),
    ("answers", "Answers the mail"),
    ("subject", "Subject"),
    ("attachments", "Attachments"),
    ("html", "As HTML"),
)

SHAPES = (
    Shape(
        fields=frozenset({"draft", "to", "subject", "body"}),
        verb="write",
        noun="draft",
        body="body",
        form="letter",
        facts=_LETTER,
    ),
    Shape(
        fields=frozenset({"mail", "put_on"}),
        verb="label",
        noun="mail",
        body="",
        form="letter",
        facts=(
            ("mail", "Mail"),
            ("put_on", "Put on"),
            ("take_off", "Take off"),
            ("make_missing_labels", "Make labels that do not exist"),
        ),
    ),
    Shape(
        fields=frozenset({"mail", "archive"}),
        verb="archive",
        noun="mail",
        body="",
        form="letter",
        facts=(("mail", "Mail"), ("archive", "What happens")),
    ),
    Shape(
        fields=frozenset({"mail", "mark_as"}),
        verb="mark",
        noun="mail",
        body="",
        form="letter",
        facts=(("mail", "Mail"), ("mark_as", "As")),
    ),
    Shape(
        fields=frozenset({"mail", "folder"}),
        verb="file",
        noun="mail",
        body="",
        form="letter",
        facts=(
            ("mail", "Mail"),
            ("folder", "Into the folder"),
            ("make_the_folder", "Make the folder if there is none"),
            ("leave_it_too", "Leave it where it is, too"),
        ),
    ),
    Shape(
        fields=frozenset({"to", "subject", "body"}),
        verb="send",
        noun="mail",
        body="body",
        form="letter",
        facts=_LETTER,
    ),
    Shape(
        fields=frozenset({"path", "content"}),
        verb="commit",
        noun="file",
        body="content",
        form="file",
        facts=(("repository", "Repository"), ("branch", "Branch"), ("path", "File"), ("message", "Message")),
    ),
    Shape(
        fields=frozenset({"title", "markdown"}),
        verb="create",
        noun="page",
        body="markdown",
        form="prose",
        facts=(("parent", "Where"),),
        title="title",
    ),
    Shape(
        fields=frozenset({"page", "markdown"}),
        verb="add to",
        noun="page",
        body="markdown",
        form="prose",
        facts=(("page", "Page"),),
    ),
    Shape(
        fields=frozenset({"page", "properties"}),
        verb="change",
        noun="page",
        body="",
        form="letter",
        facts=(("page", "Page"), ("title", "New title"), ("trash", "Trash")),
    ),
    Shape(
        fields=frozenset({"page", "text"}),
        verb="write",
        noun="comment",
        body="text",
        form="prose",
        facts=(("page", "On page"),),
    ),
    Shape(
        fields=frozenset({"repository", "files", "message"}),
        verb="make",
        noun="commit",
        body="files",
        form="files",
        facts=(("repository", "Repository"), ("branch", "Branch"), ("message", "Message"), ("remove", "Taken away")),
    ),
    Shape(
        fields=frozenset({"repository", "title", "body", "branch", "base"}),
        verb="open",
        noun="pull request",
        body="body",
        form="prose",
        facts=(("repository", "Repository"), ("branch", "Branch"), ("base", "Into"), ("draft", "As a draft")),
        title="title",
    ),
    Shape(
        fields=frozenset({"repository", "title", "body", "tag"}),
        verb="make",
        noun="release",
        body="body",
        form="prose",
        facts=(("repository", "Repository"), ("tag", "Tag"), ("target", "Of"), ("draft", "As a draft")),
        title="title",
    ),
    Shape(
        fields=frozenset({"repository", "name", "source"}),
        verb="make",
        noun="branch",
        nouns="branches",
        body="",
        form="letter",
        facts=(("repository", "Repository"), ("name", "Branch"), ("source", "Begins at")),
    ),
    Shape(
        fields=frozenset({"name", "organization", "private"}),
        verb="make",
        noun="repository",
        nouns="repositories",
        body="description",
        form="letter",
        facts=(("name", "Repository"), ("organization", "Owned by"), ("private", "Private")),
    ),
    Shape(
        fields=frozenset({"number", "add", "remove"}),
        verb="label",
        noun="issue",
        body="",
        form="letter",
        facts=(("repository", "Repository"), ("number", "Number"), ("add", "Put on"), ("remove", "Taken off")),
    ),
    Shape(
        fields=frozenset({"repository", "number", "reason"}),
        verb="close",
        noun="issue",
        body="",
        form="letter",
        facts=(("repository", "Repository"), ("number", "Number"), ("reason", "Because it is")),
    ),
    Shape(
        fields=frozenset({"repository", "title", "body"}),
        verb="open",
        noun="issue",
        body="body",
        form="prose",
        facts=(("repository", "Repository"), ("labels", "Labels")),
        title="title",
    ),
    Shape(
        fields=frozenset({"number", "body"}),
        verb="write",
        noun="comment",
        body="body",
        form="prose",
        facts=(("repository", "Repository"), ("number", "On number")),
    ),
    Shape(
        fields=frozenset({"chat", "text", "choices"}),
        verb="ask",
        noun="question",
        body="text",
        form="letter",
        facts=(("chat", "Chat"), ("choices", "Buttons")),
    ),
    Shape(
        fields=frozenset({"chat", "text"}),
        verb="send",
        noun="message",
        body="text",
        form="letter",
        facts=(("chat", "Chat"),),
    ),
    Shape(
        fields=frozenset({"chat", "name"}),
        verb="send",
        noun="document",
        body="content",
        form="letter",
        facts=(("chat", "Chat"), ("name", "File"), ("path", "File of the run"), ("caption", "Words below it")),
    ),
    Shape(
        fields=frozenset({"name", "folder"}),
        verb="upload",
        noun="file",
        body="content",
        form="letter",
        facts=(("folder", "Where"), ("name", "File"), ("path", "File of the run"), ("type", "Type")),
    ),
    Shape(
        fields=frozenset({"name", "parent"}),
        verb="make",
        noun="folder",
        body="name",
        form="letter",
        facts=(("parent", "Where"),),
    ),
    Shape(
        fields=frozenset({"file", "address", "role"}),
        verb="share",
        noun="file",
        body="message",
        form="letter",
        facts=(("file", "File"), ("address", "With"), ("role", "As"), ("mail", "Told by mail")),
    ),
)
OTHER = Shape(frozenset(), "make", "change", "", "letter", ())


@dataclass(frozen=True, slots=True)
class WriteView:
    """A write, taken apart for the page. Parts that it does not have are empty. `facts` are short values by label;
    `rest` is what none of the other parts says."""

    facts: tuple[tuple[str, str], ...] = ()
    title: str = ""
    body: str = ""
    form: BodyForm = "letter"
    path: str = ""
    rest: Mapping[str, Any] | None = None


def write_view(request: Mapping[str, Any], run: RunView) -> WriteView:
    """The picture of a write. `run` may have read the file that it changes: then the changes are shown."""
    shape = shape_of(request)
    facts = [(label, _listed(request[name])) for name, label in shape.facts if request.get(name) not in (None, "", [])]
    known = {shape.title, shape.body, *(name for name, _ in shape.facts)}
    rest = {name: value for name, value in request.items() if name not in known and value not in (None, "", [], {})}
    body, form = str(request.get(shape.body) or ""), shape.form
    before = present_content(run, request) if form == "file" else None
    if before is not None and len(before) + len(body) <= LARGEST_DIFF:
        body, form = changes(before, body), "diff"
    if form == "files":
        body, form = "\n\n".join(_file_of(run, request, file) for file in request["files"]), "diff"
    return WriteView(
        facts=tuple(facts),
        title=str(request.get(shape.title) or ""),
        body=body,
        form=form,
        path=str(request.get("path") or ""),
        rest=rest or None,
    )


def shape_of(request: Mapping[str, Any]) -> Shape:
    return next((shape for shape in SHAPES if shape.fields <= request.keys()), OTHER)


def is_question(plan: PlannedEffect) -> bool:
    """Whether this is no write of a connector, but a person that the run will ask."""
    return "." not in plan.action


def writes(run: RunView) -> list[PlannedEffect]:
    """What a preview has planned to send."""
    return [plan for plan in run.plans if not is_question(plan)]


def doing(plans: Iterable[PlannedEffect]) -> str:
    """What some writes do, counted: "Send 1 mail, create 2 pages". "" for none."""
    shapes = Counter((shape.verb, shape.noun, shape.nouns) for shape in (shape_of(plan.request) for plan in plans))
    words = ", ".join(
        f"{verb} {number:,} {nouns}" if nouns and number > 1 else f"{verb} {count(number, noun)}"
        for (verb, noun, nouns), number in shapes.items()
    )
    return words[:1].upper() + words[1:]


def origins(plans: Sequence[PlannedEffect], registry: Registry) -> dict[str, str]:
    """The service that will choose the value of each placeholder: "Notion" for "‹page link›"."""
    found: dict[str, str] = {}
    for plan in plans:
        connector = registry.connectors.get(plan.action.split(".")[0])
        for placeholder in _placeholders(plan.result):
            found.setdefault(placeholder, connector.title if connector else "")
    return found


def present_content(run: RunView, request: Mapping[str, Any]) -> str | None:
    """What stands in a file now, where the run has read it. None: nobody knows."""
    branch = request.get("branch")
    for step in run.steps:
        for item in step.items:
            given, read = item.input or {}, item.output
            same = all(given.get(key) == request.get(key) for key in ("repository", "path"))
            if same and (given.get("ref") or MAIN_BRANCH) == branch and isinstance(read, Mapping):
                text = read.get("text")
                return text if isinstance(text, str) else None
    return None


def changes(before: str, after: str) -> str:
    """A unified diff with three lines around each change. "" when nothing changes."""
    lines = list(unified_diff(before.splitlines(), after.splitlines(), lineterm=""))
    return "\n".join(lines[2:])  # without the names of two files: there is one


def _file_of(run: RunView, request: Mapping[str, Any], file: Mapping[str, Any]) -> str:
    """One of several files: what changes in it where the run has read it, else all that will be in it."""
    path, after = str(file["path"]), str(file["content"])
    before = present_content(run, {**request, "path": path})
    if before is None or len(before) + len(after) > LARGEST_DIFF:
        return "\n".join([f"=== {path}, as it will be", *(f"+{line}" for line in after.splitlines())])
    return f"=== {path}, what changes\n{changes(before, after) or 'nothing: it is like this already'}"


def _placeholders(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from PLACEHOLDER.findall(value)
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _placeholders(part)
    elif isinstance(value, list):
        for part in value:
            yield from _placeholders(part)


def _listed(value: Any) -> str:
    """A short value as text: a list's parts one after the other, an attachment by its name."""
    if isinstance(value, list):
        return ", ".join(_listed(part) for part in value)
    if isinstance(value, Mapping):
        return str(value.get("name") or value.get("filename") or ", ".join(map(str, value.values())))
    return str(value)
