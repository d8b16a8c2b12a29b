"""Where the contracts are: what a hub stores of its deployment."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from eth_utils.address import is_address, to_checksum_address

from contracts.errors import DeployError


@dataclass(frozen=True, slots=True)
class _Addresses:
    """A record of numbers and checksummed addresses that goes to JSON and back."""

    def to_json(self) -> dict[str, str | int]:
        """A JSON object."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """Read :meth:`to_json`'s object; raises :class:`DeployError` for anything else."""
        expected = {field.name: field.type for field in fields(cls)}
        if set(content) != set(expected):
            raise DeployError(f"expected the fields {', '.join(expected)}; got {', '.join(content) or 'none'}")
        for name, kind in expected.items():
            value = content[name]
            if kind is int and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
                raise DeployError(f"{name} is {value!r}, not a number")
            if kind is str and not is_address(value):
                raise DeployError(f"{name} is {value!r}, not an address")
        checked = {name: to_checksum_address(v) if isinstance(v, str) else v for name, v in content.items()}
        return cls(**checked)


@dataclass(frozen=True, slots=True)
class EcosystemAddresses(_Addresses):
    """The contracts that all chains of a hub share.

    Attributes:
        l1_chain_id: Chain id of the settlement layer they are on.
        deploy_block: L1 block before the first of them: where a watcher starts reading.
    """

    l1_chain_id: int
    deploy_block: int
    bridgehub: str
    chain_type_manager: str
    validator_timelock: str
    message_root: str
    asset_router: str
    native_token_vault: str
    l1_nullifier: str
    verifier: str


@dataclass(frozen=True, slots=True)
class ChainAddresses(_Addresses):
    """A chain on L1.

    Attributes:
        chain_id: The chain.
        zk_chain: Its contract ("diamond" in ZK Stack's words).
        create_block: L1 block that created it: where its watcher starts reading.
    """

    chain_id: int
    zk_chain: str
    create_block: int
