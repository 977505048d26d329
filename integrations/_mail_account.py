"""The account of a mailbox by IMAP and SMTP."""

from __future__ import annotations

from email.headerregistry import Address
from urllib.parse import urlsplit

from pydantic import model_validator

from integrations import _mail_servers
from integrations._mail_connecting import Login
from integrations._mail_recipients import is_address
from integrations._mail_servers import LOOPBACK, PORTS, Security, Server, Servers
from orchestrator.actions import Account, SecretStr, field


class EmailAccount(Account):
    """A mailbox. Servers that are not filled in are those that are known of the provider, or that `base_url` names."""

    address: str = field("Mail address", examples=["ana@example.com"])
    password: SecretStr = field(
        "Password", description="Many providers want one that is made for this program: an app password."
    )
    imap_host: str = field(
        "Server for reading (IMAP)",
        default="",
        description="Empty for iCloud, Fastmail, GMX, Yahoo and others that are known.",
        examples=["imap.example.com"],
    )
    smtp_host: str = field(
        "Server for sending (SMTP)", default="", description="Empty: known too, or the same as for reading."
    )
    sender: str = field("Your name", default="", description="Shown with the address in mail that you send.")
    user: str = field("User", default="", description="Empty: the mail address.", expert=True)
    imap_port: int = field("Port for reading", default=0, ge=0, le=65535, description="0: the usual one.", expert=True)
    imap_security: Security = field("Security for reading", default="ssl", expert=True)
    smtp_port: int = field("Port for sending", default=0, ge=0, le=65535, description="0: the usual one.", expert=True)
    smtp_security: Security = field("Security for sending", default="ssl", expert=True)
    base_url: str = field(
        "Address of the provider's settings",
        default="",
        description="Where an autoconfig file names the servers.",
        examples=["https://autoconfig.example.com"],
        expert=True,
    )

    @model_validator(mode="after")
    def _reachable(self) -> EmailAccount:
        if not is_address(self.address):
            raise ValueError("the mail address is none")
        if any(character in self.sender for character in "\r\n") or not self.sender.isprintable():
            raise ValueError("your name must be a single line")
        given = {self.imap_host: self.imap_security, self.smtp_host: self.smtp_security}
        if any(host and security == "none" and host not in LOOPBACK for host, security in given.items()):
            raise ValueError("without encryption, a password may go to this computer alone: choose ssl or starttls")
        place = urlsplit(self.base_url)
        is_near = self.practice or (place.scheme == "http" and place.hostname in LOOPBACK)
        if self.base_url and not (place.scheme == "https" or is_near):
            raise ValueError("the address of the settings begins with https://")
        if not (self.imap_host or self.base_url) and (why := _mail_servers.refusal(self.address)):
            raise ValueError(why)
        if not (self.imap_host or self.base_url or _mail_servers.domain_of(self.address) in _mail_servers.KNOWN):
            raise ValueError(
                f"the servers of {_mail_servers.domain_of(self.address)} are not known: fill in the server for reading "
                "and the server for sending, as your provider's help pages name them"
            )
        return self

    def servers(self, timeout: float) -> Servers:
        """Asks `base_url` where that is set. `timeout` is in seconds."""
        if self.imap_host:
            imap_port = self.imap_port or PORTS["imap"][self.imap_security]
            smtp_port = self.smtp_port or PORTS["smtp"][self.smtp_security]
            smtp_host = self.smtp_host or self.imap_host
            return Servers(
                Server(self.imap_host, imap_port, self.imap_security), Server(smtp_host, smtp_port, self.smtp_security)
            )
        if self.base_url:
            return _mail_servers.autoconfig(self.base_url, self.address, timeout=timeout, proxied=not self.practice)
        return _mail_servers.KNOWN[_mail_servers.domain_of(self.address)]

    @property
    def login(self) -> Login:
        return Login(self.name, self.user or self.address, self.password.get_secret_value())

    @property
    def mailbox(self) -> str:
        """As it is written into From."""
        return str(Address(self.sender, addr_spec=self.address)) if self.sender else self.address
