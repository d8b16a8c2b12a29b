"""Both executors: Ethereum's rules, L1 operations, system transactions, witnesses, pubdata."""

from typing import Any

import pytest
from eth.db.atomic import AtomicDB
from eth.db.backends.memory import MemoryDB
from eth.vm.execution_context import ExecutionContext
from eth.vm.forks.cancun.state import CancunState
from eth.vm.forks.cancun.transactions import CancunTransactionBuilder

from chain_template.errors import (
    FeeTooLow,
    InsufficientFunds,
    IntrinsicGasTooLow,
    InvalidBlock,
    MissingStateNode,
    NonceTooHigh,
    NonceTooLow,
    SenderHasCode,
    SystemTransactionFailed,
    TransactionTooLarge,
)
from chain_template.executor import EXECUTORS
from chain_template.executor.interface import ChainRules, Included, Rejected
from chain_template.executor.pyevm.transactions import created_address
from chain_template.primitives import BASE_TOKEN_HOLDER_ADDRESS, L1_MESSENGER_ADDRESS, keccak
from chain_template.receipts import L1_MESSAGE_SENT_TOPIC
from chain_template.transactions import Transaction, decode_transaction, priority_transaction, system_transaction
from contracts.genesis import GenesisAccount
from tests.support import CHAIN_ID, ETHER, FEE_RECIPIENT, GWEI, KEYS, Bench, address_of, funded, sign
from tests.unit.chain_template.test_transactions import canonical

HOLDER = GenesisAccount(BASE_TOKEN_HOLDER_ADDRESS, b"\x00", balance=10**30, nonce=1)
#: Stores calldata word 0 at slot 0, then reverts when word 1 is not zero.
STORE_OR_REVERT = bytes.fromhex("600035600055602035156010575f5ffd5b00")
STORE = GenesisAccount(b"\x55" * 20, STORE_OR_REVERT, nonce=1)
#: Fills as many slots as calldata word 0 says, each with a 32-byte value.
MANY_SLOTS = bytes.fromhex("5f355b80156014576001900380198155600256005b00")
#: Fills each slot and clears it again.
FILL_AND_CLEAR = bytes.fromhex("5f355b801560175760019003801981555f8155600256005b00")


def word(value: int) -> bytes:
    return value.to_bytes(32, "big")


@pytest.fixture(autouse=True, params=sorted(EXECUTORS))
def executor(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr("tests.support.EXECUTOR", request.param)
    return str(request.param)


@pytest.fixture
def bench() -> Bench:
    return Bench(ChainRules(CHAIN_ID), funded(HOLDER, STORE))


def total(bench: Bench, *addresses: bytes) -> int:
    return sum(bench.state.balance(address) for address in addresses)


def test_a_transfer_moves_value_and_pays_the_whole_fee_to_the_recipient(bench: Bench) -> None:
    target = b"\x99" * 20
    everyone = [*map(address_of, KEYS), target, FEE_RECIPIENT]
    before = total(bench, *everyone)
    block = bench.run(sign(KEYS[0], 0, to=target, value=ETHER))
    assert total(bench, *everyone) == before
    assert bench.state.balance(target) == ETHER
    price = block.receipts[0].effective_gas_price
    assert price == GWEI + 1
    assert bench.state.balance(FEE_RECIPIENT) == 21_000 * price
    assert block.header.gas_used == 21_000


def test_an_l1_burns_the_base_fee() -> None:
    bench = Bench(ChainRules(CHAIN_ID, base_fee_to_coinbase=False, has_base_token_holder=False), funded())
    bench.run(sign(KEYS[0], 0, to=b"\x99" * 20, value=1))
    assert bench.state.balance(FEE_RECIPIENT) == 21_000


def test_agrees_with_py_evms_own_vm_on_ethereum_rules() -> None:
    rules = ChainRules(CHAIN_ID, base_fee_to_coinbase=False, has_base_token_holder=False)
    bench = Bench(rules, funded(STORE))
    init = bytes.fromhex("6005600c60003960056000f3") + b"\x60\x2a\x60\x00\x55"
    raws = [
        sign(KEYS[0], 0, to=b"\x99" * 20, value=5),
        sign(KEYS[1], 0, to=STORE.address, data=word(7) + word(0), gas=90_000),
        sign(KEYS[1], 1, to=STORE.address, data=word(8) + word(1), gas=90_000),
        sign(KEYS[2], 0, to=None, data=init, gas=200_000, value=3),
        sign(KEYS[1], 2, to=STORE.address, data=word(0) + word(0), gas=90_000, gasPrice=3 * GWEI),
    ]
    context = bench.context()
    execution = ExecutionContext(
        coinbase=context.fee_recipient,  # type: ignore[arg-type]
        timestamp=context.timestamp,
        block_number=context.number,  # type: ignore[arg-type]
        difficulty=0,
        mix_hash=bytes(32),  # type: ignore[arg-type]
        gas_limit=context.gas_limit,
        prev_hashes=(),
        chain_id=CHAIN_ID,
        base_fee_per_gas=context.base_fee_per_gas,
        excess_blob_gas=0,
    )

    class PlainState(CancunState):
        def set_system_contracts(self) -> None:
            pass

    state = PlainState(AtomicDB(MemoryDB(dict(bench.nodes))), execution, bench.head.state_root)  # type: ignore[arg-type]
    gas = []
    for raw in raws:
        computation = state.apply_transaction(CancunTransactionBuilder.decode(raw))
        gas.append(computation.is_success)
        state.lock_changes()
    state.persist()
    block = bench.run(*raws)
    assert [bool(receipt.status) for receipt in block.receipts] == gas == [True, True, False, True, True]
    assert block.header.state_root == state.state_root
    assert bench.state.code(created_address(address_of(KEYS[2]), 0)) == b"\x60\x2a\x60\x00\x55"


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        (sign(KEYS[0], 1, to=b"\x99" * 20), NonceTooHigh),
        (sign(KEYS[0], 0, to=b"\x99" * 20, value=10**30), InsufficientFunds),
        (sign(KEYS[0], 0, to=b"\x99" * 20, maxFeePerGas=GWEI - 1, maxPriorityFeePerGas=0), FeeTooLow),
        (sign(KEYS[0], 0, to=b"\x99" * 20, maxFeePerGas=GWEI, maxPriorityFeePerGas=GWEI + 1), FeeTooLow),
        (sign(KEYS[0], 0, to=b"\x99" * 20, gas=20_999), IntrinsicGasTooLow),
        (sign(KEYS[0], 0, to=None, data=bytes(49_153), gas=5_000_000), TransactionTooLarge),
    ],
)
def test_a_transaction_that_breaks_a_rule_is_rejected_and_changes_nothing(
    bench: Bench, raw: bytes, error: type[Exception]
) -> None:
    builder = bench.executor.begin_block(bench.context(), bench.nodes)
    (outcome,) = builder.apply([decode_transaction(raw, CHAIN_ID)])
    assert isinstance(outcome, Rejected)
    assert isinstance(outcome.error, error)
    assert builder.seal().header.state_root == bench.head.state_root


def test_a_used_nonce_and_a_sender_with_code_are_rejected() -> None:
    coded = GenesisAccount(address_of(KEYS[7]), b"\x00", balance=ETHER, nonce=0)
    bench = Bench(ChainRules(CHAIN_ID), [*funded()[:7], coded])
    bench.run(sign(KEYS[0], 0, to=b"\x99" * 20))
    builder = bench.executor.begin_block(bench.context(), bench.nodes)
    again, contract = builder.apply([decode_transaction(sign(KEYS[i], 0, to=b"\x99" * 20), CHAIN_ID) for i in (0, 7)])
    assert isinstance(again, Rejected) and isinstance(again.error, NonceTooLow)
    assert isinstance(contract, Rejected) and isinstance(contract.error, SenderHasCode)


def test_what_does_not_fit_the_block_may_come_later(bench: Bench) -> None:
    builder = bench.executor.begin_block(bench.context(gas_limit=50_000), bench.nodes)
    raws = [sign(KEYS[i], 0, to=b"\x99" * 20, gas=30_000) for i in range(2)] + [
        sign(KEYS[2], 0, to=b"\x99" * 20, gas=60_000)
    ]
    first, second, third = builder.apply([decode_transaction(raw, CHAIN_ID) for raw in raws])
    assert isinstance(first, Included)
    assert isinstance(second, Rejected) and second.retry
    assert isinstance(third, Rejected) and not third.retry


def operation(**changes: Any) -> Transaction:
    defaults: dict[str, Any] = {
        "from": int.from_bytes(b"\x77" * 20, "big"),
        "to": int.from_bytes(b"\x99" * 20, "big"),
        "data": b"",
        "value": ETHER,
        "reserved": (2 * ETHER, int.from_bytes(b"\x88" * 20, "big"), 0, 0),
    }
    return priority_transaction(canonical(**(defaults | changes)))


def test_a_deposit_moves_out_of_the_holder(bench: Bench) -> None:
    block = bench.run(operation())
    fee = 21_000 * GWEI
    state = bench.state
    assert state.balance(b"\x99" * 20) == ETHER
    assert state.balance(b"\x88" * 20) == ETHER - fee
    assert state.balance(FEE_RECIPIENT) == fee
    assert state.balance(BASE_TOKEN_HOLDER_ADDRESS) == 10**30 - 2 * ETHER
    assert state.account(b"\x77" * 20) is None, "the sender had nothing and must not exist afterwards"
    (log,) = block.l2_to_l1_logs
    assert (log.sender[-2:], log.key, log.value) == (b"\x80\x01", operation().hash, word(1))


def test_a_failing_operation_is_included_and_its_value_refunded(bench: Bench) -> None:
    to_store = int.from_bytes(STORE.address, "big")
    block = bench.run(operation(to=to_store, data=word(1) + word(1)))
    (receipt,) = block.receipts
    assert receipt.status == 0
    assert block.l2_to_l1_logs[0].value == word(0)
    state = bench.state
    assert state.storage(STORE.address, 0) == 0
    assert state.balance(STORE.address) == 0
    assert state.balance(b"\x88" * 20) == 2 * ETHER - receipt.gas_used * GWEI
    assert state.balance(BASE_TOKEN_HOLDER_ADDRESS) == 10**30 - 2 * ETHER


@pytest.mark.parametrize("brought", [0, 1, ETHER - 1, ETHER])
def test_value_that_was_not_brought_is_the_senders_own(brought: int) -> None:
    own = ETHER - brought
    bench = Bench(ChainRules(CHAIN_ID), funded(HOLDER, GenesisAccount(b"\x77" * 20, b"", balance=own, nonce=0)))
    tx = operation()
    assert tx.priority is not None
    gas_bound = tx.gas_limit * tx.max_fee_per_gas
    minted = gas_bound + brought
    block = bench.run(operation(reserved=(minted, int.from_bytes(b"\x88" * 20, "big"), 0, 0)))
    assert block.receipts[0].status == 1
    fee = block.receipts[0].gas_used * tx.max_fee_per_gas
    assert bench.state.balance(b"\x99" * 20) == ETHER
    assert bench.state.balance(b"\x77" * 20) == 0
    assert bench.state.balance(b"\x88" * 20) == gas_bound - fee


def test_an_operation_whose_sender_has_a_wei_too_little_gives_the_mint_back() -> None:
    bench = Bench(ChainRules(CHAIN_ID), funded(HOLDER, GenesisAccount(b"\x77" * 20, b"", balance=ETHER - 1, nonce=0)))
    tx = operation()
    minted = tx.gas_limit * tx.max_fee_per_gas
    block = bench.run(operation(reserved=(minted, int.from_bytes(b"\x88" * 20, "big"), 0, 0)))
    assert (block.receipts[0].status, block.receipts[0].gas_used) == (0, 0)
    assert bench.state.balance(b"\x77" * 20) == ETHER - 1
    assert bench.state.balance(b"\x88" * 20) == minted


@pytest.mark.parametrize("change", [{"gasLimit": 20_000}, {"reserved": (1, int.from_bytes(b"\x88" * 20, "big"), 0, 0)}])
def test_an_operation_that_cannot_start_gives_everything_back(bench: Bench, change: dict[str, Any]) -> None:
    tx = operation(**change)
    block = bench.run(tx)
    assert tx.priority is not None
    assert (block.receipts[0].status, block.receipts[0].gas_used) == (0, 0)
    assert bench.state.balance(b"\x88" * 20) == tx.priority.mint_value


def test_system_transactions_come_first_and_must_succeed(bench: Bench) -> None:
    user = decode_transaction(sign(KEYS[0], 0, to=b"\x99" * 20), CHAIN_ID)
    system = system_transaction(CHAIN_ID, 1, b"\x00" * 18 + b"\x80\x0b", b"")
    builder = bench.executor.begin_block(bench.context(), bench.nodes)
    builder.apply([system, user])
    with pytest.raises(InvalidBlock, match="come first"):
        builder.apply([operation()])
    reverting = GenesisAccount(b"\x00" * 18 + b"\x80\x0b", bytes.fromhex("5f5ffd"), nonce=1)
    other = Bench(ChainRules(CHAIN_ID), funded(reverting))
    with pytest.raises(SystemTransactionFailed, match="execution reverted"):
        other.run(system)


def test_a_block_is_reproduced_from_its_witness_alone(bench: Bench) -> None:
    raws = [
        sign(KEYS[0], 0, to=STORE.address, data=word(7) + word(0), gas=90_000),
        sign(KEYS[1], 0, to=b"\x99" * 20, value=1),
    ]
    nodes = dict(bench.nodes)
    context = bench.context()
    block = bench.run(operation(), *raws)
    witness = {key: nodes[key] for key in block.nodes_read}
    builder = bench.executor.begin_block(context, witness)
    builder.apply(block.transactions)
    assert builder.seal().header == block.header
    for missing in witness:
        short = {key: node for key, node in witness.items() if key != missing}
        with pytest.raises(MissingStateNode):
            builder = bench.executor.begin_block(context, short)
            builder.apply(block.transactions)
            builder.seal()


def test_touched_covers_every_change(bench: Bench) -> None:
    block = bench.run(operation(), sign(KEYS[0], 0, to=STORE.address, data=word(7) + word(0), gas=90_000))
    assert {(b"\x99" * 20, None), (b"\x88" * 20, None), (STORE.address, 0), (FEE_RECIPIENT, None)} <= block.touched


def many_slots_bench(limit: int | None) -> Bench:
    many = [GenesisAccount(bytes([number]) * 20, MANY_SLOTS, nonce=1) for number in (0x66, 0x67, 0x68)]
    return Bench(ChainRules(CHAIN_ID, max_transaction_pubdata=limit), funded(HOLDER, *many))


def test_a_transaction_over_the_pubdata_limit_fails_with_all_its_gas() -> None:
    call = {"to": b"\x66" * 20, "data": word(100), "gas": 5_000_000}
    free = many_slots_bench(None)
    assert free.run(sign(KEYS[0], 0, **call)).receipts[0].status == 1
    assert free.state.storage(b"\x66" * 20, 5) != 0
    bench = many_slots_bench(5_000)
    before = bench.state.balance(address_of(KEYS[0]))
    block = bench.run(sign(KEYS[0], 0, **call), sign(KEYS[0], 1, to=b"\x66" * 20, data=word(10), gas=5_000_000))
    assert [receipt.status for receipt in block.receipts] == [0, 1]
    assert block.receipts[0].gas_used == 5_000_000
    paid = sum(receipt.gas_used * receipt.effective_gas_price for receipt in block.receipts)
    assert bench.state.balance(address_of(KEYS[0])) == before - paid
    assert bench.state.storage(b"\x66" * 20, 50) == 0
    assert bench.state.nonce(address_of(KEYS[0])) == 2


def test_an_operation_over_the_pubdata_limit_fails_and_refunds_its_value() -> None:
    bench = many_slots_bench(5_000)
    to_many = int.from_bytes(b"\x66" * 20, "big")
    block = bench.run(operation(to=to_many, data=word(100), gasLimit=5_000_000))
    assert (block.receipts[0].status, block.receipts[0].gas_used) == (0, 5_000_000)
    assert bench.state.balance(b"\x88" * 20) == 2 * ETHER - 5_000_000 * GWEI
    assert bench.state.balance(b"\x66" * 20) == 0


def test_reverted_writes_do_not_count_against_the_pubdata_limit() -> None:
    """The bound over all writes is passed, the transaction's own state diff is not."""
    clear = GenesisAccount(b"\x66" * 20, FILL_AND_CLEAR, nonce=1)
    bench = Bench(ChainRules(CHAIN_ID, max_transaction_pubdata=1_000), funded(clear))
    block = bench.run(sign(KEYS[0], 0, to=b"\x66" * 20, data=word(100), gas=5_000_000))
    assert block.receipts[0].status == 1
    unlimited = Bench(ChainRules(CHAIN_ID, max_transaction_pubdata=None), funded(clear))
    assert unlimited.run(*block.transactions).header == block.header


def test_a_block_stops_where_its_pubdata_is_full() -> None:
    bench = many_slots_bench(80_000)
    raws = [sign(KEYS[i], 0, to=bytes([0x66 + i]) * 20, data=word(50), gas=5_000_000) for i in range(3)]
    builder = bench.executor.begin_block(bench.context(max_pubdata_bytes=5_000), bench.nodes)
    outcomes = builder.apply([decode_transaction(raw, CHAIN_ID) for raw in raws])
    assert [isinstance(outcome, Included) for outcome in outcomes] == [True, False, False]
    assert all(outcome.retry for outcome in outcomes if isinstance(outcome, Rejected))
    block = builder.seal()
    alone = bench.run(raws[0])
    assert block.header == alone.header, "a transaction put off must leave no trace"


@pytest.mark.parametrize(("limit", "room"), [(300, None), (80_000, 700)])
def test_what_made_and_destroyed_a_contract_can_be_taken_back(limit: int, room: int | None) -> None:
    """Making a contract deletes its storage, and so does its end: both are taken back at once."""
    # CREATE with the input as init code, which stores and destroys itself.
    factory = GenesisAccount(b"\x66" * 20, bytes.fromhex("365f5f375f365f5ff55000"), nonce=1)
    bench = Bench(ChainRules(CHAIN_ID, max_transaction_pubdata=limit), funded(factory))
    raws = [
        sign(KEYS[i], 0, to=factory.address, data=bytes.fromhex("60015f5533ff") + bytes(i), gas=200_000)
        for i in range(2)
    ]
    builder = bench.executor.begin_block(bench.context(max_pubdata_bytes=room), bench.nodes)
    first, second = builder.apply([decode_transaction(raw, CHAIN_ID) for raw in raws])
    assert isinstance(first, Included)
    assert isinstance(second, Included) == (room is None)
    assert first.receipt.status == (limit == 80_000)
    builder.seal()


def test_messages_to_l1_are_read_from_the_messengers_events() -> None:
    # LOG3(topic, caller, keccak) with abi.encode(bytes) of 3 bytes as data
    message = b"abc"
    topic, digest = L1_MESSAGE_SENT_TOPIC, keccak(message)
    code = (
        bytes.fromhex("60205f52600360205262")
        + message
        + bytes.fromhex("60e81b604052")
        + b"\x7f"
        + digest
        + b"\x33"
        + b"\x7f"
        + topic
        + bytes.fromhex("60605fa300")
    )
    messenger = GenesisAccount(L1_MESSENGER_ADDRESS, code, nonce=1)
    bench = Bench(ChainRules(CHAIN_ID), funded(messenger))
    block = bench.run(sign(KEYS[0], 0, to=L1_MESSENGER_ADDRESS, gas=100_000))
    (log,) = block.l2_to_l1_logs
    assert (log.sender, log.key[12:], log.value, log.message) == (
        L1_MESSENGER_ADDRESS,
        address_of(KEYS[0]),
        digest,
        message,
    )
    assert log.leaf(3) == b"\x00\x01\x00\x03" + log.sender + log.key + log.value
