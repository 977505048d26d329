"""Files in the run's own folder, and the files that a model's answer is made of.

The folder lies where Patchbay keeps its data, one a run; a run that is resumed has the folder of the one it goes on
from. Nothing leads out of it (`_run_folder`).
"""

from __future__ import annotations

import hashlib

from integrations import _code_blocks as code
from integrations import _run_folder as run_folder
from integrations._fields import Folder, Path
from orchestrator.actions import (
    Account,
    Call,
    Connector,
    Params,
    Plan,
    Result,
    ServiceError,
    field,
    placeholder,
    safe_path,
)

MAX_FILES = 200
"""Files out of one answer."""
MAX_LISTED = 1_000

files = Connector(
    "files",
    title="Files",
    icon=":material/folder:",
    description="Files in the run's own folder.",
    inside=True,
)


class File(Result):
    path: str = field("Path")
    size: int = field("Size", description="Bytes.")
    sha256: str = field("Fingerprint", description="SHA-256 of the content.")


class TextFile(File):
    text: str = field("Text")


class Listed(Result):
    path: str = field("Path")
    size: int = field("Size", description="Bytes.")


class Listing(Result):
    files: list[Listed] = field("Files")
    count: int = field("Number of files")


class CodeFile(Result):
    path: str = field("Path")
    language: str = field("Language", description="As the answer says it, empty when it does not.")
    size: int = field("Size", description="Bytes.")


class CodeFiles(Result):
    files: list[CodeFile] = field("Files")
    count: int = field("Number of files")


class Write(Params):
    """Write a text file into the run's own folder. A file of that path is replaced."""

    path: Path = field("Path", examples=["report/summary.md"])
    content: str = field("Content", widget="multiline", max_length=run_folder.MAX_FILE)


class Read(Params):
    """Read a text file of the run's own folder."""

    path: Path = field("Path", examples=["report/summary.md"])


class List(Params):
    """List the files of the run's own folder."""

    folder: Folder = field("Folder", default="", description="Empty: all of them.", examples=["report"])


class FromAnswer(Params):
    """Take the code blocks of a model's answer and write each to a file. A block that names a file is written there;
    any other is called after its language."""

    answer: str = field("Answer", widget="markdown", max_length=1_000_000)
    folder: Folder = field("Folder", default="", description="Empty: the run's own folder itself.", examples=["app"])
    only_named: bool = field("Leave out blocks that name no file", default=False)


@files.action("Write a file", effect="idempotent_write", result=File)
def write(p: Write, account: Account, call: Call) -> File:
    content = _encoded(p.path, p.content)
    if run_folder.write(call.folder(), p.path, content):
        call.log(f"Wrote {p.path}.")
    return File(path=p.path, size=len(content), sha256=hashlib.sha256(content).hexdigest())


@write.preview
def _(p: Write, account: Account) -> Plan:
    content = _encoded(p.path, p.content)
    return Plan(
        summary=f"Write {p.path} into the run's folder.",
        request={"path": p.path, "content": p.content},
        # What reads the file has to wait until it is there.
        result=File(path=placeholder(p.path), size=len(content), sha256=hashlib.sha256(content).hexdigest()),
    )


@files.action("Read a file", effect="read", result=TextFile)
def read(p: Read, account: Account, call: Call) -> TextFile:
    content = run_folder.read(call.folder(), p.path)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ServiceError(f"'{p.path}' is not a text file.", remedy="Choose a text file.") from None
    return TextFile(path=p.path, size=len(content), sha256=hashlib.sha256(content).hexdigest(), text=text)


@files.action("List files", effect="read", result=Listing)
def list(p: List, account: Account, call: Call) -> Listing:
    base = call.folder()
    start = run_folder.place(base, p.folder) if p.folder else base
    if not start.is_dir():
        raise ServiceError(f"The run's folder has no folder '{p.folder}'.", remedy="Check the name.")
    before = f"{p.folder}/" if p.folder else ""
    found = [Listed(path=before + path, size=size) for path, size in run_folder.paths(start)]
    if len(found) > MAX_LISTED:
        raise ServiceError(f"These are more than {MAX_LISTED:,} files.", remedy="List a folder inside of it.")
    return Listing(files=found, count=len(found))


@files.action("Take files out of an answer", effect="idempotent_write", result=CodeFiles)
def from_answer(p: FromAnswer, account: Account, call: Call) -> CodeFiles:
    found = _files(p)
    folder = call.folder()
    # All are looked at before any is written.
    for path in found:
        run_folder.place(folder, path)
    for path, block in found.items():
        run_folder.write(folder, path, _encoded(path, block.content))
    call.log(f"Wrote {len(found)} files: {', '.join(found)}."[:1000])
    return _code_files(found)


@from_answer.preview
def _(p: FromAnswer, account: Account) -> Plan:
    found = _files(p)
    made = _code_files(found)
    return Plan(
        summary=f"Write {len(found)} files into the run's folder: {', '.join(found)}"[:300] + ".",
        request={path: block.content for path, block in found.items()},
        result=made.model_copy(
            update={"files": [one.model_copy(update={"path": placeholder(one.path)}) for one in made.files]}
        ),
    )


def _files(p: FromAnswer) -> dict[str, code.Block]:
    """The blocks by their whole path. One that comes again replaces the earlier. Raises `ServiceError`."""
    try:
        blocks = [block for block in code.blocks(p.answer) if block.path or not p.only_named]
    except code.Unfinished:
        raise ServiceError(
            "The answer ends in the middle of a code block: it was cut off.",
            remedy="Let the model say more ('max_tokens'), or ask for less at once.",
        ) from None
    if not blocks:
        raise ServiceError(
            "The answer holds no code block" + (" that names a file." if p.only_named else "."),
            remedy="Ask the model to put each file between ``` lines, and to write its path after the language.",
        )
    found: dict[str, code.Block] = {}
    for path, block in code.named(blocks):
        try:
            found[safe_path(f"{p.folder}/{path}" if p.folder else path)] = block
        except ValueError as error:
            raise ServiceError(f"A code block has a bad path. {error}", remedy="Nothing was written.") from None
    if len(found) > MAX_FILES:
        raise ServiceError(f"The answer holds more than {MAX_FILES} files.", remedy="Ask for fewer at once.")
    seen: dict[str, str] = {}
    for path in found:
        twin = seen.setdefault(path.casefold(), path)
        if twin != path:
            raise ServiceError(f"'{twin}' and '{path}' are one file on many systems.", remedy="Ask for other names.")
        if any("/".join(path.split("/")[:depth]) in found for depth in range(1, path.count("/") + 1)):
            raise ServiceError(f"'{path}' cannot be: a folder in it is a file too.", remedy="Ask for other names.")
    return found


def _code_files(found: dict[str, code.Block]) -> CodeFiles:
    made = [
        CodeFile(path=path, language=block.language, size=len(_encoded(path, block.content)))
        for path, block in found.items()
    ]
    return CodeFiles(files=made, count=len(made))


def _encoded(path: str, text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise ServiceError(f"The text for '{path}' holds broken letters.", remedy="Correct the text.") from None
