"""E-mail of any provider: search and file by IMAP, send by SMTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from email.message import EmailMessage

from integrations import _mail_imap, _mail_smtp, _mail_text
from integrations._mail_account import EmailAccount
from integrations._mail_compose import attached, compose, letter, message_id, their_subject, whoever_wrote_it
from integrations._mail_fields import not_answered
from integrations._mail_imap import ARCHIVE, DRAFTS, SENT, Fetched, Mailbox, MailId
from integrations._mail_models import (
    ArchiveMessage,
    CreateDraft,
    FiledMail,
    FoundMail,
    GetMessage,
    Mails,
    MarkMessage,
    MoveMessage,
    ReplyMessage,
    SearchMessages,
    SendMessage,
    SentMail,
    WaitForReply,
    WholeMail,
    day_of,
)
from integrations._mail_reading import answered as answered_mail
from integrations._mail_reading import read, save_attachments, summary, texts, there, to_and_subject
from integrations._mail_recipients import in_a_line
from integrations._mail_sending import complete, dispatch, find_sent
from integrations._mail_servers import Servers
from orchestrator.actions import (
    Call,
    Connector,
    Plan,
    ServiceError,
    placeholder,
)

REQUEST_TIMEOUT = 30.0
"""Seconds that one answer may take, unless the attempt may take less."""

_STATES = {
    "read": ("\\Seen", True),
    "unread": ("\\Seen", False),
    "starred": ("\\Flagged", True),
    "not starred": ("\\Flagged", False),
}


email = Connector(
    "email",
    title="E-mail (IMAP and SMTP)",
    icon=":material/alternate_email:",
    description="Search, read, send, answer and file mail of any provider.",
    account=EmailAccount,
    practice={"base_url": "{practice}/email", "address": "sam@lanternworks.example", "password": "practice"},
    concurrency=5,  # providers let one mailbox have 10 to 15 connections
)


@email.action("Search mail", effect="read", result=Mails)
def search_messages(p: SearchMessages, account: EmailAccount, call: Call) -> Mails:
    since = day_of(p.since, date.today()) if p.since else None
    with _opened(account, call) as (mailbox, _):
        wanted = {"words": p.words, "sender": p.sender, "subject": p.subject}
        uids = mailbox.search(p.folder, unread=p.unread, since=since, **wanted)[: p.limit]
        found = mailbox.fetch(uids)
        contents = mailbox.texts(found)
    call.log(f"Found {len(found)} mail{'' if len(found) == 1 else 's'} in '{p.folder}'.")
    return Mails(messages=[FoundMail(**summary(mail, contents[mail.id.uid])) for mail in found], count=len(found))


@email.action("Read a mail", effect="read", result=WholeMail)
def get_message(p: GetMessage, account: EmailAccount, call: Call) -> WholeMail:
    with _opened(account, call) as (mailbox, _):
        mail = read(mailbox, p.id)
        contents = mailbox.texts([mail])[mail.id.uid]
        told = summary(mail, contents)
        if p.save_attachments:
            told["attachments"] = save_attachments(mailbox, mail, call)
    return WholeMail(
        **told,
        cc=_mail_text.decoded(mail.headers.get("cc", "")),
        reply_to=_mail_text.decoded(mail.headers.get("reply-to", "")),
        message_id=mail.headers.get("message-id", ""),
        html="\n".join(map(_mail_text.made_safe, texts(mail, contents, "text/html"))),
        flags=list(mail.flags),
    )


@email.action("Wait for a reply", effect="read", result=FoundMail)
def wait_for_reply(p: WaitForReply, account: EmailAccount, call: Call) -> FoundMail:
    with _opened(account, call) as (mailbox, _):
        uid = mailbox.find_reply(MailId.of(p.id), p.folder)
        found = mailbox.fetch([] if uid is None else [uid])
        if not found:
            raise not_answered(call)
        reply = FoundMail(**summary(found[0], mailbox.texts(found)[found[0].id.uid]))
    call.log(f"{reply.sender_name} answered.")
    return reply


@email.action("Send a mail", effect="write", result=SentMail)
def send_message(p: SendMessage, account: EmailAccount, call: Call) -> SentMail:
    files = _files(p.attachments, call)
    message = compose(p, call.key, to=p.to, subject=p.subject, reply_to=p.reply_to, files=files)
    with _opened(account, call) as (mailbox, servers):
        id = _dispatched(mailbox, servers, message, account, call)
    return _sent(id, p.to, p.subject)


@send_message.preview
def _(p: SendMessage, account: EmailAccount) -> Plan:
    return Plan(
        summary=f"Send '{p.subject}' to {in_a_line(p.to)}",
        request=letter(p, account.mailbox, to=p.to, subject=p.subject, reply_to=p.reply_to),
        result=_planned(p.to, p.subject),
    )


@send_message.find
def _(p: SendMessage, account: EmailAccount, call: Call) -> SentMail | None:
    found = _found(account, call)
    return _sent(found.id, p.to, p.subject) if found else None


@email.action("Answer a mail", effect="write", result=SentMail)
def reply_message(p: ReplyMessage, account: EmailAccount, call: Call) -> SentMail:
    files = _files(p.attachments, call)
    with _opened(account, call) as (mailbox, servers):
        answered = answered_mail(mailbox, p.id, account.address)
        to = p.to or answered.writer()
        others = answered.others([*to, account.address]) if p.everyone else []
        message = compose(p, call.key, to=to, subject=answered.subject, cc=others, answered=answered, files=files)
        id = _dispatched(mailbox, servers, message, account, call)
    return _sent(id, to, answered.subject)


@reply_message.preview
def _(p: ReplyMessage, account: EmailAccount) -> Plan:
    to, subject = p.to or whoever_wrote_it(), their_subject()
    return Plan(
        summary="Answer a mail" + (f" to {in_a_line(p.to)}" if p.to else ""),
        request=letter(p, account.mailbox, to=to, subject=subject, answers=p.id)
        | ({"also_to": "all others who got the mail"} if p.everyone else {}),
        result=_planned(to, subject),
    )


@reply_message.find
def _(p: ReplyMessage, account: EmailAccount, call: Call) -> SentMail | None:
    found = _found(account, call)
    return _sent(found.id, *to_and_subject(found)) if found else None


@email.action("Write a draft", effect="write", result=SentMail)
def create_draft(p: CreateDraft, account: EmailAccount, call: Call) -> SentMail:
    files = _files(p.attachments, call)
    with _opened(account, call) as (mailbox, _):
        answered = answered_mail(mailbox, p.answers, account.address) if p.answers else None
        to = p.to or (answered.writer() if answered else [])
        subject = p.subject or (answered.subject if answered else "")
        message = compose(p, call.key, to=to, subject=subject, reply_to=p.reply_to, answered=answered, files=files)
        complete(message, account.mailbox)
        folder = mailbox.special(DRAFTS)
        call.sending()
        id = mailbox.append(folder, message.as_bytes(), ("\\Draft", "\\Seen"), message_id(call.key).strip("<>"))
    call.log(f"Wrote the draft '{subject}'.")
    return _sent(id, to, subject)


@create_draft.preview
def _(p: CreateDraft, account: EmailAccount) -> Plan:
    to = p.to or (whoever_wrote_it() if p.answers else [])
    subject = p.subject or (their_subject() if p.answers else "")
    written = letter(p, account.mailbox, to=to, subject=subject, reply_to=p.reply_to, answers=p.answers)
    return Plan(
        summary=f"Write the draft '{subject}'",
        request={"draft": "It is not sent: it waits among the drafts.", **written},
        result=_planned(to, subject),
    )


@create_draft.find
def _(p: CreateDraft, account: EmailAccount, call: Call) -> SentMail | None:
    with _opened(account, call) as (mailbox, _):
        for use in (DRAFTS, SENT):  # a person may have sent it since
            if (id := mailbox.find_own(call.key, mailbox.special(use))) and (found := mailbox.fetch([id.uid])):
                return _sent(found[0].id, *to_and_subject(found[0]))
    return None


@email.action("Put a mail into a folder", effect="idempotent_write", result=FiledMail)
def move_message(p: MoveMessage, account: EmailAccount, call: Call) -> FiledMail:
    def target(mailbox: Mailbox) -> str:
        folder = mailbox.folder(p.folder)
        if folder is None and not p.create:
            raise ServiceError(
                f"The mailbox has no folder '{p.folder}'.",
                remedy="Check its name, or let the step make the folder if there is none.",
            )
        if folder is None:
            call.sending()
            folder = mailbox.create_folder(p.folder)
        return folder

    return _put(p.id, target, account, call, keep=p.keep)


@move_message.preview
def _(p: MoveMessage, account: EmailAccount) -> Plan:
    return Plan(
        summary=f"{'Copy' if p.keep else 'Move'} a mail into the folder {p.folder}",
        request={"mail": p.id, "folder": p.folder}
        | ({"make_the_folder": "yes"} if p.create else {})
        | ({"leave_it_too": "yes"} if p.keep else {}),
        result=FiledMail(id=placeholder("mail id"), folder=p.folder),
    )


@email.action("Archive a mail", effect="idempotent_write", result=FiledMail)
def archive_message(p: ArchiveMessage, account: EmailAccount, call: Call) -> FiledMail:
    return _put(p.id, lambda mailbox: mailbox.special(ARCHIVE), account, call)


@archive_message.preview
def _(p: ArchiveMessage, account: EmailAccount) -> Plan:
    return Plan(
        summary="Put a mail into the archive",
        request={"mail": p.id, "archive": "It leaves its folder and lies in the archive."},
        result=FiledMail(id=placeholder("mail id"), folder=placeholder("folder")),
    )


@email.action("Mark a mail", effect="idempotent_write", result=FiledMail)
def mark_message(p: MarkMessage, account: EmailAccount, call: Call) -> FiledMail:
    id = MailId.of(p.id)
    with _opened(account, call) as (mailbox, _):
        uid = there(mailbox.locate(id, readonly=False), id)
        call.sending()
        mailbox.flag(uid, *_STATES[p.state])
    return FiledMail(id=p.id, folder=id.folder)


@mark_message.preview
def _(p: MarkMessage, account: EmailAccount) -> Plan:
    return Plan(
        summary=f"Mark a mail as {p.state}",
        request={"mail": p.id, "mark_as": p.state},
        result=FiledMail(id=p.id, folder=MailId.of(p.id).folder),
    )


@email.picker("folders")
def folders(account: EmailAccount) -> list[tuple[str, str]]:
    with _opened(account) as (mailbox, _):
        return [(name, name) for name in mailbox.folders()]


@email.check
def check(account: EmailAccount) -> str:
    with _opened(account) as (_, servers), _mail_smtp.opened(servers.smtp, account.login, REQUEST_TIMEOUT):
        return f"{account.address} (reads at {servers.imap.host}, sends by {servers.smtp.host})"


# The parts of an action


def _dispatched(mailbox: Mailbox, servers: Servers, message: EmailMessage, account: EmailAccount, call: Call) -> MailId:
    complete(message, account.mailbox)
    return dispatch(mailbox, servers.smtp, account.login, message, account.address, call, _timeout(call))


def _found(account: EmailAccount, call: Call) -> Fetched | None:
    with _opened(account, call) as (mailbox, _):
        return find_sent(mailbox, call.key)


def _sent(id: MailId, to: Sequence[str], subject: str) -> SentMail:
    return SentMail(id=str(id), to=", ".join(to), subject=subject, message_id=f"<{id.message_id}>")


def _planned(to: Sequence[str], subject: str) -> SentMail:
    return SentMail(id=placeholder("mail id"), to=", ".join(to), subject=subject, message_id=placeholder("Message-ID"))


def _put(
    text: str, target: Callable[[Mailbox], str], account: EmailAccount, call: Call, *, keep: bool = False
) -> FiledMail:
    """Bring a mail into a folder. One that an earlier attempt has put there stays as it is."""
    id = MailId.of(text)
    with _opened(account, call) as (mailbox, _):
        folder = target(mailbox)
        if folder == id.folder:
            return FiledMail(id=text, folder=folder)
        mailbox.select(folder)
        known = mailbox.find_in_selected(id.message_id)
        uid = mailbox.locate(id, readonly=False)
        if known is None or (uid is not None and not keep):
            call.sending()
            (mailbox.copy if keep else mailbox.move)(there(uid, id), folder)
        return FiledMail(id=str(mailbox.in_folder(id, folder)), folder=folder)


def _files(paths: list[str], call: Call) -> list[tuple[str, bytes]]:
    return attached(call.folder(), paths, "mail") if paths else []


def _timeout(call: Call | None) -> float:
    return min(REQUEST_TIMEOUT, call.timeout) if call else REQUEST_TIMEOUT


@contextmanager
def _opened(account: EmailAccount, call: Call | None = None) -> Iterator[tuple[Mailbox, Servers]]:
    """The account's mailbox, and where its servers are."""
    servers = account.servers(_timeout(call))
    with _mail_imap.opened(servers.imap, account.login, _timeout(call)) as mailbox:
        yield mailbox, servers
