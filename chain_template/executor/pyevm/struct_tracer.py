"""The default tracer of ``debug_traceTransaction``: one entry an opcode, in geth's structLogs format."""

from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from eth.abc import ComputationAPI, MessageAPI
from eth.exceptions import FullStack, InsufficientStack, OutOfGas
from eth.vm import opcode_values
from eth.vm.computation import BaseComputation

from chain_template.executor.pyevm.errors import describe
from chain_template.executor.pyevm.tracing import Opcode, StepTracer, number_of, stack_of

_SLOAD: Final = 0x54
_SSTORE: Final = 0x55
_CREATES: Final = (0xF0, 0xF5)
_Computation = TypeVar("_Computation", bound=BaseComputation)

#: Where clients know an opcode by another name than py-evm's constants.
_RENAMED: Final = {0x20: "KECCAK256", 0x44: "PREVRANDAO", 0xFE: "INVALID"}
_MNEMONICS: Final[dict[int, str]] = {
    **{
        value: name
        for name, value in vars(opcode_values).items()
        if name.isupper() and isinstance(value, int) and 0 <= value <= 0xFF
    },
    **_RENAMED,
}


@dataclass(frozen=True, slots=True)
class StructLogOptions:
    """What each entry shows; geth's names and defaults.

    Attributes:
        limit: Most entries recorded; 0 for no limit.
    """

    enable_memory: bool = False
    disable_stack: bool = False
    disable_storage: bool = False
    enable_return_data: bool = False
    limit: int = 0


@dataclass
class _Frame:
    """What is known of a running frame.

    Attributes:
        refund: Gas refunds of its children that have ended.
        entry: The entry being executed; its cost is fixed as soon as a child starts.
        asked: The last charge that was asked for, granted or not.
        returned: The last gas given back.
    """

    computation: ComputationAPI | None = None
    refund: int = 0
    entry: dict[str, Any] | None = None
    gas_before: int = 0
    asked: int = 0
    storage: dict[str, str] = field(default_factory=dict)


class StructTracer(StepTracer):
    """Records every opcode.

    Args:
        options: What to show.
        deadline: As for :class:`EvmTracer`.
    """

    def __init__(self, options: StructLogOptions, deadline: float | None = None) -> None:
        super().__init__(deadline)
        self._options = options
        self._entries: list[dict[str, Any]] = []
        self._frames: list[_Frame] = []
        self._storage: dict[bytes, dict[str, str]] = {}
        self._failed = False
        self._output = b""

    def computation_class(self, base: type[_Computation]) -> type[_Computation]:
        """Also notes what each opcode asks to be charged, which the entry of a failing one shows."""
        tracer = self

        class Charged(super().computation_class(base)):  # type: ignore[misc]
            """A message call that tells how much gas it asked for."""

            def consume_gas(self, amount: int, reason: str) -> None:
                """Charge gas."""
                tracer._frames[-1].asked += amount
                super().consume_gas(amount, reason)

        return Charged

    def enter(self, message: MessageAPI, parent: ComputationAPI | None) -> None:
        """A child starts: only now is it known what its opcode cost the parent."""
        if parent is not None and self._frames:
            frame = self._frames[-1]
            if frame.entry is not None:
                given = message.gas if message.is_create else 0
                frame.entry["gasCost"] = frame.gas_before - parent.get_gas_remaining() - given
                frame.entry = None
        self._frames.append(_Frame())

    def leave(self, computation: ComputationAPI) -> None:
        """A frame ended; its refunds belong to its parent from now on."""
        self._frames.pop()
        if self._frames:
            self._frames[-1].refund += computation.get_gas_refund()
        else:
            self._failed, self._output = computation.is_error, computation.output

    def step(self, computation: BaseComputation, value: int, opcode: Opcode) -> None:
        """Record one opcode around running it."""
        self.check_time()
        limit = self._options.limit
        if limit and len(self._entries) >= limit:
            opcode(computation=computation)
            return
        frame = self._frames[-1]
        gas = computation.get_gas_remaining()
        entry = self._entry(computation, value, gas)
        self._entries.append(entry)
        frame.entry, frame.gas_before, frame.asked = entry, gas, 0
        try:
            opcode(computation=computation)
        except (OutOfGas, InsufficientStack, FullStack) as exc:
            entry["error"] = describe(exc)
            entry["gasCost"] = frame.asked
            raise
        finally:
            if frame.entry is not None and "gasCost" not in entry:
                entry["gasCost"] = frame.asked if value in _CREATES else self._cost(computation, gas)
            frame.entry = None
        if value == _SSTORE:
            pass

    def finish(self, gas_used: int) -> None:
        """Keep the receipt's gas."""
        super().finish(gas_used)
        self._frames.clear()

    def result(self) -> dict[str, Any]:
        """Geth's object: gas, failed, returnValue, structLogs."""
        return {
            "gas": self.gas_used,
            "failed": self._failed,
            "returnValue": "0x" + self._output.hex(),
            "structLogs": self._entries,
        }
