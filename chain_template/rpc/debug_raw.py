"""debug_: the raw bytes of what the chain holds."""

import rlp

from chain_template.headers import BlockHeader
from chain_template.primitives import keccak
from chain_template.rpc.errors import ServerError
from chain_template.rpc.eth_transactions import get_raw_transaction_by_hash
from chain_template.rpc.format import hexstr
from chain_template.rpc.params import BlockId, Param, block_id, hash32
from chain_template.rpc.registry import Methods, Run
from chain_template.rpc.view import View
from chain_template.store.records import StoredBlock

methods = Methods()

_BLOCK = Param("block", block_id)


@methods("debug_getRawHeader", _BLOCK)
def get_raw_header(view: View, block: BlockId) -> str:
    """A header's RLP; its keccak is the block hash."""
    return hexstr(view.header(block).encode())


@methods("debug_getRawBlock", _BLOCK, run=Run.POOL)
def get_raw_block(view: View, block: BlockId) -> str:
    """A block's RLP: header, transactions, no uncles, no withdrawals."""
    found = _existing(view, block)
    return hexstr(encode_block(found.header, [tx.raw for tx in found.transactions]))


@methods("debug_getRawTransaction", Param("transactionHash", hash32))
def get_raw_transaction(view: View, tx_hash: bytes) -> str | None:
    """A transaction's own bytes, or null."""
    raw: str | None = get_raw_transaction_by_hash(view, tx_hash)
    return raw


@methods("debug_getRawReceipts", _BLOCK, run=Run.POOL)
def get_raw_receipts(view: View, block: BlockId) -> list[str]:
    """A block's receipts as they stand in its receipts trie."""
    number = _existing(view, block).header.number
    return [hexstr(stored.receipt.encode()) for stored in view.snapshot.receipts(number)]


@methods("debug_codeByHash", Param("codeHash", hash32))
def code_by_hash(view: View, code_hash: bytes) -> str | None:
    """The code with this keccak, or null."""
    return stored_code(view, code_hash)


def stored_code(view: View, code_hash: bytes) -> str | None:
    """A code by its hash, or null.

    Trie nodes are stored under their hashes too; a node is told from a code by being asked for as one, so this gives
    whatever bytes have the hash, which only somebody who knows the bytes can name.
    """
    if code_hash == keccak(b""):
        return "0x"
    try:
        return hexstr(view.backend.store.nodes[code_hash])
    except KeyError:
        return None


def encode_block(header: BlockHeader, transactions: list[bytes]) -> bytes:
    """RLP of a whole block; a legacy transaction stands in it as a list, a typed one as bytes (EIP-2718)."""
    items = [rlp.decode(raw) if raw[0] >= 0xC0 else raw for raw in transactions]
    return bytes(rlp.encode([rlp.decode(header.encode()), items, [], []]))


def _existing(view: View, block: BlockId) -> StoredBlock:
    found = view.block(block)
    if found is None:
        raise ServerError(f"block not found: there is no block {block}")
    view.require_history(found.header.number, found.header.number)
    return found
