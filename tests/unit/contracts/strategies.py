"""Random batches and requests."""

from hypothesis import strategies as st

from contracts.messages import (
    CommitBatchInfo,
    InteropFlow,
    InteropRoot,
    L2CanonicalTransaction,
    StoredBatchInfo,
)

hashes = st.binary(min_size=32, max_size=32)
addresses = st.binary(min_size=20, max_size=20)
u64 = st.integers(0, 2**64 - 1)
u256 = st.integers(0, 2**256 - 1)

interop_flows = st.builds(InteropFlow, u256, hashes, u256)
interop_roots = st.builds(InteropRoot, u256, u256, st.tuples(hashes))
stored_batches = st.builds(StoredBatchInfo, u64, hashes, u256, hashes, hashes, hashes, u256, hashes, u64)
commit_batches = st.builds(
    CommitBatchInfo,
    batch_number=u64,
    new_state_commitment=hashes,
    number_of_layer1_txs=u256,
    number_of_layer2_txs=u256,
    priority_operations_hash=hashes,
    dependency_roots_rolling_hash=hashes,
    l2_logs_tree_root=hashes,
    da_commitment_scheme=u256,
    da_commitment=hashes,
    first_block_timestamp=u64,
    first_block_number=u64,
    last_block_timestamp=u64,
    last_block_number=u64,
    chain_id=u256,
    operator_da_input=st.binary(max_size=200),
    sl_chain_id=u256,
    interop_flows=st.lists(interop_flows, max_size=3).map(tuple),
)
transactions = st.builds(
    L2CanonicalTransaction,
    sender=addresses,
    to=addresses,
    gas_limit=u256,
    max_fee_per_gas=u256,
    nonce=u256,
    value=u256,
    mint_value=u256,
    refund_recipient=addresses,
    data=st.binary(max_size=200),
    gas_per_pubdata=u256,
)
