"""The reference executor's door."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from eth.vm.interrupt import EVMMissingData
from trie.exceptions import MissingTrieNode

from chain_template.errors import InvalidBlock, MissingStateNode
from chain_template.executor.interface import (
    BlockContext,
    CallRequest,
    CallResult,
    ChainRules,
    Rejected,
    StateOverride,
    StateView,
    Tracer,
)
from chain_template.executor.pyevm import calls
from chain_template.executor.pyevm.builder import PyEvmBlockBuilder, open_state
from chain_template.executor.pyevm.nodes import WitnessDb
from chain_template.executor.pyevm.state import HubComputation, HubState
from chain_template.executor.pyevm.tracing import EvmTracer
from chain_template.transactions.types import Transaction


class PyEvmExecutor:
    """Executes with py-evm; see :class:`~chain_template.executor.interface.Executor`."""

    def __init__(self, rules: ChainRules) -> None:
        self._rules = rules

    def begin_block(self, context: BlockContext, state: StateView) -> PyEvmBlockBuilder:
        """Start the block after ``context.parent``."""
        return PyEvmBlockBuilder(self._rules, context, state)

    def open_state(self, context: BlockContext, state_root: bytes, state: StateView) -> HubState:
        """A throw-away state, for calls and call tracers."""
        return open_state(self._rules, context, state_root, WitnessDb(state))

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
        try:
            opened = self.open_state(context, state_root, state)
            calls.apply_overrides(opened, overrides)
            _watch(opened, tracer)
            result = calls.call(opened, request, context.gas_limit)
            if isinstance(tracer, EvmTracer):
                tracer.finish(result.gas_used)
            return result
        except (EVMMissingData, MissingTrieNode) as exc:
            raise MissingStateNode(f"the state view lacks a node: {exc}") from exc

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
        builder = self.begin_block(context, state)
        results: list[Any] = []
        for tx in transactions:
            tracer = make_tracer(tx)
            _watch(builder.state, tracer)
            (outcome,) = builder.apply([tx])
            if isinstance(outcome, Rejected):
                raise InvalidBlock(f"transaction 0x{tx.hash.hex()} is rejected on re-execution: {outcome.error}")
            if isinstance(tracer, EvmTracer):
                tracer.finish(outcome.receipt.gas_used)
                results.append(tracer.result())
        return results


def _watch(state: HubState, tracer: Tracer | None) -> None:
    """Let ``tracer`` see what runs on ``state`` from now on; None stops the watching."""
    state.computation_class = (
        tracer.computation_class(HubComputation) if isinstance(tracer, EvmTracer) else HubComputation
    )
