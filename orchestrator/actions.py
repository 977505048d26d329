"""How an action is declared and described: the whole contract of an integration.

A connector is one module in `integrations/`. It imports this module and the SDK it speaks, nothing else of
Patchbay, and importing it must be cheap: import the SDK inside the functions that use it.

    github = Connector("github", title="GitHub", icon=":material/code:", account=GitHubAccount,
                       practice={"base_url": "{practice}/github", "token": "practice"})

    class CreateIssue(Params):
        '''Open an issue in a repository.'''
        repository: str = field("Repository", picker="github.repositories")
        title: str = field("Title")

    @github.action("Open an issue", effect="write", result=Issue)
    def create_issue(p: CreateIssue, account: GitHubAccount, call: Call) -> Issue: ...

    @create_issue.preview   # what would be sent; no network
    def _(p: CreateIssue, account: GitHubAccount) -> Plan: ...

    @create_issue.find      # an earlier attempt's result, found by call.key, or None: makes a retry safe
    def _(p: CreateIssue, account: GitHubAccount, call: Call) -> Issue | None: ...

From the parameter and result models come the form, the palette entry, the JSON Schema and the reference.

A connector of somebody else lives in a package of its own, which names it as an entry point of the group
`patchbay.integrations`. docs/add-a-connector.md shows one.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from pathlib import Path
from typing import Any, Literal, Protocol, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from orchestrator import masking
from orchestrator.errors import (
    AccountError,
    EffectUnknown,
    NotYet,
    RateLimited,
    ServiceError,
    Unavailable,
    Unsigned,
)
from orchestrator.file_names import safe_names, safe_path

__all__ = [
    "Account",
    "AccountError",
    "Action",
    "Call",
    "Connector",
    "Consent",
    "EffectUnknown",
    "Grant",
    "Message",
    "ModelAnswer",
    "ModelInfo",
    "ModelRequest",
    "NotYet",
    "Params",
    "Plan",
    "Price",
    "Prompt",
    "RateLimited",
    "Repository",
    "RepositoryFile",
    "RepositoryFiles",
    "Result",
    "SecretStr",
    "ServiceError",
    "Standing",
    "Unavailable",
    "Unsigned",
    "Wanted",
    "field",
    "hide",
    "last_look",
    "placeholder",
    "safe_names",
    "safe_path",
]

Effect = Literal["read", "write", "idempotent_write"]
"""What an action does outside. `pure` work has no effect and is `read`: running it twice does no harm.

`write` needs `find`, so that an attempt whose end is unknown is looked up and not sent again.
`idempotent_write` may be sent again with the same `call.key`, because the service keeps it single."""


class Params(BaseModel):
    """Base of an action's parameters. The docstring of a subclass describes the action."""

    # A number where a text is wanted is its text: so a count can be put into a field by a click.
    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)


class Result(BaseModel):
    """Base of an action's result. A field `url` is the link a person follows to what was made."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def field(
    title: str,
    *,
    default: Any = ...,
    description: str | None = None,
    picker: str | None = None,
    widget: Literal["text", "multiline", "markdown", "json", "code"] | None = None,
    examples: list[Any] | None = None,
    expert: bool = False,
    administered: bool = False,
    **constraints: Any,
) -> Any:
    """A parameter or result field: a pydantic `Field` with what a form needs.

    `picker` names a list to choose from ("github.repositories", "templates", "models"); `expert` folds the field
    away; `constraints` are pydantic's (`ge`, `max_length`, ...). Of an account: `administered` is for whoever runs
    Patchbay to say, by PATCHBAY_<CONNECTOR>_<FIELD> alone and for all accounts alike.
    """
    extra = {"picker": picker, "widget": widget, "expert": expert or None, "administered": administered or None}
    return Field(
        default,
        title=title,
        description=description,
        examples=examples,
        json_schema_extra={name: value for name, value in extra.items() if value is not None},
        **constraints,
    )


class Account(BaseModel):
    """Who a connector acts as. Subclasses add fields; secrets are `SecretStr`. Hashable, so clients can be kept."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = "practice"
    practice: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """What the test of an account found: `who` one is there, and when that ends, in seconds since 1970, where the
    service says so."""

    who: str
    expires: float | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """What a person allowed: fields of the account, and when that ends, in seconds since 1970, where it is known."""

    values: Mapping[str, str]
    expires: float | None = None


class Consent(Protocol):
    """How a person lets a connector act for them, in the browser: the authorization code of OAuth 2.0 (RFC 6749,
    section 4.1) with PKCE (RFC 7636).

    `title` is whose page asks for it, `help` how to become known there. `client` are the account's fields that say who
    asks, and must be known before; `address` is the one that leads to another server. PATCHBAY_<ID>_<FIELD> sets them
    for all accounts. `redirect` is the address that the browser comes back to.
    """

    id: str
    title: str
    help: str
    client: tuple[str, ...]
    address: str

    def link(self, client: Mapping[str, str], redirect: str, state: str, verifier: str) -> str:
        """The address of the page that asks."""
        ...

    def grant(self, client: Mapping[str, str], redirect: str, code: str, verifier: str) -> Grant:
        """What the `code` that the browser came back with stands for. Raises `ServiceError`."""
        ...

    def holds(self, values: Mapping[str, str]) -> bool:
        """Whether these fields of an account are something that a person allowed, and that can be taken back."""
        ...

    def take_back(self, values: Mapping[str, str]) -> None:
        """End at the service what was allowed. It ends for all accounts of that person and that client there. What is
        over already is no error. Raises `ServiceError`, whose remedy says how a person does it."""
        ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which files of a repository are asked for: those whose names end in one of `suffixes` and that have at most
    `largest` bytes; not more than `most` of them."""

    suffixes: tuple[str, ...]
    largest: int
    most: int


@dataclass(frozen=True, slots=True)
class RepositoryFile:
    path: str
    text: str


@dataclass(frozen=True, slots=True)
class RepositoryFiles:
    """What was read of a repository. `url` is the page that shows it; `left_out` says, a sentence each, what was asked
    for and is not among the files."""

    url: str
    files: tuple[RepositoryFile, ...]
    left_out: tuple[str, ...] = ()


class Repository(Protocol):
    """A repository, or a folder of one, that a person named by its address."""

    @property
    def title(self) -> str:
        """What it is called, as "practice/handbook, drafts"."""
        ...

    def read(self, wanted: Wanted) -> RepositoryFiles:
        """Its files, those of folders too. Its errors are those of an action."""
        ...


def hide(owner: object, *secrets: str) -> None:
    """Secrets that are no field of an account, such as a token that was fetched: they are masked wherever they would
    be kept, logged or shown, as long as `owner` lives or until it hides others."""
    masking.know(owner, secrets)


PLACEHOLDER_MARK = "‹\u034f"
"""How a placeholder begins. The grapheme joiner cannot be seen: it tells one from a text that has such quotes."""


def placeholder(name: str) -> str:
    """Stands in a preview for what only the service can choose, such as an id."""
    return f"{PLACEHOLDER_MARK}{name.replace('‹', '').replace('›', '')}›"


@dataclass(frozen=True, slots=True)
class Plan:
    """A write as it would go out. `request` is what is sent, rendered for a person to read;
    `result` is a stand-in with a `placeholder` where the service would choose a value."""

    summary: str
    request: Mapping[str, Any]
    result: Result


@dataclass(frozen=True, slots=True)
class Message:
    """What somebody says to a model. `images` are shown with it: "https://…", or "data:image/png;base64,…"."""

    role: Literal["system", "user", "assistant"]
    content: str
    images: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Prompt:
    """A rendered prompt template: what to say, and the model settings that it asks for."""

    messages: tuple[Message, ...]
    settings: Mapping[str, Any] = dataclass_field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """What is asked of a model. `model` is the provider's own name of it. `max_tokens` bounds the answer.
    `schema` is a JSON Schema that the answer must obey; `choices` are the only answers allowed."""

    messages: tuple[Message, ...]
    model: str
    temperature: float | None = None
    max_tokens: int | None = None
    schema: Mapping[str, Any] | None = None
    choices: tuple[str, ...] | None = None
    timeout: float = 120.0


@dataclass(frozen=True, slots=True)
class ModelAnswer:
    """What a model said. `cost` is in US dollars, None where the price is not known. `note` is shown with the text."""

    text: str
    model: str
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = None
    truncated: bool = False
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Price:
    """What a model costs: US dollars for a million tokens that it reads (`input`) and writes (`output`)."""

    input: float
    output: float

    def of(self, input_tokens: int, output_tokens: int) -> float:
        """US dollars."""
        return (input_tokens * self.input + output_tokens * self.output) / 1_000_000


@dataclass(frozen=True, slots=True)
class ModelInfo:
    id: str
    title: str
    note: str | None = None


class Services(Protocol):
    """What the engine does for an action while it runs. An action reaches it through `Call`."""

    def log(self, call: Call, message: str) -> None: ...
    def stream(self, call: Call, text: str) -> None: ...
    def prompt(self, template: str, variables: Mapping[str, Any]) -> Prompt: ...
    def generate(self, call: Call, model: str | None, request: ModelRequest) -> ModelAnswer: ...
    def folder(self, call: Call) -> Path: ...
    def sending(self, call: Call) -> None: ...


@dataclass(slots=True)  # not frozen: one is made for each item, and that takes three times as long
class Call:
    """One attempt at one action.

    `key` is the same for every attempt at this effect and unlike that of any other: put it where `find` can see it.
    `timeout` is how many seconds this attempt may take. `item` is the path of the item in a `for_each`, "" outside.
    """

    run_id: str
    step_id: str
    key: str
    services: Services
    item: str = ""
    attempt: int = 1
    timeout: float = 60.0

    def log(self, message: str) -> None:
        """Write a line to the run's log. It is kept."""
        self.services.log(self, message)

    def stream(self, text: str) -> None:
        """Show a piece of text to whoever watches. It is not kept."""
        self.services.stream(self, text)

    def prompt(self, template: str, variables: Mapping[str, Any]) -> Prompt:
        """Render a prompt template. Raises `InvalidTemplate`."""
        return self.services.prompt(template, variables)

    def generate(self, model: str | None, request: ModelRequest) -> ModelAnswer:
        """Ask a model: "provider:name", or None for the default one. Blocks: call it from a sync action."""
        return self.services.generate(self, model, request)

    def folder(self) -> Path:
        """The run's own folder, made when it is first asked for. A run that goes on from this one has the same."""
        return self.services.folder(self)

    def sending(self) -> None:
        """The write goes out now: to be called right before it, where other requests come first. Raises `LeaseLost`
        when this process was paused for so long that another one may have sent it."""
        self.services.sending(self)


_writing: ContextVar[Call | None] = ContextVar("writing", default=None)


@contextmanager
def writing(call: Call) -> Generator[None]:
    """What is done inside is one attempt at a write: its connections look before bytes leave them."""
    token = _writing.set(call)
    try:
        yield
    finally:
        _writing.reset(token)


def last_look() -> None:
    """For a connector's connection, right before it writes bytes to the service. Raises `LeaseLost` when this process
    was paused for so long that another one may have done the write. Outside of a write it does nothing."""
    call = _writing.get()
    if call is not None:
        call.sending()


class Action:
    """A registered action: "connector.name", its models, and the functions that do, preview and find it."""

    def __init__(
        self,
        connector: Connector,
        title: str,
        function: Callable[..., Any],
        *,
        effect: Effect,
        result: type[Result],
        timeout: float,
    ) -> None:
        hints = get_type_hints(function)
        names = list(inspect.signature(function).parameters)
        params = hints.get(names[0]) if names else None
        if not (inspect.isclass(params) and issubclass(params, Params)):
            raise TypeError(f"{function.__qualname__}: the first parameter must be annotated with a Params model.")
        self.connector = connector
        self.name = function.__name__
        self.id = f"{connector.id}.{self.name}"
        self.title = title
        self.description = inspect.getdoc(params) or title
        self.effect: Effect = effect
        self.params: type[Params] = params
        self.result = result
        self.timeout = timeout
        self.function = function
        self.is_async = inspect.iscoroutinefunction(function)
        self.preview_function: Callable[..., Plan] | None = None
        self.find_function: Callable[..., Any] | None = None
        self.check_function: Callable[[Mapping[str, Any]], Iterable[str]] | None = None

    def preview(self, function: Callable[..., Plan]) -> Callable[..., Plan]:
        """Declare `(params, account) -> Plan`: what would be sent. It makes no network call."""
        self.preview_function = function
        return function

    def find(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Declare `(params, account, call) -> Result | None`: an earlier attempt's result, looked up at the service
        by `call.key`. None says that it did not happen; where that cannot be told, raise `EffectUnknown`."""
        self.find_function = function
        return function

    def __repr__(self) -> str:
        return f"<Action {self.id}>"


class Connector:
    """A service or a model provider, and its actions.

    `practice` gives the fields of its practice account; "{practice}" in them is the address of the practice
    services. With a `consent`, an account is connected in the browser. `icon` is a Streamlit icon (":material/mail:").
    `inside`: its actions see what they are given and the run's own files, so that no trigger can wait for news there.

    What the service allows one account: `rate` calls a second on average, `burst` of them at once, `concurrency`
    under way at the same time. None: nothing is known, and calls go out as they come.
    """

    def __init__(
        self,
        id: str,
        *,
        title: str,
        icon: str = ":material/extension:",
        description: str = "",
        account: type[Account] = Account,
        consent: Consent | None = None,
        practice: Mapping[str, str] | None = None,
        rate: float | None = None,
        burst: int = 1,
        concurrency: int | None = None,
        inside: bool = False,
    ) -> None:
        self.id = id
        self.title = title
        self.icon = icon
        self.description = description
        self.account = account
        self.consent = consent
        self.practice = practice
        self.rate = rate
        self.burst = burst
        self.concurrency = concurrency
        self.inside = inside
        self.actions: dict[str, Action] = {}
        self.pickers: dict[str, Callable[[Any], list[tuple[str, str]]]] = {}
        self.generate_function: Callable[..., ModelAnswer] | None = None
        self.models_function: Callable[[Any], list[ModelInfo]] | None = None
        self.price_function: Callable[[str, Any], Price | None] | None = None
        self.check_function: Callable[[Any], str | Standing] | None = None
        self.repository_function: Callable[[str, Any], Repository | None] | None = None
        self.verify_function: Callable[..., str] | None = None

    def action(
        self, title: str, *, effect: Effect, result: type[Result], timeout: float = 60.0
    ) -> Callable[[Callable[..., Any]], Action]:
        """Register the decorated `(params, account, call) -> result` under its own name."""

        def register(function: Callable[..., Any]) -> Action:
            action = Action(self, title, function, effect=effect, result=result, timeout=timeout)
            self.actions[action.name] = action
            return action

        return register

    def picker(self, name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Declare `(account) -> [(value, label), ...]`: a list fetched from the account, "connector.name"."""

        def register(function: Callable[..., Any]) -> Callable[..., Any]:
            self.pickers[name] = function
            return function

        return register

    def generate(self, function: Callable[..., ModelAnswer]) -> Callable[..., ModelAnswer]:
        """Declare `(request, account, call) -> ModelAnswer`: this connector is a model provider."""
        self.generate_function = function
        return function

    def models(self, function: Callable[..., list[ModelInfo]]) -> Callable[..., list[ModelInfo]]:
        """Declare `(account) -> [ModelInfo, ...]`. The first is the provider's default."""
        self.models_function = function
        return function

    def check(self, function: Callable[[Any], str | Standing]) -> Callable[[Any], str | Standing]:
        """Declare `(account) -> str | Standing`: the cheapest real call, and who one is there ("octocat"). Its errors
        are those of an action; rights that the actions need and the account lacks are one."""
        self.check_function = function
        return function

    def repository(self, function: Callable[[str, Any], Repository | None]) -> Callable[[str, Any], Repository | None]:
        """Declare `(address, account) -> Repository | None`: the repository that an address names, None where it names
        none of this service. It makes no network call. The secrets of an account that is nobody's are empty: what all
        the world may read is read without them."""
        self.repository_function = function
        return function

    def verify(self, function: Callable[..., str]) -> Callable[..., str]:
        """Declare `(account, headers, content, now) -> str`: whether a request to a webhook is signed with the secret
        of the account. `headers` have small names, `content` is the body as it came, `now` seconds since 1970. It gives
        what tells the request from all others, "" where the service does not say, and raises `Unsigned`."""
        self.verify_function = function
        return function

    def price(self, function: Callable[[str, Any], Price | None]) -> Callable[[str, Any], Price | None]:
        """Declare `(model, account) -> Price | None`: what a model costs, None where that is not known. It makes no
        network call."""
        self.price_function = function
        return function

    def __repr__(self) -> str:
        return f"<Connector {self.id}>"
