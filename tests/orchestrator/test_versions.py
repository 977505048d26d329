from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.drafts import DraftChanged, Drafts
from orchestrator.errors import NotFound, Outdated
from orchestrator.library import Library, Shelf
from orchestrator.settings import Settings
from orchestrator.stores import open_store
from orchestrator.stores.store import Store
from orchestrator.versions import Versions
from orchestrator.workflow import Workflow


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


@pytest.fixture
def storage(settings: Settings) -> Iterator[Store]:
    opened = open_store(settings)
    yield opened
    opened.close()


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf[Workflow]:
    root = tmp_path / "shipped"
    (root / "workflows").mkdir(parents=True)
    (root / "workflows" / "given.json").write_text(flow("given", 0).to_json())
    return Library(tmp_path / "home", root).workflows


@pytest.fixture
def versions(storage: Store, shelf: Shelf[Workflow]) -> Versions[Workflow]:
    return Versions(storage, shelf, Clock())


def flow(id: str, x: int) -> Workflow:
    return Workflow.model_validate({"id": id, "steps": [{"id": "a", "uses": "set", "with": {"values": {"x": x}}}]})


class TestAVersion:
    def test_of_what_was_deleted_is_published_again(self, versions: Versions[Workflow], shelf: Shelf[Workflow]) -> None:
        versions.publish(flow("w", 1), by="ann")
        shelf.delete("w")
        assert versions.publish(flow("w", 1), by="bob").number == 2
        assert shelf.load("w") == flow("w", 1)

    def test_is_made_by_every_publish_and_says_who_when_and_why(
        self, versions: Versions[Workflow], shelf: Shelf[Workflow]
    ) -> None:
        versions.publish(flow("w", 1), by="ann")
        versions.publish(flow("w", 2), by="bob", note=" the other value ")
        newest, oldest = versions.history("w")
        assert (newest.number, newest.by, newest.note, newest.origin) == (2, "bob", "the other value", "published")
        assert (oldest.number, oldest.by) == (1, "ann")
        assert newest.at > oldest.at
        assert shelf.load("w") == flow("w", 2)
        assert versions.text("w", 1) == flow("w", 1).to_json()

    def test_is_not_made_twice_of_the_same_text(self, versions: Versions[Workflow]) -> None:
        first = versions.publish(flow("w", 1), by="ann")
        assert versions.publish(flow("w", 1), by="bob") == first

    def test_that_somebody_else_published_is_not_overwritten(
        self, versions: Versions[Workflow], shelf: Shelf[Workflow]
    ) -> None:
        base = versions.publish(flow("w", 1), by="ann").number
        versions.publish(flow("w", 2), by="bob", base=base)
        with pytest.raises(Outdated, match="bob published version 2 of 'w' in the meantime"):
            versions.publish(flow("w", 3), by="ann", base=base)
        assert shelf.load("w") == flow("w", 2)

    def test_of_long_ago_can_be_had_again(self, versions: Versions[Workflow], shelf: Shelf[Workflow]) -> None:
        versions.publish(flow("w", 1), by="ann")
        versions.publish(flow("w", 2), by="ann")
        restored = versions.restore("w", 1, by="bob")
        assert (restored.number, restored.origin, restored.note) == (3, "restored", "Version 1 again")
        assert shelf.load("w") == flow("w", 1)

    def test_can_be_given_a_name(self, versions: Versions[Workflow]) -> None:
        versions.publish(flow("w", 1), by="ann")
        versions.label("w", 1, " good one ")
        assert versions.history("w")[0].label == "good one"
        with pytest.raises(NotFound, match="no version 7"):
            versions.label("w", 7, "x")
        with pytest.raises(NotFound, match="no version 7"):
            versions.text("w", 7)


class TestAFile:
    def test_that_was_edited_on_disk_is_a_version(self, versions: Versions[Workflow], shelf: Shelf[Workflow]) -> None:
        versions.publish(flow("w", 1), by="ann")
        by_hand = shelf.text("w").replace('"x": 1', '"x":    5')
        shelf.path("w").write_text(by_hand)
        assert versions.notice_all() == ["given", "w"]
        assert versions.notice_all() == []
        newest = versions.history("w")[0]
        assert (newest.number, newest.origin, newest.by) == (2, "disk", "")
        assert versions.text("w", 2) == by_hand

    def test_that_cannot_be_read_is_none_until_it_can(
        self, versions: Versions[Workflow], shelf: Shelf[Workflow]
    ) -> None:
        versions.publish(flow("w", 1), by="ann")
        shelf.path("w").write_text("{")
        assert [version.number for version in versions.history("w")] == [1]
        shelf.path("w").write_text(flow("w", 3).to_json())
        assert [version.number for version in versions.history("w")] == [2, 1]

    def test_that_was_put_back_is_a_version_too(self, versions: Versions[Workflow], shelf: Shelf[Workflow]) -> None:
        versions.publish(flow("w", 1), by="ann")
        versions.publish(flow("w", 2), by="ann")
        shelf.path("w").write_text(flow("w", 1).to_json())
        assert [version.origin for version in versions.history("w")] == ["disk", "published", "published"]

    def test_that_is_shipped_is_the_first_version_and_stays_as_it_is(
        self, versions: Versions[Workflow], shelf: Shelf[Workflow]
    ) -> None:
        assert [version.origin for version in versions.history("given")] == ["shipped"]
        versions.publish(flow("given", 9), by="ann", base=1)
        assert [version.number for version in versions.history("given")] == [2, 1]
        assert not shelf.is_shipped("given")
        assert versions.text("given", 1) == flow("given", 0).to_json()

    def test_nobody_knows_has_no_history(self, versions: Versions[Workflow]) -> None:
        with pytest.raises(NotFound):
            versions.history("nothing")


class TestADraft:
    @pytest.fixture
    def drafts(self, storage: Store) -> Drafts:
        return Drafts(storage, "workflow", Clock())

    def test_is_kept_as_it_is_typed_right_or_wrong(self, drafts: Drafts) -> None:
        assert drafts.get("w") is None
        first = drafts.save("w", "{", base=1, after=0, by="ann")
        again = drafts.save("w", "{}", base=1, after=first.revision, by="ann")
        assert drafts.get("w") == again
        assert (again.content, again.base, again.by) == ("{}", 1, "ann")

    def test_that_a_second_person_changed_is_not_overwritten_and_shown(self, drafts: Drafts) -> None:
        first = drafts.save("w", "ann's", base=1, after=0, by="ann")
        theirs = drafts.save("w", "bob's", base=1, after=first.revision, by="bob")
        with pytest.raises(DraftChanged, match="bob changed this draft") as told:
            drafts.save("w", "ann's again", base=1, after=first.revision, by="ann")
        assert told.value.draft == theirs
        with pytest.raises(DraftChanged):
            drafts.drop("w", after=first.revision)
        assert drafts.get("w") == theirs

    def test_that_was_published_is_gone_also_for_whoever_still_has_it_open(self, drafts: Drafts) -> None:
        first = drafts.save("w", "ann's", base=1, after=0, by="ann")
        drafts.drop("w", after=first.revision)
        drafts.drop("w", after=first.revision)
        with pytest.raises(DraftChanged, match="published or dropped"):
            drafts.save("w", "late", base=1, after=first.revision, by="bob")
        new = drafts.save("w", "new", base=2, after=0, by="bob")
        assert new.revision != first.revision
