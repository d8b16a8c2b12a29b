"""The router's durable memory: messages, how far each chain was read, where the chains are."""

import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from sqlite3 import Row
from typing import Any

from cluster.durable import DurableFile, FileErrors
from cluster.errors import IllegalMessageTransition, RouterStoreCorrupt, RouterStoreError, RouterStoreFull
from cluster.router.messages import MessageInfo, MessageKind, Order, may_pass_to
from cluster.router.seams import Endpoints
from shared_bridge.stages import MessageStage, Refund

_VERSION = 2
_SCHEMA = """
CREATE TABLE messages (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    source TEXT NOT NULL,
    destination TEXT NOT NULL,
    token TEXT NOT NULL,
    amount TEXT NOT NULL,               -- decimal: an amount may have 256 bits
    sender TEXT NOT NULL,
    receiver TEXT NOT NULL,
    request TEXT NOT NULL,
    transaction_hash BLOB,
    raw BLOB,                           -- the signed transaction of an order
    position INTEGER NOT NULL,
    handle TEXT NOT NULL,
    stage TEXT NOT NULL,
    times TEXT NOT NULL,
    claim_transaction BLOB,
    relay INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    not_before REAL NOT NULL,
    error TEXT NOT NULL,
    refund TEXT NOT NULL,               -- of a failed deposit: later and claimable are still looked at
    UNIQUE (source, transaction_hash, position)
) STRICT;
CREATE INDEX messages_by_stage ON messages (stage, not_before);
CREATE TABLE cursors (chain TEXT PRIMARY KEY, next_block INTEGER NOT NULL) STRICT;
CREATE TABLE endpoints (name TEXT PRIMARY KEY, url TEXT NOT NULL) STRICT;
"""
_ERRORS = FileErrors(
    RouterStoreError,
    RouterStoreCorrupt,
    RouterStoreFull,
    "Move the router's directory away: with auto-relay on, it finds open messages again on the chains.",
)
_L1 = "l1"
_FINAL = tuple(stage.value for stage in MessageStage if stage.is_final)
_OPEN_REFUNDS = "('later', 'claimable')"
_FINAL_MARKS = ", ".join("?" * len(_FINAL))


class MessageStore:
    """The messages on disk. Not thread-safe: the router's lock guards it."""

    def __init__(self, path: Path) -> None:
        """Open the file at ``path``, or create it; raises a :class:`RouterStoreError`."""
        self._file = DurableFile(path, _SCHEMA, _VERSION, _ERRORS)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def transaction(self) -> AbstractContextManager[None]:
        """All changes inside become durable together, or none does."""
        return self._file.transaction()

    # Writing.

    def add(self, message: MessageInfo) -> bool:
        """Remember a message; False if it is known already."""
        values = {"id": message.id, **_values(message)}
        columns, marks = ", ".join(values), ", ".join("?" * len(values))
        added = self._file.change(
            f"INSERT INTO messages ({columns}) VALUES ({marks}) ON CONFLICT DO NOTHING", tuple(values.values())
        )
        return added.rowcount == 1

    def update(self, old: MessageInfo, new: MessageInfo) -> MessageInfo:
        """Write ``new`` over ``old``.

        Raises:
            IllegalMessageTransition: The state machine has no such step.
        """
        if not may_pass_to(old.stage, new.stage):
            raise IllegalMessageTransition(old.id, old.stage.value, new.stage.value)
        values = _values(new)
        columns = ", ".join(f"{name} = ?" for name in values)
        self._file.change(f"UPDATE messages SET {columns} WHERE id = ?", (*values.values(), old.id))
        return new

    def remove(self, message_id: str) -> None:
        """Forget a message."""
        self._file.change("DELETE FROM messages WHERE id = ?", (message_id,))

    def keep_raw(self, message_id: str, transaction_hash: bytes, raw: bytes) -> None:
        """Remember the signed transaction of an order, before it is handed in."""
        self._file.change(
            "UPDATE messages SET transaction_hash = ?, raw = ? WHERE id = ?", (transaction_hash, raw, message_id)
        )

    def set_cursor(self, chain: str, next_block: int) -> None:
        """Remember that a chain was read up to below ``next_block``."""
        self._file.change("INSERT OR REPLACE INTO cursors VALUES (?, ?)", (chain, next_block))

    def set_endpoints(self, endpoints: Endpoints) -> None:
        """Remember where the chains are."""
        self._file.change("DELETE FROM endpoints")
        for name, url in {_L1: endpoints.l1_url, **endpoints.chains}.items():
            self._file.change("INSERT INTO endpoints VALUES (?, ?)", (name, url))

    def forget_oldest(self, keep: int) -> None:
        """Remove all but the ``keep`` latest messages to which nothing more happens."""
        self._file.change(
            "DELETE FROM messages WHERE number IN (SELECT number FROM messages"
            f" WHERE stage IN ({_FINAL_MARKS}) AND refund NOT IN {_OPEN_REFUNDS}"
            " ORDER BY number DESC LIMIT -1 OFFSET ?)",
            (*_FINAL, keep),
        )

    # Reading.

    def find(self, message_id: str) -> MessageInfo | None:
        """The message of this id."""
        return self._first("WHERE id = ?", (message_id,))

    def at(self, source: str, transaction_hash: bytes, position: int) -> MessageInfo | None:
        """The message that a transaction sent."""
        return self._first(
            "WHERE source = ? AND transaction_hash = ? AND position = ?", (source, transaction_hash, position)
        )

    def raw(self, message_id: str) -> bytes | None:
        """The signed transaction of an order."""
        rows = self._file.rows("SELECT raw FROM messages WHERE id = ?", (message_id,))
        return rows[0]["raw"] if rows else None

    def newest(self, chain: str | None, stage: MessageStage | None, limit: int) -> list[MessageInfo]:
        """Messages, the newest first; of one chain, at either end, and in one stage if they are given."""
        return self._messages(
            "WHERE (?1 IS NULL OR source = ?1 OR destination = ?1) AND (?2 IS NULL OR stage = ?2)"
            " ORDER BY number DESC LIMIT ?3",
            (chain, None if stage is None else stage.value, limit),
        )

    def due(self, now: float, limit: int) -> list[MessageInfo]:
        """Messages to look at, the longest overdue first. The dead wait for someone to retry them."""
        return self._messages(
            f"WHERE (stage NOT IN ({_FINAL_MARKS}, 'dead') OR stage = 'claimed' OR relay AND refund IN {_OPEN_REFUNDS})"
            " AND not_before <= ? AND transaction_hash IS NOT NULL ORDER BY not_before LIMIT ?",
            (*_FINAL, now, limit),
        )

    def unsent(self) -> list[MessageInfo]:
        """Orders whose transaction was never signed."""
        return self._messages("WHERE stage = 'sent' AND transaction_hash IS NULL")

    def counts(self) -> dict[MessageStage, int]:
        """How many messages are in each stage."""
        rows = self._file.rows("SELECT stage, COUNT(*) FROM messages GROUP BY stage")
        found = {row[0]: row[1] for row in rows}
        return {stage: found.get(stage.value, 0) for stage in MessageStage}

    def cursor(self, chain: str) -> int:
        """The first block of a chain that was not read yet."""
        rows = self._file.rows("SELECT next_block FROM cursors WHERE chain = ?", (chain,))
        return rows[0][0] if rows else 0

    def endpoints(self) -> Endpoints | None:
        """Where the chains are, or were last."""
        urls = {row["name"]: row["url"] for row in self._file.rows("SELECT name, url FROM endpoints")}
        l1_url = urls.pop(_L1, None)
        return None if l1_url is None else Endpoints(l1_url, urls)

    def _first(self, where: str, values: tuple[Any, ...]) -> MessageInfo | None:
        found: Sequence[MessageInfo] = self._messages(where, values)
        return found[0] if found else None

    def _messages(self, where: str, values: tuple[Any, ...] = ()) -> list[MessageInfo]:
        return [_message(row) for row in self._file.rows(f"SELECT * FROM messages {where}", values)]


def _values(message: MessageInfo) -> Mapping[str, Any]:
    """A message's columns, without its id and its signed transaction."""
    order = message.order
    return {
        "kind": order.kind.value,
        "source": order.source,
        "destination": order.destination,
        "token": order.token,
        "amount": str(order.amount),
        "sender": order.sender,
        "receiver": order.receiver,
        "request": message.request,
        "transaction_hash": message.transaction_hash,
        "position": message.position,
        "handle": message.handle,
        "stage": message.stage.value,
        "times": json.dumps({stage.value: at for stage, at in message.times.items()}),
        "claim_transaction": message.claim_transaction,
        "relay": int(message.relay),
        "attempts": message.attempts,
        "not_before": message.not_before,
        "error": message.error,
        "refund": message.refund.value,
    }


def _message(row: Row) -> MessageInfo:
    return MessageInfo(
        id=row["id"],
        order=Order(
            MessageKind(row["kind"]),
            row["source"],
            row["destination"],
            row["token"],
            int(row["amount"]),
            row["sender"],
            row["receiver"],
        ),
        request=row["request"],
        transaction_hash=row["transaction_hash"],
        position=row["position"],
        handle=row["handle"],
        stage=MessageStage(row["stage"]),
        times={MessageStage(stage): at for stage, at in json.loads(row["times"]).items()},
        claim_transaction=row["claim_transaction"],
        relay=bool(row["relay"]),
        attempts=row["attempts"],
        not_before=row["not_before"],
        error=row["error"],
        refund=Refund(row["refund"]),
    )
