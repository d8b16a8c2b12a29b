"""What the contract knows of the machine is what the machine is, and what it need not check holds at all heights."""

import pyrevm
import pytest

from contracts.artifacts import load
from tests.zkvm.onchain.revm import SENDER
from zkvm.air import examples
from zkvm.machine.machine import riscv
from zkvm.onchain.shape import SOURCE, STOP, creation_code, shape_bytes, source
from zkvm.stark.key import constraints_digest
from zkvm.stark.profiles import PROFILES, Profile
from zkvm.stark.soundness import report, worst_numbers

profiles = pytest.mark.parametrize("profile", PROFILES.values(), ids=list(PROFILES))


def deployed(creation: bytes) -> bytes:
    """The code that is deployed, without the zeros at its end, of which revm gives more."""
    evm = pyrevm.EVM(spec_id="CANCUN")
    return bytes(evm.get_code(evm.deploy(SENDER, creation))).rstrip(b"\0")


def test_the_committed_shape_is_what_the_machine_gives() -> None:
    """After a change of the machine: ``python -m zkvm.onchain.shape``, then ``make -C contracts artifacts``."""
    assert SOURCE.read_text() == source(riscv())
    assert deployed(load("RiscvMachine").bytecode) == (STOP + shape_bytes(riscv())).rstrip(b"\0")


def test_any_machine_has_a_shape() -> None:
    for machine in (examples.fibonacci(), examples.permutation(), examples.lookup(), examples.accumulator()):
        code = deployed(creation_code(machine))
        assert code == (STOP + shape_bytes(machine)).rstrip(b"\0")
        assert code[1:33] == constraints_digest(machine)
    assert shape_bytes(examples.fibonacci()) != shape_bytes(examples.permutation())


@profiles
def test_no_admissible_heights_are_insecure(profile: Profile) -> None:
    """The contract computes no bits: at any heights that it takes there are enough."""
    assert report(worst_numbers(riscv(), profile)).bits >= profile.target_bits
