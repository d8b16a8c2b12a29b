"""A chain executed once and stored many times: real blocks with transfers, logs, messages, creations and deposits."""

import copy
import json
from dataclasses import dataclass, field
from pathlib import Path

from chain_template.executor.interface import ChainRules, ExecutedBlock, Included
from chain_template.genesis import Genesis
from chain_template.headers import BlockHeader
from chain_template.primitives import L1_MESSENGER_ADDRESS
from chain_template.store import BatchRecord, BatchStage, L1Cursor, PriorityOperation, Store
from chain_template.transactions import Transaction
from chain_template.transactions.stored import decode_block_transaction
from contracts.codec import abi_encode
from contracts.genesis import GenesisAccount, ether, l2_genesis_accounts
from contracts.messages import L2CanonicalTransaction
from tests.support import CHAIN_ID, GWEI, KEYS, Bench, address_of, funded, sign

#: Creation code that deploys one byte (STOP).
CREATE_ONE_BYTE = bytes.fromhex("60015f5360015ff3")
#: revert(0, 0)
REVERTER = b"\x4e" * 20


def logger_code(topics: int) -> bytes:
    """Emits a log with that many topics out of the call data, and the rest of the call data as its data."""
    load = b"".join(bytes([0x60, 32 * at, 0x35]) for at in reversed(range(topics)))
    skip = bytes([0x60, 32 * topics])
    return load + skip + bytes.fromhex("3603") + b"\x80" + skip + bytes.fromhex("5f375f") + bytes([0xA0 + topics, 0])


def logger_address(topics: int, copy_number: int = 0) -> bytes:
    return bytes([0x10 + copy_number]) * 19 + bytes([topics])


def topic(value: int) -> bytes:
    return value.to_bytes(32, "big")


def genesis_accounts() -> list[GenesisAccount]:
    loggers = [GenesisAccount(logger_address(n, c), logger_code(n)) for n in range(5) for c in range(2)]
    system = l2_genesis_accounts(CHAIN_ID, 31337, ether(31337), bytes(20))
    return funded(*system, *loggers, GenesisAccount(REVERTER, bytes.fromhex("5f5ffd")))


@dataclass
class World:
    """A chain under construction. ``fork`` goes on from an earlier block without touching the original."""

    bench: Bench = field(default_factory=lambda: Bench(ChainRules(CHAIN_ID), genesis_accounts()))
    blocks: list[ExecutedBlock] = field(default_factory=list)
    nonces: dict[int, int] = field(default_factory=dict)
    deposits: int = 0

    def __post_init__(self) -> None:
        self.genesis = Genesis(self.bench.head, dict(self.bench.nodes))

    def send(self, key: int, to: bytes | None, data: bytes = b"", value: int = 0, gas: int = 400_000) -> Transaction:
        nonce = self.nonces.get(key, 0)
        self.nonces[key] = nonce + 1
        raw = sign(KEYS[key], nonce, to=to, data=data, value=value, gas=gas)
        return decode_block_transaction(raw, CHAIN_ID)

    def transfer(self, key: int, to: int, value: int = 1) -> Transaction:
        return self.send(key, address_of(KEYS[to]), value=value)

    def log(self, key: int, *topics: int, data: bytes = b"", logger: int = 0) -> Transaction:
        return self.send(key, logger_address(len(topics), logger), b"".join(map(topic, topics)) + data)

    def message(self, key: int, text: bytes) -> Transaction:
        return self.send(key, L1_MESSENGER_ADDRESS, bytes.fromhex("62f84b24") + abi_encode(["bytes"], [text]))

    def deposit(self) -> Transaction:
        operation = operation_of(self.deposits)
        self.deposits += 1
        return decode_block_transaction(b"\x7f" + operation.canonical, CHAIN_ID)

    def block(self, *transactions: Transaction) -> ExecutedBlock:
        builder = self.bench.executor.begin_block(self.bench.context(), self.bench.nodes)
        for outcome in builder.apply(transactions):
            assert isinstance(outcome, Included), outcome.error
        block = builder.seal()
        self.bench.add(block)
        self.blocks.append(block)
        return block

    def mixed_block(self, seed: int) -> ExecutedBlock:
        """A block with a bit of everything."""
        transactions = [
            self.deposit(),
            self.transfer(0, seed % 8),
            self.log(1, 1, seed, 7, data=b"x" * seed),
            self.log(2, 2, seed % 3, logger=1),
            self.log(2),
            self.message(3, b"message %d" % seed),
            self.send(4, None, CREATE_ONE_BYTE),
            self.send(5, REVERTER),
        ]
        return self.block(*transactions)

    def fork(self, at: int) -> "World":
        """The same chain up to block ``at``."""
        other = copy.copy(self)
        other.bench = copy.copy(self.bench)
        other.bench.nodes = dict(self.bench.nodes)
        other.bench.headers = self.bench.headers[: at + 1]
        other.blocks = self.blocks[:at]
        sent = [tx for block in other.blocks for tx in block.transactions]
        senders = [tx.sender for tx in sent if tx.is_user]
        other.nonces = {at: senders.count(address_of(key)) for at, key in enumerate(KEYS)}
        other.deposits = sum(not tx.is_user for tx in sent)
        return other

    @property
    def headers(self) -> list[BlockHeader]:
        return self.bench.headers

    def open(self, directory: Path) -> Store:
        return Store.open(directory, CHAIN_ID, self.genesis, name="alpha")

    def fill(self, store: Store, first: int = 1, last: int | None = None) -> None:
        """Commit blocks ``first`` … ``last``."""
        for block in self.blocks[first - 1 : last]:
            store.commit_block(block, received(block))


def received(block: ExecutedBlock) -> dict[bytes, int]:
    """When the block's transactions arrived: made up, different for each."""
    start_ms = block.header.timestamp * 1000 - 500
    return {tx.hash: start_ms + at for at, tx in enumerate(block.transactions)}


def operation_of(operation_id: int, *, mint: int = 10**18, l1_block: int = 0) -> PriorityOperation:
    canonical = L2CanonicalTransaction(
        sender=address_of(KEYS[0]),
        to=address_of(KEYS[operation_id % 8]),
        gas_limit=500_000,
        max_fee_per_gas=GWEI,
        nonce=operation_id,
        value=5,
        mint_value=mint,
        refund_recipient=b"\x4f" * 20,
        data=b"",
    ).encode()
    transaction = decode_block_transaction(b"\x7f" + canonical, CHAIN_ID)
    l1_block = l1_block or 100 + operation_id
    return PriorityOperation(
        operation_id, transaction.hash, canonical, l1_block, topic(l1_block), topic(1_000 + operation_id)
    )


def cursor(number: int) -> L1Cursor:
    return L1Cursor(number, topic(number))


def batch_of(world: World, number: int, first: int, last: int, **changes: object) -> BatchRecord:
    """A sealed batch over blocks of the world; what the store does not look into is made up."""
    blocks = world.blocks[first - 1 : last]
    transactions = [tx for block in blocks for tx in block.transactions]
    l1 = sum(not tx.is_user for tx in transactions)
    values: dict[str, object] = {
        "number": number,
        "stage": BatchStage.SEALED,
        "first_block": first,
        "last_block": last,
        "l1_tx_count": l1,
        "l2_tx_count": len(transactions) - l1,
        "tx_count": len(transactions),
        "prev_state_commitment": world.headers[first - 1].hash,
        "state_commitment": world.headers[last].hash,
        "batch_output_hash": topic(number + 1),
        "public_input": topic(number + 2),
        "l2_logs_root": topic(number + 3),
        "pubdata_bytes": 3,
        "seal_reason": "max_blocks",
        "commit_info": json.dumps({"batchNumber": number}),
        "stage_times_ms": {"sealed": 1_700_000_000_000 + number},
        "l1_transactions": {},
        "proof_mode": "none",
    }
    return BatchRecord(**(values | changes))  # type: ignore[arg-type]


def add_batch(store: Store, world: World, number: int, first: int, last: int) -> BatchRecord:
    record = batch_of(world, number, first, last)
    store.add_batch(record, b"pub", b"input %d" % number, [bytes([number]) * 88, bytes(88)])
    return record


def advance(store: Store, number: int, goal: BatchStage) -> None:
    """Take a batch through every stage up to ``goal``."""
    path = [
        BatchStage.COMMITTED,
        BatchStage.PROVING,
        BatchStage.PROVED,
        BatchStage.VERIFIED,
        BatchStage.EXECUTED,
    ]
    for stage in path[: path.index(goal) + 1]:
        store.update_batch(number, stage=stage)
