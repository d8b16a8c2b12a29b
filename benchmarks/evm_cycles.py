"""What opcodes cost in the zkVM: cycles of the batch program's EVM on RV32IM, and committed cells by 64.

64 is what an instruction commits on average, so the second number is in cycles, too: precompiles' tables are in it.
"""

from collections.abc import Iterator

from benchmarks.evm import assemble
from benchmarks.measure import Figure
from contracts.genesis import GenesisAccount
from tests.zkvm.guest.evm_on_rv32 import on_rv32, request
from zkvm.emulator.cost import Cost

CALLER, CONTRACT = b"\xc1" * 20, b"\xc2" * 20
CELLS = 64
TIMES, ROUNDS = 8, 10
_BIG, _LONG, _UNIT = (1 << 256) - 12345678901234567, (1 << 160) + 12345, 10**18

#: Operands as they are pushed, the uppermost last, and the opcode; then how many elements it leaves on the stack.
OPERATIONS: dict[str, tuple[str, int]] = {
    "JUMPDEST": ("JUMPDEST", 0),
    "PUSH1": ("1", 1),
    "PUSH20": (f"{1 << 159}", 1),
    "PUSH32": (f"{1 << 255}", 1),
    "DUP1": ("DUP1", 1),
    "SWAP1": ("DUP1 SWAP1", 1),
    "CALLER": ("CALLER", 1),
    "ADD": (f"DUP1 {_BIG} ADD", 1),
    "SUB": (f"DUP1 {_BIG} SUB", 1),
    "MUL, long": (f"{_BIG} {_LONG} MUL", 1),
    "MUL, short": ("1000 1000 MUL", 1),
    "DIV, long": (f"{_LONG} {_BIG} DIV", 1),
    "DIV by 10^18": (f"{_UNIT} {_UNIT * 10**9} DIV", 1),
    "MOD": (f"{_LONG} {_BIG} MOD", 1),
    "ADDMOD": (f"{_LONG} {_BIG} {_BIG} ADDMOD", 1),
    "MULMOD": (f"{_LONG} {_BIG} {_LONG >> 1} MULMOD", 1),
    "EXP, 10^18": ("18 10 EXP", 1),
    "LT": (f"{_LONG} {_BIG} LT", 1),
    "EQ": (f"{_LONG} {_BIG} EQ", 1),
    "ISZERO": ("0 ISZERO", 1),
    "AND": (f"{_LONG} {_BIG} AND", 1),
    "SHL": (f"{_LONG} 100 SHL", 1),
    "SHR": (f"{_LONG} 224 SHR", 1),
    "KECCAK256 of 64 bytes": ("64 0 KECCAK256", 1),
    "CALLDATALOAD": ("4 CALLDATALOAD", 1),
    "MLOAD": ("64 MLOAD", 1),
    "MSTORE": (f"{_LONG} 64 MSTORE", 0),
    "SLOAD, warm": ("1 SLOAD", 1),
    "SSTORE, warm": ("DUP1 1 SSTORE", 0),
    "JUMPI, not taken": ("0 1 JUMPI", 0),
    "CALL to nobody": ("0 0 0 0 0 0x9999 0 CALL", 1),
    "STATICCALL of the identity, 32 bytes": ("32 0 32 0 4 10000 STATICCALL", 1),
    "LOG1 of 32 bytes": ("5 32 0 LOG1", 0),
}


def cost(body: str, rounds: int) -> Cost:
    """Of a call that goes through ``body`` so often."""
    code = assemble(f"1 640 MSTORE {rounds} :again {body} 1 SWAP1 SUB DUP1 @again JUMPI STOP")
    accounts = [GenesisAccount(CALLER, b"", {}, 10**20, 0), GenesisAccount(CONTRACT, code, {1: 5}, 0, 1)]
    return on_rv32(request(accounts, 10**9, bytes(68)))[1]


def alone(body: str) -> tuple[float, float]:
    """Cycles and cells by 64 of one execution of ``body``: loops of twice as many rounds, with and without it."""

    def of(text: str) -> Iterator[float]:
        few, many = cost(text, ROUNDS), cost(text, 2 * ROUNDS)
        yield (many.main - few.main) / ROUNDS
        yield (many.cells - few.cells) / ROUNDS / CELLS

    cycles, cells = ((full - empty) / TIMES for full, empty in zip(of(f"{body} " * TIMES), of(""), strict=True))
    return cycles, cells


def figures() -> list[Figure]:
    # What a POP costs cannot be told apart from what else moves the stack: it is taken for a JUMPDEST.
    pop = alone("JUMPDEST")
    found = []
    for name, (body, left) in OPERATIONS.items():
        *operands, _ = body.split()
        taken_off = [alone(f"{operand} POP") for operand in operands]
        measured = alone(f"{body}{' POP' * left}")
        cycles, cells = (
            round(measured[of] - sum(cost[of] for cost in taken_off) + (len(operands) - left) * pop[of], 1)
            for of in (0, 1)
        )
        found.append(
            Figure(
                name=f"cycles in the zkVM: {name}",
                unit="cycles",
                better="lower",
                ours=cycles,
                notes=f"{cells} with the precompiles' tables; operands' pushes are not in it",
            )
        )
    return found
