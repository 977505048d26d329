from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from integrations.practice.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "folder" / "practice.db")
    yield store
    store.close()


def test_what_was_put_is_got_back(store: Store) -> None:
    store.put("notion", "page", "1", {"title": "Größe ✓", "tags": ["a"], "n": 1})
    assert store.get("notion", "page", "1") == {"title": "Größe ✓", "tags": ["a"], "n": 1}


def test_what_is_not_there_is_none(store: Store) -> None:
    store.put("notion", "page", "1", {})
    assert store.get("notion", "page", "2") is None
    assert store.get("notion", "database", "1") is None
    assert store.get("github", "page", "1") is None


def test_documents_come_in_the_order_they_were_first_put(store: Store) -> None:
    for id in ("b", "a", "c"):
        store.put("notion", "page", id, {"id": id})
    store.put("notion", "page", "b", {"id": "b", "changed": True})
    assert store.all("notion", "page") == [{"id": "b", "changed": True}, {"id": "a"}, {"id": "c"}]


def test_a_deleted_document_is_gone_and_deleting_it_again_is_no_error(store: Store) -> None:
    store.put("notion", "page", "1", {})
    store.delete("notion", "page", "1")
    store.delete("notion", "page", "1")
    assert store.all("notion", "page") == []


def test_clearing_a_service_leaves_the_others(store: Store) -> None:
    for service in ("notion", "github"):
        store.put(service, "page", "1", {})
        store.next_id(service, "page")
    store.clear("notion")
    assert store.all("notion", "page") == []
    assert store.next_id("notion", "page") == 1
    assert store.get("github", "page", "1") == {}
    assert store.next_id("github", "page") == 2


def test_a_transaction_that_fails_leaves_nothing(store: Store) -> None:
    def fail() -> None:
        with store.transaction():
            store.put("notion", "page", "1", {})
            store.next_id("notion", "page")
            raise ValueError("half way")

    with pytest.raises(ValueError, match="half way"):
        fail()
    assert store.get("notion", "page", "1") is None
    assert store.next_id("notion", "page") == 1


def test_a_transaction_inside_another_belongs_to_it(store: Store) -> None:
    def fail() -> None:
        with store.transaction():
            with store.transaction():
                store.put("notion", "page", "1", {})
            raise ValueError("after the inner one")

    with pytest.raises(ValueError, match="after the inner one"):
        fail()
    assert store.get("notion", "page", "1") is None


def test_numbers_are_given_out_once_to_many_threads(store: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda _: store.next_id("github", "issue"), range(200)))
    assert sorted(numbers) == list(range(1, 201))


def test_reading_and_writing_in_a_transaction_is_alone_among_threads(store: Store) -> None:
    store.put("github", "counter", "1", {"n": 0})

    def add_one(_: int) -> None:
        with store.transaction():
            found = store.get("github", "counter", "1")
            assert found is not None
            store.put("github", "counter", "1", {"n": found["n"] + 1})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add_one, range(100)))
    assert store.get("github", "counter", "1") == {"n": 100}


def test_many_processes_share_one_file(tmp_path: Path) -> None:
    path = tmp_path / "practice.db"
    code = (
        "import sys; from pathlib import Path; from integrations.practice.store import Store\n"
        "store = Store(Path(sys.argv[1]))\n"
        "print([store.next_id('github', 'issue') for _ in range(50)])\n"
        "store.close()\n"
    )
    root = Path(__file__).parents[3]
    children = [
        subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True, cwd=root)
        for _ in range(4)
    ]
    answers = [child.communicate(timeout=30)[0] for child in children]
    numbers = [int(number) for answer in answers for number in answer.strip(" []\n").split(", ")]
    assert sorted(numbers) == list(range(1, 201))


def test_what_was_kept_is_there_after_opening_again(tmp_path: Path) -> None:
    first = Store(tmp_path / "practice.db")
    first.put("notion", "page", "1", {"title": "kept"})
    first.close()
    second = Store(tmp_path / "practice.db")
    assert second.get("notion", "page", "1") == {"title": "kept"}
    second.close()
