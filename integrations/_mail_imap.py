"""A mailbox by IMAP, through imapclient: each call is one or a few commands, each error of it one of ours.

Sources: RFC 9051 (IMAP4rev2), RFC 3501, 6154 (special folders), 4315 (UIDPLUS), 5530 (response codes)
"""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import quote, unquote

from integrations._mail_compose import KEY_HEADER, digest, message_id
from integrations._mail_connecting import Login, connecting, in_words, login_refused
from integrations._mail_idle import Idle
from integrations._mail_parts import Part, from_base64, parts_of, undone
from integrations._mail_servers import Server
from integrations._mail_text import header_lines
from orchestrator.actions import AccountError, NotYet, RateLimited, ServiceError, Unavailable

HEADERS = "FROM TO CC REPLY-TO SUBJECT MESSAGE-ID REFERENCES IN-REPLY-TO"
SENT, DRAFTS, ARCHIVE = "\\Sent", "\\Drafts", "\\Archive"
_FALLBACKS = {SENT: "Sent", DRAFTS: "Drafts", ARCHIVE: "Archive"}

MOST_TEXT = 1_000_000
"""Bytes of a text that are read of a part."""
ASKED = 5.0
"""Seconds in which a server says that it is still there."""
_PIECE = 1_000_000
"""Bytes of an attachment that are asked for at a time."""

_SEPARATORS = re.compile(r'[\s(){}%*"\\\]\[]+')
"""What stands between words, and what IMAP does not take inside of one."""


@dataclass(frozen=True, slots=True)
class MailId:
    """Where a mail lies, and its name among all mails of the world, by which it is found after it was moved."""

    folder: str
    validity: int
    uid: int
    message_id: str

    def __str__(self) -> str:
        return f"{quote(self.folder, safe=' ')}/{self.validity}/{self.uid}/{self.message_id}"

    @classmethod
    def of(cls, text: str) -> MailId:
        """Raises `ServiceError`."""
        found = re.fullmatch(r"([^/]+)/(\d{1,10})/(\d{1,10})/(.*)", text)
        if not found:
            raise ServiceError(f"'{text[:80]}' is not the id of a mail.", remedy="Take the id that a search gave.")
        return cls(unquote(found[1]), int(found[2]), int(found[3]), found[4])


@dataclass(frozen=True, slots=True)
class Fetched:
    """A mail without its texts. `headers` are by small name, as they came."""

    id: MailId
    flags: tuple[str, ...]
    date: datetime
    headers: dict[str, str]
    parts: tuple[Part, ...]


class Mailbox:
    """A connection to one mailbox."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._selected, self._validity = "", 0
        self._listed: list[tuple[tuple[str, ...], str, str]] | None = None

    # --- folders

    def folders(self) -> list[str]:
        return [name for flags, _, name in self._folders() if "\\noselect" not in flags]

    def folder(self, name: str) -> str | None:
        """A folder by its name, in any case and without the mailbox's own prefix."""
        prefix, delimiter = self._prefix()
        wanted = {form.casefold() for form in (name, prefix + name, prefix + name.replace("/", delimiter))}
        known = self.folders()
        return name if name in known else next((one for one in known if one.casefold() in wanted), None)

    def create_folder(self, name: str) -> str:
        prefix, delimiter = self._prefix()
        whole = prefix + name.replace("/", delimiter)
        self._client.create_folder(whole)
        self._listed = None
        return whole

    def special(self, use: str) -> str:
        """The folder for sent mail, drafts or the archive, made where the mailbox has none."""
        found = self._with_flag(use) or self._client.find_special_folder(use.encode())
        if found is None and use == ARCHIVE:  # Gmail's archive is the folder of all mail
            found = self.folder("Archives") or self._with_flag("\\All")
        return found or self.folder(_FALLBACKS[use]) or self.create_folder(_FALLBACKS[use])

    def _with_flag(self, flag: str) -> str | None:
        return next((name for flags, _, name in self._folders() if flag.lower() in flags), None)

    def _folders(self) -> list[tuple[tuple[str, ...], str, str]]:
        if self._listed is None:
            self._listed = [
                (tuple(flag.decode().lower() for flag in flags), (delimiter or b"/").decode(), str(name))
                for flags, delimiter, name in self._client.list_folders()
            ]
        return self._listed

    def _prefix(self) -> tuple[str, str]:
        """What stands before the name of a folder of one's own, and what between its parts."""
        delimiter = next((delimiter for _, delimiter, _ in self._folders()), "/")
        if not self._client.has_capability("NAMESPACE"):
            return "", delimiter
        mine = self._client.namespace().personal
        return (mine[0][0], mine[0][1] or delimiter) if mine else ("", delimiter)

    def select(self, folder: str, *, readonly: bool = True) -> None:
        """Raises `ServiceError` where there is no such folder."""
        there = self.folder(folder)
        if there is None:
            raise ServiceError(f"The mailbox has no folder '{folder}'.", remedy="Check its name.")
        answer = self._client.select_folder(there, readonly=readonly)
        if b"UIDVALIDITY" not in answer:
            raise Unavailable(f"The mail server does not open the folder '{there}'.", remedy="Try again in a minute.")
        self._validity = int(answer[b"UIDVALIDITY"])
        self._selected = there

    # --- reading

    def search(
        self, folder: str, *, unread: bool, words: str, sender: str, subject: str, since: date | None
    ) -> list[int]:
        """The UIDs of the mails of a folder that fit, the newest first."""
        self.select(folder)
        criteria: list[Any] = ["UNSEEN"] if unread else ["ALL"]
        for key, text in (("TEXT", words), ("FROM", sender), ("SUBJECT", subject)):
            for word in filter(None, _SEPARATORS.split(text)):
                criteria += [key, word]
        if since:
            criteria += ["SINCE", since]
        is_ascii = all(one.isascii() for one in criteria if isinstance(one, str))
        return sorted(self._client.search(criteria, None if is_ascii else "UTF-8"), reverse=True)

    def fetch(self, uids: list[int]) -> list[Fetched]:
        """Mails of the selected folder, in the order of `uids`. One that is gone is left out."""
        if not uids:
            return []
        wanted = ["FLAGS", "INTERNALDATE", "BODYSTRUCTURE", f"BODY.PEEK[HEADER.FIELDS ({HEADERS})]"]
        answers = self._client.fetch(uids, wanted)
        return [self._fetched(uid, answers[uid]) for uid in uids if b"BODYSTRUCTURE" in answers.get(uid, {})]

    def _fetched(self, uid: int, answer: dict[bytes, Any]) -> Fetched:
        content = next((value for name, value in answer.items() if name.startswith(b"BODY[HEADER")), b"")
        headers = header_lines(content or b"")
        when = answer.get(b"INTERNALDATE") or datetime.now(UTC)
        return Fetched(
            id=MailId(
                self._selected, self._validity, uid, " ".join(headers.get("message-id", "").strip("<> \t").split())
            ),
            # "Recent" tells of this connection, not of the mail.
            flags=tuple(
                sorted(flag.decode("utf-8", "replace") for flag in answer.get(b"FLAGS", ()) if flag != b"\\Recent")
            ),
            date=(when if when.tzinfo else when.astimezone()).astimezone(UTC),
            headers=headers,
            parts=tuple(parts_of(answer[b"BODYSTRUCTURE"])),
        )

    def texts(self, mails: list[Fetched]) -> dict[int, dict[str, bytes]]:
        """The content of each part that is text, by UID and number. Mails that are alike are asked for together."""
        alike: dict[tuple[str, ...], list[Fetched]] = {}
        for mail in mails:
            alike.setdefault(tuple(part.number for part in mail.parts if part.is_text), []).append(mail)
        found: dict[int, dict[str, bytes]] = {}
        for numbers, group in alike.items():
            wanted = [f"BODY.PEEK[{number}]<0.{MOST_TEXT}>" for number in numbers]
            answers = self._client.fetch([mail.id.uid for mail in group], wanted) if wanted else {}
            for mail in group:
                answer = answers.get(mail.id.uid, {})
                found[mail.id.uid] = {
                    part.number: undone(answer.get(f"BODY[{part.number}]<0>".encode()) or b"", part.encoding)
                    for part in mail.parts
                    if part.is_text
                }
        return found

    def content(self, uid: int, part: Part) -> Iterator[bytes]:
        """The content of a part of a mail of the selected folder, piece by piece."""
        pieces = self._pieces(uid, part)
        if part.encoding == "base64":
            yield from from_base64(pieces)
        elif part.encoding == "quoted-printable":  # its lines do not end where pieces do; it is meant for small parts
            yield undone(b"".join(pieces), part.encoding)
        else:
            yield from pieces

    def _pieces(self, uid: int, part: Part) -> Iterator[bytes]:
        at = 0
        while at < part.size:
            answer = self._client.fetch([uid], [f"BODY.PEEK[{part.number}]<{at}.{_PIECE}>"]).get(uid, {})
            piece = answer.get(f"BODY[{part.number}]<{at}>".encode())
            if not piece:
                raise Unavailable("The mail server broke off in the middle of an attachment.", remedy="Try again.")
            yield piece
            at += len(piece)

    def locate(self, id: MailId, *, readonly: bool = True) -> int | None:
        """Select the folder of a mail and give its UID there; None where it is no more."""
        self.select(id.folder, readonly=readonly)
        if id.uid and id.validity == self._validity and self._client.search(["UID", str(id.uid)]):
            return id.uid
        return self.find_in_selected(id.message_id)

    def find_in_selected(self, message_id: str) -> int | None:
        """The newest mail of that Message-ID in the selected folder."""
        return max(self._client.search(["HEADER", "Message-ID", message_id]), default=None) if message_id else None

    def find_reply(self, id: MailId, folder: str) -> int | None:
        """The first mail of a folder that answers that mail, or an answer to it. The folder is selected then."""
        self.select(folder)
        if not id.message_id:
            return None
        name = id.message_id
        found = self._client.search(["OR", "HEADER", "In-Reply-To", name, "HEADER", "References", name])
        return min(found, default=None)

    def find_own(self, key: str, folder: str, *, readonly: bool = True) -> MailId | None:
        """The mail that was written with this key. A server may have put in a Message-ID of its own."""
        self.select(folder, readonly=readonly)
        name = message_id(key).strip("<>")
        found = self._client.search(["OR", "HEADER", "Message-ID", name, "HEADER", KEY_HEADER, digest(key)])
        return MailId(folder, self._validity, max(found), name) if found else None

    # --- writing

    def append(self, folder: str, content: bytes, flags: tuple[str, ...], name: str) -> MailId:
        """Put a mail into a folder. `name` is its Message-ID."""
        answer = self._client.append(folder, content, flags)
        found = re.search(rb"\[APPENDUID (\d+) (\d+)\]", answer if isinstance(answer, bytes) else str(answer).encode())
        if found:
            return MailId(folder, int(found[1]), int(found[2]), name)
        self.select(folder)
        return MailId(folder, self._validity, self.find_in_selected(name) or 0, name)

    def move(self, uid: int, folder: str) -> None:
        """Put a mail of the selected folder into another."""
        if self._client.has_capability("MOVE"):
            self._client.move([uid], folder)
        else:
            self._client.copy([uid], folder)
            self.delete(uid)

    def copy(self, uid: int, folder: str) -> None:
        self._client.copy([uid], folder)

    def delete(self, uid: int) -> None:
        """For good. Without UIDPLUS it is only marked: to sweep would take what others have marked, too."""
        self._client.add_flags([uid], ["\\Deleted"], silent=True)
        if self._client.has_capability("UIDPLUS"):
            self._client.uid_expunge([uid])

    def flag(self, uid: int, flag: str, on: bool) -> None:
        change = self._client.add_flags if on else self._client.remove_flags
        change([uid], [flag], silent=True)

    def in_folder(self, id: MailId, folder: str) -> MailId:
        """The id of a mail that has just been put into a folder."""
        self.select(folder)
        return MailId(folder, self._validity, self.find_in_selected(id.message_id) or 0, id.message_id)


class _Understood:
    """An IMAP client of which an answer of another form, over which it stumbles, is an error of ours."""

    def __init__(self, client: Any, server: Server) -> None:
        self._client, self._server = client, server

    def __getattr__(self, name: str) -> Any:
        command = getattr(self._client, name)

        def ask(*args: Any, **named: Any) -> Any:
            try:
                return command(*args, **named)
            except (TypeError, ValueError, LookupError, AttributeError, AssertionError) as error:
                raise _unreadable(self._server) from error

        return ask


def _unreadable(server: Server) -> Unavailable:
    return Unavailable(f"The mail server {server} answers what nobody can read.", remedy="Try again in a minute.")


def _is_well(client: Any) -> bool:
    client.socket().settimeout(ASKED)
    client.noop()
    return True


_idle: Idle[Any] = Idle(_is_well, part=lambda client: client.logout(), hang_up=lambda client: client.shutdown())


@contextmanager
def opened(server: Server, login: Login, timeout: float) -> Iterator[Mailbox]:
    """A mailbox, logged in. `timeout` is in seconds, for one answer. What goes wrong is raised as an error of ours."""
    from imapclient.exceptions import IMAPClientAbortError, IMAPClientError, LoginError, ProtocolError

    with connecting("IMAP", server):
        client: Any = None
        is_well = False
        try:
            client = _idle.take((server, login))
            if client is None:
                client = _connected(server, timeout)
                _log_in(client, server, login)
            client.socket().settimeout(timeout)
            yield Mailbox(_Understood(client, server))
            is_well = True
        except NotYet:
            is_well = True  # what somebody waits for is not there: the server is
            raise
        except LoginError as error:
            raise login_refused(in_words(error), server, login) from error
        except IMAPClientAbortError as error:
            raise Unavailable(
                f"The mail server {server} hung up: {in_words(error)}.", remedy="Try again in a minute."
            ) from error
        except ProtocolError as error:
            raise _unreadable(server) from error
        except UnicodeEncodeError:
            raise AccountError(
                f"The mail server {server} takes no such letters in a password.",
                remedy="Use a password of plain letters and digits.",
            ) from None
        except IMAPClientError as error:
            raise _refused(in_words(error), server) from error
        finally:
            if is_well:
                _idle.give((server, login), client)
            elif client is not None:
                with suppress(Exception):
                    client.shutdown()  # without a word: a server that is silent is not waited for once more


def _connected(server: Server, timeout: float) -> Any:
    from imapclient import IMAPClient, SocketTimeout

    client: Any = IMAPClient(
        server.host,
        server.port,
        ssl=server.security == "ssl",
        ssl_context=ssl.create_default_context() if server.security == "ssl" else None,
        timeout=SocketTimeout(connect=min(timeout, 15.0), read=timeout),  # pyright: ignore[reportArgumentType]
    )
    client.normalise_times = False
    # A command is written in pieces: without this, each but the first waits for the server's next sign of life.
    client.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def _log_in(client: Any, server: Server, login: Login) -> None:
    if server.security == "starttls":
        client.starttls(ssl.create_default_context())
    if client.has_capability("AUTH=PLAIN"):
        client.plain_login(login.user, login.password)
    else:
        client.login(login.user, login.password)


def _refused(said: str, server: Server) -> ServiceError:
    """What a NO or a BAD means. Source of the codes: RFC 5530"""
    if "OVERQUOTA" in said or "quota" in said.lower():
        return ServiceError(f"The mailbox is full: {said}.", remedy="Delete old mail, then try again.")
    if "[LIMIT]" in said:
        return RateLimited(f"The mail server asks us to slow down: {said}.", remedy="Wait a little, then try again.")
    if "[UNAVAILABLE]" in said or "[INUSE]" in said or "[SERVERBUG]" in said:
        return Unavailable(f"The mail server {server} has a problem: {said}.", remedy="Try again later.")
    return ServiceError(f"The mail server {server} refused: {said}.", remedy="Check the values of the step.")
