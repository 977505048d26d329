"""A mailbox at Google: the calls of the Gmail API that we make, and the pieces of their answers.

Source: developers.google.com/workspace/gmail/api/reference/rest/v1
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from email.message import EmailMessage
from functools import lru_cache
from typing import Any

from integrations._mail_compose import KEY_HEADER, digest, message_id
from integrations._mail_text import decoded, text_in
from orchestrator.actions import Unavailable

Doc = dict[str, Any]

LOOK_BACK = 50
"""How many of the latest mails are read to find one of ours, where the search by Message-ID finds nothing."""

MOST_RAW = 4_000_000
"""Bytes of a mail that goes inside JSON. A larger one is uploaded: the address for JSON refuses it.
Source: developers.google.com/workspace/gmail/api/guides/uploads"""


class Mailbox:
    """The calls that we make, each one request. `http` is a connection of `_google_http`."""

    def __init__(self, base_url: str, http: Any) -> None:
        self._base_url = base_url
        self._users = _users(base_url)
        self._messages = self._users.messages()
        self.http = http

    def address(self) -> str:
        return self._do(self._users.getProfile(userId="me"))["emailAddress"]

    # --- reading

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

    def get(self, id: str, **how: Any) -> Doc:
        return self._do(self._messages.get(userId="me", id=id, **how))

    def get_if_there(self, id: str, **how: Any) -> Doc | None:
        """A mail that was listed, unless it was deleted since."""
        from googleapiclient.errors import HttpError

        try:
            return self.get(id, **how)
        except HttpError as error:
            if error.resp.status == 404:
                return None
            raise

    def thread(self, id: str) -> list[Doc]:
        """The mails of a conversation with their labels and dates, the oldest first."""
        found = self._do(self._users.threads().get(userId="me", id=id, format="minimal"))
        return sorted(found.get("messages", []), key=lambda message: int(message["internalDate"]))

    def headers(self, id: str, *names: str) -> tuple[Doc, dict[str, str]]:
        """A mail and the named headers of it, by small name, as they came."""
        message = self.get(id, format="metadata", metadataHeaders=list(names))
        return message, headers(message)

    def attachment(self, id: str, part: Doc, *, timeout: float, proxied: bool) -> Iterator[bytes]:
        """The content of a part, piece by piece. `timeout` is in seconds, for each of them."""
        body = part.get("body", {})
        if "attachmentId" not in body:
            yield bytes_of(body.get("data", ""))
            return
        from integrations._gmail_download import content_of

        request = self._messages.attachments().get(userId="me", messageId=id, id=body["attachmentId"])
        yield from content_of(request.uri, self.http.credentials, timeout=timeout, proxied=proxied)

    # --- writing

    def send(self, message: EmailMessage, thread: str | None) -> Doc:
        body = {"threadId": thread} if thread else {}
        return self._do(self._messages.send(userId="me", **_as_request(message, body)))

    def create_draft(self, message: EmailMessage, thread: str | None) -> Doc:
        body = {"threadId": thread} if thread else {}
        request = _as_request(message, body)
        return self._do(self._users.drafts().create(userId="me", **{**request, "body": {"message": request["body"]}}))

    def find_draft(self, message: str) -> str:
        """The id of the draft whose mail has that id; "" where it is none any more."""
        token = None
        while True:
            page = self._do(self._users.drafts().list(userId="me", maxResults=500, pageToken=token))
            for draft in page.get("drafts", []):
                if draft["message"]["id"] == message:
                    return draft["id"]
            token = page.get("nextPageToken")
            if token is None:
                return ""

    def find_own(self, key: str, label: str) -> Doc | None:
        """The mail that was written with this key: id and threadId. `label` is that of the mails among which it is."""
        for id in self.list_ids(1, q=f"rfc822msgid:{message_id(key)}", includeSpamTrash=True):
            if message := self.get_if_there(id, format="minimal"):
                return message
        # The search lags behind by seconds, and fails where Gmail has put in a Message-ID of its own.
        for id in self.list_ids(LOOK_BACK, labelIds=[label], includeSpamTrash=True):
            message = self.get_if_there(id, format="metadata", metadataHeaders=[KEY_HEADER])
            if message and headers(message).get(KEY_HEADER.lower()) == digest(key):
                return message
        return None

    def labels(self) -> list[Doc]:
        return self._do(self._users.labels().list(userId="me")).get("labels", [])

    def create_label(self, name: str) -> Doc:
        """The new label, or the one of that name which somebody else made in between."""
        from googleapiclient.errors import HttpError

        body = {"name": name, "labelListVisibility": "labelShow", "messageListVisibility": "show"}
        try:
            return self._do(self._users.labels().create(userId="me", body=body))
        except HttpError as error:
            there = next((one for one in self.labels() if is_called(one, name)), None) if is_conflict(error) else None
            if there is None:
                raise
            return there

    def modify(self, id: str, add: list[str], remove: list[str]) -> Doc:
        body = {"addLabelIds": add, "removeLabelIds": remove}
        return self._do(self._messages.modify(userId="me", id=id, body=body))

    def _do(self, request: Any) -> Doc:
        answer = request.execute(http=self.http)
        if not isinstance(answer, dict):  # the client hands on what is not JSON as it came
            raise Unavailable(
                f"What answers at {self._base_url} does not speak as Gmail does.",
                remedy="Check the account's address, and whether a proxy or a sign-in page is in the way.",
            )
        return answer


@lru_cache(maxsize=32)
def _users(base_url: str) -> Any:
    """Gmail's builder of requests, which all threads and accounts share. Uploads go to an address of their own, so
    the base is put into the description of the API: the option of the client changes only one of the two."""
    import httplib2
    from googleapiclient.discovery import build_from_document
    from googleapiclient.discovery_cache import get_static_doc

    root = base_url.rstrip("/") + "/"
    described = json.loads(get_static_doc("gmail", "v1") or "{}")
    described |= {"rootUrl": root, "baseUrl": root + described["servicePath"]}
    service = build_from_document(described, http=httplib2.Http(), client_options={"api_endpoint": root})
    return service.users()


def _as_request(message: EmailMessage, body: Doc) -> Doc:
    """The arguments for a mail: inside the JSON `body`, or beside it where it is large."""
    from googleapiclient.http import MediaInMemoryUpload

    content = message.as_bytes()
    if len(content) <= MOST_RAW:
        return {"body": {**body, "raw": urlsafe_b64encode(content).decode()}}
    return {"body": body, "media_body": MediaInMemoryUpload(content, mimetype="message/rfc822")}


def is_called(label: Doc, name: str) -> bool:
    return label["name"].casefold() == name.casefold()


def is_conflict(error: Any) -> bool:
    return int(error.resp.status) == 409


# The pieces of a Message


def came_in(message: Doc) -> bool:
    """Whether a mail was received: nobody's own, no draft, and not thrown away."""
    labels = set(message.get("labelIds", []))
    return not labels & {"DRAFT", "TRASH", "SPAM"} and ("SENT" not in labels or "INBOX" in labels)


def headers(message: Doc) -> dict[str, str]:
    """The headers by small name, as they came; of one that is there twice, the first."""
    found: dict[str, str] = {}
    for header in message.get("payload", {}).get("headers", []):
        found.setdefault(header["name"].lower(), header["value"])
    return found


def readable(message: Doc) -> dict[str, str]:
    """The headers by small name, without the marks of the wire."""
    return {name: decoded(value) for name, value in headers(message).items()}


def parts(part: Doc) -> Iterator[Doc]:
    yield part
    for child in part.get("parts", []):
        yield from parts(child)


def texts(found: list[Doc], mime: str) -> list[str]:
    """The texts of that type which are no attachments."""
    return [
        text_in(bytes_of(part["body"]["data"]), _charset(part))
        for part in found
        if part.get("mimeType") == mime and not part.get("filename") and part.get("body", {}).get("data")
    ]


def bytes_of(data: str) -> bytes:
    return urlsafe_b64decode(data + "=" * (-len(data) % 4))


def _charset(part: Doc) -> str | None:
    found = re.search(r'charset="?([\w.:-]+)', headers({"payload": part}).get("content-type", ""))
    return found[1] if found else None
