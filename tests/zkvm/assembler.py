"""A two-pass RV32IM assembler for tests: text in, a real ELF file out, which the real loader then reads.

    program = assemble('''
        li   a0, 5
        loop: addi a0, a0, -1
        bnez a0, loop
        j    zkhub_halt
        .data
    table: .word 1, 2, loop
    ''')

Labels, ``.text .data .word .half .byte .space .align .equ``, all RV32IM instructions, the precompiles ``keccak a0``,
``mulmod a0, a1``, ``ecadd a0, a1``, ``ecdbl a0``, and the usual pseudo-instructions. Without a label ``zkhub_halt`` one
is put at the end of the code. Execution starts at ``_start``, or else at the first instruction.
"""

import re
import struct
from dataclasses import dataclass, field

from zkvm.emulator.elf import Program, load

TEXT_AT = 0x0000_1000
DATA_AT = 0x0010_0000

_NAMES = "zero ra sp gp tp t0 t1 t2 s0 s1 a0 a1 a2 a3 a4 a5 a6 a7 s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 t3 t4 t5 t6"
REGISTERS = {f"x{i}": i for i in range(32)} | {name: i for i, name in enumerate(_NAMES.split())}
REGISTERS["fp"] = 8

R_TYPE = {
    "add": (0x00, 0), "sub": (0x20, 0), "sll": (0x00, 1), "slt": (0x00, 2), "sltu": (0x00, 3), "xor": (0x00, 4),
    "srl": (0x00, 5), "sra": (0x20, 5), "or": (0x00, 6), "and": (0x00, 7),
    "mul": (0x01, 0), "mulh": (0x01, 1), "mulhsu": (0x01, 2), "mulhu": (0x01, 3),
    "div": (0x01, 4), "divu": (0x01, 5), "rem": (0x01, 6), "remu": (0x01, 7),
}  # fmt: skip
I_TYPE = {"addi": 0, "slti": 2, "sltiu": 3, "xori": 4, "ori": 6, "andi": 7}
SHIFTS = {"slli": (0x00, 1), "srli": (0x00, 5), "srai": (0x20, 5)}
LOADS = {"lb": 0, "lh": 1, "lw": 2, "lbu": 4, "lhu": 5}
STORES = {"sb": 0, "sh": 1, "sw": 2}
BRANCHES = {"beq": 0, "bne": 1, "blt": 4, "bge": 5, "bltu": 6, "bgeu": 7}
PRECOMPILES = {"keccak": 0, "mulmod": 1, "ecadd": 2, "ecdbl": 3}
SYSTEM = {"ecall": 0x0000_0073, "ebreak": 0x0010_0073, "fence": 0x0FF0_000F}

PSEUDO = {
    "nop": "addi zero zero 0", "mv": "addi {0} {1} 0", "not": "xori {0} {1} -1", "neg": "sub {0} zero {1}",
    "seqz": "sltiu {0} {1} 1", "snez": "sltu {0} zero {1}", "beqz": "beq {0} zero {1}", "bnez": "bne {0} zero {1}",
    "j": "jal zero {0}", "call": "jal ra {0}", "jr": "jalr zero 0({0})", "ret": "jalr zero 0(ra)",
    "halt": "jal zero zkhub_halt", "trap": "jalr zero 0(zero)",
}  # fmt: skip


class AssemblyError(ValueError):
    """The text cannot be assembled."""


def r_type(f7: int, f3: int, rd: int, rs1: int, rs2: int, opcode: int = 0x33) -> int:
    return f7 << 25 | rs2 << 20 | rs1 << 15 | f3 << 12 | rd << 7 | opcode


def i_type(f3: int, rd: int, rs1: int, immediate: int, opcode: int = 0x13) -> int:
    return (_fits(immediate, 12) & 0xFFF) << 20 | rs1 << 15 | f3 << 12 | rd << 7 | opcode


def s_type(f3: int, rs1: int, rs2: int, immediate: int) -> int:
    value = _fits(immediate, 12) & 0xFFF
    return (value >> 5) << 25 | rs2 << 20 | rs1 << 15 | f3 << 12 | (value & 31) << 7 | 0x23


def b_type(f3: int, rs1: int, rs2: int, offset: int) -> int:
    value = _fits(offset, 13) & 0x1FFF
    high = (value >> 12) << 31 | (value >> 5 & 63) << 25
    return high | rs2 << 20 | rs1 << 15 | f3 << 12 | (value >> 1 & 15) << 8 | (value >> 11 & 1) << 7 | 0x63


def u_type(rd: int, upper: int, opcode: int) -> int:
    return (upper & 0xFFFFF) << 12 | rd << 7 | opcode


def j_type(rd: int, offset: int) -> int:
    value = _fits(offset, 21) & 0x1FFFFF
    bits = (value >> 20) << 31 | (value >> 1 & 1023) << 21 | (value >> 11 & 1) << 20 | (value >> 12 & 255) << 12
    return bits | rd << 7 | 0x6F


def _fits(value: int, bits: int) -> int:
    if not -(1 << (bits - 1)) <= value < 1 << (bits - 1):
        raise AssemblyError(f"{value} does not fit {bits} bits")
    return value


def assemble(source: str, *, text_at: int = TEXT_AT, data_at: int = DATA_AT) -> Program:
    """The program that ``source`` spells."""
    return load(assemble_elf(source, text_at=text_at, data_at=data_at))


def assemble_elf(source: str, *, text_at: int = TEXT_AT, data_at: int = DATA_AT) -> bytes:
    """The same, as the bytes of its ELF file."""
    sections = {".text": _Section(text_at), ".data": _Section(data_at)}
    labels: dict[str, int] = {}
    lines = _statements(source)
    if not any(label == "zkhub_halt" for label, _, _ in lines):
        lines += [("", ".text", []), ("zkhub_halt", "j", ["zkhub_halt"])]
    for final in (False, True):
        here = sections[".text"]
        for section in sections.values():
            section.data.clear()
        for label, name, operands in lines:
            if label:
                labels[label] = here.here
            if name in sections:
                here = sections[name]
            elif name == ".equ":
                labels[operands[0]] = _Encoder(labels, 0, True).value(operands[1])
            elif name:
                here.data += _Encoder(labels, here.here, final).encode(name, operands)
    entry = labels.get("_start", text_at)
    return elf_file(entry, text_at, bytes(sections[".text"].data), data_at, bytes(sections[".data"].data), labels)


@dataclass
class _Section:
    address: int
    data: bytearray = field(default_factory=bytearray)

    @property
    def here(self) -> int:
        return self.address + len(self.data)


def _statements(source: str) -> list[tuple[str, str, list[str]]]:
    found = []
    for raw in source.splitlines():
        line = re.split(r"#|//", raw)[0].strip()
        while match := re.match(r"([A-Za-z_.$][\w.$]*):\s*", line):
            found.append((match[1], "", []))
            line = line[match.end() :]
        if line:
            name, _, rest = line.partition(" ")
            found.append(("", name.lower(), [part.strip() for part in rest.split(",")] if rest.strip() else []))
    return found


@dataclass
class _Encoder:
    labels: dict[str, int]
    here: int
    final: bool

    def value(self, text: str) -> int:
        """A number, a label, or a sum of them; in the first pass an unknown label counts as here."""
        total = 0
        for sign, term in re.findall(r"([+-]?)\s*([\w.$]+)", text):
            if term[0].isdigit():
                number = int(term, 0)
            elif term in self.labels:
                number = self.labels[term]
            elif self.final:
                raise AssemblyError(f"unknown label {term!r}")
            else:
                number = self.here
            total += -number if sign == "-" else number
        return total

    def encode(self, name: str, operands: list[str]) -> bytes:
        if name.startswith("."):
            return self._directive(name, operands)
        words = self._instruction(name, operands)
        return b"".join(struct.pack("<I", word & 0xFFFF_FFFF) for word in words)

    def _directive(self, name: str, operands: list[str]) -> bytes:
        sizes = {".word": 4, ".half": 2, ".byte": 1}
        if name in sizes:
            size = sizes[name]
            return b"".join((self.value(item) % (1 << 8 * size)).to_bytes(size, "little") for item in operands)
        if name == ".space":
            return bytes(self.value(operands[0]))
        if name == ".align":
            return bytes(-self.here % (1 << self.value(operands[0])))
        if name in (".globl", ".global"):
            return b""
        raise AssemblyError(f"unknown directive {name}")

    def _instruction(self, name: str, ops: list[str]) -> list[int]:
        pseudo = self._pseudo(name, ops)
        if pseudo is not None:
            return [word for line in pseudo for word in self._plain(*line)]
        return self._plain(name, ops)

    def _plain(self, name: str, ops: list[str]) -> list[int]:
        reg = [REGISTERS.get(operand, 0) for operand in ops]
        if name in R_TYPE:
            _registers(ops)
            return [r_type(*R_TYPE[name], *reg)]
        if name in SHIFTS:
            f7, f3 = SHIFTS[name]
            return [r_type(f7, f3, reg[0], reg[1], self.value(ops[2]), 0x13)]
        if name in I_TYPE:
            return [i_type(I_TYPE[name], reg[0], reg[1], self.value(ops[2]))]
        if name in LOADS or name == "jalr":
            offset, base = self._address(ops[1])
            return [i_type(LOADS.get(name, 0), reg[0], base, offset, 0x67 if name == "jalr" else 0x03)]
        if name in STORES:
            offset, base = self._address(ops[1])
            return [s_type(STORES[name], base, reg[0], offset)]
        if name in BRANCHES:
            return [b_type(BRANCHES[name], reg[0], reg[1], self._offset(ops[2]))]
        if name == "jal":
            target = ops[-1]
            return [j_type(reg[0] if len(ops) == 2 else 1, self._offset(target))]
        if name in ("lui", "auipc"):
            return [u_type(reg[0], self.value(ops[1]), 0x37 if name == "lui" else 0x17)]
        if name in PRECOMPILES:
            y = reg[1] if len(ops) > 1 else (reg[0] if name == "ecdbl" else 0)
            return [r_type(0, PRECOMPILES[name], 0, reg[0], y, 0x0B)]
        if name in SYSTEM:
            return [SYSTEM[name]]
        raise AssemblyError(f"unknown instruction {name}")

    def _offset(self, target: str) -> int:
        return self.value(target) - self.here if self.final else 0

    def _address(self, text: str) -> tuple[int, int]:
        match = re.fullmatch(r"(.*)\((\w+)\)", text)
        if not match:
            raise AssemblyError(f"{text!r} is no offset(register)")
        return (self.value(match[1]) if match[1].strip() else 0), REGISTERS[match[2]]

    def _pseudo(self, name: str, ops: list[str]) -> list[tuple[str, list[str]]] | None:
        if name in ("li", "la"):
            return self._load_immediate(ops[0], self.value(ops[1]), short=name == "li")
        if name not in PSEUDO:
            return None
        real, *operands = PSEUDO[name].split()
        return [(real, [operand.format(*ops) for operand in operands])]

    def _load_immediate(self, rd: str, value: int, *, short: bool) -> list[tuple[str, list[str]]]:
        value = (value + (1 << 31)) % (1 << 32) - (1 << 31)
        if short and -2048 <= value < 2048:
            return [("addi", [rd, "zero", str(value)])]
        low = (value + 2048) % 4096 - 2048
        return [("lui", [rd, str((value - low) >> 12 & 0xFFFFF)]), ("addi", [rd, rd, str(low)])]


def _registers(operands: list[str]) -> None:
    for operand in operands:
        if operand not in REGISTERS:
            raise AssemblyError(f"{operand!r} is no register")


def elf_file(
    entry: int, text_at: int, text: bytes, data_at: int = 0, data: bytes = b"", symbols: dict[str, int] | None = None
) -> bytes:
    """A 32-bit RISC-V executable with one code and one data segment, and a symbol table."""
    names, table = bytearray(b"\0"), bytearray(16)
    for name, address in (symbols or {}).items():
        in_text = text_at <= address < text_at + len(text)
        table += struct.pack("<IIIBBH", len(names), address, 0, 2 if in_text else 0, 0, 1)
        names += name.encode() + b"\0"
    segments = [(text_at, text, 5)] + ([(data_at, data, 6)] if data else [])
    at = 52 + 32 * len(segments)
    headers, body = b"", b""
    for address, content, flags in segments:
        headers += struct.pack("<8I", 1, at + len(body), address, address, len(content), len(content), flags, 4)
        body += content
    symbols_at = at + len(body)
    names_at = symbols_at + len(table)
    sections_at = names_at + len(names)
    sections = bytes(40)
    sections += struct.pack("<10I", 0, 2, 0, 0, symbols_at, len(table), 2, 1, 4, 16)
    sections += struct.pack("<10I", 0, 3, 0, 0, names_at, len(names), 0, 0, 1, 0)
    ident = b"\x7fELF\x01\x01\x01" + bytes(9)
    header = struct.pack(
        "<16sHHIIIIIHHHHHH", ident, 2, 243, 1, entry, 52, sections_at, 0, 52, 32, len(segments), 40, 3, 0
    )
    return header + headers + body + bytes(table) + bytes(names) + sections
