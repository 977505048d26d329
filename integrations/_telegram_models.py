"""The account of a Telegram bot, and what the actions take and give."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, model_validator

from integrations._fields import OptionalPath, Text, whole
from orchestrator.actions import Account, Params, Result, SecretStr, field

MOST_CONTENT = 2_500_000
"""Characters of a document. Telegram itself takes 50 MB."""

MOST_CHOICE = 40
"""Bytes of a choice: it travels in the 64 bytes of a button's data, behind the mark of its question."""


class TelegramAccount(Account):
    """A bot. `chat` is where it writes when a step does not say. `studio_url` is set for the practice account alone,
    whose chats are looked at in the studio."""

    token: SecretStr = field("Token of the bot", description="@BotFather gives it when it makes a bot.")
    chat: str = field(
        "Chat", default="", description="The number of the chat that it writes to when a step names none."
    )
    base_url: str = field(
        "Address of the API", default="https://api.telegram.org", expert=True, pattern=r"^https?://[^/\s]+\S*$"
    )
    studio_url: str = ""


def _filled(value: str) -> str:
    if not whole(value).strip():
        raise ValueError("This must not be empty: Telegram sends no empty messages.")
    return value


def _file_name(value: str) -> str:
    name = whole(value).strip()
    if not name or not name.isprintable() or len(name.encode()) > 200 or any(part in name for part in '/\\"'):
        raise ValueError("A file name is a single line of at most 200 bytes without / \\ and quotes.")
    return name


def _choices(values: list[str]) -> list[str]:
    choices = [whole(value).strip() for value in values]
    if any(not choice for choice in choices) or len(set(choices)) < len(choices):
        raise ValueError("Each choice needs words of its own.")
    long = next((choice for choice in choices if len(choice.encode()) > MOST_CHOICE), None)
    if long:
        raise ValueError(
            f"'{long}' is too long for a button: at most {MOST_CHOICE} letters, or half as many of other alphabets."
        )
    return choices


Filled = Annotated[str, AfterValidator(_filled)]
FileName = Annotated[str, AfterValidator(_file_name)]
Choices = Annotated[list[str], AfterValidator(_choices)]


class Sent(Result):
    message_id: int | str = field("Message id")
    chat: str = field("Chat id")
    text: str = field("Text")
    url: str = field("Link", description="Empty for a private chat: Telegram has no links to those.")


class Question(Sent):
    """A question that was asked. Its `id` is what its answer is collected by."""

    id: str = field("Question id")
    choices: list[str] = field("Choices")


class Answer(Result):
    choice: str = field("Answer", description="The words on the button.")
    by: str = field("By", description="Who pressed the button.")


def _chat_field() -> Any:
    return field(
        "Chat",
        default="",
        description="The number of a chat, or the @name of a channel. Empty: the account's own chat.",
        examples=["7001", "@lantern_news"],
        max_length=100,
    )


def _silent_field() -> Any:
    return field("Without a sound", default=False, expert=True)


class SendMessage(Params):
    """Send a message of plain text to a chat."""

    text: Filled = field("Text", widget="multiline", max_length=4096)
    chat: Text = _chat_field()
    silent: bool = _silent_field()


class SendDocument(Params):
    """Send a file to a chat: a text, or a file of the run's own folder."""

    name: FileName = field("File name", description="With its ending.", examples=["report.md"])
    content: Text = field("Content", default="", widget="multiline", max_length=MOST_CONTENT)
    path: OptionalPath = field(
        "Or a file of the run",
        default="",
        description="Its path in the run's own folder, in place of the content.",
        max_length=1000,
    )
    caption: Text = field("Words below it", default="", max_length=1024)
    chat: Text = _chat_field()
    silent: bool = _silent_field()

    @model_validator(mode="after")
    def _one_of_both(self) -> SendDocument:
        if bool(self.content.strip()) == bool(self.path):
            raise ValueError("Give the content or the path of a file: Telegram sends no empty documents.")
        return self


class Ask(Params):
    """Ask a question with a button for each answer. *Wait for the answer* is the step behind it."""

    text: Filled = field("Question", widget="multiline", max_length=4096)
    choices: Choices = field("Choices", min_length=1, max_length=20, examples=[["Yes", "No"]])
    chat: Text = _chat_field()


class WaitForAnswer(Params):
    """Wait until a button of a question is pressed. The first press counts, whoever it is by. Give the step a deadline
    when it is not to wait for ever. Telegram keeps a press for 24 hours: for longer Patchbay must not be switched off
    meanwhile."""

    question: str = field("Question id", description="What *Ask a question* gave as its id.", min_length=1)
