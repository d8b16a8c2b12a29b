"""Where a message is: read from the nodes, never from memory, so that any program may ask about any message."""

import time
from collections.abc import Callable
from typing import Any, Final

from eth_utils.address import to_checksum_address

from contracts.codec import abi_decode
from contracts.deposits import priority_requests
from shared_bridge import interfaces as abi
from shared_bridge.claims import claimed, failure_proof, inclusion
from shared_bridge.errors import MessageFailed, StageTimeout, UnknownMessage
from shared_bridge.formats import read_asset_data
from shared_bridge.hub import Chain, Hub
from shared_bridge.receipts import messages_of, raw_message, receipt_of
from shared_bridge.records import Deposit, Message, Status, Transfer, Withdrawal
from shared_bridge.stages import MessageStage, Refund

POLL_S: Final = 0.25
"""Pause between two looks while waiting, seconds; it grows to :data:`POLL_MAX_S`."""
POLL_MAX_S: Final = 5.0

Progress = Callable[[Message, Status], None]
"""Called with every new status while waiting."""


def status(hub: Hub, message: Message) -> Status:
    """Where a message is now."""
    if isinstance(message, Deposit):
        return _deposit_status(hub, message)
    if isinstance(message, Withdrawal | Transfer):
        return _outgoing_status(hub, message)
    raise UnknownMessage(f"a {type(message).__name__} is no message")


# -- deposits ------------------------------------------------------------------------------------------------------


def _deposit_status(hub: Hub, message: Deposit) -> Status:
    chain = hub.chain(message.chain_id)
    receipt = receipt_of(chain, message.l2_transaction_hash)
    if receipt is not None:
        if int(receipt["status"], 16):
            return Status(MessageStage.CLAIMED)
        return _failed_deposit(hub, chain, message, receipt)
    with hub.l1.errors("the deposit's receipt"):
        on_l1 = hub.l1.client.get_receipt(message.l1_transaction_hash)
    if on_l1 is not None and not on_l1.succeeded:
        return Status(MessageStage.FAILED, "its L1 transaction reverted; nothing has moved")
    if on_l1 is not None:
        return Status(MessageStage.INCLUDED, f"in L1's queue for {chain.name}")
    return _not_included(hub.l1.rpc("eth_getTransactionByHash", "0x" + message.l1_transaction_hash.hex()), "L1")


def _failed_deposit(hub: Hub, chain: Chain, message: Deposit, receipt: dict[str, Any]) -> Status:
    if not message.asset_data:
        why = "its call failed; the chain gave the value to the refund recipient"
        return Status(MessageStage.FAILED, why, Refund.NONE)
    why = "its L2 half failed"
    if claimed(hub, message):
        return Status(MessageStage.FAILED, f"{why}; it was claimed back", Refund.CLAIMED)
    if failure_proof(chain, message, receipt) is not None:
        return Status(MessageStage.FAILED, f"{why}; the depositor can claim it back", Refund.CLAIMABLE)
    return Status(MessageStage.FAILED, f"{why}; it can be claimed back once L1 knows", Refund.LATER)


# -- withdrawals and transfers -------------------------------------------------------------------------------------


def _outgoing_status(hub: Hub, message: Withdrawal | Transfer) -> Status:
    chain = hub.chain(message.chain_id)
    receipt = receipt_of(chain, message.l2_transaction_hash)
    if receipt is None:
        tx_hash = "0x" + message.l2_transaction_hash.hex()
        return _not_included(chain.node.rpc("eth_getTransactionByHash", tx_hash), chain.name)
    if not int(receipt["status"], 16):
        return Status(MessageStage.FAILED, f"its transaction on {chain.name} reverted; nothing has moved")
    raw_message(receipt, message.index)
    if claimed(hub, message):
        return Status(MessageStage.CLAIMED)
    batch = receipt.get("l1BatchNumber")
    if batch is None:
        return Status(MessageStage.INCLUDED, "in no batch yet")
    number = int(batch, 16)
    if _is_executed(hub, chain, batch):
        if inclusion(hub, message, receipt) is not None:
            return Status(MessageStage.CLAIMABLE, f"batch {number} is executed on L1")
        return Status(MessageStage.PROVEN, f"batch {number} is executed; {chain.name} has not seen it yet")
    if number <= hub.l1.read(chain.zk_chain, abi.BATCHES_VERIFIED):
        return Status(MessageStage.PROVEN, f"batch {number} is proven, and not executed yet")
    return Status(MessageStage.INCLUDED, f"batch {number} is not proven yet")


def _is_executed(hub: Hub, chain: Chain, batch: str | None) -> bool:
    return batch is not None and int(batch, 16) <= hub.l1.read(chain.zk_chain, abi.BATCHES_EXECUTED)


def _not_included(pooled: dict[str, Any] | None, where: str) -> Status:
    if pooled is not None:
        return Status(MessageStage.SENT, f"waits for a block of {where}")
    return Status(MessageStage.DEAD, f"{where} does not know its transaction: it was dropped or replaced")


# -- finding -------------------------------------------------------------------------------------------------------


def find(hub: Hub, chain: str | int, tx_hash: bytes) -> list[Message]:
    """Messages that a transaction on a chain made (withdrawals, transfers), as handles to follow and claim."""
    return messages_of(hub, hub.chain(chain), tx_hash)


def find_deposits(hub: Hub, l1_transaction_hash: bytes) -> list[Deposit]:
    """Deposits that a transaction on L1 made, to the chains that are known here.

    Raises:
        UnknownMessage: It is not in a block.
    """
    with hub.l1.errors("the deposit's receipt"):
        receipt = hub.l1.client.get_receipt(l1_transaction_hash)
        if receipt is None:
            raise UnknownMessage(f"L1 has no transaction 0x{l1_transaction_hash.hex()} in a block")
        contracts = {hub.chain(name).zk_chain: hub.chain(name) for name in hub.names}
        found = [(chain, request) for at, chain in contracts.items() for request in priority_requests(receipt, at)]
    sent = hub.l1.rpc("eth_getTransactionByHash", "0x" + l1_transaction_hash.hex())
    call = bytes.fromhex(sent["input"][2:])
    if len(found) != 1:
        raise UnknownMessage(f"the transaction made {len(found)} requests to the chains known here; one was expected")
    chain, request = found[0]
    return [_deposit_of(chain, sent["from"], call, l1_transaction_hash, request.canonical_hash)]


def _deposit_of(chain: Chain, sender: str, call: bytes, l1_hash: bytes, l2_hash: bytes) -> Deposit:
    owner = to_checksum_address(sender)
    direct = abi.REQUEST_DIRECT.arguments(call)
    if direct is not None:
        _, _, receiver, amount, *_ = direct[0]
        base = (chain.base_asset_id, amount, owner, to_checksum_address(receiver))
        return Deposit(*base, chain.chain_id, l1_hash, l2_hash)
    bridged = abi.REQUEST_TWO_BRIDGES.arguments(call)
    if bridged is None or bridged[0][-1][:1] != b"\x01":
        raise UnknownMessage(f"0x{l1_hash.hex()} is no deposit that this library knows")
    asset_id, asset_data = abi_decode(["bytes32", "bytes"], bridged[0][-1][1:])
    amount, receiver, _ = read_asset_data(asset_data)
    return Deposit(asset_id, amount, owner, receiver, chain.chain_id, l1_hash, l2_hash, asset_data)


# -- waiting -------------------------------------------------------------------------------------------------------


class Waiting:
    """One wait for a stage: what both the blocking and the asyncio bridge do between two looks."""

    def __init__(self, message: Message, wanted: MessageStage, timeout_s: float, progress: Progress | None) -> None:
        self._message = message
        self._wanted = wanted
        self._timeout_s = timeout_s
        self._progress = progress
        self._started = time.monotonic()
        self._last: Status | None = None
        self._pause_s = POLL_S

    def look(self, now: Status) -> float | None:
        """Take a new status in; returns how long to pause before the next look, or ``None`` when it is there.

        Raises:
            MessageFailed: It will never be there.
            StageTimeout: The time is over.
        """
        if now != self._last:
            self._last = now
            self._pause_s = POLL_S
            if self._progress is not None:
                self._progress(self._message, now)
        if now.stage.reaches(self._wanted):
            return None
        if now.stage in (MessageStage.FAILED, MessageStage.DEAD) or now.stage.is_final:
            raise MessageFailed(self._message, now.stage, now.detail)
        left = self._timeout_s - (time.monotonic() - self._started)
        if left <= 0:
            raise StageTimeout(self._message, now.stage, self._wanted, self._timeout_s)
        pause, self._pause_s = min(self._pause_s, left), min(self._pause_s * 1.5, POLL_MAX_S)
        return pause


def wait(hub: Hub, message: Message, stage: MessageStage, timeout_s: float, progress: Progress | None = None) -> Status:
    """Wait until a message is at a stage or beyond.

    Raises:
        MessageFailed: It will never be there.
        StageTimeout: It is not there yet.
    """
    waiting = Waiting(message, stage, timeout_s, progress)
    while (pause := waiting.look(now := status(hub, message))) is not None:
        time.sleep(pause)
    return now
