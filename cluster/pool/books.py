"""The pool's books, in its database: accounts of chains, the clock, decisions, and who is being drained."""

from collections.abc import Iterable

from cluster.errors import ReservedTooMuch
from cluster.pool.accounts import Account
from cluster.pool.decisions import KEEP_DECISIONS, Decision, from_figures
from cluster.pool.scheduler import Rule
from cluster.pool.store import JobStore
from cluster.settings import MOST_RESERVED

#: In the table of drains, the name of all workers together.
WHOLE_POOL = ""


class Books:
    """Reads and writes the books. Not thread-safe: the pool's lock guards it; writing happens in its transactions."""

    def __init__(self, store: JobStore) -> None:
        self._store = store

    def accounts(self) -> dict[int, Account]:
        """Every account, by chain id."""
        rows = self._store.rows("SELECT * FROM accounts ORDER BY chain_id")
        return {
            row["chain_id"]: Account(
                chain_id=row["chain_id"],
                weight=row["weight"],
                reserved=row["reserved"],
                virtual_s=row["virtual_s"],
                used_s=row["used_s"],
                served=row["served"],
                active=bool(row["active"]),
                deadline_s=row["deadline_s"],
            )
            for row in rows
        }

    def account(self, chain_id: int) -> Account:
        """A chain's account, or the one it would begin with."""
        return self.accounts().get(chain_id, Account(chain_id))

    def keep(self, accounts: Iterable[Account]) -> None:
        """Write accounts."""
        for account in accounts:
            self._store.change(
                "INSERT OR REPLACE INTO accounts VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    account.chain_id,
                    account.weight,
                    account.reserved,
                    account.virtual_s,
                    account.used_s,
                    account.served,
                    int(account.active),
                    account.deadline_s,
                ),
            )

    def check_reserve(self, chain_id: int, reserved: float) -> None:
        """Refuse a reserve that does not fit with the others'.

        Raises:
            ReservedTooMuch: All together they would be more than nine tenths of the pool.
        """
        others = sum(account.reserved for account in self.accounts().values() if account.chain_id != chain_id)
        if others + reserved > MOST_RESERVED + 1e-9:
            raise ReservedTooMuch(reserved, others, MOST_RESERVED)

    def clock(self) -> float:
        """The pool's clock, in prover seconds of the whole pool."""
        return float(self._store.rows("SELECT virtual_s FROM clock")[0][0])

    def set_clock(self, virtual_s: float) -> None:
        """Move the pool's clock."""
        self._store.change("UPDATE clock SET virtual_s = ?", (virtual_s,))

    def record(self, decision: Decision) -> None:
        """Keep a decision, and forget the oldest."""
        chosen = decision.chosen
        self._store.change(
            "INSERT INTO decisions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                decision.lease,
                decision.at,
                chosen.job_id,
                chosen.chain_id,
                chosen.batch_number,
                decision.worker,
                decision.rule.value,
                decision.clock_s,
                decision.figures(),
            ),
        )
        self._store.change("DELETE FROM decisions WHERE lease <= ?", (decision.lease - KEEP_DECISIONS,))

    def decision_for(self, job_id: int) -> Decision | None:
        """The latest decision that chose a job."""
        found = self._decisions("WHERE job_id = ? ORDER BY lease DESC LIMIT 1", (job_id,))
        return found[0] if found else None

    def decisions_since(self, moment: float, but_chain: int, limit: int) -> list[Decision]:
        """Decisions for other chains than ``but_chain``, the latest first."""
        return self._decisions(
            "WHERE at >= ? AND chain_id != ? ORDER BY lease DESC LIMIT ?", (moment, but_chain, limit)
        )

    def _decisions(self, where: str, values: tuple[object, ...]) -> list[Decision]:
        decisions = []
        for row in self._store.rows(f"SELECT * FROM decisions {where}", values):
            chosen, *others = from_figures(row["figures"])
            rule = Rule(row["rule"])
            decisions.append(
                Decision(row["lease"], row["at"], row["worker"], rule, row["clock_s"], chosen, tuple(others))
            )
        return decisions

    def drains(self) -> frozenset[str]:
        """Workers that are given no more jobs; :data:`WHOLE_POOL` stands for all."""
        return frozenset(row[0] for row in self._store.rows("SELECT worker FROM drains"))

    def drain(self, worker: str) -> None:
        """Give a worker no more jobs."""
        self._store.change("INSERT OR IGNORE INTO drains VALUES (?)", (worker,))

    def resume(self, worker: str) -> None:
        """Give a worker jobs again."""
        self._store.change("DELETE FROM drains WHERE worker = ?", (worker,))
