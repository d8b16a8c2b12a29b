"""eth_call, eth_estimateGas, eth_createAccessList: results, overrides, failures."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chain_template.config import BlockSettings
from tests.support import GWEI
from tests.unit.chain_template.rpc.asm import ERROR_NO, MANY, deployer
from tests.unit.chain_template.rpc.conftest import Deployed, serve
from tests.unit.chain_template.rpc.served import KEYS, Client, RpcFailure, ServedChain, l1_config

RICH = KEYS[7].address
POOR = "0x" + "77" * 20


def words(output: str) -> list[int]:
    data = bytes.fromhex(output[2:])
    return [int.from_bytes(data[at : at + 32], "big") for at in range(0, len(data), 32)]


def refused(deployed: Deployed, code: int, message: str, method: str, *params: Any) -> RpcFailure:
    with pytest.raises(RpcFailure) as caught:
        deployed.client.call(method, *params)
    assert (caught.value.code, message in caught.value.message) == (code, True), caught.value
    return caught.value


def test_a_call_returns_and_leaves_no_trace(l1: Deployed) -> None:
    before = l1.client.call("eth_getStorageAt", l1.many, "0x0")
    assert words(l1.client.call("eth_call", {"to": l1.many})) == [int(before, 16) + 1]
    assert l1.client.call("eth_getStorageAt", l1.many, "0x0") == before
    assert l1.client.call("eth_call", {"to": POOR, "data": "0x1234"}) == "0x"
    assert l1.client.call("eth_call", {}) == "0x"


def test_a_creation_returns_its_code(l1: Deployed) -> None:
    assert l1.client.call("eth_call", {"data": "0x" + deployer(MANY).hex()}) == "0x" + MANY.hex()


def test_what_a_call_sees_of_its_block(l1: Deployed) -> None:
    ask = {"to": l1.many, "data": "0x0c", "from": RICH}
    head = l1.client.call("eth_getBlockByNumber", "latest", False)
    seen = words(l1.client.call("eth_call", ask, "latest"))
    fee_recipient = int("fe" * 20, 16)
    assert seen[:4] == [
        int(head["number"], 16),
        int(head["timestamp"], 16),
        int(head["baseFeePerGas"], 16),
        fee_recipient,
    ]
    assert seen[4:7] == [0, int(RICH, 16), int(head["gasLimit"], 16)]
    pending = words(l1.client.call("eth_call", ask, "pending"))
    assert pending[0] == int(head["number"], 16) + 1
    priced = words(l1.client.call("eth_call", ask | {"maxFeePerGas": hex(2 * GWEI), "maxPriorityFeePerGas": "0x5"}))
    assert priced[4] == int(head["baseFeePerGas"], 16) + 5
    # The gas was bought before the call began.
    assert seen[7] - priced[7] == priced[4] * l1.chain.config.rpc.call_gas_limit


def test_a_call_on_genesis(l1: Deployed) -> None:
    code = {l1.many: {"code": "0x" + MANY.hex()}}
    seen = words(l1.client.call("eth_call", {"to": l1.many, "data": "0x0c"}, "earliest", code))
    assert seen[0] == 0


def test_block_overrides(l1: Deployed) -> None:
    overrides = {
        "number": "0x64",
        "time": "0x7fffffff",
        "gasLimit": "0x1c9c380",
        "feeRecipient": "0x" + "cd" * 20,
        "baseFeePerGas": "0x9",
    }
    seen = words(l1.client.call("eth_call", {"to": l1.many, "data": "0x0c"}, "latest", None, overrides))
    assert seen[:4] == [100, 0x7FFFFFFF, 9, int("cd" * 20, 16)]
    assert seen[6] == 30_000_000
    refused(l1, -32602, "prevRandao is not supported", "eth_call", {}, "latest", {}, {"prevRandao": "0x" + "01" * 32})


def test_state_overrides(l1: Deployed) -> None:
    call = {"to": l1.many}

    def run(**override: Any) -> int:
        return words(l1.client.call("eth_call", call, "latest", {l1.many: override}))[0]

    slot = "0x" + "00" * 32
    assert run(stateDiff={slot: "0x" + "07".rjust(64, "0")}) == 8
    assert run(state={}) == 1
    assert run(state={slot: "0x" + "09".rjust(64, "0")}) == 10
    # PUSH0 SLOAD PUSH0 MSTORE PUSH1 32 PUSH0 RETURN
    assert run(code="0x5f545f5260205ff3", stateDiff={slot: "0x" + "05".rjust(64, "0")}) == 5
    balance = {POOR: {"balance": hex(5 * 10**18)}}
    assert (
        words(l1.client.call("eth_call", {"to": l1.many, "data": "0x0c", "from": POOR}, "latest", balance))[7]
        == 5 * 10**18
    )
    assert l1.client.call("eth_call", {"from": POOR, "to": RICH, "value": "0x1"}, "latest", balance) == "0x"
    for override, message in (
        ({"state": {}, "stateDiff": {}}, "exclude each other"),
        ({"movePrecompileToAddress": POOR}, "is not supported"),
        ({"balance": "lots"}, "balance: hex string without 0x prefix"),
        ({"stateDiff": {"0x0": "0x1"}}, "odd length"),
    ):
        refused(l1, -32602, message, "eth_call", call, "latest", {l1.many: override})


def test_a_revert_carries_its_reason_and_data(l1: Deployed) -> None:
    for method in ("eth_call", "eth_estimateGas"):
        failure = refused(l1, 3, "execution reverted: no", method, {"to": l1.many, "data": "0x01"})
        assert failure.data == "0x" + ERROR_NO.hex()


@pytest.mark.parametrize(
    ("data", "message"),
    [("0x04", "invalid opcode"), ("0x02", "out of gas")],
)
def test_other_ends_of_a_call(l1: Deployed, data: str, message: str) -> None:
    refused(l1, -32000, message, "eth_call", {"to": l1.many, "data": data, "gas": "0x186a0"})


@pytest.mark.parametrize(
    ("call", "code", "message"),
    [
        ({"from": POOR, "to": RICH, "value": "0x1"}, -32000, "insufficient funds for gas * price + value"),
        ({"to": RICH, "chainId": "0x1"}, -32000, "chainId does not match node's"),
        (
            {"to": RICH, "type": "0x71"},
            -32000,
            "transaction type 0x71 (EIP-712) is not supported by this chain; send type 2",
        ),
        ({"to": RICH, "type": "0x3"}, -32000, "blob transactions"),
        ({"to": RICH, "type": "0x7f"}, -32000, "is not supported"),
        ({"to": RICH, "gasPrice": "0x1", "maxFeePerGas": "0x1"}, -32000, "both gasPrice and"),
        ({"to": RICH, "from": RICH, "maxFeePerGas": "0x1"}, -32000, "max fee per gas less than block base fee"),
        ({"to": RICH, "maxFeePerGas": "0x1", "maxPriorityFeePerGas": "0x2"}, -32000, "max priority fee per gas higher"),
        ({"to": RICH, "data": "0x01", "input": "0x02"}, -32602, 'both "data" and "input"'),
        ({"to": "0x12"}, -32602, "to: hex string has length 2, want 40"),
        ({"to": RICH, "value": "1"}, -32602, "value: hex string without 0x prefix"),
        ({"to": RICH, "accessList": [{}]}, -32602, "accessList: an access list entry has no address"),
        ("0x", -32602, "expected an object"),
    ],
)
def test_calls_that_cannot_be_made(l1: Deployed, call: Any, code: int, message: str) -> None:
    for method in ("eth_call", "eth_estimateGas"):
        refused(l1, code, message, method, call)


def test_a_call_that_has_not_even_the_intrinsic_gas(l1: Deployed) -> None:
    refused(l1, -32000, "intrinsic gas too low", "eth_call", {"to": RICH, "gas": "0x1"})
    refused(l1, -32000, "insufficient funds", "eth_call", {"from": POOR, "to": RICH, "gasPrice": hex(GWEI)})
    broke = {"from": POOR, "to": RICH, "gasPrice": hex(GWEI)}
    refused(l1, -32000, "gas required exceeds allowance (0)", "eth_estimateGas", broke)
    assert l1.client.call("eth_estimateGas", {"to": RICH, "gas": "0x1"}) == hex(21_000)


def test_data_and_input_may_both_be_there_when_equal(l1: Deployed) -> None:
    assert l1.client.call("eth_call", {"to": l1.many, "data": "0x", "input": "0x", "extra": {"any": 1}}) != "0x"


class Counted:
    """An executor that counts its calls."""

    def __init__(self, inner: Any) -> None:
        self.inner, self.calls = inner, 0

    def call(self, *args: Any, **kwargs: Any) -> Any:
        self.calls += 1
        return self.inner.call(*args, **kwargs)


@pytest.mark.parametrize(
    "call",
    [
        {"to": "0x" + "44" * 20, "value": "0x1"},
        {"to": "many"},
        {"to": "many", "data": "0x03"},
        {"to": "many", "data": "0x05"},
        {"to": "many", "data": "0x09"},
        {"to": "many", "data": "0x0e" + "ff" * 100},
        {"data": "0x" + deployer(MANY).hex()},
    ],
)
def test_an_estimate_is_enough_and_close_and_cheap_to_find(l1: Deployed, call: dict[str, str]) -> None:
    wanted = {"from": RICH} | call | ({"to": l1.many} if call.get("to") == "many" else {})
    executor = l1.chain.executor
    counted = Counted(executor)
    l1.chain.executor = counted
    try:
        estimate = int(l1.client.call("eth_estimateGas", wanted), 16)
    finally:
        l1.chain.executor = executor
    assert counted.calls <= 6

    def works(gas: int) -> bool:
        answer = l1.client.post(l1.client.request("eth_call", wanted | {"gas": hex(gas)}, "pending"))
        return "result" in answer

    assert works(estimate)
    assert not works(int(estimate / 1.016) - 1)


def test_the_estimate_of_a_transfer_is_exact(l1: Deployed) -> None:
    assert l1.client.call("eth_estimateGas", {"from": RICH, "to": POOR, "value": "0x5"}) == hex(21_000)
    assert l1.client.call("eth_estimateGas", {"to": POOR}, "latest") == hex(21_000)


@pytest.mark.parametrize("data", ["0x0a", "0x0b"])
def test_an_estimate_is_enough_for_a_call_that_swallows_failures(l1: Deployed, data: str) -> None:
    wanted = {"from": RICH, "to": l1.many, "data": data}
    estimate = l1.client.call("eth_estimateGas", wanted)
    l1.client.call("eth_call", wanted | {"gas": estimate}, "pending")


def test_an_estimate_counts_what_the_sender_can_pay(l1: Deployed) -> None:
    price = {"from": RICH, "to": l1.many, "maxFeePerGas": hex(2 * GWEI)}
    assert int(l1.client.call("eth_estimateGas", price), 16) < 60_000
    poor = {"from": POOR, "to": l1.many, "maxFeePerGas": hex(2 * GWEI)}
    refused(
        l1,
        -32000,
        "gas required exceeds allowance",
        "eth_estimateGas",
        poor,
        "latest",
        {POOR: {"balance": hex(22_000 * 2 * GWEI)}},
    )
    refused(
        l1, -32000, "gas required exceeds allowance (30000)", "eth_estimateGas", {"to": l1.many, "gas": hex(30_000)}
    )


def test_an_estimate_with_overrides(l1: Deployed) -> None:
    # A contract only by override: not a plain transfer any more.
    code = {POOR: {"code": "0x" + MANY.hex()}}
    assert int(l1.client.call("eth_estimateGas", {"to": POOR}, "latest", code), 16) > 40_000


def test_access_lists(l1: Deployed) -> None:
    found = l1.client.call("eth_createAccessList", {"from": RICH, "to": l1.many, "data": "0x03"}, "latest")
    assert found["accessList"] == [{"address": l1.many, "storageKeys": ["0x" + 64 * "0"]}]
    with_list = {"from": RICH, "to": l1.many, "data": "0x03", "accessList": found["accessList"]}
    again = l1.client.call("eth_createAccessList", with_list, "latest")
    assert again == found
    assert int(found["gasUsed"], 16) > 21_000
    # CALL to the sender: warm anyway, and not listed.
    assert l1.client.call("eth_createAccessList", {"from": RICH, "to": l1.many, "data": "0x08"})["accessList"] == []
    failed = l1.client.call("eth_createAccessList", {"to": l1.many, "data": "0x01"})
    assert failed["error"] == "execution reverted"


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """A chain that gives calls a fifth of a second, and gas for far longer."""
    config = l1_config(tmp_path_factory.mktemp("hasty"), call_timeout_s=0.2, call_gas_limit=10**9)
    chain = ServedChain(config.model_copy(update={"block": BlockSettings(interval_ms=10, gas_limit=10**9)}))
    try:
        yield serve(chain)
    finally:
        chain.stop()


@pytest.mark.parametrize(
    ("method", "extra"),
    [
        ("eth_call", []),
        ("eth_estimateGas", []),
        ("eth_createAccessList", []),
        ("debug_traceCall", ["latest", {"tracer": "callTracer"}]),
        ("debug_traceCall", ["latest", {"disableStack": True, "limit": 5}]),
    ],
)
def test_a_call_that_never_ends_is_ended(hasty: Deployed, method: str, extra: list[Any]) -> None:
    began = time.monotonic()
    refused(hasty, -32002, "ran longer than this endpoint allows", method, {"to": hasty.many, "data": "0x02"}, *extra)
    assert time.monotonic() - began > 0.15


def test_others_are_served_while_calls_spin(hasty: Deployed) -> None:
    """More endless calls than worker threads, in one client; another client's cheap requests go on."""
    url = str(hasty.client.http.base_url)

    def spin() -> None:
        client = Client(url)
        with client.http:
            client.post(client.request("eth_call", {"to": hasty.many, "data": "0x02"}))

    threads = [threading.Thread(target=spin) for _ in range(12)]
    for thread in threads:
        thread.start()
    answered = 0
    while any(thread.is_alive() for thread in threads):
        assert hasty.client.call("eth_blockNumber") is not None
        answered += 1
    assert answered > 5
    # Transactions have threads of their own.
    hasty.client.receipt(hasty.send())


def test_a_call_gas_limit_of_the_endpoints_own(tmp_path: Path) -> None:
    chain = ServedChain(l1_config(tmp_path, call_gas_limit=50_000))
    try:
        deployed = serve(chain)
        refused(deployed, -32000, "out of gas", "eth_call", {"to": deployed.many, "data": "0x02", "gas": hex(10**7)})
    finally:
        chain.stop()
