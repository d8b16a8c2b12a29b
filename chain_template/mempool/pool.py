"""The pool of users' transactions that wait for a block.

A transaction is *pending* when it and every earlier nonce of its sender are here, so that a block could take it now,
and *queued* while there is a gap below it. Rules and first words of the messages are geth's, because clients match on
them.
"""

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush, nsmallest
from threading import RLock
from typing import Final

import structlog

from chain_template.config import MempoolSettings
from chain_template.errors import AlreadyKnown, MempoolFull, SenderHasCode
from chain_template.mempool.queue import Entry, SenderQueue
from chain_template.mempool.rules import check_account, check_itself, hex_of
from chain_template.transactions.types import Transaction

PendingListener = Callable[[Transaction], None]

#: Of how many senders the nonce is remembered that blocks have shown.
_REMEMBERED_NONCES: Final = 65_536
#: When the pool is full, one in this many is dropped at once, so that looking for the cheapest stays rare.
_EVICTION_SHARE: Final = 100

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PoolContent:
    """What the pool holds: sender → nonce → transaction, nonces ascending."""

    pending: dict[bytes, dict[int, Transaction]]
    queued: dict[bytes, dict[int, Transaction]]


@dataclass(frozen=True, slots=True)
class PoolStatus:
    """How many transactions wait."""

    pending: int
    queued: int


class Mempool:
    """The pool of one chain. Safe to share between threads; does no input or output of its own.

    Args:
        settings: How much it holds.
        chain_id: The chain transactions must be signed for.
        block_gas_limit: No transaction may ask for more.
        min_base_fee_wei: The base fee never falls below this, so nothing that offers less can ever run.
    """

    def __init__(
        self, settings: MempoolSettings, chain_id: int, block_gas_limit: int, *, min_base_fee_wei: int = 0
    ) -> None:
        self._settings = settings
        self._chain_id = chain_id
        self._block_gas_limit = block_gas_limit
        self._min_base_fee_wei = min_base_fee_wei
        self._lock = RLock()
        self._senders: dict[bytes, SenderQueue] = {}
        #: In order of arrival.
        self._by_hash: dict[bytes, Entry] = {}
        self._arrivals = 0
        #: Nonces that blocks have shown, the latest last: a caller may have read an account before the block and ask
        #: after it, when the pool no longer holds anything of that sender.
        self._settled: OrderedDict[bytes, int] = OrderedDict()
        #: While the pool stays full, whoever offers no more than this need not be compared with everybody again.
        self._floor: tuple[int, int] | None = None
        self._listeners: list[PendingListener] = []

    # What goes in

    def add(
        self,
        transaction: Transaction,
        *,
        account_nonce: int,
        balance: int,
        base_fee: int,
        now_s: float,
        sender_has_code: bool = False,
    ) -> None:
        """Take a transaction in; listeners hear of everything that became pending by it.

        Args:
            transaction: Decoded, its sender recovered.
            account_nonce: The sender's nonce after the head block.
            balance: The sender's balance there, wei.
            base_fee: The next block's base fee, wei per gas. An offer below it waits for it to fall.
            now_s: Unix seconds.
            sender_has_code: Whether the sender is a contract.

        Raises:
            TransactionError: It is refused; the subclass says why, and the pool is as it was.
        """
        news: list[Transaction] = []
        try:
            with self._lock:
                if transaction.hash in self._by_hash:
                    raise AlreadyKnown("already known", hash=transaction.hash)
                check_itself(
                    transaction,
                    self._settings,
                    chain_id=self._chain_id,
                    block_gas_limit=self._block_gas_limit,
                    min_base_fee_wei=self._min_base_fee_wei,
                )
                if sender_has_code:
                    raise SenderHasCode(f"sender not an eoa: {hex_of(transaction.sender)} has code (EIP-3607)")
                held = self._senders.get(transaction.sender)
                known = held.account_nonce if held else self._settled.get(transaction.sender, 0)
                account_nonce = max(account_nonce, known)
                check_account(transaction, held, self._settings, account_nonce=account_nonce, balance=balance)
                self._expire(now_s)
                news += self._advance(transaction.sender, account_nonce)
                self._make_room(transaction, account_nonce, base_fee)
                news += self._put(transaction, account_nonce, now_s)
        finally:
            self._announce(news)

    def reinject(self, transactions: Iterable[Transaction], *, now_s: float) -> None:
        """Take back what a rollback dropped from the chain.

        Their senders' nonces fall to the lowest of them. They were in blocks before, so no limit keeps them out.

        Args:
            transactions: All users' transactions of the dropped blocks.
            now_s: Unix seconds.
        """
        by_sender: dict[bytes, list[Transaction]] = {}
        for transaction in transactions:
            by_sender.setdefault(transaction.sender, []).append(transaction)
        news: list[Transaction] = []
        with self._lock:
            self._floor = None
            for address, returned in by_sender.items():
                lowest = min(transaction.nonce for transaction in returned)
                self._settled.pop(address, None)
                if address in self._senders:
                    self._senders[address].move_account(lowest)
                for transaction in returned:
                    news += self._put(transaction, lowest, now_s)
        self._announce(news)

    # What comes out

    def ready(
        self,
        base_fee: int,
        limit: int,
        gas: int,
        *,
        applied: Collection[bytes] = frozenset(),
        avoid: Collection[bytes] = frozenset(),
    ) -> list[Transaction]:
        """The best transactions for a block, in the order to run them.

        By what they pay above the base fee, the earlier arrival first among equals, each sender's in nonce order. They
        stay in the pool until :meth:`on_block` or :meth:`drop` is told of them.

        Args:
            base_fee: The block's, wei per gas.
            limit: At most this many.
            gas: Their gas limits together stay within this.
            applied: Hashes that the block being built already has; what follows them is given.
            avoid: Senders to leave out, for instance after one of theirs was rejected for now.
        """
        chosen: list[Transaction] = []
        with self._lock:
            heads: list[tuple[int, int, Entry]] = []
            for address, sender in self._senders.items():
                if address not in avoid:
                    entry = sender.first_pending(sender.account_nonce, applied)
                    if entry is not None and entry.transaction.max_fee_per_gas >= base_fee:
                        heads.append(_bid(entry, base_fee))
            heapify(heads)
            while heads and len(chosen) < limit:
                _, _, entry = heappop(heads)
                transaction = entry.transaction
                if transaction.max_fee_per_gas < base_fee or transaction.gas_limit > gas:
                    continue  # neither it nor what follows it by the same sender
                chosen.append(transaction)
                gas -= transaction.gas_limit
                following = self._senders[transaction.sender].first_pending(transaction.nonce + 1, applied)
                if following is not None:
                    heappush(heads, _bid(following, base_fee))
        return chosen

    def has_ready(self, base_fee: int) -> bool:
        """Whether :meth:`ready` would give anything at this base fee; answers without ordering the whole pool."""
        with self._lock:
            return any(
                sender.pending_end > sender.account_nonce
                and sender.entries[sender.account_nonce].transaction.max_fee_per_gas >= base_fee
                for sender in self._senders.values()
            )

    def on_block(self, included: Iterable[Transaction], *, now_s: float) -> None:
        """Note what a new block includes: it leaves the pool, and with it what it made stale or what is too old."""
        news: list[Transaction] = []
        # Each sender's are there in the order of their nonces.
        nonces = {transaction.sender: transaction.nonce + 1 for transaction in included if transaction.is_user}
        with self._lock:
            for sender, nonce in nonces.items():
                self._settled[sender] = nonce
                self._settled.move_to_end(sender)
                news += self._advance(sender, nonce)
            while len(self._settled) > _REMEMBERED_NONCES:
                self._settled.popitem(last=False)
            self._expire(now_s)
        self._announce(news)

    def drop(self, hashes: Iterable[bytes]) -> None:
        """Throw transactions out that can never run; what follows them by the same sender is queued."""
        with self._lock:
            for tx_hash in hashes:
                self._drop(self._by_hash.get(tx_hash))

    # What one can ask

    def get(self, tx_hash: bytes) -> Transaction | None:
        """The transaction with this hash, if it is here."""
        with self._lock:
            entry = self._by_hash.get(tx_hash)
            return entry.transaction if entry else None

    def arrived_s(self, tx_hash: bytes) -> float | None:
        """When it arrived, Unix seconds; None if it is not here."""
        with self._lock:
            entry = self._by_hash.get(tx_hash)
            return entry.arrived_s if entry else None

    def pending_nonce(self, sender: bytes, account_nonce: int) -> int:
        """The nonce a sender's next transaction should have.

        Args:
            sender: The account.
            account_nonce: Its nonce after the head block.
        """
        with self._lock:
            held = self._senders.get(sender)
            return held.first_gap(account_nonce) if held else account_nonce

    def content(self, sender: bytes | None = None) -> PoolContent:
        """Everything in the pool, or everything of one sender."""
        content = PoolContent({}, {})
        with self._lock:
            for address, held in self._senders.items():
                if sender not in (None, address):
                    continue
                for nonce in sorted(held.entries):
                    part = content.pending if nonce < held.pending_end else content.queued
                    part.setdefault(address, {})[nonce] = held.entries[nonce].transaction
        return content

    def status(self) -> PoolStatus:
        """How many transactions are pending and queued."""
        with self._lock:
            pending = sum(held.pending_end - held.account_nonce for held in self._senders.values())
            return PoolStatus(pending, len(self._by_hash) - pending)

    def __len__(self) -> int:
        with self._lock:
            return len(self._by_hash)

    def __contains__(self, tx_hash: object) -> bool:
        with self._lock:
            return tx_hash in self._by_hash

    def subscribe(self, listener: PendingListener) -> Callable[[], None]:
        """Have ``listener`` called with every transaction that becomes pending, after the pool has changed.

        Returns:
            A function that ends it.
        """
        with self._lock:
            self._listeners.append(listener)

        def unsubscribe() -> None:
            with self._lock:
                if listener in self._listeners:
                    self._listeners.remove(listener)

        return unsubscribe

    # Pieces; the lock is held

    def _advance(self, address: bytes, account_nonce: int) -> list[Transaction]:
        """Bring a sender up to its account's nonce; returns what became pending because a gap is behind it now."""
        sender = self._senders.get(address)
        if sender is None or account_nonce <= sender.account_nonce:
            return []
        was_end = max(sender.pending_end, account_nonce)
        for nonce in [nonce for nonce in sender.entries if nonce < account_nonce]:
            del self._by_hash[sender.entries[nonce].transaction.hash]
            sender.take(nonce)
        sender.move_account(account_nonce)
        self._floor = None
        news = [sender.entries[nonce].transaction for nonce in range(was_end, sender.pending_end)]
        self._forget_if_empty(address)
        return news

    def _put(self, transaction: Transaction, account_nonce: int, now_s: float) -> list[Transaction]:
        """Add or replace; returns what became pending by it."""
        sender = self._senders.get(transaction.sender)
        if sender is None:
            sender = self._senders[transaction.sender] = SenderQueue(account_nonce, account_nonce)
        replaced = sender.entries.get(transaction.nonce)
        if replaced is not None:
            del self._by_hash[replaced.transaction.hash]
        self._arrivals += 1
        entry = Entry(transaction, now_s, self._arrivals)
        was_end = sender.pending_end
        sender.put(entry)
        self._by_hash[transaction.hash] = entry
        if transaction.nonce >= sender.pending_end:
            return []
        first_promoted = max(was_end, transaction.nonce + 1)
        return [transaction] + [
            sender.entries[nonce].transaction for nonce in range(first_promoted, sender.pending_end)
        ]

    def _drop(self, entry: Entry | None) -> None:
        if entry is None:
            return
        address = entry.transaction.sender
        del self._by_hash[entry.transaction.hash]
        self._senders[address].take(entry.transaction.nonce)
        self._forget_if_empty(address)
        self._floor = None

    def _forget_if_empty(self, address: bytes) -> None:
        sender = self._senders.get(address)
        if sender is not None and not sender.entries:
            del self._senders[address]

    def _expire(self, now_s: float) -> None:
        oldest = now_s - self._settings.lifetime_s
        while self._by_hash:
            entry = next(iter(self._by_hash.values()))
            if entry.arrived_s >= oldest:
                return
            self._drop(entry)

    def _make_room(self, transaction: Transaction, account_nonce: int, base_fee: int) -> None:
        """Drop something worse than the newcomer where a limit is met.

        Raises:
            MempoolFull: There is nothing worse.
        """
        sender = self._senders.get(transaction.sender)
        if sender is not None and transaction.nonce in sender.entries:
            return
        if sender is not None and len(sender.entries) >= self._settings.max_per_sender:
            last = max(sender.entries)
            if transaction.nonce > last:
                raise MempoolFull(
                    f"txpool is full: it holds {len(sender.entries)} transactions of {hex_of(transaction.sender)}"
                )
            self._drop(sender.entries[last])
        elif len(self._by_hash) >= self._settings.max_transactions:
            follows = transaction.nonce <= (sender.pending_end if sender else account_nonce)
            self._evict(transaction, can_run=follows and transaction.max_fee_per_gas >= base_fee)

    def _evict(self, newcomer: Transaction, *, can_run: bool) -> None:
        """Drop the cheapest that is queued, or, for a newcomer that can run now, the cheapest last pending ones."""
        offer = (newcomer.max_fee_per_gas, newcomer.max_priority_fee_per_gas)
        full = MempoolFull(
            f"txpool is full: it holds {len(self._by_hash)} transactions, and none that pays less than this one"
        )
        if self._floor is not None and offer <= self._floor:
            raise full
        count = max(1, self._settings.max_transactions // _EVICTION_SHARE)
        lasts = [
            (nonce >= held.pending_end, held.entries[nonce])
            for address, held in self._senders.items()
            if address != newcomer.sender and held.entries
            for nonce in [max(held.entries)]
        ]
        queued = [entry for is_queued, entry in lasts if is_queued]
        worse = [entry for entry in queued if can_run or entry.offer < offer]
        if not worse and can_run:
            worse = [entry for is_queued, entry in lasts if not is_queued and entry.offer < offer]
        if not worse:
            # The newcomer's own last one counts here: another sender might take its place.
            ends = [(max(held.entries), held) for held in self._senders.values() if held.entries]
            if can_run and all(last < held.pending_end for last, held in ends):
                self._floor = min(held.entries[last].offer for last, held in ends)
            raise full
        for entry in nsmallest(count, worse, key=lambda entry: (*entry.offer, -entry.order)):
            self._drop(entry)

    def _announce(self, news: Sequence[Transaction]) -> None:
        """Tell the listeners, without the lock. One that fails does not undo what the pool did."""
        for listener in list(self._listeners):
            for transaction in news:
                try:
                    listener(transaction)
                except Exception:
                    _log.exception("a listener for pending transactions failed", hash=hex_of(transaction.hash))


def _bid(entry: Entry, base_fee: int) -> tuple[int, int, Entry]:
    """Orders a heap: the highest tip first, then the earliest arrival (no two share one)."""
    transaction = entry.transaction
    tip = min(transaction.max_priority_fee_per_gas, transaction.max_fee_per_gas - base_fee)
    return -tip, entry.order, entry
