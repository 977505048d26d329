"""Practice: the mailbox, pages, repositories, files and chats that runs work on while no real account is connected."""

from __future__ import annotations

from functools import partial

import streamlit as st

from orchestrator.workflow_engine import WorkflowEngine, current
from studio.failures import guarded
from studio.notices import notice
from studio.practice_panels import (
    chat_list,
    chat_page,
    database_list,
    drive_file_page,
    drive_list,
    file_page,
    issue_page,
    mail_list,
    mail_page,
    page_list,
    page_page,
    repository_list,
    repository_page,
    trouble_notice,
    trouble_panel,
)
from studio.practice_view import (
    SECTIONS,
    Chosen,
    Doc,
    answer,
    chosen,
    fetch,
    find,
    make_trouble,
    press,
    reset,
    troubles,
)
from studio.routes import asked, go, link


def one(wanted: Chosen, everything: Doc, engine: WorkflowEngine) -> None:
    """One mail, page, repository, file, issue or chat, with the way back."""
    if wanted.mail:
        link("Mail", "practice", ":material/arrow_back:", section="Mail")
        mail_page(find(everything["mail"], "id", wanted.mail, "mail"), partial(answer_now, engine, wanted.mail))
    elif wanted.page:
        link("Pages", "practice", ":material/arrow_back:", section="Pages")
        page_page(find(everything["pages"], "id", wanted.page, "page"))
    elif wanted.file:
        link("Drive", "practice", ":material/arrow_back:", section="Drive")
        drive_file_page(find(everything["files"], "id", wanted.file, "file"))
    elif wanted.chat:
        link("Telegram", "practice", ":material/arrow_back:", section="Telegram")
        chat_page(find(everything["chats"], "id", wanted.chat, "chat"), partial(press_now, engine))
    elif wanted.repository:
        inside = wanted.path or wanted.issue
        back = {"repository": wanted.repository} if inside else {"section": "Repositories"}
        link(wanted.repository if inside else "Repositories", "practice", ":material/arrow_back:", **back)
        repository = find(everything["repositories"], "full_name", wanted.repository, "repository")
        if wanted.path:
            file_page(repository, wanted.path)
        elif wanted.issue:
            issue_page(repository, wanted.issue)
        else:
            repository_page(repository)


def lists(everything: Doc, engine: WorkflowEngine) -> None:
    st.title("Practice", anchor=False)
    st.markdown("What your runs read and write while no real account is connected. Nothing here leaves this computer.")
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        section = st.segmented_control(
            "Section",
            SECTIONS,
            default="Mail",
            required=True,
            key="section",
            bind="query-params",
            label_visibility="collapsed",
        )
        if st.button("Reset", icon=":material/restart_alt:", key="reset"):
            ask_to_reset(engine)
    if section == "Pages":
        page_list(everything["pages"])
    elif section == "Databases":
        database_list(everything["databases"])
    elif section == "Repositories":
        repository_list(everything["repositories"])
    elif section == "Drive":
        drive_list(everything["files"])
    elif section == "Telegram":
        chat_list(everything["chats"])
    elif section == "Trouble":
        trouble_panel(everything, titles(engine), partial(trouble_now, engine))
    else:
        mail_list(everything["mail"])


@st.dialog("Reset the practice accounts?", icon=":material/restart_alt:")
def ask_to_reset(engine: WorkflowEngine) -> None:
    st.markdown("Everything that runs have made there is removed, and the sample data are put back.")
    if st.button("Reset", type="primary", key="reset-really", on_click=reset_now, args=(engine,)):
        go("practice")


@guarded()
def reset_now(engine: WorkflowEngine) -> None:
    reset(engine.practice_url)
    notice("The practice accounts are as they were at first.")


def titles(engine: WorkflowEngine) -> dict[str, str]:
    return {id: connector.title for id, connector in engine.registry.connectors.items()}


@guarded()
def trouble_now(engine: WorkflowEngine, service: str) -> None:
    make_trouble(engine.practice_url, service, st.session_state[f"trouble-{service}"] or None)


@guarded()
def end_trouble(engine: WorkflowEngine) -> None:
    make_trouble(engine.practice_url, None, None)
    for key in [key for key in st.session_state if str(key).startswith("trouble-")]:
        del st.session_state[key]
    notice("All practice services work as they should.")


@guarded()
def press_now(engine: WorkflowEngine, chat: str, message: int, data: str) -> None:
    press(engine.practice_url, chat, message, data)
    notice("Pressed. The workflow gets it when it looks next.")


@guarded()
def answer_now(engine: WorkflowEngine, mail: str, text: str) -> None:
    answer(engine.practice_url, mail, text)
    notice("Answered. The answer is in the inbox, and a workflow that waits gets it when it looks next.")
    st.rerun()


engine = current()
everything = fetch(engine.practice_url)
trouble_notice(troubles(everything, titles(engine)), partial(end_trouble, engine))
wanted = chosen(asked("mail", "page", "repository", "path", "issue", "file", "chat"))
if wanted:
    one(wanted, everything, engine)
else:
    lists(everything, engine)
