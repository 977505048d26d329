"""The practice mailbox as folders, which is how IMAP sees mail: a label is a folder, and a mail lies in several.

A mail gets a new UID in each folder that it comes into (RFC 9051, 2.3.1.1). What comes in by another way than IMAP is
noticed when a folder is looked at.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime

from integrations.practice import mail_box
from integrations.practice.store import Doc, Store

SERVICE = "email"

LABELS = {"INBOX": "INBOX", "Sent": "SENT", "Drafts": "DRAFT", "Trash": "TRASH", "Junk": "SPAM"}
ARCHIVE = "Archive"
"""The folder of mails that lie in none of those."""
ATTRIBUTES = {"Sent": "\\Sent", "Drafts": "\\Drafts", "Trash": "\\Trash", "Junk": "\\Junk", ARCHIVE: "\\Archive"}
"""Source: RFC 6154, "IMAP LIST Extension for Special-Use Mailboxes"."""

FLAGS = {"\\Flagged": "STARRED", "\\Draft": "DRAFT"}
"""Flags that are labels at Gmail. `\\Seen` is the opposite of UNREAD."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A mail in a folder. `number` is its place there, from 1."""

    number: int
    uid: int
    mail: Doc
    is_deleted: bool

    @property
    def flags(self) -> list[str]:
        labels = self.mail["labelIds"]
        flags = [flag for flag, label in FLAGS.items() if label in labels]
        seen = [] if "UNREAD" in labels else ["\\Seen"]
        return seen + flags + ["\\Deleted"] * self.is_deleted + self.mail.get("keywords", [])


class Folders:
    """The folders of the mailbox in the store. Each call is a transaction."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def names(self) -> list[str]:
        return [*LABELS, ARCHIVE, *(label["name"] for label in mail_box.profile(self.store)["labels"])]

    def uid_validity(self) -> int:
        known = self.store.get(SERVICE, "mailbox", "me")
        assert known is not None, "the mailbox is seeded before it is served"
        return int(known["uid_validity"])

    def create(self, name: str) -> None:
        """Raises `KeyError` when it is there."""
        with self.store.transaction():
            if self.find(name) is not None:
                raise KeyError(name)
            mail_box.create_label(self.store, name)

    def find(self, name: str) -> str | None:
        """A folder as it is written. "INBOX" is it in any case (RFC 9051, 5.1)."""
        wanted = "INBOX" if name.upper() == "INBOX" else name
        return wanted if wanted in self.names() else None

    def entries(self, folder: str) -> list[Entry]:
        """The mails of a folder, in the order of their UIDs. Each that is new there gets one."""
        with self.store.transaction():
            known = self.store.get(SERVICE, "folder", folder) or {"next": 1, "uids": {}, "deleted": []}
            inside = {mail["id"]: mail for mail in mail_box.mails(self.store) if self._lies_in(mail, folder)}
            uids = {id: uid for id, uid in known["uids"].items() if id in inside}
            for id in inside:
                if id not in uids:
                    uids[id] = known["next"]
                    known["next"] += 1
            deleted = [id for id in known["deleted"] if id in inside]
            if (uids, deleted) != (known["uids"], known["deleted"]):
                self.store.put(SERVICE, "folder", folder, {**known, "uids": uids, "deleted": deleted})
        ordered = sorted(uids.items(), key=lambda pair: pair[1])
        return [Entry(number, uid, inside[id], id in deleted) for number, (id, uid) in enumerate(ordered, 1)]

    def next_uid(self, folder: str) -> int:
        self.entries(folder)
        known = self.store.get(SERVICE, "folder", folder)
        return int(known["next"]) if known else 1

    def append(self, folder: str, content: bytes, flags: list[str], date: datetime) -> int:
        """Put a mail into a folder and give its UID there."""
        with self.store.transaction():
            content = mail_box.completed(self.store, content, date)
            mail = mail_box.deliver(self.store, content, self._labels_of(folder), date)
            self._set_flags(mail, set(flags))
            if folder == "Drafts":
                mail_box.note_draft(self.store, mail)
            return self._uid_of(folder, mail["id"])

    def copy(self, entry: Entry, folder: str) -> int:
        """Let a mail lie in another folder as well."""
        with self.store.transaction():
            mail = self._current(entry)
            mail_box.relabel(self.store, mail, mail["labelIds"] + self._labels_of(folder))
            return self._uid_of(folder, mail["id"])

    def move(self, entry: Entry, source: str, folder: str) -> int:
        with self.store.transaction():
            mail = self._current(entry)
            kept = [label for label in mail["labelIds"] if label not in self._labels_of(source)]
            if folder == ARCHIVE:
                kept = [label for label in kept if label not in LABELS.values()]
            mail_box.relabel(self.store, mail, kept + self._labels_of(folder))
            return self._uid_of(folder, mail["id"])

    def set_flags(self, folder: str, entry: Entry, flags: set[str]) -> None:
        with self.store.transaction():
            self._set_flags(self._current(entry), flags)
            known = self.store.get(SERVICE, "folder", folder)
            assert known is not None
            deleted = [id for id in known["deleted"] if id != entry.mail["id"]]
            if "\\Deleted" in flags:
                deleted.append(entry.mail["id"])
            self.store.put(SERVICE, "folder", folder, {**known, "deleted": deleted})

    def expunge(self, folder: str, entry: Entry) -> None:
        """Take a mail out of a folder; out of the mailbox where it lies in no other."""
        with self.store.transaction():
            mail = self._current(entry)
            kept = [label for label in mail["labelIds"] if label not in self._labels_of(folder)]
            mine = {label["id"] for label in mail_box.profile(self.store)["labels"]}
            if mine.union(LABELS.values()) & set(kept):
                mail_box.relabel(self.store, mail, kept)
            else:
                mail_box.remove(self.store, mail["id"])

    def _lies_in(self, mail: Doc, folder: str) -> bool:
        if folder == ARCHIVE:
            return mail_box.folder_of(mail) == "archive"
        return set(self._labels_of(folder)) <= set(mail["labelIds"])

    def _labels_of(self, folder: str) -> list[str]:
        if folder == ARCHIVE:
            return []
        if folder in LABELS:
            return [LABELS[folder]]
        return [label["id"] for label in mail_box.profile(self.store)["labels"] if label["name"] == folder]

    def _uid_of(self, folder: str, id: str) -> int:
        return next(entry.uid for entry in self.entries(folder) if entry.mail["id"] == id)

    def _current(self, entry: Entry) -> Doc:
        """Raises `KeyError` for a mail that is gone."""
        mail = mail_box.mail(self.store, entry.mail["id"])
        if mail is None:
            raise KeyError(entry.uid)
        return mail

    def _set_flags(self, mail: Doc, flags: set[str]) -> None:
        ours = {"UNREAD", "STARRED"}
        labels = [label for label in mail["labelIds"] if label not in ours]
        labels += ["UNREAD"] * ("\\Seen" not in flags) + ["STARRED"] * ("\\Flagged" in flags)
        keywords = sorted(flag for flag in flags if not flag.startswith("\\") or flag == "\\Answered")
        mail_box.relabel(self.store, {**mail, "keywords": keywords}, labels)


def seed(store: Store) -> None:
    """A mailbox that is made anew has UIDs of its own (RFC 9051, 2.3.1.1)."""
    store.put(SERVICE, "mailbox", "me", {"uid_validity": int(time.time())})
