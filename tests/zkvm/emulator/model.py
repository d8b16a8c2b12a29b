"""RV32IM once more, from the words of the ISA manual and nothing of zkvm: what the emulator is compared with."""

from dataclasses import dataclass, field

M32 = 0xFFFF_FFFF


def s32(value: int) -> int:
    return value - (1 << 32) if value & 0x8000_0000 else value


def alu(f7: int, f3: int, x: int, y: int) -> int:
    """Register-register operations, by funct7 and funct3."""
    if f7 == 1:
        return muldiv(f3, x, y)
    shamt = y & 31
    return {
        0: x - y if f7 else x + y,
        1: x << shamt,
        2: int(s32(x) < s32(y)),
        3: int(x < y),
        4: x ^ y,
        5: s32(x) >> shamt if f7 else x >> shamt,
        6: x | y,
        7: x & y,
    }[f3] & M32


def muldiv(f3: int, x: int, y: int) -> int:
    a, b = s32(x), s32(y)
    if f3 == 0:
        return x * y & M32
    if f3 == 1:
        return a * b >> 32 & M32
    if f3 == 2:
        return a * y >> 32 & M32
    if f3 == 3:
        return x * y >> 32
    if y == 0:
        return M32 if f3 in (4, 5) else x
    if f3 == 5:
        return x // y
    if f3 == 7:
        return x % y
    quotient = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
    return (quotient if f3 == 4 else a - b * quotient) & M32


def taken(f3: int, x: int, y: int) -> bool:
    """Whether a branch is taken."""
    return {0: x == y, 1: x != y, 4: s32(x) < s32(y), 5: s32(x) >= s32(y), 6: x < y, 7: x >= y}[f3]


def extend(value: int, bits: int) -> int:
    """Sign extension to 32 bits."""
    return (value - (1 << bits) if value >> (bits - 1) else value) & M32


@dataclass
class Model:
    """A hart with byte memory; ``step`` runs one instruction."""

    code: dict[int, int]
    pc: int
    memory: dict[int, int] = field(default_factory=dict)
    x: list[int] = field(default_factory=lambda: [0] * 32)

    def load(self, address: int, size: int) -> int:
        return sum(self.memory.get((address + i) & M32, 0) << 8 * i for i in range(size))

    def store(self, address: int, size: int, value: int) -> None:
        for i in range(size):
            self.memory[(address + i) & M32] = value >> 8 * i & 255

    def step(self) -> None:
        word = self.code[self.pc]
        opcode, rd, f3 = word & 127, word >> 7 & 31, word >> 12 & 7
        a, b, f7 = self.x[word >> 15 & 31], self.x[word >> 20 & 31], word >> 25
        imm_i = extend(word >> 20, 12)
        next_pc, result = self.pc + 4, None
        if opcode == 0x33:
            result = alu(f7, f3, a, b)
        elif opcode == 0x13:
            result = alu(f7 if f3 == 5 else 0, f3, a, imm_i & 31 if f3 in (1, 5) else imm_i)
        elif opcode == 0x37:
            result = word & 0xFFFFF000
        elif opcode == 0x17:
            result = self.pc + (word & 0xFFFFF000) & M32
        elif opcode == 0x03:
            size = 1 << (f3 & 3)
            value = self.load(a + imm_i, size)
            result = value if f3 & 4 else extend(value, 8 * size)
        elif opcode == 0x23:
            self.store(a + extend(f7 << 5 | rd, 12), 1 << f3, b)
        elif opcode in (0x63, 0x6F, 0x67):
            result = None if opcode == 0x63 else self.pc + 4
            next_pc = self._target(word, a, b)
        elif opcode != 0x0F:
            raise AssertionError(f"the model does not know {word:#010x}")
        if result is not None and rd:
            self.x[rd] = result & M32
        self.pc = next_pc & M32

    def _target(self, word: int, a: int, b: int) -> int:
        if word & 127 == 0x67:
            return a + extend(word >> 20, 12) & ~1
        if word & 127 == 0x6F:
            offset = (word >> 31) << 20 | (word >> 12 & 255) << 12 | (word >> 20 & 1) << 11 | (word >> 21 & 1023) << 1
            return self.pc + extend(offset, 21)
        offset = (word >> 31) << 12 | (word >> 7 & 1) << 11 | (word >> 25 & 63) << 5 | (word >> 8 & 15) << 1
        return self.pc + (extend(offset, 13) if taken(word >> 12 & 7, a, b) else 4)
