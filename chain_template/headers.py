"""Block headers: Ethereum's Cancun header, its RLP form and hash.

On a chain the fields that consensus uses on Ethereum hold constants (ommers, difficulty, nonce, mix hash, withdrawals,
blob gas, beacon root), so that a header is a function of what the chain executed and of nothing else.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import rlp

from chain_template.errors import InvalidBlock
from chain_template.primitives import (
    EMPTY_OMMERS_HASH,
    EMPTY_TRIE_ROOT,
    ZERO_HASH,
    int_to_bytes,
    keccak,
    to_int,
)

_FIELD_COUNT = 20
#: Bytes of the fields that have one size, and most bytes of the numbers; extra data may have any.
_SIZES = {0: 32, 1: 32, 2: 20, 3: 32, 4: 32, 5: 32, 6: 256, 13: 32, 14: 8, 16: 32, 19: 32}
_MOST_BYTES = {7: 32, 8: 8, 9: 8, 10: 8, 11: 8, 15: 32, 17: 8, 18: 8}


@dataclass(frozen=True)
class BlockHeader:
    """A Cancun block header (EIP-1559, 4895, 4844, 4788 fields included).

    Attributes:
        logs_bloom: 256 bytes.
        timestamp: Unix seconds; blocks of one second share it.
        base_fee_per_gas: Wei per gas.
    """

    parent_hash: bytes
    coinbase: bytes
    state_root: bytes
    transactions_root: bytes
    receipts_root: bytes
    logs_bloom: bytes
    number: int
    gas_limit: int
    gas_used: int
    timestamp: int
    base_fee_per_gas: int
    extra_data: bytes = b""
    ommers_hash: bytes = EMPTY_OMMERS_HASH
    difficulty: int = 0
    mix_hash: bytes = ZERO_HASH
    nonce: bytes = bytes(8)
    withdrawals_root: bytes = EMPTY_TRIE_ROOT
    blob_gas_used: int = 0
    excess_blob_gas: int = 0
    parent_beacon_block_root: bytes = ZERO_HASH

    def encode(self) -> bytes:
        """RLP of the 20 fields in Ethereum's order."""
        fields: list[Any] = [
            self.parent_hash,
            self.ommers_hash,
            self.coinbase,
            self.state_root,
            self.transactions_root,
            self.receipts_root,
            self.logs_bloom,
            int_to_bytes(self.difficulty),
            int_to_bytes(self.number),
            int_to_bytes(self.gas_limit),
            int_to_bytes(self.gas_used),
            int_to_bytes(self.timestamp),
            self.extra_data,
            self.mix_hash,
            self.nonce,
            int_to_bytes(self.base_fee_per_gas),
            self.withdrawals_root,
            int_to_bytes(self.blob_gas_used),
            int_to_bytes(self.excess_blob_gas),
            self.parent_beacon_block_root,
        ]
        return bytes(rlp.encode(fields))

    @cached_property
    def hash(self) -> bytes:
        """Keccak of the RLP form: the block hash, and the chain's ``stateCommitment`` when the block ends a batch."""
        return keccak(self.encode())

    @classmethod
    def decode(cls, data: bytes) -> "BlockHeader":
        """Read a header from its RLP form.

        Raises:
            InvalidBlock: The bytes are not 20 RLP strings of the right sizes.
        """
        try:
            fields = rlp.decode(data)
        except rlp.exceptions.DecodingError as exc:
            raise InvalidBlock(f"header is not RLP: {exc}") from exc
        if not isinstance(fields, list) or len(fields) != _FIELD_COUNT:
            raise InvalidBlock("header does not have 20 fields")
        _check_sizes(fields)
        header = cls(
            parent_hash=fields[0],
            ommers_hash=fields[1],
            coinbase=fields[2],
            state_root=fields[3],
            transactions_root=fields[4],
            receipts_root=fields[5],
            logs_bloom=fields[6],
            difficulty=to_int(fields[7]),
            number=to_int(fields[8]),
            gas_limit=to_int(fields[9]),
            gas_used=to_int(fields[10]),
            timestamp=to_int(fields[11]),
            extra_data=fields[12],
            mix_hash=fields[13],
            nonce=fields[14],
            base_fee_per_gas=to_int(fields[15]),
            withdrawals_root=fields[16],
            blob_gas_used=to_int(fields[17]),
            excess_blob_gas=to_int(fields[18]),
            parent_beacon_block_root=fields[19],
        )
        if header.encode() != data:
            raise InvalidBlock("header is not in canonical RLP form")
        return header


def _check_sizes(fields: list[Any]) -> None:
    for at, field in enumerate(fields):
        if not isinstance(field, bytes):
            raise InvalidBlock(f"field {at} of the header is a list")
        if len(field) != _SIZES.get(at, len(field)) or len(field) > _MOST_BYTES.get(at, len(field)):
            raise InvalidBlock(f"field {at} of the header has {len(field)} bytes")


def next_base_fee(parent: BlockHeader, minimum_wei: int) -> int:
    """Base fee of the block after ``parent`` (EIP-1559), never below the chain's minimum price.

    Args:
        parent: The block before.
        minimum_wei: The chain's minimum base fee, wei per gas.

    A block whose gas limit is below 2 has no target; the fee stays.
    """
    target = parent.gas_limit // 2
    base = parent.base_fee_per_gas
    if target and parent.gas_used > target:
        base += max(base * (parent.gas_used - target) // target // 8, 1)
    elif parent.gas_used < target:
        base -= base * (target - parent.gas_used) // target // 8
    return max(base, minimum_wei)
