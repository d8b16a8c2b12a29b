"""Ethereum's general state tests on the batch program's blocks."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import rlp
from eth_account import Account

from chain_template.errors import TransactionError
from chain_template.executor.interface import BlockContext
from chain_template.genesis import Genesis, genesis_block
from chain_template.headers import BlockHeader
from chain_template.primitives import EMPTY_TRIE_ROOT, ZERO_HASH, keccak
from chain_template.transactions import decode_transaction
from chain_template.transactions.types import AccessListEntry
from tests.conformance.state_tests import RULES, StateCase
from tests.zkvm.guest.blocks import BlobTransaction, EventLog, GuestChain
from tests.zkvm.guest.machine import Build, accounts_of

_GAS_PER_BLOB = 1 << 17
_MOST_BLOBS = 6
_VERSION = 1


def context_of(case: StateCase, state_root: bytes) -> BlockContext:
    """The block that a case's transaction is in."""
    env = case.env
    number = int(env["currentNumber"], 16)
    parent = BlockHeader(
        parent_hash=ZERO_HASH,
        coinbase=bytes(20),
        state_root=state_root,
        transactions_root=EMPTY_TRIE_ROOT,
        receipts_root=EMPTY_TRIE_ROOT,
        logs_bloom=bytes(256),
        number=number - 1,
        gas_limit=1,
        gas_used=0,
        timestamp=0,
        base_fee_per_gas=1,
    )
    return BlockContext(
        parent=parent,
        timestamp=int(env["currentTimestamp"], 16),
        fee_recipient=_bytes(env["currentCoinbase"]),
        gas_limit=int(env["currentGasLimit"], 16),
        base_fee_per_gas=int(env["currentBaseFee"], 16),
        block_hashes=[keccak(str(number - 1 - depth).encode()) for depth in range(min(number, 256))],
        mix_hash=_bytes(env["currentRandom"]),
    )


def blob_base_fee(excess: int) -> int:
    """Wei a unit of blob gas (EIP-4844's fake_exponential)."""
    total, term, divisor, index = 0, 3338477, 3338477, 1
    while term > 0:
        total += term
        term = term * excess // (divisor * index)
        index += 1
    return total // divisor


def blob_base_fee_of(case: StateCase) -> int:
    """Wei a unit of blob gas in a case's block."""
    return blob_base_fee(int(case.env.get("currentExcessBlobGas", "0x0"), 16))


@dataclass(frozen=True)
class RawTransaction:
    """A transaction's bytes and who signed it."""

    raw: bytes
    sender: bytes


def transaction_of(case: StateCase) -> RawTransaction | BlobTransaction | None:
    """A case's transaction; None where it is refused for its form."""
    if case.is_blob:
        return _blob_transaction(case, blob_base_fee_of(case))
    try:
        return RawTransaction(case.raw, decode_transaction(case.raw, 1).sender)
    except TransactionError:
        return None


def outcome(case: StateCase, pre: Genesis, build: Build) -> tuple[bytes, bytes]:
    """State root and hash of the logs after a case's transaction."""
    root, logs = pre.header.state_root, list[EventLog]()
    tx = transaction_of(case)
    with GuestChain(RULES, pre.nodes, root, build) as chain:
        chain.begin(context_of(case, root), blob_base_fee_of(case))
        if isinstance(tx, BlobTransaction):
            _, logs, root = chain.run_blob(tx)
        elif tx is not None:
            included = chain.apply(tx.raw, tx.sender).included
            logs = included.logs if included else []
            root = BlockHeader.decode(chain.seal().header).state_root
    return root, keccak(rlp.encode([log.fields() for log in logs]))


def _blob_transaction(case: StateCase, blob_fee: int) -> BlobTransaction | None:
    """A blob transaction, or None where EIP-4844's own rules refuse it."""
    fields: list[Any] = rlp.decode(case.raw[1:])
    numbers = [int.from_bytes(fields[at]) for at in (0, 1, 2, 3, 4, 6, 9)]
    chain_id, nonce, tip, max_fee, gas_limit, value, max_blob_fee = numbers
    to, data, access_list, hashes = fields[5], fields[7], fields[8], fields[10]
    versions = {found[:1] for found in hashes}
    is_good = len(to) == 20 and 0 < len(hashes) <= _MOST_BLOBS and versions == {bytes([_VERSION])}
    if not is_good or max_blob_fee < blob_fee or gas_limit > int(case.env["currentGasLimit"], 16) or chain_id != 1:
        return None
    blob_gas = len(hashes) * _GAS_PER_BLOB
    entries = tuple(
        AccessListEntry(address, tuple(int.from_bytes(slot) for slot in slots)) for address, slots in access_list
    )
    return BlobTransaction(
        sender=bytes.fromhex(Account.recover_transaction(case.raw)[2:]),
        to=to,
        nonce=nonce,
        gas_limit=gas_limit,
        max_fee=max_fee,
        max_priority_fee=tip,
        value=value,
        data=data,
        access_list=entries,
        blob_hashes=hashes,
        blob_fee_bound=blob_gas * max_blob_fee,
        blob_fee=blob_gas * blob_fee,
    )


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def before(found: Iterable[StateCase]) -> Iterator[tuple[StateCase, Genesis]]:
    """Each case and the state before it; cases of one test share theirs."""
    given: dict[str, Any] = {}
    pre = None
    for case in found:
        if pre is None or case.pre is not given:
            given = case.pre
            pre = genesis_block(accounts_of(given), timestamp=0, gas_limit=1, base_fee_per_gas=1)
        yield case, pre


def judged(found: Iterable[StateCase], build: Build) -> Iterator[tuple[StateCase, bool]]:
    """Each case, and whether its outcome is right."""
    for case, pre in before(found):
        yield case, outcome(case, pre, build) == (case.root, case.logs)
