"""A small IMAP server over the practice mailbox: the commands that our connector of e-mail sends, and no others.

Sources: RFC 3501 and RFC 9051 (IMAP4rev1, rev2), RFC 4315 (UIDPLUS), 6851 (MOVE), 6154 (SPECIAL-USE), 2342 (NAMESPACE),
4959 (SASL-IR), 5530 (response codes)
"""

from __future__ import annotations

import asyncio
import inspect
import re
from base64 import b64decode
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from email.message import EmailMessage
from functools import partial
from typing import Any

from integrations.practice import TOKEN, mail_box, mail_message
from integrations.practice.mail_faults import INSTEAD, REFUSED, MailFaults
from integrations.practice.mail_folders import ATTRIBUTES, Entry, Folders
from integrations.practice.mail_structure import matcher, numbers, quoted, section, structure
from integrations.practice.store import Store

CAPABILITIES = b"IMAP4rev1 AUTH=PLAIN SASL-IR SPECIAL-USE NAMESPACE MOVE UIDPLUS"
LARGEST = 50_000_000
"""Bytes of a mail that is appended."""
LINE = 65_536
"""Bytes of one line of a command."""

_TOKEN = re.compile(rb'"((?:[^"\\]|\\.)*)"|([^\s()"]*\[[^\]]*\][^\s()]*)|([^\s()"]+)|([()])')
_SECTION = re.compile(r"BODY(?:\.PEEK)?\[([\w.]*)(?:\s*\(([^)]*)\))?\](?:<(\d+)\.(\d+)>)?", re.IGNORECASE)


class Refused(Exception):
    """The command is answered with NO, and these words."""


class Bad(Exception):
    """The command is answered with BAD: it is not one that a client may send."""


class Session:
    """One client's connection."""

    def __init__(self, store: Store, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._store, self._folders = store, Folders(store)
        self._reader, self._writer = reader, writer
        self._is_in = False
        self._selected: str | None = None
        self._faults = MailFaults(store)
        self._unsaid: list[bytes] | None = None
        """Lines that a spoiled command would answer with."""

    async def serve(self) -> None:
        self._say(b"* OK [CAPABILITY %b] Practice mail is ready" % CAPABILITIES)
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            while await self._command():
                await self._writer.drain()
        with suppress(ConnectionError):
            self._writer.close()
            await self._writer.wait_closed()

    async def _command(self) -> bool:
        """Read and answer one command. Whether there may be another."""
        words = await self._read()
        if words is None:
            return False
        tag, name = words[0], words[1].decode("ascii", "replace").upper() if len(words) > 1 else ""
        rest, is_uid = words[2:], name == "UID" and len(words) > 2
        if is_uid:
            name, rest = words[2].decode("ascii", "replace").upper(), words[3:]
        command: Callable[..., Any] | None = (
            getattr(self, f"do_{name.lower()}", None) if name in self._allowed() else None
        )
        if self._faults.takes_no_password(name) and self._is_in:
            self._say(b"* BYE [AUTHENTICATIONFAILED] The password is not accepted any more")
            return False
        fault = self._faults.take(name)
        if fault and fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
        elif fault and fault.kind not in REFUSED:
            self._unsaid = []
        try:
            if fault and fault.kind in REFUSED:
                raise Refused(REFUSED[fault.kind])
            if command is None:
                raise Bad("This command is not known, or not now")
            done = command(rest, is_uid)
            if inspect.isawaitable(done):
                done = await done
            self._say(b"%b OK %b" % (tag, done or b"Done"))
        except Refused as refusal:
            self._say(b"%b NO %b" % (tag, str(refusal).encode()))
        except (Bad, ValueError, IndexError, StopIteration, AttributeError, UnicodeError) as error:
            self._say(b"%b BAD %b" % (tag, str(error).replace("\r\n", " ").encode()))
        return self._spoil(fault.kind, tag) if fault and self._unsaid is not None else name != "LOGOUT"

    def _spoil(self, kind: str, tag: bytes) -> bool:
        """Say something else than the answer to what was done. Whether there may be another command."""
        lines, self._unsaid = self._unsaid or [], None
        if kind in INSTEAD:
            answer = b"".join(lines)
            self._writer.write(INSTEAD[kind] or answer[: len(answer) // 2])
            return False
        if kind == "failing_after":
            self._say(b"%b NO %b" % (tag, REFUSED["failing"].encode()))
        else:
            self._say(b"* SOMETHING (ELSE)\r\n%b OK Done" % tag)
        return True

    def _allowed(self) -> Iterable[str]:
        always = ("CAPABILITY", "NOOP", "LOGOUT")
        if not self._is_in:
            return (*always, "LOGIN", "AUTHENTICATE")
        inside = (*always, "NAMESPACE", "LIST", "CREATE", "SELECT", "EXAMINE", "APPEND")
        chosen = ("SEARCH", "FETCH", "STORE", "COPY", "MOVE", "EXPUNGE", "CLOSE", "UNSELECT")
        return inside if self._selected is None else (*inside, *chosen)

    # --- reading and writing lines

    async def _read(self) -> list[Any] | None:
        """The words of a command; what follows as a literal is a word too. None at the end."""
        pieces: list[bytes] = []
        literals: list[bytes] = []
        while True:
            line = await self._reader.readuntil(b"\n")
            found = re.search(rb"\{(\d{1,9})(\+?)\}\r?\n$", line)
            if not found:
                pieces.append(line)
                break
            if int(found[1]) > LARGEST:
                self._say(b"* BYE Too large")
                return None
            pieces.append(line[: found.start()] + b"\x00%d" % len(literals))
            if not found[2]:
                self._say(b"+ Go on")
                await self._writer.drain()
            literals.append(await self._reader.readexactly(int(found[1])))
        return _words(b"".join(pieces), literals)

    def _say(self, line: bytes) -> None:
        (self._writer.write if self._unsaid is None else self._unsaid.append)(line + b"\r\n")

    # --- not yet logged in

    def do_capability(self, words: list[Any], is_uid: bool) -> None:
        self._say(b"* CAPABILITY " + CAPABILITIES)

    def do_noop(self, words: list[Any], is_uid: bool) -> None:
        pass

    def do_logout(self, words: list[Any], is_uid: bool) -> None:
        self._say(b"* BYE Good bye")

    def do_login(self, words: list[Any], is_uid: bool) -> bytes:
        return self._let_in(words[0].decode(), words[1].decode())

    async def do_authenticate(self, words: list[Any], is_uid: bool) -> bytes:
        if words[0].upper() != b"PLAIN":
            raise Refused("Only PLAIN is practised here")
        given = words[1] if len(words) > 1 else None
        if given is None:
            self._say(b"+ ")
            await self._writer.drain()
            given = (await self._reader.readuntil(b"\n")).strip()
        _, user, password = b64decode(given).decode().split("\x00")
        return self._let_in(user, password)

    def _let_in(self, user: str, password: str) -> bytes:
        fits = (user.lower(), password) == (mail_box.profile(self._store)["address"], TOKEN)
        if not fits or self._faults.takes_no_password("LOGIN"):
            raise Refused("[AUTHENTICATIONFAILED] Invalid credentials")
        self._is_in = True
        return b"[CAPABILITY %b] Logged in" % CAPABILITIES

    # --- folders

    def do_namespace(self, words: list[Any], is_uid: bool) -> None:
        self._say(b'* NAMESPACE (("" "/")) NIL NIL')

    def do_list(self, words: list[Any], is_uid: bool) -> None:
        pattern = re.escape(_folder_in(words[0] + words[1])).replace(r"\*", ".*").replace("%", "[^/]*")
        for name in self._folders.names():
            if re.fullmatch(pattern, name, re.IGNORECASE):
                attribute = ATTRIBUTES.get(name, "").encode()
                self._say(
                    b'* LIST (\\HasNoChildren%b) "/" %b' % (b" " * bool(attribute) + attribute, _folder_out(name))
                )

    def do_create(self, words: list[Any], is_uid: bool) -> None:
        try:
            self._folders.create(_folder_in(words[0]))
        except KeyError:
            raise Refused("[ALREADYEXISTS] There is such a folder") from None

    def do_select(self, words: list[Any], is_uid: bool, way: bytes = b"READ-WRITE") -> bytes:
        self._selected = None
        name = self._folder(words[0])
        entries = self._folders.entries(name)
        self._say(b"* %d EXISTS" % len(entries))
        self._say(b"* 0 RECENT")
        self._say(b"* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)")
        self._say(b"* OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft \\*)] Flags")
        self._say(b"* OK [UIDVALIDITY %d] UIDs" % self._folders.uid_validity())
        self._say(b"* OK [UIDNEXT %d] Next UID" % self._folders.next_uid(name))
        self._selected = name
        return b"[%b] Selected" % way

    def do_examine(self, words: list[Any], is_uid: bool) -> bytes:
        return self.do_select(words, is_uid, b"READ-ONLY")

    def do_unselect(self, words: list[Any], is_uid: bool) -> None:
        self._selected = None

    def do_close(self, words: list[Any], is_uid: bool) -> None:
        self.do_expunge([], False)
        self._selected = None

    def _folder(self, word: bytes) -> str:
        name = self._folders.find(_folder_in(word))
        if name is None:
            raise Refused("[TRYCREATE] There is no such folder")
        return name

    # --- mails

    def do_append(self, words: list[Any], is_uid: bool) -> bytes:
        name = self._folder(words[0])
        flags = next((word for word in words[1:-1] if isinstance(word, list)), [])
        uid = self._folders.append(name, words[-1], [flag.decode() for flag in flags], datetime.now(UTC))
        return b"[APPENDUID %d %d] Appended" % (self._folders.uid_validity(), uid)

    def do_search(self, words: list[Any], is_uid: bool) -> None:
        if words[0].upper() == b"CHARSET":
            if words[1].upper() not in (b"UTF-8", b"US-ASCII"):
                raise Refused("[BADCHARSET (UTF-8)] This charset is not practised")
            words = words[2:]
        fits = matcher(words)
        found = [entry for entry in self._entries() if fits(entry, partial(self._parsed, entry))]
        self._say(b" ".join([b"* SEARCH", *(b"%d" % (entry.uid if is_uid else entry.number) for entry in found)]))

    def do_fetch(self, words: list[Any], is_uid: bool) -> None:
        items = [word.decode() for word in (words[1] if isinstance(words[1], list) else [words[1]])]
        for entry in self._chosen(words[0], is_uid):
            given = [answer for item in items for answer in self._item(item, entry)]
            uid = [b"UID %d" % entry.uid] if is_uid else []
            self._say(b"* %d FETCH (%b)" % (entry.number, b" ".join(uid + given)))

    def _item(self, item: str, entry: Entry) -> Iterable[bytes]:
        raw = self._raw(entry)
        match item.upper():
            case "UID":
                return
            case "FLAGS":
                yield b"FLAGS (%b)" % " ".join(entry.flags).encode()
            case "INTERNALDATE":
                yield f'INTERNALDATE "{mail_box.date_of(entry.mail):%d-%b-%Y %H:%M:%S +0000}"'.encode()
            case "RFC822.SIZE":
                yield b"RFC822.SIZE %d" % len(raw)
            case "BODYSTRUCTURE":
                yield b"BODYSTRUCTURE " + structure(mail_message.parse(raw))
            case _:
                found = _SECTION.fullmatch(item)
                if not found:
                    raise Bad(f"FETCH {item} is not practised here")
                content = section(raw, found[1].upper(), (found[2] or "").replace('"', "").split())
                start, place = "", item.upper().replace(".PEEK", "").partition("<")[0]
                if found[3]:
                    start = f"<{found[3]}>"
                    content = content[int(found[3]) : int(found[3]) + int(found[4])]
                yield b"%b {%d}\r\n%b" % ((place + start).encode(), len(content), content)

    def do_store(self, words: list[Any], is_uid: bool) -> None:
        how, flags = words[1].decode().upper(), {flag.decode() for flag in words[2]}
        for entry in self._chosen(words[0], is_uid):
            had = set(entry.flags)
            now = had | flags if how.startswith("+") else had - flags if how.startswith("-") else flags
            self._folders.set_flags(self._here, entry, now)
            if not how.endswith(".SILENT"):
                shown = " ".join(sorted(now)).encode()
                self._say(b"* %d FETCH (UID %d FLAGS (%b))" % (entry.number, entry.uid, shown))

    def do_copy(self, words: list[Any], is_uid: bool) -> bytes:
        target = self._folder(words[1])
        chosen = self._chosen(words[0], is_uid)
        return self._copied(chosen, [self._folders.copy(entry, target) for entry in chosen])

    def do_move(self, words: list[Any], is_uid: bool) -> None:
        target = self._folder(words[1])
        chosen = self._chosen(words[0], is_uid)
        uids = [self._folders.move(entry, self._here, target) for entry in chosen]
        if chosen:
            self._say(b"* OK " + self._copied(chosen, uids))
        self._gone(chosen)

    def _copied(self, chosen: list[Entry], uids: list[int]) -> bytes:
        if not chosen:
            return b"Nothing to do"
        source, target = (",".join(map(str, numbers)).encode() for numbers in ([e.uid for e in chosen], uids))
        return b"[COPYUID %d %b %b] Done" % (self._folders.uid_validity(), source, target)

    def do_expunge(self, words: list[Any], is_uid: bool) -> None:
        fits = numbers(words[0].decode(), 2**32) if is_uid else None
        chosen = [entry for entry in self._entries() if entry.is_deleted and (fits is None or fits(entry.uid))]
        for entry in chosen:
            self._folders.expunge(self._here, entry)
        self._gone(chosen)

    def _gone(self, entries: list[Entry]) -> None:
        for entry in reversed(entries):  # from the last, so that the numbers of the others stay what they were
            self._say(b"* %d EXPUNGE" % entry.number)

    @property
    def _here(self) -> str:
        assert self._selected is not None
        return self._selected

    def _entries(self) -> list[Entry]:
        return self._folders.entries(self._here)

    def _chosen(self, word: bytes, is_uid: bool) -> list[Entry]:
        entries = self._entries()
        last = (entries[-1].uid if is_uid else entries[-1].number) if entries else 0
        fits = numbers(word.decode(), last)
        return [entry for entry in entries if fits(entry.uid if is_uid else entry.number)]

    def _parsed(self, entry: Entry) -> EmailMessage:
        return mail_message.parse(self._raw(entry))

    def _raw(self, entry: Entry) -> bytes:
        return mail_box.raw(self._folders.store, entry.mail["id"])


def _words(line: bytes, literals: list[bytes]) -> list[Any]:
    """The words of a line, with lists for brackets. A literal stands in it as its number behind a NUL."""
    stack: list[list[Any]] = [[]]
    for text, part, atom, bracket in _TOKEN.findall(line):
        if bracket == b"(":
            stack.append([])
        elif bracket == b")":
            done = stack.pop()
            stack[-1].append(done)
        elif atom.startswith(b"\x00"):
            stack[-1].append(literals[int(atom[1:])])
        else:
            stack[-1].append(part or atom or re.sub(rb"\\(.)", rb"\1", text))
    return stack[0]


def _folder_in(word: bytes) -> str:
    """The name of a folder, which is written in a UTF-7 of its own (RFC 3501, 5.1.3)."""

    def plain(found: re.Match[str]) -> str:
        return f"+{found[1].replace(',', '/')}-".encode().decode("utf-7") if found[1] else "&"

    return re.sub(r"&([^-]*)-", plain, word.decode("ascii"))


def _folder_out(name: str) -> bytes:
    def coded(found: re.Match[str]) -> str:
        return "&" + found[0].encode("utf-7").decode()[1:].rstrip("-").replace("/", ",") + "-"

    return quoted(re.sub(r"[^\x20-\x7e]+", coded, name.replace("&", "&-")))
