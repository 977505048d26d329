from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrator.errors import InvalidFile, InvalidWorkflow, NotFound
from orchestrator.library import Library, parse_text

SHIPPED = '{"id": "hello", "name": "Hello", "steps": [{"id": "a", "uses": "x.y"}]}'


@pytest.fixture
def library(tmp_path: Path) -> Library:
    root = tmp_path / "program"
    for folder in ("workflows", "templates"):
        (root / folder).mkdir(parents=True)
    (root / "workflows" / "hello.json").write_text(SHIPPED)
    (root / "workflows" / "schema.json").write_text("{}")
    return Library(tmp_path / "home", root)


def own(library: Library, name: str, text: str) -> Path:
    library.workflows.own.mkdir(parents=True, exist_ok=True)
    path = library.workflows.own / name
    path.write_text(text)
    return path


def test_names_with_numbers_are_listed_as_people_count(library: Library) -> None:
    for number in (10, 2, 1):
        own(library, f"r{number}.json", SHIPPED.replace("hello", f"r{number}").replace("Hello", f"report {number}"))
    named = [entry.name for entry in library.workflows.list() if not entry.shipped]
    assert named == ["report 1", "report 2", "report 10"]


def test_what_a_person_made_stands_before_what_is_shipped(library: Library) -> None:
    shipped = library.workflows.load("hello")
    path = library.workflows.save(shipped.model_copy(update={"name": "Mine"}))
    assert path.is_relative_to(library.workflows.own)
    assert library.workflows.load("hello").name == "Mine"
    assert (library.workflows.shipped / "hello.json").read_text() == SHIPPED
    library.workflows.delete("hello")
    assert library.workflows.load("hello").name == "Hello"


def test_what_is_shipped_cannot_be_deleted(library: Library) -> None:
    with pytest.raises(InvalidFile, match="shipped"):
        library.workflows.delete("hello")


def test_yaml_is_read_too(library: Library) -> None:
    own(library, "yours.yaml", "id: yours\nsteps:\n  - id: a\n    uses: x.y\n    if: true\n")
    assert library.workflows.load("yours").steps[0].if_ is True


def test_saving_an_item_that_was_yaml_leaves_one_file(library: Library) -> None:
    own(library, "yours.yaml", "id: yours\nsteps: [{id: a, uses: x.y}]")
    library.workflows.save(library.workflows.load("yours"))
    assert [path.name for path in library.workflows.own.iterdir()] == ["yours.json"]


def test_a_broken_file_is_listed_with_its_error_and_does_not_hide_others(library: Library) -> None:
    own(library, "broken.json", '{"id": "broken", "steps": [}')
    entries = {entry.id: entry for entry in library.workflows.list()}
    assert entries["hello"].error is None
    assert "not valid JSON" in str(entries["broken"].error)
    with pytest.raises(InvalidFile, match="line 1, column 28"):
        library.workflows.load("broken")


def test_a_file_that_was_mended_is_read_again(library: Library) -> None:
    path = own(library, "mine.json", "{")
    with pytest.raises(InvalidFile):
        library.workflows.load("mine")
    path.write_text('{"id": "mine", "steps": [{"id": "a", "uses": "x.y"}]}')
    assert library.workflows.load("mine").id == "mine"


def test_a_file_must_be_named_after_its_id(library: Library) -> None:
    own(library, "other.json", SHIPPED)
    with pytest.raises(InvalidFile, match="holds the id 'hello'"):
        library.workflows.load("other")


@pytest.mark.parametrize("id", ["../secrets", "/etc/passwd", "..", "a/b", "a\\b", "", "schema", "x\0y", "A"])
def test_an_id_cannot_leave_its_folder(library: Library, id: str) -> None:
    library.workflows.own.mkdir(parents=True)
    (library.workflows.own.parent / "secrets.json").write_text(SHIPPED)
    with pytest.raises(NotFound):
        library.workflows.load(id)
    with pytest.raises((InvalidFile, InvalidWorkflow)):
        library.workflows.parse(json.dumps({"id": id, "steps": [{"id": "a", "uses": "x.y"}]}))
    assert library.workflows.free_id(id) not in ("", "schema", "..")


def test_a_free_id_is_made_from_what_is_wanted(library: Library) -> None:
    assert library.workflows.free_id("Hello") == "hello_2"
    assert library.workflows.free_id("My Müsli flow!") == "my_m_sli_flow"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[1, 2]", "must hold an object"),
        ("just words", "must hold an object"),
        ("a: [1", "not valid YAML, line"),
        ("{" * 100_000, "not valid JSON"),
        ("&a [*a, *a]", "must hold an object"),
        ("x" * 2_000_001, "larger than 2 MB"),
    ],
)
def test_a_text_that_is_no_item_says_why(text: str, says: str) -> None:
    with pytest.raises(InvalidFile, match=says):
        parse_text(text)
