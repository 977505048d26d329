"""Practice Gmail: the parts of the Gmail API (v1) that our connector calls, over sample mail.

Shapes, status codes and errors follow developers.google.com/workspace/gmail/api/reference/rest/v1, errors also
developers.google.com/workspace/gmail/api/guides/handle-errors. Mail that is "sent" goes nowhere but into the
mailbox's own folder of sent mail.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from functools import partial

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from integrations.practice import (
    gmail_writing,
    google_oauth,
    is_from_elsewhere,
    mail_box,
    mail_message,
    with_body,
)
from integrations.practice.gmail_wire import GoogleError, bad_request, found_mail, json_of, not_found, page_start
from integrations.practice.mail_search import search
from integrations.practice.store import Doc, Store

overview = mail_box.overview
seed = mail_box.seed


def routes(store: Store, studio_url: str) -> list[BaseRoute]:
    """The endpoints, below `/gmail/v1/users/{user}`."""

    def route(
        path: str,
        read: Callable[[Store, Request], Doc] | None = None,
        write: Callable[[Request, Doc], Doc] | None = None,
    ) -> BaseRoute:
        def endpoint(request: Request, body: bytes) -> Response:
            # So Google's client asks where the address would be too long.
            is_long = request.headers.get("x-http-method-override") == "GET"
            if is_long:
                request.scope["query_string"] = body
            if read is not None and (is_long or request.method == "GET"):
                return _answer(store, request, partial(read, store, request))
            if write is not None and request.method == "POST":
                return _answer(store, request, partial(_written, write, request, body))
            return not_found().response()

        return Route("/gmail/v1/users/{user}" + path, with_body(endpoint), methods=["GET", "POST"])

    def pen(request: Request, body: bytes) -> Response:
        """Whoever got a mail answers it."""
        if is_from_elsewhere(request):
            return JSONResponse({"error": "Another web site may not answer mail here."}, 403)
        try:
            written = json.loads(body)
            mail_box.answer(store, str(written["mail"]), str(written["text"]), datetime.now(UTC))
        except (ValueError, KeyError, TypeError):
            return JSONResponse({"error": "An answer names a mail and has a text."}, 400)
        return JSONResponse({"answered": True})

    def upload(path: str, handle: Callable[[Store, Doc, bytes | None], Doc]) -> BaseRoute:
        def endpoint(request: Request, body: bytes) -> Response:
            return _answer(store, request, lambda: handle(store, *gmail_writing.uploaded(request, body)))

        return Route("/upload/gmail/v1/users/{user}" + path, with_body(endpoint), methods=["POST"])

    return [
        route("/profile", get_profile),
        route("/labels", list_labels, lambda _, body: gmail_writing.create_label(store, body)),
        route("/drafts", list_drafts, lambda _, body: gmail_writing.create_draft(store, body)),
        upload("/drafts", gmail_writing.create_draft),
        route("/messages", list_messages),
        route("/messages/send", write=lambda _, body: gmail_writing.send_message(store, body)),
        upload("/messages/send", gmail_writing.send_message),
        route("/messages/{id}", get_message),
        route("/messages/{id}/modify", write=lambda request, body: gmail_writing.modify_message(store, request, body)),
        route("/messages/{message}/attachments/{id}", get_attachment),
        route("/threads/{id}", get_thread),
        Route("/answer", with_body(pen), methods=["POST"]),
    ]


def _written(write: Callable[[Request, Doc], Doc], request: Request, body: bytes) -> Doc:
    return write(request, json_of(body))


def get_profile(store: Store, request: Request) -> Doc:
    """users.getProfile: .../rest/v1/users/getProfile"""
    mails = mail_box.mails(store)
    return {
        "emailAddress": mail_box.profile(store)["address"],
        "messagesTotal": len(mails),
        "threadsTotal": len({mail["threadId"] for mail in mails}),
        "historyId": str(max((int(mail["historyId"]) for mail in mails), default=1)),
    }


def list_labels(store: Store, request: Request) -> Doc:
    """users.labels.list: .../rest/v1/users.labels/list"""
    system = [{"id": id, "name": id, "type": "system"} for id in mail_box.SYSTEM_LABELS]
    return {"labels": system + [{**label, "type": "user"} for label in mail_box.profile(store)["labels"]]}


def list_messages(store: Store, request: Request) -> Doc:
    """users.messages.list: .../rest/v1/users.messages/list"""
    wanted = set(request.query_params.getlist("labelIds"))
    found, page, next_page = _page(store, request, lambda mail: wanted <= set(mail["labelIds"]))
    listed = [{"id": mail["id"], "threadId": mail["threadId"]} for mail in page]
    return {"resultSizeEstimate": len(found), **({"messages": listed} if listed else {}), **next_page}


def list_drafts(store: Store, request: Request) -> Doc:
    """users.drafts.list: .../rest/v1/users.drafts/list"""
    drafts = {draft["message"]: draft["id"] for draft in store.all(mail_box.SERVICE, "draft")}
    found, page, next_page = _page(store, request, lambda mail: "DRAFT" in mail["labelIds"] and mail["id"] in drafts)
    listed = [{"id": drafts[mail["id"]], "message": {"id": mail["id"], "threadId": mail["threadId"]}} for mail in page]
    return {"resultSizeEstimate": len(found), **({"drafts": listed} if listed else {}), **next_page}


def _page(store: Store, request: Request, fits: Callable[[Doc], bool]) -> tuple[list[Doc], list[Doc], Doc]:
    """All mails that are asked for, those of the page, and the token of the next one."""
    query = request.query_params
    limit = query.get("maxResults", "100")
    if not re.fullmatch(r"0*[1-9]\d{0,8}", limit):
        raise bad_request(f"Invalid value at 'max_results' (TYPE_UINT32), \"{limit}\"")
    mails = [mail for mail in _searchable(store) if fits(mail)]
    everywhere = query.get("includeSpamTrash", "false").lower() == "true"
    try:
        found = search(query.get("q", ""), mails, datetime.now(UTC), spam_and_trash=everywhere)
    except RecursionError:
        raise bad_request("Invalid query: too many brackets") from None
    start = page_start([mail["id"] for mail in found], query.get("pageToken"))
    page = found[start : start + min(int(limit), 500)]
    is_last = start + len(page) >= len(found)
    return found, page, {} if is_last else {"nextPageToken": str(int(page[-1]["id"], 16))}


def get_message(store: Store, request: Request) -> Doc:
    """users.messages.get: .../rest/v1/users.messages/get"""
    return _told(store, request, found_mail(store, request.path_params["id"]))


def get_thread(store: Store, request: Request) -> Doc:
    """users.threads.get: .../rest/v1/users.threads/get"""
    id = request.path_params["id"]
    mails = [mail for mail in mail_box.mails(store) if mail["threadId"] == id]
    if not mails:
        raise not_found()
    if request.query_params.get("format", "full").lower() == "raw":
        raise bad_request("Invalid value at 'format' (type.googleapis.com/gmail.v1.ThreadFormat), \"raw\"")
    latest = max(int(mail["historyId"]) for mail in mails)
    return {"id": id, "historyId": str(latest), "messages": [_told(store, request, mail) for mail in mails]}


def _told(store: Store, request: Request, mail: Doc) -> Doc:
    """A Message in the format that is asked for."""
    answer = {name: mail[name] for name in ("id", "threadId", "labelIds", "snippet", "sizeEstimate", "historyId")}
    answer["internalDate"] = str(mail["internalDate"])
    match request.query_params.get("format", "full").lower():
        case "minimal":
            pass
        case "raw":
            answer["raw"] = mail_message.encode(_raw(store, mail))
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
    mail = found_mail(store, request.path_params["message"])
    data = mail_message.find_attachment(_message(store, mail), mail["id"], request.path_params["id"])
    if data is None:
        raise bad_request("Invalid attachment token")
    return {"size": len(data), "data": mail_message.encode(data)}


def _answer(store: Store, request: Request, handle: Callable[[], Doc]) -> Response:
    try:
        _authorise(store, request)
        return JSONResponse(handle())
    except GoogleError as error:
        return error.response()


def _authorise(store: Store, request: Request) -> None:
    given = request.headers.get("authorization")
    status = google_oauth.refusal(store, given, google_oauth.GMAIL)
    if status == 403:
        words = "Request had insufficient authentication scopes."
        raise GoogleError(403, "PERMISSION_DENIED", "insufficientPermissions", words)
    if status:
        what = "Request had invalid authentication credentials." if given else "Request is missing required "
        "authentication credential."
        reason = "authError" if given else "required"
        raise GoogleError(401, "UNAUTHENTICATED", reason, f"{what} Expected OAuth 2 access token.")
    if request.path_params["user"] not in {"me", mail_box.profile(store)["address"]}:
        address = mail_box.profile(store)["address"]
        raise GoogleError(403, "PERMISSION_DENIED", "forbidden", f"Delegation denied for {address}")


def _raw(store: Store, mail: Doc) -> bytes:
    try:
        return mail_box.raw(store, mail["id"])
    except KeyError:
        raise not_found() from None


def _message(store: Store, mail: Doc) -> EmailMessage:
    return mail_message.parse(_raw(store, mail))


def _searchable(store: Store) -> list[Doc]:
    """The mails as `mail_search` wants them, newest first."""
    names = {label["id"]: label["name"] for label in mail_box.profile(store)["labels"]}
    return [
        {
            **mail,
            "labels": [*mail["labelIds"], *(names[id] for id in mail["labelIds"] if id in names)],
            "message_id": mail["messageId"],
            "date": mail_box.date_of(mail),
        }
        for mail in reversed(mail_box.mails(store))
    ]
