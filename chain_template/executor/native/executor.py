"""The fast executor's door."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any, Final

from chain_template.errors import InvalidBlock
from chain_template.executor.interface import (
    BlockContext,
    CallRequest,
    CallResult,
    ChainRules,
    Included,
    Rejected,
    StateOverride,
    StateView,
    Tracer,
)
from chain_template.executor.native import calls
from chain_template.executor.native.builder import NativeBlockBuilder
from chain_template.primitives import BOOTLOADER_ADDRESS, L1_MESSENGER_ADDRESS
from chain_template.receipts import L2ToL1Log, Log, Receipt
from chain_template.transactions.types import Transaction
from zkvm import _evm

#: Trie nodes and codes kept in memory for the state view that was used last.
_CACHE_BYTES: Final = 128 * 1024 * 1024
_UNWATCHED: Final = (0, 0, 0, 0, None)


def _record(kind: type[Any]) -> tuple[type, tuple[str, ...]]:
    return kind, tuple(field.name for field in fields(kind))


class NativeExecutor:
    """Executes with the C sources; see :class:`~chain_template.executor.interface.Executor`."""

    def __init__(self, rules: ChainRules) -> None:
        self._rules = rules
        self._engine = _evm.Engine(
            included=_record(Included),
            receipt=_record(Receipt),
            log=_record(Log),
            l2_log=_record(L2ToL1Log),
            bootloader=BOOTLOADER_ADDRESS,
            messenger=L1_MESSENGER_ADDRESS,
        )
        self._nodes: _evm.Nodes | None = None

    def _nodes_of(self, view: StateView) -> _evm.Nodes:
        """A chain has one state view all its life; what another one holds is never read from this one's cache."""
        nodes = self._nodes
        if nodes is None or nodes.view is not view:
            nodes = self._nodes = _evm.Nodes(view, _CACHE_BYTES)
        return nodes

    def begin_block(self, context: BlockContext, state: StateView) -> NativeBlockBuilder:
        """Start the block after ``context.parent``."""
        return NativeBlockBuilder(self._engine, self._nodes_of(state), self._rules, context)

    def call(
        self,
        context: BlockContext,
        state_root: bytes,
        state: StateView,
        request: CallRequest,
        overrides: Mapping[bytes, StateOverride] = {},
        tracer: Tracer | None = None,
    ) -> CallResult:
        """Run a call and throw its effects away.

        Raises:
            TransactionError: The call could not even start.
            MissingStateNode: The state view lacks a node.
            CallTimeout: The tracer's deadline passed.
        """
        nodes = self._nodes_of(state)
        if tracer is None:
            wish: calls.Wish = _UNWATCHED
            return calls.call(self._engine, nodes, self._rules, context, state_root, request, overrides, wish, 0)[0]
        # The tracers live with py-evm, which takes over a second to load.
        from chain_template.executor.native import seen
        from chain_template.executor.pyevm.tracing import EvmTracer

        wish, most = seen.wish_of(tracer)
        result, record = calls.call(
            self._engine, nodes, self._rules, context, state_root, request, overrides, wish, most
        )
        seen.fill(tracer, record)
        if isinstance(tracer, EvmTracer):
            tracer.finish(result.gas_used)
        return result

    def trace(
        self,
        context: BlockContext,
        state: StateView,
        transactions: Sequence[Transaction],
        make_tracer: Callable[[Transaction], Tracer | None],
    ) -> list[Any]:
        """Re-execute a block's transactions, watching those for which ``make_tracer`` gives a tracer.

        Raises:
            InvalidBlock: A transaction that the block includes is rejected on re-execution.
        """
        from chain_template.executor.native import seen
        from chain_template.executor.pyevm.tracing import EvmTracer

        builder = self.begin_block(context, state)
        results: list[Any] = []
        for tx in transactions:
            tracer = make_tracer(tx)
            wish, most = seen.wish_of(tracer)
            builder.block.watch(None if tracer is None else wish)
            (outcome,) = builder.apply([tx], most_steps=most)
            if isinstance(outcome, Rejected):
                raise InvalidBlock(f"transaction 0x{tx.hash.hex()} is rejected on re-execution: {outcome.error}")
            if isinstance(tracer, EvmTracer):
                seen.fill(tracer, builder.block.seen())
                tracer.finish(outcome.receipt.gas_used)
                results.append(tracer.result())
        return results
