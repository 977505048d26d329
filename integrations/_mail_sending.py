"""A mail on its way by SMTP, and its copy by IMAP.

Never twice: a mail that is about to be sent is first put among the drafts, and from there into the folder of sent mail.
Where a connection breaks in between, the draft tells that nobody knows, and a person is asked.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, getaddresses

from integrations import _mail_smtp
from integrations._mail_compose import message_id
from integrations._mail_connecting import Login
from integrations._mail_imap import DRAFTS, SENT, Fetched, Mailbox, MailId
from integrations._mail_servers import Server
from orchestrator.actions import Call, EffectUnknown, ServiceError


def complete(message: EmailMessage, sender: str) -> None:
    """Put in who writes it, and when."""
    message["From"] = sender
    message["Date"] = format_datetime(datetime.now(UTC).astimezone())


def dispatch(
    mailbox: Mailbox, smtp: Server, login: Login, message: EmailMessage, sender: str, call: Call, timeout: float
) -> MailId:
    """Send a mail, and give the id of its copy among the sent ones. `sender` is the address, `timeout` in seconds."""
    headers = [str(value) for name in ("To", "Cc", "Bcc") for value in message.get_all(name, [])]
    recipients = list(dict.fromkeys(address for _, address in getaddresses(headers) if address))
    kept = message.as_bytes()
    del message["Bcc"]
    with _mail_smtp.opened(smtp, login, timeout) as outbox:
        outbox.ensure_fits(len(kept))
        drafts = mailbox.special(DRAFTS)
        draft = mailbox.find_own(call.key, drafts)
        call.sending()
        draft = draft or mailbox.append(drafts, kept, ("\\Draft", "\\Seen"), message_id(call.key).strip("<>"))
        try:
            outbox.send(sender, recipients, message.as_bytes())
        except _mail_smtp.Unsure:
            raise
        except ServiceError:
            with suppress(ServiceError):
                mailbox.select(drafts, readonly=False)
                mailbox.delete(draft.uid)
            raise
    call.log(f"Sent '{message['Subject']}' to {', '.join(recipients)}.")
    try:
        return _moved_to_sent(mailbox, draft, call)
    except ServiceError as error:
        call.log(f"The mail was sent, but its copy still lies among the drafts: {error}")
        return draft


def find_sent(mailbox: Mailbox, key: str) -> Fetched | None:
    """What an earlier attempt sent. Raises `EffectUnknown` where it stopped on its way."""
    sent = mailbox.find_own(key, mailbox.special(SENT))
    if sent and (found := mailbox.fetch([sent.uid])):
        return found[0]
    draft = mailbox.find_own(key, mailbox.special(DRAFTS))
    if draft:
        raise EffectUnknown(
            f"The mail was on its way when the connection broke: nobody knows whether it was sent. It lies in "
            f"'{draft.folder}'.",
            remedy="Ask whom it is for whether it came, then say whether it happened.",
        )
    return None


def _moved_to_sent(mailbox: Mailbox, draft: MailId, call: Call) -> MailId:
    """Some servers keep a copy of what is sent by themselves: then ours is one too many."""
    sent = mailbox.special(SENT)
    theirs = mailbox.find_own(call.key, sent)
    mailbox.select(draft.folder, readonly=False)
    if theirs:
        mailbox.delete(draft.uid)
        return theirs
    mailbox.flag(draft.uid, "\\Draft", False)
    mailbox.move(draft.uid, sent)
    return mailbox.in_folder(draft, sent)
