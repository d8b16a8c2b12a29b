"""eth_: transactions, in blocks and in the pool, and their receipts; taking new ones."""

import asyncio
from typing import Final

from chain_template.errors import ChainError, TransactionTooLarge
from chain_template.events import NewBlock
from chain_template.rpc.backend import RpcBackend
from chain_template.rpc.dispatch import Dispatcher
from chain_template.rpc.errors import NotYetIncluded
from chain_template.rpc.format import Json, block_position, hexstr, receipt_json, transaction_json
from chain_template.rpc.params import BlockId, Param, address, block_number, data, hash32, quantity, uint64
from chain_template.rpc.registry import Methods, Run
from chain_template.rpc.view import View
from chain_template.store.records import StoredBlock, TransactionPosition
from chain_template.transactions import what_was_signed
from chain_template.transactions.types import Transaction

methods = Methods()

_HASH = Param("transactionHash", hash32)
_INDEX = Param("index", quantity)
_RAW = Param("rawTransaction", data)
#: A transaction up to here is taken in less time than it would need to reach another thread.
_SHORT_BYTES: Final = 2_048
#: EIP-7966: what ``eth_sendRawTransactionSync`` waits for without a limit of the caller's, and at most.
_SYNC_DEFAULT_S: Final = 10.0
_SYNC_MOST_S: Final = 60.0


@methods("eth_getTransactionByHash", _HASH)
def get_transaction_by_hash(view: View, tx_hash: bytes) -> Json | None:
    """A transaction, in a block or in the pool, or null."""
    found = _find(view, tx_hash)
    if found is None:
        return None
    tx, position = found
    header = None if position is None else view.snapshot.header(position.block_number)
    return transaction_json(tx, position, header, zk=view.has_l1)


def _find(view: View, tx_hash: bytes) -> tuple[Transaction, TransactionPosition | None] | None:
    """A transaction and, once it is in a block, its place.

    The pool is asked before the snapshot is opened: a transaction moves from the pool to the chain, so whoever looks in
    this order cannot miss it. In a batch array the snapshot may be older than the move; then the transaction is, for
    this request, still pending.
    """
    pooled = view.backend.mempool.get(tx_hash)
    stored = view.snapshot.transaction(tx_hash)
    if stored is not None:
        return stored
    if pooled is not None:
        return pooled, None
    newer = view.fresh(lambda snapshot: snapshot.transaction(tx_hash))
    return None if newer is None else (newer[0], None)


@methods("eth_getTransactionByBlockNumberAndIndex", Param("block", block_number), _INDEX)
def get_transaction_by_number_and_index(view: View, block: BlockId, index: int) -> Json | None:
    """A transaction by its place in a block, or null."""
    return _at(view, view.block(block), index)


@methods("eth_getTransactionByBlockHashAndIndex", Param("blockHash", hash32), _INDEX)
def get_transaction_by_hash_and_index(view: View, block_hash: bytes, index: int) -> Json | None:
    """A transaction by its place in a block, or null."""
    return _at(view, view.snapshot.block_by_hash(block_hash), index)


@methods("eth_getTransactionBySenderAndNonce", Param("sender", address), Param("nonce", uint64), run=Run.POOL)
def get_transaction_by_sender_and_nonce(view: View, sender: bytes, nonce: int) -> Json | None:
    """The transaction with which an account used a nonce, or that waits in the pool to, or null."""
    tx_hash = _hash_by_nonce(view, sender, nonce)
    return None if tx_hash is None else get_transaction_by_hash(view, tx_hash)


def _hash_by_nonce(view: View, sender: bytes, nonce: int) -> bytes | None:
    """Found by halving: an account's nonce only ever grows, so one block is the first after which it is above."""
    pooled = view.backend.mempool.content(sender)
    for held in (pooled.pending, pooled.queued):
        if nonce in held.get(sender, {}):
            return held[sender][nonce].hash
    if view.state_at(view.snapshot.head.state_root).nonce(sender) <= nonce:
        return None
    low, high = 0, view.snapshot.head_number
    while low < high:
        view.check_time()
        middle = (low + high) // 2
        if view.state(BlockId(number=middle)).nonce(sender) > nonce:
            high = middle
        else:
            low = middle + 1
    block = view.snapshot.block(low)
    matching = (tx.hash for tx in block.transactions if tx.sender == sender and tx.nonce == nonce) if block else ()
    return next(iter(matching), None)


@methods("eth_getRawTransactionByHash", _HASH)
def get_raw_transaction_by_hash(view: View, tx_hash: bytes) -> str | None:
    """A transaction's own bytes, or null."""
    found = _find(view, tx_hash)
    return None if found is None else hexstr(found[0].raw)


@methods("eth_getRawTransactionByBlockNumberAndIndex", Param("block", block_number), _INDEX)
def get_raw_by_number_and_index(view: View, block: BlockId, index: int) -> str | None:
    """The bytes of a transaction by its place in a block, or null."""
    return _raw_at(view.block(block), index)


@methods("eth_getRawTransactionByBlockHashAndIndex", Param("blockHash", hash32), _INDEX)
def get_raw_by_hash_and_index(view: View, block_hash: bytes, index: int) -> str | None:
    """The bytes of a transaction by its place in a block, or null."""
    return _raw_at(view.snapshot.block_by_hash(block_hash), index)


@methods("eth_getTransactionReceipt", _HASH)
def get_transaction_receipt(view: View, tx_hash: bytes) -> Json | None:
    """The receipt of a transaction in a block, or null."""
    stored = view.snapshot.receipt(tx_hash)
    return None if stored is None else receipt_json(stored, zk=view.has_l1)


def _send_many(view: View, calls: list[list[bytes]]) -> list[str | ChainError]:
    most = view.config.mempool.max_transaction_bytes
    taken = iter(view.backend.submit_many([raw for (raw,) in calls if len(raw) <= most]))
    results = [next(taken) if len(raw) <= most else _too_large(raw, most) for (raw,) in calls]
    return [result if isinstance(result, ChainError) else hexstr(result) for result in results]


@methods(
    "eth_sendRawTransaction",
    _RAW,
    heavy_if=lambda raw: len(raw) > _SHORT_BYTES,
    heavy_in=Run.SUBMIT,
    together=_send_many,
    signed=lambda config, raw: what_was_signed(raw, config.chain_id),
)
def send_raw_transaction(view: View, raw: bytes) -> str:
    """Take a signed transaction into the pool; returns its hash."""
    return hexstr(submit(view.backend, raw, view.sender))


def submit(backend: RpcBackend, raw: bytes, sender: bytes | None = None) -> bytes:
    """Hand a raw transaction to the chain; what is too long for it is refused before anything is decoded.

    Args:
        backend: The chain.
        raw: The transaction.
        sender: Its sender, where that was recovered before.

    Raises:
        TransactionError: Why it is not acceptable.
    """
    most = backend.config.mempool.max_transaction_bytes
    if len(raw) > most:
        raise _too_large(raw, most)
    return backend.submit(raw, sender)


def _too_large(raw: bytes, most: int) -> TransactionTooLarge:
    return TransactionTooLarge(f"oversized data: transaction size {len(raw)}, limit {most}", size=len(raw))


@methods("eth_sendRawTransactionSync", _RAW, Param("timeout", uint64, optional=True), run=Run.WAIT)
async def send_raw_transaction_sync(dispatcher: Dispatcher, raw: bytes, timeout_ms: int | None) -> Json:
    """Take a signed transaction and wait for its receipt (EIP-7966)."""
    limit_s = _SYNC_DEFAULT_S if not timeout_ms else min(timeout_ms / 1000, _SYNC_MOST_S)
    backend = dispatcher.services.backend
    loop, committed = asyncio.get_running_loop(), asyncio.Event()

    def listen(_: NewBlock) -> None:
        loop.call_soon_threadsafe(committed.set)

    # Listening starts before the transaction can be in a block, so that no block is missed.
    unsubscribe = backend.events.subscribe(listen, NewBlock)
    try:
        tx_hash: bytes = await dispatcher.in_submit_pool(submit, backend, raw)
        try:
            async with asyncio.timeout(limit_s):
                return await _wait_for_receipt(dispatcher, tx_hash, committed)
        except TimeoutError:
            raise NotYetIncluded(
                f"the transaction is in the pool but was in no block within {limit_s:g} s", data=hexstr(tx_hash)
            ) from None
    finally:
        unsubscribe()


async def _wait_for_receipt(dispatcher: Dispatcher, tx_hash: bytes, committed: asyncio.Event) -> Json:
    while True:
        committed.clear()
        with dispatcher.view() as view:
            receipt = get_transaction_receipt(view, tx_hash)
        if receipt is not None:
            return dict(receipt)
        await committed.wait()


def _at(view: View, block: StoredBlock | None, index: int) -> Json | None:
    if block is None or index >= len(block.transactions):
        return None
    return transaction_json(block.transactions[index], block_position(block, index), block.header, zk=view.has_l1)


def _raw_at(block: StoredBlock | None, index: int) -> str | None:
    if block is None or index >= len(block.transactions):
        return None
    return hexstr(block.transactions[index].raw)
