"""Runs a batch input again and says what is wrong with it."""

from dataclasses import dataclass
from typing import Final

from chain_template.batcher.batch_program import run
from chain_template.errors import BatchInputError
from zkvm.emulator.cost import Cost
from zkvm.guest import run_in_the_zkvm, run_natively

#: Reasons that only the program in C has; the reference knows all others.
_OF_THE_MACHINE: Final = {
    "out-of-memory": "the batch takes more memory than the program has",
    "no-precompile": "the batch calls a precompile that the program lacks",
}


@dataclass(frozen=True, slots=True)
class Replay:
    """What became of it.

    Attributes:
        reason: Why the program refuses it, None where it does not.
        message: What exactly is wrong; empty where nothing is.
        public_input: 32 bytes, empty where it was refused.
        cost: What a proof would take, of a replay in the zkVM.
    """

    reason: str | None
    message: str
    public_input: bytes
    cost: Cost | None = None

    @property
    def is_good(self) -> bool:
        """Nothing is wrong: there is a public input, and the reference agrees."""
        return not self.message


def replay(data: bytes, *, in_the_zkvm: bool = False, max_cycles: int | None = None) -> Replay:
    """Run the program in C, natively or in the zkVM, and the reference in Python beside it.

    Args:
        data: A batch input.
        in_the_zkvm: In the emulator, as it would be proven.
        max_cycles: Instructions it may take there; as many as one proof holds without it.

    Raises:
        GuestError: The zkVM stopped it: too many cycles, or a defect of the program.
    """
    if in_the_zkvm:
        done = run_in_the_zkvm(data) if max_cycles is None else run_in_the_zkvm(data, max_cycles)
    else:
        done = run_natively(data)
    return Replay(done.reason, _message(data, done.reason, done.public_input), done.public_input, done.cost)


def _message(data: bytes, reason: str | None, public_input: bytes) -> str:
    if reason in _OF_THE_MACHINE:
        return _OF_THE_MACHINE[reason]
    try:
        expected = run(data, executor="pyevm").public_input
    except BatchInputError as exc:
        differs = "" if exc.reason == reason else f"the reference refuses it as {exc.reason}: "
        return differs + exc.message
    if reason is not None:
        return f"the reference takes it, with public input 0x{expected.hex()}: a defect of one of the two"
    return "" if expected == public_input else f"the reference has public input 0x{expected.hex()}: a defect"
