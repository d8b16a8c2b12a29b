"""Guests that call the precompiles, proven and verified; a prover that lies in one cell is not believed."""

from pathlib import Path

import numpy as np
import pytest
from eth_hash.auto import keccak as keccak256
from eth_keys import keys

from zkvm.backends.cpu import CpuBackend
from zkvm.emulator.elf import Program
from zkvm.emulator.emulator import Execution, run
from zkvm.guest_kit.examples import example
from zkvm.machine import api
from zkvm.machine.key import key_for
from zkvm.machine.machine import riscv
from zkvm.machine.trace import build_trace
from zkvm.stark import prover
from zkvm.stark.errors import VerificationError
from zkvm.stark.key import ProvingKey
from zkvm.stark.profiles import profile
from zkvm.stark.trace import Trace

FAST = profile("fast")
BACKEND = CpuBackend()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


def key_of(program: Program, folder: Path) -> ProvingKey:
    return key_for(program, FAST, BACKEND, folder)


def signature(secret: bytes) -> tuple[bytes, bytes]:
    """A guest's input and the address it must find."""
    key = keys.PrivateKey(secret)
    digest = keccak256(b"a message")
    signed = key.sign_msg_hash(digest)
    data = digest + signed.r.to_bytes(32, "big") + signed.s.to_bytes(32, "big") + bytes([signed.v])
    return data, key.public_key.to_canonical_address()


def test_a_hash_is_proven(folder: Path) -> None:
    message = bytes(range(256)) * 3
    key = key_of(example("keccak"), folder)
    proven = api.prove(example("keccak"), message, FAST, key, BACKEND)
    assert proven.execution.output_bytes == keccak256(message)
    api.verify(key.vk, proven.output, FAST, proven.proof)
    other = (proven.output[0] ^ 1, *proven.output[1:])
    with pytest.raises(VerificationError):
        api.verify(key.vk, other, FAST, proven.proof)


@pytest.mark.slow
def test_a_signer_is_proven(folder: Path) -> None:
    data, address = signature(b"\x11" * 32)
    key = key_of(example("ecrecover"), folder)
    proven = api.prove(example("ecrecover"), data, FAST, key, BACKEND)
    assert proven.execution.output_bytes == bytes(12) + address
    api.verify(key.vk, proven.output, FAST, proven.proof)


def lied(execution: Execution, table: str, column: int, row: int) -> Trace:
    """The witness with one bit or limb changed, all that follows from it in the table's own sums included."""
    trace = build_trace(execution.program, execution.log)
    columns = trace.main[table].copy()
    columns[column, row] ^= np.uint64(1)
    return Trace(dict(trace.main) | {table: columns}, trace.fill_aux)


@pytest.mark.slow
@pytest.mark.parametrize(("table", "column", "row"), [("keccak", 3, 700), ("keccak", 30, 799), ("arith256", 1, 0)])
def test_a_lie_in_a_precompile_is_not_believed(folder: Path, table: str, column: int, row: int) -> None:
    data, _ = signature(b"\x22" * 32)
    execution = run(example("ecrecover"), data)
    key = key_of(execution.program, folder)
    proof = prover.prove(riscv(), key, lied(execution, table, column, row), execution.output, FAST, BACKEND)
    with pytest.raises(VerificationError):
        api.verify(key.vk, execution.output, FAST, proof.to_bytes())
