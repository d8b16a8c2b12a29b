"""Subscriptions (``eth_subscribe``): what each WebSocket wants to hear, and telling it.

Everything here runs on the endpoint's event loop; events of the node's threads are handed over to it.
"""

import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from chain_template.events import Event, NewBlock, PendingTransaction, RolledBack
from chain_template.executor.interface import ExecutedBlock
from chain_template.rpc.errors import Overloaded
from chain_template.rpc.format import header_json, hexstr, log_json, transaction_json
from chain_template.rpc.logs import LogQuery, block_logs
from chain_template.store.records import StoredLog
from chain_template.transactions.types import Transaction

#: Blocks whose logs are kept to be called back should the chain be rolled back; older ones are settled by then.
_REMEMBERED_BLOCKS: Final = 1_024
_MAX_PER_SESSION: Final = 100


class Topic(Enum):
    """What can be subscribed to."""

    HEADS = "newHeads"
    LOGS = "logs"
    PENDING = "newPendingTransactions"
    SYNCING = "syncing"


@dataclass(frozen=True, slots=True)
class Subscription:
    """One wish of one connection.

    Attributes:
        send: Puts a notification's parameters on the connection's way out.
        query: For logs: which.
        whole: For pending transactions: whole ones instead of their hashes.
    """

    topic: Topic
    send: Callable[[dict[str, Any]], None]
    query: LogQuery | None = None
    whole: bool = False


class SubscriptionHub:
    """Everyone's subscriptions.

    Args:
        zk: Whether notifications carry ZK Stack's members.
    """

    def __init__(self, *, zk: bool) -> None:
        self._zk = zk
        self._by_session: dict[object, dict[str, Subscription]] = {}
        self._recent: OrderedDict[int, list[StoredLog]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._by_session)

    def add(self, session: object, subscription: Subscription) -> str:
        """Subscribe; returns the subscription's id.

        Raises:
            Overloaded: The connection has too many already.
        """
        own = self._by_session.setdefault(session, {})
        if len(own) >= _MAX_PER_SESSION:
            raise Overloaded(f"this connection has {_MAX_PER_SESSION} subscriptions already")
        subscription_id = "0x" + secrets.token_hex(16)
        own[subscription_id] = subscription
        return subscription_id

    def remove(self, session: object, subscription_id: str) -> bool:
        """Unsubscribe; false when the connection has no such subscription."""
        return self._by_session.get(session, {}).pop(subscription_id, None) is not None

    def forget(self, session: object) -> None:
        """A connection has ended."""
        self._by_session.pop(session, None)

    def on_event(self, event: Event) -> None:
        """Tell everyone who wants to hear of it."""
        match event:
            case NewBlock(block):
                self._on_block(block)
            case RolledBack(block_number):
                self._on_rollback(block_number)
            case PendingTransaction(transaction):
                self._on_pending(transaction)
            case _:
                pass

    def _on_block(self, block: ExecutedBlock) -> None:
        logs = block_logs(block)
        self._recent[block.header.number] = logs
        while len(self._recent) > _REMEMBERED_BLOCKS:
            self._recent.popitem(last=False)
        if not self._by_session:
            return
        header = header_json(block.header)
        for subscription_id, subscription in self._all(Topic.HEADS):
            subscription.send({"subscription": subscription_id, "result": header})
        self._send_logs(logs, removed=False)

    def _on_rollback(self, block_number: int) -> None:
        """Call back the logs of the blocks that are gone, the last one first, as geth does in a reorganisation."""
        for number in [number for number in reversed(self._recent) if number > block_number]:
            self._send_logs(self._recent.pop(number), removed=True)

    def _on_pending(self, transaction: Transaction) -> None:
        for subscription_id, subscription in self._all(Topic.PENDING):
            shown: Any = hexstr(transaction.hash)
            if subscription.whole:
                shown = transaction_json(transaction, None, None, zk=self._zk)
            subscription.send({"subscription": subscription_id, "result": shown})

    def _send_logs(self, logs: list[StoredLog], *, removed: bool) -> None:
        for subscription_id, subscription in self._all(Topic.LOGS):
            assert subscription.query is not None
            for log in logs:
                if subscription.query.matches(log):
                    shown = log_json(log, zk=self._zk, removed=removed)
                    subscription.send({"subscription": subscription_id, "result": shown})

    def _all(self, topic: Topic) -> list[tuple[str, Subscription]]:
        # A copy: a connection that cannot take any more is dropped while this is gone through.
        return [item for own in self._by_session.values() for item in own.items() if item[1].topic is topic]
