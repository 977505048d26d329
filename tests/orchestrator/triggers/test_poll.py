"""What a look at a service found, and what tells one item from all others."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.errors import ExpressionError
from orchestrator.triggers.definition import Poll
from orchestrator.triggers.poll import found


def poll(identity: str = "{{ item.id }}", items: str = "{{ result.mails }}") -> Poll:
    ask = {"uses": "mail.search"}
    return Poll.model_validate({"type": "poll", "ask": ask, "items": items, "identity": identity})


def identities(result: Any, **keys: str) -> list[str]:
    return [one.identity for one in found(poll(**keys), result)]


def test_each_item_is_there_once_in_the_order_of_the_list() -> None:
    assert identities({"mails": [{"id": "b"}, {"id": "a"}, {"id": "b"}]}) == ["b", "a"]


def test_an_identity_may_be_made_of_several_things() -> None:
    mails = {"mails": [{"id": 1, "at": 5}, {"id": 1, "at": 6}]}
    assert identities(mails, identity="{{ item.id }}:{{ item.at }}") == ["1:5", "1:6"]
    assert identities(mails, identity="{{ item.at }}") == ["5", "6"]


@pytest.mark.parametrize("given", [None, "", "  ", {"id": 1}])
def test_what_tells_nothing_apart_is_refused(given: Any) -> None:
    with pytest.raises(ExpressionError, match="does not tell items apart"):
        identities({"mails": [{"id": given}]})


def test_what_is_no_list_is_refused() -> None:
    with pytest.raises(ExpressionError, match="gives no list"):
        identities({"mails": {"id": 1}})
