"""The ``callTracer``: the tree of calls a transaction made, in geth's format."""

from dataclasses import dataclass, field
from typing import Any, Final

from eth.abc import ComputationAPI, MessageAPI
from eth.exceptions import Halt, Revert
from eth.vm.computation import BaseComputation
from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError

from chain_template.executor.pyevm.errors import describe
from chain_template.executor.pyevm.tracing import EvmTracer, Opcode, StepTracer, address_of, number_of, stack_of

CREATE: Final = 0xF0
CALL: Final = 0xF1
CALLCODE: Final = 0xF2
DELEGATECALL: Final = 0xF4
CREATE2: Final = 0xF5
STATICCALL: Final = 0xFA
SELFDESTRUCT: Final = 0xFF

_NAMES: Final = {
    CREATE: "CREATE",
    CALL: "CALL",
    CALLCODE: "CALLCODE",
    DELEGATECALL: "DELEGATECALL",
    CREATE2: "CREATE2",
    STATICCALL: "STATICCALL",
    SELFDESTRUCT: "SELFDESTRUCT",
}
_CREATES: Final = ("CREATE", "CREATE2")
_ERROR_SELECTOR: Final = bytes.fromhex("08c379a0")
_PANIC_SELECTOR: Final = bytes.fromhex("4e487b71")


@dataclass
class Frame:
    """One call: what went in, what came out.

    Attributes:
        gas: Given to the call; for the outermost one the transaction's whole limit.
        value: None where the call cannot carry value (STATICCALL).
    """

    type: str
    sender: bytes
    to: bytes | None
    gas: int
    input: bytes
    value: int | None
    gas_used: int = 0
    output: bytes = b""
    error: str | None = None
    logs: list[dict[str, Any]] = field(default_factory=list)
    calls: list["Frame"] = field(default_factory=list)

    def to_json(self, *, parent_failed: bool = False) -> dict[str, Any]:
        """Geth's form; logs of a frame that failed, or is inside one that did, are left out."""
        failed = parent_failed or self.error is not None
        result: dict[str, Any] = {
            "from": _hex(self.sender),
            "gas": hex(self.gas),
            "gasUsed": hex(self.gas_used),
            "input": _hex(self.input),
        }
        if self.to is not None:
            result["to"] = _hex(self.to)
        if self.output:
            result["output"] = _hex(self.output)
        if self.error is not None:
            result["error"] = self.error
            reason = revert_reason(self.output)
            if reason is not None:
                result["revertReason"] = reason
        if self.calls:
            result["calls"] = [call.to_json(parent_failed=failed) for call in self.calls]
        if self.logs and not failed:
            result["logs"] = self.logs
        if self.value is not None:
            result["value"] = hex(self.value)
        result["type"] = self.type
        return result


class CallTracer(StepTracer):
    """Records frames; looks at opcodes only where a frame may start or end.

    Args:
        gas_limit: The transaction's, which the outermost frame shows.
        with_logs: ``withLog``: each frame carries the logs it emitted.
        only_top: ``onlyTopCall``: inner calls are left out.
        deadline: As for :class:`EvmTracer`.
    """

    def __init__(
        self, gas_limit: int, *, with_logs: bool = False, only_top: bool = False, deadline: float | None = None
    ) -> None:
        super().__init__(deadline)
        self._gas_limit = gas_limit
        self.with_logs = with_logs
        self.only_top = only_top
        self._root: Frame | None = None
        self._open: list[Frame] = []
        self._log_count = 0

    def opcodes(self, table: Any) -> Any:
        """Only the opcodes that make frames are watched."""
        timed = EvmTracer.opcodes(self, table)
        return {**timed, **{value: self._stepped(value, timed[value]) for value in _NAMES}}

    def enter(self, message: MessageAPI, parent: ComputationAPI | None) -> None:
        """Open a frame."""
        self._push(_frame_of(message, parent))

    def leave(self, computation: ComputationAPI) -> None:
        """Close the frame opened last."""
        frame = self._open.pop()
        frame.gas_used = computation.get_gas_used()
        error = computation.error if computation.is_error else None
        if error is None:
            frame.output = computation.output
            return
        frame.error = describe(error)
        if frame.type in _CREATES:
            frame.to = None
        if isinstance(error, Revert):
            frame.output = computation.output

    def log(self, computation: ComputationAPI, address: bytes, topics: tuple[int, ...], data: bytes) -> None:
        """Add a log to the current frame."""
        if not self.with_logs or (self.only_top and len(self._open) > 1):
            return
        frame = self._open[-1]
        frame.logs.append(
            {
                "address": _hex(address),
                "topics": [f"0x{topic:064x}" for topic in topics],
                "data": _hex(data),
                "index": hex(self._log_count),
                "position": hex(len(frame.calls)),
            }
        )
        self._log_count += 1

    def step(self, computation: BaseComputation, value: int, opcode: Opcode) -> None:
        """Run an opcode that may make a frame, and note the frames that py-evm itself never enters."""
        if value == SELFDESTRUCT:
            self._self_destruct(computation, opcode)
            return
        before, stack = len(computation.children), stack_of(computation)[-7:]
        gas = computation.get_gas_remaining()
        opcode(computation=computation)
        if len(computation.children) == before:
            self._push(_refused_frame(computation, value, stack, gas))
            self._open.pop()

    def finish(self, gas_used: int) -> None:
        """Show the transaction's own gas on the outermost frame, as geth does."""
        super().finish(gas_used)
        if self._root is not None:
            self._root.gas, self._root.gas_used = self._gas_limit, gas_used

    def fill(self, root: Frame | None) -> None:
        """Take over what another executor has seen."""
        self._root = root

    def result(self) -> dict[str, Any]:
        """The outermost frame."""
        return {} if self._root is None else self._root.to_json()

    def _push(self, frame: Frame) -> None:
        if not self._open:
            self._root = frame
        elif not self.only_top:
            self._open[-1].calls.append(frame)
        self._open.append(frame)

    def _self_destruct(self, computation: BaseComputation, opcode: Opcode) -> None:
        stack, owner = stack_of(computation), computation.msg.storage_address
        beneficiary = address_of(stack[-1]) if stack else b""
        balance = computation.state.get_balance(owner)
        try:
            opcode(computation=computation)
        except Halt:
            self._push(Frame("SELFDESTRUCT", owner, beneficiary, 0, b"", balance))
            self._open.pop()
            raise


def _frame_of(message: MessageAPI, parent: ComputationAPI | None) -> Frame:
    code_address = message.storage_address if message.is_create else message.code_address
    data = message.code if message.is_create else message.data_as_bytes
    if parent is None:
        kind, sender, value = ("CREATE" if message.is_create else "CALL"), message.sender, message.value
    else:
        # A call opcode has no immediate bytes, so it stands right before the program counter.
        kind = _NAMES.get(parent.code[parent.code.program_counter - 1], "CALL")
        sender, value = parent.msg.storage_address, message.value
    return Frame(kind, sender, code_address, message.gas, data, None if kind == "STATICCALL" else value)


def _refused_frame(computation: BaseComputation, value: int, stack: list[Any], gas_before: int) -> Frame:
    """A call that could not start: too deep, too poor, or onto a taken address. It cost nothing but itself."""
    numbers = [number_of(item) for item in reversed(stack)]
    kind, owner = _NAMES[value], computation.msg.storage_address
    gas = gas_before - gas_before // 64
    if kind in _CREATES:
        endowment, start, size = numbers[:3]
        target: bytes | None = None
        amount: int | None = endowment
    else:
        gas, target = min(numbers[0], gas), address_of(numbers[1])
        carries = kind in ("CALL", "CALLCODE")
        amount = numbers[2] if carries else computation.msg.value
        start, size = numbers[3:5] if carries else numbers[2:4]
    if computation.msg.depth >= 1024:
        error = "max call depth exceeded"
    elif kind in (*_CREATES, "CALL", "CALLCODE") and computation.state.get_balance(owner) < (amount or 0):
        error = "insufficient balance for transfer"
    else:
        error = "contract address collision"
    data = bytes(computation.memory_read_bytes(start, size)) if size else b""
    return Frame(kind, owner, target, gas, data, None if kind == "STATICCALL" else amount, error=error)


def revert_reason(output: bytes) -> str | None:
    """The words inside a revert: ``Error(string)``, or the code of ``Panic(uint256)``; None for anything else."""
    try:
        if output[:4] == _ERROR_SELECTOR:
            (reason,) = decode(["string"], output[4:])
            return str(reason)
        if output[:4] == _PANIC_SELECTOR:
            (code,) = decode(["uint256"], output[4:])
            return _PANICS.get(code, f"unknown panic code: {code:#x}")
    except (DecodingError, UnicodeDecodeError):
        return None
    return None


#: Solidity's panic codes, https://docs.soliditylang.org/en/latest/control-structures.html#panic-via-assert-and-error-via-require
_PANICS: Final = {
    0x00: "generic panic",
    0x01: "assert(false)",
    0x11: "arithmetic underflow or overflow",
    0x12: "division or modulo by zero",
    0x21: "enum overflow",
    0x22: "invalid encoded storage byte array accessed",
    0x31: "out-of-bounds array access; popping on an empty array",
    0x32: "out-of-bounds access of an array or bytesN",
    0x41: "out of memory",
    0x51: "uninitialized function",
}


def _hex(data: bytes) -> str:
    return "0x" + data.hex()
