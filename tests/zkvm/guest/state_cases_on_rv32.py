"""Ethereum's state tests on the guest's blocks compiled to RV32IM, in the emulator."""

import struct
from collections.abc import Iterable, Iterator
from functools import cache

from chain_template.executor.interface import BlockContext
from chain_template.genesis import Genesis
from chain_template.primitives import keccak
from tests.conformance.state_tests import RULES, StateCase
from tests.zkvm.guest.blocks import BlobTransaction, GuestChain, block_sources
from tests.zkvm.guest.native import GUEST, HERE
from tests.zkvm.guest.state_cases import RawTransaction, before, blob_base_fee_of, context_of, transaction_of
from zkvm.emulator.elf import Program, load
from zkvm.emulator.emulator import measure, words_to_bytes
from zkvm.emulator.errors import GuestTrap
from zkvm.guest_kit.build import build

MOST_CYCLES = 1 << 34


@cache
def program() -> Program:
    """The guest, compiled once."""
    sources = [HERE / "state_guest.c", *block_sources()]
    return load(build(sources, includes=[GUEST, HERE], libc=GUEST / "memory.c"))


def judged_on_rv32(cases: Iterable[StateCase]) -> Iterator[tuple[StateCase, bool, int]]:
    """Each case, whether its outcome on RV32IM is the host's, and its cycles. A case without a transaction has none."""
    for case, pre in before(cases):
        tx = transaction_of(case)
        if tx is None:
            yield case, True, 0
            continue
        context = context_of(case, pre.header.state_root)
        try:
            done = measure(program(), request(case, pre, context, tx), max_cycles=MOST_CYCLES)
        except GuestTrap as trap:
            yield case, False, trap.cycle
            continue
        yield case, words_to_bytes(done.output) == on_host(case, pre, context, tx), done.cost.main


def on_host(case: StateCase, pre: Genesis, context: BlockContext, tx: RawTransaction | BlobTransaction) -> bytes:
    """What the guest's output must be."""
    with GuestChain(RULES, pre.nodes, pre.header.state_root) as chain:
        chain.begin(context, blob_base_fee_of(case))
        if isinstance(tx, RawTransaction):
            chain.apply(tx.raw, tx.sender)
            return chain.seal().hash
        _, logs, root = chain.run_blob(tx)
        return keccak(b"".join(log.address + b"".join(log.topics) + log.data for log in logs) + root)


def request(case: StateCase, pre: Genesis, context: BlockContext, tx: RawTransaction | BlobTransaction) -> bytes:
    """The guest's input."""
    nodes = b"".join(map(_sized, pre.nodes.values()))
    hashes = context.block_hashes
    parts = [struct.pack("<I", len(pre.nodes)), nodes, pre.header.state_root]
    parts += [struct.pack("<QQ", context.timestamp, context.gas_limit), context.fee_recipient]
    parts += [_word(context.base_fee_per_gas), context.mix_hash, _word(blob_base_fee_of(case))]
    parts += [struct.pack("<I", len(hashes)), *hashes, _sized(context.parent.encode())]
    if isinstance(tx, RawTransaction):
        return b"".join([*parts, struct.pack("<I", 0), tx.sender, _sized(tx.raw)])
    parts += [struct.pack("<I", 1), tx.sender, tx.to, struct.pack("<QQ", tx.nonce, tx.gas_limit)]
    parts += [*map(_word, (tx.max_fee, tx.max_priority_fee, tx.value)), _sized(tx.data)]
    parts.append(struct.pack("<I", len(tx.access_list)))
    for entry in tx.access_list:
        parts += [entry.address, struct.pack("<I", len(entry.slots)), *map(_word, entry.slots)]
    parts += [struct.pack("<I", len(tx.blob_hashes)), *tx.blob_hashes]
    return b"".join([*parts, _word(tx.blob_fee_bound), _word(tx.blob_fee)])


def _sized(data: bytes) -> bytes:
    return struct.pack("<I", len(data)) + data + bytes(-len(data) % 4)


def _word(number: int) -> bytes:
    return number.to_bytes(32)
