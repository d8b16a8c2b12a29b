"""JSON-RPC over a WebSocket: requests, batches, subscriptions, and connections that misbehave."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.unit.chain_template.rpc.asm import COUNTED_TOPIC
from tests.unit.chain_template.rpc.conftest import Deployed, serve
from tests.unit.chain_template.rpc.served import KEYS, ServedChain, l1_config

TOPIC = "0x" + COUNTED_TOPIC.hex()


class Socket:
    """A connection that keeps answers and notifications apart."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.news: list[dict[str, Any]] = []
        self._id = 0

    def answer(self, method: str, *params: Any) -> dict[str, Any]:
        self._id += 1
        self.connection.send(json.dumps({"jsonrpc": "2.0", "id": self._id, "method": method, "params": list(params)}))
        while True:
            message = json.loads(self.connection.recv(timeout=20))
            if message.get("id") == self._id:
                return dict(message)
            self.news.append(message)

    def call(self, method: str, *params: Any) -> Any:
        answer = self.answer(method, *params)
        assert "result" in answer, answer
        return answer["result"]

    def next(self, subscription: str) -> Any:
        """The next news of a subscription."""
        while True:
            for at, message in enumerate(self.news):
                assert message["method"] == "eth_subscription"
                if message["params"]["subscription"] == subscription:
                    return self.news.pop(at)["params"]["result"]
            self.news.append(json.loads(self.connection.recv(timeout=20)))


def url_of(deployed: Deployed) -> str:
    return f"ws://127.0.0.1:{deployed.chain.server.port}"


@pytest.fixture
def ws(l1: Deployed) -> Iterator[Socket]:
    with connect(url_of(l1)) as connection:
        yield Socket(connection)


def test_requests_and_batches(l1: Deployed, ws: Socket) -> None:
    assert ws.call("eth_chainId") == "0x10f"
    assert ws.call("eth_call", {"to": l1.many}) == l1.client.call("eth_call", {"to": l1.many})
    ws.connection.send(json.dumps([{"jsonrpc": "2.0", "id": n, "method": "eth_chainId"} for n in range(3)]))
    assert [answer["id"] for answer in json.loads(ws.connection.recv(timeout=20))] == [0, 1, 2]
    ws.connection.send(b'{"jsonrpc":"2.0","id":7,"method":"eth_chainId"}')
    assert json.loads(ws.connection.recv(timeout=20))["result"] == "0x10f"
    for body in ("{", "[]", "[" * 5000):
        ws.connection.send(body)
        assert json.loads(ws.connection.recv(timeout=20))["error"]["code"] in (-32700, -32600)


def test_new_heads(l1: Deployed, ws: Socket) -> None:
    heads = ws.call("eth_subscribe", "newHeads")
    for _ in range(2):
        receipt = l1.client.receipt(l1.send())
        head = ws.next(heads)
        block = l1.client.call("eth_getBlockByNumber", receipt["blockNumber"], False)
        assert head == {key: block[key] for key in head}
        assert (head["hash"], head["number"]) == (receipt["blockHash"], receipt["blockNumber"])


def test_a_head_is_announced_after_it_can_be_read(l1: Deployed, ws: Socket) -> None:
    heads = ws.call("eth_subscribe", "newHeads")
    for _ in range(5):
        tx_hash = l1.send()
        head = ws.next(heads)
        assert ws.call("eth_getTransactionReceipt", tx_hash)["blockHash"] == head["hash"]
        assert int(ws.call("eth_blockNumber"), 16) >= int(head["number"], 16)


def test_logs(l1: Deployed, ws: Socket) -> None:
    everything = ws.call("eth_subscribe", "logs", {})
    without_filter = ws.call("eth_subscribe", "logs")
    mine = ws.call(
        "eth_subscribe", "logs", {"address": l1.many, "topics": [TOPIC, "0x" + KEYS[2].address[2:].rjust(64, "0")]}
    )
    logs = [l1.client.receipt(l1.send(key))["logs"][0] for key in (1, 2)]
    assert [ws.next(everything), ws.next(everything)] == logs
    assert [ws.next(without_filter), ws.next(without_filter)] == logs
    assert ws.next(mine) == logs[1]


def test_pending_transactions(l1: Deployed, ws: Socket) -> None:
    hashes = ws.call("eth_subscribe", "newPendingTransactions")
    whole = ws.call("eth_subscribe", "newPendingTransactions", True)
    tx_hash = l1.send()
    assert ws.next(hashes) == tx_hash
    shown = ws.next(whole)
    assert (shown["hash"], shown["blockHash"], shown["input"]) == (tx_hash, None, "0x")
    l1.client.receipt(tx_hash)


def test_unsubscribing(l1: Deployed, ws: Socket) -> None:
    heads, kept = ws.call("eth_subscribe", "newHeads"), ws.call("eth_subscribe", "newHeads")
    assert ws.call("eth_unsubscribe", heads) is True
    assert ws.answer("eth_unsubscribe", heads)["error"] == {"code": -32000, "message": "subscription not found"}
    with connect(url_of(l1)) as other:
        assert "error" in Socket(other).answer("eth_unsubscribe", kept)
    l1.client.receipt(l1.send())
    ws.next(kept)
    assert all(message["params"]["subscription"] == kept for message in ws.news)


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ([], "missing value for required argument 0 (subscription)"),
        (["newHead"], 'no "newHead" subscription in eth namespace; did you mean "newHeads"?'),
        (["weather"], "there are newHeads, logs, newPendingTransactions, syncing"),
        (["logs", {"address": "0x1"}], "invalid argument 1 (options): address"),
        (["logs", 7], "invalid argument 1 (options): expected an object"),
        (["newPendingTransactions", "yes"], "expected true or false"),
    ],
)
def test_subscriptions_that_make_no_sense(ws: Socket, params: list[Any], words: str) -> None:
    error = ws.answer("eth_subscribe", *params)["error"]
    assert (error["code"], words in error["message"]) == (-32602, True), error


def test_there_is_an_end_to_subscriptions(ws: Socket) -> None:
    for _ in range(100):
        ws.call("eth_subscribe", "newHeads")
    assert ws.answer("eth_subscribe", "newHeads")["error"]["code"] == -32005


def test_subscribing_in_a_batch(l1: Deployed, ws: Socket) -> None:
    """Also there the ids come before the first news."""
    batch = [
        {"jsonrpc": "2.0", "id": "a", "method": "eth_subscribe", "params": ["newHeads"]},
        {"jsonrpc": "2.0", "id": "b", "method": "eth_call", "params": [{"to": l1.many}]},
    ]
    known: set[str] = set()
    for _ in range(5):
        tx_hash = l1.send()
        ws.connection.send(json.dumps(batch))
        first = json.loads(ws.connection.recv(timeout=20))
        while not isinstance(first, list):
            assert first["params"]["subscription"] in known
            first = json.loads(ws.connection.recv(timeout=20))
        known = {first[0]["result"]}
        l1.client.receipt(tx_hash)
        assert ws.call("eth_unsubscribe", first[0]["result"]) is True
        ws.news.clear()


def test_subscribing_needs_a_websocket(l1: Deployed) -> None:
    answer = l1.client.post(l1.client.request("eth_subscribe", "newHeads"))
    assert answer["error"]["code"] == -32601
    assert "notifications not supported" in answer["error"]["message"]


def test_a_rollback_calls_logs_back(tmp_path: Path) -> None:
    chain = ServedChain(l1_config(tmp_path))
    try:
        deployed = serve(chain)
        with connect(url_of(deployed)) as connection:
            socket = Socket(connection)
            logs = socket.call("eth_subscribe", "logs", {})
            receipts = [deployed.client.receipt(deployed.send()) for _ in range(2)]
            sent = [socket.next(logs) for _ in receipts]
            chain.sequencer.paused = True
            chain.rollback(int(receipts[0]["blockNumber"], 16) - 1)
            gone = [socket.next(logs) for _ in receipts]
            assert gone == [log | {"removed": True} for log in reversed(sent)]
            chain.sequencer.paused = False
            again = [socket.next(logs) for _ in receipts]
            assert [log["transactionHash"] for log in again] == [log["transactionHash"] for log in sent]
    finally:
        chain.stop()


def test_pages_of_other_origins_get_no_connection(l1: Deployed) -> None:
    with pytest.raises(InvalidStatus) as caught:
        connect(url_of(l1), origin="https://example.org")  # type: ignore[arg-type]
    assert caught.value.response.status_code == 403
    with connect(url_of(l1), origin="http://localhost:3000") as connection:  # type: ignore[arg-type]
        assert Socket(connection).call("eth_chainId") == "0x10f"
    with pytest.raises(InvalidStatus):
        connect(url_of(l1) + "/elsewhere")


def test_a_message_that_is_too_large_ends_the_connection(tmp_path: Path) -> None:
    chain = ServedChain(l1_config(tmp_path, max_request_bytes=2_000))
    try:
        chain.start(blocks=False)
        with connect(f"ws://127.0.0.1:{chain.server.port}") as connection:
            connection.send(" " * 3_000)
            with pytest.raises(ConnectionClosed) as caught:
                connection.recv(timeout=20)
            assert caught.value.rcvd is not None and caught.value.rcvd.code == 1009
        assert chain.client.call("eth_chainId") == "0x10f"
    finally:
        chain.stop()


def test_a_connection_that_does_not_read_is_dropped(l1: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    """The endpoint does not hoard news for it."""
    monkeypatch.setattr("chain_template.rpc.websocket.MAX_QUEUED", 500)
    with connect(url_of(l1), max_queue=1) as connection:
        subscriptions = [Socket(connection).call("eth_subscribe", "newHeads") for _ in range(100)]
        assert len(subscriptions) == 100
        deadline = time.monotonic() + 30
        while l1.chain.server.connections and time.monotonic() < deadline:
            l1.client.receipt(l1.send())
        assert l1.chain.server.connections == 0
    assert l1.client.call("eth_chainId") == "0x10f"


def test_stopping_the_chain_ends_connections(tmp_path: Path) -> None:
    chain = ServedChain(l1_config(tmp_path))
    chain.start(blocks=False)
    with connect(f"ws://127.0.0.1:{chain.server.port}") as connection:
        socket = Socket(connection)
        socket.call("eth_subscribe", "newHeads")
        chain.stop()
        with pytest.raises(ConnectionClosed):
            connection.recv(timeout=5)
