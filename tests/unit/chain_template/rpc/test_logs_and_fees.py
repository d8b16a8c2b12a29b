"""eth_getLogs, polling filters, and what gas costs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chain_template.events import RolledBack
from chain_template.rpc.errors import Overloaded, ServerError
from chain_template.rpc.filters import FilterBook, FilterKind
from chain_template.rpc.logs import log_query
from tests.support import GWEI
from tests.unit.chain_template.rpc.asm import COUNTED_TOPIC, MANY, contract_address, deployer
from tests.unit.chain_template.rpc.conftest import Deployed, serve
from tests.unit.chain_template.rpc.served import KEYS, Client, RpcFailure, ServedChain, address_of, l1_config, sign

TOPIC = "0x" + COUNTED_TOPIC.hex()


def padded(address: str) -> str:
    return "0x" + address[2:].lower().rjust(64, "0")


def refused(client: Client, code: int, words: str, method: str, *params: Any) -> None:
    with pytest.raises(RpcFailure) as caught:
        client.call(method, *params)
    assert (caught.value.code, words in caught.value.message) == (code, True), caught.value


@pytest.fixture(scope="module")
def counted(l1: Deployed) -> list[dict[str, Any]]:
    """Receipts of calls by two senders, each with one log."""
    return [l1.client.receipt(l1.send(key)) for key in (1, 2, 1)]


def test_logs_by_range_address_and_topic(l1: Deployed, counted: list[dict[str, Any]]) -> None:
    first = counted[0]["blockNumber"]
    logs = [receipt["logs"][0] for receipt in counted]

    def found(**query: Any) -> list[Any]:
        return list(l1.client.call("eth_getLogs", {"fromBlock": first, **query}))

    assert found() == logs
    assert found(toBlock=first) == logs[:1]
    assert found(address=l1.many, topics=[TOPIC]) == logs
    assert found(address=[l1.many, "0x" + "11" * 20]) == logs
    assert found(address="0x" + "11" * 20) == []
    assert found(topics=[]) == found(topics=[None]) == found(topics=[[]]) == logs
    assert found(topics=[None, padded(KEYS[2].address)]) == logs[1:2]
    assert found(topics=[TOPIC, [padded(KEYS[1].address), padded(KEYS[2].address)]]) == logs
    assert found(topics=[[TOPIC, None], None]) == logs
    assert found(topics=[padded(KEYS[2].address)]) == []
    # A log of two topics does not have a third one, whatever it may be.
    assert found(topics=[None, None, None]) == []
    assert l1.client.call("eth_getLogs", {"blockHash": counted[1]["blockHash"]}) == logs[1:2]
    assert l1.client.call("eth_getLogs", {}) == logs[2:]


def test_ranges_beyond_the_head_are_empty(l1: Deployed, counted: list[dict[str, Any]]) -> None:
    """Clients ask from the block after the last one they have seen."""
    ahead = hex(int(l1.client.call("eth_blockNumber"), 16) + 1)
    assert l1.client.call("eth_getLogs", {"fromBlock": ahead}) == []
    assert l1.client.call("eth_getLogs", {"fromBlock": ahead, "toBlock": hex(10**9)}) == []


def test_queries_that_make_no_sense(l1: Deployed) -> None:
    client, some = l1.client, "0x" + "ab" * 32
    refused(client, -32602, "fromBlock 5 is above toBlock 4", "eth_getLogs", {"fromBlock": "0x5", "toBlock": "0x4"})
    refused(client, -32602, "cannot specify both", "eth_getLogs", {"blockHash": some, "fromBlock": "0x0"})
    refused(client, -32000, "header not found", "eth_getLogs", {"blockHash": some})
    refused(client, -32602, "at most 4", "eth_getLogs", {"topics": [some] * 5})
    refused(client, -32602, "topics: hex string has length 4", "eth_getLogs", {"topics": ["0x1234"]})
    refused(client, -32602, "address: ", "eth_getLogs", {"address": [7]})


def test_limits_of_the_search(tmp_path: Path) -> None:
    chain = ServedChain(l1_config(tmp_path, max_logs=1, max_block_range=2))
    try:
        deployed = serve(chain)
        last = [deployed.client.receipt(deployed.send()) for _ in range(2)][-1]
        number = int(last["blockNumber"], 16)
        assert len(deployed.client.call("eth_getLogs", {"fromBlock": hex(number)})) == 1
        query = {"fromBlock": hex(number - 1)}
        refused(deployed.client, -32000, "query returned more than 1 results", "eth_getLogs", query)
        refused(deployed.client, -32602, "block range is too wide", "eth_getLogs", {"fromBlock": hex(number - 2)})
    finally:
        chain.stop()


def test_a_log_filter_reports_each_log_once(l1: Deployed) -> None:
    call = l1.client.call
    everything = call("eth_newFilter", {})
    mine = call("eth_newFilter", {"address": l1.many, "topics": [TOPIC, padded(KEYS[2].address)]})
    assert call("eth_getFilterChanges", everything) == []
    logs = [l1.client.receipt(l1.send(key))["logs"][0] for key in (1, 2)]
    assert call("eth_getFilterChanges", everything) == logs
    assert call("eth_getFilterChanges", everything) == []
    assert call("eth_getFilterChanges", mine) == logs[1:]
    assert logs[1] in call("eth_getFilterLogs", mine) or call("eth_getFilterLogs", mine) == []
    assert call("eth_uninstallFilter", everything) is True
    assert call("eth_uninstallFilter", everything) is False
    refused(l1.client, -32000, "filter not found", "eth_getFilterChanges", everything)


def test_a_log_filter_keeps_to_its_blocks(l1: Deployed) -> None:
    call = l1.client.call
    head = int(call("eth_blockNumber"), 16)
    bounded = call("eth_newFilter", {"fromBlock": hex(head), "toBlock": hex(head + 1)})
    later = call("eth_newFilter", {"fromBlock": hex(head + 2)})
    receipts = [l1.client.receipt(l1.send(1)) for _ in range(2)]
    assert [int(r["blockNumber"], 16) for r in receipts] == [head + 1, head + 2]
    assert call("eth_getFilterChanges", bounded) == receipts[0]["logs"]
    assert call("eth_getFilterChanges", later) == receipts[1]["logs"]
    assert receipts[0]["logs"][0] in call("eth_getFilterLogs", bounded)
    refused(l1.client, -32602, "bound to one block", "eth_newFilter", {"blockHash": "0x" + "ab" * 32})


def test_block_and_pending_filters(l1: Deployed) -> None:
    call = l1.client.call
    blocks, pending = call("eth_newBlockFilter"), call("eth_newPendingTransactionFilter")
    assert (call("eth_getFilterChanges", blocks), call("eth_getFilterChanges", pending)) == ([], [])
    receipts = [l1.client.receipt(l1.send(1)) for _ in range(2)]
    assert call("eth_getFilterChanges", blocks) == [receipt["blockHash"] for receipt in receipts]
    assert call("eth_getFilterChanges", pending) == [receipt["transactionHash"] for receipt in receipts]
    assert (call("eth_getFilterChanges", blocks), call("eth_getFilterChanges", pending)) == ([], [])
    refused(l1.client, -32000, "not for logs", "eth_getFilterLogs", blocks)


def test_a_rollback_is_reported_anew(tmp_path: Path) -> None:
    chain = ServedChain(l1_config(tmp_path))
    client = chain.start(blocks=False)
    try:
        for nonce in range(2):
            fields: dict[str, Any] = {"to": None, "data": deployer(MANY), "gas": 10**6}
            if nonce:
                fields = {"to": contract_address(address_of(KEYS[0]), 0), "gas": 10**5}
            client.call("eth_sendRawTransaction", "0x" + sign(KEYS[0], nonce, **fields).hex())
            chain.sequencer.build_block()
        blocks, logs = client.call("eth_newBlockFilter"), client.call("eth_newFilter", {})
        chain.rollback(1)
        chain.sequencer.build_block()
        head = client.call("eth_getBlockByNumber", "latest", False)
        assert head["number"] == "0x2"
        assert client.call("eth_getFilterChanges", blocks) == [head["hash"]]
        assert [log["blockHash"] for log in client.call("eth_getFilterChanges", logs)] == [head["hash"]]
    finally:
        chain.stop()


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_filters_that_nobody_polls_are_forgotten() -> None:
    clock = Clock()
    book = FilterBook(10.0, clock)
    polled, left = book.add(FilterKind.BLOCKS, 1), book.add(FilterKind.LOGS, 1, log_query({}))
    for _ in range(3):
        clock.now += 6
        book.get(polled)
    assert len(book) == 1
    with pytest.raises(ServerError, match="filter not found"):
        book.get(left)


def test_a_filter_moves_on_only_from_where_it_was() -> None:
    book = FilterBook(10.0)
    blocks = book.add(FilterKind.BLOCKS, 5)
    book.reported(blocks, 5, 9)
    assert book.get(blocks).next_block == 10
    book.on_event(RolledBack(6))
    book.reported(blocks, 10, 12)
    assert book.get(blocks).next_block == 7


def test_there_is_an_end_to_filters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chain_template.rpc.filters.MAX_FILTERS", 2)
    book = FilterBook(10.0)
    book.add(FilterKind.BLOCKS, 1)
    book.add(FilterKind.BLOCKS, 1)
    with pytest.raises(Overloaded):
        book.add(FilterKind.BLOCKS, 1)


# -- fees --------------------------------------------------------------------------------------------------------------


def test_prices_have_head_room(l1: Deployed) -> None:
    call = l1.client.call
    base_fee = int(call("eth_getBlockByNumber", "pending", False)["baseFeePerGas"], 16)
    tip = int(call("eth_maxPriorityFeePerGas"), 16)
    assert int(call("eth_gasPrice"), 16) >= base_fee * 3 // 2 + tip
    assert call("eth_blobBaseFee") == "0x1"


def test_fee_history(l1: Deployed) -> None:
    receipt = l1.client.receipt(l1.send(1, maxFeePerGas=3 * GWEI, maxPriorityFeePerGas=7))
    number = int(receipt["blockNumber"], 16)
    history = l1.client.call("eth_feeHistory", "0x2", hex(number), [0, 50, 100])
    blocks = [l1.client.call("eth_getBlockByNumber", hex(n), False) for n in (number - 1, number)]
    assert history["oldestBlock"] == hex(number - 1)
    assert history["baseFeePerGas"][:2] == [block["baseFeePerGas"] for block in blocks]
    assert len(history["baseFeePerGas"]) == len(history["baseFeePerBlobGas"]) == 3
    assert history["gasUsedRatio"] == [int(b["gasUsed"], 16) / int(b["gasLimit"], 16) for b in blocks]
    assert history["blobGasUsedRatio"] == [0.0, 0.0]
    assert history["reward"][1] == ["0x7"] * 3
    without = l1.client.call("eth_feeHistory", 1, "latest")
    assert "reward" not in without
    assert l1.client.call("eth_feeHistory", "0x0", "latest", []) == {"oldestBlock": "0x0", "gasUsedRatio": []}
    everything = l1.client.call("eth_feeHistory", hex(10**6), "latest", [])
    assert everything["oldestBlock"] == "0x0"


@pytest.mark.parametrize(
    ("params", "words"),
    [
        (["0x1", "latest", [101]], "expected a percentile between 0 and 100, got 101"),
        (["0x1", "latest", [-1]], "got -1"),
        (["0x1", "latest", ["5"]], 'got "5"'),
        (["0x1", "latest", [5, 4]], "they must not fall"),
        (["0x1", "latest", [1] * 101], "at most 100"),
        (["0x1"], "missing value for required argument 1 (newestBlock)"),
    ],
)
def test_fee_histories_that_make_no_sense(l1: Deployed, params: list[Any], words: str) -> None:
    refused(l1.client, -32602, words, "eth_feeHistory", *params)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[ServedChain]:
    """A chain whose blocks hold two transfers of the test's, so that they are full."""
    config = l1_config(tmp_path)
    config = config.model_copy(update={"block": config.block.model_copy(update={"gas_limit": 1_000_000})})
    chain = ServedChain(config)
    chain.start(blocks=False)
    yield chain
    chain.stop()


def test_full_blocks_raise_the_tip_that_is_suggested(small: ServedChain) -> None:
    client = small.client
    assert client.call("eth_maxPriorityFeePerGas") == "0x0"
    before = int(client.call("eth_gasPrice"), 16)
    for key in range(3):
        fields = {"to": None, "data": deployer(MANY), "gas": 330_000, "maxFeePerGas": 9 * GWEI}
        raw = sign(KEYS[key], 0, maxPriorityFeePerGas=10 + key, **fields)
        client.call("eth_sendRawTransaction", "0x" + raw.hex())
    small.sequencer.build_block()
    head = client.call("eth_getBlockByNumber", "latest", False)
    assert int(head["gasUsed"], 16) > int(head["gasLimit"], 16) // 2
    assert int(client.call("eth_maxPriorityFeePerGas"), 16) == 11
    assert int(client.call("eth_gasPrice"), 16) > before
