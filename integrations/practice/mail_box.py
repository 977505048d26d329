"""The mailbox that practice Gmail and practice IMAP show, each in its own way: mails with labels, kept in the store.

A mail is a document of its own, beside one with its bytes as they came.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime, formataddr, getaddresses, make_msgid
from hashlib import sha256
from pathlib import Path

from integrations.practice import mail_message, sample_files
from integrations.practice.store import Doc, Store

SERVICE = "gmail"
"""Under which the mailbox is kept."""

SYSTEM_LABELS = ("INBOX", "SENT", "UNREAD", "STARRED", "IMPORTANT", "DRAFT", "SPAM", "TRASH", "CATEGORY_PROMOTIONS")
FOLDERS = {"TRASH": "trash", "SPAM": "spam", "DRAFT": "drafts", "SENT": "sent", "INBOX": "inbox"}
"""In which folder a mail with a label lies; the first that it has. Without any of them, it was archived."""

_SAMPLES = Path(__file__).parent / "seed" / "mail.json"


def profile(store: Store) -> Doc:
    """Whose mailbox it is: address, name and labels of their own."""
    found = store.get(SERVICE, "profile", "me")
    assert found is not None, "the mailbox is seeded before it is served"
    return found


def create_label(store: Store, name: str) -> Doc:
    """A new label of the person's own."""
    mine = profile(store)
    number = max((int(label["id"].rpartition("_")[2]) for label in mine["labels"]), default=0) + 1
    label = {"id": f"Label_{number}", "name": name}
    store.put(SERVICE, "profile", "me", {**mine, "labels": [*mine["labels"], label]})
    return label


def mail(store: Store, id: str) -> Doc | None:
    return store.get(SERVICE, "mail", id)


def mails(store: Store) -> list[Doc]:
    """All mails, the oldest first."""
    return sorted(store.all(SERVICE, "mail"), key=lambda mail: mail["internalDate"])


def raw(store: Store, id: str) -> bytes:
    """A mail's bytes. Raises `KeyError` for one that is gone."""
    kept = store.get(SERVICE, "raw", id)
    if kept is None:
        raise KeyError(id)
    return mail_message.decode(kept["raw"])


def date_of(mail: Doc) -> datetime:
    return datetime.fromtimestamp(mail["internalDate"] / 1000, UTC)


def folder_of(mail: Doc) -> str:
    return next((folder for label, folder in FOLDERS.items() if label in mail["labelIds"]), "archive")


def relabel(store: Store, mail: Doc, labels: list[str]) -> Doc:
    """Give a mail these labels and no others."""
    changed = {**mail, "labelIds": list(dict.fromkeys(labels)), "historyId": str(store.next_id(SERVICE, "history"))}
    store.put(SERVICE, "mail", mail["id"], changed)
    return changed


def note_draft(store: Store, mail: Doc) -> str:
    """The id of a draft, under which Gmail has its mail."""
    draft = f"r{store.next_id(SERVICE, 'draft'):016d}"
    store.put(SERVICE, "draft", draft, {"id": draft, "message": mail["id"]})
    return draft


def remove(store: Store, id: str) -> None:
    store.delete(SERVICE, "mail", id)
    store.delete(SERVICE, "raw", id)


def completed(store: Store, content: bytes, now: datetime) -> bytes:
    """A mail with the headers that a service puts in where they are missing."""
    mine = profile(store)
    message = mail_message.parse(content)
    missing = {
        "From": formataddr((mine["name"], mine["address"])),
        "Date": format_datetime(now),
        "Message-ID": make_msgid(domain="mail.practice.example"),
    }
    added = [f"{name}: {value}\r\n".encode() for name, value in missing.items() if name not in message]
    return b"".join(added) + content


def deliver(store: Store, content: bytes, labels: list[str], date: datetime, thread: str | None = None) -> Doc:
    """Put a mail into the mailbox: into the thread `thread`, else into that of the mail it answers, else a new one."""
    message = mail_message.parse(content)
    message_id = str(message["Message-ID"] or "").strip()
    copies = 0
    while mail(store, id := sha256(f"{message_id} {copies}".encode()).hexdigest()[:16]):
        copies += 1
    text = mail_message.text_of(message)
    parts = mail_message.attachments(mail_message.payload(message, id))
    made = {
        "id": id,
        "threadId": thread or _thread_of(store, message) or id,
        "labelIds": labels,
        "snippet": mail_message.snippet(text),
        "sizeEstimate": len(content),
        "historyId": str(store.next_id(SERVICE, "history")),
        "internalDate": int(date.timestamp() * 1000),
        "messageId": message_id,
        **{name: message.get(name, "") for name in ("from", "to", "cc", "bcc", "subject")},
        "text": text,
        "attachments": [
            {"name": part["filename"], "size": part["body"]["size"], "mime": part["mimeType"]} for part in parts
        ],
    }
    store.put(SERVICE, "mail", id, made)
    store.put(SERVICE, "raw", id, {"raw": mail_message.encode(content)})
    return made


def answer(store: Store, id: str, text: str, now: datetime) -> Doc:
    """Whoever got a mail answers it. Raises `KeyError` for a mail that is gone."""
    answered, mine = mail(store, id), profile(store)
    if answered is None:
        raise KeyError(id)
    subject = answered["subject"]
    message = EmailMessage()
    message["From"] = formataddr(getaddresses([answered["to"]])[0])
    message["To"] = formataddr((mine["name"], mine["address"]))
    message["Subject"] = subject if subject.lower().startswith("re:") else f"Re: {subject}"
    message["In-Reply-To"] = message["References"] = answered["messageId"]
    message.set_content(text)
    with store.transaction():
        content = completed(store, message.as_bytes(policy=policy.SMTP), now)
        return deliver(store, content, ["INBOX", "UNREAD"], now, answered["threadId"])


def overview(store: Store) -> Doc:
    """The mailbox as a person would see it: {"mail": [...]}, newest first, each with its text."""
    names = {label["id"]: label["name"] for label in profile(store)["labels"]}
    return {
        "mail": [
            {
                "id": mail["id"],
                "folder": folder_of(mail),
                "from": mail["from"],
                "to": mail["to"],
                "subject": mail["subject"],
                "date": date_of(mail).isoformat(),
                "unread": "UNREAD" in mail["labelIds"],
                "labels": [names[id] for id in mail["labelIds"] if id in names],
                "text": mail["text"],
                "attachments": mail["attachments"],
            }
            for mail in reversed(mails(store))
        ]
    }


def seed(store: Store) -> None:
    """The sample mails, dated back from now."""
    samples = json.loads(_SAMPLES.read_text(encoding="utf-8"))
    store.put(SERVICE, "profile", "me", {name: samples[name] for name in ("address", "name", "labels")})
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    oldest_first = sorted(enumerate(samples["mails"], 1), key=lambda numbered: -numbered[1]["hours_ago"])
    for number, sample in oldest_first:
        date = now - timedelta(hours=sample["hours_ago"])
        folder = ["SENT"] if sample.get("folder") == "sent" else ["INBOX"]
        labels = folder + (["UNREAD"] if sample.get("unread") else []) + sample.get("labels", [])
        content = _sample_mail(sample, f"<sample-{number}@lanternworks.example>", date).as_bytes(policy=policy.SMTP)
        deliver(store, content, labels, date)


def _thread_of(store: Store, message: EmailMessage) -> str | None:
    answered = f"{message['References'] or ''} {message['In-Reply-To'] or ''}".split()
    threads = [mail["threadId"] for mail in mails(store) if mail["messageId"] in answered]
    return threads[-1] if threads else None


def _sample_mail(sample: Doc, message_id: str, date: datetime) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = sample["from"], sample["to"]
    if "cc" in sample:
        message["Cc"] = sample["cc"]
    message["Subject"] = _dated(sample["subject"], date)
    message["Date"] = format_datetime(date)
    message["Message-ID"] = message_id
    if "answers" in sample:
        message["In-Reply-To"] = f"<sample-{sample['answers']}@lanternworks.example>"
    message.set_content(_dated(sample["text"], date))
    if "html" in sample:
        message.add_alternative(_dated(sample["html"], date), subtype="html")
    for file in sample.get("attachments", []):
        mime, data = sample_files.make(file)
        kind, _, subtype = mime.partition("/")
        message.add_attachment(data, maintype=kind, subtype=subtype, filename=file["name"])
    return message


def _dated(text: str, date: datetime) -> str:
    """Fill in `{day+3}` and `{date+3}`, three days after `date`, in words and in digits; never a weekend."""

    def fill(found: re.Match[str]) -> str:
        day = date + timedelta(days=int(found[2]))
        if day.weekday() > 4:
            day += timedelta(days=7 - day.weekday())
        return f"{day:%A} {day.day} {day:%B}" if found[1] == "day" else f"{day:%d.%m.%Y}"

    return re.sub(r"\{(day|date)([+-]\d+)\}", fill, text)
