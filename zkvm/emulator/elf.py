"""Programs: reads a 32-bit little-endian RISC-V executable into what the machine knows of it."""

import struct
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zkvm.emulator import decode
from zkvm.emulator.errors import (
    BadLayout,
    CompressedProgram,
    MalformedElf,
    MissingSymbol,
    NotElf,
    ProgramTooLarge,
    WrongElf,
)
from zkvm.emulator.native import NativeProgram, pack
from zkvm.emulator.opcodes import IN_LO, MEMORY_END, ZERO_LO

HALT_SYMBOL: Final = "zkhub_halt"
"""The guest ends by jumping here."""
NO_OUTPUT_SYMBOL: Final = "zkhub_no_output"
"""A guest that traps here says that it has no output."""

HINT_SYMBOL: Final = "zkhub_hint"
"""A guest asks for hints by calling this function."""

# The tables ROM and IMAGE have 2^20 rows at most; the halt row and the registers take some.
MAX_CODE_WORDS: Final = (1 << 20) - 1
MAX_CODE_SPAN: Final = 1 << 28
MAX_IMAGE_WORDS: Final = (1 << 20) - 64

_FILE_HEADER: Final = struct.Struct("<16sHHIIIIIHHHHHH")
_SEGMENT: Final = struct.Struct("<8I")
_SECTION: Final = struct.Struct("<10I")
_SYMBOL: Final = struct.Struct("<IIIBBH")
_EXECUTABLE, _RISCV = 2, 243
_LOAD, _SYMBOL_TABLE = 1, 2
_PF_X = 1
_FLAG_COMPRESSED, _FLAG_FLOAT, _FLAG_EMBEDDED = 1, 6, 8
_UNDEFINED, _ABSOLUTE = 0, 0xFFF1
_FUNCTION = 2
_REGIONS: Final = f"data below {IN_LO * 4:#x}, zero memory from {ZERO_LO * 4:#x}"


class Symbol(NamedTuple):
    """A name of the program."""

    name: str
    address: int
    size: int
    is_function: bool


@dataclass(frozen=True, eq=False)
class Program:
    """A guest: code, data and names. Equal programs have equal ``digest``."""

    entry: int
    """Address of the first instruction."""
    halt_pc: int
    """Jumping here ends the run."""
    code: dict[int, int]
    """Instruction words by address; not readable as data."""
    image: NDArray[np.uint32]
    """Shape (words, 2): word address and initial value, addresses ascending, all below IN_LO."""
    symbols: tuple[Symbol, ...]
    """By address, then by name."""
    digest: bytes
    """SHA-256 of the file."""

    @classmethod
    def read(cls, path: str | Path) -> "Program":
        """The program in a file. Raises ProgramError."""
        return load(Path(path).read_bytes())

    @cached_property
    def rom(self) -> tuple[decode.RomRow, ...]:
        """One row an instruction, by address; the last row is the halt row."""
        return tuple(decode.rom_rows(self))

    @cached_property
    def native(self) -> NativeProgram:
        """The same for the compiled emulator."""
        return pack(self.rom, self.entry)

    def symbol(self, name: str) -> Symbol:
        """The symbol called ``name``. Raises MissingSymbol."""
        symbol = self.find(name)
        if symbol is None:
            raise MissingSymbol(name)
        return symbol

    def find(self, name: str) -> Symbol | None:
        """The symbol called ``name``, if there is one."""
        return next((symbol for symbol in self.symbols if symbol.name == name), None)


class _Segment(NamedTuple):
    address: int
    data: bytes
    size: int
    """In memory, at least the data's."""
    executable: bool

    @property
    def end(self) -> int:
        return self.address + self.size


def load(elf: bytes) -> Program:
    """The program in an ELF file. Raises ProgramError."""
    header = _file_header(elf)
    segments = _segments(elf, header)
    code = _code(segments)
    symbols = _symbols(elf, header)
    program = Program(
        entry=header.entry,
        halt_pc=_halt_pc(symbols),
        code=code,
        image=_image(segments),
        symbols=symbols,
        digest=sha256(elf).digest(),
    )
    if all(row.pc != program.entry for row in program.rom):
        raise BadLayout(f"the entry point {program.entry:#010x} holds no instruction")
    return program


class _FileHeader(NamedTuple):
    entry: int
    segments_at: int
    sections_at: int
    segment_size: int
    segments: int
    section_size: int
    sections: int


def _file_header(elf: bytes) -> _FileHeader:
    if elf[:4] != b"\x7fELF":
        raise NotElf("the file is not an ELF executable")
    if len(elf) < 16:
        raise MalformedElf("the ELF header is cut off")
    if elf[4] != 1:
        raise WrongElf("class", "ELF64" if elf[4] == 2 else f"{elf[4]}", "ELF32")
    if elf[5] != 1:
        raise WrongElf("byte order", "big-endian" if elf[5] == 2 else f"{elf[5]}", "little-endian")
    if len(elf) < _FILE_HEADER.size:
        raise MalformedElf("the ELF header is cut off")
    _, kind, machine, _, entry, phoff, shoff, flags, _, phsize, phnum, shsize, shnum, _ = _FILE_HEADER.unpack_from(elf)
    if machine != _RISCV:
        raise WrongElf("machine", f"number {machine}", f"RISC-V ({_RISCV})")
    if kind != _EXECUTABLE:
        raise WrongElf("type", f"number {kind}", "statically linked executables (2)")
    if flags & _FLAG_COMPRESSED:
        raise CompressedProgram
    if flags & _FLAG_FLOAT:
        raise WrongElf("ABI", "hard-float", "ilp32 (soft-float)")
    if flags & _FLAG_EMBEDDED:
        raise WrongElf("ABI", "RV32E", "RV32I, with 32 registers")
    return _FileHeader(entry, phoff, shoff, phsize, phnum, shsize, shnum)


def _part(elf: bytes, start: int, size: int, what: str) -> bytes:
    if start + size > len(elf):
        raise MalformedElf(f"{what} at {start:#x} lies outside the file of {len(elf):,} bytes")
    return elf[start : start + size]


def _segments(elf: bytes, header: _FileHeader) -> list[_Segment]:
    if header.segments and header.segment_size != _SEGMENT.size:
        raise MalformedElf(f"program headers of {header.segment_size} bytes")
    table = _part(elf, header.segments_at, header.segments * _SEGMENT.size, "the program header table")
    segments = []
    for kind, offset, address, _, in_file, in_memory, flags, _ in _SEGMENT.iter_unpack(table):
        if kind != _LOAD or not in_memory:
            continue
        if in_file > in_memory or address + in_memory > 1 << 32:
            raise MalformedElf(f"the segment at {address:#010x} has impossible sizes")
        data = _part(elf, offset, in_file, f"the segment at {address:#010x}")
        segments.append(_Segment(address, data, in_memory, bool(flags & _PF_X)))
    segments.sort(key=lambda segment: segment.address)
    for before, after in pairwise(segments):
        if before.end > after.address:
            raise MalformedElf(f"the segments at {before.address:#010x} and {after.address:#010x} overlap")
    return segments


def _code(segments: list[_Segment]) -> dict[int, int]:
    size = sum(len(segment.data) // 4 for segment in segments if segment.executable)
    if size > MAX_CODE_WORDS:
        raise ProgramTooLarge("instructions", size, MAX_CODE_WORDS)
    code: dict[int, int] = {}
    for segment in segments:
        if not segment.executable:
            continue
        if segment.address % 4:
            raise BadLayout(f"the code at {segment.address:#010x} is not aligned to 4 bytes")
        if segment.address == 0:
            raise BadLayout("there is code at address 0, which is where a guest jumps to trap")
        words = np.frombuffer(segment.data, dtype="<u4", count=len(segment.data) // 4).tolist()
        code.update(zip(range(segment.address, segment.end, 4), words, strict=False))
    if not code:
        raise BadLayout("the program has no code")
    if (span := max(code) - min(code)) > MAX_CODE_SPAN:
        raise ProgramTooLarge("bytes from its first to its last instruction", span, MAX_CODE_SPAN)
    return code


def _image(segments: list[_Segment]) -> NDArray[np.uint32]:
    parts = []
    for segment in segments:
        if segment.executable:
            continue
        if segment.address >= ZERO_LO * 4:
            if segment.data or segment.end > MEMORY_END * 4:
                raise BadLayout(f"data with values at {segment.address:#010x}; the machine has {_REGIONS}")
            continue
        if segment.end > IN_LO * 4:
            raise BadLayout(f"data at {segment.address:#010x} to {segment.end:#010x}; the machine has {_REGIONS}")
        parts.append(_words(segment))
    if not parts:
        return np.zeros((0, 2), dtype=np.uint32)
    size = sum(len(part) for part in parts)
    if size > MAX_IMAGE_WORDS:
        raise ProgramTooLarge("words of data", size, MAX_IMAGE_WORDS)
    image = np.concatenate(parts)
    # Two segments may share one word at their seam; their bytes are disjoint.
    addresses, first = np.unique(image[:, 0], return_index=True)
    values = np.bitwise_or.reduceat(image[:, 1], first)
    merged = np.stack([addresses, values], axis=1)
    merged.flags.writeable = False
    return merged


def _words(segment: _Segment) -> NDArray[np.uint32]:
    start, stop = segment.address // 4, -(-segment.end // 4)
    if stop - start > MAX_IMAGE_WORDS:
        raise ProgramTooLarge("words of data", stop - start, MAX_IMAGE_WORDS)
    data = bytes(segment.address % 4) + segment.data
    values = np.frombuffer(data + bytes(4 * (stop - start) - len(data)), dtype="<u4")
    return np.stack([np.arange(start, stop, dtype=np.uint32), values.astype(np.uint32)], axis=1)


def _symbols(elf: bytes, header: _FileHeader) -> tuple[Symbol, ...]:
    if header.sections and header.section_size != _SECTION.size:
        raise MalformedElf(f"section headers of {header.section_size} bytes")
    table = _part(elf, header.sections_at, header.sections * _SECTION.size, "the section header table")
    sections = list(_SECTION.iter_unpack(table))
    symbols = set()
    for _, kind, _, _, offset, size, link, _, _, entry_size in sections:
        if kind != _SYMBOL_TABLE:
            continue
        if entry_size != _SYMBOL.size or size % _SYMBOL.size or link >= len(sections):
            raise MalformedElf("the symbol table does not add up")
        names = _part(elf, sections[link][4], sections[link][5], "the string table")
        for name_at, address, length, info, _, section in _SYMBOL.iter_unpack(
            _part(elf, offset, size, "the symbol table")
        ):
            kind_of_symbol = info & 15
            if section in (_UNDEFINED, _ABSOLUTE) or kind_of_symbol > _FUNCTION or name_at >= len(names):
                continue
            name = names[name_at : names.find(b"\0", name_at)].decode("utf-8", "replace")
            if name and not name.startswith(("$", ".L")):
                symbols.add(Symbol(name, address, length, kind_of_symbol == _FUNCTION))
    return tuple(sorted(symbols, key=lambda symbol: (symbol.address, symbol.name)))


def _halt_pc(symbols: tuple[Symbol, ...]) -> int:
    for symbol in symbols:
        if symbol.name == HALT_SYMBOL:
            if symbol.address % 4 or not symbol.address:
                raise BadLayout(f"{HALT_SYMBOL} is at {symbol.address:#010x}, which is no address of an instruction")
            return symbol.address
    raise MissingSymbol(HALT_SYMBOL)
