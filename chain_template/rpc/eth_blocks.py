"""eth_: blocks and what is counted in them."""

import rlp

from chain_template.primitives import EMPTY_TRIE_ROOT
from chain_template.rpc.format import (
    Json,
    block_json,
    header_json,
    hexstr,
    optional_hex,
    receipt_json,
    transaction_json,
)
from chain_template.rpc.params import BlockId, Param, block_id, block_number, boolean, hash32, quantity
from chain_template.rpc.registry import Methods, Run
from chain_template.rpc.view import View
from chain_template.store.records import StoredBlock
from chain_template.transactions.types import Transaction

methods = Methods()

_HASH = Param("blockHash", hash32)
_NUMBER = Param("block", block_number)
_FULL = Param("fullTransactions", boolean, optional=True, default=False)
_INDEX = Param("index", quantity)


@methods("eth_getBlockByNumber", _NUMBER, _FULL, heavy_if=lambda block, full: full or block.tag == "pending")
def get_block_by_number(view: View, block: BlockId, full: bool) -> Json | None:
    """A block by number or tag, or null."""
    if block.tag == "pending":
        return pending_block(view, full)
    return show_block(view, view.block(block), full)


@methods("eth_getBlockByHash", _HASH, _FULL, heavy_if=lambda _, full: full)
def get_block_by_hash(view: View, block_hash: bytes, full: bool) -> Json | None:
    """A block by hash, or null."""
    return show_block(view, view.snapshot.block_by_hash(block_hash), full)


@methods("eth_getHeaderByNumber", _NUMBER)
def get_header_by_number(view: View, block: BlockId) -> Json | None:
    """A header by number or tag, or null."""
    number = view.number_of(block)
    header = None if number is None else view.snapshot.header(number)
    if header is None and number is not None:
        view.require_history(number, number)
    return None if header is None else header_json(header)


@methods("eth_getHeaderByHash", _HASH)
def get_header_by_hash(view: View, block_hash: bytes) -> Json | None:
    """A header by hash, or null."""
    header = view.snapshot.header_by_hash(block_hash)
    return None if header is None else header_json(header)


@methods("eth_getBlockTransactionCountByNumber", _NUMBER)
def transaction_count_by_number(view: View, block: BlockId) -> str | None:
    """How many transactions a block has, or null; for "pending" those the pool would put into it."""
    if block.tag == "pending":
        return hex(len(_pending_transactions(view)))
    return _count(view, view.block(block))


@methods("eth_getBlockTransactionCountByHash", _HASH)
def transaction_count_by_hash(view: View, block_hash: bytes) -> str | None:
    """How many transactions a block has, or null."""
    return _count(view, view.snapshot.block_by_hash(block_hash))


@methods("eth_getUncleCountByBlockNumber", _NUMBER)
def uncle_count_by_number(view: View, block: BlockId) -> str | None:
    """Always zero for a block there is: no block has uncles."""
    return None if view.block(block) is None else "0x0"


@methods("eth_getUncleCountByBlockHash", _HASH)
def uncle_count_by_hash(view: View, block_hash: bytes) -> str | None:
    """Always zero for a block there is: no block has uncles."""
    return None if view.snapshot.header_by_hash(block_hash) is None else "0x0"


@methods("eth_getUncleByBlockNumberAndIndex", _NUMBER, _INDEX)
def uncle_by_number(view: View, block: BlockId, index: int) -> None:
    """Always null: no block has uncles."""


@methods("eth_getUncleByBlockHashAndIndex", _HASH, _INDEX)
def uncle_by_hash(view: View, block_hash: bytes, index: int) -> None:
    """Always null: no block has uncles."""


@methods("eth_getBlockReceipts", Param("block", block_id), run=Run.POOL)
def get_block_receipts(view: View, block: BlockId) -> list[Json] | None:
    """All receipts of a block, or null."""
    number = view.number_of(block)
    if number is None or number > view.snapshot.head_number:
        return None
    view.require_history(number, number)
    return [receipt_json(stored, zk=view.has_l1) for stored in view.snapshot.receipts(number)]


def show_block(view: View, block: StoredBlock | None, full: bool) -> Json | None:
    """A stored block as clients read it."""
    return None if block is None else block_json(block, full=full, zk=_batch_fields(view, block))


def pending_block(view: View, full: bool) -> Json:
    """The block that would come next, not executed: its state is still the head's and it has used no gas."""
    context = view.backend.pending_context(view.snapshot)
    transactions = _pending_transactions(view)
    shown = header_json(context.parent)
    shown.update(
        number=hex(context.number),
        hash=None,
        nonce=None,
        miner=None,
        parentHash=hexstr(context.parent.hash),
        timestamp=hex(context.timestamp),
        gasLimit=hex(context.gas_limit),
        gasUsed="0x0",
        baseFeePerGas=hex(context.base_fee_per_gas),
        logsBloom=hexstr(bytes(256)),
        transactionsRoot=hexstr(EMPTY_TRIE_ROOT),
        receiptsRoot=hexstr(EMPTY_TRIE_ROOT),
        size=hex(len(rlp.encode([[], [tx.raw for tx in transactions], [], []]))),
        uncles=[],
        withdrawals=[],
        transactions=[
            transaction_json(tx, None, None, zk=view.has_l1) if full else hexstr(tx.hash) for tx in transactions
        ],
    )
    if view.has_l1:
        shown.update(l1BatchNumber=None, l1BatchTimestamp=None)
    return shown


def _pending_transactions(view: View) -> list[Transaction]:
    context = view.backend.pending_context(view.snapshot)
    limits = view.config.block
    return list(view.backend.mempool.ready(context.base_fee_per_gas, limits.max_transactions, context.gas_limit))


def _batch_fields(view: View, block: StoredBlock) -> Json | None:
    """ZK Stack's members of a block; a batch bears the timestamp of its first block."""
    if not view.has_l1:
        return None
    timestamp = None
    if block.batch_number is not None:
        batch = view.snapshot.batch(block.batch_number)
        first = view.snapshot.header(batch.first_block) if batch is not None else None
        timestamp = None if first is None else first.timestamp
    return {"l1BatchNumber": optional_hex(block.batch_number), "l1BatchTimestamp": optional_hex(timestamp)}


def _count(view: View, block: StoredBlock | None) -> str | None:
    if block is None:
        return None
    view.require_history(block.header.number, block.header.number)
    return hex(len(block.transaction_hashes))
