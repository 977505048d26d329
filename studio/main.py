"""The entry script of the studio: what every page shares, and the way to each. `app.py` hands it to Streamlit."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from studio.failures import guarded
from studio.notices import show_notice
from studio.routes import navigation

HERE = Path(__file__).parent

# The icon is a file of ours: a Material one would be fetched from the internet.
st.set_page_config(page_title="Patchbay", page_icon=str(HERE / "icon.svg"), layout="wide")
st.html(HERE / "style.css")
page = navigation()
st.logo(HERE / "logo.svg", size="large", icon_image=HERE / "icon.svg")
show_notice()
with guarded():
    page.run()
