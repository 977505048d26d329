"""The pages of the studio, and the ways from one to another."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NoReturn, cast
from urllib.parse import parse_qsl, urlsplit

import streamlit as st

from studio.markup import plain, safe_url

PAGES = Path(__file__).resolve().parent.parent / "pages"

PageName = Literal["home", "gallery", "workflows", "builder", "templates", "runs", "accounts", "practice", "map"]


@dataclass(frozen=True, slots=True)
class Route:
    title: str
    icon: str
    help: str


ROUTES: dict[PageName, Route] = {
    "home": Route("Home", ":material/home:", "Start a workflow, see what needs you and what ran of late."),
    "gallery": Route("Gallery", ":material/storefront:", "Workflows to start from, by purpose: look, then use."),
    "workflows": Route("Workflows", ":material/account_tree:", "Find, run, change, copy, import and export workflows."),
    "builder": Route("Builder", ":material/design_services:", "Build a workflow by hand: begin one, or change one."),
    "templates": Route(
        "Templates", ":material/edit_note:", "The texts that models are asked with, and how they look filled in."
    ),
    "runs": Route(
        "Runs", ":material/history:", "Every run: watch it live, see each step, what it made and what went wrong."
    ),
    "accounts": Route("Accounts", ":material/key:", "Who your workflows act as: connect, test and remove accounts."),
    "practice": Route(
        "Practice",
        ":material/science:",
        "The mailbox, pages, repositories, files and chats of the practice accounts, and how to make them fail.",
    ),
    "map": Route("Map", ":material/hub:", "Which workflow uses which template and which service."),
}


@dataclass(frozen=True, slots=True)
class Place:
    """A page of the studio and what it is asked to show."""

    page: PageName
    query: tuple[tuple[str, str], ...] = ()


def script(page: PageName) -> Path:
    return PAGES / f"{page}.py"


def place_of(url: str, studio_url: str) -> Place | None:
    """The page of this studio that an address leads to, None for any other address."""
    parts = urlsplit(url)
    home = urlsplit(studio_url)
    ours = parts[:2] in ((home.scheme, home.netloc), ("", "")) and parts.path.startswith("/")
    name = parts.path.strip("/") or "home"
    return Place(cast(PageName, name), tuple(parse_qsl(parts.query))) if ours and name in ROUTES else None


def navigation() -> st.Page:
    """Declare every page to Streamlit; returns the one that was asked for."""
    return st.navigation(
        [
            st.Page(script(page), title=route.title, icon=route.icon, help=route.help, default=page == "home")
            for page, route in ROUTES.items()
        ],
        expanded=True,
    )


def asked(*names: str) -> dict[str, str]:
    """What the address of this page asks for, by name; what it does not say is left out.

    A link from a page to itself leaves the address bar as it was. Writing the query says it anew, so that what is
    shown can be bookmarked, reloaded and gone back to."""
    found = {name: st.query_params[name] for name in names if name in st.query_params}
    st.query_params.update(found)
    return found


def go(page: PageName, /, **query: str) -> NoReturn:
    st.switch_page(script(page), query_params=query)


def link(
    label: str, page: PageName, icon: str = "", /, *, width: int | Literal["content"] = "content", **query: str
) -> None:
    """A link to a page of the studio, opened in the same tab. `width` is in pixels."""
    st.page_link(script(page), label=plain(label), icon=icon, help="", query_params=query, width=width)


def link_out(label: str, url: str | None, studio_url: str) -> None:
    """A link to what a run made: in this tab when it is a page of ours, in a new one when it is a service's."""
    place = place_of(url, studio_url) if url else None
    if place:
        link(label, place.page, ":material/arrow_forward:", **dict(place.query))
    elif safe := safe_url(url):
        st.link_button(plain(label), safe, icon=":material/open_in_new:")
