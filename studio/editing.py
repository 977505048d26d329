"""The editing of one file of the library in one browser tab: its draft, kept in the store with every change.

What a person types is in the draft before the page is drawn again, so a lost connection loses nothing. When somebody
else changes the same draft, both texts are kept: `conflict` holds theirs until a person has chosen.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from orchestrator.drafts import Draft, DraftChanged
from orchestrator.errors import InvalidFile, PatchbayError
from orchestrator.library import parse_text
from orchestrator.version_diff import Change, changes
from orchestrator.versions import Version, Versions
from studio.people import who


@dataclass
class Editing:
    """`text` is what stands in the draft, right or wrong; `content` what it says, of the last text that
    was JSON: a broken text never loses the canvas. `turn` grows with each change, so that whatever shows the draft can
    tell an old picture from a new one. `revision` is 0 while there is no draft: nothing was changed."""

    id: str
    text: str
    content: dict[str, Any]
    base: int
    revision: int = 0
    turn: int = 0
    broken: str = ""
    conflict: Draft | None = None
    published: str = field(default="", repr=False)
    """The text of the published version."""
    session: str = field(default_factory=lambda: secrets.token_hex(4))
    """Another one each time that the editing is begun from what is stored."""

    @property
    def is_changed(self) -> bool:
        return self.revision != 0


def open_editing(id: str, versions: Versions[Any]) -> Editing:
    """The editing of this tab. Begun elsewhere or published since, it is taken up as it is now; with changes of its own
    that are not kept yet, these stay. Raises `NotFound`."""
    known: Editing | None = st.session_state.get(_key(id, versions))
    draft = versions.drafts.get(id)
    if known is not None and (draft.revision if draft else 0) == known.revision and not _is_behind(known, id, versions):
        return known
    if known is not None and known.conflict is not None:
        return known
    editing = _begin(id, draft, versions)
    editing.turn = known.turn + 1 if known else 0
    st.session_state[_key(id, versions)] = editing
    return editing


def editing_in_hand(id: str, versions: Versions[Any]) -> Editing:
    """The editing as this tab drew it last, if it did: what was typed since was typed into that, whatever has become of
    the draft. `open_editing` behind the form then takes up what others did. Raises `NotFound`."""
    known: Editing | None = st.session_state.get(_key(id, versions))
    return known if known is not None and known.revision >= 0 else open_editing(id, versions)


def begin(content: dict[str, Any], versions: Versions[Any]) -> str:
    """A draft of something new, under its `id` or one like it that is free. Gives that: there is no file before it is
    published."""
    taken = set(versions.drafts.ids())
    wanted = versions.shelf.free_id(str(content.get("id") or ""))
    numbered = (f"{wanted}_{number}" for number in range(2, len(taken) + 3))
    id = wanted if wanted not in taken else next(other for other in numbered if other not in taken)
    versions.drafts.save(id, as_text({**content, "id": id}), base=0, after=0, by=who())
    return id


def change(editing: Editing, content: dict[str, Any], versions: Versions[Any]) -> None:
    """It says something else now: changed on the canvas or in a form."""
    if content != editing.content or editing.broken:
        editing.content, editing.broken = content, ""
        _keep(editing, as_text(content), versions)


def change_text(editing: Editing, text: str, versions: Versions[Any]) -> None:
    """The text was typed."""
    if text == editing.text:
        return
    try:
        editing.content, editing.broken = parse_text(text), ""
    except InvalidFile as error:
        editing.broken = f"{error.message} {error.remedy}".strip()
    _keep(editing, text, versions)


def cross(editing: Editing, versions: Versions[Any]) -> None:
    """What is changed next was changed before this tab saw the draft as somebody else has made it: a person chooses."""
    if editing.conflict is None:
        editing.conflict = versions.drafts.get(editing.id) or _none(editing)


def publish(editing: Editing, note: str, versions: Versions[Any]) -> Version:
    """Make the draft what is used. Raises `InvalidWorkflow` or `InvalidFile`, or `Outdated` when another version was
    published since the editing began."""
    shelf = versions.shelf
    item = shelf.parse(editing.text)
    if item.id != editing.id:
        remedy = f"Set 'id' to '{editing.id}', or copy it."
        raise InvalidFile(f"The id of a {shelf.kind} stays as it is.", remedy=remedy)
    version = versions.publish(item, by=who(), note=note, base=editing.base)
    versions.drafts.drop(editing.id, after=editing.revision)
    forget(editing)
    return version


def discard(editing: Editing, versions: Versions[Any]) -> None:
    """Forget what was changed since the last version."""
    try:
        versions.drafts.drop(editing.id, after=editing.revision)
    finally:
        forget(editing)


def keep_mine(editing: Editing, versions: Versions[Any]) -> None:
    """Put this tab's text in the place of the other person's. Theirs was shown."""
    editing.revision = editing.conflict.revision if editing.conflict else 0
    editing.conflict = None
    _keep(editing, editing.text, versions)


def take_theirs(editing: Editing) -> None:
    """Go on with the other person's text."""
    forget(editing)


def theirs(editing: Editing) -> list[Change] | None:
    """What differs between this tab's draft and the other person's. None where one of them is broken: there are only
    their texts."""
    if editing.conflict is None:
        return []
    try:
        return None if editing.broken else changes(parse_text(editing.conflict.content), editing.content)
    except InvalidFile:
        return None


def since_published(editing: Editing) -> list[Change]:
    """What differs between the published version and the draft."""
    try:
        before = parse_text(editing.published) if editing.published else {}
    except InvalidFile:
        before = {}
    return changes(before, editing.content)


def forget(editing: Editing) -> None:
    """The next look begins with what is stored."""
    editing.revision, editing.conflict = -1, None  # none that is stored: it is read again


def as_text(content: dict[str, Any]) -> str:
    """The text of a workflow, made to be read in a diff."""
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _begin(id: str, draft: Draft | None, versions: Versions[Any]) -> Editing:
    published = _published(id, draft, versions)
    text = draft.content if draft else published
    known = [] if draft else versions.history(id)
    base = draft.base if draft else known[0].number if known else 0
    editing = Editing(id, text, {}, base, draft.revision if draft else 0, published=published)
    try:
        editing.content = parse_text(text)
    except InvalidFile as error:
        editing.broken = f"{error.message} {error.remedy}".strip()
        try:
            editing.content = parse_text(published)
        except PatchbayError:
            editing.content = {"id": id}
    return editing


def _is_behind(editing: Editing, id: str, versions: Versions[Any]) -> bool:
    """Whether an untouched editing shows a file that has changed on disk."""
    return not editing.is_changed and versions.shelf.text(id) != editing.published


def _published(id: str, draft: Draft | None, versions: Versions[Any]) -> str:
    """The text of the file; "" where there is only a draft so far."""
    shelf = versions.shelf
    return "" if draft is not None and id not in shelf.ids() else shelf.text(id)


def _keep(editing: Editing, text: str, versions: Versions[Any]) -> None:
    editing.text = text
    editing.turn += 1
    if editing.conflict is not None:
        return
    try:
        kept = versions.drafts.save(editing.id, text, base=editing.base, after=max(0, editing.revision), by=who())
    except DraftChanged as error:
        editing.conflict = error.draft or _none(editing)
        return
    editing.revision = kept.revision


def _none(editing: Editing) -> Draft:
    """In the place of a draft that somebody published or let go: what is published."""
    return Draft(editing.published, editing.base, 0, "", 0.0)


def _key(id: str, versions: Versions[Any]) -> str:
    return f"editing:{versions.shelf.kind}:{id}"
