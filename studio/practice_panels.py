"""The practice accounts as a person would see them: a mailbox, pages, databases, repositories, a drive, chats."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from studio.markup import facts, literal, plain, prose, table
from studio.moments import ago, count
from studio.practice_view import (
    Doc,
    by_folder,
    cells,
    find,
    in_folder,
    is_answered,
    kind_of,
    language,
    open_questions,
    seconds,
    sender,
    size,
)
from studio.routes import link

WELL = ""
"""No trouble, among those to choose from."""


def mail_list(mails: Sequence[Doc]) -> None:
    sent, drafts, archived = (in_folder(mails, folder) for folder in ("sent", "drafts", "archive"))
    tabs = st.tabs(["Inbox", f"Sent ({len(sent)})", f"Drafts ({len(drafts)})", f"Archive ({len(archived)})"])
    with tabs[0]:
        _mails(in_folder(mails, "inbox"), "The inbox is empty.")
    with tabs[1]:
        _mails(sent, "Nothing was sent yet.")
    with tabs[2]:
        _mails(drafts, "No draft waits to be sent.")
    with tabs[3]:
        _mails(archived, "Nothing was archived yet.")


def mail_page(mail: Doc, answer: Callable[[str], None]) -> None:
    """A mail. `answer` is told what whoever got a sent one answers."""
    st.title(plain(mail["subject"] or "(no subject)"), anchor=False)
    st.caption(f"From {plain(mail['from'])} to {plain(mail['to'])} · {_when(mail['date'])}")
    with st.container(border=True):
        st.html(literal(mail["text"]))
    for attachment in mail["attachments"]:
        st.caption(f":material/attach_file: {plain(attachment['name'])}, {size(attachment['size'])}")
    if mail["folder"] == "sent":
        with st.form("answer", clear_on_submit=True):
            text = st.text_area(
                f"Answer as {plain(sender(mail['to']))}", help="It comes into the inbox, as a mail of theirs."
            )
            if st.form_submit_button("Send the answer", icon=":material/reply:") and text.strip():
                answer(text)


def page_list(pages: Sequence[Doc]) -> None:
    if not pages:
        st.caption("There are no pages.")
    with st.container(gap="small"):
        for page in pages:
            with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
                link(page["title"] or "Untitled", "practice", ":material/article:", page=page["id"])
                inside = f"in {plain(page['parent'])} · " if page.get("parent") else ""
                st.caption(f"{inside}{_when(page['created'])}", width="content")


def page_page(page: Doc) -> None:
    st.title(plain(page["title"] or "Untitled"), anchor=False)
    inside = f"in {plain(page['parent'])} · " if page.get("parent") else ""
    st.caption(f"{inside}made {_when(page['created'])}")
    filled = [(name, value) for name, value in page["properties"].items() if value]
    if filled:
        st.html(facts(filled))
    with st.container(border=True):
        st.html(prose(page["markdown"] or "*This page is empty.*"))
    for comment in page["comments"]:
        with st.container(border=True):
            st.caption(f"{plain(comment['author'])} · {_when(comment['created'])}")
            st.html(prose(comment["body"]))


def database_list(databases: Sequence[Doc]) -> None:
    for database in databases:
        with st.container(border=True):
            st.markdown(f"**{plain(database['title'])}**  :gray[{count(len(database['rows']), 'row')}]")
            if database["description"]:
                st.caption(plain(database["description"]))
            with st.container(gap="small"):
                for row in database["rows"][:50]:
                    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
                        link(row["title"] or "Untitled", "practice", ":material/article:", page=row["id"])
                        values = [
                            str(value) for name, value in row["values"].items() if value and value != row["title"]
                        ]
                        st.caption(plain(" · ".join(values)[:140]), width="content")


def repository_list(repositories: Sequence[Doc]) -> None:
    for repository in repositories:
        with st.container(border=True):
            link(repository["full_name"], "practice", ":material/code:", repository=repository["full_name"])
            st.caption(plain(repository["description"] or ""))
            counts = (len(repository["files"]), "file"), (len(repository["issues"]), "issue")
            st.caption(" · ".join(count(*pair) for pair in counts))


def repository_page(repository: Doc) -> None:
    name = repository["full_name"]
    st.title(plain(name), anchor=False)
    st.caption(plain(repository["description"] or ""))
    files, issues, commits = st.tabs(["Files", f"Issues ({len(repository['issues'])})", "Commits"])
    with files, st.container(gap="small"):
        for file in repository["files"]:
            with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
                link(file["path"], "practice", ":material/description:", repository=name, path=file["path"])
                st.caption(f"{plain(file['message'].splitlines()[0])} · {_when(file['updated'])}", width="content")
    with issues, st.container(gap="small"):
        for issue in repository["issues"]:
            with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
                label = f"#{issue['number']} {issue['title']}"
                link(label, "practice", ":material/adjust:", repository=name, issue=str(issue["number"]))
                st.caption(f"{issue['state']} · {_when(issue['created'])}", width="content")
        if not repository["issues"]:
            st.caption("There are no issues.")
    with commits:
        rows = [(c["message"].splitlines()[0], c["author"], _when(c["date"])) for c in repository["commits"]]
        st.html(table(["Message", "Author", "When"], rows))


def file_page(repository: Doc, path: str) -> None:
    file = find(repository["files"], "path", path, "file")
    st.title(plain(path), anchor=False)
    st.caption(f"{plain(file['message'].splitlines()[0])} · {_when(file['updated'])}")
    if path.lower().endswith((".md", ".markdown")):
        with st.container(border=True):
            st.html(prose(file["text"]))
    else:
        st.code(file["text"], language=language(path), line_numbers=True, wrap_lines=True)


def issue_page(repository: Doc, number: str) -> None:
    issue = find(repository["issues"], "number", number, "issue")
    st.title(f"\\#{issue['number']} {plain(issue['title'])}", anchor=False)
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.badge(issue["state"].capitalize(), color="green" if issue["state"] == "open" else "violet")
        for label in issue["labels"]:
            st.markdown(f":gray-badge[{plain(str(label))}]", width="content")
        st.caption(f"by {plain(issue['author'])} · {_when(issue['created'])}", width="content")
    with st.container(border=True):
        st.html(prose(issue["body"] or "*No description.*"))
    for comment in issue["comments"]:
        with st.container(border=True):
            st.caption(f"{plain(comment['author'])} · {_when(comment['created'])}")
            st.html(prose(comment["body"]))


def drive_list(files: Sequence[Doc]) -> None:
    for folder, inside in by_folder(files):
        with st.container(border=True):
            st.markdown(f":material/folder: **{plain(folder)}**  :gray[{count(len(inside), 'file')}]")
            with st.container(gap="small"):
                for file in inside:
                    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
                        kind, icon = kind_of(file)
                        link(file["name"], "practice", icon, file=file["id"])
                        shared = " · :material/group: shared" if file["shared"] else ""
                        st.caption(f"{kind} · {_when(file['modified'])}{shared}", width="content")


def drive_file_page(file: Doc) -> None:
    kind, icon = kind_of(file)
    st.title(f"{icon} {plain(file['name'])}", anchor=False)
    st.caption(f"{kind} · in {plain(file['folder'] or 'My Drive')} · {_when(file['modified'])}")
    if file["shared"]:
        st.html(facts([(one["address"], one["role"]) for one in file["shared"]]))
    if file["is_folder"]:
        return
    if file["size"] and not file["text"]:
        st.caption(f"{size(file['size'])} that are no text: there is nothing to show.")
        return
    with st.container(border=True):
        if kind in ("Spreadsheet", "Table"):
            st.html(table(*cells(file["text"])))
        elif kind == "Document" or file["mime"] == "text/markdown":
            st.html(prose(file["text"] or "*This file is empty.*"))
        else:
            st.html(literal(file["text"]))


def trouble_panel(everything: Doc, titles: Mapping[str, str], change: Callable[[str], None]) -> None:
    """For each of `titles` what its service is made to do. `change` is told for which one something else was chosen: it
    is `trouble-<service>` in the session."""
    st.markdown(
        "Make a practice service misbehave, then run a workflow and see what it does. "
        "It stays so, for every run on the practice accounts, until you choose otherwise."
    )
    kinds = everything["faults"]["kinds"]
    for service in sorted(titles.keys() & everything["faults"]["services"], key=titles.__getitem__):
        on = everything["faults"]["services"][service]
        choices = [WELL, *kinds]
        st.selectbox(
            plain(titles[service]),
            choices,
            index=choices.index(on[-1]) if on else 0,
            format_func=lambda kind: kinds.get(kind, "Works as it should"),
            key=f"trouble-{service}",
            width=420,
            on_change=change,
            args=(service,),
        )


def trouble_notice(lines: Sequence[str], end: Callable[[], None]) -> None:
    """Says on every page of *Practice* which services are made to misbehave, with the way back."""
    if lines:
        with st.container(border=True, key="trouble", horizontal=True, vertical_alignment="center"):
            st.markdown(":orange[:material/warning:] Made to misbehave: " + "; ".join(plain(line) for line in lines))
            st.button("Make all work again", icon=":material/healing:", key="trouble-end", on_click=end)


def chat_list(chats: Sequence[Doc]) -> None:
    for chat in chats:
        with st.container(border=True):
            with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
                link(chat["title"], "practice", ":material/chat:", chat=chat["id"])
                if waiting := open_questions(chat):
                    st.badge(f"{count(waiting, 'question')} for you", color="orange")
            if chat["messages"]:
                last = chat["messages"][-1]
                said = last["text"] or (last["document"] or {}).get("name", "")
                st.caption(f"{plain(said[:100])} · {_when(last['date'])}")


def chat_page(chat: Doc, press: Callable[[str, int, str], None]) -> None:
    """The messages of a chat. `press` is told the chat, the message and the data of a button that is pressed."""
    st.title(plain(chat["title"]), anchor=False)
    st.caption(f"The number of this chat is {plain(chat['id'])}. You see here what your workflows write to it.")
    for message in chat["messages"]:
        with st.chat_message("assistant" if message["is_bot"] else "user"):
            st.caption(f"{plain(message['from'])} · {_when(message['date'])}")
            if message["document"]:
                _attached(message["document"])
            st.html(literal(message["text"]))
            _choices(chat, message, press)


def _attached(document: Doc) -> None:
    with st.expander(f"{plain(document['name'])}, {size(document['size'])}", icon=":material/attach_file:"):
        st.code(document["text"], language=language(document["name"]), wrap_lines=True)


def _choices(chat: Doc, message: Doc, press: Callable[[str, int, str], None]) -> None:
    with st.container(horizontal=True):
        for number, button in enumerate(message["buttons"]):
            st.button(
                plain(button["text"]),
                key=f"press-{chat['id']}-{message['id']}-{number}",
                icon=":material/check:" if button["pressed"] else None,
                disabled=is_answered(message),
                on_click=press,
                args=(chat["id"], message["id"], button["data"]),
            )
    if is_answered(message):
        st.caption(plain(message["noted"] or "Pressed. The workflow gets it when it looks next."))


def _mails(mails: Sequence[Doc], empty: str) -> None:
    if not mails:
        st.caption(empty)
    with st.container(gap="small"):
        for mail in mails:
            with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
                icon = ":material/mark_email_unread:" if mail["unread"] else ":material/drafts:"
                link(mail["subject"] or "(no subject)", "practice", icon, mail=mail["id"])
                clip = " · :material/attach_file:" if mail["attachments"] else ""
                st.caption(f"{plain(sender(mail['from']))} · {_when(mail['date'])}{clip}", width="content")


def _when(iso: str) -> str:
    at = seconds(iso)
    return "" if at is None else ago(at, time.time())
