"""Protocol versions: publishing one, and moving a chain to it."""

import re
from dataclasses import dataclass
from typing import Any, Final

from eth_utils.address import to_checksum_address

from contracts.artifacts import load
from contracts.client import L1Client, Receipt
from contracts.errors import EncodingError
from contracts.sender import Sender

PROTOCOL_VERSION: Final = 29 << 32
"""This release's, 0.29.0, packed as ZK Stack packs versions: major << 64 | minor << 32 | patch."""
NEVER: Final = 2**256 - 1
"""Deadline of a version that does not end."""

_PART_BITS: Final = 32
_PARTS: Final = 3
_SEMVER: Final = re.compile(r"(0|[1-9]\d{0,9})\.(0|[1-9]\d{0,9})\.(0|[1-9]\d{0,9})")


@dataclass(frozen=True, slots=True)
class VersionData:
    """What a protocol version is; ``VersionData`` of ``IChainTypeManager.sol``.

    Attributes:
        implementation: Address of the code that chains run.
        verifier: Address of the contract that says what is proven.
        program_id: The batch program whose proofs are accepted, 32 bytes.
    """

    implementation: str
    verifier: str
    program_id: bytes

    def as_tuple(self) -> tuple[Any, ...]:
        """In the order of the struct."""
        return self.implementation, self.verifier, self.program_id


def format_version(version: int) -> str:
    """``0.29.1`` for a packed version."""
    return ".".join(str(version >> shift & 0xFFFFFFFF) for shift in (2 * _PART_BITS, _PART_BITS, 0))


def minor_of(version: int) -> int:
    """The second number of a packed version, by which ZK Stack's clients know it."""
    return version >> _PART_BITS & 0xFFFFFFFF


def parse_version(text: str) -> int:
    """The packed version of ``0.29.1``.

    Raises:
        EncodingError: It is not three numbers of 32 bits.
    """
    match = _SEMVER.fullmatch(text)
    numbers = [int(number) for number in match.groups()] if match else []
    if len(numbers) != _PARTS or max(numbers) >> _PART_BITS:
        raise EncodingError(f'"{text}" is no protocol version', hint="it is MAJOR.MINOR.PATCH, such as 0.29.1")
    major, minor, patch = numbers
    return major << 2 * _PART_BITS | minor << _PART_BITS | patch


def newest_version(client: L1Client, manager: str) -> int:
    """The version that new chains start with, packed.

    Args:
        client: L1.
        manager: Address of the chain type manager.
    """
    return int(client.read(load("ChainTypeManager"), manager, "protocolVersion"))


def version_data(client: L1Client, manager: str, version: int) -> VersionData:
    """What a published version is.

    Raises:
        EncodingError: It was never published.
    """
    getters = ("implementation", "protocolVersionVerifier", "protocolVersionProgramId")
    implementation, verifier, program_id = (
        client.read(load("ChainTypeManager"), manager, getter, [version]) for getter in getters
    )
    if not any(program_id):
        raise EncodingError(f"protocol version {format_version(version)} was never published")
    return VersionData(to_checksum_address(implementation), to_checksum_address(verifier), program_id)


def publish_version(
    manager: str, version: int, data: VersionData, *, owner: Sender, old_deadline: int = NEVER
) -> Receipt:
    """Publish a version: new chains start with it, and admins may move their chains to it.

    Args:
        manager: Address of the chain type manager.
        version: Packed; greater than the newest.
        data: What it is.
        owner: Owner of the chain type manager.
        old_deadline: Last second in which chains may commit under the version before it, Unix time.

    Raises:
        TransactionReverted: ``ProtocolVersionNotGreater``, ``AddressHasNoCode``, ``ProgramIdZero``, or not the owner.
    """
    args = [version, data.as_tuple(), old_deadline]
    return owner.call_contract(load("ChainTypeManager"), manager, "setNewVersion", args)


def revert_batches(manager: str, chain_id: int, last_batch: int, *, owner: Sender) -> Receipt:
    """Take back a chain's batches after ``last_batch``, as the owner of the chain type manager.

    Raises:
        TransactionReverted: ``CantRevertExecutedBatch``, or not the owner.
    """
    return owner.call_contract(load("ChainTypeManager"), manager, "revertBatches", [chain_id, last_batch])


def upgrade_chain(zk_chain: str, *, admin: Sender) -> int:
    """Move a chain to the version after its own; returns that, packed.

    Args:
        zk_chain: The chain's contract.
        admin: The chain's admin.

    Raises:
        TransactionReverted: ``NotAllBatchesVerified`` while a committed batch waits for its proof and the key would
            change, ``NoUpgradeAvailable`` where there is none, or not the admin.
    """
    chain = load("ZKChain")
    version = admin.client.read(chain, zk_chain, "getProtocolVersion")
    admin.call_contract(chain, zk_chain, "upgradeChainFromVersion", [version])
    return int(admin.client.read(chain, zk_chain, "getProtocolVersion"))
