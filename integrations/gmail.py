"""Gmail: search, read and send mail, through Google's own client.

Source: developers.google.com/workspace/gmail/api/reference/rest/v1
"""

from __future__ import annotations

import html
import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import getaddresses, parsedate_to_datetime
from functools import lru_cache
from hashlib import sha256
from html.parser import HTMLParser
from http.client import BadStatusLine, HTTPException
from typing import Annotated, Any, NoReturn
from urllib.parse import urlsplit

from pydantic import AfterValidator

from orchestrator.actions import (
    Account,
    AccountError,
    Call,
    Connector,
    Params,
    Plan,
    RateLimited,
    Result,
    SecretStr,
    ServiceError,
    Unavailable,
    field,
    placeholder,
)

REQUEST_TIMEOUT = 30.0
"""Seconds that one request may take, unless the attempt may take less."""

KEY_HEADER = "X-Patchbay-Key"
"""Marks what we sent. Gmail may put a Message-ID of its own in place of ours; other headers it keeps."""

_LOOK_BACK = 50
"""How many of the latest sent mails `find` reads, where the search by Message-ID finds nothing."""


class GmailAccount(Account):
    """A mailbox. `studio_url` is set for the practice account alone, whose mail is looked at in the studio."""

    token: SecretStr = field("Access token", description="An OAuth token of Google that may read and send mail.")
    address: str = field("Mail address", default="", description="Shown as the sender before a mail goes out.")
    base_url: str = field("Address of the API", default="https://gmail.googleapis.com", expert=True)
    studio_url: str = ""


gmail = Connector(
    "gmail",
    title="Gmail",
    icon=":material/mail:",
    description="Search, read and send mail.",
    account=GmailAccount,
    practice={
        "base_url": "{practice}/gmail",
        "token": "practice",
        "address": "sam@lanternworks.example",
        "studio_url": "{studio}",
    },
)


class Attachment(Result):
    name: str = field("File name")
    mime: str = field("Type", examples=["application/pdf"])
    size: int = field("Size in bytes")


class MessageSummary(Result):
    """One mail, with its text."""

    id: str = field("Id")
    thread_id: str = field("Thread id")
    sender: str = field("From", description="The address.", examples=["ana@example.com"])
    sender_name: str = field("Sender's name", description="The address, where no name is given.")
    to: str = field("To")
    subject: str = field("Subject")
    date: str = field("Date", description="When Gmail got it: ISO 8601, in UTC.")
    snippet: str = field("Beginning of the text")
    text: str = field("Text", description="The plain text. Of a mail that has only HTML, that made plain.")
    unread: bool = field("Unread")
    attachments: list[Attachment] = field("Attachments")
    url: str = field("Link")


class Messages(Result):
    messages: list[MessageSummary] = field("Mails", description="Newest first.")
    count: int = field("How many")


class FullMessage(MessageSummary):
    """One mail, with its text and all that a person may want to know of it."""

    cc: str = field("Copy to")
    reply_to: str = field("Reply to")
    message_id: str = field("Message-ID", description="Its name among all mails of the world.")
    labels: list[str] = field("Labels", examples=[["INBOX", "UNREAD"]])


class SentMessage(Result):
    id: str = field("Id")
    thread_id: str = field("Thread id")
    to: str = field("To")
    subject: str = field("Subject")
    url: str = field("Link")


def _whole(value: str) -> str:
    if re.search("[\ud800-\udfff]", value):
        raise ValueError("This holds half of a character, which cannot be sent: write the text anew.")
    return value


def _one_line(value: str) -> str:
    """What is put into a header: a line break in it could add headers of its own."""
    line = _whole(value).strip()
    if len(line.splitlines()) > 1:
        raise ValueError("This must be a single line: take the line breaks out.")
    return line


def _address_list(value: str) -> str:
    line = _one_line(value)
    addresses = [address for _, address in getaddresses([line])] if line else []
    if not all(address.isascii() and re.fullmatch(r"[^\s@,;]+@[^\s@,;]+", address) for address in addresses):
        raise ValueError(f"'{line}' is not an e-mail address, or several with commas between them.")
    return line


Text = Annotated[str, AfterValidator(_whole)]
Line = Annotated[str, AfterValidator(_one_line)]
Addresses = Annotated[str, AfterValidator(_address_list)]


class SearchMessages(Params):
    """Find mail with a Gmail search. Each mail comes with its text."""

    query: Text = field(
        "Search",
        default="is:unread",
        description="As in Gmail's own search box. Empty means all mail.",
        examples=["is:unread newer_than:7d", "from:ana@example.com has:attachment"],
    )
    limit: int = field("At most", default=10, ge=1, le=50, description="How many mails, the newest first.")


class GetMessage(Params):
    """Read one mail."""

    id: Line = field("Mail id", min_length=1, examples=["18c2f0a1b2c3d4e5"])


class SendMessage(Params):
    """Send a mail of plain text."""

    to: Addresses = field("To", min_length=1, description="Addresses, with commas between them.")
    subject: Line = field("Subject")
    body: Text = field("Text", widget="multiline")
    cc: Addresses = field("Copy to", default="", expert=True)
    reply_to: Addresses = field(
        "Reply to", default="", expert=True, description="Where answers go, if not to the sender."
    )


@gmail.action("Search mail", effect="read", result=Messages)
def search_messages(p: SearchMessages, account: GmailAccount, call: Call) -> Messages:
    with _mailbox(account, call) as mailbox:
        found: list[MessageSummary] = []
        for id in mailbox.list_ids(p.limit, q=p.query):
            if message := mailbox.get_if_there(id, format="full"):
                found.append(MessageSummary(**_summary(message, account)))
    call.log(f"Found {len(found)} mail{'' if len(found) == 1 else 's'} for '{p.query}'.")
    return Messages(messages=found, count=len(found))


@gmail.action("Read a mail", effect="read", result=FullMessage)
def get_message(p: GetMessage, account: GmailAccount, call: Call) -> FullMessage:
    with _mailbox(account, call) as mailbox:
        message = mailbox.get(p.id, format="full")
    headers = _headers(message)
    return FullMessage(
        **_summary(message, account),
        cc=headers.get("cc", ""),
        reply_to=headers.get("reply-to", ""),
        message_id=headers.get("message-id", ""),
        labels=message.get("labelIds", []),
    )


@gmail.action("Send a mail", effect="write", result=SentMessage)
def send_message(p: SendMessage, account: GmailAccount, call: Call) -> SentMessage:
    raw = urlsafe_b64encode(_compose(p, call.key).as_bytes()).decode()
    with _mailbox(account, call) as mailbox:
        sent = mailbox.send(raw, call.sending)
    call.log(f"Sent '{p.subject}' to {p.to}.")
    return _sent(p, account, sent["id"], sent["threadId"])


@send_message.preview
def _(p: SendMessage, account: GmailAccount) -> Plan:
    request = {
        "from": account.address or f"the account '{account.name}'",
        "to": p.to,
        "cc": p.cc,
        "reply_to": p.reply_to,
        "subject": p.subject,
        "body": p.body,
    }
    return Plan(
        summary=f"Send '{p.subject}' to {p.to}",
        request={name: value for name, value in request.items() if value or name in {"subject", "body"}},
        result=_sent(p, account, placeholder("mail id"), placeholder("thread id")),
    )


@send_message.find
def _(p: SendMessage, account: GmailAccount, call: Call) -> SentMessage | None:
    with _mailbox(account, call) as mailbox:
        for id in mailbox.list_ids(1, q=f"rfc822msgid:{_message_id(call.key)}", includeSpamTrash=True):
            if message := mailbox.get_if_there(id, format="minimal"):
                return _sent(p, account, message["id"], message["threadId"])
        # The search lags behind by seconds, and fails where Gmail has put in a Message-ID of its own.
        for id in mailbox.list_ids(_LOOK_BACK, labelIds=["SENT"], includeSpamTrash=True):
            message = mailbox.get_if_there(id, format="metadata", metadataHeaders=[KEY_HEADER])
            if message and _headers(message).get(KEY_HEADER.lower()) == _digest(call.key):
                return _sent(p, account, message["id"], message["threadId"])
    return None


def _compose(p: SendMessage, key: str) -> EmailMessage:
    """The mail as it is sent. Gmail puts in From and Date."""
    message = EmailMessage(policy=SMTP)
    message["To"] = p.to
    if p.cc:
        message["Cc"] = p.cc
    if p.reply_to:
        message["Reply-To"] = p.reply_to
    message["Subject"] = p.subject
    message["Message-ID"] = _message_id(key)
    message[KEY_HEADER] = _digest(key)
    message.set_content(p.body)
    return message


def _digest(key: str) -> str:
    return sha256(key.encode()).hexdigest()[:32]


def _message_id(key: str) -> str:
    return f"<{_digest(key)}@patchbay.local>"


def _sent(p: SendMessage, account: GmailAccount, id: str, thread_id: str) -> SentMessage:
    return SentMessage(id=id, thread_id=thread_id, to=p.to, subject=p.subject, url=_url(account, id))


def _url(account: GmailAccount, id: str) -> str:
    if account.practice:
        return f"{account.studio_url}/practice?mail={id}"
    return f"https://mail.google.com/mail/u/0/#all/{id}"


# What Gmail answers, made ours


def _summary(message: dict[str, Any], account: GmailAccount) -> dict[str, Any]:
    """The fields of a `MessageSummary`, from a Message in the format "full"."""
    headers = _headers(message)
    name, address = _name_and_address(headers.get("from", ""))
    parts = list(_parts(message.get("payload", {})))
    return {
        "id": message["id"],
        "thread_id": message["threadId"],
        "sender": address,
        "sender_name": name or address,
        "to": headers.get("to", ""),
        "subject": headers.get("subject", ""),
        "date": datetime.fromtimestamp(int(message["internalDate"]) / 1000, UTC).isoformat(timespec="seconds"),
        "snippet": html.unescape(message.get("snippet", "")),
        "text": _text(parts),
        "unread": "UNREAD" in message.get("labelIds", []),
        "attachments": [
            Attachment(name=part["filename"], mime=part["mimeType"], size=part.get("body", {}).get("size", 0))
            for part in parts
            if part.get("filename")
        ],
        "url": _url(account, message["id"]),
    }


def _headers(message: dict[str, Any]) -> dict[str, str]:
    """The headers by small name; of one that is there twice, the first."""
    found: dict[str, str] = {}
    for header in message.get("payload", {}).get("headers", []):
        found.setdefault(header["name"].lower(), _decoded(header["value"]))
    return found


def _decoded(value: str) -> str:
    """A header without the "=?utf-8?...?=" of the wire."""
    if "=?" not in value:
        return value
    try:
        return str(make_header(decode_header(value)))
    except (HeaderParseError, LookupError, ValueError):
        return value


def _name_and_address(value: str) -> tuple[str, str]:
    """("Ana Soto", "ana@example.com"). The header is decoded already, so its name may hold anything."""
    found = re.fullmatch(r'\s*"?(.*?)"?\s*<([^<>]*)>\s*', value)
    return (found[1], found[2].strip()) if found else ("", value.strip())


def _parts(part: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield part
    for child in part.get("parts", []):
        yield from _parts(child)


def _text(parts: list[dict[str, Any]]) -> str:
    """The plain text of a mail, else its HTML made plain."""
    bodies: dict[str, list[str]] = {"text/plain": [], "text/html": []}
    for part in parts:
        if part.get("mimeType") in bodies and not part.get("filename") and part.get("body", {}).get("data"):
            bodies[part["mimeType"]].append(_body(part))
    text = "\n\n".join(bodies["text/plain"]).replace("\r\n", "\n").strip()
    return text or "\n\n".join(map(_plain, bodies["text/html"]))


def _body(part: dict[str, Any]) -> str:
    """The text of a part. Gmail mostly makes it UTF-8, and leaves the charset that was sent in the header."""
    data = part["body"]["data"]
    content = urlsafe_b64decode(data + "=" * (-len(data) % 4))
    try:
        return content.decode()
    except UnicodeDecodeError:
        charset = re.search(r'charset="?([\w.:-]+)', _headers({"payload": part}).get("content-type", ""))
    try:
        return content.decode(charset[1] if charset else "utf-8", "replace")
    except LookupError:
        return content.decode(errors="replace")


class _PlainText(HTMLParser):
    """HTML as the text that a person sees."""

    _HIDDEN = frozenset({"head", "script", "style", "title"})
    _BLOCKS = frozenset({"br", "div", "h1", "h2", "h3", "h4", "hr", "li", "p", "table", "tr"})

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []
        self._hidden: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self._HIDDEN:
            self._hidden.append(tag)
        elif tag == "body":
            self._hidden.clear()
        elif tag in self._BLOCKS:
            self.pieces.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._hidden:
            del self._hidden[self._hidden.index(tag) :]
        elif tag in self._BLOCKS:
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.pieces.append(re.sub(r"\s+", " ", data))


def _plain(source: str) -> str:
    parser = _PlainText()
    parser.feed(source)
    parser.close()
    lines = [line.strip() for line in "".join(parser.pieces).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


# The way to Gmail


@gmail.check
def check(account: GmailAccount) -> str:
    with _mailbox(account) as mailbox:
        return mailbox.address()


class _Mailbox:
    """The calls that we make, each one request."""

    def __init__(self, base_url: str, http: Any) -> None:
        self._base_url = base_url
        self._messages = _messages(base_url)
        self._http = http

    def list_ids(self, limit: int, **query: Any) -> Iterator[str]:
        """The ids of up to `limit` mails, newest first, over as many pages as it takes."""
        token = None
        while limit > 0:
            page = self._do(self._messages.list(userId="me", maxResults=limit, pageToken=token, **query))
            for message in page.get("messages", [])[:limit]:
                limit -= 1
                yield message["id"]
            token = page.get("nextPageToken")
            if token is None:
                return

    def get(self, id: str, **how: Any) -> dict[str, Any]:
        return self._do(self._messages.get(userId="me", id=id, **how))

    def get_if_there(self, id: str, **how: Any) -> dict[str, Any] | None:
        """A mail that was listed, unless it was deleted since."""
        from googleapiclient.errors import HttpError

        try:
            return self.get(id, **how)
        except HttpError as error:
            if error.resp.status == 404:
                return None
            raise

    def address(self) -> str:
        return self._do(_users(self._base_url).getProfile(userId="me"))["emailAddress"]

    def send(self, raw: str, before: Callable[[], None]) -> dict[str, Any]:
        request = self._messages.send(userId="me", body={"raw": raw})
        before()
        return self._do(request)

    def _do(self, request: Any) -> dict[str, Any]:
        answer = request.execute(http=self._http)
        if not isinstance(answer, dict):  # the client hands on what is not JSON as it came
            raise Unavailable(
                f"What answers at {self._base_url} does not speak as Gmail does.",
                remedy="Check the account's address, and whether a proxy or a sign-in page is in the way.",
            )
        return answer


@contextmanager
def _mailbox(account: GmailAccount, call: Call | None = None) -> Iterator[_Mailbox]:
    """The account's mailbox, on a connection of its own, since httplib2 cannot be shared by threads.
    What goes wrong inside is raised as an error of ours."""
    import httplib2
    from google.auth.exceptions import GoogleAuthError, RefreshError
    from google.oauth2.credentials import Credentials
    from google_auth_httplib2 import AuthorizedHttp
    from googleapiclient.errors import HttpError

    token = account.token.get_secret_value().strip()
    if not (token and token.isascii() and token.isprintable()):
        raise _reconnect(account)  # it could not even be put into a request
    wire = _http_class()(
        timeout=min(REQUEST_TIMEOUT, call.timeout) if call else REQUEST_TIMEOUT,
        proxy_info=None if account.practice else httplib2.proxy_info_from_environment,
    )
    wire.follow_redirects = False  # or the token would follow them
    http = AuthorizedHttp(Credentials(token), wire)
    try:
        yield _Mailbox(account.base_url, http)
    except HttpError as error:
        _raise_refusal(error, account)
    except RefreshError as error:  # a 401, since a bare token cannot be refreshed
        raise _reconnect(account) from error
    except (OSError, HTTPException, httplib2.HttpLib2Error, GoogleAuthError) as error:
        raise Unavailable(
            f"Gmail cannot be reached at {account.base_url}: {str(error) or type(error).__name__}.",
            remedy="Check the network and the address, then try again.",
        ) from error
    finally:
        http.close()


@lru_cache(maxsize=32)
def _messages(base_url: str) -> Any:
    """The resource `users.messages`. It is only a builder of requests, so all threads and accounts share it."""
    return _users(base_url).messages()


@lru_cache(maxsize=32)
def _users(base_url: str) -> Any:
    import httplib2
    from googleapiclient.discovery import build

    service = build(
        "gmail",
        "v1",
        http=httplib2.Http(),
        client_options={"api_endpoint": base_url},
        static_discovery=True,
        cache_discovery=False,
    )
    return service.users()


@lru_cache(maxsize=1)
def _http_class() -> Callable[..., Any]:
    """httplib2's client, but one that sends a request once. Left alone it sends it again, a POST too, when the
    connection breaks before the answer comes: a mail would go out twice."""
    import httplib2

    def once(base: type) -> type:
        class Connection(base):
            def getresponse(self) -> Any:
                try:
                    return super().getresponse()
                except BadStatusLine as error:
                    raise ConnectionAbortedError("the connection broke before the answer came") from error

        return Connection

    connections = {
        "http": once(httplib2.HTTPConnectionWithTimeout),
        "https": once(httplib2.HTTPSConnectionWithTimeout),
    }

    class Http(httplib2.Http):
        def request(self, uri: str, *args: Any, **named: Any) -> Any:
            connection = connections.get(urlsplit(uri).scheme)
            if connection is None:
                raise httplib2.RelativeURIError(f"'{uri}' is not a web address")
            return super().request(uri, *args, **{**named, "connection_type": connection})

    return Http


def _reconnect(account: GmailAccount) -> AccountError:
    return AccountError(
        f"Gmail does not accept the token of the account '{account.name}'.", remedy=f"Reconnect '{account.name}'."
    )


def _raise_refusal(error: Any, account: GmailAccount) -> NoReturn:
    """Raise what an HTTP error means.

    Source: developers.google.com/workspace/gmail/api/guides/handle-errors
    """
    status, said = int(error.resp.status), str(error.reason or "").rstrip(".")
    if status == 401:
        raise _reconnect(account) from error
    if status == 429 or (status == 403 and _reasons(error) & {"rateLimitExceeded", "userRateLimitExceeded"}):
        raise RateLimited(
            f"Gmail asks us to slow down: {said}.",
            remedy="Wait a little, then try again.",
            retry_after=_retry_after(error.resp.get("retry-after")),
        ) from error
    if status >= 500:
        raise Unavailable(f"Gmail has a problem of its own ({status}): {said}.", remedy="Try again later.") from error
    remedy = {
        400: "Check the values of the step.",
        403: f"Check what '{account.name}' may do, or reconnect it with more permissions.",
        404: "Check the mail's id: the mail may have been deleted.",
    }.get(status, "Check the step and its account.")
    raise ServiceError(f"Gmail refused ({status}): {said}.", remedy=remedy) from error


def _reasons(error: Any) -> set[str]:
    """Google's own words for why, such as "rateLimitExceeded"."""
    try:
        details = json.loads(error.content)["error"]["errors"]
        return {str(detail["reason"]) for detail in details}
    except (ValueError, KeyError, TypeError):
        return set()


def _retry_after(value: str | None) -> float | None:
    """Seconds, from the header Retry-After: a number of them or a date."""
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None
