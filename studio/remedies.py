"""What to do about an error: its likely cause, and the ways that lead on, the first one first. No Streamlit here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

Deed = Literal[
    "again", "account", "accounts", "step", "settings", "limits", "workflow", "template", "inputs", "preview", "child",
    "look", "practice",
]  # fmt: skip
"""What a way does: try again from where it stopped; or lead to the account of the step, or all accounts; to the step in
the Builder, its settings, or the limits of the workflow; to the workflow there; to the template of the step; to other
inputs; to a new preview; to the run that it began; to what it changed outside; to the practice services."""

ICONS: dict[Deed, str] = {
    "again": ":material/play_arrow:",
    "account": ":material/key:",
    "accounts": ":material/key:",
    "step": ":material/edit:",
    "settings": ":material/tune:",
    "limits": ":material/speed:",
    "workflow": ":material/design_services:",
    "template": ":material/edit_note:",
    "inputs": ":material/input:",
    "preview": ":material/visibility:",
    "child": ":material/arrow_forward:",
    "look": ":material/open_in_new:",
    "practice": ":material/science:",
}


@dataclass(frozen=True, slots=True)
class Way:
    """A button: what it does, and what stands on it."""

    deed: Deed
    label: str


AGAIN = Way("again", "Try again")
STEP = Way("step", "Change the step")


@dataclass(frozen=True, slots=True)
class Remedy:
    """`cause` is the likely one, `ways` the buttons, `advice` what to do in a sentence."""

    cause: str
    ways: tuple[Way, ...]
    advice: str = ""


REMEDIES: dict[str, Remedy] = {
    "error": Remedy("Something that nobody foresaw.", (AGAIN, STEP)),
    "invalid_workflow": Remedy(
        "The workflow, or one that it runs, has mistakes.",
        (Way("workflow", "Open it in the Builder"),),
        "Correct what the Builder lists under Problems.",
    ),
    "invalid_input": Remedy(
        "What it was given is not what the workflow asks for.",
        (Way("inputs", "Run it with other values"), Way("step", "Change the step")),
        "Give it other values.",
    ),
    "invalid_file": Remedy("A file does not hold what it should.", (STEP, AGAIN), "Look at the file."),
    "not_found": Remedy(
        "What the step names was deleted or has another name now: a template, a workflow or a model.",
        (STEP, AGAIN),
        "Choose another one.",
    ),
    "outdated": Remedy("Somebody changed the same thing at that moment.", (AGAIN,)),
    "invalid_template": Remedy(
        "The text of the template has a mistake.",
        (Way("template", "Open the template"), AGAIN),
        "Correct the template, then try again.",
    ),
    "missing_variables": Remedy(
        "The template asks for a value that this step does not give it.",
        (Way("step", "Fill in what is missing"), Way("template", "Open the template")),
        "Give the template all that it asks for.",
    ),
    "invalid_settings": Remedy(
        "A setting of Patchbay itself is wrong: not something of this workflow.",
        (AGAIN,),
        "Whoever runs Patchbay corrects the setting; then try again.",
    ),
    "vault": Remedy(
        "The key with which accounts are kept secret is missing, or is another one now.",
        (Way("accounts", "Look at the accounts"), AGAIN),
        "Bring the key back, or connect the accounts anew.",
    ),
    "unsigned": Remedy(
        "A request to a webhook did not carry the signature that its trigger asks for.",
        (AGAIN,),
        "Whoever sends it signs it with the secret of the trigger.",
    ),
    "store": Remedy(
        "The disk is full, or the database does not answer.",
        (AGAIN,),
        "Whoever runs Patchbay makes room or starts the database; then try again.",
    ),
    "newer_store": Remedy("The data were written by a newer Patchbay than this one.", (AGAIN,), "Update Patchbay."),
    "lease_lost": Remedy("Another process went on with this run.", (AGAIN,)),
    "step": Remedy(
        "The step was given something that does not fit, or got back what it does not know.",
        (STEP, AGAIN),
        "Correct what the step is given.",
    ),
    "not_yet": Remedy("What the step waits for did not happen in time.", (AGAIN, Way("settings", "Give it more time"))),
    "expression": Remedy(
        "A value that the step refers to was not there this time: a list was empty, or an earlier step was skipped.",
        (Way("step", "Correct the expression"), AGAIN),
        "Correct the expression, or say what to take when there is no value.",
    ),
    "timeout": Remedy(
        "The service was slow, or the work takes longer than the step may.",
        (AGAIN, Way("settings", "Give it more time")),
    ),
    "deadline_exceeded": Remedy(
        "All its tries together took longer than the step may.",
        (Way("settings", "Give it more time"), AGAIN),
    ),
    "budget_exceeded": Remedy(
        "The run used, or could have used, more than the workflow allows.",
        (Way("limits", "Raise the limit"), Way("step", "Make the step cheaper")),
        "Raise the limit, or ask the model for less.",
    ),
    "subworkflow_failed": Remedy(
        "The workflow that this step runs failed.",
        (Way("child", "Open the run that failed"), AGAIN),
        "Mend that run first.",
    ),
    "not_approved": Remedy(
        "Somebody said no, or what was to be sent was no longer what was shown.",
        (Way("preview", "Preview again"),),
        "Look at a new preview.",
    ),
    "effect_unknown": Remedy(
        "No answer came back, and the service cannot tell whether it was done.",
        (Way("look", "Look there first"), AGAIN),
        "Look at the service whether it happened before you try again.",
    ),
    "service": Remedy(
        "The service said no: what is named was deleted, has another name now, or is closed to this account.",
        (STEP, AGAIN),
        "Correct what the step names, then try again.",
    ),
    "account": Remedy(
        "The account's key ended, was withdrawn, or may not do this.",
        (Way("account", "Reconnect the account"), AGAIN),
        "Reconnect the account, then try again.",
    ),
    "rate_limited": Remedy(
        "The service allows only so many requests at a time.",
        (AGAIN, Way("settings", "Let it try more often")),
        "Wait a moment, then try again.",
    ),
    "unavailable": Remedy(
        "The service is down, or cannot be reached from here.",
        (AGAIN, Way("settings", "Let it try more often")),
        "Wait a moment, then try again.",
    ),
    "circuit_open": Remedy(
        "The service failed so often that it is left alone for a while.",
        (AGAIN, Way("settings", "Let it try more often")),
        "Wait a moment, then try again.",
    ),
}
"""By the code of an error, as `orchestrator.errors` has them. What the error itself advises goes first."""


@dataclass(frozen=True, slots=True)
class Sign:
    """Words in the message of an error that say more than its code: then `remedy` is meant. Its advice, where it has
    one, goes before that of the error, which is for those who read files and settings too."""

    code: str
    words: str
    remedy: Remedy


SIGNS = (
    Sign(
        "account",
        r"^No .+ account is connected",
        Remedy(
            "The step acts as an account of this service, and there is none yet.",
            (Way("account", "Connect an account"), AGAIN),
            "Connect one, then try again.",
        ),
    ),
    Sign(
        "budget_exceeded",
        "",
        Remedy(
            REMEDIES["budget_exceeded"].cause,
            (*REMEDIES["budget_exceeded"].ways, AGAIN),
            "Raise the limit of the workflow, or let the step ask the model for less. Then try again.",
        ),
    ),
    Sign(
        "expression",
        r"the nearest is '",
        Remedy(
            "A name is misspelled.",
            (Way("step", "Correct the name"), AGAIN),
            "Choose the value in the step once more, then try again.",
        ),
    ),
    Sign(
        "expression",
        r"'\d+' is not defined|is empty|counted from 0|sequence was empty|empty sequence",
        Remedy(
            "The list was empty this time, or shorter than that: an earlier step found less than the step counts on.",
            (Way("settings", "Run the step only if there is something"), STEP, AGAIN),
            "Give the step a condition, so that it is left out when there is nothing.",
        ),
    ),
    Sign(
        "step",
        r"^The parameters do not fit",
        Remedy(
            "A field of the step got another kind of value than it takes: a text in place of a number, or nothing.",
            (STEP, AGAIN),
            "Open the step, and look where the value of this field comes from.",
        ),
    ),
    Sign(
        "step",
        r"^Nobody (approved|answered)",
        Remedy(
            "It was asked, and the time for an answer was over before somebody gave one.",
            (Way("again", "Ask again"), Way("step", "Give more time to answer")),
            "Ask again, and answer on Home or on the page of the run.",
        ),
    ),
    Sign(
        "step",
        r" rejected it[.:]",
        Remedy("A person looked at it and said no.", (STEP, Way("again", "Ask again"))),
    ),
    Sign(
        "step",
        r"may have been sent, and was stopped",
        Remedy(
            "Nobody could tell whether it had arrived, and a person chose to stop.",
            (Way("again", "Ask again"), STEP),
            "Look at the service whether it arrived. Then ask again, and say so.",
        ),
    ),
    Sign(
        "service",
        r"\bnot shared\b",
        Remedy(
            "It is not shared with the account yet. Or it was deleted, or its address is misspelled.",
            (Way("again", "It is shared now: try again"), STEP),
        ),
    ),
    Sign(
        "service",
        r"in the form that was asked for",
        Remedy("Models miss a form now and then, small ones often.", (AGAIN, Way("step", "Choose another model"))),
    ),
    Sign(
        "service",
        r"(is larger than|takes at most) [\d.,]+ [kM]B",
        Remedy("The file is larger than the service takes.", (Way("step", "Choose a smaller file"), AGAIN)),
    ),
    Sign(
        "unavailable",
        r"^(GET|POST|PUT|PATCH|DELETE|HEAD) .+ is not known",
        Remedy(
            "The address is misspelled, or this computer has no internet just now.",
            (AGAIN, Way("step", "Correct the address")),
        ),
    ),
)
"""The first that fits."""

OF_A_SERVICE = frozenset({"account", "rate_limited", "unavailable", "circuit_open"})
"""Errors that a practice service gives when it is made to misbehave, and else never."""

_KEY = re.compile(r"key '([^']+)'")
_FIELD = re.compile(r"^The parameters do not fit [^:]*: '([\w.]+)':")


def remedy_for(error: Mapping[str, Any]) -> Remedy:
    """For an error as the journal has it. A code of an older or a newer Patchbay is like any that nobody foresaw."""
    code, message, said = (str(error.get(name) or "") for name in ("code", "message", "remedy"))
    general = REMEDIES.get(code, REMEDIES["error"])
    sign = next((one for one in SIGNS if one.code == code and re.search(one.words, message)), None)
    if sign is None:
        return replace(general, advice=said or general.advice or "Try again.")
    return replace(sign.remedy, advice=sign.remedy.advice or said or "Try again.")


def field_of(error: Mapping[str, Any]) -> str | None:
    """The name of the field that is wrong, where the error says it."""
    found = _KEY.search(str(error.get("where") or "")) or _FIELD.search(str(error.get("message") or ""))
    return found[1] if found else None
