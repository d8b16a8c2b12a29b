"""The router's bridge on :mod:`shared_bridge`."""

import json
from collections.abc import Sequence
from contextlib import suppress

import structlog

from cluster.router.messages import Found, Look, MessageInfo, MessageKind, Order
from cluster.router.seams import Endpoints, Record
from contracts.errors import AlreadyKnown, NonceTooLow
from shared_bridge import Bridge, Claim, Deposit, Message, Transfer, Withdrawal, message_from_json
from shared_bridge.errors import AlreadyClaimed, NotClaimable, StageTimeout, UnknownChain, UnknownMessage
from shared_bridge.hub import Hub
from shared_bridge.interfaces import L1_MESSAGE_SENT, L1_MESSENGER
from shared_bridge.node import Identity, Node, on_signing

L1 = "l1"
_log = structlog.get_logger("router")
#: What the library calls the transactions that move value; the others (approvals) may be repeated.
_MOVING = frozenset({"deposit", "withdraw", "send"})


class RealBridge:
    """The real :class:`cluster.router.seams.Bridge`. Thread-safe.

    Args:
        endpoints: Where the L1 and the chains are.
        relayer_key: Pays for claims.
    """

    def __init__(self, endpoints: Endpoints, relayer_key: bytes) -> None:
        self._bridge = Bridge(endpoints.l1_url, endpoints.chains)
        self._relayer_key = relayer_key

    def close(self) -> None:
        """Close the connections."""
        self._bridge.close()

    def submit(self, order: Order, private_key: bytes, record: Record) -> Found:
        """Sign and hand in an order's transaction and wait for its block; returns what it sent."""

        def signed(identity: Identity, transaction_hash: bytes, raw: bytes) -> None:
            if identity[0] in _MOVING:
                record(transaction_hash, raw)

        with on_signing(signed):
            return self._found(self._sent(order, private_key), order)

    def _sent(self, order: Order, key: bytes) -> Message:
        token, amount, receiver = order.token, order.amount, order.receiver
        match order.kind:
            case MessageKind.DEPOSIT:
                return self._bridge.deposit(key, order.destination, token, amount, receiver)
            case MessageKind.WITHDRAWAL:
                return self._bridge.withdraw(key, order.source, token, amount, receiver)
            case MessageKind.TRANSFER:
                return self._bridge.send(key, order.source, order.destination, token, amount, receiver)

    def resend(self, source: str, raw: bytes) -> None:
        """Hand a signed transaction in again; nothing happens if the node has it, or its nonce is taken."""
        node = self._node(source)
        with node.errors("an earlier transaction"), suppress(AlreadyKnown, NonceTooLow):
            node.client.send_raw(raw)

    def find(self, source: str, transaction_hash: bytes) -> Sequence[Found]:
        """What a transaction sent."""
        messages: Sequence[Message]
        if source == L1:
            messages = self._bridge.find_deposits(transaction_hash)
        else:
            messages = self._bridge.find(source, transaction_hash)
        return [self._found(message) for message in messages]

    def look(self, message: MessageInfo) -> Look:
        """Where a message is."""
        seen = self._bridge.status(_message(message))
        return Look(seen.stage, seen.detail, seen.refund)

    def claim(self, message: MessageInfo) -> bytes | None:
        """Bring a message to its destination, or a failed deposit back; waits for the root and for the block."""
        wanted = _message(message)
        try:
            claimed: Claim = self._bridge.claim(self._relayer_key, wanted)
        except StageTimeout as error:
            raise NotClaimable(wanted, error.message) from error
        if claimed.transaction_hash is None:
            raise AlreadyClaimed(wanted)
        return claimed.transaction_hash

    def head(self, chain: str) -> int:
        """Number of a chain's latest block."""
        return int(self._node(chain).rpc("eth_blockNumber"), 16)

    def sent(self, chain: str, first: int, last: int) -> Sequence[Found]:
        """Everything users sent from a chain in these blocks."""
        wanted = {
            "address": L1_MESSENGER,
            "topics": ["0x" + L1_MESSAGE_SENT.hex()],
            "fromBlock": hex(first),
            "toBlock": hex(last),
        }
        logs = self._node(chain).rpc("eth_getLogs", wanted)
        hashes = dict.fromkeys(bytes.fromhex(log["transactionHash"][2:]) for log in logs)
        found: list[Found] = []
        for transaction_hash in hashes:
            try:
                found += self.find(chain, transaction_hash)
            except UnknownMessage as error:
                # One odd transaction must not keep all later ones from being relayed.
                _log.warning("messages cannot be read", transaction=transaction_hash.hex(), reason=error.message)
        return found

    def _node(self, layer: str) -> Node:
        hub: Hub = self._bridge.hub
        return hub.l1 if layer == L1 else hub.chain(layer).node

    def _found(self, message: Message, order: Order | None = None) -> Found:
        """A message of the library as the router keeps it."""
        transaction_hash, position = _place(message)
        return Found(order or self._order(message), transaction_hash, position, json.dumps(message.to_json()))

    def _order(self, message: Message) -> Order:
        token = "0x" + message.asset_id.hex()
        value = (token, message.amount, message.sender, message.receiver)
        match message:
            case Deposit():
                return Order(MessageKind.DEPOSIT, L1, self._name(message.chain_id), *value)
            case Withdrawal():
                return Order(MessageKind.WITHDRAWAL, self._name(message.chain_id), L1, *value)
            case Transfer():
                source, destination = self._name(message.chain_id), self._name(message.destination_chain_id)
                return Order(MessageKind.TRANSFER, source, destination, *value)
        raise UnknownMessage(f"a {type(message).__name__} is no message of this hub")

    def _name(self, chain_id: int) -> str:
        """A chain's name; the number of one that is not ours."""
        try:
            return self._bridge.hub.chain(chain_id).name
        except UnknownChain:
            return str(chain_id)


def _message(message: MessageInfo) -> Message:
    return message_from_json(json.loads(message.handle))


def _place(message: Message) -> tuple[bytes, int]:
    """The transaction that sent a message, and which of its messages it is."""
    if isinstance(message, Deposit):
        return message.l1_transaction_hash, 0
    if isinstance(message, Withdrawal | Transfer):
        return message.l2_transaction_hash, message.index
    raise UnknownMessage(f"a {type(message).__name__} is no message of this hub")
