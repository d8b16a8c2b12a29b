"""Reading what the C sources recorded of an execution (zkvm/guest/host/watch.c writes it), for the tracers."""

from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct
from typing import Any, Final

from chain_template.executor.interface import Tracer
from chain_template.executor.native.calls import Wish
from chain_template.executor.native.words import Status, describe
from chain_template.executor.pyevm import struct_tracer
from chain_template.executor.pyevm.access_tracer import AccessTracer
from chain_template.executor.pyevm.call_tracer import CallTracer, Frame
from chain_template.executor.pyevm.struct_tracer import MNEMONICS, StructTracer
from chain_template.executor.pyevm.tracing import EvmTracer

_CALLS, _ACCESSES, _STEPS, _LOGS = 1, 2, 4, 8
_WITH_STACK, _WITH_MEMORY, _WITH_RETURNED, _WITH_STORAGE = 1, 2, 4, 8
_ALL_STEPS: Final = (1 << 32) - 1

_BEGIN, _END, _REFUSED, _LOG, _DESTROYED, _ACCOUNT, _SLOT, _STEP = range(1, 9)
_U32: Final = Struct("<I")
_BEGIN_HEAD: Final = Struct("<B?20s20sQ32sQ")
_END_HEAD: Final = Struct("<BBIQ")
_REFUSED_HEAD: Final = Struct("<B??20s20sQ32s")
_LOG_HEAD: Final = Struct("<20sB")
_DESTROYED_HEAD: Final = Struct("<20s20s32s")
_STEP_HEAD: Final = Struct("<IBQIqqBI")
#: evm_kind of zkvm/guest/evm/evm.h.
_KINDS: Final = ("CALL", "CALLCODE", "DELEGATECALL", "STATICCALL", "CREATE", "CREATE2")
_CREATES: Final = ("CREATE", "CREATE2")
_STEP_ERRORS: Final = frozenset(
    {Status.OUT_OF_GAS, Status.STACK_UNDERFLOW, Status.STACK_OVERFLOW, Status.INIT_CODE_TOO_LARGE}
)
#: Opcodes of which py-evm looks at the stack before it charges, or after this much only: LOG1 to LOG4.
_FREE_ON_UNDERFLOW: Final = frozenset({0x31, 0x3B, 0x3C, 0x3F, 0x54, 0xF0, 0xF1, 0xF2, 0xF4, 0xF5, 0xFA})
_LOG_GAS: Final = 375


def wish_of(tracer: Tracer | None) -> tuple[Wish, int]:
    """What to record for a tracer, and how many steps are too many."""
    deadline = tracer.deadline if isinstance(tracer, EvmTracer) else None
    if isinstance(tracer, CallTracer):
        return (_CALLS | (_LOGS if tracer.with_logs else 0), 0, 0, 0, deadline), 0
    if isinstance(tracer, AccessTracer):
        return (_ACCESSES, 0, 0, 0, deadline), 0
    if isinstance(tracer, StructTracer):
        shown, most = tracer.options, struct_tracer.MAX_ENTRIES
        details = (
            (0 if shown.disable_stack else _WITH_STACK)
            | (_WITH_MEMORY if shown.enable_memory else 0)
            | (_WITH_RETURNED if shown.enable_return_data else 0)
            | (0 if shown.disable_storage else _WITH_STORAGE)
        )
        return (_STEPS, details, shown.limit or _ALL_STEPS, most, deadline), most
    return (0, 0, 0, 0, deadline), 0


def fill(tracer: Tracer | None, seen: bytes) -> None:
    """Give a tracer what was recorded for it."""
    reader = _Reader(seen)
    if isinstance(tracer, CallTracer):
        tracer.fill(_Calls(tracer).tree(reader))
    elif isinstance(tracer, AccessTracer):
        _fill_accesses(tracer, reader)
    elif isinstance(tracer, StructTracer):
        _Steps(tracer).fill(reader)


@dataclass(frozen=True, slots=True)
class _Event:
    """One record: which, its fixed fields, and the bytes that follow them."""

    kind: int
    head: tuple[Any, ...]
    data: bytes = b""
    more: tuple[Any, ...] = ()


class _Reader:
    """The records, in order."""

    def __init__(self, seen: bytes) -> None:
        self._seen = seen
        self._at = 0

    def __iter__(self) -> Iterator[_Event]:
        while self._at < len(self._seen):
            kind = self._take(1)[0]
            yield self._READ[kind](self, kind)

    def _take(self, size: int) -> bytes:
        self._at += size
        return self._seen[self._at - size : self._at]

    def _head(self, head: Struct) -> tuple[Any, ...]:
        self._at += head.size
        return head.unpack_from(self._seen, self._at - head.size)

    def _bytes(self) -> bytes:
        (size,) = self._head(_U32)
        return self._take(size)

    def _begin(self, kind: int) -> _Event:
        return _Event(kind, self._head(_BEGIN_HEAD), self._bytes())

    def _end(self, kind: int) -> _Event:
        return _Event(kind, self._head(_END_HEAD), self._bytes())

    def _refused(self, kind: int) -> _Event:
        return _Event(kind, self._head(_REFUSED_HEAD), self._bytes())

    def _log(self, kind: int) -> _Event:
        head = self._head(_LOG_HEAD)
        topics = tuple(self._take(32) for _ in range(head[1]))
        return _Event(kind, head, self._bytes(), topics)

    def _destroyed(self, kind: int) -> _Event:
        return _Event(kind, self._head(_DESTROYED_HEAD))

    def _account(self, kind: int) -> _Event:
        return _Event(kind, (self._take(20),))

    def _slot(self, kind: int) -> _Event:
        return _Event(kind, (self._take(20), _number(self._take(32))))

    def _step(self, kind: int) -> _Event:
        head = self._head(_STEP_HEAD)
        stack, memory, returned = self._take(32 * head[7]), self._bytes(), self._bytes()
        named = self._take(1)[0]
        owner = self._take(20) if named else b""
        slot = (self._take(32), self._take(32)) if named == 2 else None
        return _Event(kind, head, stack, (memory, returned, owner, slot))

    _READ: Final = {
        _BEGIN: _begin,
        _END: _end,
        _REFUSED: _refused,
        _LOG: _log,
        _DESTROYED: _destroyed,
        _ACCOUNT: _account,
        _SLOT: _slot,
        _STEP: _step,
    }


class _Calls:
    """The tree of calls, as :class:`CallTracer` shows it."""

    def __init__(self, tracer: CallTracer) -> None:
        self._with_logs, self._only_top = tracer.with_logs, tracer.only_top
        self._root: Frame | None = None
        self._open: list[Frame] = []
        self._asked_gas: list[int] = []
        self._log_count = 0

    def tree(self, reader: _Reader) -> Frame | None:
        """The outermost frame; None when nothing was called."""
        for event in reader:
            if event.kind == _BEGIN:
                self._begin(event)
            elif event.kind == _END:
                self._end(event)
            elif event.kind == _LOG:
                self._log(event)
            elif event.kind == _REFUSED:
                self._refused(event)
            elif event.kind == _DESTROYED:
                owner, heir, balance = event.head
                self._alone(Frame("SELFDESTRUCT", owner, heir, 0, b"", _number(balance)))
        return self._root

    def _push(self, frame: Frame) -> None:
        if not self._open:
            self._root = frame
        elif not self._only_top:
            self._open[-1].calls.append(frame)
        self._open.append(frame)

    def _alone(self, frame: Frame) -> None:
        self._push(frame)
        self._open.pop()

    def _begin(self, event: _Event) -> None:
        kind, _, sender, to, gas, value, asked_gas = event.head
        name = _KINDS[kind]
        self._push(Frame(name, sender, to, gas, event.data, None if name == "STATICCALL" else _number(value)))
        self._asked_gas.append(asked_gas)

    def _end(self, event: _Event) -> None:
        status, opcode, place, gas_left = event.head
        frame, asked_gas = self._open.pop(), self._asked_gas.pop()
        frame.gas_used = frame.gas - gas_left
        if status == Status.SUCCESS:
            frame.output = event.data
            return
        frame.error = describe(status, opcode, place)
        if frame.type in _CREATES:
            frame.to = None
        if status == Status.REVERT:
            frame.output = event.data
        if status == Status.COLLISION and self._open:
            # It never began: shown as what it asked for, and cost nothing but itself.
            frame.gas, frame.gas_used = asked_gas - asked_gas // 64, 0

    def _log(self, event: _Event) -> None:
        if not self._with_logs or (self._only_top and len(self._open) > 1):
            return
        frame = self._open[-1]
        frame.logs.append(
            {
                "address": "0x" + event.head[0].hex(),
                "topics": ["0x" + topic.hex() for topic in event.more],
                "data": "0x" + event.data.hex(),
                "index": hex(self._log_count),
                "position": hex(len(frame.calls)),
            }
        )
        self._log_count += 1

    def _refused(self, event: _Event) -> None:
        kind, is_too_deep, is_too_poor, owner, to, gas, value = event.head
        name = _KINDS[kind]
        if is_too_deep:
            error = describe(Status.TOO_DEEP, 0, 0)
        else:
            error = describe(Status.NO_FUNDS if is_too_poor else Status.COLLISION, 0, 0)
        amount = None if name == "STATICCALL" else _number(value)
        self._alone(Frame(name, owner, None if name in _CREATES else to, gas, event.data, amount, error=error))


def _fill_accesses(tracer: AccessTracer, reader: _Reader) -> None:
    for event in reader:
        if event.kind == _SLOT:
            tracer.slots.setdefault(event.head[0], {})[event.head[1]] = None
        elif event.kind == _ACCOUNT:
            tracer.slots.setdefault(event.head[0], {})
        elif event.kind == _BEGIN and _KINDS[event.head[0]] in _CREATES:
            tracer.created.add(event.head[3])


class _Steps:
    """One entry an opcode, as :class:`StructTracer` shows them."""

    def __init__(self, tracer: StructTracer) -> None:
        self._tracer = tracer
        self._entries: list[dict[str, Any]] = []
        self._storage: dict[bytes, dict[str, str]] = {}

    def fill(self, reader: _Reader) -> None:
        """Hand everything over to the tracer."""
        failed, output = False, b""
        for event in reader:
            if event.kind == _STEP:
                self._entries.append(self._entry(event))
            elif event.kind == _END:
                # The outermost call ends last.
                failed = event.head[0] != Status.SUCCESS
                output = b"" if failed and event.head[0] != Status.REVERT else event.data
        self._tracer.fill(self._entries, failed=failed, output=output)

    def _entry(self, event: _Event) -> dict[str, Any]:
        options = self._tracer.options
        place, opcode, gas, depth, refund, cost, failure, _ = event.head
        memory, returned, owner, slot = event.more
        entry: dict[str, Any] = {
            "pc": place,
            "op": MNEMONICS.get(opcode, f"opcode {opcode:#x} not defined"),
            "gas": gas,
            "gasCost": _underflow_cost(opcode, cost) if failure == Status.STACK_UNDERFLOW else cost,
            "depth": depth + 1,
        }
        if not options.disable_stack:
            entry["stack"] = [hex(_number(event.data[at : at + 32])) for at in range(0, len(event.data), 32)]
        if options.enable_memory:
            entry["memory"] = [memory[at : at + 32].hex() for at in range(0, len(memory), 32)]
        if returned:
            entry["returnData"] = "0x" + returned.hex()
        if owner:
            known = self._storage.setdefault(owner, {})
            if slot is not None:
                known[slot[0].hex()] = slot[1].hex()
            entry["storage"] = dict(known)
        if refund > 0:
            entry["refund"] = refund
        if failure in _STEP_ERRORS:
            entry["error"] = describe(failure, 0, 0)
        return entry


def _underflow_cost(opcode: int, cost: int) -> int:
    if opcode in _FREE_ON_UNDERFLOW:
        return 0
    return _LOG_GAS if 0xA1 <= opcode <= 0xA4 else cost


def _number(word: bytes) -> int:
    return int.from_bytes(word, "big")
