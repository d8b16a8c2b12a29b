"""Calls, events and reverts."""

from typing import Any

import pytest
from eth_abi.abi import encode
from eth_hash.auto import keccak

from contracts.abi import (
    decode_call,
    decode_event,
    decode_result,
    encode_call,
    encode_deploy,
    explain_revert,
)
from contracts.artifacts import AbiItem, Artifact, load
from contracts.errors import EncodingError

HUB = load("Bridgehub")
CHAIN = load("ZKChain")
ADDRESS = "0x" + 40 * "1"


def test_calls_come_back() -> None:
    data = encode_call(HUB, "l2TransactionBaseCost", [271, 2, 3, 800])
    assert data[:4].hex() == "71623274"
    assert decode_call(HUB, data) == ("l2TransactionBaseCost", (271, 2, 3, 800))
    with pytest.raises(EncodingError, match="no function with selector 0xdeadbeef"):
        decode_call(HUB, bytes.fromhex("deadbeef"))


@pytest.mark.parametrize(
    ("args", "message"),
    [([1], "takes 4 arguments, 1 given"), ([-1, 2, 3, 4], "cannot encode"), (["x", 2, 3, 4], "cannot encode")],
)
def test_wrong_arguments_are_named(args: list[Any], message: str) -> None:
    with pytest.raises(EncodingError, match=message):
        encode_call(HUB, "l2TransactionBaseCost", args)


def test_results() -> None:
    assert decode_result(HUB, "getZKChain", encode(["address"], [ADDRESS])) == ADDRESS
    semver = encode(["uint32", "uint32", "uint32"], [0, 29, 0])
    assert decode_result(CHAIN, "getSemverProtocolVersion", semver) == (0, 29, 0)
    with pytest.raises(EncodingError):
        decode_result(HUB, "getZKChain", b"")


def test_deployment_appends_arguments() -> None:
    assert encode_deploy(HUB, [ADDRESS]) == HUB.bytecode + encode(["address"], [ADDRESS])
    with pytest.raises(EncodingError, match="takes 1 arguments"):
        encode_deploy(HUB)


def test_events() -> None:
    topics = [CHAIN.event("BlockCommit").topic, (7).to_bytes(32), b"\1" * 32, b"\2" * 32]
    assert decode_event(CHAIN, "BlockCommit", topics, b"") == {
        "batchNumber": 7,
        "batchHash": b"\1" * 32,
        "commitment": b"\2" * 32,
    }
    assert decode_event(CHAIN, "BlockExecution", topics, b"") is None
    assert decode_event(CHAIN, "BlockCommit", topics[:3], b"") is None
    assert decode_event(CHAIN, "BlockCommit", [], b"") is None


def test_indexed_dynamic_arguments_stay_hashes() -> None:
    inputs = ({"name": "text", "type": "string", "indexed": True}, {"name": "n", "type": "uint8", "indexed": False})
    item = AbiItem("event", "Said", inputs)
    artifact = Artifact("Speaker", (), b"", b"", (item,))
    decoded = decode_event(artifact, "Said", [item.topic, keccak(b"hello")], encode(["uint8"], [3]))
    assert decoded == {"text": keccak(b"hello"), "n": 3}


def custom(signature: str, types: list[str], values: list[Any]) -> bytes:
    return keccak(signature.encode())[:4] + encode(types, values)


@pytest.mark.parametrize(
    ("data", "name", "text"),
    [
        (b"", "", "no reason given"),
        (custom("Error(string)", ["string"], ["no"]), "Error", "no"),
        (custom("Panic(uint256)", ["uint256"], [0x11]), "Panic", "overflow"),
        (custom("Panic(uint256)", ["uint256"], [0x99]), "Panic", "panic 0x99"),
        (
            custom("TimeNotReached(uint256,uint256)", ["uint256", "uint256"], [9, 5]),
            "TimeNotReached",
            "TimeNotReached(expectedTimestamp=9, actualTimestamp=5)",
        ),
        (custom("NotHistoricalRoot(bytes32)", ["bytes32"], [b"\1" * 32]), "NotHistoricalRoot", "argument0=0x0101"),
        (b"\xde\xad\xbe\xef\x01", "", "unknown error 0xdeadbeef01"),
        (keccak(b"TimeNotReached(uint256,uint256)")[:4] + b"\x01", "", "unknown error"),
        (b"\x08", "", "unknown error 0x08"),
    ],
)
def test_reverts_are_explained(data: bytes, name: str, text: str) -> None:
    revert = explain_revert(data)
    assert revert.name == name
    assert text in revert.text


def test_every_refusal_is_known() -> None:
    source = CHAIN.items + HUB.items + load("ValidatorTimelock").items
    errors = {item.signature for item in source if item.kind == "error"}
    assert {"UnprovenBatch(uint256,bytes32,bytes32)", "ChainIdTooBig(uint256,uint256)"} <= errors
    for item in source:
        if item.kind == "error":
            values = [b"" if kind == "bytes" else _zero(kind) for kind in item.input_types]
            assert explain_revert(item.selector + encode(item.input_types, values)).name == item.name


def _zero(kind: str) -> Any:
    return ADDRESS if kind == "address" else bytes(32) if kind == "bytes32" else 0
