"""The pool against a naive one: a list of transactions, searched from scratch for every question."""

from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chain_template.errors import TransactionError
from chain_template.mempool import PoolStatus
from chain_template.transactions import Transaction
from tests.unit.chain_template.mempool.offers import hashes, make_pool, offer, sender

MAX_TRANSACTIONS = 6
MAX_PER_SENDER = 4
MAX_GAP = 3
BUMP = 10
LIFETIME = 50
SENDERS = 4

senders = st.integers(0, SENDERS - 1)
#: Few values, so that offers tie, replace each other, and fail by one.
fees = st.sampled_from([10, 11, 12, 20, 22, 23, 40, 44])
tips = st.sampled_from([0, 1, 2, 10, 11])


@dataclass
class Naive:
    """The rules of the pool, in the fewest words."""

    waiting: list[tuple[Transaction, float]] = field(default_factory=list)  # in order of arrival
    nonces: dict[bytes, int] = field(default_factory=dict)  # of the accounts on the chain

    def of(self, who: bytes) -> dict[int, Transaction]:
        return {tx.nonce: tx for tx, _ in self.waiting if tx.sender == who}

    def next_nonce(self, who: bytes) -> int:
        nonce = self.nonces.get(who, 0)
        while nonce in self.of(who):
            nonce += 1
        return nonce

    def is_pending(self, tx: Transaction) -> bool:
        return tx.nonce < self.next_nonce(tx.sender)

    def remove(self, tx: Transaction) -> None:
        self.waiting = [(other, at) for other, at in self.waiting if other != tx]

    def expire(self, now: float) -> None:
        self.waiting = [(tx, at) for tx, at in self.waiting if at >= now - LIFETIME]

    def refuses(self, tx: Transaction, balance: int) -> str | None:
        """The class of error, for what can be said without looking at the others' offers."""
        mine = self.of(tx.sender)
        old = mine.get(tx.nonce)
        if tx in mine.values():
            return "AlreadyKnown"
        if tx.max_priority_fee_per_gas > tx.max_fee_per_gas:
            return "FeeTooLow"
        if tx.nonce < self.nonces.get(tx.sender, 0):
            return "NonceTooLow"
        if tx.nonce > self.next_nonce(tx.sender) + MAX_GAP:
            return "NonceTooHigh"
        if old is not None:
            enough = tx.max_fee_per_gas * 100 >= old.max_fee_per_gas * (100 + BUMP)
            enough &= tx.max_priority_fee_per_gas * 100 >= old.max_priority_fee_per_gas * (100 + BUMP)
            if not enough:
                return "ReplacementUnderpriced"
        if balance < tx.max_cost + sum(other.max_cost for other in mine.values() if other != old):
            return "InsufficientFunds"
        return None

    def victim(self, tx: Transaction, base_fee: int) -> Transaction | str | None:
        """What has to go for ``tx``: nothing, a transaction, or the newcomer itself ("full")."""
        mine = self.of(tx.sender)
        if tx.nonce in mine:
            return mine[tx.nonce]
        if len(mine) >= MAX_PER_SENDER:
            return mine[max(mine)] if tx.nonce < max(mine) else "full"
        if len(self.waiting) < MAX_TRANSACTIONS:
            return None
        lasts = [self.of(who)[max(self.of(who))] for who in {other.sender for other, _ in self.waiting} - {tx.sender}]
        queued = [other for other in lasts if not self.is_pending(other)]
        can_run = tx.nonce <= self.next_nonce(tx.sender) and tx.max_fee_per_gas >= base_fee
        if can_run and queued:
            worse = queued
        elif can_run:
            worse = [other for other in lasts if price(other) < price(tx)]
        else:
            worse = [other for other in queued if price(other) < price(tx)]
        arrivals = [other for other, _ in self.waiting]
        return min(worse, key=lambda other: (price(other), -arrivals.index(other)), default="full")

    def best(self, base_fee: int, limit: int, gas: int) -> list[Transaction]:
        chosen: list[Transaction] = []
        nonces = dict(self.nonces)
        out: set[bytes] = set()
        arrivals = [tx for tx, _ in self.waiting]
        while len(chosen) < limit:
            heads = [
                tx
                for tx in arrivals
                if tx.sender not in out and tx.nonce == nonces.get(tx.sender, 0) and tx not in chosen
            ]
            if not heads:
                break
            tx = max(heads, key=lambda tx: (tx.effective_gas_price(base_fee) - base_fee, -arrivals.index(tx)))
            if tx.max_fee_per_gas < base_fee or tx.gas_limit > gas:
                out.add(tx.sender)
                continue
            chosen.append(tx)
            gas -= tx.gas_limit
            nonces[tx.sender] = tx.nonce + 1
        return chosen


def price(tx: Transaction) -> tuple[int, int]:
    return tx.max_fee_per_gas, tx.max_priority_fee_per_gas


class PoolMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.pool = make_pool(
            max_transactions=MAX_TRANSACTIONS,
            max_per_sender=MAX_PER_SENDER,
            max_nonce_gap=MAX_GAP,
            replacement_bump_percent=BUMP,
            lifetime_s=LIFETIME,
        )
        self.naive = Naive()
        self.chain: list[list[Transaction]] = []
        self.now = 0.0
        self.base_fee = 10
        self.heard: list[Transaction] = []
        self.pool.subscribe(self.heard.append)

    @rule(
        who=senders,
        ahead=st.integers(-1, 5),
        fee=fees,
        tip=tips,
        gas=st.sampled_from([21_000, 50_000]),
        balance=st.sampled_from([10**12, 10**12, 2_000_000]),
    )
    def add(self, who: int, ahead: int, fee: int, tip: int, gas: int, balance: int) -> None:
        nonce = max(self.naive.nonces.get(sender(who), 0) + ahead, 0)
        tx = offer(who, nonce, fee, tip, gas_limit=gas)
        refusal = self.naive.refuses(tx, balance)
        pending_before = self.pending()
        self.heard.clear()
        if refusal is None:
            self.naive.expire(self.now)
            victim = self.naive.victim(tx, self.base_fee)
            if victim == "full":
                refusal = "MempoolFull"
            elif isinstance(victim, Transaction):
                self.naive.remove(victim)
        if refusal is not None:
            with pytest.raises(TransactionError) as caught:
                self.send(tx, balance)
            assert type(caught.value).__name__ == refusal
            assert self.heard == []
        else:
            self.send(tx, balance)
            self.naive.waiting.append((tx, self.now))
            assert set(hashes(self.heard)) == self.pending() - pending_before

    def send(self, tx: Transaction, balance: int) -> None:
        nonce = self.naive.nonces.get(tx.sender, 0)
        self.pool.add(tx, account_nonce=nonce, balance=balance, base_fee=self.base_fee, now_s=self.now)

    def pending(self) -> set[bytes]:
        return {tx.hash for tx, _ in self.naive.waiting if self.naive.is_pending(tx)}

    @rule(limit=st.integers(0, 5), gas=st.sampled_from([20_000, 60_000, 120_000, 10**9]), stranger=st.booleans())
    def seal_block(self, limit: int, gas: int, stranger: bool) -> None:
        """A block takes the best; now and then a sender's next one came another way."""
        block = self.pool.ready(self.base_fee, limit, gas)
        assert block == self.naive.best(self.base_fee, limit, gas)
        if stranger and sender(0) not in {tx.sender for tx in block}:
            block = [*block, offer(0, self.naive.nonces.get(sender(0), 0), 99, 99)]
        self.pool.on_block(block, now_s=self.now)
        for tx in block:
            self.naive.nonces[tx.sender] = tx.nonce + 1
        self.naive.waiting = [
            (tx, at) for tx, at in self.naive.waiting if tx.nonce >= self.naive.nonces.get(tx.sender, 0)
        ]
        self.naive.expire(self.now)
        self.chain.append(block)

    @precondition(lambda self: self.chain)
    @rule(count=st.integers(1, 3))
    def roll_back(self, count: int) -> None:
        dropped = [tx for block in self.chain[-count:] for tx in block]
        del self.chain[-count:]
        self.pool.reinject(dropped, now_s=self.now)
        by_sender = sorted(dropped, key=lambda tx: [other.sender for other in dropped].index(tx.sender))
        for tx in by_sender:
            self.naive.nonces[tx.sender] = min(self.naive.nonces[tx.sender], tx.nonce)
            for other in [
                other for other, _ in self.naive.waiting if (other.sender, other.nonce) == (tx.sender, tx.nonce)
            ]:
                self.naive.remove(other)
            self.naive.waiting.append((tx, self.now))

    @precondition(lambda self: self.naive.waiting)
    @rule(data=st.data())
    def drop(self, data: st.DataObject) -> None:
        tx = data.draw(st.sampled_from([tx for tx, _ in self.naive.waiting]))
        self.pool.drop([tx.hash])
        self.naive.remove(tx)

    @rule(seconds=st.sampled_from([1, 20, 51]))
    def wait(self, seconds: int) -> None:
        self.now += seconds
        self.pool.on_block([], now_s=self.now)
        self.naive.expire(self.now)

    @rule(base_fee=st.sampled_from([10, 15, 22, 30]))
    def base_fee_moves(self, base_fee: int) -> None:
        self.base_fee = base_fee

    @invariant()
    def content_agrees(self) -> None:
        pending: dict[bytes, dict[int, Transaction]] = {}
        queued: dict[bytes, dict[int, Transaction]] = {}
        for tx, _ in self.naive.waiting:
            (pending if self.naive.is_pending(tx) else queued).setdefault(tx.sender, {})[tx.nonce] = tx
        content = self.pool.content()
        assert (content.pending, content.queued) == (pending, queued)
        counts = PoolStatus(sum(map(len, pending.values())), sum(map(len, queued.values())))
        assert self.pool.status() == counts
        assert len(self.pool) == len(self.naive.waiting)

    @invariant()
    def questions_agree(self) -> None:
        for tx, at in self.naive.waiting:
            assert self.pool.get(tx.hash) == tx
            assert self.pool.arrived_s(tx.hash) == at
        for who in range(SENDERS):
            nonce = self.naive.nonces.get(sender(who), 0)
            assert self.pool.pending_nonce(sender(who), nonce) == self.naive.next_nonce(sender(who))

    @invariant()
    def the_best_agree(self) -> None:
        for base_fee, limit, gas in ((self.base_fee, 100, 10**9), (12, 3, 100_000)):
            assert self.pool.ready(base_fee, limit, gas) == self.naive.best(base_fee, limit, gas)
        for base_fee in (10, 20, 41):
            assert self.pool.has_ready(base_fee) == bool(self.naive.best(base_fee, 1, 10**9))


PoolMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestPoolModel = PoolMachine.TestCase
