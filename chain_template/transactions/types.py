"""The one transaction type that every room handles."""

from dataclasses import dataclass
from typing import Final

LEGACY_TYPE: Final = 0x00
ACCESS_LIST_TYPE: Final = 0x01
DYNAMIC_FEE_TYPE: Final = 0x02
BLOB_TYPE: Final = 0x03
EIP712_TYPE: Final = 0x71
#: What a chain without a settlement layer says of type 0x71.
NO_EIP712: Final = (
    "transaction type 0x71 (EIP-712) is not supported by this chain; send type 2 (zksync-ethers: overrides: {type: 2})"
)
#: System transaction: unsigned, from the bootloader, first in its block, never fails.
SYSTEM_TYPE: Final = 0x7E
#: L1→L2 priority operation: unsigned, authorised by L1, never dropped.
PRIORITY_TYPE: Final = 0x7F


@dataclass(frozen=True, slots=True)
class AccessListEntry:
    """One address of an EIP-2930 access list and its storage slots."""

    address: bytes
    slots: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Signature:
    """An ECDSA signature over secp256k1, with the recovery bit instead of ``v``."""

    y_parity: int
    r: int
    s: int


@dataclass(frozen=True, slots=True)
class PriorityFields:
    """What only an L1→L2 priority operation has.

    Attributes:
        operation_id: Index in the chain's priority tree on L1.
        mint_value: Wei of base token deposited with it.
        refund_recipient: Gets what the operation does not use, and the value of a failed one.
        gas_per_pubdata: Always 800 today (ZK Stack).
    """

    operation_id: int
    mint_value: int
    refund_recipient: bytes
    gas_per_pubdata: int


@dataclass(frozen=True, slots=True)
class Transaction:
    """A transaction of any type, decoded and with its sender known.

    Attributes:
        type: EIP-2718 type byte; 0 for legacy.
        hash: Keccak of ``raw``; for 0x7f the canonical hash that L1 computed, for 0x71 that of digest and signature.
        raw: The bytes that stand in the transactions trie.
        sender: 20 bytes; recovered, aliased by L1, or the bootloader.
        to: None for a creation.
        nonce: The account's nonce; the operation id of a 0x7f; the block number of a 0x7e.
        chain_id: None for a legacy transaction without replay protection.
        max_fee_per_gas: Wei; the gas price of types 0 and 1.
        max_priority_fee_per_gas: Wei; the gas price of types 0 and 1.
        priority: Only for 0x7f.
    """

    type: int
    hash: bytes
    raw: bytes
    sender: bytes
    to: bytes | None
    nonce: int
    chain_id: int | None
    gas_limit: int
    max_fee_per_gas: int
    max_priority_fee_per_gas: int
    value: int
    data: bytes
    access_list: tuple[AccessListEntry, ...] = ()
    signature: Signature | None = None
    priority: PriorityFields | None = None

    def effective_gas_price(self, base_fee_per_gas: int) -> int:
        """Wei per gas this transaction pays in a block with that base fee.

        An L1 operation pays the price it bought on L1, whatever the base fee; a system transaction pays nothing.
        """
        if self.type in (PRIORITY_TYPE, SYSTEM_TYPE):
            return self.max_fee_per_gas
        return min(self.max_fee_per_gas, base_fee_per_gas + self.max_priority_fee_per_gas)

    @property
    def is_user(self) -> bool:
        """Whether an account signed it."""
        return self.type not in (PRIORITY_TYPE, SYSTEM_TYPE)

    @property
    def max_cost(self) -> int:
        """Wei the sender must hold before it runs."""
        return self.gas_limit * self.max_fee_per_gas + self.value
