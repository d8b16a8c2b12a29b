"""Requests from L1: the canonical transaction, its hash, and the proof that a batch took the next ones."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from eth_hash.auto import keccak

from contracts.codec import abi_decode, abi_encode, address_of_word
from contracts.errors import EncodingError

EMPTY_HASH: Final = keccak(b"")
"""Start of the rolling hash of priority operations, and the empty leaf of the priority tree."""

PRIORITY_TX_TYPE: Final = 127
"""Transaction type 0x7f: a request from L1."""

GAS_PER_PUBDATA: Final = 800
"""The only ``gasPerPubdataByteLimit`` the mailbox accepts, gas a byte."""

_CANONICAL_TX = (
    "(uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256[4],bytes,bytes,"
    "uint256[],bytes,bytes)"
)


@dataclass(frozen=True, slots=True)
class L2CanonicalTransaction:
    """A request from L1 (type 127) as the mailbox hashes it; ZK Stack's structure, unused fields left out.

    Attributes:
        sender: Sender on the chain, aliased if it is a contract on L1; 20 bytes.
        to: Recipient, 20 bytes.
        gas_limit: Gas.
        max_fee_per_gas: Price the base cost was computed with, wei.
        nonce: Id of the priority operation.
        value: Wei passed to the recipient.
        mint_value: Wei that the chain receives in all: fee, value, and what is refunded.
        refund_recipient: Who gets what is left, 20 bytes.
        data: Calldata.
        gas_per_pubdata: Gas a byte of pubdata.
    """

    sender: bytes
    to: bytes
    gas_limit: int
    max_fee_per_gas: int
    nonce: int
    value: int
    mint_value: int
    refund_recipient: bytes
    data: bytes
    gas_per_pubdata: int = GAS_PER_PUBDATA

    def as_tuple(self) -> tuple[Any, ...]:
        """The Solidity struct ``L2CanonicalTransaction``, in its order."""
        reserved = [self.mint_value, int.from_bytes(self.refund_recipient), 0, 0]
        return (
            PRIORITY_TX_TYPE,
            int.from_bytes(self.sender),
            int.from_bytes(self.to),
            self.gas_limit,
            self.gas_per_pubdata,
            self.max_fee_per_gas,
            0,  # maxPriorityFeePerGas
            0,  # paymaster
            self.nonce,
            self.value,
            reserved,
            self.data,
            b"",  # signature
            [],  # factoryDeps
            b"",  # paymasterInput
            b"",  # reservedDynamic
        )

    @classmethod
    def from_tuple(cls, fields: Sequence[Any]) -> Self:
        """Read the struct as an ABI decoder gives it; refuses what the mailbox never makes."""
        (tx_type, sender, to, gas_limit, gas_per_pubdata, max_fee, tip, paymaster) = fields[:8]
        (nonce, value, reserved, data, signature, factory_deps, paymaster_input, rest) = fields[8:]
        if tx_type != PRIORITY_TX_TYPE:
            raise EncodingError(f"transaction type {tx_type} is not a priority operation ({PRIORITY_TX_TYPE})")
        if tip or paymaster or signature or factory_deps or paymaster_input or rest or reserved[2] or reserved[3]:
            raise EncodingError("a priority operation sets a field that must be empty")
        return cls(
            sender=address_of_word(sender),
            to=address_of_word(to),
            gas_limit=gas_limit,
            max_fee_per_gas=max_fee,
            nonce=nonce,
            value=value,
            mint_value=reserved[0],
            refund_recipient=address_of_word(reserved[1]),
            data=bytes(data),
            gas_per_pubdata=gas_per_pubdata,
        )

    def encode(self) -> bytes:
        """``abi.encode(transaction)``, the preimage of the canonical hash."""
        return abi_encode([_CANONICAL_TX], [self.as_tuple()])

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Undo :meth:`encode`; raises :class:`EncodingError` for what does not encode back to ``data``."""
        transaction = cls.from_tuple(abi_decode([_CANONICAL_TX], data)[0])
        if transaction.encode() != data:
            raise EncodingError("not the canonical encoding of a priority operation")
        return transaction

    def canonical_hash(self) -> bytes:
        """Hash of the transaction on the chain and in the priority tree."""
        return keccak(self.encode())


@dataclass(frozen=True, slots=True)
class PriorityOpsBatchInfo:
    """Proof that a batch's priority operations are the next ones of the priority tree.

    An empty batch has three empty lists. ``contracts.priority_tree.PriorityTree`` makes these.
    """

    left_path: tuple[bytes, ...] = ()
    right_path: tuple[bytes, ...] = ()
    item_hashes: tuple[bytes, ...] = ()

    def as_tuple(self) -> tuple[tuple[bytes, ...], tuple[bytes, ...], tuple[bytes, ...]]:
        """The Solidity struct."""
        return (self.left_path, self.right_path, self.item_hashes)


def priority_operations_hash(canonical_hashes: Iterable[bytes]) -> bytes:
    """Rolling hash of a batch's priority operations: starts with keccak(""), then keccak(previous ‖ hash)."""
    rolling = EMPTY_HASH
    for canonical_hash in canonical_hashes:
        rolling = keccak(rolling + canonical_hash)
    return rolling
