"""`.env.example` names every setting and every field of an account there is, with its default, and nothing else."""

from __future__ import annotations

import re

from orchestrator.registry import Registry
from orchestrator.settings import PREFIX, ROOT, Settings
from scripts import environment

LINE = re.compile(r"^#?([A-Z_0-9]+)=(.*)$", re.MULTILINE)


def test_every_setting_is_there_with_its_default() -> None:
    wanted = {f"{PREFIX}{name}".upper(): _text(field.default) for name, field in Settings.model_fields.items()}
    for connector in Registry.discover().connectors.values():
        wanted |= environment.variables(connector) | environment.client_variables(connector)
    assert {"PATCHBAY_OPENAI_API_KEY", "PATCHBAY_GOOGLE_CLIENT_ID", "PATCHBAY_GMAIL_BASE_URL"} <= wanted.keys()

    assert dict(LINE.findall((ROOT / ".env.example").read_text())) == wanted


def test_it_is_what_the_code_makes_now() -> None:
    assert environment.FILE.read_text() == environment.fresh()


def test_nothing_in_it_is_switched_on() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == []


def _text(default: object) -> str:
    secret = getattr(default, "get_secret_value", None)
    value = secret() if secret else default
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
