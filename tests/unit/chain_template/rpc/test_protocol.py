"""JSON-RPC 2.0 and HTTP: what is a request, what is answered to what is not."""

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chain_template.rpc.catalog import all_methods, methods_of
from chain_template.rpc.dispatch import success
from chain_template.rpc.errors import AddressUnusable, PortInUse
from chain_template.rpc.server import RpcServer
from tests.unit.chain_template.rpc.conftest import Deployed
from tests.unit.chain_template.rpc.served import Client, RpcFailure, ServedChain, l1_config


@pytest.fixture(scope="module")
def client(l1: Deployed) -> Client:
    return l1.client


def raw(client: Client, body: bytes | str, **headers: str) -> httpx.Response:
    return client.http.post("/", content=body, headers={"content-type": "application/json"} | headers)


def error(response: httpx.Response) -> dict[str, Any]:
    answer = response.json()
    assert answer["jsonrpc"] == "2.0" and "result" not in answer
    return dict(answer["error"])


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", -32700),
        (b"{", -32700),
        (b"\xff\xfe", -32700),
        (b'{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[NaN]}', -32700),
        (b"[" * 100_000, -32700),
        (b'{"a":' * 50_000, -32700),
        (b"9" * 10_000, -32700),
        (b"[]", -32600),
        (b"1", -32600),
        (b'"eth_chainId"', -32600),
        (b"null", -32600),
        (b"{}", -32600),
        (b'{"id":1,"method":"eth_chainId"}', -32600),
        (b'{"jsonrpc":"1.0","id":1,"method":"eth_chainId"}', -32600),
        (b'{"jsonrpc":"2.0","id":1}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":7}', -32600),
        (b'{"jsonrpc":"2.0","id":{},"method":"eth_chainId"}', -32600),
        (b'{"jsonrpc":"2.0","id":true,"method":"eth_chainId"}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"eth_noSuchThing"}', -32601),
        (b'{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":{"a":1}}', -32602),
        (b'{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":"0x1"}', -32602),
        (b'{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[1]}', -32602),
        (b'{"jsonrpc":"2.0","id":1,"method":"eth_getBalance"}', -32602),
    ],
)
def test_what_is_no_request_gets_its_standard_code(client: Client, body: bytes, code: int) -> None:
    response = raw(client, body)
    assert response.status_code == 200
    assert error(response)["code"] == code


@pytest.mark.parametrize("request_id", [1, 0, -5, 1.5, "x", "", None, 2**63])
def test_the_id_comes_back_as_it_was(client: Client, request_id: Any) -> None:
    answer = raw(client, json.dumps({"jsonrpc": "2.0", "id": request_id, "method": "eth_chainId"})).json()
    assert answer == {"jsonrpc": "2.0", "id": request_id, "result": "0x10f"}


def test_params_may_be_missing_null_or_padded_with_null(client: Client) -> None:
    for extra in ({}, {"params": None}, {"params": []}, {"params": [None]}):
        answer = raw(client, json.dumps({"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", **extra})).json()
        assert answer["result"] == "0x10f"


def test_an_unknown_method_names_the_near_miss(client: Client) -> None:
    with pytest.raises(RpcFailure) as caught:
        client.call("eth_getBalanse", "0x" + "00" * 20)
    assert caught.value.code == -32601
    assert caught.value.message == (
        "the method eth_getBalanse does not exist/is not available; did you mean eth_getBalance?"
    )


@pytest.mark.parametrize("method", ["eth_fillTransaction", "eth_sendTransaction", "eth_sign", "zks_L1BatchNumber"])
def test_what_this_chain_cannot_do_is_method_not_found(client: Client, method: str) -> None:
    with pytest.raises(RpcFailure) as caught:
        client.call(method, {})
    assert caught.value.code == -32601


def test_a_notification_is_carried_out_and_not_answered(client: Client) -> None:
    response = raw(client, b'{"jsonrpc":"2.0","method":"eth_chainId"}')
    assert (response.status_code, response.content) == (204, b"")
    response = raw(client, b'[{"jsonrpc":"2.0","method":"eth_chainId"}]')
    assert (response.status_code, response.content) == (204, b"")


def test_a_batch_answers_in_order_and_mixes_errors_with_results(client: Client) -> None:
    sent = [
        client.request("eth_chainId"),
        {"jsonrpc": "2.0", "method": "eth_chainId"},
        7,
        client.request("eth_nope"),
        client.request("eth_call", {}, "latest"),
        client.request("eth_blockNumber"),
    ]
    answers = client.post(sent)
    assert [answer.get("id") for answer in answers] == [
        sent[0]["id"],
        None,
        sent[3]["id"],
        sent[4]["id"],
        sent[5]["id"],
    ]  # type: ignore[index]
    assert [answer.get("error", {}).get("code") for answer in answers] == [None, -32600, -32601, None, None]


def test_a_batch_that_is_too_long_is_refused_as_a_whole(client: Client, l1: Deployed) -> None:
    most = l1.chain.config.rpc.max_batch_length
    response = raw(client, json.dumps([client.request("eth_chainId")] * (most + 1)))
    assert error(response) == {
        "code": -32600,
        "message": f"batch too large: {most + 1} requests, at most {most} are taken",
    }
    assert len(client.post([client.request("eth_chainId")] * most)) == most


def test_only_the_endpoint_speaks_json_rpc(client: Client) -> None:
    assert client.http.get("/").status_code == 405
    assert client.http.get("/").headers["allow"] == "POST, OPTIONS"
    assert client.http.post("/other", json={}).status_code == 404
    form = client.http.post("/", content=b"{}", headers={"content-type": "text/plain"})
    assert form.status_code == 415
    assert error(form)["code"] == -32600
    assert (
        raw(
            client, json.dumps(client.request("eth_chainId")), **{"content-type": "application/json; charset=utf-8"}
        ).status_code
        == 200
    )


def test_health(client: Client) -> None:
    response = client.http.get("/health")
    assert response.status_code == 200
    shown = response.json()
    assert (shown["status"], shown["chainId"]) == ("ok", 271)
    assert shown["blockNumber"] >= 1


class TestPages:
    """Who may call from a browser."""

    def post(self, client: Client, origin: str) -> httpx.Response:
        return raw(client, json.dumps(client.request("eth_chainId")), origin=origin)

    @pytest.mark.parametrize("origin", ["http://localhost:5173", "http://127.0.0.1", "https://[::1]:8443"])
    def test_pages_of_this_machine_may(self, client: Client, origin: str) -> None:
        response = self.post(client, origin)
        assert response.status_code == 200
        assert response.headers["access-control-allow-origin"] == origin
        preflight = client.http.options("/", headers={"origin": origin, "access-control-request-method": "POST"})
        assert preflight.status_code == 204
        assert "content-type" in preflight.headers["access-control-allow-headers"]

    @pytest.mark.parametrize("origin", ["https://example.org", "http://localhost.example.org", "null", "http://[", "x"])
    def test_other_pages_may_not(self, client: Client, origin: str) -> None:
        response = self.post(client, origin)
        assert response.status_code == 403
        assert "access-control-allow-origin" not in response.headers

    def test_configured_origins_may(self, tmp_path: Path) -> None:
        chain = ServedChain(l1_config(tmp_path, cors_origins=("https://app.example.org",)))
        try:
            client = chain.start(blocks=False)
            assert self.post(client, "https://app.example.org").status_code == 200
            assert self.post(client, "https://example.org").status_code == 403
        finally:
            chain.stop()


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    limits = {"max_request_bytes": 2_000, "max_response_bytes": 3_000, "max_batch_length": 50}
    chain = ServedChain(l1_config(tmp_path_factory.mktemp("narrow"), **limits))
    try:
        yield chain.start(blocks=False)
    finally:
        chain.stop()


def test_a_body_that_says_it_is_too_large(narrow: Client) -> None:
    response = raw(narrow, b" " * 2_001)
    assert response.status_code == 413
    assert error(response) == {"code": -32600, "message": "request too large: more than 2000 bytes"}


def test_a_body_that_turns_out_too_large(narrow: Client) -> None:
    response = narrow.http.post(
        "/", content=iter([b" " * 1_500, b" " * 1_500]), headers={"content-type": "application/json"}
    )
    assert response.status_code == 413


def test_a_body_of_just_the_limit(narrow: Client) -> None:
    body = json.dumps(narrow.request("eth_chainId")).encode()
    assert raw(narrow, body + b" " * (2_000 - len(body))).json()["result"] == "0x10f"


def test_a_batch_whose_answers_grow_too_large(narrow: Client) -> None:
    request = {"jsonrpc": "2.0", "id": 1, "method": "eth_getBlockByNumber", "params": ["0x0"]}
    answers = narrow.post([request] * 12)
    assert len(answers) == 12
    assert "result" in answers[0]
    assert answers[-1]["error"] == {
        "code": -32000,
        "message": "response too large: ask for less in one batch",
    }


def test_connections_beyond_the_limit_are_turned_away(tmp_path: Path) -> None:
    chain = ServedChain(l1_config(tmp_path, max_connections=2))
    try:
        client = chain.start(blocks=False)
        assert client.call("eth_chainId") == "0x10f"
        others = [Client(str(client.http.base_url)) for _ in range(3)]
        statuses = [other.http.post("/", json=other.request("eth_chainId")).status_code for other in others]
        assert statuses[0] == 200
        assert statuses[-1] == 503
        for other in others:
            other.http.close()
        # The server hears of it in its own time.
        deadline = time.monotonic() + 20
        while client.http.post("/", json=client.request("eth_chainId")).status_code != 200:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert client.call("eth_chainId") == "0x10f"
    finally:
        chain.stop()


def test_a_port_in_use_is_a_typed_error(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        chain = ServedChain(l1_config(tmp_path, port=port))
        try:
            with pytest.raises(PortInUse, match=f"port {port} on 127.0.0.1 is in use"):
                chain.server.start()
        finally:
            chain.server.stop()
            chain.store.close()


@pytest.mark.parametrize("host", ["203.0.113.7", "no such host"])
def test_a_host_that_is_not_ours_is_a_typed_error(tmp_path: Path, host: str) -> None:
    chain = ServedChain(l1_config(tmp_path, host=host))
    try:
        with pytest.raises(AddressUnusable, match="cannot listen on"):
            chain.server.start()
    finally:
        chain.server.stop()
        chain.store.close()


def test_the_same_port_serves_again_after_a_stop(tmp_path: Path) -> None:
    chain = ServedChain(l1_config(tmp_path))
    client = chain.start(blocks=False)
    port = chain.server.port
    assert client.call("eth_chainId") == "0x10f"
    client.http.close()
    chain.server.stop()
    chain.config = l1_config(tmp_path, port=port)
    chain.server = RpcServer(chain)
    assert chain.start(blocks=False).call("eth_chainId") == "0x10f"
    chain.stop()


def test_every_method_is_documented_and_named_once() -> None:
    methods = all_methods()
    assert len({method.name for method in methods}) == len(methods) > 90
    assert all(len(method.summary) > 10 for method in methods)
    settling = ("zks_", "zkhub_")
    assert set(methods_of(has_l1=False)) == {method.name for method in methods if not method.name.startswith(settling)}


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(min_value=-(2**300), max_value=2**300)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(["0x", "0x0", "latest", "pending", "0x" + "00" * 20, "0x" + "ff" * 32, "finalized", "earliest"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(max_size=8)
            | st.sampled_from(["to", "from", "data", "blockHash", "topics", "address", "fromBlock"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_parameters_whatsoever_make_an_internal_error(l2: Deployed, data: st.DataObject) -> None:
    """On the chain that has every method: a wrong parameter is the client's error, never ours."""
    names = sorted(set(methods_of(has_l1=True)) - {"eth_sendRawTransactionSync"})
    method = data.draw(st.sampled_from(names))
    params = data.draw(st.lists(json_values, max_size=4))
    answer = raw(l2.client, json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})).json()
    assert answer["id"] == 1
    if "error" in answer:
        assert answer["error"]["code"] in (-32000, -32601, -32602, 3), (method, params, answer)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=200) | json_values.map(lambda value: json.dumps(value).encode()))
def test_no_body_whatsoever_makes_an_internal_error(l1: Deployed, body: bytes) -> None:
    response = raw(l1.client, body)
    assert response.status_code in (200, 204)
    answers = response.json() if response.content else []
    for answer in answers if isinstance(answers, list) else [answers]:
        assert answer.get("error", {}).get("code") != -32603, (body, answer)


@pytest.mark.parametrize("request_id", [None, 0, -1, 2**70, 1.5, "", 'a"b\\\x00', "\u20ac\U0001f600"])
@pytest.mark.parametrize("result", [None, True, 7, "0x00", [1, {"a": "b"}], {"é": [None, 1.25]}])
def test_an_answer_is_what_json_says(request_id: object, result: object) -> None:
    answer = {"jsonrpc": "2.0", "id": request_id, "result": result}
    assert success(request_id, result) == json.dumps(answer, separators=(",", ":")).encode()
