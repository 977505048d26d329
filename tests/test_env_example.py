"""`.env.example` names every setting there is, with its default, and nothing else."""

from __future__ import annotations

import re

from integrations.openai import OpenAIAccount
from orchestrator.actions import Account
from orchestrator.settings import PREFIX, ROOT, Settings

LINE = re.compile(r"^#?([A-Z_]+)=(.*)$", re.MULTILINE)


def test_every_setting_is_there_with_its_default() -> None:
    defaults = {f"{PREFIX}{name}".upper(): field.default for name, field in Settings.model_fields.items()}
    for name, field in OpenAIAccount.model_fields.items():
        if name not in Account.model_fields:
            defaults[f"{PREFIX}OPENAI_{name}".upper()] = field.default

    written = dict(LINE.findall((ROOT / ".env.example").read_text()))

    assert written == {name: _text(default) for name, default in defaults.items()}


def test_nothing_in_it_is_switched_on() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == []


def _text(default: object) -> str:
    secret = getattr(default, "get_secret_value", None)
    value = secret() if secret else default
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
