"""eth_: finding logs, and polling filters."""

from typing import Any

from chain_template.rpc.errors import InvalidParams, ServerError
from chain_template.rpc.filters import Filter, FilterKind
from chain_template.rpc.format import hexstr, log_json
from chain_template.rpc.logs import LogQuery, find_logs, log_query, search
from chain_template.rpc.params import Param, text
from chain_template.rpc.registry import Methods, Run
from chain_template.rpc.view import View

methods = Methods()

_QUERY = Param("filter", log_query)
_ID = Param("filterId", text)


@methods("eth_getLogs", _QUERY, run=Run.POOL)
def get_logs(view: View, query: LogQuery) -> list[Any]:
    """The logs a filter finds, in chain order."""
    return [log_json(log, zk=view.has_l1) for log in find_logs(view, query)]


@methods("eth_newFilter", _QUERY)
def new_filter(view: View, query: LogQuery) -> str:
    """Make a filter that reports new logs; returns its id."""
    if query.block_hash is not None:
        raise InvalidParams("a filter for new logs cannot be bound to one block; use eth_getLogs")
    return view.services.filters.add(FilterKind.LOGS, view.snapshot.head_number + 1, query)


@methods("eth_newBlockFilter")
def new_block_filter(view: View) -> str:
    """Make a filter that reports the hashes of new blocks; returns its id."""
    return view.services.filters.add(FilterKind.BLOCKS, view.snapshot.head_number + 1)


@methods("eth_newPendingTransactionFilter")
def new_pending_transaction_filter(view: View) -> str:
    """Make a filter that reports the hashes of transactions taken into the pool; returns its id."""
    return view.services.filters.add(FilterKind.PENDING, 0)


@methods("eth_uninstallFilter", _ID)
def uninstall_filter(view: View, filter_id: str) -> bool:
    """Forget a filter; false when there is none."""
    return view.services.filters.remove(filter_id)


@methods("eth_getFilterChanges", _ID, run=Run.POOL)
def get_filter_changes(view: View, filter_id: str) -> list[Any]:
    """What a filter found since it was asked last."""
    filters = view.services.filters
    found = filters.get(filter_id)
    if found.kind is FilterKind.PENDING:
        return [hexstr(tx_hash) for tx_hash in filters.take_pending(filter_id)]
    first, head = found.next_block, view.snapshot.head_number
    changes = _changes(view, found, first, head)
    # Only now: a search that was refused for finding too much has reported nothing.
    filters.reported(filter_id, first, head)
    return changes


def _changes(view: View, found: Filter, first: int, head: int) -> list[Any]:
    if found.query is None:
        hashes = view.snapshot.block_hashes_before(head + 1, head + 1 - first) if first <= head else []
        return [hexstr(block_hash) for block_hash in reversed(hashes)]
    lowest, highest = _bounds(view, found.query)
    logs = search(view, found.query, max(first, lowest), min(head, highest))
    return [log_json(log, zk=view.has_l1) for log in logs]


@methods("eth_getFilterLogs", _ID, run=Run.POOL)
def get_filter_logs(view: View, filter_id: str) -> list[Any]:
    """Everything a log filter finds, reported before or not."""
    query = view.services.filters.get(filter_id).query
    if query is None:
        raise ServerError("filter not found", hint="it is a filter for blocks or transactions, not for logs")
    return get_logs(view, query)


def _bounds(view: View, query: LogQuery) -> tuple[int, int]:
    """The blocks a filter is restricted to: by number only, as a tag moves on with the chain."""
    first = query.first.number if query.first is not None else None
    last = query.last.number if query.last is not None else None
    return (0 if first is None else first), (view.snapshot.head_number if last is None else last)
