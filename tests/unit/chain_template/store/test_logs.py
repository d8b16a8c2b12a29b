"""Log filters, against a filter written out in Python."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chain_template.errors import StoreError, TooManyResults
from chain_template.store import LogFilter, StoredLog
from tests.unit.chain_template.store.world import World, logger_address, topic


def all_logs(world: World) -> Iterator[StoredLog]:
    for block in world.blocks:
        index = 0
        for tx_index, (tx, receipt) in enumerate(zip(block.transactions, block.receipts, strict=True)):
            for log in receipt.logs:
                yield StoredLog(
                    log.address,
                    log.topics,
                    log.data,
                    block.header.number,
                    block.header.hash,
                    tx.hash,
                    tx_index,
                    index,
                    None,
                )
                index += 1


def matches(log: StoredLog, query: LogFilter) -> bool:
    """``eth_getLogs`` as its specification says it."""
    if not query.from_block <= log.block_number <= query.to_block:
        return False
    if query.addresses and log.address not in query.addresses:
        return False
    if len(query.topics) > len(log.topics):
        return False
    return all(not options or log.topics[at] in options for at, options in enumerate(query.topics))


addresses = st.sampled_from([logger_address(n, c) for n in range(5) for c in range(2)] + [b"\x99" * 20])
topics = st.sampled_from([topic(value) for value in range(10)])
filters = st.builds(
    LogFilter,
    from_block=st.integers(-1, 11),
    to_block=st.integers(-1, 11),
    addresses=st.lists(addresses, max_size=3).map(tuple),
    topics=st.lists(st.none() | st.lists(topics, max_size=3).map(tuple), max_size=5).map(tuple),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=filters)
def test_a_filter_finds_what_its_definition_says(full, world, query):
    expected = [log for log in all_logs(world) if matches(log, query)]
    with full.snapshot() as snapshot:
        assert snapshot.logs(query, limit=1_000) == expected


def test_the_world_s_logs_are_worth_filtering(world):
    logs = list(all_logs(world))
    assert len(logs) > 30
    assert len({log.address for log in logs}) >= 4


def test_more_than_the_limit_is_refused(full, world):
    everything = LogFilter(0, 100)
    count = len(list(all_logs(world)))
    with full.snapshot() as snapshot:
        assert len(snapshot.logs(everything, limit=count)) == count
        with pytest.raises(TooManyResults, match=f"more than {count - 1} results") as caught:
            snapshot.logs(everything, limit=count - 1)
    assert caught.value.limit == count - 1
    assert caught.value.hint


def test_many_terms_are_one_query(full, world):
    wanted = (*(number.to_bytes(20, "big") for number in range(9_000)), logger_address(3))
    with full.snapshot() as snapshot:
        assert len(snapshot.logs(LogFilter(0, 100, wanted), limit=100)) == len(world.blocks)
        with pytest.raises(StoreError, match="10001"):
            snapshot.logs(LogFilter(0, 100, wanted[:1] * 10_001), limit=100)


def test_ranges_beyond_the_chain_are_empty(full):
    with full.snapshot() as snapshot:
        assert snapshot.logs(LogFilter(10, 2**64), limit=1) == []
        assert snapshot.logs(LogFilter(2**64, 2**70), limit=1) == []
        assert snapshot.logs(LogFilter(5, 4), limit=1) == []


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (LogFilter(0, 9, (logger_address(3),)), "logs_by_address"),
        (LogFilter(0, 9, (logger_address(3),), ((topic(1),),)), "logs_by_address"),
        (LogFilter(0, 9, (), ((topic(1),),)), "logs_by_topic"),
        (LogFilter(0, 9, (), (None, (topic(1),))), "INTEGER PRIMARY KEY"),
    ],
)
def test_a_filter_uses_an_index_and_its_range_of_blocks(full, query, index):
    """Neither may scan the table: the plan is what keeps a filter quick at a million transactions."""
    plans: list[str] = []
    with full.snapshot() as snapshot:
        database = snapshot._db
        statements: list[str] = []
        database.set_trace_callback(statements.append)
        snapshot.logs(query, limit=10)
        database.set_trace_callback(None)
        (statement,) = [text for text in statements if "FROM logs" in text]
        plans = [row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {statement}")]
    (plan,) = [text for text in plans if text.startswith("SEARCH l ")]
    assert index in plan
    assert "rowid" in plan
    assert not any(text.startswith("SCAN") for text in plans)
