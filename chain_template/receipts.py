"""Receipts, logs, blooms, and the L2→L1 logs that a batch carries to L1."""

from dataclasses import dataclass

import rlp

from chain_template.primitives import BOOTLOADER_ADDRESS, L1_MESSENGER_ADDRESS, int_to_bytes, keccak

#: L1MessageSent(address indexed sender, bytes32 indexed hash, bytes message), as in ZK Stack's L1Messenger.
L1_MESSAGE_SENT_TOPIC = keccak(b"L1MessageSent(address,bytes32,bytes)")


@dataclass(frozen=True, slots=True)
class Log:
    """One EVM log.

    Attributes:
        address: The emitting contract, 20 bytes.
        topics: Up to four 32-byte topics.
        data: Unindexed data.
    """

    address: bytes
    topics: tuple[bytes, ...]
    data: bytes

    def fields(self) -> list[object]:
        """The log as RLP fields."""
        return [self.address, list(self.topics), self.data]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a transaction did.

    Attributes:
        type: The transaction's type byte.
        status: 1 for success, 0 for a failed one that was included all the same.
        gas_used: Gas of this transaction alone.
        cumulative_gas_used: Gas of the block up to and including it.
        effective_gas_price: Wei per gas actually paid.
        contract_address: The created contract, when the transaction was a creation that succeeded or not.
    """

    type: int
    status: int
    gas_used: int
    cumulative_gas_used: int
    effective_gas_price: int
    logs: tuple[Log, ...]
    logs_bloom: bytes
    contract_address: bytes | None = None

    def encode(self) -> bytes:
        """The receipt as it stands in the receipts trie (EIP-2718: type byte, then RLP)."""
        payload = rlp.encode(
            [
                int_to_bytes(self.status),
                int_to_bytes(self.cumulative_gas_used),
                self.logs_bloom,
                [log.fields() for log in self.logs],
            ]
        )
        return bytes(payload) if self.type == 0 else bytes([self.type]) + bytes(payload)


@dataclass(frozen=True, slots=True)
class L2ToL1Log:
    """One leaf of a batch's log tree (ZK Stack's L2Log).

    Attributes:
        is_service: Always true here: both senders are system contracts.
        tx_index_in_block: Position of the transaction in its block; its number in the batch is known once batched.
        sender: 0x8008 for a user message, 0x8001 for the result of an L1 operation.
        key: Message sender padded to 32 bytes, or the operation's canonical hash.
        value: Keccak of the message, or 1/0 for success/failure as 32 bytes.
        message: The message itself for user messages, else None.
    """

    is_service: bool
    tx_index_in_block: int
    sender: bytes
    key: bytes
    value: bytes
    message: bytes | None = None

    def leaf(self, tx_number_in_batch: int) -> bytes:
        """The 88-byte packed form: shard u8, isService, txNumberInBatch u16, sender, key, value."""
        return (
            bytes([0, int(self.is_service)])
            + tx_number_in_batch.to_bytes(2, "big")
            + self.sender
            + self.key
            + self.value
        )


def message_log(log: Log, tx_index: int) -> L2ToL1Log | None:
    """The L2→L1 log behind an event of the L1Messenger; None for every other event."""
    if log.address != L1_MESSENGER_ADDRESS or not log.topics or log.topics[0] != L1_MESSAGE_SENT_TOPIC:
        return None
    length = int.from_bytes(log.data[32:64], "big")
    message = log.data[64 : 64 + length]
    return L2ToL1Log(True, tx_index, L1_MESSENGER_ADDRESS, log.topics[1], log.topics[2], message)


def priority_result_log(canonical_hash: bytes, success: bool, tx_index: int) -> L2ToL1Log:
    """The bootloader's log of how an L1 operation ended."""
    return L2ToL1Log(True, tx_index, BOOTLOADER_ADDRESS, canonical_hash, int(success).to_bytes(32, "big"))


def logs_bloom(logs: tuple[Log, ...]) -> bytes:
    """The 256-byte bloom of a set of logs (Yellow Paper 4.4.1)."""
    bits = 0
    for log in logs:
        for item in (log.address, *log.topics):
            digest = keccak(item)
            for at in (0, 2, 4):
                bits |= 1 << (int.from_bytes(digest[at : at + 2], "big") & 2047)
    return bits.to_bytes(256, "big")
