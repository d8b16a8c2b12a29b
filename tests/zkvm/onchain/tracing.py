"""What the contract hashes, seen by running it on py-evm."""

from typing import Any, ClassVar

from eth.chains.base import MiningChain
from eth.db.atomic import AtomicDB
from eth.vm.forks.cancun import CancunVM
from eth.vm.forks.cancun.computation import CancunComputation
from eth.vm.forks.cancun.state import CancunState
from eth.vm.message import Message
from eth.vm.transaction_context import BaseTransactionContext

from tests.zkvm.onchain.revm import SENDER, OnL1, Statement
from zkvm.stark.profiles import Profile

KECCAK256 = 0x20
GAS = 1 << 24


class _Recorder:
    """The opcode KECCAK256, which keeps what it hashes."""

    mnemonic = "KECCAK256"

    def __init__(self) -> None:
        self.seen: list[bytes] = []
        self._opcode = CancunComputation.opcodes[KECCAK256]
        self.gas_cost = self._opcode.gas_cost

    def __call__(self, computation: CancunComputation) -> None:
        start, size = computation.stack_pop_ints(2)
        self.seen.append(computation.memory_read_bytes(start, size))
        computation.stack_push_int(size)
        computation.stack_push_int(start)
        self._opcode(computation=computation)


def hashed(profile: Profile, statement: Statement, part: bytes) -> list[bytes]:
    """Everything that the verifier and what it calls hash while a part is accepted, in order."""
    recorder = _Recorder()

    class Computation(CancunComputation):
        opcodes: ClassVar[dict[int, Any]] = {**CancunComputation.opcodes, KECCAK256: recorder}

    class State(CancunState):
        computation_class = Computation

    class Vm(CancunVM):
        _state_class = State

    parameters = {"difficulty": 0, "gas_limit": GAS, "timestamp": 1}
    chain_class = MiningChain.configure("Scratch", vm_configuration=((0, Vm),), chain_id=1)
    state = chain_class.from_genesis(AtomicDB(), parameters, {}).get_vm().state
    l1 = OnL1(profile)
    for address, code, storage in l1.accounts():
        state.set_code(address, code)
        for slot, value in storage.items():
            state.set_storage(address, slot, value)
    sender = bytes.fromhex(SENDER[2:])
    message = Message(GAS, l1.address, sender, 0, statement.call(part), l1.accounts()[0][1])
    ran = Computation.apply_message(state, message, BaseTransactionContext(0, sender))
    ran.raise_if_error()
    return recorder.seen
