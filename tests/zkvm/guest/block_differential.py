"""Blocks on the guest and on py-evm: every verdict, receipt, header, trie and witness is compared."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import rlp

from chain_template.batcher.state_diff import Overlay
from chain_template.errors import (
    FeeTooLow,
    GasLimitTooHigh,
    InsufficientFunds,
    IntrinsicGasTooLow,
    InvalidBlock,
    NonceTooHigh,
    NonceTooLow,
    SenderHasCode,
    SystemTransactionFailed,
    TransactionError,
    TransactionTooLarge,
)
from chain_template.executor.interface import BlockContext, ChainRules, ExecutedBlock, Included, Rejected
from chain_template.executor.pyevm import PyEvmExecutor
from chain_template.genesis import genesis_block
from chain_template.headers import BlockHeader
from chain_template.primitives import EMPTY_CODE_HASH, EMPTY_TRIE_ROOT
from chain_template.state import StateReader
from chain_template.transactions.stored import decode_block_transaction
from chain_template.transactions.types import Transaction
from contracts.genesis import GenesisAccount
from tests.zkvm.guest import blocks as guest
from tests.zkvm.guest.blocks import GuestChain, Sealed, Verdict
from tests.zkvm.guest.machine import HOST, Build

#: Errors of py-evm's door, by the guest's refusal (evm_refusal).
REFUSALS: Mapping[int, type[TransactionError]] = {
    1: FeeTooLow,
    2: FeeTooLow,
    3: TransactionTooLarge,
    4: IntrinsicGasTooLow,
    5: NonceTooLow,
    6: NonceTooHigh,
    7: NonceTooHigh,
    8: SenderHasCode,
    9: InsufficientFunds,
}
BASE_FEE, GAS_LIMIT, FEE_RECIPIENT = 10**9, 30_000_000, b"\xfe" * 20

#: Makes a transaction's bytes, given how many of each sender are included.
Maker = Callable[[Mapping[bytes, int]], bytes]


@dataclass
class BlockPlan:
    """A block to try: its transactions, and what of its context differs from the usual."""

    makers: Sequence[Maker]
    changes: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Played:
    """What both sides made of a chain of blocks."""

    rules: ChainRules
    genesis: Mapping[bytes, bytes]
    root: bytes
    contexts: list[BlockContext]
    #: Of each block, what was included.
    raws: list[list[bytes]]
    executed: list[ExecutedBlock]
    sealed: list[Sealed]
    verdicts: list[Verdict]
    guest_read: set[bytes]

    @property
    def headers(self) -> list[BlockHeader]:
        """Of every block that was sealed."""
        return [block.header for block in self.executed]

    @property
    def reference_read(self) -> set[bytes]:
        """Hashes of the first state that py-evm asked for."""
        return {key for block in self.executed for key in block.nodes_read if key in self.genesis}


@contextmanager
def deep_recursion() -> Iterator[None]:
    """Room for 1,024 calls in each other, of which py-evm makes recursion; hypothesis allows less."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(50_000)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def play(
    rules: ChainRules, accounts: Sequence[GenesisAccount], plans: Sequence[BlockPlan], build: Build = HOST
) -> Played:
    """Run blocks on both sides and compare all that they say; ends early where a block is invalid."""
    pre = genesis_block(accounts, timestamp=5, gas_limit=GAS_LIMIT, base_fee_per_gas=BASE_FEE)
    played = Played(rules, dict(pre.nodes), pre.header.state_root, [], [], [], [], [], set())
    reference, view, headers = PyEvmExecutor(rules), Overlay(pre.nodes), [pre.header]
    included = {account.address: account.nonce for account in accounts}
    with GuestChain(rules, pre.nodes, pre.header.state_root, build) as chain, deep_recursion():
        for plan in plans:
            context = _context(headers, plan.changes)
            builder = reference.begin_block(context, view)
            chain.begin(context)
            raws: list[bytes] = []
            for maker in plan.makers:
                raw = maker(included)
                tx = decode_block_transaction(raw, rules.chain_id)
                verdict = chain.apply(raw)
                played.verdicts.append(verdict)
                if not _agree(verdict, builder, tx):
                    return played
                if verdict.included:
                    raws.append(raw)
                    included[tx.sender] = included.get(tx.sender, 0) + 1
            executed, sealed = builder.seal(), chain.seal()
            _compare_blocks(executed, sealed)
            view.nodes.update(executed.new_nodes)
            headers.append(executed.header)
            played.contexts.append(context)
            played.raws.append(raws)
            played.executed.append(executed)
            played.sealed.append(sealed)
            played.guest_read = chain.read()
            _compare_changes(chain, played, view)
    _compare_states(played)
    return played


def _context(headers: Sequence[BlockHeader], changes: Mapping[str, Any]) -> BlockContext:
    values: dict[str, Any] = {
        "parent": headers[-1],
        "timestamp": headers[-1].timestamp + 1,
        "fee_recipient": FEE_RECIPIENT,
        "gas_limit": GAS_LIMIT,
        "base_fee_per_gas": BASE_FEE,
        "block_hashes": [header.hash for header in reversed(headers)],
    }
    return BlockContext(**{**values, **changes})


# --- Verdicts ---


def _agree(verdict: Verdict, builder: Any, tx: Transaction) -> bool:
    """Whether the block goes on; both must say the same of the transaction."""
    try:
        (expected,) = builder.apply([tx])
    except SystemTransactionFailed:
        assert verdict.kind == guest.SYSTEM_FAILED and verdict.status != 0
        return False
    except InvalidBlock:
        assert verdict.kind == guest.WRONG_PHASE
        return False
    assert verdict.block_gas_used == builder.gas_used
    if isinstance(expected, Included):
        _compare_included(verdict, expected)
    else:
        _compare_rejected(verdict, expected)
    return True


def _compare_rejected(verdict: Verdict, expected: Rejected) -> None:
    error = expected.error
    if isinstance(error, GasLimitTooHigh):
        retried = guest.PUBDATA_USED_UP if "pubdata" in error.message else guest.GAS_USED_UP
        assert verdict.kind == (retried if expected.retry else guest.ABOVE_BLOCK_GAS)
        return
    assert verdict.kind == guest.REFUSED
    assert type(error) is REFUSALS[verdict.refusal]
    if isinstance(error, NonceTooLow | NonceTooHigh):
        assert str(verdict.nonce) in error.message
    if isinstance(error, InsufficientFunds):
        assert verdict.balance == error.fields["balance"]


def _compare_included(verdict: Verdict, expected: Included) -> None:
    found, receipt = verdict.included, expected.receipt
    assert verdict.kind == guest.INCLUDED and found is not None
    assert found.receipt == receipt.encode()
    assert (found.gas_used, found.effective_gas_price) == (receipt.gas_used, receipt.effective_gas_price)
    assert found.output == expected.output
    assert found.created == (receipt.contract_address or bytes(20))
    assert [log.fields() for log in found.logs] == [[log.address, list(log.topics), log.data] for log in receipt.logs]
    assert found.l2_logs == [
        (log.message is not None, log.tx_index_in_block, log.key, log.value, log.message or b"")
        for log in expected.l2_to_l1_logs
    ]


# --- Blocks and states ---


def _compare_blocks(executed: ExecutedBlock, sealed: Sealed) -> None:
    assert BlockHeader.decode(sealed.header) == executed.header
    assert sealed.hash == executed.header.hash
    # py-evm's may have codes of contracts that did not outlive their transaction.
    assert sealed.new_nodes.items() <= executed.new_nodes.items()
    assert sealed.touched == executed.touched


def _compare_changes(chain: GuestChain, played: Played, view: Overlay) -> None:
    """What changed since the beginning, as the guest has it, against the tries."""
    changes = chain.changes()
    assert list(changes) == sorted(changes)
    before, after = StateReader(view, played.root), StateReader(view, played.headers[-1].state_root)
    touched = {item for block in played.executed for item in block.touched}
    assert {address for address, _ in touched if before.account(address) != after.account(address)} <= set(changes)
    for address, change in changes.items():
        old, new = before.account(address), after.account(address)
        assert change.existed == (old is not None) and change.exists == (new is not None)
        assert change.old == ((old.nonce, old.balance, old.code_hash) if old else (0, 0, EMPTY_CODE_HASH))
        if new is None:
            continue
        is_same = new.code_hash == change.old[2]
        assert change.new == (new.nonce, new.balance, b"" if is_same else after.code(address))
        assert change.storage_differs == (new.storage_root != (old.storage_root if old else EMPTY_TRIE_ROOT))
        keys = sorted(slot for owner, slot in touched if owner == address and slot is not None)
        values = [(key, before.storage(address, key), after.storage(address, key)) for key in keys]
        assert change.slots == [item for item in values if item[1] != item[2]]


def _compare_states(played: Played) -> None:
    """The guest's new nodes make every state whole, and are part of one."""
    made: dict[bytes, bytes] = {}
    reference: dict[bytes, bytes] = dict(played.genesis)
    for executed, sealed in zip(played.executed, played.sealed, strict=True):
        made |= sealed.new_nodes
        reference |= executed.new_nodes
        whole = state_below(executed.header.state_root, reference)
        assert state_below(executed.header.state_root, {**played.genesis, **made}) == whole
        assert sealed.new_nodes.keys() <= whole.keys()


def state_below(root: bytes, nodes: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    """Every node and code of a state."""
    found: dict[bytes, bytes] = {}
    pending: list[tuple[Any, bool]] = [(root, True)]
    while pending:
        item, is_accounts = pending.pop()
        if isinstance(item, bytes):
            if item in (EMPTY_TRIE_ROOT, b""):
                continue
            found[item] = nodes[item]
            item = rlp.decode(nodes[item])
        if len(item) == 17:
            pending += [(child, is_accounts) for child in item[:16]]
        elif item[0][0] < 0x20:
            pending.append((item[1], is_accounts))
        elif is_accounts:
            _, _, storage_root, code_hash = rlp.decode(item[1])
            pending.append((storage_root, False))
            if code_hash != EMPTY_CODE_HASH:
                found[code_hash] = nodes[code_hash]
    return found


# --- Witnesses ---


def replay_on_guest(
    played: Played, nodes: Mapping[bytes, bytes], build: Build = HOST, memory: int = guest.MEMORY
) -> list[bytes]:
    """The headers that the guest makes of the same blocks with these nodes of the first state."""
    with GuestChain(played.rules, nodes, played.root, build, memory) as chain:
        found = []
        for context, raws in zip(played.contexts, played.raws, strict=True):
            chain.begin(context)
            assert all(chain.apply(raw).included for raw in raws)
            found.append(chain.seal().header)
        return found


def replay_on_reference(played: Played, nodes: Mapping[bytes, bytes]) -> list[bytes]:
    """The same by py-evm."""
    view, executor, found = Overlay(nodes), PyEvmExecutor(played.rules), []
    with deep_recursion():
        for context, raws in zip(played.contexts, played.raws, strict=True):
            builder = executor.begin_block(context, view)
            builder.apply([decode_block_transaction(raw, played.rules.chain_id) for raw in raws])
            executed = builder.seal()
            view.nodes.update(executed.new_nodes)
            found.append(executed.header.encode())
    return found
