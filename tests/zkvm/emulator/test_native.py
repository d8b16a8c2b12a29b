"""The compiled class believes nobody: arguments that would lead it out of its arrays are refused."""

import threading

import numpy as np
import pytest

from tests.zkvm.assembler import assemble
from zkvm._emulator import Machine
from zkvm.emulator.native import ROW

PROGRAM = assemble("loop: addi a0, a0, 1\nbnez a0, loop\nhalt")
ROWS = np.frombuffer(PROGRAM.native.rows, dtype=ROW)
NO_WORDS = b""
INPUT = bytes(4)
LOW = PROGRAM.native.code_low


def machine(
    rows: np.ndarray = ROWS,
    row_at: bytes = PROGRAM.native.row_at,
    entry: int = 0,
    image: bytes = NO_WORDS,
    words: bytes = INPUT,
    limit: int = 1 << 20,
) -> Machine:
    return Machine(rows.tobytes(), row_at, LOW, entry, image, words, limit)


@pytest.mark.parametrize(
    ("field", "value"),
    [("kind", 17), ("kind", 25), ("kind", 33), ("kind", 47), ("kind", 52), ("kind", 255), ("rs1", 32), ("rs2", 32),
     ("rd", 0), ("rd", 33), ("next", (len(ROWS), 0)), ("next", (0, -2))],
)  # fmt: skip
def test_bad_rows(field: str, value: object) -> None:
    rows = ROWS.copy()
    rows[field][1] = value
    with pytest.raises(ValueError, match="a row is invalid"):
        machine(rows)


def test_bad_arguments() -> None:
    with pytest.raises(ValueError, match="no such row"):
        machine(row_at=np.array([len(ROWS)], dtype="<i4").tobytes())
    with pytest.raises(ValueError, match="whole number"):
        machine(row_at=b"123")
    with pytest.raises(ValueError, match="no row"):
        machine(entry=len(ROWS))
    with pytest.raises(ValueError, match="above the image"):
        machine(image=np.array([0x1000_0000 // 4, 1], dtype="<u4").tobytes())
    with pytest.raises(TypeError):
        machine(image=None)  # type: ignore[arg-type]
    with pytest.raises(MemoryError):
        machine(limit=0)
    with pytest.raises(TypeError):
        Machine()  # type: ignore[call-arg]


def test_bad_calls() -> None:
    one = machine()
    for mode in (-1, 3, 2):  # 2 is the profile, and no functions are set
        with pytest.raises(ValueError, match="mode"):
            one.run(mode, 10, -1)
    with pytest.raises(ValueError, match="long"):
        one.run(1, 1 << 30, -1)
    with pytest.raises(ValueError, match="no list"):
        one.take("nothing")
    with pytest.raises(ValueError, match="function"):
        one.set_functions(b"\0\0\0\0", 1)
    with pytest.raises(ValueError, match="function"):
        one.set_functions(np.full(len(ROWS), 2, dtype="<u4").tobytes(), 2)
    with pytest.raises(ValueError, match="whole number"):
        one.extend_input(b"1")


def test_what_was_taken_outlives_the_machine() -> None:
    one = machine()
    one.run(1, 1000, -1)
    steps = memoryview(one.take("steps"))
    del one
    assert len(steps) == 32 * 1000
    assert steps.readonly
    again = machine()
    assert len(memoryview(again.take("steps"))) == 0


def test_other_threads_wait_outside() -> None:
    """The machine runs without the interpreter's lock, and refuses a second caller meanwhile."""
    one = machine()
    refused = []

    def look() -> None:
        while runner.is_alive():
            try:
                one.counts()
            except RuntimeError as error:
                refused.append(str(error))
                return

    runner = threading.Thread(target=lambda: one.run(0, 1 << 27, -1))
    runner.start()
    look()
    runner.join()
    assert refused == ["the machine is running in another thread"]
    assert one.run(0, 10, -1)[1] == 1 << 27
