"""Batches and requests: encodings come back, hashes bind every field, bad values are refused."""

from contextlib import suppress
from dataclasses import fields, replace
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_hash.auto import keccak
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import EncodingError
from contracts.messages import (
    DA_CALLDATA,
    EMPTY_HASH,
    ZERO_HASH,
    CommitBatchInfo,
    InteropFlow,
    InteropRoot,
    L2CanonicalTransaction,
    PriorityOpsBatchInfo,
    StoredBatchInfo,
    decode_commit,
    dependency_roots_rolling_hash,
    encode_commit,
    encode_execute,
    encode_prove,
    fact,
    genesis_batch,
    priority_operations_hash,
    public_input,
)
from tests.unit.contracts.strategies import (
    commit_batches,
    hashes,
    interop_roots,
    stored_batches,
    transactions,
)

BATCH = CommitBatchInfo(
    batch_number=7,
    new_state_commitment=b"\x01" * 32,
    number_of_layer1_txs=2,
    number_of_layer2_txs=3,
    priority_operations_hash=b"\x02" * 32,
    dependency_roots_rolling_hash=b"\x03" * 32,
    l2_logs_tree_root=b"\x04" * 32,
    da_commitment_scheme=DA_CALLDATA,
    da_commitment=b"\x05" * 32,
    first_block_timestamp=1000,
    first_block_number=70,
    last_block_timestamp=1001,
    last_block_number=79,
    chain_id=271,
    operator_da_input=b"pubdata",
    sl_chain_id=31337,
)


def changed(value: Any) -> Any:
    """Another value of the same type and size."""
    if isinstance(value, int):
        return value + 1
    if isinstance(value, bytes):
        return bytes([value[0] ^ 1]) + value[1:]
    return (*value, InteropFlow(272, b"\x06" * 32, 1))


def test_output_hash_is_the_protocols_formula() -> None:
    expected = keccak(
        (271).to_bytes(32)
        + (1000).to_bytes(8)
        + (1001).to_bytes(8)
        + (2).to_bytes(32)
        + b"\x05" * 32
        + (2).to_bytes(32)
        + (3).to_bytes(32)
        + b"\x02" * 32
        + b"\x04" * 32
        + bytes(32)
        + b"\x03" * 32
        + (31337).to_bytes(32)
        + keccak((32).to_bytes(32) + (0).to_bytes(32))
    )
    assert BATCH.batch_output_hash() == expected


#: What the output hash leaves out on purpose: the state is in the public input, the rest is not proven.
NOT_IN_OUTPUT = {
    "batch_number",
    "new_state_commitment",
    "first_block_number",
    "last_block_number",
    "operator_da_input",
}


@pytest.mark.parametrize("name", [field.name for field in fields(CommitBatchInfo)])
def test_output_hash_binds_every_claim(name: str) -> None:
    other = replace(BATCH, **{name: changed(getattr(BATCH, name))})
    assert (other.batch_output_hash() == BATCH.batch_output_hash()) is (name in NOT_IN_OUTPUT)


@pytest.mark.parametrize("name", [field.name for field in fields(StoredBatchInfo)])
def test_stored_hash_binds_every_field(name: str) -> None:
    stored = BATCH.to_stored()
    assert replace(stored, **{name: changed(getattr(stored, name))}).hash() != stored.hash()


@pytest.mark.parametrize("name", [field.name for field in fields(L2CanonicalTransaction)])
def test_canonical_hash_binds_every_field(name: str) -> None:
    transaction = L2CanonicalTransaction(b"\1" * 20, b"\2" * 20, 3, 4, 5, 6, 7, b"\3" * 20, b"data")
    other = replace(transaction, **{name: changed(getattr(transaction, name))})
    assert other.canonical_hash() != transaction.canonical_hash()


def test_stored_batch_takes_what_was_committed() -> None:
    stored = BATCH.to_stored()
    assert stored.batch_number == 7
    assert stored.batch_hash == BATCH.new_state_commitment
    assert stored.timestamp == BATCH.last_block_timestamp
    assert stored.commitment == BATCH.batch_output_hash()
    assert stored.index_repeated_storage_changes == 0


def test_genesis() -> None:
    genesis = genesis_batch(b"\x09" * 32, 1234)
    assert genesis == StoredBatchInfo(0, b"\x09" * 32, 0, EMPTY_HASH, ZERO_HASH, ZERO_HASH, 1234, ZERO_HASH)


@given(stored_batches, st.lists(commit_batches, max_size=3))
def test_commit_data_comes_back(last: StoredBatchInfo, batches: list[CommitBatchInfo]) -> None:
    assert decode_commit(encode_commit(last, batches)) == (last, batches)


@given(stored_batches, st.lists(commit_batches, max_size=2), st.data())
def test_broken_commit_data_raises_nothing_else(
    last: StoredBatchInfo, batches: list[CommitBatchInfo], data: st.DataObject
) -> None:
    good = encode_commit(last, batches)
    position = data.draw(st.integers(0, len(good) - 1))
    bad = bytearray(good)
    bad[position] ^= data.draw(st.integers(1, 255))
    with suppress(EncodingError):
        decode_commit(bytes(bad))


@pytest.mark.parametrize("data", [b"", b"\x00", b"\x02" + bytes(64), b"\x01", b"\x01" + bytes(31)])
def test_commit_data_of_another_shape_is_refused(data: bytes) -> None:
    with pytest.raises(EncodingError):
        decode_commit(data)


@given(stored_batches, stored_batches)
def test_prove_data_names_version_and_no_proof(previous: StoredBatchInfo, batch: StoredBatchInfo) -> None:
    data = encode_prove(previous, [batch])
    assert data[:1] == b"\x01"
    assert data[1 : 1 + 9 * 32] == encode(
        ["uint64", "bytes32", "uint64", "uint256", "bytes32", "bytes32", "bytes32", "uint256", "bytes32"],
        previous.as_tuple(),
    )
    assert data.endswith(bytes(32))


def test_execute_data_has_an_entry_a_batch() -> None:
    stored = BATCH.to_stored()
    assert encode_execute([stored], [PriorityOpsBatchInfo()]) == encode_execute(
        [stored], [PriorityOpsBatchInfo()], [[]]
    )


@given(st.lists(hashes, max_size=5))
def test_priority_rolling_hash(canonical_hashes: list[bytes]) -> None:
    rolling = EMPTY_HASH
    for canonical_hash in canonical_hashes:
        rolling = keccak(encode(["bytes32", "bytes32"], [rolling, canonical_hash]))
    assert priority_operations_hash(canonical_hashes) == rolling


@given(st.lists(interop_roots, min_size=1, max_size=4))
def test_dependency_rolling_hash_depends_on_order(roots: list[InteropRoot]) -> None:
    forward, backward = dependency_roots_rolling_hash(roots), dependency_roots_rolling_hash(roots[::-1])
    assert (forward == backward) is (roots == roots[::-1])
    assert dependency_roots_rolling_hash([]) == ZERO_HASH


def test_public_input_and_fact() -> None:
    before, after, output, program = (bytes([i]) * 32 for i in range(4))
    assert public_input(before, after, output) == keccak(before + after + output)
    assert fact(program, output) == keccak(program + output)


@given(transactions)
def test_transactions_come_back(transaction: L2CanonicalTransaction) -> None:
    encoded = transaction.encode()
    assert L2CanonicalTransaction.decode(encoded) == transaction
    assert transaction.canonical_hash() == keccak(encoded)


@given(transactions, st.data())
def test_broken_transactions_are_refused_or_differ(transaction: L2CanonicalTransaction, data: st.DataObject) -> None:
    encoded = bytearray(transaction.encode())
    encoded[data.draw(st.integers(0, len(encoded) - 1))] ^= data.draw(st.integers(1, 255))
    with suppress(EncodingError):
        assert L2CanonicalTransaction.decode(bytes(encoded)) != transaction


@pytest.mark.parametrize(
    ("position", "value"),
    [(0, 255), (6, 1), (7, 1), (10, [1, 2, 3, 0]), (12, b"x"), (13, [1]), (14, b"x"), (15, b"x"), (1, 1 << 160)],
)
def test_fields_that_must_be_empty(position: int, value: Any) -> None:
    transaction = L2CanonicalTransaction(b"\1" * 20, b"\2" * 20, 3, 4, 5, 6, 7, b"\3" * 20, b"data")
    values = list(transaction.as_tuple())
    values[position] = value
    with pytest.raises(EncodingError):
        L2CanonicalTransaction.from_tuple(values)


@pytest.mark.parametrize(
    "batch",
    [
        replace(BATCH, batch_number=2**64),
        replace(BATCH, chain_id=-1),
        replace(BATCH, new_state_commitment=b"\x01" * 33),
        replace(BATCH, interop_flows=(InteropFlow(1, b"\x01" * 32, 2**256),)),
    ],
)
def test_values_that_do_not_fit_are_refused(batch: CommitBatchInfo) -> None:
    with pytest.raises(EncodingError):
        encode_commit(genesis_batch(ZERO_HASH, 0), [batch])


def test_output_hash_refuses_values_that_do_not_fit() -> None:
    with pytest.raises(EncodingError):
        replace(BATCH, first_block_timestamp=2**64).batch_output_hash()
    with pytest.raises(EncodingError):
        replace(BATCH, chain_id=-1).batch_output_hash()
