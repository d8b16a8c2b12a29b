"""What the native executor remembers of the newest state: never of another one, and the witness is the same."""

import random
from collections.abc import Sequence

import pytest

from chain_template.executor import make_executor
from chain_template.executor.interface import BlockContext, CallRequest, ChainRules, ExecutedBlock, Executor
from chain_template.executor.native import executor as native
from chain_template.transactions import Transaction, decode_transaction
from contracts.genesis import GenesisAccount
from tests.support import CHAIN_ID, ETHER, KEYS, Bench, address_of, funded, sign

RULES = ChainRules(CHAIN_ID)
STORE, MAKER = b"\x51" * 20, b"\x52" * 20
#: Slot calldata[0:32] becomes calldata[32:64]; without calldata, the slot 1 is read and returned.
STORE_CODE = bytes.fromhex("36600d576001545f5260205ff35b6020355f355500")
#: Creates an account that stores and destroys itself, from what is called.
MAKER_CODE = bytes.fromhex("6560015f5533ff5f526006601a5ff000")
#: Looks at the balances of the accounts 1 to calldata[0:32], and reads the slots of these numbers.
READER, READER_CODE = b"\x53" * 20, bytes.fromhex("5f355b803150805450600190038060025700")
CHAIN = funded(
    GenesisAccount(STORE, STORE_CODE, {1: 5, 2: 6}, nonce=1),
    GenesisAccount(MAKER, MAKER_CODE, balance=ETHER, nonce=1),
    GenesisAccount(READER, READER_CODE, nonce=1),
)


def word(number: int) -> bytes:
    return number.to_bytes(32, "big")


def some(rng: random.Random, nonces: dict[int, int]) -> list[Transaction]:
    """Transfers to few accounts, writes to few slots, creations; some fail."""
    made = []
    for _ in range(rng.randint(1, 6)):
        number = rng.randrange(3)
        fields = rng.choice(
            [
                {"to": bytes([0x70 + rng.randrange(4)]) * 20, "value": rng.randrange(3)},
                {"to": STORE, "data": word(rng.randrange(4)) + word(rng.choice([0, 0, 1, 2**200]))},
                {"to": STORE},
                {"to": MAKER, "value": rng.randrange(2)},
                {"to": None, "data": bytes.fromhex("60015f555f5ffd") if rng.random() < 0.3 else STORE_CODE},
            ]
        )
        made.append(decode_transaction(sign(KEYS[number], nonces[number], gas=300_000, **fields), CHAIN_ID))
        nonces[number] += 1
    return made


def block_of(
    executor: Executor, bench: Bench, context: BlockContext, transactions: Sequence[Transaction]
) -> ExecutedBlock:
    builder = executor.begin_block(context, bench.nodes)
    builder.apply(transactions)
    return builder.seal()


@pytest.mark.parametrize("cache_bytes", [native._CACHE_BYTES, 0])
@pytest.mark.parametrize("seed", range(4))
def test_blocks_on_any_parent_are_what_an_executor_without_memory_makes(
    cache_bytes: int, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(native, "_CACHE_BYTES", cache_bytes)
    rng, bench = random.Random(seed), Bench(RULES, CHAIN)
    remembering = make_executor("native", RULES)
    heads = [(list(bench.headers), {number: 0 for number in range(3)})]
    for _ in range(40):
        # Mostly on the newest block; sometimes what was sealed last is thrown away, as in a rollback.
        at = len(heads) - 1 if rng.random() < 0.7 else rng.randrange(len(heads))
        bench.headers, nonces = list(heads[at][0]), dict(heads[at][1])
        transactions = some(rng, nonces)
        found = block_of(remembering, bench, bench.context(), transactions)
        expected = block_of(make_executor("native", RULES), bench, bench.context(), transactions)
        assert (found.header, found.receipts) == (expected.header, expected.receipts)
        assert (found.nodes_read, found.new_nodes) == (expected.nodes_read, expected.new_nodes)
        assert found.touched == expected.touched
        bench.add(found)
        heads.append((list(bench.headers), nonces))


def test_a_growing_memory_forgets_nothing_that_it_has_room_for() -> None:
    bench, executor = Bench(RULES, CHAIN), native.NativeExecutor(RULES)
    for nonce, count in enumerate((1_000, 3_000, 7_000)):
        read = decode_transaction(sign(KEYS[0], nonce, gas=40_000_000, to=READER, data=word(count)), CHAIN_ID)
        bench.add(block := block_of(executor, bench, bench.context(gas_limit=60_000_000), [read]))
        assert block.receipts[0].status
        accounts, slots = executor._nodes_of(bench.nodes).remembered
        assert accounts >= count and slots == count


def test_a_call_at_an_older_block_sees_that_block() -> None:
    bench, executor = Bench(RULES, CHAIN), make_executor("native", RULES)
    for value in (10, 20):
        data = word(1) + word(value)
        transaction = decode_transaction(sign(KEYS[0], value // 10 - 1, gas=100_000, to=STORE, data=data), CHAIN_ID)
        bench.add(block_of(executor, bench, bench.context(), [transaction]))
    sender = address_of(KEYS[0])
    for header, value in zip(bench.headers, (5, 10, 20), strict=True):
        request = CallRequest(sender=sender, to=STORE, gas_limit=100_000)
        result = executor.call(bench.context(parent=header), header.state_root, bench.nodes, request)
        assert int.from_bytes(result.output, "big") == value


def test_what_is_executed_and_thrown_away_is_not_remembered() -> None:
    bench, executor = Bench(RULES, CHAIN), make_executor("native", RULES)
    to = address_of(KEYS[1])
    transfer = decode_transaction(sign(KEYS[0], 0, to=to, value=ETHER), CHAIN_ID)
    bench.add(block_of(executor, bench, bench.context(), []))
    executor.begin_block(bench.context(), bench.nodes).apply([transfer])
    again = block_of(executor, bench, bench.context(), [transfer])
    assert again.header == block_of(make_executor("native", RULES), bench, bench.context(), [transfer]).header
    assert again.receipts[0].status
