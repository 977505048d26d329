"""Who does what is done here."""

from __future__ import annotations

import getpass


def who() -> str:
    """The person that runs the studio; "" where that is not known."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""
