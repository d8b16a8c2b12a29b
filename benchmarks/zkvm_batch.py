"""What a transaction costs in the zkVM, its part of the batch's state proof included: cycles, and cells by 64.

64 is what an instruction commits on average, so the second number is in cycles, too: precompiles' tables are in it.
Each batch holds twenty transactions of one kind, from as many senders, on a state of 10,000 accounts; the tokens have
10,000 holders.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

from eth_account import Account
from eth_account.signers.local import LocalAccount

from benchmarks.evm import _TOKEN, assemble
from benchmarks.measure import Figure
from chain_template.primitives import keccak, to_int
from contracts.genesis import GenesisAccount
from tests.unit.chain_template.batcher.toy_chain import ToyChain, word
from zkvm.emulator.cost import Cost
from zkvm.emulator.opcodes import MAX_CYCLES
from zkvm.emulator.profile import profile
from zkvm.guest import batch_program, run_in_the_zkvm

ACCOUNTS, TRANSACTIONS, CELLS, MOST = 10_000, 20, 64, 12
GOAL_CYCLES = 200_000
COIN, OTHER_COIN, POOL = b"\xc0" * 20, b"\xc1" * 20, b"\xb0" * 20

#: Reserves in slots 0 and 1; takes calldata[0], keeps the product constant but for the fee, pays by two tokens' calls.
_SWAP = f"""
0 CALLDATALOAD DUP1 997 MUL 0 SLOAD 1 SLOAD DUP1 DUP4 MUL DUP4 1000 DUP5 MUL ADD SWAP1 DIV
DUP1 DUP3 SUB 1 SSTORE DUP5 DUP4 ADD 0 SSTORE
0xa9059cbb 224 SHL 0 MSTORE 0x1234 4 MSTORE DUP5 36 MSTORE 32 0 68 0 0 {to_int(COIN)} GAS CALL POP
CALLER 4 MSTORE DUP1 36 MSTORE 32 0 68 0 0 {to_int(OTHER_COIN)} GAS CALL POP
0 MSTORE CALLER 0xd78ad95fa46c994b6551d0da85fc275fe613ce37657fb8d5e3d130840159d822 32 0 LOG2 STOP
"""


@dataclass(frozen=True)
class Bench:
    """A chain with many accounts, and twenty of them that send."""

    chain: ToyChain
    senders: list[LocalAccount]
    others: list[bytes]

    @classmethod
    def make(cls, count: int = TRANSACTIONS) -> "Bench":
        """With that many senders, at most 255."""
        rnd = random.Random(1)
        senders = [Account.from_key(bytes([1] * 31 + [at + 1])) for at in range(count)]
        addresses = [bytes.fromhex(sender.address[2:]) for sender in senders]
        others = [rnd.randbytes(20) for _ in range(ACCOUNTS - count)]
        holders = {_slot(holder): rnd.randrange(10**18, 10**24) for holder in (*addresses, *others, POOL)}
        more = [GenesisAccount(address, b"", {}, rnd.randrange(10**18, 10**20), 0) for address in (*addresses, *others)]
        more += [GenesisAccount(coin, assemble(_TOKEN), holders, 0, 1) for coin in (COIN, OTHER_COIN)]
        more.append(GenesisAccount(POOL, assemble(_SWAP), {0: 10**24, 1: 10**24}, 0, 1))
        return cls(ToyChain(more=more), senders, others)

    def transfers(self) -> bytes:
        """The input of a batch in which every sender sends ETH to somebody else."""
        return self.batch(lambda at: {"to": self.others[7 * at], "value": 10**15 + at})

    def batch(self, make: Callable[[int], dict[str, object]]) -> bytes:
        """The input of a batch of one block, with transactions of these fields."""
        block = self.chain.add(
            *(self.chain.call(sender, gas=200_000, **make(at)) for at, sender in enumerate(self.senders))
        )
        assert all(receipt.status == 1 for receipt in block.receipts)
        number = block.header.number
        return self.chain.batch(number, number).batch_input


def _slot(holder: bytes) -> int:
    return to_int(keccak(bytes(12) + holder + bytes(32)))


def _transfer(to: bytes, amount: int) -> bytes:
    return bytes.fromhex("a9059cbb") + bytes(12) + to + word(amount)


def by_function(data: bytes) -> str:
    """The functions that take most cycles of their own."""
    functions = sorted(profile(batch_program(), data).functions, key=lambda function: -function.own.main)
    return ", ".join(f"{function.name} {function.own.main // TRANSACTIONS:,}" for function in functions[:MOST])


def _figures(name: str, data: bytes, goal: int | None = None) -> list[Figure]:
    cost: Cost | None = run_in_the_zkvm(data, 8 * MAX_CYCLES).cost
    assert cost is not None
    notes = f"own cycles by function: {by_function(data)}"
    goal_name = "the goal" if goal else ""
    return [
        Figure(f"{name}: cycles", "cycles", "lower", cost.main / TRANSACTIONS, notes=notes),
        Figure(f"{name}: cells by 64", "cycles", "lower", round(cost.cells / CELLS / TRANSACTIONS), goal, goal_name),
    ]


def figures() -> list[Figure]:
    """ETH transfer, ERC-20 transfer, swap."""
    bench = Bench.make()
    coins = bench.transfers()
    tokens = bench.batch(lambda at: {"to": COIN, "data": _transfer(bench.others[11 * at], 10**15 + at)})
    swaps = bench.batch(lambda at: {"to": POOL, "data": word(10**15 + at)})
    return [
        *_figures("ETH transfer in the zkVM", coins, GOAL_CYCLES),
        *_figures("ERC-20 transfer in the zkVM", tokens),
        *_figures("swap-like call in the zkVM", swaps),
    ]
