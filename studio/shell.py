"""The HTML that a browser is handed before anything else: Streamlit's own, with a head of ours.

Left alone, Streamlit's front looks for its server below the address of the page (`/builder/_stcore/health`), is
refused, waits and tries one level up. And it hears of the scripts that draw a page only when the page is sent, of ours
one wait later again. The head names the server, and what a page is known to need.
"""

from __future__ import annotations

import re
from html import escape
from typing import get_args

from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from studio.routes import PageName
from studio.scripts import STREAMLIT, bundle_and_needs, widgets_and_needs

SERVER = "<script>window.__streamlit = {BACKEND_BASE_URL: location.origin}</script>"
"""Read by Streamlit's front (`StreamlitConfig`) before it connects."""

NAMED = re.compile(r"/js/([\w.-]+\.js)")
"""Scripts that Streamlit's own HTML asks for."""

EVERY_PAGE = ("Html", "PageLink", "Button")
NEEDS: dict[PageName, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "builder": (("ButtonGroup", "BidiComponent"), ("builder",)),
}
"""By page: elements of Streamlit, and bundles of ours. Of pages that are opened by their own address most."""


def shell_routes() -> list[Route]:
    """One for each page of the studio; any other address is Streamlit's."""
    html = (STREAMLIT / "index.html").read_text("utf-8")
    return [_route(page, with_head(html, page)) for page in get_args(PageName)]


def with_head(html: str, page: PageName) -> str:
    """Streamlit's HTML for a page; as it was, should it have another shape one day."""
    elements, bundles = NEEDS.get(page, ((), ()))
    there = set(NAMED.findall(html))
    wanted = widgets_and_needs(*EVERY_PAGE, *elements, there=there)
    wanted += [url for name in bundles for url in bundle_and_needs(name)]
    ahead = [f'<link rel="modulepreload" href="{escape(url)}">' for url in wanted]
    first, begin, rest = html.partition("<head>")
    middle, end, last = rest.partition("</head>")
    return "".join([first, begin, SERVER, middle, *ahead, end, last]) if end else html


def _route(page: PageName, html: str) -> Route:
    async def shell(_: Request) -> HTMLResponse:
        return HTMLResponse(html, headers={"Cache-Control": "no-cache"})

    return Route("/" if page == "home" else f"/{page}", shell, methods=["GET"])
