"""What goes in as an executed block comes out by number and by hash, whole."""

import threading
from dataclasses import replace

import pytest
import rlp

from chain_template.errors import OutOfOrder, StoreClosed, StoreError, StoreLocked
from chain_template.executor.interface import ExecutedBlock
from chain_template.receipts import L2ToL1Log, Log
from chain_template.transactions import Transaction
from chain_template.transactions.stored import decode_block_transaction
from tests.support import CHAIN_ID, GWEI, KEYS, address_of, sign
from tests.unit.chain_template.store.world import World, received


def expected_logs_of(block: ExecutedBlock, tx_index: int) -> tuple[L2ToL1Log, ...]:
    return tuple(log for log in block.l2_to_l1_logs if log.tx_index_in_block == tx_index)


def test_the_world_has_a_bit_of_everything(world):
    block = world.blocks[3]
    assert {tx.type for tx in block.transactions} == {0x02, 0x7F}
    assert {receipt.status for receipt in block.receipts} == {0, 1}
    assert {len(log.topics) for receipt in block.receipts for log in receipt.logs} >= {0, 2, 3}
    assert len(block.l2_to_l1_logs) == 2  # a message, and the result of the deposit
    assert any(log.message for log in block.l2_to_l1_logs)
    assert any(receipt.contract_address for receipt in block.receipts)


def test_a_new_store_has_the_genesis_block(store, world):
    with store.snapshot() as snapshot:
        assert snapshot.head_number == 0
        assert snapshot.head == world.genesis.header
        assert snapshot.header(0) == world.genesis.header
        assert snapshot.block(0).transactions == ()
        assert snapshot.receipts(0) == []
        assert snapshot.header(1) is None
    for key, value in world.genesis.nodes.items():
        assert store.nodes[key] == value


def test_blocks_come_out_as_they_went_in(full, world, tmp_path):
    full.close()
    store = world.open(tmp_path / "alpha")  # nothing is cached any more
    with store.snapshot() as snapshot:
        assert snapshot.head == world.headers[-1]
        for executed in world.blocks:
            header = executed.header
            block = snapshot.block(header.number)
            assert block == snapshot.block_by_hash(header.hash)
            assert block.header == snapshot.header_by_hash(header.hash) == snapshot.header(header.number) == header
            assert tuple(block.transactions) == executed.transactions
            assert block.transaction_hashes == tuple(tx.hash for tx in executed.transactions)
            assert (block.batch_number, block.first_tx_in_batch) == (None, None)
            execution = snapshot.block_execution(header.number)
            assert execution == (executed.nodes_read, executed.touched)
    store.close()


def test_the_size_is_that_of_the_block_in_rlp(full, world):
    def body_item(tx: Transaction) -> object:
        return rlp.decode(tx.raw) if tx.raw[0] >= 0xC0 else tx.raw

    with full.snapshot() as snapshot:
        for executed in world.blocks:
            fields = rlp.decode(executed.header.encode())
            encoded = rlp.encode([fields, [body_item(tx) for tx in executed.transactions], [], []])
            assert snapshot.block(executed.header.number).size == len(encoded)


def test_receipts_come_out_as_they_went_in(full, world):
    with full.snapshot() as snapshot:
        for executed in world.blocks:
            stored = snapshot.receipts(executed.header.number)
            first_log = 0
            for index, entry in enumerate(stored):
                transaction = executed.transactions[index]
                assert entry == snapshot.receipt(transaction.hash)
                assert entry.transaction == transaction
                assert entry.receipt == executed.receipts[index]
                assert (entry.block_number, entry.block_hash) == (executed.header.number, executed.header.hash)
                assert (entry.tx_index, entry.first_log_index) == (index, first_log)
                assert entry.l2_to_l1_logs == expected_logs_of(executed, index)
                assert entry.received_at_ms == received(executed)[transaction.hash]
                assert (entry.batch_number, entry.tx_number_in_batch) == (None, None)
                found, position = snapshot.transaction(transaction.hash)
                assert found == transaction
                assert (position.block_number, position.tx_index) == (executed.header.number, index)
                first_log += len(entry.receipt.logs)
            assert len(stored) == len(executed.transactions)


def test_an_unknown_arrival_is_the_block_s_time(store, world):
    store.commit_block(world.blocks[0], {})
    with store.snapshot() as snapshot:
        times = {entry.received_at_ms for entry in snapshot.receipts(1)}
    assert times == {world.blocks[0].header.timestamp * 1000}


def test_what_does_not_exist_is_none(full):
    unknown = bytes(32)
    with full.snapshot() as snapshot:
        for number in (-1, 10, 2**63, 2**200):
            assert snapshot.header(number) is None
            assert snapshot.block(number) is None
            assert snapshot.receipts(number) == []
            assert snapshot.batch(number) is None
        assert snapshot.block_by_hash(unknown) is None
        assert snapshot.header_by_hash(unknown) is None
        assert snapshot.transaction(unknown) is None
        assert snapshot.receipt(unknown) is None
        with pytest.raises(StoreError, match="no execution of block 0"):
            snapshot.block_execution(0)


def test_hashes_before_a_block_are_latest_first(full, world):
    hashes = [header.hash for header in world.headers]
    with full.snapshot() as snapshot:
        assert snapshot.block_hashes_before(10) == hashes[9::-1]
        assert snapshot.block_hashes_before(4) == hashes[3::-1]
        assert snapshot.block_hashes_before(9, count=2) == [hashes[8], hashes[7]]
        assert snapshot.block_hashes_before(0) == []


def test_effective_prices_above_63_bits_are_kept(store, world):
    block = world.blocks[0]
    receipts = tuple(replace(receipt, effective_gas_price=2**200 + 1) for receipt in block.receipts)
    store.commit_block(replace(block, receipts=receipts), {})
    with store.snapshot() as snapshot:
        assert snapshot.receipts(1)[0].receipt.effective_gas_price == 2**200 + 1


def test_a_block_must_follow_the_head(store, world):
    world.fill(store, 1, 2)
    for wrong in (world.blocks[0], world.blocks[1], world.blocks[3]):
        with pytest.raises(OutOfOrder, match="does not follow the head, block 2"):
            store.commit_block(wrong, {})
    stranger = replace(world.blocks[2], header=replace(world.blocks[2].header, parent_hash=bytes(32)))
    with pytest.raises(OutOfOrder):
        store.commit_block(stranger, {})
    with pytest.raises(OutOfOrder, match="one receipt for each"):
        store.commit_block(replace(world.blocks[2], receipts=()), {})
    world.fill(store, 3)
    store.verify()


def test_a_transaction_is_stored_once(store, world):
    """The database refuses a second copy, and the refused block leaves nothing behind, in the log neither."""
    log = store._directory / "blocks.log"
    world.fill(store, 1, 1)
    size = log.stat().st_size
    again = replace(world.blocks[1], transactions=world.blocks[1].transactions[:1] + world.blocks[0].transactions[1:])
    with pytest.raises(OutOfOrder):
        store.commit_block(again, {})
    assert log.stat().st_size == size
    world.fill(store, 2)
    store.verify()


def test_nodes_are_found_by_hash_only(full, world):
    for block in world.blocks:
        for key, value in block.new_nodes.items():
            assert full.nodes[key] == value
            assert key in full.nodes
    missing = b"\x01" * 32
    assert missing not in full.nodes
    assert "text" not in full.nodes
    with pytest.raises(KeyError):
        full.nodes[missing]


def test_a_snapshot_does_not_see_what_comes_later(store, world):
    world.fill(store, 1, 1)
    later = world.blocks[1].transactions[0].hash
    with store.snapshot() as snapshot:
        world.fill(store, 2, 2)
        assert snapshot.head_number == 1
        assert snapshot.header(2) is None
        assert snapshot.receipt(later) is None
        with store.snapshot() as newer:
            assert newer.head_number == 2
            assert newer.receipt(later) is not None


def test_head_and_receipts_appear_together(store, world):
    """What a client needs most: while blocks are committed, no snapshot shows a head without all its receipts."""
    problems: list[str] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            with store.snapshot() as snapshot:
                number = snapshot.head_number
                if number and len(snapshot.receipts(number)) != len(world.blocks[number - 1].transactions):
                    problems.append(f"head {number} lacks receipts")
                if snapshot.header(number + 1) is not None:
                    problems.append("a block above the head")

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    world.fill(store)
    done.set()
    for reader in readers:
        reader.join()
    assert problems == []


def test_small_values(store):
    assert store.get_meta("sender") is None
    store.set_meta("sender", b"one")
    store.set_meta("sender", b"two")
    store.set_meta("other", b"")
    assert store.get_meta("sender") == b"two"
    assert store.get_meta("other") == b""


def test_one_process_at_a_time(store, world, tmp_path):
    with pytest.raises(StoreLocked, match="alpha"):
        world.open(tmp_path / "alpha")
    store.close()
    world.open(tmp_path / "alpha").close()


def test_a_closed_store_says_so(full, world):
    full.close()
    full.close()
    with pytest.raises(StoreClosed):
        full.commit_block(world.blocks[0], {})
    with pytest.raises(StoreClosed), full.snapshot():
        pass
    with pytest.raises(StoreClosed):
        full.get_meta("sender")
    with pytest.raises(StoreClosed):
        full.rollback_to(0)


def test_an_evm_log_of_any_shape_is_kept(store, world):
    """Logs are written as the executor gives them, whatever their topics look like."""
    logs = (
        Log(b"\x01" * 20, (), b""),
        Log(b"\x02" * 20, (bytes(32),), b"\x00"),
        Log(b"\x03" * 20, (bytes(32), bytes(32), bytes(32), bytes(32)), b"z" * 10_000),
    )
    block = world.blocks[0]
    receipts = (replace(block.receipts[0], logs=logs), *block.receipts[1:])
    store.commit_block(replace(block, receipts=receipts), {})
    with store.snapshot() as snapshot:
        assert snapshot.receipts(1)[0].receipt.logs == logs


def test_verify_accepts_a_sound_store(full):
    full.verify()


def test_transactions_of_every_signed_type_come_back(tmp_path):
    world = World()
    raws = [
        sign(KEYS[0], 0, to=address_of(KEYS[1]), gasPrice=2 * GWEI),
        sign(
            KEYS[0],
            1,
            to=address_of(KEYS[1]),
            gasPrice=2 * GWEI,
            gas=60_000,
            accessList=[{"address": "0x" + "11" * 20, "storageKeys": ["0x" + "00" * 31 + "05"]}],
        ),
        sign(KEYS[0], 2, to=address_of(KEYS[1])),
    ]
    transactions = [decode_block_transaction(raw, CHAIN_ID) for raw in raws]
    block = world.block(*transactions)
    store = world.open(tmp_path / "c")
    store.commit_block(block, {})
    store.close()
    store = world.open(tmp_path / "c")
    with store.snapshot() as snapshot:
        assert list(snapshot.block(1).transactions) == transactions
        assert snapshot.block(1).transactions[1:] == tuple(transactions[1:])
    store.close()


def test_the_directory_is_made_with_its_parents(tmp_path, world):
    deep = tmp_path / "a" / "b" / "c"
    world.open(deep).close()
    assert sorted(path.name for path in deep.iterdir()) == ["blocks.log", "chain.db", "lock"]
