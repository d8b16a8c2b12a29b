"""The input of the batch program: one self-contained byte string, from which anyone can re-execute a batch.

All integers are big-endian, "sized" means a u32 length and the bytes. Version 1::

    version            u8      1
    chain id           u64
    settlement chain   u64     chain id of the L1
    DA scheme          u8      1 nothing is published, 2 pubdata in calldata
    minimum base fee   u256    wei per gas
    parent             sized   RLP of the header before the batch
    ancestor count     u16     at most 254; then, latest first, sized RLP headers: each is the parent of the one before
    node count         u32     then sized trie nodes of the parent's state, ascending by keccak
    code count         u32     then sized contract codes, ascending by keccak
    block count        u32     at least 1; then the blocks, each:
      timestamp        u64     seconds
      fee recipient    20 bytes
      gas limit        u64
      base fee         u256    wei per gas; must follow from the block before
      extra data       u8 length (at most 32), bytes
      transactions     u32 count, sized EIP-2718 bytes

Nothing in it is trusted. What the operator is free to choose (timestamps within L1's window, fee recipients, gas
limits, the minimum price, which transactions in which order) ends up in the headers and so in the public input; all
else is computed, or checked against hashes that lead back to the parent's header. The witness is a hint: a node that is
never used changes nothing, a missing one is an error. Rules that decide who owns what (the fee goes to the recipient,
deposits come out of the holder) are those of every zkhub chain and not part of the input.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, TypeVar

from chain_template.batcher.cursor import Cursor, sized
from chain_template.batcher.reasons import Reason, input_error
from chain_template.errors import BatchError, InvalidBlock
from chain_template.headers import BlockHeader
from chain_template.primitives import keccak

_T = TypeVar("_T")

INPUT_VERSION: Final = 1
#: BLOCKHASH reaches 256 blocks back: the parent, this many ancestors, and the hash that the last of them names.
MAX_ANCESTORS: Final = 254
MAX_EXTRA_DATA_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class BlockInput:
    """What the sequencer chose for one block.

    Attributes:
        timestamp: Unix seconds.
        base_fee_per_gas: Wei.
        transactions: EIP-2718 bytes, in order.
    """

    timestamp: int
    fee_recipient: bytes
    gas_limit: int
    base_fee_per_gas: int
    extra_data: bytes
    transactions: tuple[bytes, ...]

    @classmethod
    def of(cls, header: BlockHeader, transactions: tuple[bytes, ...]) -> "BlockInput":
        """The input that leads to a block that exists."""
        return cls(
            header.timestamp,
            header.coinbase,
            header.gas_limit,
            header.base_fee_per_gas,
            header.extra_data,
            transactions,
        )


@dataclass(frozen=True, slots=True)
class BatchInput:
    """A decoded batch input.

    Attributes:
        settlement_chain_id: Chain id of the L1.
        da_scheme: ``contracts.messages.DA_CALLDATA`` or ``DA_VALIDIUM``.
        min_base_fee_wei: Floor of the base fee, per gas.
        parent: Header of the last block before the batch.
        ancestors: Headers before the parent, latest first, as far as BLOCKHASH may reach.
        nodes / codes: The witness.
    """

    chain_id: int
    settlement_chain_id: int
    da_scheme: int
    min_base_fee_wei: int
    parent: BlockHeader
    ancestors: tuple[BlockHeader, ...]
    nodes: tuple[bytes, ...]
    codes: tuple[bytes, ...]
    blocks: tuple[BlockInput, ...]

    def encode(self) -> bytes:
        """The byte string.

        Raises:
            BatchError: A number does not fit its field.
        """
        try:
            return b"".join(self._parts())
        except OverflowError as exc:
            raise BatchError(f"a batch input cannot hold a number: {exc}") from exc

    def _parts(self) -> list[bytes]:
        parts = [
            bytes([INPUT_VERSION]),
            self.chain_id.to_bytes(8, "big"),
            self.settlement_chain_id.to_bytes(8, "big"),
            self.da_scheme.to_bytes(1, "big"),
            self.min_base_fee_wei.to_bytes(32, "big"),
            sized(self.parent.encode()),
            len(self.ancestors).to_bytes(2, "big"),
            *(sized(header.encode()) for header in self.ancestors),
        ]
        for items in (self.nodes, self.codes):
            parts.append(len(items).to_bytes(4, "big"))
            parts.extend(map(sized, items))
        parts.append(len(self.blocks).to_bytes(4, "big"))
        for block in self.blocks:
            parts.extend(_block_parts(block))
        return parts


def decode_batch_input(data: bytes) -> BatchInput:
    """Read a batch input, strictly; what it accepts encodes back to the same bytes.

    Raises:
        BatchInputError: The bytes break a rule of the format, headers do not form a chain, or the witness is unordered.
    """
    cursor = Cursor(data, lambda message: input_error(Reason.MALFORMED, message))
    version = cursor.uint(1, "version")
    if version != INPUT_VERSION:
        raise input_error(Reason.VERSION, f"version {version}; this program reads version {INPUT_VERSION}")
    given = BatchInput(
        chain_id=cursor.uint(8, "chain id"),
        settlement_chain_id=cursor.uint(8, "settlement chain id"),
        da_scheme=cursor.uint(1, "DA scheme"),
        min_base_fee_wei=cursor.uint(32, "minimum base fee"),
        parent=_header(cursor, "parent header"),
        ancestors=_ancestors(cursor),
        nodes=_hashed_items(cursor, "trie node"),
        codes=_hashed_items(cursor, "code"),
        blocks=_counted(cursor, 4, "block", _block),
    )
    cursor.finish()
    _check_chain(given)
    return given


def _block_parts(block: BlockInput) -> list[bytes]:
    if len(block.extra_data) > MAX_EXTRA_DATA_BYTES:
        raise BatchError(f"extra data has {len(block.extra_data)} bytes; at most {MAX_EXTRA_DATA_BYTES}")
    return [
        block.timestamp.to_bytes(8, "big"),
        block.fee_recipient,
        block.gas_limit.to_bytes(8, "big"),
        block.base_fee_per_gas.to_bytes(32, "big"),
        bytes([len(block.extra_data)]),
        block.extra_data,
        len(block.transactions).to_bytes(4, "big"),
        *map(sized, block.transactions),
    ]


def _block(cursor: Cursor) -> BlockInput:
    timestamp = cursor.uint(8, "timestamp")
    fee_recipient = cursor.take(20, "fee recipient")
    gas_limit = cursor.uint(8, "gas limit")
    base_fee = cursor.uint(32, "base fee")
    extra_length = cursor.uint(1, "length of extra data")
    if extra_length > MAX_EXTRA_DATA_BYTES:
        raise cursor.fail(f"extra data has {extra_length} bytes; at most {MAX_EXTRA_DATA_BYTES}")
    extra_data = cursor.take(extra_length, "extra data")
    transactions = _counted(cursor, 4, "transaction", lambda at: at.sized("transaction"))
    return BlockInput(timestamp, fee_recipient, gas_limit, base_fee, extra_data, transactions)


def _counted(cursor: Cursor, size: int, what: str, read_one: Callable[[Cursor], _T]) -> tuple[_T, ...]:
    return tuple(read_one(cursor) for _ in range(cursor.uint(size, f"{what} count")))


def _header(cursor: Cursor, what: str) -> BlockHeader:
    try:
        return BlockHeader.decode(cursor.sized(what))
    except InvalidBlock as exc:
        raise input_error(Reason.HEADER, f"{what}: {exc.message}") from exc


def _ancestors(cursor: Cursor) -> tuple[BlockHeader, ...]:
    count = cursor.uint(2, "ancestor count")
    if count > MAX_ANCESTORS:
        raise input_error(Reason.ANCESTORS, f"{count} ancestors; at most {MAX_ANCESTORS} can matter")
    return tuple(_header(cursor, "ancestor header") for _ in range(count))


def _hashed_items(cursor: Cursor, what: str) -> tuple[bytes, ...]:
    items = _counted(cursor, 4, what, lambda at: at.sized(what))
    if any(not first < second for first, second in pairwise(map(keccak, items))):
        raise input_error(Reason.WITNESS_ORDER, f"{what}s are not in ascending order of their hashes")
    return items


def _check_chain(given: BatchInput) -> None:
    """Only hashes that headers lead to may be trusted."""
    if not given.blocks:
        raise input_error(Reason.NO_BLOCKS, "a batch has at least one block")
    for child, header in pairwise((given.parent, *given.ancestors)):
        if header.hash != child.parent_hash or header.number + 1 != child.number:
            raise input_error(
                Reason.ANCESTORS, f"the header given for block {child.number - 1} is not the parent of the next"
            )
