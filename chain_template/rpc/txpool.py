"""txpool_: what waits to be included."""

from collections.abc import Mapping

from chain_template.rpc.format import Json, hexstr, transaction_json
from chain_template.rpc.params import Param, address
from chain_template.rpc.registry import Methods, Run
from chain_template.rpc.view import View
from chain_template.transactions.types import Transaction

methods = Methods()

_Held = Mapping[bytes, Mapping[int, Transaction]]


@methods("txpool_status")
def status(view: View) -> Json:
    """How many transactions could be included now, and how many wait for an earlier nonce."""
    counted = view.backend.mempool.status()
    return {"pending": hex(counted.pending), "queued": hex(counted.queued)}


@methods("txpool_content", run=Run.POOL)
def content(view: View) -> Json:
    """Every transaction in the pool, by sender and nonce."""
    held = view.backend.mempool.content()
    return {"pending": _whole(view, held.pending), "queued": _whole(view, held.queued)}


@methods("txpool_contentFrom", Param("address", address), run=Run.POOL)
def content_from(view: View, sender: bytes) -> Json:
    """One sender's transactions in the pool, by nonce."""
    held = view.backend.mempool.content(sender)
    shown = {"pending": _whole(view, held.pending), "queued": _whole(view, held.queued)}
    return {kind: senders.get(hexstr(sender), {}) for kind, senders in shown.items()}


@methods("txpool_inspect", run=Run.POOL)
def inspect(view: View) -> Json:
    """Every transaction in the pool in a line of text, by sender and nonce."""
    held = view.backend.mempool.content()
    return {"pending": _lines(held.pending), "queued": _lines(held.queued)}


def _whole(view: View, held: _Held) -> Json:
    return {
        hexstr(sender): {str(nonce): transaction_json(tx, None, None, zk=view.has_l1) for nonce, tx in txs.items()}
        for sender, txs in held.items()
    }


def _lines(held: _Held) -> Json:
    return {hexstr(sender): {str(nonce): _line(tx) for nonce, tx in txs.items()} for sender, txs in held.items()}


def _line(tx: Transaction) -> str:
    to = "contract creation" if tx.to is None else hexstr(tx.to)
    return f"{to}: {tx.value} wei + {tx.gas_limit} gas × {tx.max_fee_per_gas} wei"
