"""Log filters: reading them from JSON, applying them to blocks as they come."""

from dataclasses import dataclass
from typing import Any

from chain_template.executor.interface import ExecutedBlock
from chain_template.rpc.errors import InvalidParams
from chain_template.rpc.params import BlockId, Malformed, address, block_number, field, hash32, list_of, mapping
from chain_template.rpc.view import View
from chain_template.store.records import LogFilter, StoredLog

_MAX_ADDRESSES = 1_000
_MAX_TOPICS_AT_ONE_PLACE = 1_000


@dataclass(frozen=True, slots=True)
class LogQuery:
    """``eth_getLogs``' parameter: which blocks, which logs.

    Attributes:
        first / last: None where the client named none.
        block_hash: Instead of both.
        topics: For each position any of these; None for all. A log has at least as many topics as there are positions.
    """

    first: BlockId | None
    last: BlockId | None
    block_hash: bytes | None
    addresses: tuple[bytes, ...]
    topics: tuple[tuple[bytes, ...] | None, ...]

    def matches(self, log: StoredLog) -> bool:
        """Whether the log is wanted, its block aside."""
        if self.addresses and log.address not in self.addresses:
            return False
        if len(log.topics) < len(self.topics):
            return False
        return all(wanted is None or topic in wanted for wanted, topic in zip(self.topics, log.topics, strict=False))


def log_query(value: Any) -> LogQuery:
    """Read a filter object."""
    fields = mapping(value)
    block_hash = field(fields, "blockHash", hash32)
    first, last = field(fields, "fromBlock", block_number), field(fields, "toBlock", block_number)
    if block_hash is not None and (first is not None or last is not None):
        raise Malformed("cannot specify both blockHash and fromBlock/toBlock, choose one or the other")
    addresses = field(fields, "address", _addresses, ())
    topics = field(fields, "topics", _topics, ())
    return LogQuery(first, last, block_hash, addresses, topics)


def subscription_query(value: Any) -> LogQuery:
    """Read the filter of a ``logs`` subscription, which knows address and topics only."""
    fields = mapping(value)
    return LogQuery(None, None, None, field(fields, "address", _addresses, ()), field(fields, "topics", _topics, ()))


def find_logs(view: View, query: LogQuery) -> list[StoredLog]:
    """The logs a query finds on the chain.

    Raises:
        InvalidParams: The range is backwards or too wide.
        ServerError: ``blockHash`` is unknown.
        HistoryLost: The range reaches into what was recovered from L1.
        TooManyResults: More than the endpoint gives at once.
    """
    if query.block_hash is not None:
        number = view.header(BlockId(hash=query.block_hash)).number
        return search(view, query, number, number)
    head = view.snapshot.head_number
    first = head if query.first is None else view.number_of(query.first)
    last = head if query.last is None else view.number_of(query.last)
    assert first is not None and last is not None
    if first > last and query.last is not None:
        raise InvalidParams(f"invalid block range params: fromBlock {first} is above toBlock {last}")
    return search(view, query, first, min(last, head))


def search(view: View, query: LogQuery, first: int, last: int) -> list[StoredLog]:
    """The logs a query finds in the blocks ``first`` … ``last``; see :func:`find_logs`."""
    settings = view.config.rpc
    if last - first >= settings.max_block_range:
        raise InvalidParams(
            f"block range is too wide: {last - first + 1} blocks; "
            f"at most {settings.max_block_range} are searched at once"
        )
    if first > last:
        return []
    view.require_history(first, last)
    found = view.snapshot.logs(LogFilter(first, last, query.addresses, query.topics), settings.max_logs)
    return [log for log in found if len(log.topics) >= len(query.topics)]


def block_logs(block: ExecutedBlock) -> list[StoredLog]:
    """The logs of a block that was just committed."""
    found: list[StoredLog] = []
    for tx_index, (tx, receipt) in enumerate(zip(block.transactions, block.receipts, strict=True)):
        for log in receipt.logs:
            found.append(
                StoredLog(
                    address=log.address,
                    topics=log.topics,
                    data=log.data,
                    block_number=block.header.number,
                    block_hash=block.header.hash,
                    transaction_hash=tx.hash,
                    transaction_index=tx_index,
                    log_index=len(found),
                    batch_number=None,
                )
            )
    return found


def _addresses(value: Any) -> tuple[bytes, ...]:
    if isinstance(value, list):
        return tuple(dict.fromkeys(list_of(address, _MAX_ADDRESSES)(value)))
    return (address(value),)


def _topics(value: Any) -> tuple[tuple[bytes, ...] | None, ...]:
    return tuple(list_of(_topic_choices, 4)(value))


def _topic_choices(value: Any) -> tuple[bytes, ...] | None:
    """What may stand at one position; null, an empty array, or an array with a null in it: anything."""
    if value is None:
        return None
    if not isinstance(value, list):
        return (hash32(value),)
    if not value or None in value:
        return None
    return tuple(dict.fromkeys(list_of(hash32, _MAX_TOPICS_AT_ONE_PLACE)(value)))
