"""Instructions as rows of the ROM: what an instruction *is* to the machine.

With x = rs1 + immx and y = rs2 + immy a row says: compute c from x and y (by ``op``, or by the flag that is 1), write
it to rd, go on at base + c * delta (JALR: at x with bit 0 cleared).
"""

from typing import Final, NamedTuple, Protocol

from zkvm.emulator.opcodes import DUMMY, Op

MASK: Final = 0xFFFF_FFFF
_FIELD: Final = 2**64 - 2**32 + 1


class RomRow(NamedTuple):
    """The fixed columns of the ROM, in their order."""

    pc: int
    rs1: int
    rs2: int
    rd: int
    immx: int
    immy: int
    base: int
    delta: int
    op: int
    f_add: int
    f_sub: int
    f_eq: int
    f_jalr: int


class HasCode(Protocol):
    """What ``rom_rows`` needs of a program."""

    @property
    def code(self) -> dict[int, int]:
        """Instruction words by address."""

    @property
    def halt_pc(self) -> int:
        """Address that ends the run."""


def rom_rows(program: HasCode) -> list[RomRow]:
    """All instructions of the program by address, then the halt row; words that are no instruction have no row."""
    rows = [
        row
        for pc, word in sorted(program.code.items())
        if pc != program.halt_pc and (row := decode(pc, word)) is not None
    ]
    return [*rows, halt_row(program.halt_pc)]


def halt_row(pc: int) -> RomRow:
    """The row that ends the run: it leads to itself."""
    return RomRow(pc, 0, 0, DUMMY, 0, 0, pc, 0, Op.NONE, 1, 0, 0, 0)


def decode(pc: int, word: int) -> RomRow | None:
    """The row of the instruction ``word`` at ``pc``; None if the machine has no such instruction."""
    decoder = _DECODERS.get(word & 0x7F)
    return decoder(pc, word) if decoder else None


def _row(
    pc: int,
    *,
    rs1: int = 0,
    rs2: int = 0,
    rd: int = 0,
    immx: int = 0,
    immy: int = 0,
    base: int | None = None,
    delta: int = 0,
    op: Op = Op.NONE,
    flag: str = "",
) -> RomRow:
    return RomRow(
        pc=pc,
        rs1=rs1,
        rs2=rs2,
        rd=rd or DUMMY,
        immx=immx & MASK,
        immy=immy & MASK,
        base=(pc + 4 if base is None else base) & MASK,
        delta=delta % _FIELD,
        op=op,
        f_add=int(flag == "add"),
        f_sub=int(flag == "sub"),
        f_eq=int(flag == "eq"),
        f_jalr=int(flag == "jalr"),
    )


def _rd(word: int) -> int:
    return word >> 7 & 31


def _rs1(word: int) -> int:
    return word >> 15 & 31


def _rs2(word: int) -> int:
    return word >> 20 & 31


def _f3(word: int) -> int:
    return word >> 12 & 7


def _f7(word: int) -> int:
    return word >> 25


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) else value


def _imm_i(word: int) -> int:
    return _signed(word >> 20, 12)


def _imm_s(word: int) -> int:
    return _signed(_f7(word) << 5 | _rd(word), 12)


def _imm_b(word: int) -> int:
    value = (word >> 31) << 12 | (word >> 7 & 1) << 11 | (word >> 25 & 63) << 5 | (word >> 8 & 15) << 1
    return _signed(value, 13)


def _imm_j(word: int) -> int:
    value = (word >> 31) << 20 | (word >> 12 & 255) << 12 | (word >> 20 & 1) << 11 | (word >> 21 & 1023) << 1
    return _signed(value, 21)


# The operation by funct3; a flag where MAIN does it by itself.
_REGISTER: Final[dict[tuple[int, int], Op | str]] = {
    (0x00, 0): "add",
    (0x20, 0): "sub",
    (0x00, 1): Op.SLL,
    (0x00, 2): Op.SLT,
    (0x00, 3): Op.SLTU,
    (0x00, 4): Op.XOR,
    (0x00, 5): Op.SRL,
    (0x20, 5): Op.SRA,
    (0x00, 6): Op.OR,
    (0x00, 7): Op.AND,
    (0x01, 0): Op.MUL,
    (0x01, 1): Op.MULH,
    (0x01, 2): Op.MULHSU,
    (0x01, 3): Op.MULHU,
    (0x01, 4): Op.DIV,
    (0x01, 5): Op.DIVU,
    (0x01, 6): Op.REM,
    (0x01, 7): Op.REMU,
}
_LOADS: Final = {0: Op.LB, 1: Op.LH, 2: Op.LW, 4: Op.LBU, 5: Op.LHU}
_STORES: Final = {0: Op.SB, 1: Op.SH, 2: Op.SW}
_BRANCHES: Final[dict[int, Op | str]] = {0: "eq", 1: "eq", 4: Op.SLT, 5: Op.SLT, 6: Op.SLTU, 7: Op.SLTU}
_CALLS: Final = {0: Op.KECCAK, 1: Op.MULMOD, 2: Op.ECADD, 3: Op.ECDBL}


def _operation(pc: int, what: Op | str, *, rs1: int, rs2: int = 0, rd: int = 0, immy: int = 0) -> RomRow:
    if isinstance(what, Op):
        return _row(pc, rs1=rs1, rs2=rs2, rd=rd, immy=immy, op=what)
    return _row(pc, rs1=rs1, rs2=rs2, rd=rd, immy=immy, flag=what)


def _register_op(pc: int, word: int) -> RomRow | None:
    what = _REGISTER.get((_f7(word), _f3(word)))
    return None if what is None else _operation(pc, what, rs1=_rs1(word), rs2=_rs2(word), rd=_rd(word))


def _immediate_op(pc: int, word: int) -> RomRow | None:
    f3 = _f3(word)
    if f3 in (1, 5):
        what, immediate = _REGISTER.get((_f7(word), f3)), _rs2(word)
        if not isinstance(what, Op) or what not in (Op.SLL, Op.SRL, Op.SRA):
            return None
    else:
        what, immediate = _REGISTER[0, f3], _imm_i(word)
    return _operation(pc, what, rs1=_rs1(word), rd=_rd(word), immy=immediate)


def _load(pc: int, word: int) -> RomRow | None:
    op = _LOADS.get(_f3(word))
    return None if op is None else _row(pc, rs1=_rs1(word), rd=_rd(word), immx=_imm_i(word), op=op)


def _store(pc: int, word: int) -> RomRow | None:
    op = _STORES.get(_f3(word))
    return None if op is None else _row(pc, rs1=_rs1(word), rs2=_rs2(word), immx=_imm_s(word), op=op)


def _branch(pc: int, word: int) -> RomRow | None:
    what = _BRANCHES.get(_f3(word))
    if what is None:
        return None
    next_pc, target = (pc + 4) & MASK, (pc + _imm_b(word)) & MASK
    # Odd funct3 (BNE, BGE, BGEU) branch where the comparison gives 0.
    if_not, if_so = (target, next_pc) if _f3(word) & 1 else (next_pc, target)
    row = _operation(pc, what, rs1=_rs1(word), rs2=_rs2(word))
    return row._replace(base=if_not, delta=(if_so - if_not) % _FIELD)


def _jal(pc: int, word: int) -> RomRow:
    return _row(pc, rd=_rd(word), immy=pc + 4, base=pc + _imm_j(word), flag="add")


def _jalr(pc: int, word: int) -> RomRow | None:
    if _f3(word) != 0:
        return None
    return _row(pc, rs1=_rs1(word), rd=_rd(word), immx=_imm_i(word), immy=pc + 4, base=0, flag="jalr")


def _lui(pc: int, word: int) -> RomRow:
    return _row(pc, rd=_rd(word), immy=word & 0xFFFF_F000, flag="add")


def _auipc(pc: int, word: int) -> RomRow:
    return _row(pc, rd=_rd(word), immy=pc + (word & 0xFFFF_F000), flag="add")


def _fence(pc: int, word: int) -> RomRow | None:
    return _row(pc, flag="add") if _f3(word) == 0 else None


def _call(pc: int, word: int) -> RomRow | None:
    op = _CALLS.get(_f3(word))
    if op is None or _f7(word) != 0:
        return None
    return _row(pc, rs1=_rs1(word), rs2=_rs2(word), rd=_rd(word), op=op)


_DECODERS: Final = {
    0x03: _load,
    0x0B: _call,
    0x0F: _fence,
    0x13: _immediate_op,
    0x17: _auipc,
    0x23: _store,
    0x33: _register_op,
    0x37: _lui,
    0x63: _branch,
    0x67: _jalr,
    0x6F: _jal,
}
