"""Which accounts and slots a call looks at: what ``eth_createAccessList`` is made of (EIP-2930)."""

from collections.abc import Mapping
from typing import Final

from eth.abc import ComputationAPI, MessageAPI
from eth.vm.computation import BaseComputation

from chain_template.executor.pyevm.tracing import EvmTracer, Opcode, StepTracer, address_of, number_of, stack_of

_SLOT_READERS: Final = frozenset({0x54, 0x55})
#: BALANCE, EXTCODESIZE, EXTCODECOPY, EXTCODEHASH and SELFDESTRUCT name an account on top of the stack.
_TOP_IS_ACCOUNT: Final = frozenset({0x31, 0x3B, 0x3C, 0x3F, 0xFF})
#: The calls name theirs below the gas.
_SECOND_IS_ACCOUNT: Final = frozenset({0xF1, 0xF2, 0xF4, 0xFA})


class AccessTracer(StepTracer):
    """Collects accounts and slots.

    Attributes:
        slots: Account → its slots, in the order they were first seen.
    """

    def __init__(self, deadline: float | None = None) -> None:
        super().__init__(deadline)
        self.slots: dict[bytes, dict[int, None]] = {}
        self.created: set[bytes] = set()

    def opcodes(self, table: Mapping[int, Opcode]) -> Mapping[int, Opcode]:
        """Only the opcodes that look at state are watched."""
        timed = EvmTracer.opcodes(self, table)
        watched = _SLOT_READERS | _TOP_IS_ACCOUNT | _SECOND_IS_ACCOUNT
        return {**timed, **{value: self._stepped(value, timed[value]) for value in watched}}

    def enter(self, message: MessageAPI, parent: ComputationAPI | None) -> None:
        """A created contract is warm by itself and is not listed."""
        if message.is_create:
            self.created.add(message.storage_address)

    def step(self, computation: BaseComputation, value: int, opcode: Opcode) -> None:
        """Note what the opcode names, then run it."""
        stack = stack_of(computation)
        if value in _SLOT_READERS and stack:
            self.slots.setdefault(computation.msg.storage_address, {})[number_of(stack[-1])] = None
        elif value in _TOP_IS_ACCOUNT and stack:
            self.slots.setdefault(address_of(stack[-1]), {})
        elif value in _SECOND_IS_ACCOUNT and len(stack) > 1:
            self.slots.setdefault(address_of(stack[-2]), {})
        opcode(computation=computation)

    def result(self) -> dict[bytes, list[int]]:
        """Account → slots; accounts that the call itself created are left out."""
        return {address: list(slots) for address, slots in self.slots.items() if address not in self.created}
