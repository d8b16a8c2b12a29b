"""Transactions for the pool: decoded as it gets them, without the cost of signing each."""

from typing import Any

from chain_template.config import MempoolSettings
from chain_template.mempool import Mempool
from chain_template.primitives import keccak
from chain_template.transactions import Transaction

CHAIN_ID = 271
BLOCK_GAS = 30_000_000
NOW = 1_000_000.0
RICH = 10**30


def sender(number: int) -> bytes:
    return bytes([0xA0 + number]) * 20


def offer(who: int, nonce: int, fee: int = 100, tip: int | None = None, **changes: Any) -> Transaction:
    """A transfer that offers ``fee`` wei per gas at most and ``tip`` above the base fee (all of it when left out)."""
    values: dict[str, Any] = {
        "type": 2,
        "sender": sender(who),
        "to": b"\x01" * 20,
        "nonce": nonce,
        "chain_id": CHAIN_ID,
        "gas_limit": 21_000,
        "max_fee_per_gas": fee,
        "max_priority_fee_per_gas": fee if tip is None else tip,
        "value": 0,
        "data": b"",
    } | changes
    raw = values.pop("raw", None) or repr(sorted(values.items())).encode()
    return Transaction(hash=keccak(raw), raw=raw, **values)


def make_pool(**changes: Any) -> Mempool:
    return Mempool(MempoolSettings(**changes), CHAIN_ID, BLOCK_GAS, min_base_fee_wei=10)


def put(
    pool: Mempool,
    transaction: Transaction,
    *,
    nonce: int = 0,
    balance: int = RICH,
    base_fee: int = 10,
    now_s: float = NOW,
    **more: Any,
) -> Transaction:
    pool.add(transaction, account_nonce=nonce, balance=balance, base_fee=base_fee, now_s=now_s, **more)
    return transaction


def hashes(transactions: list[Transaction]) -> list[bytes]:
    return [transaction.hash for transaction in transactions]
