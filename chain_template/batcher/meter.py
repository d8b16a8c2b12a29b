"""What a proof of blocks would take: the cost meter of the proof system, asked before a block or batch is final.

The batch program runs in the emulator on a batch of the very blocks, which counts the rows of every table exactly. A
batch takes no more than its blocks one by one: what they share (nodes, headers, entries of the diff) is paid once.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from math import inf
from typing import Final

from chain_template.batcher.build import BatchRules, ExecutionTrace, batch_rules, build_batch
from chain_template.batcher.output import BatchBlock
from chain_template.batcher.state_diff import Overlay
from chain_template.config import ChainConfig
from chain_template.executor.interface import ExecutedBlock, StateView
from chain_template.headers import BlockHeader
from chain_template.store import Store
from zkvm.emulator.cost import Cost, Limits
from zkvm.emulator.errors import CycleLimitExceeded, EmulatorError, GuestMemoryExceeded, InputTooLarge
from zkvm.guest import batch_program, run_in_the_zkvm
from zkvm.machine.heights import limits_within
from zkvm.stark.memory import installed
from zkvm.stark.profiles import profile

#: How many proofs' worth is counted before it is enough to say that it is far too much.
_COUNTED_PROOFS: Final = 64


class CostMeter:
    """Counts for one chain.

    Args:
        rules: The chain's constants.
        state: Its trie nodes and codes.
        header_at: Header of a block that exists.
        limits: Rows that one proof holds.
    """

    def __init__(
        self,
        rules: BatchRules,
        state: StateView,
        header_at: Callable[[int], BlockHeader | None],
        limits: Limits | None = None,
    ) -> None:
        self._rules = rules
        self._state = state
        self._header_at = header_at
        self._limits = limits or Limits()

    def share_of_blocks(
        self, parent: BlockHeader, blocks: Sequence[BatchBlock], traces: Sequence[ExecutionTrace]
    ) -> float:
        """How much of one proof blocks that are stored would take."""
        return self._share(self._state, parent, blocks, traces)

    def share_of_new(self, parent: BlockHeader, block: ExecutedBlock) -> float:
        """How much of one proof a block would take that is in no store yet."""
        state = Overlay(self._state, block.new_nodes)
        return self._share(state, parent, [BatchBlock.of(block)], [ExecutionTrace(block.nodes_read, block.touched)])

    def share_of_input(self, batch_input: bytes) -> float:
        """How much of one proof a batch takes; infinite where it is beyond counting."""
        try:
            run = run_in_the_zkvm(batch_input, max_cycles=_COUNTED_PROOFS * self._limits.main)
        except (CycleLimitExceeded, GuestMemoryExceeded, InputTooLarge):
            return inf
        if run.cost is None:
            # What the program refuses for another reason is found by whoever is to prove it; here it takes nothing.
            return inf if run.reason == "out-of-memory" else 0.0
        return share_of(run.cost, self._limits)

    def _share(
        self,
        state: StateView,
        parent: BlockHeader,
        blocks: Sequence[BatchBlock],
        traces: Sequence[ExecutionTrace],
    ) -> float:
        built = build_batch(
            self._rules, 1, state=state, parent=parent, blocks=blocks, traces=traces, header_at=self._header_at
        )
        return self.share_of_input(built.batch_input)


def cycles_of(batch_input: bytes) -> int:
    """Instructions that the batch program takes on a batch; 0 where it stops, which its prover will see."""
    try:
        run = run_in_the_zkvm(batch_input)
    except EmulatorError:
        return 0
    return run.cost.main if run.cost is not None else 0


def meter_of(config: ChainConfig, store: Store) -> CostMeter | None:
    """The meter of a chain whose blocks and batches must each fit one proof; None for others.

    Raises:
        UnknownProfile: There is no profile of the configured name.
    """
    if config.l1 is None or not (config.batch.fit_proof or config.proofs != "none"):
        return None

    def header_at(number: int) -> BlockHeader | None:
        with store.snapshot() as snapshot:
            return snapshot.header(number)

    if config.proofs == "none":
        return CostMeter(batch_rules(config), store.nodes, header_at)
    memory = config.proof_memory_bytes or installed() // 2
    limits = limits_within(batch_program(), profile(config.profile), memory)
    return CostMeter(batch_rules(config), store.nodes, header_at, limits)


def share_of(cost: Cost, limits: Limits) -> float:
    """The fullest table's rows over what it may have."""
    return max(float(rows / getattr(limits, table)) for table, rows in asdict(cost).items())
