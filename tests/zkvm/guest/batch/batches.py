"""Batches of every kind of transaction, and what an adversary makes of them."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from random import Random
from typing import Any

from chain_template.batcher.batch_input import BatchInput, BlockInput, decode_batch_input
from chain_template.primitives import keccak
from chain_template.transactions.system import system_transaction
from contracts.codec import abi_encode
from contracts.genesis import L2_INTEROP_ROOT_STORAGE, L2_NATIVE_TOKEN_VAULT, SYSTEM_CONTEXT
from tests.support import sign
from tests.unit.chain_template.batcher.toy_chain import (
    ALICE,
    BOB,
    CHAIN_ID,
    CREATE_STORE,
    FILL_ADDRESS,
    GWEI,
    LOOK_BACK_ADDRESS,
    REVERT_ADDRESS,
    STORE_ADDRESS,
    ToyChain,
    word,
)
from tests.unit.chain_template.test_eip712 import sign_0x71

SOMEBODY = b"\x5b" * 20


def set_l1_data(number: int) -> bytes:
    """A system transaction."""
    data = keccak(b"setL1Data(uint64,uint64,uint256)")[:4] + abi_encode(["uint64", "uint64", "uint256"], [5, 6, 7])
    return system_transaction(CHAIN_ID, number, SYSTEM_CONTEXT, data).raw


def add_root(number: int, l1_block: int) -> bytes:
    """A system transaction that imports a message root."""
    root = keccak(l1_block.to_bytes(8))
    data = keccak(b"addInteropRoot(uint256,uint256,bytes32[])")[:4]
    data += abi_encode(["uint256", "uint256", "bytes32[]"], [31337, l1_block, [root]])
    return system_transaction(CHAIN_ID, number, L2_INTEROP_ROOT_STORAGE, data).raw


def flow(chain: ToyChain, destination: int, asset: int, amount: int) -> bytes:
    """A transfer to another chain, as the toy chain's vault tells it."""
    return chain.call(ALICE, L2_NATIVE_TOKEN_VAULT, word(destination) + word(asset) + word(amount))


def signed(chain: ToyChain, make: Callable[..., bytes], **fields: Any) -> bytes:
    """A transaction of Bob's of another type, with his next nonce."""
    nonce = chain.nonces.get(BOB.address, 0)
    chain.nonces[BOB.address] = nonce + 1
    return make(BOB, nonce=nonce, **fields)


@cache
def mixed_chain() -> ToyChain:
    """Six blocks with everything a batch may hold."""
    chain = ToyChain()
    access = [{"address": "0x" + STORE_ADDRESS.hex(), "storageKeys": ["0x" + word(1).hex(), "0x" + word(9).hex()]}]
    chain.add(chain.call(ALICE, SOMEBODY, value=5), chain.store(BOB, 1, 9), chain.store(BOB, 2, 0))
    chain.add(
        set_l1_data(2),
        add_root(2, 7),
        chain.deposit(0, b"\xaa" * 20, 10**18),
        chain.deposit(1, REVERT_ADDRESS, 7),
        chain.deposit(2, STORE_ADDRESS, 0, word(4) + word(4)),
        chain.message(ALICE, b"hello"),
        chain.call(ALICE, None, CREATE_STORE),
        chain.call(BOB, REVERT_ADDRESS, value=3),
        flow(chain, 300, 1, 2**255),
    )
    chain.add(chain.store(ALICE, 2, 2), chain.store(ALICE, 1 << 255, 2**256 - 1), chain.message(BOB, b"x" * 100))
    chain.add(chain.call(ALICE, LOOK_BACK_ADDRESS, word(0)), seconds=0, extra_data=b"note")
    chain.add(
        add_root(5, 9),
        add_root(5, 8),
        chain.deposit(3, b"\xab" * 20, 1, mint=0),
        flow(chain, 299, 2, 7),
        flow(chain, 300, 1, 5),
        flow(chain, 300, 0, 0),
        signed(chain, sign_0x71, value=3),
        signed(chain, sign, gasPrice=GWEI, to=SOMEBODY, value=1),
        signed(chain, sign, gasPrice=GWEI, type=1, to=STORE_ADDRESS, gas=90_000, data=word(9) * 2, accessList=access),
    )
    chain.add(
        *(chain.store(ALICE, slot, 0) for slot in (1, 2, 3, 4, 9, 1 << 255)),
        chain.call(BOB, None, bytes.fromhex("30ff")),
        chain.call(BOB, FILL_ADDRESS, word(3)),
    )
    return chain


@cache
def mixed_batch() -> bytes:
    """The input of the batch of all these blocks."""
    return mixed_chain().batch(1, 6).batch_input


@cache
def twenty_mixed() -> ToyChain:
    """Two blocks of twenty transactions in all, of every type: the batch whose proof is measured."""
    chain = ToyChain()
    chain.add(
        set_l1_data(1),
        add_root(1, 7),
        chain.deposit(0, b"\xaa" * 20, 10**18),
        chain.deposit(1, REVERT_ADDRESS, 7),
        chain.message(ALICE, b"hello"),
        chain.call(ALICE, None, CREATE_STORE),
        chain.call(BOB, SOMEBODY, value=3),
        flow(chain, 300, 1, 2**255),
        chain.store(ALICE, 1, 9),
        chain.store(BOB, 2, 0),
    )
    chain.add(
        chain.deposit(2, STORE_ADDRESS, 0, word(4) + word(4)),
        chain.call(ALICE, LOOK_BACK_ADDRESS, word(0)),
        signed(chain, sign_0x71, value=3),
        signed(chain, sign, gasPrice=GWEI, to=SOMEBODY, value=1),
        signed(chain, sign, gasPrice=GWEI, type=1, to=STORE_ADDRESS, gas=90_000, data=word(9) * 2, accessList=[]),
        chain.call(BOB, FILL_ADDRESS, word(3)),
        chain.message(BOB, b"x" * 100),
        *(chain.call(ALICE, bytes([at]) * 20, value=at) for at in (1, 2, 3)),
    )
    return chain


# --- What an adversary makes of a batch ---


def relinked(given: BatchInput, old: bytes, new: bytes) -> BatchInput:
    """With another node or code, and the hashes above it up to the parent's header made to fit: a state that no chain
    ever had."""
    codes = tuple(new if code == old else code for code in given.codes)
    nodes = {new if node == old else node for node in given.nodes}
    root, pending = given.parent.state_root, [(keccak(old), keccak(new))]
    while pending:
        before, after = pending.pop()
        root = after if root == before else root
        for node in [node for node in nodes if before in node]:
            changed = node.replace(before, after)
            nodes = nodes - {node} | {changed}
            pending.append((keccak(node), keccak(changed)))
    parent = replace(given.parent, state_root=root)
    codes = tuple(sorted(set(codes), key=keccak))
    return replace(given, nodes=tuple(sorted(nodes, key=keccak)), codes=codes, parent=parent, ancestors=())


def over_another_state(random: Random, batch: BatchInput) -> BatchInput:
    """The batch over a state some of whose nodes and codes are others."""
    for _ in range(random.choice([1, 1, 2, 3])):
        old = random.choice(batch.nodes if random.random() < 0.8 else batch.codes)
        if new := _mutated(random, old):
            batch = relinked(batch, old, new)
    return batch


def _mutated(random: Random, item: bytes) -> bytes:
    new = bytearray(item)
    for _ in range(random.choice([1, 1, 2, 4])):
        at = random.randrange(len(new))
        kind = random.randrange(10)
        if kind < 7:
            new[at] = random.choice([random.randrange(256), new[at] ^ 1 << random.randrange(8), *_RLP_HEADS])
        elif kind == 7:
            new.insert(at, random.randrange(256))
        elif len(new) > 1:
            del new[at : at + 1 if kind == 8 else len(new) - 1]
    return bytes(new)


_RLP_HEADS = (0x00, 0x80, 0xA0, 0xB8, 0xC0, 0xF8, 0xF9, 0xFF)


def hostile(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Inputs that differ from an honest one, each named; most of them must be refused, none may crash."""
    given = decode_batch_input(data)
    yield from _in_the_bytes(data)
    yield from _in_the_frame(given)
    yield from _in_the_witness(given)
    for at, block in enumerate(given.blocks):
        for name, changed in _in_a_block(block):
            blocks = (*given.blocks[:at], *changed, *given.blocks[at + 1 :])
            yield f"block {at}: {name}", replace(given, blocks=blocks).encode()


def _in_the_bytes(data: bytes) -> Iterator[tuple[str, bytes]]:
    for size in [*range(60), *range(60, len(data), 97), len(data) - 1]:
        yield f"cut to {size} bytes", data[:size]
    yield "a byte more", data + b"\0"
    yield "another version", b"\x02" + data[1:]
    for at in range(17, 60):
        yield f"byte {at} is 255", data[:at] + b"\xff" + data[at + 1 :]


def _in_the_frame(given: BatchInput) -> Iterator[tuple[str, bytes]]:
    for name in ("chain_id", "settlement_chain_id", "da_scheme", "min_base_fee_wei"):
        for value in (0, getattr(given, name) + 1, 255):
            yield f"{name} {value}", replace(given, **{name: value}).encode()
    high = replace(given, min_base_fee_wei=1 << 192)
    dear = replace(given.blocks[0], base_fee_per_gas=1 << 192, transactions=())
    yield "a base fee beyond the bound", replace(high, blocks=(dear,)).encode()
    yield "no blocks", replace(given, blocks=()).encode()
    for name, value in _OF_A_HEADER.items():
        yield f"the parent's {name}", replace(given, parent=replace(given.parent, **{name: value})).encode()
        lonely = replace(given.parent, **{name: value})
        yield f"the parent's {name}, no ancestors", replace(given, parent=lonely, ancestors=()).encode()
    yield from _in_the_ancestors(given)


_OF_A_HEADER: dict[str, Any] = {
    "parent_hash": b"\x01" * 32,
    "state_root": b"\x02" * 32,
    "number": 2**63 - 1,
    "gas_used": 2**64 - 1,
    "gas_limit": 1,
    "timestamp": 2**64 - 1,
    "base_fee_per_gas": 1 << 192,
    "extra_data": b"x" * 70,
}


def _in_the_ancestors(given: BatchInput) -> Iterator[tuple[str, bytes]]:
    ancestors = given.ancestors
    yield "the parent is its own ancestor", replace(given, ancestors=(given.parent,)).encode()
    yield "too many ancestors", replace(given, ancestors=(given.parent,) * 255).encode()
    for at, header in enumerate(ancestors):
        yield f"no ancestor {at} and older", replace(given, ancestors=ancestors[:at]).encode()
        yield f"no ancestor {at}", replace(given, ancestors=ancestors[:at] + ancestors[at + 1 :]).encode()
        forged = replace(header, gas_used=header.gas_used + 1)
        yield (
            f"a forged ancestor {at}",
            replace(given, ancestors=(*ancestors[:at], forged, *ancestors[at + 1 :])).encode(),
        )


def _in_the_witness(given: BatchInput) -> Iterator[tuple[str, bytes]]:
    for name in ("nodes", "codes"):
        items = getattr(given, name)
        yield f"{name} the other way round", replace(given, **{name: items[::-1]}).encode()
        yield f"one of the {name} twice", replace(given, **{name: (items[0], *items)}).encode()
        extra = sorted((*items, b"superfluous", b""), key=keccak)
        yield f"more {name}", replace(given, **{name: tuple(extra)}).encode()
        for at, item in enumerate(items):
            less = items[:at] + items[at + 1 :]
            yield f"without number {at} of the {name}", replace(given, **{name: less}).encode()
            for place in {0, 1, len(item) // 2, len(item) - 1}:
                other = item[:place] + bytes([item[place] ^ 1]) + item[place + 1 :]
                wrong = tuple(sorted((*less, other), key=keccak))
                yield f"byte {place} of number {at} of the {name}", replace(given, **{name: wrong}).encode()
    both = tuple(sorted((*given.nodes, *given.codes), key=keccak))
    yield "codes among the nodes", replace(given, nodes=both, codes=()).encode()
    yield "nodes among the codes", replace(given, nodes=(), codes=both).encode()


def _in_a_block(block: BlockInput) -> Iterator[tuple[str, tuple[BlockInput, ...]]]:
    yield "left out", ()
    yield "twice", (block, block)
    yield "without transactions", (replace(block, transactions=()),)
    for name, value in (
        ("timestamp", 0),
        ("timestamp", 2**64 - 1),
        ("gas_limit", 0),
        ("gas_limit", 21_000),
        ("gas_limit", 2**63),
        ("gas_limit", 2**63 - 1),
        ("base_fee_per_gas", block.base_fee_per_gas - 1),
        ("base_fee_per_gas", 2**256 - 1),
        ("fee_recipient", b"\x51" * 20),
        ("fee_recipient", bytes(19) + b"\x01"),
        ("extra_data", b"x" * 32),
    ):
        yield f"{name} {value!r}", (replace(block, **{name: value}),)
    for name, transactions in _of_transactions(block.transactions):
        yield name, (replace(block, transactions=transactions),)


def _of_transactions(all_: tuple[bytes, ...]) -> Iterator[tuple[str, tuple[bytes, ...]]]:
    yield "transactions the other way round", all_[::-1]
    for at, raw in enumerate(all_):
        before, after = all_[:at], all_[at + 1 :]
        yield f"without transaction {at}", before + after
        yield f"transaction {at} twice", (*before, raw, raw, *after)
        yield f"transaction {at} last", (*before, *after, raw)
        for name, other in _of_a_transaction(raw):
            yield f"transaction {at} {name}", (*before, other, *after)


def _of_a_transaction(raw: bytes) -> Iterator[tuple[str, bytes]]:
    yield "empty", b""
    yield "cut short", raw[:-1]
    yield "with a byte more", raw + b"\0"
    for at in {0, 1, 2, 3, len(raw) // 3, len(raw) // 2, len(raw) - 33, len(raw) - 1} & set(range(len(raw))):
        yield f"with another byte {at}", raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
