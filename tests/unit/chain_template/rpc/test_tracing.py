"""debug_: what tracers report, and that anvil, which shares no line of code with us, reports the same."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import CHAIN_ID, GWEI, KEYS, sign
from tests.unit.chain_template.rpc.asm import COUNTED_TOPIC, ERROR_NO, MANY, deployer
from tests.unit.chain_template.rpc.conftest import Deployed, serve
from tests.unit.chain_template.rpc.served import Client, RpcFailure, ServedChain, l1_config
from tests.unit.contracts.conftest import free_port, start_anvil

CALLS = {"tracer": "callTracer"}
WITH_LOGS = {"tracer": "callTracer", "tracerConfig": {"withLog": True}}


def trace(deployed: Deployed, options: dict[str, Any] | None, data: str = "0x", **fields: Any) -> Any:
    call = {"to": deployed.many, "data": data, "gas": hex(200_000), "from": KEYS[1].address} | fields
    return deployed.client.call("debug_traceCall", call, "latest", options)


def test_a_call_tree_with_logs(l1: Deployed) -> None:
    result = trace(l1, WITH_LOGS, "0x03")
    (inner,) = result["calls"]
    assert (result["type"], result["from"], result["to"]) == ("CALL", KEYS[1].address.lower(), l1.many)
    assert (result["gas"], result["input"], result["value"]) == (hex(200_000), "0x03", "0x0")
    assert (inner["type"], inner["from"], inner["to"], inner["input"]) == ("CALL", l1.many, l1.many, "0x")
    assert result["output"] == inner["output"]
    (log,) = inner["logs"]
    assert log == {
        "address": l1.many,
        "topics": ["0x" + COUNTED_TOPIC.hex(), "0x" + l1.many[2:].rjust(64, "0")],
        "data": inner["output"],
        "index": "0x0",
        "position": "0x0",
    }
    assert "logs" not in result
    assert "logs" not in trace(l1, CALLS, "0x03")["calls"][0]


def test_only_the_top_call(l1: Deployed) -> None:
    options = {"tracer": "callTracer", "tracerConfig": {"onlyTopCall": True, "withLog": True}}
    result = trace(l1, options, "0x03")
    assert "calls" not in result and "logs" not in result
    assert trace(l1, options)["logs"][0]["topics"][0] == "0x" + COUNTED_TOPIC.hex()


def test_failures_in_a_call_tree(l1: Deployed) -> None:
    reverted = trace(l1, CALLS, "0x01")
    assert (reverted["error"], reverted["revertReason"]) == ("execution reverted", "no")
    assert reverted["output"] == "0x" + ERROR_NO.hex()
    swallowed = trace(l1, CALLS, "0x0a")
    assert "error" not in swallowed
    assert swallowed["calls"][0]["revertReason"] == "no"
    broken = trace(l1, CALLS, "0x04")
    assert broken["error"].startswith("invalid opcode")
    assert (broken["gasUsed"], "output" in broken) == (hex(200_000), False)
    poor = trace(l1, CALLS, "0x08")["calls"][0]
    assert (poor["error"], poor["gasUsed"]) == ("insufficient balance for transfer", "0x0")
    static = trace(l1, CALLS, "0x06")["calls"][0]
    assert (static["type"], static["error"], "value" in static) == ("STATICCALL", "write protection", False)


def test_logs_of_what_failed_are_left_out(l1: Deployed) -> None:
    """The outer frame runs out of gas after the inner one has emitted its log."""
    code = {
        l1.many: {"code": "0x" + bytes.fromhex("5f5f5f5f5f732222222222222222222222222222222222222222 5af1fe").hex()}
    }
    code["0x" + "22" * 20] = {"code": "0x5f5fa0"}
    result = trace(l1, WITH_LOGS | {"stateOverrides": code})
    assert result["error"].startswith("invalid opcode")
    assert "logs" not in result["calls"][0]


def test_creations_and_destructions(l1: Deployed) -> None:
    (created,) = trace(l1, CALLS, "0x05")["calls"]
    assert (created["type"], created["output"], created["input"]) == ("CREATE", "0x01", "0x600160005360016000f3")
    (destroyed,) = trace(l1, CALLS, "0x07")["calls"]
    assert (destroyed["type"], destroyed["to"], destroyed["gas"]) == ("SELFDESTRUCT", KEYS[1].address.lower(), "0x0")
    deployment = l1.client.call("debug_traceCall", {"data": "0x" + deployer(MANY).hex()}, "latest", CALLS)
    assert (deployment["type"], deployment["output"]) == ("CREATE", "0x" + MANY.hex())


def test_struct_logs_and_their_options(l1: Deployed) -> None:
    plain = trace(l1, None)
    used = int(trace(l1, CALLS)["gasUsed"], 16)
    assert (plain["failed"], plain["gas"]) == (False, used)
    first = plain["structLogs"][0]
    assert {key: first[key] for key in ("pc", "op", "depth", "stack")} == {
        "pc": 0,
        "op": "CALLDATASIZE",
        "depth": 1,
        "stack": [],
    }
    assert "memory" not in first and "returnData" not in first
    (sstore,) = [entry for entry in plain["structLogs"] if entry["op"] == "SSTORE"]
    assert int(sstore["storage"][64 * "0"], 16) == int(plain["returnValue"], 16)
    bare = trace(l1, {"disableStack": True, "disableStorage": True})["structLogs"]
    assert all("stack" not in entry and "storage" not in entry for entry in bare)
    full = trace(l1, {"enableMemory": True, "enableReturnData": True}, "0x03")["structLogs"]
    assert full[-1]["memory"] and full[-1]["returnData"] == "0x" + full[-1]["memory"][0]
    assert len(trace(l1, {"limit": 3})["structLogs"]) == 3
    assert len(trace(l1, {"limit": 0})["structLogs"]) == len(plain["structLogs"])


def test_gas_of_struct_logs_adds_up(l1: Deployed) -> None:
    """Between two steps of one frame the gas falls by the first one's cost, calls and creations excepted."""
    for data in ("0x", "0x01", "0x03", "0x05", "0x0a", "0x0b"):
        steps = trace(l1, None, data)["structLogs"]
        for one, two in itertools.pairwise(steps):
            if one["depth"] == two["depth"] and one["op"] not in ("CALL", "CREATE", "DELEGATECALL", "STATICCALL"):
                assert one["gas"] - one["gasCost"] == two["gas"], (data, one)


def test_a_trace_of_too_many_steps_is_refused(l1: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chain_template.executor.pyevm.struct_tracer.MAX_ENTRIES", 100)
    with pytest.raises(RpcFailure, match=r'more than 100 steps.*"limit", or the callTracer') as caught:
        trace(l1, None, "0x02")
    assert caught.value.code == -32000


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"tracer": "flatCallTracer"}, 'tracer "flatCallTracer" is not available; choose one of: callTracer'),
        ({"tracer": 7}, "tracer: expected a string"),
        ({"tracer": "callTracer", "tracerConfig": {"withLog": 1}}, "withLog: expected true or false"),
        ({"enableMemory": "yes"}, "enableMemory: expected true or false"),
        ({"blockOverrides": {"prevRandao": "0x" + "00" * 32}}, "prevRandao is not supported"),
        (7, "expected an object"),
    ],
)
def test_options_that_make_no_sense(l1: Deployed, options: Any, words: str) -> None:
    with pytest.raises(RpcFailure) as caught:
        trace(l1, options)
    assert (caught.value.code, words in caught.value.message) == (-32602, True), caught.value


def test_transactions_and_blocks_are_traced_as_they_ran(l1: Deployed) -> None:
    call = l1.client.call
    l1.chain.sequencer.paused = True
    hashes = [l1.send(key, data=data) for key, data in ((1, b""), (2, b"\x03"), (3, b"\x01"))]
    l1.chain.sequencer.paused = False
    receipts = [l1.client.receipt(tx_hash) for tx_hash in hashes]
    (number,) = {receipt["blockNumber"] for receipt in receipts}
    traced = call("debug_traceBlockByNumber", number, WITH_LOGS)
    assert traced == call("debug_traceBlockByHash", receipts[0]["blockHash"], WITH_LOGS)
    by_hash = {entry["txHash"]: entry["result"] for entry in traced}
    assert set(by_hash) == set(hashes)
    for receipt in receipts:
        tx_hash = receipt["transactionHash"]
        assert call("debug_traceTransaction", tx_hash, WITH_LOGS) == by_hash[tx_hash]
        assert by_hash[tx_hash]["gasUsed"] == receipt["gasUsed"]
        assert ("error" in by_hash[tx_hash]) == (receipt["status"] == "0x0")
        steps = call("debug_traceTransaction", tx_hash)
        assert steps["gas"] == int(receipt["gasUsed"], 16)
        assert steps["failed"] == (receipt["status"] == "0x0")
    counts = [int(by_hash[tx_hash]["output"], 16) for tx_hash in hashes[:2]]
    assert sorted(counts) == [min(counts), min(counts) + 1]
    assert call("debug_traceTransaction", hashes[0], {"tracer": "noopTracer"}) == {}


def test_what_cannot_be_traced(l1: Deployed) -> None:
    for method, params, words in [
        ("debug_traceTransaction", ["0x" + "ab" * 32], "transaction not found"),
        ("debug_traceBlockByNumber", [hex(10**6)], "block not found"),
        ("debug_traceBlockByHash", ["0x" + "ab" * 32], "block not found"),
        ("debug_traceBlockByNumber", ["0x0"], "genesis is not traceable"),
    ]:
        with pytest.raises(RpcFailure, match=words) as caught:
            l1.client.call(method, *params)
        assert caught.value.code == -32000


def test_an_operation_from_l1_is_traced(l2: Deployed) -> None:
    block = l2.client.call("eth_getBlockByNumber", "0x1", True)
    operation = block["transactions"][0]
    assert operation["type"] == "0x7f"
    result = l2.client.call("debug_traceTransaction", operation["hash"], CALLS)
    assert (result["type"], result["to"], result["value"]) == ("CALL", operation["to"], operation["value"])


# -- the same transactions on anvil ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def anvil() -> Iterator[Client]:
    port = free_port()
    options = ["--chain-id", str(CHAIN_ID), "--hardfork", "cancun", "--steps-tracing", "--gas-limit", "100000000"]
    process, node = start_anvil(port, *options, "--accounts", "1", "--base-fee", "100000000", "--balance", "1")
    client = Client(node.url)
    for key in KEYS:
        client.call("anvil_setBalance", key.address, hex(100 * 10**18))
    yield client
    client.http.close()
    node.client.close()
    process.terminate()
    process.wait(10)


@pytest.fixture(scope="module")
def both(anvil: Client, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Deployed, Client]]:
    """Our chain and anvil, each with the contract at the same address."""
    chain = ServedChain(l1_config(tmp_path_factory.mktemp("both")))
    try:
        deployed = serve(chain)
        raw = sign(KEYS[0], 0, to=None, data=deployer(MANY), gas=1_000_000)
        receipt = anvil.receipt(anvil.call("eth_sendRawTransaction", "0x" + raw.hex()))
        assert receipt["contractAddress"] == deployed.many
        yield deployed, anvil
    finally:
        chain.stop()


def shape(frame: dict[str, Any]) -> dict[str, Any]:
    """A call frame without what the two may word differently."""
    kept = {key: frame.get(key) for key in ("type", "from", "to", "gas", "gasUsed", "input", "output", "value")}
    if frame.get("type") == "STATICCALL":
        kept["value"] = None
    if frame.get("error") and frame["type"] in ("CREATE", "CREATE2"):
        kept["to"] = None
    kept["output"] = kept["output"] or "0x"
    kept["failed"] = "error" in frame
    kept["logs"] = [(log["address"], log["topics"], log["data"]) for log in frame.get("logs", [])]
    kept["calls"] = [shape(call) for call in frame.get("calls", []) if call["type"] != "SELFDESTRUCT"]
    return kept


def steps(trace: dict[str, Any]) -> list[tuple[Any, ...]]:
    def number(value: Any) -> int:
        return int(value, 16) if isinstance(value, str) else int(value)

    def cost(entry: dict[str, Any]) -> int | None:
        # Geth, and so we, count a creation without the gas it hands on, and a step that fails with what it asked for.
        failed = number(entry["gasCost"]) >= number(entry["gas"])
        return None if entry["op"] == "CREATE" or failed else number(entry["gasCost"])

    return [
        (
            entry["pc"],
            {"SHA3": "KECCAK256", "DIFFICULTY": "PREVRANDAO"}.get(entry["op"], entry["op"]),
            number(entry["gas"]),
            cost(entry),
            entry["depth"],
            [number(item) for item in entry.get("stack") or []],
        )
        for entry in trace["structLogs"]
    ]


@pytest.mark.npm
@pytest.mark.parametrize(
    "data",
    ["", "00", "01", "03", "04", "05", "06", "09", "0a", "0b", "0d", "07", "0f"],
)
def test_anvil_traces_the_same(both: tuple[Deployed, Client], data: str) -> None:
    ours, anvil = both
    nonce = int(anvil.call("eth_getTransactionCount", KEYS[1].address, "latest"), 16)
    fields: dict[str, Any] = {"to": bytes.fromhex(ours.many[2:]), "data": bytes.fromhex(data), "gas": 150_000}
    raw = "0x" + sign(KEYS[1], nonce, maxFeePerGas=3 * GWEI, **fields).hex()
    hashes = [client.call("eth_sendRawTransaction", raw) for client in (ours.client, anvil)]
    receipts = [client.receipt(tx_hash) for client, tx_hash in zip((ours.client, anvil), hashes, strict=True)]
    assert receipts[0]["gasUsed"] == receipts[1]["gasUsed"]
    assert receipts[0]["status"] == receipts[1]["status"]

    def traced(client: Client, options: dict[str, Any]) -> Any:
        return client.call("debug_traceTransaction", hashes[0], options)

    frames = [shape(traced(client, WITH_LOGS)) for client in (ours.client, anvil)]
    # Geth shows the transaction's whole limit at the top, anvil what is left of it after the intrinsic gas.
    assert frames[0].pop("gas") == hex(150_000) > frames[1].pop("gas")
    assert frames[0] == frames[1]
    logs = [steps(traced(client, {})) for client in (ours.client, anvil)]
    assert logs[0] == logs[1]
