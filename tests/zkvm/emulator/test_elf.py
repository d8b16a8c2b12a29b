"""Files become programs, or typed errors."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.zkvm.assembler import assemble, assemble_elf, elf_file
from zkvm.emulator import errors
from zkvm.emulator.decode import decode
from zkvm.emulator.elf import load
from zkvm.emulator.emulator import run
from zkvm.emulator.opcodes import IN_LO, ZERO_LO, Op

SOURCE = "_start: la a0, table\nlw a0, 0(a0)\nhalt\n.data\ntable: .word 7, 8\n.byte 9"
ELF = assemble_elf(SOURCE)
HALT = struct.pack("<II", 0x00100513, 0x0000006F)  # li a0, 1; halt: j halt


def changed(at: int, value: bytes) -> bytes:
    return ELF[:at] + value + ELF[at + len(value) :]


def with_segments(*segments: tuple[int, bytes, int, int]) -> bytes:
    """An ELF with these (address, data, size in memory, flags), and the halt at 0x1004."""
    base = elf_file(0x1000, 0x1000, HALT, symbols={"zkhub_halt": 0x1004})
    at = 52 + 32 * len(segments)
    headers, body = b"", b""
    for address, data, size, flags in segments:
        headers += struct.pack("<8I", 1, at + len(body), address, address, len(data), size, flags, 4)
        body += data
    shift = at + len(body) - (52 + 32 + len(HALT))
    header = bytearray(base[:52])
    struct.pack_into("<I", header, 32, struct.unpack_from("<I", base, 32)[0] + shift)
    struct.pack_into("<H", header, 44, len(segments))
    rest = bytearray(base[52 + 32 + len(HALT) :])
    sections = len(rest) - 120
    for entry in (1, 2):
        place = sections + 40 * entry + 16
        struct.pack_into("<I", rest, place, struct.unpack_from("<I", rest, place)[0] + shift)
    return bytes(header) + headers + body + bytes(rest)


CODE = (0x1000, HALT, len(HALT), 5)


def test_a_program() -> None:
    program = load(ELF)
    assert program.entry == 0x1000
    assert program.image.tolist() == [[0x0010_0000 // 4, 7], [0x0010_0004 // 4, 8], [0x0010_0008 // 4, 9]]
    assert program.symbol("table").address == 0x0010_0000
    assert program.rom[-1].pc == program.halt_pc
    assert run(program).output[0] == 7


def test_made_segments_are_sound() -> None:
    assert run(load(with_segments(CODE))).output[0] == 1


@pytest.mark.parametrize(
    ("elf", "error"),
    [
        (b"", errors.NotElf),
        (b"#!/bin/sh\n", errors.NotElf),
        (b"\x7fELF", errors.MalformedElf),
        (ELF[:40], errors.MalformedElf),
        (ELF[:60], errors.MalformedElf),
        (ELF[:-1], errors.MalformedElf),
        (changed(4, b"\x02"), errors.WrongElf),
        (changed(5, b"\x02"), errors.WrongElf),
        (changed(16, b"\x01"), errors.WrongElf),
        (changed(16, b"\x03"), errors.WrongElf),
        (changed(18, b"\x03"), errors.WrongElf),
        (changed(36, b"\x01"), errors.CompressedProgram),
        (changed(36, b"\x02"), errors.WrongElf),
        (changed(36, b"\x04"), errors.WrongElf),
        (changed(36, b"\x08"), errors.WrongElf),
        (changed(42, b"\x31"), errors.MalformedElf),
        (changed(46, b"\x31"), errors.MalformedElf),
        (changed(24, struct.pack("<I", 0x2000)), errors.BadLayout),
        (changed(24, struct.pack("<I", 0x1001)), errors.BadLayout),
        (ELF.replace(b"zkhub_halt", b"zkhub_hal_"), errors.MissingSymbol),
        (with_segments(), errors.BadLayout),
        (with_segments((0x1000, HALT, len(HALT), 4)), errors.BadLayout),
        (with_segments(CODE, (0x1004, bytes(8), 8, 4)), errors.MalformedElf),
        (with_segments(CODE, (0x2000, bytes(8), 4, 4)), errors.MalformedElf),
        (with_segments(CODE, (0xFFFF_FFFC, b"", 8, 6)), errors.MalformedElf),
        (with_segments((0x1002, HALT, len(HALT), 5)), errors.BadLayout),
        (with_segments(CODE, (0, HALT, len(HALT), 5)), errors.BadLayout),
        (with_segments(CODE, (IN_LO * 4, bytes(4), 4, 4)), errors.BadLayout),
        (with_segments(CODE, (IN_LO * 4 - 4, bytes(8), 8, 4)), errors.BadLayout),
        (with_segments(CODE, (ZERO_LO * 4, b"abcd", 4, 6)), errors.BadLayout),
        (with_segments(CODE, (0x8000_0000, b"abcd", 4, 6)), errors.BadLayout),
        (with_segments(CODE, (0x2000, b"", 1 << 23, 6)), errors.ProgramTooLarge),
        (with_segments(CODE, (0x1F00_0000, HALT, 8, 5)), errors.ProgramTooLarge),
        (elf_file(0x1000, 0x1000, HALT, symbols={"zkhub_halt": 0x1002}), errors.BadLayout),
        (elf_file(0x1000, 0x1000, HALT, symbols={"zkhub_halt": 0}), errors.BadLayout),
    ],
)
def test_refused(elf: bytes, error: type[errors.ProgramError]) -> None:
    with pytest.raises(error):
        load(elf)


def test_what_is_wrong_is_named() -> None:
    with pytest.raises(errors.WrongElf, match="ELF64") as caught:
        load(changed(4, b"\x02"))
    assert caught.value.what == "class"


def test_image_words() -> None:
    elf = with_segments(
        CODE,
        (0x2001, b"\x01\x02", 2, 4),
        (0x2003, b"\x03\x04", 3, 4),
        (IN_LO * 4 - 4, b"\xff" * 4, 4, 4),
        (ZERO_LO * 4, b"", 1 << 20, 6),
    )
    image = load(elf).image
    assert image.tolist() == [[0x2000 // 4, 0x03020100], [0x2004 // 4, 0x04], [IN_LO - 1, 0xFFFF_FFFF]]


def test_data_in_the_code_segment_is_no_data() -> None:
    program = assemble("li t0, 0x1000\nlw a0, 0(t0)\nhalt")
    assert not len(program.image)


def test_words_that_are_no_instruction_have_no_row() -> None:
    program = assemble("j on\n.word 0, 0xffffffff, 0x73\non: li a0, 1\nhalt")
    assert [row.pc for row in program.rom] == [0x1000, 0x1010, 0x1014, 0x1018]
    assert run(program).output[0] == 1


def test_pcs_are_unique_and_rows_sound() -> None:
    program = assemble(SOURCE)
    assert len({row.pc for row in program.rom}) == len(program.rom)
    for row in program.rom:
        assert row.f_add + row.f_sub + row.f_eq + row.f_jalr + (row.op != 0) == 1


@given(st.integers(0, 2**32 - 1))
def test_every_word_decodes_to_a_sound_row_or_none(word: int) -> None:
    row = decode(0x1000, word)
    if row is None:
        return
    assert row.f_add + row.f_sub + row.f_eq + row.f_jalr + (row.op != Op.NONE) == 1
    assert 0 <= row.rs1 < 32 and 0 <= row.rs2 < 32 and 1 <= row.rd <= 32
    assert 0 <= row.immx < 2**32 and 0 <= row.immy < 2**32 and 0 <= row.base < 2**32
    if row.f_add or row.f_sub:
        assert row.immx == 0 and (row.immy == 0 or row.rs2 == 0)
    assert word & 3 == 3


@given(st.data())
def test_damaged_files_are_refused_or_load(data: st.DataObject) -> None:
    elf = bytearray(ELF)
    for _ in range(data.draw(st.integers(1, 6))):
        elf[data.draw(st.integers(0, len(elf) - 1))] = data.draw(st.integers(0, 255))
    try:
        program = load(bytes(elf[: data.draw(st.integers(0, len(elf)))] if data.draw(st.booleans()) else elf))
    except errors.ProgramError:
        return
    try:
        run(program, max_cycles=100)
    except errors.GuestError as error:
        assert 0 <= error.pc < 1 << 32
