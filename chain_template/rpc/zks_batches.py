"""zks_: batches, and where blocks and transactions stand on their way to L1 (ZK Stack's shapes).

Numbers are plain JSON numbers or hex exactly as ZK Stack has them: clients hand these objects through unchanged.
"""

import time
from datetime import UTC, datetime
from typing import Any, Final

from chain_template.batcher.commit_info import StoredClaim
from chain_template.batcher.log_tree import LogTree
from chain_template.primitives import ZERO_HASH
from chain_template.rpc.backend import MessageRootProofLike
from chain_template.rpc.errors import ServerError
from chain_template.rpc.format import Json, hexstr
from chain_template.rpc.params import Malformed, Param, hash32, quantity, show, uint64
from chain_template.rpc.registry import Methods, Run
from chain_template.rpc.view import View
from chain_template.rpc.zks_fees import fair_prices
from chain_template.store.records import BatchRecord, BatchStage, StoredBlock, StoredReceipt
from chain_template.transactions.types import Transaction
from contracts.errors import L1Error

methods = Methods()

_NUMBER = Param("number", uint64)
#: Gas per byte of pubdata that an L1 operation must offer; ZK Stack's one allowed value.
GAS_PER_PUBDATA: Final = 800
#: The stage whose L1 transaction each of ZK Stack's three steps is.
_STEPS: Final = (
    ("commit", "committedAt", BatchStage.COMMITTED),
    ("prove", "provenAt", BatchStage.VERIFIED),
    ("execute", "executedAt", BatchStage.EXECUTED),
)


_MESSAGE_ROOT_TARGETS: Final = ("messageRoot", "proof_based_gw")
_CHAIN_ROOT_TARGETS: Final = ("l1BatchRoot",)


def _proof_target(value: Any) -> str:
    known = (*_CHAIN_ROOT_TARGETS, *_MESSAGE_ROOT_TARGETS)
    if value not in known:
        raise Malformed(f"{show(value)} is no target of proofs; there are {', '.join(known)}")
    return str(value)


@methods("zks_L1BatchNumber", l1_only=True)
def l1_batch_number(view: View) -> str:
    """Number of the last sealed batch."""
    return hex(view.snapshot.last_batch_number())


@methods("zks_getL1BatchBlockRange", _NUMBER, l1_only=True)
def get_l1_batch_block_range(view: View, number: int) -> list[str] | None:
    """First and last block of a batch, or null."""
    if number == 0:
        return ["0x0", "0x0"]
    batch = view.snapshot.batch(number)
    return None if batch is None else [hex(batch.first_block), hex(batch.last_block)]


@methods("zks_getL1BatchDetails", _NUMBER, l1_only=True)
def get_l1_batch_details(view: View, number: int) -> Json | None:
    """A batch and the L1 transactions that moved it, or null."""
    batch = view.snapshot.batch(number)
    if batch is None and number:
        return None
    last = view.snapshot.header(batch.last_block if batch else 0)
    assert last is not None
    shown: Json = {
        "number": number,
        "commitment": hexstr(batch.batch_output_hash) if batch else None,
        "timestamp": _first_timestamp(view, batch) if batch else last.timestamp,
        "l1TxCount": batch.l1_tx_count if batch else 0,
        "l2TxCount": batch.l2_tx_count if batch else 0,
        "rootHash": hexstr(last.state_root),
    }
    return {**shown, **_progress(view, batch, genesis=number == 0), **_constants(view)}


def _first_timestamp(view: View, batch: BatchRecord) -> int:
    """Of the batch's first block; of one that was recovered from L1 only what was committed is known."""
    first = view.snapshot.header(batch.first_block)
    return StoredClaim.from_json(batch.commit_info).commit.first_block_timestamp if first is None else first.timestamp


@methods("zks_getBlockDetails", _NUMBER, l1_only=True)
def get_block_details(view: View, number: int) -> Json | None:
    """A block and how far its batch has come, or null. A block in no batch yet shows the batch that will hold it."""
    block = view.snapshot.block(number)
    if block is None:
        return None
    view.require_history(number, number)
    batch = _batch_of(view, block)
    l1_txs = sum(1 for tx in block.transactions if tx.priority is not None)
    shown: Json = {
        "number": number,
        "l1BatchNumber": _batch_number(view, block, batch),
        "timestamp": block.header.timestamp,
        "l1TxCount": l1_txs,
        "l2TxCount": len(block.transactions) - l1_txs,
        "rootHash": hexstr(block.hash),
        "operatorAddress": hexstr(block.header.coinbase),
        "protocolVersion": "Version29",
    }
    return {**shown, **_progress(view, batch, genesis=number == 0), **_constants(view)}


@methods("zks_getTransactionDetails", Param("transactionHash", hash32), l1_only=True)
def get_transaction_details(view: View, tx_hash: bytes) -> Json | None:
    """Where a transaction stands: pending, included, verified (executed on L1) or failed; or null."""
    pooled = view.backend.mempool.get(tx_hash)
    stored = view.snapshot.receipt(tx_hash)
    if stored is not None:
        return _included_details(view, stored)
    if pooled is None:
        return None
    arrived_s = view.backend.mempool.arrived_s(tx_hash) or time.time()
    return {
        **_transaction_base(pooled, pooled.max_cost - pooled.value, int(arrived_s * 1000)),
        "status": "pending",
        **_l1_hashes(None),
    }


def _included_details(view: View, stored: StoredReceipt) -> Json:
    header = view.snapshot.header(stored.block_number)
    assert header is not None
    batch = None if stored.batch_number is None else view.snapshot.batch(stored.batch_number)
    receipt = stored.receipt
    if not receipt.status:
        status = "failed"
    elif batch is not None and batch.stage is BatchStage.EXECUTED:
        status = "verified"
    else:
        status = "included"
    received = stored.received_at_ms or header.timestamp * 1000
    base = _transaction_base(stored.transaction, receipt.gas_used * receipt.effective_gas_price, received)
    return {**base, "status": status, **_l1_hashes(batch)}


def _transaction_base(tx: Transaction, fee: int, received_at_ms: int) -> Json:
    return {
        "isL1Originated": tx.priority is not None,
        "fee": hex(fee),
        "gasPerPubdata": hex(GAS_PER_PUBDATA),
        "initiatorAddress": hexstr(tx.sender),
        "receivedAt": _iso(received_at_ms),
    }


def _l1_hashes(batch: BatchRecord | None) -> Json:
    found = batch.l1_transactions if batch is not None else {}
    shown = {f"eth{step.capitalize()}TxHash": found.get(stage.value) for step, _, stage in _STEPS}
    return {**shown, "ethPrecommitTxHash": None}


@methods("zks_getRawBlockTransactions", _NUMBER, l1_only=True, run=Run.POOL)
def get_raw_block_transactions(view: View, number: int) -> list[Json]:
    """A block's transactions with everything that was given with them, in ZK Stack's nesting."""
    view.require_history(number, number)
    return [_raw_transaction(stored) for stored in view.snapshot.receipts(number)]


def _raw_transaction(stored: StoredReceipt) -> Json:
    tx = stored.transaction
    return {
        "common_data": {"L1": _l1_data(tx)} if tx.priority is not None else {"L2": _l2_data(tx)},
        "execute": {
            "contractAddress": None if tx.to is None else hexstr(tx.to),
            "calldata": hexstr(tx.data),
            "value": hex(tx.value),
            "factoryDeps": [],
        },
        "received_timestamp_ms": stored.received_at_ms,
        "raw_bytes": hexstr(tx.raw),
    }


def _l1_data(tx: Transaction) -> Json:
    assert tx.priority is not None
    return {
        "sender": hexstr(tx.sender),
        "serialId": tx.priority.operation_id,
        "maxFeePerGas": hex(tx.max_fee_per_gas),
        "gasLimit": hex(tx.gas_limit),
        "gasPerPubdataLimit": hex(tx.priority.gas_per_pubdata),
        "canonicalTxHash": hexstr(tx.hash),
        "toMint": hex(tx.priority.mint_value),
        "refundRecipient": hexstr(tx.priority.refund_recipient),
    }


def _l2_data(tx: Transaction) -> Json:
    return {
        "nonce": tx.nonce,
        "fee": {
            "gas_limit": hex(tx.gas_limit),
            "max_fee_per_gas": hex(tx.max_fee_per_gas),
            "max_priority_fee_per_gas": hex(tx.max_priority_fee_per_gas),
            "gas_per_pubdata_limit": hex(GAS_PER_PUBDATA),
        },
        "initiatorAddress": hexstr(tx.sender),
        "transactionType": hex(tx.type),
        "input": {"hash": hexstr(tx.hash), "data": hexstr(tx.raw)},
    }


@methods("zks_batchNumber", l1_only=True)
def batch_number(view: View) -> str:
    """Number of the last sealed batch."""
    return hex(view.snapshot.last_batch_number())


@methods("zks_getBatchByNumber", _NUMBER, l1_only=True)
def get_batch_by_number(view: View, number: int) -> Json | None:
    """A batch with its stage and everything L1 checks about it, or null."""
    batch = view.snapshot.batch(number)
    return None if batch is None else batch_json(batch)


@methods("zks_getBatchByBlockNumber", _NUMBER, l1_only=True)
def get_batch_by_block_number(view: View, number: int) -> Json | None:
    """The batch a block is in, or null while it is in none."""
    block = view.snapshot.block(number)
    batch = None if block is None else _batch_of(view, block)
    return None if batch is None else batch_json(batch)


def batch_json(batch: BatchRecord) -> Json:
    """A batch as this project shows it: every stage with its time and its L1 transaction."""
    return {
        "number": hex(batch.number),
        "stage": batch.stage.value,
        "firstBlock": hex(batch.first_block),
        "lastBlock": hex(batch.last_block),
        "l1TxCount": hex(batch.l1_tx_count),
        "l2TxCount": hex(batch.l2_tx_count),
        "previousStateCommitment": hexstr(batch.prev_state_commitment),
        "stateCommitment": hexstr(batch.state_commitment),
        "batchOutputHash": hexstr(batch.batch_output_hash),
        "publicInput": hexstr(batch.public_input),
        "l2LogsTreeRoot": hexstr(batch.l2_logs_root),
        "pubdataBytes": hex(batch.pubdata_bytes),
        "sealReason": batch.seal_reason,
        "proofMode": batch.proof_mode,
        "stageTimes": {stage: _iso(at_ms) for stage, at_ms in batch.stage_times_ms.items()},
        "l1Transactions": dict(batch.l1_transactions),
    }


@methods(
    "zks_getL2ToL1LogProof",
    Param("transactionHash", hash32),
    Param("index", quantity, optional=True, default=0),
    Param("target", _proof_target, optional=True),
    Param("l1BlockNumber", uint64, optional=True),
    l1_only=True,
    run=Run.POOL,
)
def get_l2_to_l1_log_proof(
    view: View, tx_hash: bytes, index: int, target: str | None, l1_block: int | None
) -> Json | None:
    """Proof that a transaction's L2→L1 log is in its batch; null until the batch is executed on L1.

    ``index`` counts the transaction's own logs. The proof ends at the chain's own root, which the chain's L1 contract
    knows (no ``target``, or ``l1BatchRoot``), or at L1's message root, which other chains import (``messageRoot``, and
    ``proof_based_gw``, ZK Stack's older word): that of ``l1BlockNumber``, or of the block that executed the batch.
    """
    stored = view.snapshot.receipt(tx_hash)
    if stored is None:
        return None
    if index >= len(stored.l2_to_l1_logs):
        raise ServerError(f"index out of range: the transaction has {len(stored.l2_to_l1_logs)} L2→L1 logs")
    if stored.batch_number is None or stored.tx_number_in_batch is None:
        return None
    if stored.batch_number > view.snapshot.last_batch_at(BatchStage.EXECUTED):
        return None
    tree = LogTree(view.snapshot.l2_log_leaves(stored.batch_number))
    at = _first_log_in_batch(view, stored) + index
    shown: Json = {
        "proof": [hexstr(sibling) for sibling in tree.proof(at)],
        "id": at,
        "root": hexstr(tree.chain_batch_root),
        "batchNumber": stored.batch_number,
    }
    if target not in _MESSAGE_ROOT_TARGETS:
        return shown
    way = _way_to_message_root(view, stored.batch_number, l1_block)
    if way is None:
        return None
    return {
        **shown,
        "proof": [hexstr(item) for item in way.with_log(tree.proof(at))],
        "root": hexstr(way.root.root),
        "gatewayBlockNumber": way.root.block_number,
    }


def _way_to_message_root(view: View, batch_number: int, l1_block: int | None) -> MessageRootProofLike | None:
    settlement = view.backend.settlement
    assert settlement is not None, "the method is l1_only"
    try:
        return settlement.message_root_proof(batch_number, l1_block)
    except L1Error as exc:
        raise ServerError(f"L1 does not answer: {exc.message}", hint="try again") from exc


def _first_log_in_batch(view: View, stored: StoredReceipt) -> int:
    """How many L2→L1 logs of the batch come before those of this transaction."""
    assert stored.batch_number is not None
    batch = view.snapshot.batch(stored.batch_number)
    assert batch is not None
    before = 0
    for number in range(batch.first_block, stored.block_number + 1):
        for other in view.snapshot.receipts(number):
            if other.transaction.hash == stored.transaction.hash:
                return before
            before += len(other.l2_to_l1_logs)
    raise ServerError("the transaction is not in the batch that names it")


def _batch_of(view: View, block: StoredBlock) -> BatchRecord | None:
    return None if block.batch_number is None else view.snapshot.batch(block.batch_number)


def _batch_number(view: View, block: StoredBlock, batch: BatchRecord | None) -> int:
    if batch is not None:
        return batch.number
    return view.snapshot.last_batch_number() + 1 if block.header.number else 0


def _progress(view: View, batch: BatchRecord | None, *, genesis: bool) -> Json:
    """Status and the L1 transaction of each step; "verified" means executed on L1, not that a proof was accepted."""
    executed = genesis or (batch is not None and batch.stage is BatchStage.EXECUTED)
    shown: Json = {"status": "verified" if executed else "sealed"}
    assert view.config.l1 is not None
    for step, at, stage in _STEPS:
        tx_hash = batch.l1_transactions.get(stage.value) if batch else None
        time_ms = batch.stage_times_ms.get(stage.value) if batch else None
        shown[f"{step}TxHash"] = tx_hash
        shown[at] = None if time_ms is None else _iso(time_ms)
        shown[f"{step}TxFinality"] = None if tx_hash is None else "finalized"
        shown[f"{step}ChainId"] = None if tx_hash is None else view.config.l1.l1_chain_id
    return shown


def _constants(view: View) -> Json:
    prices = fair_prices(view)
    return {
        "l1GasPrice": prices.l1_gas_price,
        "l2FairGasPrice": prices.l2_gas_price,
        "fairPubdataPrice": prices.pubdata_price,
        "baseSystemContractsHashes": {"bootloader": hexstr(ZERO_HASH), "default_aa": hexstr(ZERO_HASH)},
    }


def _iso(time_ms: int) -> str:
    """Milliseconds since the epoch in ISO 8601, UTC."""
    return datetime.fromtimestamp(time_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
