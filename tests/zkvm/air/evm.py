"""Runs constraint evaluators on revm."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyrevm

from contracts.artifacts import artifact_names, load
from zkvm.air import Machine
from zkvm.air.generate.yul import pack, unpack
from zkvm.air.scalars import Scalars
from zkvm.field.scalar import ONE, ZERO, Ext, e_add

CALLER, CALLEE = "0x" + "11" * 20, "0x" + "22" * 20
GAS = 1 << 24


@dataclass(frozen=True)
class Opened:
    """What the out-of-domain check of one proof is about."""

    machine: Machine
    log_heights: Sequence[int]
    openings: Sequence[Ext]
    totals: Mapping[int, Ext]
    scalars: Scalars
    alpha: Ext
    z: Ext

    def call_data(self, first: Ext) -> bytes:
        """The call data of an evaluator whose first constraint has this power of α."""
        machine, scalars = self.machine, self.scalars
        words = [
            *(pack(value) for value in (self.alpha, first, self.z)),
            *(pack(scalars.challenges[name]) for name in machine.all_challenges),
            *scalars.publics,
            *(scalars.parameters[name] for name in machine.parameters),
            *self.log_heights,
            *(pack(self.totals.get(table, ZERO)) for table in range(len(machine.tables))),
            *(pack(value) for value in self.openings),
        ]
        return b"".join(word.to_bytes(32, "big") for word in words)

    def combined(self, codes: Sequence[bytes]) -> Ext:
        """Σ α^j C_j(z) by these contracts in order."""
        total, power = ZERO, ONE
        for code in codes:
            part, power, _ = call(code, self.call_data(power))
            total = e_add(total, part)
        return total


def committed_codes() -> list[bytes]:
    """The runtime code of the real machine's evaluators, in order."""
    names = [name for name in artifact_names() if name.startswith("ConstraintEvaluator")]
    return [load(name).deployed_bytecode for name in names]


def call(code: bytes, data: bytes) -> tuple[Ext, Ext, int]:
    """The two results, and the gas that the code used.

    Raises:
        RuntimeError: it reverted.
    """
    evm = pyrevm.EVM(spec_id="CANCUN", gas_limit=GAS)
    evm.insert_account_info(CALLEE, pyrevm.AccountInfo(code=code))
    output = evm.message_call(CALLER, CALLEE, calldata=data, value=0)
    assert len(output) == 64 and evm.result is not None
    first, second = (unpack(int.from_bytes(output[at : at + 32], "big")) for at in (0, 32))
    intrinsic = 21_000 + sum(16 if byte else 4 for byte in data)
    return first, second, evm.result.gas_used - intrinsic
