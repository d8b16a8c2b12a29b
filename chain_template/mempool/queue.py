"""One sender's transactions in the pool, by nonce."""

from collections.abc import Collection
from dataclasses import dataclass, field

from chain_template.transactions.types import Transaction


@dataclass(frozen=True, slots=True)
class Entry:
    """A transaction in the pool; ``order`` counts arrivals, so that of two equal offers the earlier one goes first."""

    transaction: Transaction
    arrived_s: float
    order: int

    @property
    def offer(self) -> tuple[int, int]:
        """What the transaction would pay at most, for comparing with others when the pool is full."""
        return self.transaction.max_fee_per_gas, self.transaction.max_priority_fee_per_gas


@dataclass(slots=True)
class SenderQueue:
    """One sender's transactions.

    Attributes:
        account_nonce: The account's nonce after the head block.
        pending_end: The first nonce from ``account_nonce`` on that is not here.
        cost_wei: The most that all of them together may cost.
    """

    account_nonce: int
    pending_end: int
    cost_wei: int = 0
    entries: dict[int, Entry] = field(default_factory=dict)

    def put(self, entry: Entry) -> None:
        """Hold a transaction, in the place of another one with its nonce."""
        self.take(entry.transaction.nonce)
        self.entries[entry.transaction.nonce] = entry
        self.cost_wei += entry.transaction.max_cost
        self.extend()

    def take(self, nonce: int) -> Entry | None:
        """Give up the transaction with this nonce, if there is one."""
        entry = self.entries.pop(nonce, None)
        if entry is not None:
            self.cost_wei -= entry.transaction.max_cost
            if nonce < self.pending_end:
                self.pending_end = max(nonce, self.account_nonce)
        return entry

    def extend(self) -> None:
        """Count what follows the pending ones without a gap as pending too."""
        while self.pending_end in self.entries:
            self.pending_end += 1

    def move_account(self, nonce: int) -> None:
        """Take the account's nonce to be this one."""
        self.account_nonce = nonce
        self.pending_end = nonce
        self.extend()

    def first_gap(self, account_nonce: int) -> int:
        """The first nonce from ``account_nonce`` on that is not here."""
        if account_nonce == self.account_nonce:
            return self.pending_end
        while account_nonce in self.entries:
            account_nonce += 1
        return account_nonce

    def cost_from(self, account_nonce: int) -> int:
        """The most, in wei, that the transactions from a nonce on may cost together."""
        if account_nonce <= self.account_nonce:
            return self.cost_wei
        return sum(entry.transaction.max_cost for nonce, entry in self.entries.items() if nonce >= account_nonce)

    def first_pending(self, nonce: int, applied: Collection[bytes]) -> Entry | None:
        """The first pending transaction from ``nonce`` on whose hash is not among the applied ones."""
        if not applied:
            return self.entries[nonce] if nonce < self.pending_end else None
        for at in range(nonce, self.pending_end):
            if self.entries[at].transaction.hash not in applied:
                return self.entries[at]
        return None
