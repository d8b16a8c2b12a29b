"""The JSON-RPC client against a server that misbehaves."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from contracts import client as client_module
from contracts.addresses import ChainAddresses, EcosystemAddresses
from contracts.client import Fees, L1Client
from contracts.deposits import priority_request
from contracts.errors import (
    AlreadyKnown,
    DeployError,
    EncodingError,
    FeeTooLow,
    InsufficientFunds,
    L1RpcError,
    L1Unavailable,
    NonceTooLow,
    TransactionReverted,
)
from contracts.sender import address_of, create2_address, create_address

ADDRESS = "0x" + 40 * "1"
#: What the server does with a parsed request: bytes to answer with, or None to hang up.
Answer = Callable[[Any], bytes | None]


class Node:
    """An HTTP server whose answers a test chooses."""

    def __init__(self) -> None:
        self.requests: list[Any] = []
        self.answer: Answer = lambda _: None
        node = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["content-length"])))
                node.requests.append(request)
                body = node.answer(request)
                if body is None:
                    self.close_connection = True
                    return
                self.send_response(200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def result(value: Any) -> Answer:
    return lambda request: json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": value}).encode()


def refusal(code: int, message: str, data: Any = None) -> Answer:
    error = {"code": code, "message": message} | ({} if data is None else {"data": data})
    return lambda request: json.dumps({"jsonrpc": "2.0", "id": request["id"], "error": error}).encode()


@pytest.fixture
def node(monkeypatch: pytest.MonkeyPatch) -> Iterator[Node]:
    monkeypatch.setattr(client_module, "RETRY_PAUSE_S", 0.001)
    server = Node()
    yield server
    server.stop()


@pytest.fixture
def client(node: Node) -> Iterator[L1Client]:
    with L1Client(node.url, timeout_s=2) as it:
        yield it


def test_requests_are_json_rpc(node: Node, client: L1Client) -> None:
    node.answer = result("0x7a69")
    assert client.chain_id() == 31337
    assert node.requests[0]["method"] == "eth_chainId"
    assert node.requests[0]["params"] == []
    assert node.requests[0]["jsonrpc"] == "2.0"


def test_lost_connections_are_tried_again(node: Node, client: L1Client) -> None:
    answers = [None, b"<html>bad gateway</html>", None]
    node.answer = lambda request: answers.pop(0) if answers else result("0x1")(request)
    assert client.block_number() == 1
    assert len(node.requests) == 4


def test_silence_is_an_error_in_the_end(node: Node, client: L1Client) -> None:
    with pytest.raises(L1Unavailable) as caught:
        client.block_number()
    assert caught.value.url == node.url
    assert len(node.requests) == client_module.RETRIES + 1


def test_nobody_there() -> None:
    with L1Client("http://127.0.0.1:9", retries=0) as client, pytest.raises(L1Unavailable, match=r"127\.0\.0\.1:9"):
        client.block_number()


@pytest.mark.parametrize("url", ["http://[::1", "nonsense", "ftp://127.0.0.1"])
def test_bad_urls(url: str) -> None:
    with L1Client(url, retries=0) as client, pytest.raises(L1Unavailable):
        client.block_number()


@pytest.mark.parametrize("body", [b"[]", b"3", b'{"jsonrpc": "2.0", "id": 1}', b"null"])
def test_answers_that_are_no_json_rpc(node: Node, client: L1Client, body: bytes) -> None:
    node.answer = lambda _: body
    with pytest.raises(L1Unavailable):
        client.block_number()


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("nonce too low: next nonce 5, tx nonce 4", NonceTooLow),
        ("already known", AlreadyKnown),
        ("transaction already imported", AlreadyKnown),
        ("replacement transaction underpriced", FeeTooLow),
        ("max fee per gas less than block base fee", FeeTooLow),
        ("insufficient funds for gas * price + value", InsufficientFunds),
        ("method not found", L1RpcError),
    ],
)
def test_refusals_are_told_apart(node: Node, client: L1Client, message: str, kind: type[L1RpcError]) -> None:
    node.answer = refusal(-32000, message)
    with pytest.raises(L1RpcError) as caught:
        client.send_raw(b"\x02")
    assert type(caught.value) is kind
    assert caught.value.code == -32000
    assert caught.value.method == "eth_sendRawTransaction"
    assert len(node.requests) == 1


@pytest.mark.parametrize(
    "data",
    [
        "0xb385a3da" + "00" * 31 + "05" + "00" * 31 + "03",
        {"data": "0xb385a3da" + "00" * 31 + "05" + "00" * 31 + "03", "message": "reverted"},
    ],
)
def test_reverts_are_explained(node: Node, client: L1Client, data: Any) -> None:
    node.answer = refusal(3, "execution reverted", data)
    with pytest.raises(TransactionReverted) as caught:
        client.call(ADDRESS, b"", what="the deposit")
    assert caught.value.error_name == "MsgValueTooLow"
    assert str(caught.value) == "the deposit reverted: MsgValueTooLow(required=5, provided=3)"


def test_revert_without_data_keeps_the_nodes_words(node: Node, client: L1Client) -> None:
    node.answer = refusal(-32000, "execution reverted: out of luck")
    with pytest.raises(TransactionReverted, match="out of luck"):
        client.estimate_gas(ADDRESS, b"")


def test_errors_that_are_no_reverts_pass(node: Node, client: L1Client) -> None:
    node.answer = refusal(-32602, "invalid params", "0xzz")
    with pytest.raises(L1RpcError) as caught:
        client.call(ADDRESS, b"")
    assert not isinstance(caught.value, TransactionReverted)


def test_batches_are_put_in_order(node: Node, client: L1Client) -> None:
    node.answer = lambda requests: json.dumps(
        [{"id": request["id"], "result": request["method"]} for request in reversed(requests)]
    ).encode()
    assert client.rpc_batch([("a", []), ("b", [1])]) == ["a", "b"]
    assert client.rpc_batch([]) == []


@pytest.mark.parametrize("body", [b"{}", b"[]", b'[{"id": 999, "result": 1}]'])
def test_batches_with_holes(node: Node, client: L1Client, body: bytes) -> None:
    node.answer = lambda _: body
    with pytest.raises(L1Unavailable):
        client.rpc_batch([("a", [])])


def test_a_refusal_in_a_batch_is_raised(node: Node, client: L1Client) -> None:
    node.answer = lambda requests: json.dumps(
        [{"id": requests[0]["id"], "error": {"code": -32601, "message": "unknown"}}]
    ).encode()
    with pytest.raises(L1RpcError, match="unknown"):
        client.rpc_batch([("a", [])])


def test_raised_fees_round_up() -> None:
    assert Fees(101, 1).raised(10) == Fees(112, 2)
    assert Fees(100, 0).raised(10) == Fees(110, 0)


# -- addresses and keys -------------------------------------------------------------------------------------


def test_addresses_of_created_contracts() -> None:
    # Vectors of EIP-1014, and the first contracts of the well-known first account.
    zero = "0x" + 40 * "0"
    assert create2_address(zero, bytes(32), b"\0") == "0x4D1A2e2bB4F88F0250f26Ffff098B0b30B26BF38"
    salt, init_code = bytes.fromhex("00" * 28 + "cafebabe"), bytes.fromhex("deadbeef")
    creator = "0x00000000000000000000000000000000deadbeef"
    assert create2_address(creator, salt, init_code) == "0x60f3f640a8508fC6a86d45DF051962668E1e8AC7"
    first = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
    assert create_address(first, 0) == "0x5FbDB2315678afecb367f032d93F642f64180aa3"
    assert create_address(first, 1) == "0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512"


def test_keys() -> None:
    key = bytes.fromhex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")
    assert address_of(key) == "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
    with pytest.raises(EncodingError, match="not a private key"):
        address_of(b"short")


ECOSYSTEM = EcosystemAddresses(31337, 0, *[address_of(bytes([i + 1]) * 32) for i in range(8)])


def test_addresses_survive_json() -> None:
    content = json.loads(json.dumps(ECOSYSTEM.to_json()))
    assert EcosystemAddresses.from_json(content) == ECOSYSTEM
    lowered = {name: value.lower() if isinstance(value, str) else value for name, value in content.items()}
    assert EcosystemAddresses.from_json(lowered) == ECOSYSTEM


@pytest.mark.parametrize(
    "changes",
    [{"bridgehub": "0x12"}, {"bridgehub": 5}, {"l1_chain_id": "1"}, {"deploy_block": -1}, {"l1_chain_id": True}],
)
def test_bad_addresses_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(DeployError, match=next(iter(changes))):
        EcosystemAddresses.from_json(ECOSYSTEM.to_json() | changes)


def test_missing_and_unknown_fields_are_refused() -> None:
    with pytest.raises(DeployError, match="expected the fields"):
        ChainAddresses.from_json({"chain_id": 1})
    with pytest.raises(DeployError, match="expected the fields"):
        ChainAddresses.from_json({"chain_id": 1, "zk_chain": ADDRESS, "create_block": 1, "more": 1})


def test_foreign_logs_are_no_requests() -> None:
    log = client_module.Log(ADDRESS, (b"\1" * 32,), b"", 1, b"", b"", 0)
    assert priority_request(log) is None
