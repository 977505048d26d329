"""Where the servers of a mailbox are: as it was filled in, as is known of a provider, or as an autoconfig file says.

Source of autoconfig: wiki.mozilla.org/Thunderbird:Autoconfiguration:ConfigFileFormat
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args
from urllib.parse import quote
from xml.etree import ElementTree

from orchestrator.actions import AccountError, Unavailable

Security = Literal["ssl", "starttls", "none"]
LOOPBACK = {"127.0.0.1", "localhost", "::1"}

PORTS = {
    "imap": {"ssl": 993, "starttls": 143, "none": 143},
    "smtp": {"ssl": 465, "starttls": 587, "none": 25},
}
"""Source: RFC 8314"""

_LARGEST = 100_000
_SOCKETS: dict[str, Security] = {"SSL": "ssl", "STARTTLS": "starttls", "plain": "none"}


@dataclass(frozen=True, slots=True)
class Server:
    host: str
    port: int
    security: Security

    def __post_init__(self) -> None:
        if self.security not in get_args(Security):
            raise ValueError(f"'{self.security}' is no kind of security.")

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Servers:
    imap: Server
    smtp: Server


def _provider(imap: str, smtp: str, smtp_port: int = 465) -> Servers:
    security: Security = "ssl" if smtp_port == 465 else "starttls"
    return Servers(Server(imap, 993, "ssl"), Server(smtp, smtp_port, security))


_ICLOUD = _provider("imap.mail.me.com", "smtp.mail.me.com", 587)
_FASTMAIL = _provider("imap.fastmail.com", "smtp.fastmail.com")
_GMAIL = _provider("imap.gmail.com", "smtp.gmail.com")
_GMX = _provider("imap.gmx.net", "mail.gmx.net")
_YAHOO = _provider("imap.mail.yahoo.com", "smtp.mail.yahoo.com")

KNOWN = {
    **dict.fromkeys(("icloud.com", "me.com", "mac.com"), _ICLOUD),
    **dict.fromkeys(("fastmail.com", "fastmail.fm"), _FASTMAIL),
    **dict.fromkeys(("gmail.com", "googlemail.com"), _GMAIL),
    **dict.fromkeys(("gmx.de", "gmx.net", "gmx.at", "gmx.ch"), _GMX),
    **dict.fromkeys(("yahoo.com", "yahoo.de", "yahoo.co.uk", "yahoo.fr"), _YAHOO),
    "aol.com": _provider("imap.aol.com", "smtp.aol.com"),
    "mailbox.org": _provider("imap.mailbox.org", "smtp.mailbox.org"),
    "posteo.de": _provider("posteo.de", "posteo.de"),
    "t-online.de": _provider("secureimap.t-online.de", "securesmtp.t-online.de"),
    "web.de": _provider("imap.web.de", "smtp.web.de", 587),
    "zoho.com": _provider("imap.zoho.com", "smtp.zoho.com"),
}
"""The servers of providers by the domain of an address, as their help pages say."""

_APP_PASSWORDS = {
    _ICLOUD: "account.apple.com, 'App-Specific Passwords'",
    _FASTMAIL: "Fastmail's settings, 'Privacy & Security', 'App passwords'",
    _GMAIL: "myaccount.google.com/apppasswords",
    _YAHOO: "Yahoo's 'Account Security', 'Generate app password'",
    KNOWN["aol.com"]: "AOL's 'Account Security', 'Generate app password'",
    KNOWN["t-online.de"]: "the customer centre of T-Online, 'E-mail password'",
    KNOWN["zoho.com"]: "accounts.zoho.com, 'App Passwords'",
}
"""Providers that want a password made for this one program, and where it is made."""

_NO_PASSWORDS = {
    **dict.fromkeys(
        ("outlook.com", "hotmail.com", "live.com", "msn.com"),
        "Microsoft lets no program into this mailbox by password any more: it wants a sign-in, which "
        "Patchbay does not have yet.",
    ),
    **dict.fromkeys(
        ("proton.me", "protonmail.com", "pm.me"),
        "Proton Mail can be reached only through Proton Mail Bridge on this computer: fill in the servers, user and "
        "password that Bridge shows.",
    ),
}


def domain_of(address: str) -> str:
    return address.rpartition("@")[2].lower()


def refusal(address: str) -> str:
    """Why the provider of an address cannot be reached by name; "" where it can."""
    return _NO_PASSWORDS.get(domain_of(address), "")


def app_password(server: Server) -> str:
    """Where the provider of a server has one make a password for this program; "" where that is not known."""
    return next((where for servers, where in _APP_PASSWORDS.items() if server in (servers.imap, servers.smtp)), "")


def autoconfig(base_url: str, address: str, *, timeout: float, proxied: bool) -> Servers:
    """The servers that the file at `base_url` names. `timeout` is in seconds. Raises `Unavailable`, `AccountError`."""

    import httpx2

    url = f"{base_url.rstrip('/')}/mail/config-v1.1.xml?emailaddress={quote(address)}"
    try:
        answer = httpx2.get(url, timeout=timeout, trust_env=proxied, follow_redirects=False)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise Unavailable(
            f"The settings of the mailbox cannot be read at {base_url}: {str(error) or type(error).__name__}.",
            remedy="Check the network and the address, or fill in the servers.",
        ) from error
    if answer.status_code >= 500:
        raise Unavailable(f"{base_url} has a problem of its own ({answer.status_code}).", remedy="Try again later.")
    try:
        if answer.status_code != 200 or len(answer.content) > _LARGEST:
            raise ValueError(answer.status_code)
        root = ElementTree.fromstring(answer.content)
        return Servers(_server(root, "incomingServer", "imap"), _server(root, "outgoingServer", "smtp"))
    except (ElementTree.ParseError, ValueError, LookupError):
        raise AccountError(
            f"What answers at {base_url} does not say where the mail servers are.", remedy="Fill in the servers."
        ) from None


def _server(root: Any, tag: str, kind: str) -> Server:
    """The first server of that kind. Raises `ValueError` or `KeyError`."""
    found = root.find(f".//{tag}[@type='{kind}']")
    if found is None:
        raise ValueError(kind)
    host = (found.findtext("hostname") or "").strip()
    security = _SOCKETS[(found.findtext("socketType") or "").strip()]
    if not host or (security == "none" and host not in LOOPBACK):
        raise ValueError(host)
    return Server(host, int(found.findtext("port") or ""), security)
