"""The vault: what it encrypts opens with its keys and with nothing else; keys are kept, found and changed safely."""

from __future__ import annotations

import base64
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.errors import VaultError
from orchestrator.settings import Settings
from orchestrator.vault import FILE, GivenKeys, KeyFile, KeyringKeys, Vault, keys_of

CONTENT = {"token": "hunter2-hunter2", "n": 1}


def a_key() -> str:
    return base64.b64encode(os.urandom(32)).decode()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / FILE


@pytest.fixture
def vault(path: Path) -> Vault:
    return Vault(KeyFile(path))


def test_what_is_sealed_opens_again_and_tells_nothing_before(vault: Vault) -> None:
    sealed = vault.seal(CONTENT)

    assert "hunter2" not in sealed
    assert vault.open(sealed) == CONTENT
    assert sealed != vault.seal(CONTENT)


def test_the_key_is_made_at_first_use_and_only_its_owner_can_read_it(vault: Vault, path: Path) -> None:
    assert not path.exists()
    vault.seal(CONTENT)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in path.parent.iterdir()] == [FILE]


def test_to_open_makes_no_key(tmp_path: Path, vault: Vault, path: Path) -> None:
    sealed = Vault(KeyFile(tmp_path / "other")).seal(CONTENT)

    with pytest.raises(VaultError, match="locked"):
        vault.open(sealed)
    assert not path.exists()


def test_a_lost_key_is_told_with_the_way_out(vault: Vault, path: Path) -> None:
    sealed = vault.seal(CONTENT)
    path.unlink()

    with pytest.raises(VaultError) as error:
        Vault(KeyFile(path)).open(sealed)
    assert str(path) in error.value.message
    assert "connect the account again" in error.value.remedy
    assert "Workflows and runs are all there" in error.value.remedy


@pytest.mark.parametrize("damage", ["", "not a key", "\xff\xfe", "AAAA"])
def test_a_damaged_key_file_is_told_too(vault: Vault, path: Path, damage: str) -> None:
    sealed = vault.seal(CONTENT)
    path.write_bytes(damage.encode("latin-1"))

    with pytest.raises(VaultError):
        Vault(KeyFile(path)).open(sealed)


def test_a_damaged_secret_is_told_too(vault: Vault) -> None:
    sealed = vault.seal(CONTENT)
    with pytest.raises(VaultError):
        vault.open(sealed[:-8] + "AAAAAAA=")


class TestKeysFromTheEnvironment:
    def test_the_first_encrypts_and_all_decrypt(self) -> None:
        old, new = a_key(), a_key()
        sealed = Vault(GivenKeys(old)).seal(CONTENT)

        both = Vault(GivenKeys(f"{new}, {old}"))
        assert both.open(sealed) == CONTENT
        assert Vault(GivenKeys(new)).open(both.reseal(sealed)) == CONTENT

    def test_both_alphabets_of_base64_are_read(self) -> None:
        key = base64.b64encode(b"\xff\xfb" * 16).decode()
        sealed = Vault(GivenKeys(key)).seal(CONTENT)

        assert Vault(GivenKeys(key.replace("+", "-").replace("/", "_"))).open(sealed) == CONTENT

    def test_what_is_no_key_is_refused_without_being_told(self, tmp_path: Path) -> None:
        with pytest.raises(VaultError, match="PATCHBAY_MASTER_KEY") as error:
            keys_of(Settings.load(home=tmp_path, master_key="hunter2-hunter2"))
        assert "hunter2" not in str(error.value)

    def test_they_stand_before_the_file(self, vault: Vault, path: Path) -> None:
        vault.seal(CONTENT)
        keys = keys_of(Settings.load(home=path.parent, master_key=a_key()))
        assert isinstance(keys, GivenKeys)

    def test_a_rotation_leaves_them_alone(self) -> None:
        key = a_key()
        vault = Vault(GivenKeys(key))
        vault.end_rotation(vault.begin_rotation())
        assert vault.keys.read() == GivenKeys(key).read()


class TestARotation:
    def test_opens_the_old_at_every_moment_and_the_new_in_the_end(self, vault: Vault, path: Path) -> None:
        sealed = vault.seal(CONTENT)
        first = vault.begin_rotation()
        assert Vault(KeyFile(path)).open(sealed) == CONTENT
        again = vault.reseal(sealed)
        vault.end_rotation(first)

        assert Vault(KeyFile(path)).open(again) == CONTENT
        with pytest.raises(VaultError):
            Vault(KeyFile(path)).open(sealed)

    def test_without_any_key_makes_none(self, vault: Vault, path: Path) -> None:
        with pytest.raises(VaultError, match="locked"):
            vault.begin_rotation()
        assert not path.exists()

    def test_is_noticed_by_who_read_the_keys_before(self, vault: Vault, path: Path) -> None:
        other = Vault(KeyFile(path))
        sealed = other.seal(CONTENT)
        assert other.open(sealed) == CONTENT
        first = vault.begin_rotation()
        again = vault.reseal(sealed)
        vault.end_rotation(first)

        assert other.open(again) == CONTENT

    def test_that_was_overtaken_drops_no_key_of_the_other(self, vault: Vault, path: Path) -> None:
        sealed = vault.seal(CONTENT)
        slow, fast = vault, Vault(KeyFile(path))
        mine = slow.begin_rotation()
        theirs = fast.begin_rotation()
        again = fast.reseal(slow.reseal(sealed))
        slow.end_rotation(mine)

        assert fast.open(again) == CONTENT
        fast.end_rotation(theirs)
        assert Vault(KeyFile(path)).open(again) == CONTENT


KEYRING = """
import json, pathlib
FILE = pathlib.Path(__file__).with_suffix(".json")
class Kept:
    priority = PRIORITY
def get_keyring(): return Kept
def get_password(service, user): return json.loads(FILE.read_text()).get(service + user) if FILE.exists() else None
def set_password(service, user, text): FILE.write_text(json.dumps({service + user: text}))
"""


class TestTheKeyring:
    """A package of that name stands in for the one that is not among our requirements."""

    @pytest.fixture(autouse=True)
    def forgotten(self) -> Iterator[None]:
        """What a test imported under that name is gone when it is over."""
        sys.modules.pop("keyring", None)
        yield
        sys.modules.pop("keyring", None)

    def install(self, folder: Path, monkeypatch: pytest.MonkeyPatch, priority: float) -> None:
        folder.mkdir()
        (folder / "keyring.py").write_text(KEYRING.replace("PRIORITY", str(priority)))
        monkeypatch.syspath_prepend(str(folder))

    def test_keeps_the_key_where_there_is_one(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.install(tmp_path / "packages", monkeypatch, 5)
        settings = Settings.load(home=tmp_path / "home")
        sealed = Vault(keys_of(settings)).seal(CONTENT)

        assert isinstance(keys_of(settings), KeyringKeys)
        assert Vault(keys_of(settings)).open(sealed) == CONTENT
        assert not (tmp_path / "home").exists()

    def test_does_not_stand_before_a_file_that_is_there(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        settings = Settings.load(home=tmp_path / "home")
        Vault(keys_of(settings)).seal(CONTENT)
        self.install(tmp_path / "packages", monkeypatch, 5)

        assert isinstance(keys_of(settings), KeyFile)

    def test_of_a_machine_that_has_none_is_left_alone(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.install(tmp_path / "packages", monkeypatch, 0)
        assert isinstance(keys_of(Settings.load(home=tmp_path / "home")), KeyFile)
