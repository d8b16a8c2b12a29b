"""Finds the messages in a chain's receipts."""

from dataclasses import dataclass
from typing import Any

from eth_utils.address import to_checksum_address

from contracts.codec import abi_decode
from shared_bridge import interfaces as abi
from shared_bridge.errors import UnknownMessage
from shared_bridge.formats import BaseTokenWithdrawal, BundleMessage, Content, TokenWithdrawal, read_message
from shared_bridge.hub import Chain, Hub
from shared_bridge.records import Message, Transfer, Withdrawal


@dataclass(frozen=True, slots=True)
class RawMessage:
    """A message to L1 as the chain's node shows it.

    Attributes:
        index: Which of its transaction's messages, from 0.
        log_position: Its place among all of its transaction's L2→L1 logs: what a proof is asked for with.
        sender: Contract that sent it, checksummed.
        data: The message.
        batch_number: Its batch, or ``None`` while it is in none.
        tx_number: The transaction's number in the batch.
    """

    index: int
    log_position: int
    sender: str
    data: bytes
    batch_number: int | None
    tx_number: int


def receipt_of(chain: Chain, tx_hash: bytes) -> dict[str, Any] | None:
    """The receipt as the node gives it, or ``None``."""
    receipt: dict[str, Any] | None = chain.node.rpc("eth_getTransactionReceipt", "0x" + tx_hash.hex())
    return receipt


def raw_messages(receipt: dict[str, Any]) -> list[RawMessage]:
    """All messages to L1 in a receipt, in order."""
    messenger = abi.L1_MESSENGER
    positions = [at for at, log in enumerate(receipt["l2ToL1Logs"]) if log["sender"].lower() == messenger]
    logs = [log for log in receipt["logs"] if _is_message(log)]
    if len(positions) != len(logs):
        raise UnknownMessage(f"the receipt shows {len(logs)} messages and {len(positions)} logs of them")
    batch, number = receipt.get("l1BatchNumber"), receipt.get("l1BatchTxIndex")
    return [
        RawMessage(
            index=index,
            log_position=position,
            sender=to_checksum_address("0x" + log["topics"][1][-40:]),
            data=abi_decode(["bytes"], bytes.fromhex(log["data"][2:]))[0],
            batch_number=None if batch is None else int(batch, 16),
            tx_number=0 if number is None else int(number, 16),
        )
        for index, (position, log) in enumerate(zip(positions, logs, strict=True))
    ]


def raw_message(receipt: dict[str, Any], index: int) -> RawMessage:
    """One of a receipt's messages; raises :class:`UnknownMessage` if there are fewer."""
    found = raw_messages(receipt)
    if index >= len(found):
        raise UnknownMessage(f"the transaction sent {len(found)} messages; there is no message {index}")
    return found[index]


def messages_of(hub: Hub, chain: Chain, tx_hash: bytes) -> list[Message]:
    """Withdrawals and transfers that a transaction made.

    Raises:
        UnknownMessage: The transaction is not in a block of this chain.
    """
    receipt = receipt_of(chain, tx_hash)
    if receipt is None:
        raise UnknownMessage(f"chain {chain.name} has no transaction 0x{tx_hash.hex()} in a block")
    sender = to_checksum_address(receipt["from"])
    found = []
    for raw in raw_messages(receipt):
        content = read_message(raw.sender, raw.data)
        if content is not None:
            found.append(_record(hub, chain, tx_hash, sender, raw.index, content))
    return found


def _record(hub: Hub, chain: Chain, tx_hash: bytes, sender: str, index: int, content: Content) -> Message:
    if isinstance(content, BaseTokenWithdrawal):
        asset, amount, receiver = chain.base_asset_id, content.amount, content.receiver
        return Withdrawal(asset, amount, sender, receiver, chain.chain_id, tx_hash, index)
    if isinstance(content, TokenWithdrawal):
        transfer = content.transfer
        caller, receiver = transfer.original_caller, transfer.receiver
        return Withdrawal(content.asset_id, transfer.amount, caller, receiver, chain.chain_id, tx_hash, index)
    return _transfer(chain, tx_hash, index, content)


def _transfer(chain: Chain, tx_hash: bytes, index: int, content: BundleMessage) -> Transfer:
    bundle = content.bundle
    legs = bundle.token_legs()
    if len(bundle.calls) == 1 and len(legs) == 1:
        asset, amount, receiver = legs[0][0], legs[0][1].amount, legs[0][1].receiver
    else:
        asset, amount, receiver = bytes(32), 0, bundle.calls[0].to if bundle.calls else bundle.sender
    return Transfer(
        asset_id=asset,
        amount=amount,
        sender=bundle.sender,
        receiver=receiver,
        chain_id=chain.chain_id,
        destination_chain_id=bundle.destination_chain_id,
        l2_transaction_hash=tx_hash,
        bundle_hash=content.bundle_hash,
        index=index,
    )


def _is_message(log: dict[str, Any]) -> bool:
    topics = log["topics"]
    return bool(log["address"].lower() == abi.L1_MESSENGER and topics and topics[0] == "0x" + abi.L1_MESSAGE_SENT.hex())
