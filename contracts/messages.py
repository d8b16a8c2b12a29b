"""What crosses the L1 boundary: batches, priority operations, and their encodings and hashes.

Every structure has a twin in Solidity (``src/l1/chain/BatchTypes.sol`` and ZK Stack's ``Messaging.sol``);
a test runs both against each other. A value that does not fit raises :class:`EncodingError`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from eth_hash.auto import keccak

from contracts.codec import abi_decode, abi_encode, u64, u256
from contracts.errors import EncodingError
from contracts.priority_ops import (
    EMPTY_HASH,
    GAS_PER_PUBDATA,
    PRIORITY_TX_TYPE,
    L2CanonicalTransaction,
    PriorityOpsBatchInfo,
    priority_operations_hash,
)

__all__ = [
    "DA_CALLDATA",
    "DA_VALIDIUM",
    "EMPTY_HASH",
    "ENCODING_VERSION",
    "GAS_PER_PUBDATA",
    "NO_UPGRADE_TX",
    "PRIORITY_TX_TYPE",
    "ZERO_HASH",
    "CommitBatchInfo",
    "InteropFlow",
    "InteropRoot",
    "L2CanonicalTransaction",
    "PriorityOpsBatchInfo",
    "StoredBatchInfo",
    "batch_output_hash",
    "decode_commit",
    "dependency_roots_rolling_hash",
    "encode_commit",
    "encode_execute",
    "encode_prove",
    "fact",
    "genesis_batch",
    "priority_operations_hash",
    "public_input",
]

ZERO_HASH: Final = bytes(32)
ENCODING_VERSION: Final = b"\x01"
"""First byte of commit, prove and execute data."""

DA_VALIDIUM: Final = 1
"""Data availability scheme: nothing is published, only hashes are committed."""

DA_CALLDATA: Final = 2
"""Data availability scheme: pubdata is calldata of the commit, its keccak is in the commitment."""

NO_UPGRADE_TX: Final = ZERO_HASH

_INTEROP_FLOW = "(uint256,bytes32,uint256)"
_STORED_BATCH = "(uint64,bytes32,uint64,uint256,bytes32,bytes32,bytes32,uint256,bytes32)"
_COMMIT_BATCH = (
    "(uint64,bytes32,uint256,uint256,bytes32,bytes32,bytes32,uint256,bytes32,uint64,uint64,uint64,uint64,"
    f"uint256,bytes,uint256,{_INTEROP_FLOW}[])"
)
_PRIORITY_OPS = "(bytes32[],bytes32[],bytes32[])"
_INTEROP_ROOT = "(uint256,uint256,bytes32[])"


@dataclass(frozen=True, slots=True)
class InteropFlow:
    """What a batch sends of one asset to one chain, summed (amount in the asset's smallest unit)."""

    destination_chain_id: int
    asset_id: bytes
    amount: int

    def as_tuple(self) -> tuple[int, bytes, int]:
        """The Solidity struct."""
        return (self.destination_chain_id, self.asset_id, self.amount)


@dataclass(frozen=True, slots=True)
class InteropRoot:
    """A root of the L1 message root that a batch relied on: ``sides`` holds the root alone."""

    chain_id: int
    block_or_batch_number: int
    sides: tuple[bytes, ...]

    def as_tuple(self) -> tuple[int, int, tuple[bytes, ...]]:
        """The Solidity struct."""
        return (self.chain_id, self.block_or_batch_number, self.sides)


@dataclass(frozen=True, slots=True)
class StoredBatchInfo:
    """What L1 keeps of a batch, as the preimage of ``storedBatchHash``.

    Attributes:
        batch_number: Number, genesis is 0.
        batch_hash: State commitment after the batch: keccak(RLP(header of its last block)).
        number_of_layer1_txs: How many priority operations it holds.
        priority_operations_hash: Rolling hash of them, see :func:`priority_operations_hash`.
        dependency_roots_rolling_hash: Rolling hash of the message roots it relied on.
        l2_logs_tree_root: ChainBatchRoot of its L2->L1 logs.
        timestamp: Timestamp of its last block, seconds (ZKsync OS leaves 0 here; L1 needs it to keep time
            from running backwards between batches).
        commitment: Batch output hash.
        index_repeated_storage_changes: Always 0, kept for the shape of ZK Stack's structure.
    """

    batch_number: int
    batch_hash: bytes
    number_of_layer1_txs: int
    priority_operations_hash: bytes
    dependency_roots_rolling_hash: bytes
    l2_logs_tree_root: bytes
    timestamp: int
    commitment: bytes
    index_repeated_storage_changes: int = 0

    def as_tuple(self) -> tuple[Any, ...]:
        """The Solidity struct, in its order."""
        return (
            self.batch_number,
            self.batch_hash,
            self.index_repeated_storage_changes,
            self.number_of_layer1_txs,
            self.priority_operations_hash,
            self.dependency_roots_rolling_hash,
            self.l2_logs_tree_root,
            self.timestamp,
            self.commitment,
        )

    @classmethod
    def from_tuple(cls, fields: Sequence[Any]) -> Self:
        """Read the struct as an ABI decoder gives it."""
        number, batch_hash, index, *rest = fields
        return cls(*(number, batch_hash, *rest, index))

    def hash(self) -> bytes:
        """What ``storedBatchHash(batch_number)`` answers on L1."""
        return keccak(abi_encode([_STORED_BATCH], [self.as_tuple()]))


def genesis_batch(state_commitment: bytes, timestamp: int) -> StoredBatchInfo:
    """Batch 0 of a chain: no transactions, no logs, no commitment."""
    return StoredBatchInfo(0, state_commitment, 0, EMPTY_HASH, ZERO_HASH, ZERO_HASH, timestamp, ZERO_HASH)


@dataclass(frozen=True, slots=True)
class CommitBatchInfo:
    """A batch as the operator commits it.

    Attributes:
        batch_number: Number, one more than the last committed.
        new_state_commitment: keccak(RLP(header of the last block)).
        number_of_layer1_txs: Priority operations in the batch.
        number_of_layer2_txs: Transactions of users in the batch.
        priority_operations_hash: Rolling hash of the priority operations.
        dependency_roots_rolling_hash: Rolling hash of the imported message roots.
        l2_logs_tree_root: ChainBatchRoot.
        da_commitment_scheme: ``DA_VALIDIUM`` or ``DA_CALLDATA``.
        da_commitment: keccak of the pubdata.
        first_block_timestamp: Seconds.
        first_block_number: Number of the first block; reported in an event, not proven.
        last_block_timestamp: Seconds.
        last_block_number: Number of the last block; reported in an event, not proven.
        chain_id: The chain.
        operator_da_input: The pubdata with ``DA_CALLDATA``, empty with ``DA_VALIDIUM``.
        sl_chain_id: Chain id of the settlement layer.
        interop_flows: What the batch sends to other chains, sorted by (destination, asset).
    """

    batch_number: int
    new_state_commitment: bytes
    number_of_layer1_txs: int
    number_of_layer2_txs: int
    priority_operations_hash: bytes
    dependency_roots_rolling_hash: bytes
    l2_logs_tree_root: bytes
    da_commitment_scheme: int
    da_commitment: bytes
    first_block_timestamp: int
    first_block_number: int
    last_block_timestamp: int
    last_block_number: int
    chain_id: int
    operator_da_input: bytes
    sl_chain_id: int
    interop_flows: tuple[InteropFlow, ...] = ()

    def as_tuple(self) -> tuple[Any, ...]:
        """The Solidity struct, in its order."""
        return (
            self.batch_number,
            self.new_state_commitment,
            self.number_of_layer1_txs,
            self.number_of_layer2_txs,
            self.priority_operations_hash,
            self.dependency_roots_rolling_hash,
            self.l2_logs_tree_root,
            self.da_commitment_scheme,
            self.da_commitment,
            self.first_block_timestamp,
            self.first_block_number,
            self.last_block_timestamp,
            self.last_block_number,
            self.chain_id,
            self.operator_da_input,
            self.sl_chain_id,
            [flow.as_tuple() for flow in self.interop_flows],
        )

    @classmethod
    def from_tuple(cls, fields: Sequence[Any]) -> Self:
        """Read the struct as an ABI decoder gives it."""
        *plain, flows = fields
        return cls(*(*plain, tuple(InteropFlow(*flow) for flow in flows)))

    def batch_output_hash(self) -> bytes:
        """The commitment of the batch: everything it claims, except its state (protocol, section 2)."""
        return batch_output_hash(
            chain_id=self.chain_id,
            first_block_timestamp=self.first_block_timestamp,
            last_block_timestamp=self.last_block_timestamp,
            da_commitment_scheme=self.da_commitment_scheme,
            da_commitment=self.da_commitment,
            number_of_layer1_txs=self.number_of_layer1_txs,
            number_of_layer2_txs=self.number_of_layer2_txs,
            priority_operations_hash=self.priority_operations_hash,
            l2_logs_tree_root=self.l2_logs_tree_root,
            dependency_roots_rolling_hash=self.dependency_roots_rolling_hash,
            sl_chain_id=self.sl_chain_id,
            interop_flows=self.interop_flows,
        )

    def to_stored(self) -> StoredBatchInfo:
        """What L1 stores once this is committed."""
        return StoredBatchInfo(
            batch_number=self.batch_number,
            batch_hash=self.new_state_commitment,
            number_of_layer1_txs=self.number_of_layer1_txs,
            priority_operations_hash=self.priority_operations_hash,
            dependency_roots_rolling_hash=self.dependency_roots_rolling_hash,
            l2_logs_tree_root=self.l2_logs_tree_root,
            timestamp=self.last_block_timestamp,
            commitment=self.batch_output_hash(),
        )


def dependency_roots_rolling_hash(roots: Iterable[InteropRoot]) -> bytes:
    """Rolling hash of imported roots: starts with 0, then keccak(previous ‖ chain id ‖ number ‖ sides)."""
    rolling = ZERO_HASH
    for root in roots:
        packed = u256(root.chain_id) + u256(root.block_or_batch_number) + b"".join(root.sides)
        rolling = keccak(rolling + packed)
    return rolling


def batch_output_hash(
    *,
    chain_id: int,
    first_block_timestamp: int,
    last_block_timestamp: int,
    da_commitment_scheme: int,
    da_commitment: bytes,
    number_of_layer1_txs: int,
    number_of_layer2_txs: int,
    priority_operations_hash: bytes,
    l2_logs_tree_root: bytes,
    dependency_roots_rolling_hash: bytes,
    sl_chain_id: int,
    interop_flows: Iterable[InteropFlow] = (),
    upgrade_tx_hash: bytes = NO_UPGRADE_TX,
) -> bytes:
    """Keccak over everything a batch claims except its state (protocol, section 2)."""
    flows = abi_encode([f"{_INTEROP_FLOW}[]"], [[flow.as_tuple() for flow in interop_flows]])
    return keccak(
        u256(chain_id)
        + u64(first_block_timestamp)
        + u64(last_block_timestamp)
        + u256(da_commitment_scheme)
        + da_commitment
        + u256(number_of_layer1_txs)
        + u256(number_of_layer2_txs)
        + priority_operations_hash
        + l2_logs_tree_root
        + upgrade_tx_hash
        + dependency_roots_rolling_hash
        + u256(sl_chain_id)
        + keccak(flows)
    )


def public_input(prev_state_commitment: bytes, state_commitment: bytes, output_hash: bytes) -> bytes:
    """What a proof of a batch states: from this state to that one, with this output."""
    return keccak(prev_state_commitment + state_commitment + output_hash)


def fact(program_id: bytes, batch_public_input: bytes) -> bytes:
    """What a verifier remembers of a proof it accepted."""
    return keccak(program_id + batch_public_input)


def encode_commit(last: StoredBatchInfo, batches: Sequence[CommitBatchInfo]) -> bytes:
    """Data of ``commitBatchesSharedBridge``; ``last`` is the last batch committed so far."""
    values = [last.as_tuple(), [batch.as_tuple() for batch in batches]]
    return ENCODING_VERSION + abi_encode([_STORED_BATCH, f"{_COMMIT_BATCH}[]"], values)


def decode_commit(data: bytes) -> tuple[StoredBatchInfo, list[CommitBatchInfo]]:
    """Undo :func:`encode_commit`; raises :class:`EncodingError` for other data."""
    if data[:1] != ENCODING_VERSION:
        raise EncodingError(f"commit data of version 0x{data[:1].hex()} is not known")
    last, batches = abi_decode([_STORED_BATCH, f"{_COMMIT_BATCH}[]"], data[1:])
    return StoredBatchInfo.from_tuple(last), [CommitBatchInfo.from_tuple(batch) for batch in batches]


def encode_prove(previous: StoredBatchInfo, batches: Sequence[StoredBatchInfo]) -> bytes:
    """Data of ``proveBatchesSharedBridge``; ``previous`` is the last batch proven so far.

    The proof itself is empty: the verifier was given it before, and is only asked for the fact.
    """
    values = [previous.as_tuple(), [batch.as_tuple() for batch in batches], []]
    return ENCODING_VERSION + abi_encode([_STORED_BATCH, f"{_STORED_BATCH}[]", "uint256[]"], values)


def encode_execute(
    batches: Sequence[StoredBatchInfo],
    priority_ops: Sequence[PriorityOpsBatchInfo],
    dependency_roots: Sequence[Sequence[InteropRoot]] | None = None,
) -> bytes:
    """Data of ``executeBatchesSharedBridge``: one entry a batch in each list; no roots when left out."""
    roots = dependency_roots if dependency_roots is not None else [[] for _ in batches]
    values = [
        [batch.as_tuple() for batch in batches],
        [ops.as_tuple() for ops in priority_ops],
        [[root.as_tuple() for root in batch_roots] for batch_roots in roots],
    ]
    types = [f"{_STORED_BATCH}[]", f"{_PRIORITY_OPS}[]", f"{_INTEROP_ROOT}[][]"]
    return ENCODING_VERSION + abi_encode(types, values)
