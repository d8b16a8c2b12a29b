"""The hub's secrets: files of mode 0600 in ``keys/``, a directory of mode 0700.

``api-token``          bearer token of changing API calls
``ray-token``          Ray's own (written by :mod:`cluster`)
``deployer``           pays for contracts and chains on L1, owns them
``relayer``            pays for the claims that the message router makes
``chains/NAME.json``   the keys of a chain's L1 roles
``dev-accounts.json``  development accounts, derived from the mnemonic
"""

import json
import os
import secrets
import stat
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Self

from ecosystem.errors import ConfigError
from ecosystem.settings import DevAccountSettings, L1Settings, OperatorKeySettings


@dataclass(frozen=True, slots=True)
class ChainKeys:
    """Private keys (hex) of a chain's L1 roles."""

    admin: str
    committer: str
    prover: str
    executor: str
    reverter: str

    def __repr__(self) -> str:
        return "ChainKeys(…)"


@dataclass(frozen=True, slots=True)
class DevAccount:
    """A development account with its well-known key."""

    address: str
    private_key: str


class KeyStore:
    """The ``keys/`` directory of a hub's data directory; what is missing is made on first use."""

    def __init__(self, data_dir: Path) -> None:
        self.directory = data_dir / "keys"

    def prepare(self) -> Self:
        """Make the directory, closed to others."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.directory.chmod(0o700)
        return self

    def api_token(self) -> str:
        """Bearer token of the API's changing calls."""
        return self._once(self.directory / "api-token", lambda: secrets.token_urlsafe(32))

    def read_api_token(self) -> str | None:
        """The token if a hub has made one here."""
        path = self.directory / "api-token"
        return path.read_text().strip() if path.exists() else None

    def deployer(self, settings: L1Settings) -> str:
        """Private key of the deployer: the one that is set, or the hub's own for an embedded L1.

        Raises:
            ConfigError: ``l1.deployer_key_file`` does not hold a key.
        """
        if settings.deployer_key is not None:
            return settings.deployer_key.get_secret_value()
        if settings.deployer_key_file is not None:
            return _key_from_file(settings.deployer_key_file)
        return self._once(self.directory / "deployer", new_private_key)

    def relayer(self) -> str:
        """Private key of the relayer, which pays for claims."""
        return self._once(self.directory / "relayer", new_private_key)

    def chain_keys(self, name: str, given: OperatorKeySettings | None = None) -> ChainKeys:
        """A chain's keys: those that are set, the others random; fixed once the chain has them."""

        def make() -> str:
            wanted = given or OperatorKeySettings()
            chosen = {field.name: getattr(wanted, field.name) for field in fields(ChainKeys)}
            revealed = {role: key.get_secret_value() if key else new_private_key() for role, key in chosen.items()}
            return json.dumps(revealed)

        return ChainKeys(**json.loads(self._once(self.directory / "chains" / f"{name}.json", make)))

    def dev_accounts(self, settings: DevAccountSettings) -> list[DevAccount]:
        """The development accounts, ``m/44'/60'/0'/0/i`` of the mnemonic."""
        path = self.directory / "dev-accounts.json"
        if path.exists():
            kept = json.loads(path.read_text())
            if kept["mnemonic"] == settings.mnemonic and len(kept["accounts"]) >= settings.count:
                return [DevAccount(**account) for account in kept["accounts"][: settings.count]]
        accounts = derive_accounts(settings.mnemonic, settings.count)
        content = {"mnemonic": settings.mnemonic, "accounts": [asdict(account) for account in accounts]}
        write_private(path, json.dumps(content))
        return accounts

    def exposed(self) -> list[Path]:
        """Files and directories that others of this machine may read; there should be none."""
        found = [self.directory, *self.directory.rglob("*")] if self.directory.exists() else []
        return [path for path in found if stat.S_IMODE(path.stat().st_mode) & 0o077]

    def _once(self, path: Path, make: Callable[[], str]) -> str:
        if not path.exists():
            write_private(path, make())
        return path.read_text().strip()


def new_private_key() -> str:
    """A random secp256k1 key as 0x-hex."""
    order = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141
    return f"0x{1 + secrets.randbelow(order - 1):064x}"


def derive_accounts(mnemonic: str, count: int) -> list[DevAccount]:
    """Accounts ``m/44'/60'/0'/0/i`` of a BIP-39 mnemonic.

    Raises:
        ConfigError: The words are no mnemonic.
    """
    if count == 0:
        return []
    # Imported here: it takes half a second, and a hub needs it once in its life.
    from eth_account import Account
    from eth_utils.exceptions import ValidationError

    Account.enable_unaudited_hdwallet_features()
    try:
        derived = [Account.from_mnemonic(mnemonic, account_path=f"m/44'/60'/0'/0/{index}") for index in range(count)]
    except ValidationError as error:
        raise ConfigError("dev_accounts.mnemonic", str(error)) from error
    return [DevAccount(account.address, f"0x{bytes(account.key).hex()}") for account in derived]


def _key_from_file(path: Path) -> str:
    try:
        key = path.read_text().strip()
        # The settings' own check, so that both ways of giving the key accept the same.
        return L1Settings(deployer_key=key).deployer_key.get_secret_value()  # type: ignore[arg-type,union-attr]
    except (OSError, ValueError) as error:
        raise ConfigError("l1.deployer_key_file", f"{path} does not hold a private key") from error


def write_private(path: Path, content: str) -> None:
    """Write a file of mode 0600, whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(content + "\n")
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
