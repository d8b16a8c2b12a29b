"""The machines that are compiled into ``zkvm._constraints``."""

from zkvm.air import examples
from zkvm.air.machine import Machine
from zkvm.machine.machine import riscv


def compiled_machines() -> tuple[Machine, ...]:
    """The real machine, and the examples that the proof system is tested with."""
    return (
        riscv(),
        examples.fibonacci(),
        examples.permutation(),
        examples.lookup(),
        examples.accumulator(),
        examples.wide(),
    )
