"""The batch program's memcpy and its like, in the emulator."""

from pathlib import Path

from zkvm.emulator.elf import load
from zkvm.emulator.emulator import measure
from zkvm.guest import HERE
from zkvm.guest_kit.build import build

CALLS = 4 * 75 * (17 + 4 + 1 + 4) - 4 * 4
"""Places, sizes, and calls of each; nothing is compared where there is nothing."""


def test_every_alignment_and_overlap() -> None:
    elf = build([Path(__file__).with_name("memory_guest.c")], libc=HERE / "memory.c")
    assert measure(load(elf), max_cycles=1 << 30).output[0] == CALLS


def test_the_kits_own_agrees() -> None:
    elf = build([Path(__file__).with_name("memory_guest.c")])
    assert measure(load(elf), max_cycles=1 << 30).output[0] == CALLS
