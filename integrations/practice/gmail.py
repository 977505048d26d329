"""Practice Gmail: the parts of the Gmail API (v1) that our connector calls, over sample mail.

Shapes, status codes and errors follow developers.google.com/workspace/gmail/api/reference/rest/v1, errors also
developers.google.com/workspace/gmail/api/guides/handle-errors. Mail that is "sent" goes nowhere but into the
mailbox's own folder of sent mail.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime, formataddr, getaddresses, make_msgid
from hashlib import sha256
from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from integrations.practice import TOKEN, mail_message, sample_files, with_body
from integrations.practice.mail_search import search
from integrations.practice.store import Doc, Store

_SAMPLES = Path(__file__).parent / "seed" / "mail.json"
_SYSTEM_LABELS = ("INBOX", "SENT", "UNREAD", "STARRED", "IMPORTANT", "DRAFT", "SPAM", "TRASH", "CATEGORY_PROMOTIONS")


class GoogleError(Exception):
    """An answer in the shape of Google's errors, in both of its vocabularies."""

    def __init__(self, code: int, status: str, reason: str, message: str) -> None:
        super().__init__(message)
        self.code, self.status, self.reason, self.message = code, status, reason, message

    def response(self) -> Response:
        detail = {"message": self.message, "domain": "global", "reason": self.reason}
        error = {"code": self.code, "message": self.message, "errors": [detail], "status": self.status}
        headers = {"WWW-Authenticate": 'Bearer realm="https://accounts.google.com/"'} if self.code == 401 else {}
        return JSONResponse({"error": error}, self.code, headers)


def bad_request(message: str) -> GoogleError:
    return GoogleError(400, "INVALID_ARGUMENT", "invalidArgument", message)


def not_found() -> GoogleError:
    return GoogleError(404, "NOT_FOUND", "notFound", "Requested entity was not found.")


def routes(store: Store, studio_url: str) -> list[BaseRoute]:
    """The endpoints, below `/gmail/v1/users/{user}`."""

    def get(path: str, handle: Callable[[Store, Request], Doc]) -> BaseRoute:
        def endpoint(request: Request, body: bytes) -> Response:
            if request.method == "POST":
                if request.headers.get("x-http-method-override") != "GET":
                    return not_found().response()
                request.scope["query_string"] = body  # so Google's client asks where the address would be too long
            return _answer(store, request, lambda: handle(store, request))

        return Route("/gmail/v1/users/{user}" + path, with_body(endpoint), methods=["GET", "POST"])

    def post(path: str, handle: Callable[[Store, Request, Doc], Doc]) -> BaseRoute:
        def endpoint(request: Request, body: bytes) -> Response:
            return _answer(store, request, lambda: handle(store, request, _json(body)))

        return Route("/gmail/v1/users/{user}" + path, with_body(endpoint), methods=["POST"])

    return [
        get("/profile", get_profile),
        get("/labels", list_labels),
        get("/messages", list_messages),
        post("/messages/send", send_message),
        get("/messages/{id}", get_message),
        post("/messages/{id}/modify", modify_message),
        get("/messages/{message}/attachments/{id}", get_attachment),
    ]


def get_profile(store: Store, request: Request) -> Doc:
    """users.getProfile: .../rest/v1/users/getProfile"""
    mails = store.all("gmail", "mail")
    return {
        "emailAddress": _profile(store)["address"],
        "messagesTotal": len(mails),
        "threadsTotal": len({mail["threadId"] for mail in mails}),
        "historyId": str(max((int(mail["historyId"]) for mail in mails), default=1)),
    }


def list_labels(store: Store, request: Request) -> Doc:
    """users.labels.list: .../rest/v1/users.labels/list"""
    system = [{"id": id, "name": id, "type": "system"} for id in _SYSTEM_LABELS]
    return {"labels": system + [{**label, "type": "user"} for label in _profile(store)["labels"]]}


def list_messages(store: Store, request: Request) -> Doc:
    """users.messages.list: .../rest/v1/users.messages/list"""
    query = request.query_params
    limit = query.get("maxResults", "100")
    if not re.fullmatch(r"0*[1-9]\d{0,8}", limit):
        raise bad_request(f"Invalid value at 'max_results' (TYPE_UINT32), \"{limit}\"")
    wanted = set(query.getlist("labelIds"))
    mails = [mail for mail in _searchable(store) if wanted <= set(mail["labelIds"])]
    everywhere = query.get("includeSpamTrash", "false").lower() == "true"
    try:
        found = search(query.get("q", ""), mails, datetime.now(UTC), spam_and_trash=everywhere)
    except RecursionError:
        raise bad_request("Invalid query: too many brackets") from None
    ids = [mail["id"] for mail in found]
    start = _page_start(ids, query.get("pageToken"))
    page = found[start : start + min(int(limit), 500)]
    answer: Doc = {"resultSizeEstimate": len(found)}
    if page:
        answer["messages"] = [{"id": mail["id"], "threadId": mail["threadId"]} for mail in page]
    if start + len(page) < len(found):
        answer["nextPageToken"] = str(int(page[-1]["id"], 16))
    return answer


def get_message(store: Store, request: Request) -> Doc:
    """users.messages.get: .../rest/v1/users.messages/get"""
    mail = _mail(store, request.path_params["id"])
    answer = {name: mail[name] for name in ("id", "threadId", "labelIds", "snippet", "sizeEstimate", "historyId")}
    answer["internalDate"] = str(mail["internalDate"])
    match request.query_params.get("format", "full").lower():
        case "minimal":
            pass
        case "raw":
            answer["raw"] = _raw(store, mail)
        case "metadata":
            message = _message(store, mail)
            wanted = {name.lower() for name in request.query_params.getlist("metadataHeaders")}
            kept = [h for h in mail_message.headers(message) if not wanted or h["name"].lower() in wanted]
            answer["payload"] = {"mimeType": message.get_content_type(), "headers": kept}
        case "full":
            answer["payload"] = mail_message.payload(_message(store, mail), mail["id"])
        case other:
            raise bad_request(f"Invalid value at 'format' (type.googleapis.com/gmail.v1.Format), \"{other}\"")
    return answer


def get_attachment(store: Store, request: Request) -> Doc:
    """users.messages.attachments.get: .../rest/v1/users.messages.attachments/get"""
    mail = _mail(store, request.path_params["message"])
    data = mail_message.find_attachment(_message(store, mail), mail["id"], request.path_params["id"])
    if data is None:
        raise bad_request("Invalid attachment token")
    return {"size": len(data), "data": mail_message.encode(data)}


def send_message(store: Store, request: Request, body: Doc) -> Doc:
    """users.messages.send: .../rest/v1/users.messages/send"""
    text = body.get("raw")
    if not text or not isinstance(text, str):
        raise bad_request("'raw' RFC822 payload message string or uploading message via /upload/* URL required")
    try:
        raw = mail_message.decode(text)
    except ValueError:
        raise bad_request("Invalid value at 'message.raw' (TYPE_BYTES), Base64 decoding failed") from None
    message = mail_message.parse(raw)
    recipients = _addresses(message, "To", "Cc", "Bcc")
    if not recipients:
        raise bad_request("Recipient address required")
    if not all(re.fullmatch(r"[^\s@]+@[^\s@]+", address) for address in recipients):
        raise bad_request("Invalid To header")
    profile = _profile(store)
    now = datetime.now(UTC)
    missing = {
        "From": formataddr((profile["name"], profile["address"])),
        "Date": format_datetime(now),
        "Message-ID": make_msgid(domain="mail.practice.example"),
    }
    added = [f"{name}: {value}\r\n".encode() for name, value in missing.items() if name not in message]
    labels = ["SENT"] + (["INBOX", "UNREAD"] if profile["address"] in recipients else [])
    with store.transaction():
        thread = body.get("threadId")
        if thread is not None and not any(mail["threadId"] == thread for mail in store.all("gmail", "mail")):
            raise not_found()
        mail = deliver(store, b"".join(added) + raw, labels, now, thread)
    return {name: mail[name] for name in ("id", "threadId", "labelIds")}


def modify_message(store: Store, request: Request, body: Doc) -> Doc:
    """users.messages.modify: .../rest/v1/users.messages/modify"""
    add, remove = _names(body, "addLabelIds"), _names(body, "removeLabelIds")
    if not add and not remove:
        raise bad_request("No label add or removes specified")
    known = {*_SYSTEM_LABELS, *(label["id"] for label in _profile(store)["labels"])}
    for label in [*add, *remove]:
        if label not in known:
            raise bad_request(f"Invalid label: {label}")
    with store.transaction():
        mail = _mail(store, request.path_params["id"])
        kept = [label for label in mail["labelIds"] if label not in remove]
        mail["labelIds"] = kept + [label for label in dict.fromkeys(add) if label not in kept]
        mail["historyId"] = str(store.next_id("gmail", "history"))
        store.put("gmail", "mail", mail["id"], mail)
    return {name: mail[name] for name in ("id", "threadId", "labelIds")}


def overview(store: Store) -> Doc:
    """The mailbox as a person would see it: {"mail": [...]}, newest first, each with its text."""
    return {
        "mail": [
            {
                "id": mail["id"],
                "folder": "sent" if "SENT" in mail["labelIds"] else "inbox",
                "from": mail["from"],
                "to": mail["to"],
                "subject": mail["subject"],
                "date": _date(mail).isoformat(),
                "unread": "UNREAD" in mail["labelIds"],
                "text": mail["text"],
                "attachments": mail["attachments"],
            }
            for mail in _newest_first(store)
        ]
    }


def seed(store: Store) -> None:
    """The sample mails, dated back from now."""
    samples = json.loads(_SAMPLES.read_text(encoding="utf-8"))
    store.put("gmail", "profile", "me", {name: samples[name] for name in ("address", "name", "labels")})
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    oldest_first = sorted(enumerate(samples["mails"], 1), key=lambda numbered: -numbered[1]["hours_ago"])
    for number, sample in oldest_first:
        date = now - timedelta(hours=sample["hours_ago"])
        folder = ["SENT"] if sample.get("folder") == "sent" else ["INBOX"]
        labels = folder + (["UNREAD"] if sample.get("unread") else []) + sample.get("labels", [])
        raw = _sample_mail(sample, f"<sample-{number}@lanternworks.example>", date).as_bytes(policy=policy.SMTP)
        deliver(store, raw, labels, date)


def deliver(store: Store, raw: bytes, labels: list[str], date: datetime, thread: str | None = None) -> Doc:
    """Put a mail into the mailbox: into the thread `thread`, else into that of the mail it answers, else a new one."""
    message = mail_message.parse(raw)
    message_id = message["Message-ID"].strip()
    copies = 0
    while store.get("gmail", "mail", id := sha256(f"{message_id} {copies}".encode()).hexdigest()[:16]):
        copies += 1
    text = mail_message.text_of(message)
    parts = mail_message.attachments(mail_message.payload(message, id))
    mail = {
        "id": id,
        "threadId": thread or _thread_of(store, message) or id,
        "labelIds": labels,
        "snippet": mail_message.snippet(text),
        "sizeEstimate": len(raw),
        "historyId": str(store.next_id("gmail", "history")),
        "internalDate": int(date.timestamp() * 1000),
        "messageId": message_id,
        **{name: message.get(name, "") for name in ("from", "to", "cc", "bcc", "subject")},
        "text": text,
        "attachments": [
            {"name": part["filename"], "size": part["body"]["size"], "mime": part["mimeType"]} for part in parts
        ],
    }
    store.put("gmail", "mail", id, mail)
    store.put("gmail", "raw", id, {"raw": mail_message.encode(raw)})
    return mail


def _answer(store: Store, request: Request, handle: Callable[[], Doc]) -> Response:
    try:
        _authorise(store, request)
        return JSONResponse(handle())
    except GoogleError as error:
        return error.response()


def _authorise(store: Store, request: Request) -> None:
    given = request.headers.get("authorization")
    if given != f"Bearer {TOKEN}":
        what = "Request had invalid authentication credentials." if given else "Request is missing required "
        "authentication credential."
        reason = "authError" if given else "required"
        raise GoogleError(401, "UNAUTHENTICATED", reason, f"{what} Expected OAuth 2 access token.")
    if request.path_params["user"] not in {"me", _profile(store)["address"]}:
        raise GoogleError(403, "PERMISSION_DENIED", "forbidden", f"Delegation denied for {_profile(store)['address']}")


def _json(body: bytes) -> Doc:
    try:
        parsed = json.loads(body or b"{}")
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        raise GoogleError(400, "INVALID_ARGUMENT", "parseError", "Invalid JSON payload received.")
    return parsed


def _names(body: Doc, field: str) -> list[str]:
    names = body.get(field, [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise bad_request(f"Invalid value at '{field}' (TYPE_STRING)")
    return names


def _profile(store: Store) -> Doc:
    profile = store.get("gmail", "profile", "me")
    assert profile is not None, "the mailbox is seeded before it is served"
    return profile


def _mail(store: Store, id: str) -> Doc:
    if not re.fullmatch(r"[0-9a-f]{1,16}", id):
        raise bad_request("Invalid id value")
    mail = store.get("gmail", "mail", id)
    if mail is None:
        raise not_found()
    return mail


def _raw(store: Store, mail: Doc) -> str:
    kept = store.get("gmail", "raw", mail["id"])
    if kept is None:
        raise not_found()
    return kept["raw"]


def _message(store: Store, mail: Doc) -> EmailMessage:
    return mail_message.parse(mail_message.decode(_raw(store, mail)))


def _date(mail: Doc) -> datetime:
    return datetime.fromtimestamp(mail["internalDate"] / 1000, UTC)


def _newest_first(store: Store) -> list[Doc]:
    return sorted(store.all("gmail", "mail"), key=lambda mail: mail["internalDate"])[::-1]


def _searchable(store: Store) -> list[Doc]:
    """The mails as `mail_search` wants them, newest first."""
    names = {label["id"]: label["name"] for label in _profile(store)["labels"]}
    return [
        {
            **mail,
            "labels": [*mail["labelIds"], *(names[id] for id in mail["labelIds"] if id in names)],
            "message_id": mail["messageId"],
            "date": _date(mail),
        }
        for mail in _newest_first(store)
    ]


def _page_start(ids: list[str], token: str | None) -> int:
    """Where the page begins that comes after the mail which `token` names."""
    if not token:
        return 0
    last = f"{int(token):016x}" if re.fullmatch(r"\d{1,20}", token) else ""
    if last not in ids:
        raise bad_request("Invalid pageToken")
    return ids.index(last) + 1


def _addresses(message: EmailMessage, *names: str) -> list[str]:
    values = [value for name in names for value in message.get_all(name, [])]
    return [address.lower() for _, address in getaddresses(values) if address]


def _thread_of(store: Store, message: EmailMessage) -> str | None:
    answered = f"{message['References'] or ''} {message['In-Reply-To'] or ''}".split()
    threads = [mail["threadId"] for mail in store.all("gmail", "mail") if mail["messageId"] in answered]
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
