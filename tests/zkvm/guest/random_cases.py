"""Random states, programs and transactions: everything follows from a seed."""

from dataclasses import dataclass, replace
from functools import cache
from random import Random

from chain_template.transactions.types import AccessListEntry, Transaction
from contracts.genesis import GenesisAccount
from tests.zkvm.guest.crypto import published
from tests.zkvm.guest.differential import CHAIN_ID

SENDER = b"\xb1" * 20
CONTRACTS = [bytes([byte]) * 20 for byte in (0xB2, 0xB3, 0xB4)]
NOBODY, PLAIN, HOLLOW = b"\xbe" * 20, b"\xb5" * 20, b"\xb6" * 20
PUSH1, PUSH2, DUP1, SWAP1, JUMP, JUMPI, JUMPDEST, GAS = 0x60, 0x61, 0x80, 0x90, 0x56, 0x57, 0x5B, 0x5A
MSTORE, SSTORE, CODECOPY, CALLDATACOPY, CREATE, CREATE2, STATICCALL = 0x52, 0x55, 0x39, 0x37, 0xF0, 0xF5, 0xFA
RETURNDATACOPY, RETURNDATASIZE, KECCAK256, CALLDATASIZE = 0x3E, 0x3D, 0x20, 0x36

#: How many operands each opcode takes; the others take none.
OPERANDS = {
    **dict.fromkeys([*range(0x01, 0x08), 0x0A, 0x0B, *range(0x10, 0x15), *range(0x16, 0x19), *range(0x1A, 0x1E)], 2),
    **dict.fromkeys([0x08, 0x09, 0x37, 0x39, 0x3E, 0x5E, 0xF0], 3),
    **dict.fromkeys([0x15, 0x19, 0x31, 0x35, 0x3B, 0x3F, 0x40, 0x49, 0x50, 0x51, 0x54, 0x5C, 0xFF], 1),
    **dict.fromkeys([0x20, 0x52, 0x53, 0x55, 0x5D, 0xA0, 0xF3, 0xFD], 2),
    **dict.fromkeys([0x3C, 0xA2, 0xF5], 4),
    **dict.fromkeys([0xA1], 3),
    **dict.fromkeys([0xA3], 5),
    **dict.fromkeys([0xA4], 6),
    **dict.fromkeys([0xF1, 0xF2], 7),
    **dict.fromkeys([0xF4, 0xFA], 6),
}
MEMORY = frozenset({*range(0x37, 0x3A), 0x20, 0x3C, 0x51, 0x52, 0x53, 0x5E, *range(0xA0, 0xA5), *range(0xF0, 0xF6)})
ENDS = (0xF3, 0xFD, 0xFF, 0x00, 0xFE)
_READS = [*range(0x30, 0x4B), 0x58, 0x59, GAS]
_EDGES = [1 << 255, (1 << 256) - 1, (1 << 64) - 1, 1 << 64, 1 << 32, (1 << 32) - 1, (1 << 255) - 1, 1 << 128, 100_000]
_PRECOMPILES = {
    1: ("recover", "ecRecover"),
    5: ("modexp", "modexp_eip2565"),
    6: ("bn254_add", "bn256Add"),
    7: ("bn254_multiply", "bn256ScalarMul"),
    8: ("bn254_pairing", "bn256Pairing"),
    9: ("blake2f", "blake2F"),
    10: ("kzg", "pointEvaluation"),
}


@dataclass(frozen=True)
class Case:
    """A transaction on a state."""

    seed: int
    accounts: tuple[GenesisAccount, ...]
    tx: Transaction


def push(value: int) -> bytes:
    """The shortest push."""
    data = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return bytes([PUSH1 - 1 + len(data)]) + data


def case(seed: int, *, free: bool = False) -> Case:
    """The case of a seed; ``free`` makes one without storage whose transaction pays no fee and is never refused."""
    chosen = Random(seed)
    accounts = _accounts(chosen)
    if free:
        # Where a sender's nonce is not counted, one with nothing else would be empty.
        accounts = tuple(replace(account, storage={}, nonce=max(account.nonce, 1)) for account in accounts)
    return Case(seed, accounts, _transaction(chosen, accounts, free))


def _accounts(chosen: Random) -> tuple[GenesisAccount, ...]:
    rich = chosen.choice([*[10**20] * 12, 10**15, 0])
    made = [GenesisAccount(SENDER, b"", {}, rich, chosen.choice([0, 0, 7]))]
    for address in CONTRACTS:
        slots = {chosen.randrange(8): _word(chosen) or 1 for _ in range(chosen.randrange(5))}
        made.append(GenesisAccount(address, program(chosen), slots, chosen.choice([0, 5, 10**18]), 1))
    made.append(GenesisAccount(PLAIN, b"", {}, 9, chosen.choice([0, 1])))
    return tuple(made)


def _transaction(chosen: Random, accounts: tuple[GenesisAccount, ...], free: bool) -> Transaction:
    kind = chosen.choice([0, 1, 2, 2])
    fee = 0 if free else chosen.choice([*[7, 10, 10**6] * 6, 6])
    tip = fee if kind < 2 else chosen.choice([0, 1, fee, fee + (0 if free else chosen.choice([0, 0, 0, 1]))])
    nonce = accounts[0].nonce + (0 if free or chosen.random() < 0.95 else chosen.choice([1, 5]))
    to = chosen.choice(
        [*CONTRACTS, *CONTRACTS, CONTRACTS[0], PLAIN, NOBODY, HOLLOW, None, None, _number_address(chosen)]
    )
    data = program(chosen) if to is None else _data(chosen)
    gas = chosen.choice([60_000, 100_000, 200_000, 400_000, chosen.randrange(21_000, 60_000)])
    if free:
        gas += 60_000
    value = chosen.choice([0, 0, 1, 10**9, 10**19])
    if free and value > accounts[0].balance:
        value = 0
    listed = _access_list(chosen) if kind else ()
    tx = Transaction(kind, bytes(32), b"", SENDER, to, nonce, CHAIN_ID, gas, fee, tip, value, data, listed)
    return replace(tx, max_priority_fee_per_gas=0) if free else tx


def _access_list(chosen: Random) -> tuple[AccessListEntry, ...]:
    addresses = [*CONTRACTS, NOBODY, SENDER, _number_address(chosen)]
    return tuple(
        AccessListEntry(chosen.choice(addresses), tuple(chosen.randrange(9) for _ in range(chosen.randrange(4))))
        for _ in range(chosen.randrange(4))
    )


def _number_address(chosen: Random) -> bytes:
    return chosen.randrange(12).to_bytes(20, "big")


def _data(chosen: Random) -> bytes:
    if chosen.random() < 0.4:
        return chosen.choice(_inputs(chosen.choice(list(_PRECOMPILES))))
    return chosen.randbytes(chosen.choice([0, 4, 36, 100, 300]))


@cache
def _inputs(number: int) -> list[bytes]:
    """Inputs of a precompile that take no time; others where there are no vectors."""
    found = [data for _, data, _ in published(*_PRECOMPILES[number]) if len(data) <= 600]
    return [data for data in found if number != 9 or data[:3] == bytes(3)]


# --- Programs ---


def program(chosen: Random) -> bytes:
    """Snippets with jumps between them, mostly forwards, on a stack that has a few elements from the start."""
    parts = [push(chosen.randrange(1000)) for _ in range(chosen.choice([0, 8, 8]))]
    places: list[int] = []
    uses: list[tuple[int, int]] = []
    size = sum(map(len, parts))
    for _ in range(chosen.randrange(1, 30)):
        if chosen.random() < 0.15:
            places.append(size)
            part = bytes([JUMPDEST])
        elif chosen.random() < 0.1:
            condition = _operand(chosen) if chosen.random() < 0.7 else b""
            uses.append((len(parts), size))
            part = condition + bytes([PUSH2, 0, 0, JUMPI if condition else JUMP])
        else:
            part = _snippet(chosen)
        parts.append(part)
        size += len(part)
    for index, at in uses:
        ahead = [place for place in places if place > at]
        wanted = ahead if ahead and chosen.random() < 0.9 else places
        target = chosen.choice(wanted) if wanted and chosen.random() < 0.95 else chosen.randrange(size + 2)
        part = parts[index]
        parts[index] = part[:-3] + target.to_bytes(2, "big") + part[-1:]
    return b"".join(parts)


def _snippet(chosen: Random) -> bytes:
    kind = chosen.random()
    if kind < 0.45:
        opcode = chosen.choice(list(OPERANDS))
        if opcode in ENDS and chosen.random() < 0.9:
            opcode = SSTORE
        # Far away in memory all gas ends.
        near = opcode in MEMORY and chosen.random() < 0.95
        operands = [push(chosen.randrange(80)) if near else _operand(chosen) for _ in range(OPERANDS[opcode])]
        return b"".join(operands) + bytes([opcode])
    if kind < 0.55:
        return _call(chosen)
    if kind < 0.6:
        return _precompile(chosen)
    if kind < 0.65:
        return _creation(chosen)
    if kind < 0.8:
        return bytes([chosen.choice([*_READS, *range(DUP1, DUP1 + 6), *range(SWAP1, SWAP1 + 4)])])
    if kind < 0.9:
        return push(chosen.randrange(10)) + bytes([SSTORE])
    if kind < 0.95:
        return _operand(chosen)
    if kind < 0.99:
        return bytes([0x5F, 0x20, 0x5D, SSTORE])[chosen.randrange(4) :]
    return chosen.randbytes(chosen.randrange(1, 4))


def _operand(chosen: Random) -> bytes:
    if chosen.random() < 0.1:
        return bytes([chosen.choice(_READS)])
    return push(_word(chosen))


def _word(chosen: Random) -> int:
    kind = chosen.random()
    if kind < 0.6:
        return chosen.randrange(100)
    if kind < 0.7:
        addresses = [SENDER, *CONTRACTS, NOBODY, PLAIN]
        return int.from_bytes(chosen.choice(addresses), "big")
    if kind < 0.85:
        return chosen.choice(_EDGES)
    return chosen.getrandbits(chosen.choice([16, 64, 128, 256]))


def _call(chosen: Random) -> bytes:
    """A call that is likely to be made: to somebody there is, with gas."""
    opcode = chosen.choice([0xF1, 0xF1, 0xF2, 0xF4, 0xFA])
    address = chosen.choice([SENDER, *CONTRACTS, *CONTRACTS, PLAIN, NOBODY, _number_address(chosen)])
    regions = b"".join(push(chosen.randrange(80)) for _ in range(4))
    value = push(chosen.choice([0, 0, 1, 3])) if opcode in (0xF1, 0xF2) else b""
    gas = chosen.choice([bytes([GAS]), push(chosen.randrange(60_000))])
    return regions + value + b"\x73" + address + gas + bytes([opcode])


def _precompile(chosen: Random) -> bytes:
    """The transaction's data through a precompile, and a hash of what comes back into a slot."""
    number = chosen.randrange(1, 11)
    whole = bytes([CALLDATASIZE, 0x5F, 0x5F, CALLDATACOPY])
    called = push(64) + push(32) + bytes([CALLDATASIZE, 0x5F]) + push(number) + bytes([GAS, STATICCALL])
    back = bytes([RETURNDATASIZE, 0x5F, 0x5F, RETURNDATACOPY, RETURNDATASIZE, 0x5F, KECCAK256])
    return whole + called + back + push(number) + bytes([SSTORE]) + push(20) + bytes([SSTORE])


def _creation(chosen: Random) -> bytes:
    """Up to 32 bytes of init code, mostly such that returns some code."""
    code = push(chosen.getrandbits(64)) + bytes([0x5F, MSTORE]) + push(chosen.randrange(33)) + bytes([0x5F, 0xF3])
    if chosen.random() < 0.3:
        code = _snippet(chosen)[:32]
    stored = b"\x7f" + code.ljust(32, b"\0") + bytes([0x5F, MSTORE])
    salted = chosen.random() < 0.5
    salt = push(chosen.randrange(2)) if salted else b""
    return (
        stored
        + salt
        + push(len(code))
        + b"\x5f"
        + push(chosen.choice([0, 0, 1]))
        + bytes([CREATE2 if salted else CREATE])
    )
