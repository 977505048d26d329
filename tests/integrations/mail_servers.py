"""Mail servers for tests: the practice ones over a store, and servers that say what they are told to say."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from threading import Thread
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from integrations.email import EmailAccount
from integrations.practice import mail_box, mail_folders
from integrations.practice.email import MailServers
from integrations.practice.store import Store

SAM = "sam@lanternworks.example"

Say = Callable[[bytes], bytes | None]


@dataclass(frozen=True)
class Post:
    """Practice servers and what they keep."""

    store: Store
    imap: int
    smtp: int


def account_at(imap: int, smtp: int = 9, **values: Any) -> EmailAccount:
    plain = {"imap_security": "none", "smtp_security": "none"}
    place = {"imap_host": "127.0.0.1", "imap_port": imap, "smtp_host": "127.0.0.1", "smtp_port": smtp}
    return EmailAccount(**{"name": "work", "address": SAM, "password": "practice", **plain, **place, **values})


@contextmanager
def practice_mail(path: Path) -> Iterator[Post]:
    store = Store(path)
    mail_box.seed(store)
    mail_folders.seed(store)
    try:
        yield Post(store, *MailServers(store).ports())
    finally:
        store.close()


@contextmanager
def saying(greeting: bytes, answer: Say, context: ssl.SSLContext | None = None) -> Iterator[int]:
    """A server that greets, and gives an answer to each line; None hangs up. Yields its port."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            plain, _ = server.accept()
            with plain:
                plain.settimeout(5)
                if stopping:
                    return
                open_ones.append(plain)
                with suppress(OSError):
                    connection = context.wrap_socket(plain, server_side=True) if context else plain
                    with connection:
                        connection.sendall(greeting)
                        with connection.makefile("rb") as lines:
                            for line in lines:
                                said = answer(line)
                                if said is None:
                                    break
                                connection.sendall(said)

    stopping: list[bool] = []
    open_ones: list[socket.socket] = []
    thread = Thread(target=serve)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        stopping.append(True)
        for one in open_ones:  # one that a client keeps for its next use
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        with socket.create_connection(server.getsockname()):
            thread.join()
        server.close()


def imap_saying(to_login: bytes, *, capabilities: bytes = b"IMAP4rev1") -> Say:
    """What an IMAP server says that answers a login with these words."""

    def answer(line: bytes) -> bytes | None:
        tag, name = line.split()[:2]
        if name.upper() == b"CAPABILITY":
            return b"* CAPABILITY %b\r\n%b OK done\r\n" % (capabilities, tag)
        if name.upper() == b"LOGIN":
            return b"%b %b\r\n" % (tag, to_login)
        return b"* BYE bye\r\n%b OK done\r\n" % tag

    return answer


def smtp_saying(**answers: bytes | None) -> Say:
    """What an SMTP server says: 250, or what is given for a command. `END` is said once the mail is there."""
    is_mail = False

    def answer(line: bytes) -> bytes | None:
        nonlocal is_mail
        if is_mail:
            if line != b".\r\n":
                return b""
            is_mail, name = False, "END"
        else:
            name = line.split()[0].decode().upper()
        usual = {
            "EHLO": b"250-there\r\n250 AUTH PLAIN\r\n",
            "AUTH": b"235 in\r\n",
            "DATA": b"354 go\r\n",
            "QUIT": b"221 bye\r\n",
        }
        said = answers.get(name, usual.get(name, b"250 fine\r\n"))
        is_mail = name == "DATA" and said is not None and said.startswith(b"354")
        return said

    return answer


def self_signed(folder: Path) -> ssl.SSLContext:
    """A server's side of encryption with a certificate that nobody knows."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "certificate.pem"
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(private + certificate.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context
