"""Files in a real folder, and the code blocks of answers as models write them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from integrations import _code_blocks as code
from integrations import files as module
from integrations._run_folder import MAX_FILE
from integrations.files import FromAnswer, List, Read, Write
from orchestrator.actions import Account, Call, ServiceError
from orchestrator.file_names import safe_path
from orchestrator.preview import has_placeholder
from orchestrator.registry import Registry
from orchestrator.settings import Settings
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine
from tests.integrations.services import Services


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "runs" / "run"
    place.mkdir(parents=True)
    return place


def do(name: str, params: Any, folder: Path) -> Any:
    call = Call(run_id="run", step_id="step", key="run-step", services=Services(folder))
    return module.files.actions[name].function(params, Account(), call)


def plan(name: str, params: Any) -> Any:
    preview = module.files.actions[name].preview_function
    assert preview is not None
    return preview(params, Account())


def tree(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text("utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def block(text: str) -> tuple[str, code.Block]:
    (found,) = code.named(code.blocks(text))
    return found


def path_of(text: str) -> str:
    return block(text)[0]


def test_the_connector_keeps_the_contract_of_actions() -> None:
    assert {id: action.effect for id, action in Registry([module.files]).items()} == {
        "files.write": "idempotent_write",
        "files.read": "read",
        "files.list": "read",
        "files.from_answer": "idempotent_write",
    }


class TestFiles:
    def test_are_written_and_read_again(self, folder: Path) -> None:
        made = do("write", Write(path="a/Käse 1.md", content="Grüße\n"), folder)
        found = do("read", Read(path="a/Käse 1.md"), folder)

        assert (found.text, found.size, found.sha256) == ("Grüße\n", 8, made.sha256)
        assert tree(folder) == {"a/Käse 1.md": "Grüße\n"}
        assert list(folder.parent.iterdir()) == [folder]

    def test_are_replaced_and_left_alone_when_they_are_the_same(self, folder: Path) -> None:
        do("write", Write(path="a.md", content="one"), folder)
        before = (folder / "a.md").stat()

        do("write", Write(path="a.md", content="one"), folder)
        assert (folder / "a.md").stat().st_mtime_ns == before.st_mtime_ns
        do("write", Write(path="a.md", content="two"), folder)
        assert tree(folder) == {"a.md": "two"}

    def test_are_listed(self, folder: Path) -> None:
        for path in ("b.md", "app/a.py", "app/x/y.py"):
            do("write", Write(path=path, content="12"), folder)
        (folder / ".git").mkdir()
        (folder / ".git" / "config").write_text("x")
        (folder / "link").symlink_to("/etc/passwd")

        assert [(one.path, one.size) for one in do("list", List(), folder).files] == [
            ("b.md", 2),
            ("app/a.py", 2),
            ("app/x/y.py", 2),
        ]
        assert [one.path for one in do("list", List(folder="app/"), folder).files] == ["app/a.py", "app/x/y.py"]

    def test_a_folder_that_is_none_is_told(self, folder: Path) -> None:
        with pytest.raises(ServiceError, match="no folder 'app'"):
            do("list", List(folder="app"), folder)

    def test_what_is_no_file_or_no_text_is_told(self, folder: Path) -> None:
        (folder / "picture").write_bytes(b"\xff\xfe\x00")
        (folder / "app").mkdir()

        with pytest.raises(ServiceError, match="no file 'none'"):
            do("read", Read(path="none"), folder)
        with pytest.raises(ServiceError, match="'app' is a folder"):
            do("read", Read(path="app"), folder)
        with pytest.raises(ServiceError, match="'app' is a folder"):
            do("write", Write(path="app", content=""), folder)
        with pytest.raises(ServiceError, match="'picture' is a file"):
            do("write", Write(path="picture/a", content=""), folder)
        with pytest.raises(ServiceError, match="not a text file"):
            do("read", Read(path="picture"), folder)

    def test_one_that_is_too_large_is_refused(self, folder: Path) -> None:
        (folder / "big").write_bytes(b"a" * (MAX_FILE + 1))

        with pytest.raises(ServiceError, match="larger than 10 MB"):
            do("read", Read(path="big"), folder)
        with pytest.raises(ServiceError, match="larger than 10 MB"):
            do("write", Write(path="new", content="ü" * (MAX_FILE // 2 + 1)), folder)
        assert not (folder / "new").exists()

    def test_are_shown_before_they_are_written(self, folder: Path) -> None:
        shown = plan("write", Write(path="a.md", content="one"))

        assert shown.request == {"path": "a.md", "content": "one"}
        assert has_placeholder(shown.result.path)
        assert tree(folder) == {}


class TestNoWayOut:
    @pytest.mark.parametrize(
        "path",
        [
            "", " ", ".", "..", "../a", "a/../../b", "a/..", "/etc/passwd", "//server/share", "~/a", "~root/a",
            "C:/a", "c:a", "\\\\server\\a", "..\\a", "a\\b", "a//b", "a/", "a/./b", "a\0b", "a\nb", "a:b", "a?b",
            "con", "CON.txt", "a/nul", "com1.log", "LPT9", "aux .md", "com¹", "a.", "a /b", "a/ b", "a" * 256,
            "ü" * 128, "/".join(["a" * 100] * 11), "\ud800", "a\u202eb", ".git", ".git/config", ".GIT/hooks/x",
            "a/.git/config", ".git /config", ".git./config", "git~1/config", ".g\u200bit/config", "..\u200b/a",
        ],
    )  # fmt: skip
    def test_a_path_that_could_lead_elsewhere_is_refused(self, path: str) -> None:
        for params in (Write, Read):
            with pytest.raises(ValidationError, match="is no path of a file"):
                params(path=path, **({"content": ""} if params is Write else {}))

    @pytest.mark.parametrize(
        "path", ["a", ".env", "a-b_c.d/e f", "..a", "a..b", "日本/語.md", "console.log", ".gitignore"]
    )
    def test_an_honest_path_is_taken(self, path: str) -> None:
        assert safe_path(path) == path

    def test_links_are_not_followed(self, folder: Path, tmp_path: Path) -> None:
        outside = tmp_path / "outside"
        outside.mkdir()
        (outside / "secret").write_text("secret")
        (folder / "link").symlink_to(outside)
        (folder / "file").symlink_to(outside / "secret")

        for path in ("link/secret", "link/new", "file"):
            with pytest.raises(ServiceError, match="goes through a link"):
                do("write", Write(path=path, content="x"), folder)
            with pytest.raises(ServiceError, match="goes through a link"):
                do("read", Read(path=path), folder)
        with pytest.raises(ServiceError, match="goes through a link"):
            do("list", List(folder="link"), folder)
        assert tree(outside) == {"secret": "secret"}

    pieces = st.sampled_from(
        ["..", ".", "/", "//", "\\", "a", "B.txt", ".git", "nul", "C:", "~", " ", "\0", "\u202e",
         "\u2024\u2024", "．．", "ﬁ", "é"]
    )  # fmt: skip

    @settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.lists(pieces, max_size=8).map("".join) | st.text(max_size=30))
    def test_whatever_is_taken_stays_inside(self, folder: Path, path: str) -> None:
        try:
            known = safe_path(path)
        except ValueError:
            return
        place = Path(os.path.normpath(folder / known))
        assert place.is_relative_to(folder)
        assert place != folder
        assert ".git" not in [part.lower() for part in place.relative_to(folder).parts]
        assert safe_path(known) == known


class TestBlocks:
    @pytest.mark.parametrize(
        "text",
        [
            "```python src/app.py\nx\n```",
            "```python:src/app.py\nx\n```",
            '```python title="src/app.py"\nx\n```',
            "```python filename=src/app.py\nx\n```",
            "```{.python file='src/app.py'}\nx\n```",
            "```python (src/app.py)\nx\n```",
            "```src/app.py\nx\n```",
            "~~~py src/app.py\nx\n~~~",
            "```python\n# src/app.py\nx\n```",
            "```python\n# file: src/app.py\nx\n```",
            "```python\n# File path: `src/app.py`\nx\n```",
            '```python\n"""src/app.py"""\nx\n```',
            "**src/app.py**\n```python\nx\n```",
            "**src/app.py:**\n\n```python\nx\n```",
            "`src/app.py`\n```python\nx\n```",
            "### src/app.py\n\n```python\nx\n```",
            "## 2. `src/app.py`\n```python\nx\n```",
            "File: src/app.py\n```python\nx\n```",
            "**File: `src/app.py`**\n```python\nx\n```",
            "Now create `src/app.py`:\n\n```python\nx\n```",
            "And the server:\nsrc/app.py\n```python\nx\n```",
            "1. The app, **src/app.py**:\n\n   ```python\n   x\n   ```",
            "> `src/app.py`\n> ```python\n> x\n> ```",
            "`./src/app.py`\r\n```python\r\nx\r\n```\r\n",
        ],
    )
    def test_name_their_file_in_many_ways(self, text: str) -> None:
        assert block(text) == ("src/app.py", code.Block("python", "src/app.py", "x\n"))

    @pytest.mark.parametrize(
        ("text", "path"),
        [
            ("```html\n<!-- web/index.html -->\n<p>\n```", "web/index.html"),
            ("```css\n/* a.css */\np {}\n```", "a.css"),
            ("```js\n// file: a/b.js\n1\n```", "a/b.js"),
            ("```jsx\n{/* App.jsx */}\n1\n```", "App.jsx"),
            ("```sql\n-- db/schema.sql\nselect 1\n```", "db/schema.sql"),
            ("```yaml\n# .github/workflows/ci.yml\non: push\n```", ".github/workflows/ci.yml"),
            ("```\n# Dockerfile\nFROM x\n```", "Dockerfile"),
            ("`docker/Dockerfile`\n```dockerfile\nFROM x\n```", "docker/Dockerfile"),
            ("`.env`\n```\nA=1\n```", ".env"),
            ("`tsconfig.json`\n```jsonc\n{}\n```", "tsconfig.json"),
            ("`app.ts`\n```javascript\n1\n```", "app.ts"),
        ],
    )
    def test_name_it_in_every_language(self, text: str, path: str) -> None:
        assert path_of(text) == path

    @pytest.mark.parametrize(
        ("text", "path"),
        [
            ("```python\nx\n```", "main.py"),
            ("```JS\nx\n```", "index.js"),
            ("```ts\nx\n```", "index.ts"),
            ("```css\nx\n```", "style.css"),
            ("```html\nx\n```", "index.html"),
            ("```dockerfile\nx\n```", "Dockerfile"),
            ("```yml\nx\n```", "config.yaml"),
            ("```sh\nx\n```", "script.sh"),
            ("```\nx\n```", "notes.txt"),
            ("```klingon\nx\n```", "notes.txt"),
            ("Install what `requirements.txt` says:\n```bash\npip install -r requirements.txt\n```", "script.sh"),
            ("Change `a.py` and `b.py`:\n```python\nx\n```", "main.py"),
            ("Run `python app.py`:\n```python\nx\n```", "main.py"),
            ("```python\n# Say hello. Then stop.\nx\n```", "main.py"),
            ("`src/app.py` is the start.\n\nThen this:\n\n```python\nx\n```", "main.py"),
            ("A list:\n- src/app.py\n\n```python\nx\n```", "main.py"),
        ],
    )
    def test_without_a_name_are_called_after_their_language(self, text: str, path: str) -> None:
        assert path_of(text) == path

    def test_of_one_language_are_numbered(self) -> None:
        found = code.named(code.blocks("```py\na\n```\n`main_2.py`\n```py\nb\n```\n```py\nc\n```"))

        assert [path for path, _ in found] == ["main.py", "main_2.py", "main_3.py"]

    def test_keep_the_line_that_says_how_to_run_them(self) -> None:
        assert block("```sh\n#!/bin/sh\n# bin/go.sh\nls\n```")[1].content == "#!/bin/sh\nls\n"

    def test_may_hold_fences_in_a_longer_fence(self) -> None:
        assert block("````md README.md\n```sh\nls\n```\n````")[1].content == "```sh\nls\n```\n"

    def test_that_never_end_are_told(self) -> None:
        with pytest.raises(code.Unfinished):
            code.blocks("```python\nprint(")

    lines = st.text(st.characters(codec="utf-8", exclude_characters="\r\0", exclude_categories=["Cc"]), max_size=40)
    contents = st.lists(lines, min_size=1, max_size=6).map(lambda lines: "value\n" + "\n".join(lines) + "\n")
    names = st.from_regex(r"[a-z]{1,8}(/[a-z]{1,8}){0,3}\.(py|js|css|html|yaml)", fullmatch=True)

    @given(st.lists(st.tuples(names, contents), min_size=1, max_size=5), st.sampled_from(["info", "comment", "before"]))
    def test_come_out_as_they_went_in(self, files: list[tuple[str, str]], way: str) -> None:
        text = "Here it is.\n"
        for path, content in files:
            fence = "`" * 50
            hint = {"info": f" {path}", "comment": "", "before": ""}[way]
            text += f"\n**{path}**\n" if way == "before" else "\n"
            text += f"{fence}text{hint}\n" + (f"# {path}\n" if way == "comment" else "") + f"{content}{fence}\n"

        found = code.named(code.blocks(text))
        assert [(path, one.content) for path, one in found] == files

    @given(st.text(alphabet="`~#*/.\n abpy:", max_size=120))
    def test_of_any_text_can_be_taken_or_are_told(self, text: str) -> None:
        try:
            found = code.named(code.blocks(text))
        except code.Unfinished:
            return
        own = [path for path, one in found if one.path is None]
        asked = {one.path for _, one in found if one.path is not None}
        assert len(set(own)) == len(own)
        assert not asked & set(own)
        assert all(path for path, _ in found)


class TestFromAnswer:
    answer = "`src/app.py`\n```python\nprint(1)\n```\nand\n```css\np {}\n```\n"

    def test_makes_a_project_tree(self, folder: Path) -> None:
        made = do("from_answer", FromAnswer(answer=self.answer, folder="web"), folder)

        assert tree(folder) == {"web/src/app.py": "print(1)\n", "web/style.css": "p {}\n"}
        assert [(one.path, one.language, one.size) for one in made.files] == [
            ("web/src/app.py", "python", 9),
            ("web/style.css", "css", 5),
        ]

    def test_can_leave_out_what_has_no_name(self, folder: Path) -> None:
        do("from_answer", FromAnswer(answer=self.answer, only_named=True), folder)

        assert tree(folder) == {"src/app.py": "print(1)\n"}

    def test_takes_the_last_of_two_versions(self, folder: Path) -> None:
        do("from_answer", FromAnswer(answer="```py a.py\n1\n```\nBetter:\n```py a.py\n2\n```"), folder)

        assert tree(folder) == {"a.py": "2\n"}

    def test_is_shown_before_it_is_written(self, folder: Path) -> None:
        shown = plan("from_answer", FromAnswer(answer=self.answer))

        assert shown.request == {"src/app.py": "print(1)\n", "style.css": "p {}\n"}
        assert all(has_placeholder(one.path) for one in shown.result.files)
        assert tree(folder) == {}

    @pytest.mark.parametrize(
        ("answer", "said"),
        [
            ("```py ../../etc/cron.py\nx\n```", "bad path"),
            ("```py /etc/cron.py\nx\n```", "bad path"),
            ("```sh .git/hooks/commit.sh\nx\n```", "bad path"),
            ("```py ..\\..\\a.py\nx\n```", "bad path"),
            ("```py a/nul.py\nx\n```", "bad path"),
            ("```py a.py\nx\n```\n```py A.py\nx\n```", "one file on many systems"),
            ("```py a.py\nx\n```\n```py a.py/b.py\nx\n```", "a folder in it is a file too"),
            ("No code here.", "no code block"),
            ("```py\nx", "cut off"),
            ("```py\nx\n```\n" * 201, "more than 200 files"),
        ],
    )
    def test_writes_nothing_of_a_bad_answer(self, folder: Path, answer: str, said: str) -> None:
        good = "```css good.css\np {}\n```\n"

        with pytest.raises(ServiceError, match=said) as error:
            do("from_answer", FromAnswer(answer=answer if "No code" in answer else good + answer), folder)
        assert error.value.remedy
        assert tree(folder) == {}


WRITE = {"id": "write", "uses": "files.write", "with": {"path": "a/b.md", "content": "hello"}}
READ = {"id": "read", "uses": "files.read", "with": {"path": "{{ steps.write.path }}"}}
LATE = {"id": "late", "uses": "files.read", "with": {"path": "none.md"}, "needs": ["write"]}


def workflow(*steps: dict[str, Any]) -> Workflow:
    return Workflow.model_validate({"format": 1, "id": "w", "name": "W", "steps": list(steps)})


class TestTheRunsFolder:
    @pytest.fixture
    def engine(self, home: Path) -> Iterator[WorkflowEngine]:
        with WorkflowEngine(Settings.load(), registry=Registry([module.files])) as engine:
            yield engine

    def test_is_one_for_each_run(self, engine: WorkflowEngine, home: Path) -> None:
        first = engine.execute_workflow(workflow(WRITE, READ))
        second = engine.execute_workflow(workflow(WRITE, READ))

        assert (first.status, first.steps["read"].output["text"]) == ("succeeded", "hello")
        assert {path.name for path in (home / "runs").iterdir()} == {first.run_id, second.run_id}
        assert tree(home / "runs" / first.run_id) == {"a/b.md": "hello"}

    def test_is_the_same_for_each_item_of_a_loop(self, engine: WorkflowEngine, home: Path) -> None:
        each = {**WRITE, "for_each": ["x", "y"], "with": {"path": "{{ item }}.md", "content": "{{ item }}"}}

        result = engine.execute_workflow(workflow(each))

        assert tree(home / "runs" / result.run_id) == {"x.md": "x", "y.md": "y"}

    def test_goes_on_with_a_run_that_is_resumed(self, engine: WorkflowEngine, home: Path) -> None:
        failed = engine.execute_workflow(workflow(WRITE, LATE))
        assert failed.status == "failed"

        again = engine.wait(engine.resume(failed.run_id, workflow(WRITE, {**LATE, "with": {"path": "a/b.md"}})))

        assert (again.status, again.steps["late"].output["text"]) == ("succeeded", "hello")
        assert [path.name for path in (home / "runs").iterdir()] == [failed.run_id]

    def test_is_not_touched_by_a_preview(self, engine: WorkflowEngine, home: Path) -> None:
        shown = engine.wait(engine.start_workflow(workflow(WRITE, READ), preview=True))

        assert shown.status == "waiting"
        assert not (home / "runs").exists()
        engine.approve(shown.run_id)
        assert engine.wait(shown.run_id).steps["read"].output["text"] == "hello"
