"""The vault: what is secret is encrypted before it is written anywhere, under a key that lies elsewhere.

Fernet of the package cryptography (AES-128-CBC with an HMAC-SHA256, https://github.com/fernet/spec); several keys at a
time by `MultiFernet`: the first encrypts, all decrypt. The keys are those of PATCHBAY_MASTER_KEY; else of the file
`master.key` in the home folder; else of the system's keyring, where the package `keyring` is there; else a key is
made when the first secret is kept.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import importlib
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import orjson

from orchestrator.errors import VaultError
from orchestrator.settings import Settings

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

VARIABLE = "PATCHBAY_MASTER_KEY"
FILE = "master.key"


class Keys(Protocol):
    """Where the keys are kept, the one that encrypts first. `place` names it in messages."""

    place: str
    can_change: bool

    def read(self) -> list[str]:
        """Empty: none was made yet, or it is lost. Raises `VaultError`."""
        ...

    def write(self, keys: list[str]) -> None:
        """Replace them: after a crash there are either the old ones or the new. Raises `VaultError`."""
        ...


class GivenKeys:
    """Keys that somebody else keeps, separated by commas: they can be used and not changed."""

    place = VARIABLE
    can_change = False

    def __init__(self, text: str) -> None:
        self._keys = [_key(part.strip(), self.place) for part in text.split(",") if part.strip()]

    def read(self) -> list[str]:
        return list(self._keys)

    def write(self, keys: list[str]) -> None:
        raise VaultError(f"The key in {self.place} cannot be changed from here.", remedy="Change the setting.")


class KeyFile:
    """Keys in a file that only its owner can read, one a line."""

    can_change = True

    def __init__(self, path: Path) -> None:
        self.place = f"the file {path}"
        self.path = path

    def read(self) -> list[str]:
        try:
            lines = self.path.read_text("ascii").split()
        except FileNotFoundError:
            return []
        except (OSError, ValueError) as error:
            raise VaultError(
                f"The key of the vault cannot be read from {self.place}: {error}.", remedy="Correct the file."
            ) from error
        return [_key(line, self.place) for line in lines]

    def write(self, keys: list[str]) -> None:
        temporary = self.path.with_name(f"{FILE}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write("\n".join(keys) + "\n")
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self.path)
            _sync_folder(self.path.parent)
        except OSError as error:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise VaultError(
                f"The key of the vault cannot be written to {self.place}: {error.strerror}.",
                remedy="Free some space, or let Patchbay write there.",
            ) from error


class KeyringKeys:
    """Keys in the keyring of the system (https://github.com/jaraco/keyring)."""

    place = "the keyring of this computer"
    can_change = True

    def __init__(self, keyring: Any, home: Path) -> None:
        self._keyring = keyring
        self._user = str(home.resolve())

    def read(self) -> list[str]:
        try:
            text = self._keyring.get_password("patchbay", self._user)
        except Exception as error:  # each keyring has errors of its own
            raise VaultError(f"The key cannot be read from {self.place}: {error}.", remedy="Unlock it.") from error
        return [_key(line, self.place) for line in (text or "").split()]

    def write(self, keys: list[str]) -> None:
        try:
            self._keyring.set_password("patchbay", self._user, "\n".join(keys))
        except Exception as error:
            raise VaultError(f"The key cannot be kept in {self.place}: {error}.", remedy="Unlock it.") from error


def keys_of(settings: Settings) -> Keys:
    """Where the settings keep the keys. Raises `VaultError` for a PATCHBAY_MASTER_KEY that is none."""
    given = settings.master_key.get_secret_value() if settings.master_key else ""
    if given.strip():
        return GivenKeys(given)
    file = KeyFile(settings.home / FILE)
    if not file.path.exists() and (keyring := _system_keyring()):
        return KeyringKeys(keyring, settings.home)
    return file


class Vault:
    """Encrypts and decrypts. It reads its keys anew whenever it encrypts, since another process may have changed them.

    Whoever calls `seal`, `begin_rotation` or `end_rotation` holds a lock that all processes share, from before the
    call until what was encrypted is stored: then no key is dropped that something is still encrypted with.
    """

    def __init__(self, keys: Keys) -> None:
        self.keys = keys
        self._fernet: MultiFernet | None = None

    def seal(self, content: Any) -> str:
        """Encrypt a JSON value. Makes a key when there is none. Raises `VaultError`."""
        if not self.keys.read():
            self.keys.write([_new_key()])
        return self._read().encrypt(orjson.dumps(content)).decode()

    def open(self, sealed: str) -> Any:
        """Raises `VaultError` when none of the keys fits."""
        from cryptography.fernet import InvalidToken

        for fernet in (self._fernet, None):  # keys that were changed since they were read are read again
            fernet = fernet or self._read()
            with contextlib.suppress(InvalidToken):
                return orjson.loads(fernet.decrypt(sealed))
        raise self._no_key_fits()

    def reseal(self, sealed: str) -> str:
        """The same content, encrypted with the first key. Raises `VaultError`."""
        return self._read().encrypt(orjson.dumps(self.open(sealed))).decode()

    def begin_rotation(self) -> str:
        """Put a new key before the others; from now on it encrypts. Keys that are given from outside stay as they are.
        Gives the first key. Raises `VaultError` when there is none."""
        keys = self.keys.read()
        if not keys:
            raise self._no_key_fits()
        if self.keys.can_change:
            keys = [_new_key(), *keys]
            self.keys.write(keys)
        return keys[0]

    def end_rotation(self, first: str) -> None:
        """Forget all keys but `first`, unless somebody has put another before it."""
        keys = self.keys.read()
        if self.keys.can_change and keys[:1] == [first]:
            self.keys.write([first])

    def _read(self) -> MultiFernet:
        from cryptography.fernet import Fernet, MultiFernet

        keys = self.keys.read()
        if not keys:
            raise self._no_key_fits()
        self._fernet = MultiFernet([Fernet(key) for key in keys])
        return self._fernet

    def _no_key_fits(self) -> VaultError:
        return VaultError(
            f"The account is locked: the key that it was saved with is not in {self.keys.place}.",
            remedy="Bring that key back, or connect the account again. Workflows and runs are all there.",
        )


def _new_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def _key(text: str, place: str) -> str:
    """The key in the alphabet that Fernet wants, which is not the one that most tools write."""
    try:
        if len(base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)) == 32:
            return text.replace("+", "-").replace("/", "_")
    except binascii.Error:
        pass
    raise VaultError(
        f"What is in {place} is not a key.", remedy="A key is 32 random bytes in base64: openssl rand -base64 32."
    )


def _system_keyring() -> Any:
    """The package `keyring` when it is installed and has somewhere to keep things."""
    try:
        keyring: Any = importlib.import_module("keyring")
        return keyring if keyring.get_keyring().priority >= 1 else None
    except Exception:  # no such package, or no keyring on this machine: it has an error for each way
        return None


def _sync_folder(folder: Path) -> None:
    if not hasattr(os, "O_DIRECTORY"):  # Windows cannot, and need not
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
