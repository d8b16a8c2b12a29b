"""What several tests share: keys, a small genesis, contexts and signed transactions."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from eth_account import Account
from eth_account.signers.local import LocalAccount

from chain_template.executor import make_executor
from chain_template.executor.interface import BlockContext, ChainRules, ExecutedBlock, Executor
from chain_template.genesis import genesis_block
from chain_template.headers import BlockHeader
from chain_template.state import StateReader
from chain_template.transactions import Transaction, decode_transaction
from contracts.genesis import GenesisAccount

CHAIN_ID = 271
GWEI = 10**9
ETHER = 10**18
FEE_RECIPIENT = b"\xfe" * 20
BLOCK_GAS = 100_000_000
#: What a :class:`Bench` runs on; tests of every executor set it.
EXECUTOR = "native"

#: Deterministic keys, worthless everywhere.
KEYS: list[LocalAccount] = [Account.from_key(bytes([0] * 30 + [7, i + 1])) for i in range(8)]


def address_of(account: LocalAccount) -> bytes:
    return bytes.fromhex(account.address[2:])


def sign(account: LocalAccount, nonce: int, *, chain_id: int = CHAIN_ID, **fields: Any) -> bytes:
    """A signed type-2 transaction (or another type by ``type``/``gasPrice``)."""
    base: dict[str, Any] = {"chainId": chain_id, "nonce": nonce, "gas": 21_000, "value": 0, "data": b""}
    if "gasPrice" not in fields:
        base |= {"type": 2, "maxFeePerGas": 2 * GWEI, "maxPriorityFeePerGas": 1}
    base |= fields
    if base.get("to", b"") is None:
        del base["to"]
    return bytes(account.sign_transaction(base).raw_transaction)


@dataclass
class Bench:
    """A chain of blocks in memory, to run an executor on.

    Attributes:
        nodes: Every trie node and code so far.
        headers: Block 0 first.
    """

    rules: ChainRules
    accounts: Sequence[GenesisAccount]
    timestamp: int = 1_700_000_000
    base_fee: int = GWEI
    nodes: dict[bytes, bytes] = field(default_factory=dict)
    headers: list[BlockHeader] = field(default_factory=list)

    def __post_init__(self) -> None:
        genesis = genesis_block(
            self.accounts, timestamp=self.timestamp, gas_limit=BLOCK_GAS, base_fee_per_gas=self.base_fee
        )
        self.nodes |= genesis.nodes
        self.headers.append(genesis.header)
        self.executor: Executor = make_executor(EXECUTOR, self.rules)

    @property
    def head(self) -> BlockHeader:
        return self.headers[-1]

    @property
    def state(self) -> StateReader:
        return StateReader(self.nodes, self.head.state_root)

    def context(self, **changes: Any) -> BlockContext:
        values: dict[str, Any] = {
            "parent": self.head,
            "timestamp": self.head.timestamp + 1,
            "fee_recipient": FEE_RECIPIENT,
            "gas_limit": BLOCK_GAS,
            "base_fee_per_gas": self.base_fee,
            "block_hashes": [header.hash for header in reversed(self.headers[-256:])],
        }
        return BlockContext(**(values | changes))

    def add(self, block: ExecutedBlock) -> None:
        self.nodes |= block.new_nodes
        self.headers.append(block.header)

    def run(self, *transactions: Transaction | bytes, **changes: Any) -> ExecutedBlock:
        """Execute transactions as the next block and keep it."""
        decoded = [decode_transaction(tx, CHAIN_ID) if isinstance(tx, bytes) else tx for tx in transactions]
        builder = self.executor.begin_block(self.context(**changes), self.nodes)
        builder.apply(decoded)
        block = builder.seal()
        self.add(block)
        return block


def funded(*extra: GenesisAccount, wei: int = 1_000 * ETHER) -> list[GenesisAccount]:
    """Every test key with a balance, and what else is asked for."""
    return [GenesisAccount(address_of(key), b"", balance=wei, nonce=0) for key in KEYS] + list(extra)


ROOT = Path(__file__).resolve().parents[1]


def npm_tool(name: str) -> str | None:
    """Path of a tool that ``make npm`` installed, or None."""
    # The program itself, not npm's launcher: a signal to the launcher would leave the program running.
    found = sorted((ROOT / "contracts" / "node_modules" / "@foundry-rs").glob(f"{name}-*/bin/{name}"))
    return str(found[0]) if found else None


def wait_for_rpc(url: str, timeout_s: float = 30.0) -> None:
    """Return once the endpoint answers ``eth_chainId``."""
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            httpx.post(url, json={"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": []}).raise_for_status()
            return
        except httpx.HTTPError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
