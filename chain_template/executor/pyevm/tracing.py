"""Watching an execution from inside: the hook between py-evm and the tracers.

How the executor uses it, for one transaction or one call::

    state.computation_class = tracer.computation_class(HubComputation)   # on the instance, for this transaction only
    computation = ... run it as usual ...
    tracer.finish(gas_used)                                              # gas of the receipt, refunds taken off
    state.computation_class = HubComputation

after which ``tracer.result()`` is what ``debug_traceTransaction`` returns. ``Executor.trace`` gets its tracers from
``make_tracer(transaction)``; ``Executor.call`` takes one as ``tracer=`` (``debug_traceCall``, ``eth_createAccessList``,
and a bare :class:`EvmTracer` with a deadline, which records nothing and only stops a call that runs too long). A call
that never starts (the sender cannot pay) leaves the tracer empty: the executor's own error says why.

The hook swaps the table of opcodes and wraps the doors of a message, so it does not repeat py-evm's loop and a
transaction without a tracer pays nothing for it.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from eth.abc import ComputationAPI, MessageAPI, StateAPI, TransactionContextAPI
from eth.vm.computation import BaseComputation
from eth.vm.logic.invalid import InvalidOpcode

from chain_template.errors import CallTimeout

Opcode = Callable[..., Any]
_Computation = TypeVar("_Computation", bound=BaseComputation)

JUMP: Final = 0x56
JUMPI: Final = 0x57


class EvmTracer:
    """Watches one transaction. Subclasses override the events they care for.

    Args:
        deadline: ``time.monotonic()`` value after which the execution is stopped, or None.
    """

    def __init__(self, deadline: float | None = None) -> None:
        self._deadline = deadline
        self.gas_used = 0

    def enter(self, message: MessageAPI, parent: ComputationAPI | None) -> None:
        """A frame starts; ``parent`` is the frame that made it, None for the outermost."""

    def leave(self, computation: ComputationAPI) -> None:
        """The frame entered last has ended, well or not."""

    def log(self, computation: ComputationAPI, address: bytes, topics: tuple[int, ...], data: bytes) -> None:
        """The current frame emitted a log."""

    def opcodes(self, table: Mapping[int, Opcode]) -> Mapping[int, Opcode]:
        """The opcode table to run with; every opcode takes ``computation=``."""
        if self._deadline is None:
            return table
        # Only a jump backwards can make code run long, so watching jumps and frames is enough.
        return {**table, JUMP: self._watched(table[JUMP]), JUMPI: self._watched(table[JUMPI])}

    @property
    def deadline(self) -> float | None:
        """``time.monotonic()`` value after which the execution is stopped, or None."""
        return self._deadline

    def finish(self, gas_used: int) -> None:
        """The transaction has ended.

        Args:
            gas_used: As its receipt says it.
        """
        self.gas_used = gas_used

    def result(self) -> Any:
        """What the client gets, JSON-ready."""
        return None

    def computation_class(self, base: type[_Computation]) -> type[_Computation]:
        """A subclass of ``base`` that reports to this tracer."""
        tracer = self

        class Traced(base):  # type: ignore[misc, valid-type]
            """A message call whose doors are watched."""

            opcodes = tracer.opcodes(base.opcodes)

            @classmethod
            def apply_message(
                cls,
                state: StateAPI,
                message: MessageAPI,
                transaction_context: TransactionContextAPI,
                parent_computation: ComputationAPI | None = None,
            ) -> ComputationAPI:
                """Run a message; a creation's frame is opened by ``apply_create_message`` already."""
                run = super().apply_message
                if message.is_create:
                    return run(state, message, transaction_context, parent_computation)
                return tracer.frame(run, state, message, transaction_context, parent_computation)

            @classmethod
            def apply_create_message(
                cls,
                state: StateAPI,
                message: MessageAPI,
                transaction_context: TransactionContextAPI,
                parent_computation: ComputationAPI | None = None,
            ) -> ComputationAPI:
                """Run a creation, storing its code included."""
                run = super().apply_create_message
                return tracer.frame(run, state, message, transaction_context, parent_computation)

            def add_log_entry(self, account: bytes, topics: tuple[int, ...], data: bytes) -> None:
                """Note the log, then keep it."""
                tracer.log(self, account, topics, data)
                super().add_log_entry(account, topics, data)

        return Traced

    def frame(
        self,
        run: Callable[..., ComputationAPI],
        state: StateAPI,
        message: MessageAPI,
        context: TransactionContextAPI,
        parent: ComputationAPI | None,
    ) -> ComputationAPI:
        """Run one message between :meth:`enter` and :meth:`leave`."""
        self.check_time()
        self.enter(message, parent)
        computation = run(state, message, context, parent)
        self.leave(computation)
        return computation

    def check_time(self) -> None:
        """Stop the execution when its time is up.

        Raises:
            CallTimeout: It is.
        """
        if self._deadline is not None and time.monotonic() > self._deadline:
            raise CallTimeout("execution aborted: it ran longer than this endpoint allows")

    def _watched(self, opcode: Opcode) -> Opcode:
        def watched(computation: ComputationAPI) -> None:
            self.check_time()
            opcode(computation=computation)

        return watched


class StepTracer(EvmTracer):
    """A tracer that sees every single opcode."""

    def step(self, computation: BaseComputation, value: int, opcode: Opcode) -> None:
        """Run one opcode; subclasses look before and after.

        Args:
            computation: The frame.
            value: The opcode's byte.
            opcode: What to run, with ``computation=``.
        """
        opcode(computation=computation)

    def opcodes(self, table: Mapping[int, Opcode]) -> Mapping[int, Opcode]:
        """Every byte value, undefined ones included, routed through :meth:`step`."""
        timed = super().opcodes(table)
        return {value: self._stepped(value, timed.get(value) or InvalidOpcode(value)) for value in range(256)}

    def _stepped(self, value: int, opcode: Opcode) -> Opcode:
        def stepped(computation: BaseComputation) -> None:
            self.step(computation, value, opcode)

        return stepped


def stack_of(computation: ComputationAPI) -> list[int | bytes]:
    """A copy of a frame's stack, bottom first; py-evm keeps numbers and byte strings side by side."""
    stack: Any = computation
    return list(stack._stack.values)


def number_of(item: int | bytes) -> int:
    """A stack item as a number."""
    return item if isinstance(item, int) else int.from_bytes(item, "big")


def address_of(item: int | bytes) -> bytes:
    """A stack item as an address: its low 160 bits."""
    return (number_of(item) % (1 << 160)).to_bytes(20, "big")
