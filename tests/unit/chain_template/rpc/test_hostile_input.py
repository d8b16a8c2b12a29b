"""Input made to hurt: it must cost little and change nothing."""

import json
import threading

import pytest
import rlp

from chain_template.errors import TransactionDecodeError
from chain_template.rpc.dispatch import nesting, parse_json
from chain_template.rpc.errors import ParseError
from chain_template.transactions import decode_transaction
from tests.support import CHAIN_ID, KEYS, sign
from tests.unit.chain_template.rpc.conftest import Deployed
from tests.unit.chain_template.rpc.served import RpcFailure


def nested_rlp(depth: int) -> bytes:
    out = b"\xc0"
    for _ in range(depth):
        size = len(out)
        width = (size.bit_length() + 7) // 8
        head = bytes([0xC0 + size]) if size < 56 else bytes([0xF7 + width]) + size.to_bytes(width, "big")
        out = head + out
    return out


@pytest.mark.parametrize(
    ("body", "depth"),
    [
        (b"[" * 70, 70),
        (b'{"a":' * 70, 70),
        (b"[" * 64 + b"]" * 64 + b"[]", 64),
        (b"[" * 70 + b"]" * 70, 65),
        (b"[]" * 200, 1),
        (b'["' + b"[" * 100 + b'"]', 1),
        (b'["\\"' + b"[" * 100 + b'"]', 1),
        (b'["\\\\"' + b"[" * 100, 101),
        (b"]" * 100 + b"[" * 65, 0),
    ],
)
def test_nesting_is_seen_outside_strings_only(body: bytes, depth: int) -> None:
    assert nesting(body) == depth


@pytest.mark.parametrize(
    "body",
    [b"[" * 10**6, b"[" * 70 + b'"' + b'\\"' * 10**6, b"[" * 70 + b'"' * 10**6, b"[" * 70 + b'"' + b"\\" * 10**6],
)
def test_no_body_takes_long_to_refuse_not_even_in_a_thread(body: bytes) -> None:
    refused: list[ParseError] = []

    def parse() -> None:
        try:
            parse_json(body)
        except ParseError as exc:
            refused.append(exc)

    thread = threading.Thread(target=parse)
    thread.start()
    thread.join()
    assert refused


def test_a_large_body_of_ordinary_requests_is_read() -> None:
    batch = [{"jsonrpc": "2.0", "id": 1, "method": "eth_getBalance", "params": ["0x" + "00" * 20, "latest"]}] * 5_000
    assert parse_json(json.dumps(batch).encode()) == batch


@pytest.mark.parametrize("prefix", [b"", b"\x01", b"\x02"])
def test_a_transaction_of_nested_lists_is_refused_at_once(prefix: bytes) -> None:
    with pytest.raises(TransactionDecodeError, match="nest too deep"):
        decode_transaction(prefix + nested_rlp(40_000), CHAIN_ID)


def test_a_full_access_list_is_not_too_deep() -> None:
    entries = [{"address": "0x" + f"{n:040x}", "storageKeys": ["0x" + "01" * 32] * 3} for n in range(5)]
    decoded = decode_transaction(sign(KEYS[0], 0, to=b"\x01" * 20, accessList=entries), CHAIN_ID)
    assert [len(entry.slots) for entry in decoded.access_list] == [3] * 5


def test_a_raw_transaction_longer_than_the_pool_takes_is_not_even_decoded(l1: Deployed) -> None:
    flat = b"\x02" + rlp.encode([b"\x01"] * 2_000_000)
    with pytest.raises(RpcFailure) as caught:
        l1.client.call("eth_sendRawTransaction", "0x" + flat.hex())
    assert caught.value.code == -32000
    assert caught.value.message.startswith("oversized data: transaction size 2")


def test_a_call_as_deep_as_gas_allows_does_not_end_the_process(l1: Deployed) -> None:
    """Each level calls itself again with all it may: some 900 levels, with and without a tracer."""
    for method, extra in (
        ("eth_call", ["latest"]),
        ("debug_traceCall", ["latest", {"tracer": "callTracer"}]),
        ("debug_traceCall", ["latest", {"limit": 10}]),
    ):
        l1.client.call(method, {"to": l1.many, "data": "0x0d", "gas": hex(10**8)}, *extra)
    assert l1.client.call("eth_chainId") == "0x10f"
