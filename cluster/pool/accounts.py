"""What each chain has had of the pool and what is due to it: pure arithmetic over prover seconds.

The algorithm is start-time fair queueing (Goyal, Vin, Cheng, 1996) over many workers. A chain's *virtual time* grows by
the seconds its jobs take, divided by the chain's share; who is furthest behind is served next. A chain that comes back
after a pause begins at the pool's clock, so that nobody saves up what he did not need. An attempt is charged by an
estimate when it starts and corrected by what it took when it ends: every second of every worker is charged once.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Account:
    """One chain's account.

    Attributes:
        weight: How much it gets in proportion to the others, where nothing is reserved.
        reserved: The part of the pool it gets at least while it has work, 0 to 1; others use it while it has none.
        virtual_s: Prover seconds it was charged, each attempt's divided by the share it had then.
        used_s: Prover seconds of its attempts that have ended.
        served: Number of its latest lease; 0: never served.
        active: Whether it had work, ready or running, at the latest decision.
        deadline_s: Seconds from a batch's submission to when its proof is wanted; 0: whenever it is its turn.
    """

    chain_id: int
    weight: float = 1.0
    reserved: float = 0.0
    virtual_s: float = 0.0
    used_s: float = 0.0
    served: int = 0
    active: bool = False
    deadline_s: float = 0.0


def shares(accounts: Iterable[Account]) -> dict[int, float]:
    """Each chain's part of the pool, if exactly these have work: in proportion to the weights, never below the reserve.

    The parts sum to 1. What is reserved for a chain that is not among them goes to those that are.
    """
    free = list(accounts)
    fixed: dict[int, float] = {}
    while True:
        room, weights = 1.0 - sum(fixed.values()), sum(account.weight for account in free)
        short = [account for account in free if room * account.weight / weights < account.reserved]
        if not short:
            return fixed | {account.chain_id: room * account.weight / weights for account in free}
        fixed |= {account.chain_id: account.reserved for account in short}
        free = [account for account in free if account.chain_id not in fixed]


def with_work(accounts: Mapping[int, Account], chains: Iterable[int], clock_s: float) -> dict[int, Account]:
    """The accounts when exactly ``chains`` have work; one that had none begins at the pool's clock."""
    present = set(chains)
    updated = {
        chain_id: replace(account, active=chain_id in present) if account.active != (chain_id in present) else account
        for chain_id, account in accounts.items()
    }
    for chain_id in present:
        before = accounts.get(chain_id, Account(chain_id))
        if not before.active:
            updated[chain_id] = replace(before, active=True, virtual_s=max(before.virtual_s, clock_s))
    return updated


def started(account: Account, level_s: float, cost_s: float, share: float, lease: int) -> Account:
    """The account after a job of estimated ``cost_s`` was started for it from ``level_s`` on."""
    return replace(account, virtual_s=level_s + cost_s / share, served=lease)


def ended(account: Account, estimate_s: float, actual_s: float, share: float) -> Account:
    """The account after an attempt that was charged ``estimate_s`` at ``share`` took ``actual_s``."""
    corrected = account.virtual_s + (actual_s - estimate_s) / share
    return replace(account, virtual_s=corrected, used_s=account.used_s + actual_s)
