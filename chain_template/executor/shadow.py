"""Holding one executor to another: a share of a chain's blocks is executed by both before it counts.

The two must agree on every outcome, receipt and header field. What they may differ in is how much they read and what
they note as touched: both are supersets.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, Final

from chain_template.errors import ChainError, ExecutorsDisagree
from chain_template.executor.interface import (
    BlockBuilder,
    BlockContext,
    CallRequest,
    CallResult,
    ExecutedBlock,
    Executor,
    Included,
    Outcome,
    Rejected,
    StateOverride,
    StateView,
    Tracer,
)
from chain_template.executor.refusals import block_pubdata_error
from chain_template.transactions.types import Transaction

#: 2^64 divided by the golden ratio: multiples of it are spread evenly.
_SPREAD: Final = 0x9E3779B97F4A7C15


class ShadowedExecutor:
    """Executes with one executor, and a share of the blocks with a second one too.

    Args:
        executor: What the chain runs on.
        names: Of both, for the report.
        reference: The second one; made when it is first needed.
        share: From 0 to 1; which blocks it falls on follows from their numbers.
    """

    def __init__(
        self, executor: Executor, names: tuple[str, str], reference: Callable[[], Executor], share: float
    ) -> None:
        self._executor = executor
        self._names = names
        self._make_reference = reference
        self._reference: Executor | None = None
        self._share = share

    def begin_block(self, context: BlockContext, state: StateView) -> BlockBuilder:
        """Start the block after ``context.parent``."""
        builder: BlockBuilder = self._executor.begin_block(context, state)
        if (context.number * _SPREAD) % 2**64 >= self._share * 2**64:
            return builder
        if self._reference is None:
            self._reference = self._make_reference()
        return _ShadowedBuilder(builder, self._reference, self._names, context, state)

    def call(
        self,
        context: BlockContext,
        state_root: bytes,
        state: StateView,
        request: CallRequest,
        overrides: Mapping[bytes, StateOverride] = {},
        tracer: Tracer | None = None,
    ) -> CallResult:
        """Run a call and throw its effects away."""
        return self._executor.call(context, state_root, state, request, overrides, tracer)

    def trace(
        self,
        context: BlockContext,
        state: StateView,
        transactions: Sequence[Transaction],
        make_tracer: Callable[[Transaction], Tracer | None],
    ) -> list[Any]:
        """Re-execute a block's transactions with tracers."""
        return self._executor.trace(context, state, transactions, make_tracer)


class _ShadowedBuilder:
    """A block that is executed a second time when it is sealed."""

    def __init__(
        self,
        builder: BlockBuilder,
        reference: Executor,
        names: tuple[str, str],
        context: BlockContext,
        state: StateView,
    ) -> None:
        self._builder = builder
        self._reference = reference
        self._names = names
        self._context = context
        self._state = state
        self._outcomes: list[Outcome] = []

    @property
    def gas_used(self) -> int:
        """Gas of what is included so far."""
        return self._builder.gas_used

    def apply(self, transactions: Sequence[Transaction]) -> list[Outcome]:
        """Execute in order; each is included or rejected on its own."""
        outcomes = self._builder.apply(transactions)
        self._outcomes += outcomes
        return outcomes

    def seal(self) -> ExecutedBlock:
        """Close the block.

        Raises:
            ExecutorsDisagree: The second executor makes something else of it.
        """
        block = self._builder.seal()
        # Where a block stops for its pubdata is an estimate of each executor's own, and no rule.
        context = replace(self._context, max_pubdata_bytes=None)
        again = self._reference.begin_block(context, self._state)
        full = block_pubdata_error().message
        for outcome in self._outcomes:
            if isinstance(outcome, Rejected) and outcome.error.message == full:
                continue
            self._compare(outcome, self._again(again, outcome.transaction))
        self._fail_on(None, _differences(block.header, again.seal().header, "header "))
        return block

    def _again(self, builder: BlockBuilder, transaction: Transaction) -> Outcome | ChainError:
        try:
            (outcome,) = builder.apply([transaction])
        except ChainError as exc:
            return exc
        return outcome

    def _compare(self, ours: Outcome, theirs: Outcome | ChainError) -> None:
        if isinstance(ours, Included) and isinstance(theirs, Included):
            self._fail_on(ours.transaction, _differences(ours.receipt, theirs.receipt, "receipt "))
            self._fail_on(ours.transaction, _differences(ours, theirs, "", skip=("receipt", "transaction")))
        else:
            mine, other = _words(ours), _words(theirs)
            self._fail_on(ours.transaction, iter([("outcome", mine, other)] if mine != other else []))

    def _fail_on(self, transaction: Transaction | None, differences: Iterator[tuple[str, Any, Any]]) -> None:
        for name, ours, theirs in differences:
            raise ExecutorsDisagree(
                self._context.number,
                None if transaction is None else transaction.hash,
                name,
                self._names,
                (ours, theirs),
            )


def _differences(ours: Any, theirs: Any, prefix: str, skip: tuple[str, ...] = ()) -> Iterator[tuple[str, Any, Any]]:
    """Each field of two dataclasses that differs: its name and both values."""
    for item in fields(ours):
        mine, other = getattr(ours, item.name), getattr(theirs, item.name)
        if item.name not in skip and mine != other:
            yield prefix + item.name, mine, other


def _words(outcome: Outcome | ChainError) -> str:
    if isinstance(outcome, Included):
        return "included"
    if isinstance(outcome, Rejected):
        return f"rejected: {outcome.error.message}"
    return f"{type(outcome).__name__}: {outcome.message}"
