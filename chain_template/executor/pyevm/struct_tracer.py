"""The default tracer of ``debug_traceTransaction``: one entry an opcode, in geth's structLogs format."""

from dataclasses import dataclass
from typing import Any, Final, TypeVar

from eth.abc import ComputationAPI, MessageAPI
from eth.exceptions import FullStack, InsufficientStack, OutOfGas
from eth.vm import opcode_values
from eth.vm.computation import BaseComputation
from eth.vm.gas_meter import GasMeter

from chain_template.errors import TraceTooLarge
from chain_template.executor.pyevm.errors import describe
from chain_template.executor.pyevm.tracing import Opcode, StepTracer, number_of, stack_of

_SLOAD: Final = 0x54
_SSTORE: Final = 0x55
#: Most steps one trace may hold; each takes about a kilobyte of the chain's own process.
MAX_ENTRIES: Final = 200_000
_Computation = TypeVar("_Computation", bound=BaseComputation)

#: Where clients know an opcode by another name than py-evm's constants.
_RENAMED: Final = {0x20: "KECCAK256", 0x44: "PREVRANDAO", 0xFE: "INVALID"}
MNEMONICS: Final[dict[int, str]] = {
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
        charged: Gas that the current opcode has asked for, granted or not.
        handed_on: The part of it that went to a creation as its gas; a call's counts as the opcode's cost, as in geth.
        next_pc: Program counter after the last opcode; the same again means the code has run off its end.
    """

    meter: GasMeter | None = None
    refund: int = 0
    charged: int = 0
    handed_on: int = 0
    next_pc: int = 0


class StructTracer(StepTracer):
    """Records every opcode.

    Args:
        options: What to show.
        deadline: As for :class:`EvmTracer`.
    """

    def __init__(self, options: StructLogOptions, deadline: float | None = None) -> None:
        super().__init__(deadline)
        self.options = options
        self._entries: list[dict[str, Any]] = []
        self._frames: list[_Frame] = []
        self._storage: dict[bytes, dict[str, str]] = {}
        self._failed = False
        self._output = b""

    def computation_class(self, base: type[_Computation]) -> type[_Computation]:
        """Also watches the gas meter: what an opcode asked for is its cost, even when it was refused."""
        tracer = self

        class Metered(super().computation_class(base)):  # type: ignore[misc]
            """A message call that tells how much gas it asked for."""

            def _configure_gas_meter(self) -> GasMeter:
                return tracer.watch_meter(super()._configure_gas_meter())

        return Metered

    def watch_meter(self, meter: GasMeter) -> GasMeter:
        """Note every charge on the meter of the frame entered last."""
        frame, consume = self._frames[-1], meter.consume_gas
        frame.meter = meter

        def noted(amount: int, reason: str) -> None:
            frame.charged += amount
            consume(amount, reason)

        meter.consume_gas = noted  # type: ignore[method-assign]
        return meter

    def enter(self, message: MessageAPI, parent: ComputationAPI | None) -> None:
        """A frame starts."""
        if self._frames and message.is_create:
            self._frames[-1].handed_on = message.gas
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
        frame, code = self._frames[-1], computation.code
        entry = self._entry(frame, computation, value) if len(code) and self._has_room() else {}
        frame.charged = frame.handed_on = 0
        try:
            opcode(computation=computation)
        except (OutOfGas, InsufficientStack, FullStack) as exc:
            entry["error"] = describe(exc)
            raise
        finally:
            entry["gasCost"] = frame.charged - frame.handed_on
            frame.next_pc = code.program_counter

    def fill(self, entries: list[dict[str, Any]], *, failed: bool, output: bytes) -> None:
        """Take over what another executor has seen."""
        self._entries, self._failed, self._output = entries, failed, output

    def result(self) -> dict[str, Any]:
        """Geth's object: gas, failed, returnValue, structLogs."""
        return {
            "gas": self.gas_used,
            "failed": self._failed,
            "returnValue": "0x" + self._output.hex(),
            "structLogs": self._entries,
        }

    def _has_room(self) -> bool:
        if self.options.limit and len(self._entries) >= self.options.limit:
            return False
        if len(self._entries) >= MAX_ENTRIES:
            raise TraceTooLarge(f"the trace has more than {MAX_ENTRIES} steps", hint='Use "limit", or the callTracer.')
        return True

    def _entry(self, frame: _Frame, computation: BaseComputation, value: int) -> dict[str, Any]:
        counter = computation.code.program_counter
        entry: dict[str, Any] = {
            "pc": counter if counter == frame.next_pc else counter - 1,
            "op": MNEMONICS.get(value, f"opcode {value:#x} not defined"),
            "gas": computation.get_gas_remaining(),
            "gasCost": 0,
            "depth": computation.msg.depth + 1,
        }
        stack = stack_of(computation)
        if not self.options.disable_stack:
            entry["stack"] = [hex(number_of(item)) for item in stack]
        if self.options.enable_memory:
            entry["memory"] = _words(computation)
        if self.options.enable_return_data and computation.return_data:
            entry["returnData"] = "0x" + computation.return_data.hex()
        if not self.options.disable_storage and value in (_SLOAD, _SSTORE):
            entry["storage"] = self._storage_after(computation, value, stack)
        refund = sum(f.refund + (f.meter.gas_refunded if f.meter else 0) for f in self._frames)
        if refund > 0:
            entry["refund"] = refund
        self._entries.append(entry)
        return entry

    def _storage_after(self, computation: BaseComputation, value: int, stack: list[int | bytes]) -> dict[str, str]:
        """Every slot of the contract read or written so far in this transaction, this opcode's included."""
        owner = computation.msg.storage_address
        known = self._storage.setdefault(owner, {})
        if len(stack) >= (1 if value == _SLOAD else 2):
            slot = number_of(stack[-1])
            read = value == _SLOAD
            known[f"{slot:064x}"] = (
                f"{computation.state.get_storage(owner, slot) if read else number_of(stack[-2]):064x}"
            )
        return dict(known)


def _words(computation: BaseComputation) -> list[str]:
    memory: Any = computation._memory
    data = bytes(computation.memory_read_bytes(0, len(memory)))
    return [data[at : at + 32].hex() for at in range(0, len(data), 32)]
