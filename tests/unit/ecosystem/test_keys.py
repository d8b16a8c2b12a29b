"""Secrets: made once, kept to their owner, never shown."""

import stat
from pathlib import Path

import pytest

from contracts.sender import address_of
from ecosystem.chain_config import key_bytes
from ecosystem.errors import ConfigError
from ecosystem.keys import KeyStore, derive_accounts, new_private_key
from ecosystem.settings import DEV_MNEMONIC, DevAccountSettings, L1Settings, OperatorKeySettings

KEY = "0x" + "ab" * 32


@pytest.fixture
def keys(tmp_path: Path) -> KeyStore:
    return KeyStore(tmp_path).prepare()


def test_everything_is_private_to_its_owner(keys: KeyStore) -> None:
    keys.api_token()
    keys.deployer(L1Settings())
    keys.chain_keys("alpha")
    keys.dev_accounts(DevAccountSettings(count=1))
    files = [path for path in keys.directory.rglob("*") if path.is_file()]
    assert len(files) == 4
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert stat.S_IMODE(keys.directory.stat().st_mode) == 0o700
    assert keys.exposed() == []
    files[0].chmod(0o644)
    assert keys.exposed() == [files[0]]


def test_what_was_made_stays(keys: KeyStore) -> None:
    other = KeyStore(keys.directory.parent)
    assert keys.api_token() == other.api_token() and len(keys.api_token()) >= 32
    assert keys.deployer(L1Settings()) == other.deployer(L1Settings())
    assert keys.chain_keys("alpha") == other.chain_keys("alpha") != keys.chain_keys("beta")


def test_given_keys_are_taken_and_shown_nowhere(keys: KeyStore) -> None:
    given = OperatorKeySettings.model_validate({"committer": KEY})
    made = keys.chain_keys("alpha", given)
    assert made.committer == KEY and made.prover != KEY
    assert keys.chain_keys("alpha").committer == KEY
    assert KEY not in repr(made)


def test_a_given_deployer_key_wins(keys: KeyStore, tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(KEY + "\n")
    external = {"url": "http://x", "chain_id": 5}
    assert keys.deployer(L1Settings.model_validate(external | {"deployer_key": KEY})) == KEY
    assert keys.deployer(L1Settings.model_validate(external | {"deployer_key_file": path})) == KEY
    path.write_text("nonsense")
    with pytest.raises(ConfigError, match="private key"):
        keys.deployer(L1Settings.model_validate(external | {"deployer_key_file": path}))
    with pytest.raises(ConfigError):
        keys.deployer(L1Settings.model_validate(external | {"deployer_key_file": tmp_path / "none"}))


def test_development_accounts_are_the_well_known_ones(keys: KeyStore) -> None:
    accounts = keys.dev_accounts(DevAccountSettings(count=2))
    assert [account.address for account in accounts] == [
        "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
        "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
    ]
    assert accounts[0].private_key == "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
    assert keys.dev_accounts(DevAccountSettings(count=1)) == accounts[:1]
    assert len(keys.dev_accounts(DevAccountSettings(count=3))) == 3


def test_another_mnemonic_gives_other_accounts_and_a_wrong_one_is_refused(keys: KeyStore) -> None:
    first = keys.dev_accounts(DevAccountSettings(count=1))
    words = "legal winner thank year wave sausage worth useful legal winner thank yellow"
    assert keys.dev_accounts(DevAccountSettings(count=1, mnemonic=words)) != first
    with pytest.raises(ConfigError, match="mnemonic"):
        derive_accounts(DEV_MNEMONIC.replace("junk", "test"), 1)
    assert derive_accounts("no words at all", 0) == []


def test_random_keys_are_keys() -> None:
    made = {new_private_key() for _ in range(20)}
    assert len(made) == 20
    assert len({address_of(key_bytes(key)) for key in made}) == 20
