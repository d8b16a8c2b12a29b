"""eth_ and debug_getRaw*: blocks, transactions, receipts, the pool, and how they fit together."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import rlp
from eth_account import Account

from chain_template.primitives import keccak
from chain_template.state import ordered_trie_root
from tests.support import GWEI
from tests.unit.chain_template.rpc.asm import COUNTED_TOPIC, MANY, deployer
from tests.unit.chain_template.rpc.conftest import Deployed
from tests.unit.chain_template.rpc.served import KEYS, Client, RpcFailure, ServedChain, l1_config, sign

BLOCK_FIELDS = {
    "number", "hash", "parentHash", "nonce", "mixHash", "sha3Uncles", "logsBloom", "transactionsRoot", "stateRoot",
    "receiptsRoot", "miner", "difficulty", "totalDifficulty", "extraData", "gasLimit", "gasUsed", "timestamp",
    "baseFeePerGas", "withdrawalsRoot", "blobGasUsed", "excessBlobGas", "parentBeaconBlockRoot", "size", "uncles",
    "withdrawals", "transactions",
}  # fmt: skip


def to_bytes(value: str) -> bytes:
    return bytes.fromhex(value[2:])


@pytest.fixture(scope="module")
def block(l1: Deployed) -> dict[str, Any]:
    """A block with a call in it, whole transactions included."""
    receipt = l1.client.receipt(l1.send())
    return dict(l1.client.call("eth_getBlockByNumber", receipt["blockNumber"], True))


def test_a_block_has_every_field_and_its_own_hash(l1: Deployed, block: dict[str, Any]) -> None:
    assert set(block) == BLOCK_FIELDS
    raw_header = to_bytes(l1.client.call("debug_getRawHeader", block["number"]))
    assert "0x" + keccak(raw_header).hex() == block["hash"]
    assert l1.client.call("eth_getBlockByHash", block["hash"], True) == block
    hashes = l1.client.call("eth_getBlockByNumber", block["number"], False)
    assert hashes["transactions"] == [tx["hash"] for tx in block["transactions"]]
    assert {**hashes, "transactions": block["transactions"]} == block


def test_a_raw_block_is_the_block(l1: Deployed, block: dict[str, Any]) -> None:
    raw = to_bytes(l1.client.call("debug_getRawBlock", block["number"]))
    assert len(raw) == int(block["size"], 16)
    header, transactions, uncles, withdrawals = rlp.decode(raw)
    assert keccak(rlp.encode(header)) == to_bytes(block["hash"])
    raws = [item if isinstance(item, bytes) else rlp.encode(item) for item in transactions]
    assert ordered_trie_root(raws) == to_bytes(block["transactionsRoot"])
    assert (uncles, withdrawals) == ([], [])
    receipts = [to_bytes(each) for each in l1.client.call("debug_getRawReceipts", block["number"])]
    assert ordered_trie_root(receipts) == to_bytes(block["receiptsRoot"])


def test_headers_without_their_blocks(l1: Deployed, block: dict[str, Any]) -> None:
    header = l1.client.call("eth_getHeaderByNumber", block["number"])
    assert header == l1.client.call("eth_getHeaderByHash", block["hash"])
    assert header == {key: block[key] for key in header}


def test_what_is_not_there_is_null(l1: Deployed) -> None:
    far, nothing = hex(10**6), "0x" + "ab" * 32
    for method, params in [
        ("eth_getBlockByNumber", [far, False]),
        ("eth_getBlockByHash", [nothing, False]),
        ("eth_getHeaderByNumber", [far]),
        ("eth_getHeaderByHash", [nothing]),
        ("eth_getBlockReceipts", [far]),
        ("eth_getBlockReceipts", [{"blockHash": nothing}]),
        ("eth_getBlockTransactionCountByNumber", [far]),
        ("eth_getBlockTransactionCountByHash", [nothing]),
        ("eth_getUncleCountByBlockNumber", [far]),
        ("eth_getUncleCountByBlockHash", [nothing]),
        ("eth_getUncleByBlockNumberAndIndex", ["0x0", "0x0"]),
        ("eth_getUncleByBlockHashAndIndex", [nothing, "0x0"]),
        ("eth_getTransactionByHash", [nothing]),
        ("eth_getTransactionReceipt", [nothing]),
        ("eth_getTransactionByBlockNumberAndIndex", ["0x0", "0x0"]),
        ("eth_getTransactionByBlockHashAndIndex", [nothing, "0x0"]),
        ("eth_getRawTransactionByHash", [nothing]),
        ("eth_getRawTransactionByBlockNumberAndIndex", [far, "0x0"]),
        ("eth_getRawTransactionByBlockHashAndIndex", [nothing, "0x0"]),
        ("eth_getTransactionBySenderAndNonce", [KEYS[7].address, "0x99"]),
        ("debug_getRawTransaction", [nothing]),
    ]:
        assert l1.client.call(method, *params) is None, method


def test_a_transaction_is_the_same_by_every_way_to_it(l1: Deployed, block: dict[str, Any]) -> None:
    call, tx = l1.client.call, block["transactions"][0]
    assert call("eth_getTransactionByHash", tx["hash"]) == tx
    assert call("eth_getTransactionByBlockNumberAndIndex", block["number"], "0x0") == tx
    assert call("eth_getTransactionByBlockHashAndIndex", block["hash"], "0x0") == tx
    assert call("eth_getTransactionBySenderAndNonce", tx["from"], tx["nonce"]) == tx
    assert call("eth_getTransactionByBlockNumberAndIndex", block["number"], "0x99") is None
    raws = {
        call("eth_getRawTransactionByHash", tx["hash"]),
        call("debug_getRawTransaction", tx["hash"]),
        call("eth_getRawTransactionByBlockNumberAndIndex", block["number"], "0x0"),
        call("eth_getRawTransactionByBlockHashAndIndex", block["hash"], "0x0"),
    }
    (raw,) = raws
    assert "0x" + keccak(to_bytes(raw)).hex() == tx["hash"]
    assert Account.recover_transaction(raw).lower() == tx["from"]
    assert call("eth_getBlockTransactionCountByNumber", block["number"]) == hex(len(block["transactions"]))
    assert call("eth_getBlockTransactionCountByHash", block["hash"]) == hex(len(block["transactions"]))
    assert call("eth_getUncleCountByBlockNumber", block["number"]) == "0x0"
    assert call("eth_getUncleCountByBlockHash", block["hash"]) == "0x0"


def test_the_first_transaction_of_a_sender_is_found_among_many(l1: Deployed) -> None:
    for _ in range(3):
        l1.client.receipt(l1.send(key=3))
    found = [l1.client.call("eth_getTransactionBySenderAndNonce", KEYS[3].address, hex(n)) for n in range(3)]
    assert [int(tx["nonce"], 16) for tx in found] == [0, 1, 2]
    assert len({tx["hash"] for tx in found}) == 3


def test_a_receipt_and_its_logs(l1: Deployed, block: dict[str, Any]) -> None:
    tx = block["transactions"][0]
    receipt = l1.client.call("eth_getTransactionReceipt", tx["hash"])
    place = {
        "transactionHash": tx["hash"],
        "transactionIndex": "0x0",
        "blockHash": block["hash"],
        "blockNumber": block["number"],
    }
    assert receipt == {
        **place,
        "from": tx["from"],
        "to": l1.many,
        "cumulativeGasUsed": block["gasUsed"],
        "gasUsed": block["gasUsed"],
        "effectiveGasPrice": tx["gasPrice"],
        "contractAddress": None,
        "logs": [
            {
                **place,
                "address": l1.many,
                "topics": ["0x" + COUNTED_TOPIC.hex(), "0x" + tx["from"][2:].rjust(64, "0")],
                "data": receipt["logs"][0]["data"],
                "logIndex": "0x0",
                "removed": False,
            }
        ],
        "logsBloom": block["logsBloom"],
        "status": "0x1",
        "type": "0x2",
    }
    assert l1.client.call("eth_getBlockReceipts", block["number"]) == [receipt]
    assert l1.client.call("eth_getBlockReceipts", {"blockHash": block["hash"]}) == [receipt]


def test_a_failed_transaction_has_a_receipt_that_says_so(l1: Deployed) -> None:
    receipt = l1.client.receipt(l1.send(data=b"\x01"))
    assert (receipt["status"], receipt["logs"]) == ("0x0", [])


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({"gasPrice": 3 * GWEI}, {"type": "0x0", "gasPrice": hex(3 * GWEI)}),
        ({"type": 1, "gasPrice": 3 * GWEI, "accessList": []}, {"type": "0x1", "accessList": []}),
        (
            {"accessList": [{"address": "0x" + "22" * 20, "storageKeys": ["0x" + "01".rjust(64, "0")]}]},
            {
                "type": "0x2",
                "accessList": [{"address": "0x" + "22" * 20, "storageKeys": ["0x" + "01".rjust(64, "0")]}],
                "maxFeePerGas": hex(2 * GWEI),
            },
        ),
    ],
)
def test_every_type_shows_its_own_members(l1: Deployed, fields: dict[str, Any], shown: dict[str, Any]) -> None:
    tx_hash = l1.send(key=4, **fields)
    receipt = l1.client.receipt(tx_hash)
    tx = l1.client.call("eth_getTransactionByHash", tx_hash)
    assert {key: tx[key] for key in shown} == shown
    assert receipt["type"] == tx["type"]
    assert receipt["effectiveGasPrice"] == tx["gasPrice"]
    legacy = shown["type"] == "0x0"
    assert ("yParity" in tx, "accessList" in tx, "maxFeePerGas" in tx) == (
        not legacy,
        not legacy,
        shown["type"] == "0x2",
    )
    assert tx["v"] in ((hex(35 + 2 * 271), hex(36 + 2 * 271)) if legacy else ("0x0", "0x1"))


def test_a_legacy_transaction_without_replay_protection(l1: Deployed) -> None:
    account = KEYS[5]
    signed = account.sign_transaction(
        {"nonce": 0, "gas": 21_000, "gasPrice": 3 * GWEI, "to": "0x" + "22" * 20, "value": 1}
    )
    tx_hash = l1.client.call("eth_sendRawTransaction", "0x" + bytes(signed.raw_transaction).hex())
    l1.client.receipt(tx_hash)
    tx = l1.client.call("eth_getTransactionByHash", tx_hash)
    assert "chainId" not in tx
    assert tx["v"] in ("0x1b", "0x1c")


@pytest.fixture
def still(tmp_path: Path) -> Iterator[tuple[ServedChain, Client]]:
    """A chain whose blocks are made by the test."""
    chain = ServedChain(l1_config(tmp_path))
    client = chain.start(blocks=False)
    yield chain, client
    chain.stop()


def send(client: Client, key: int, nonce: int, **fields: Any) -> str:
    raw = sign(KEYS[key], nonce, **({"to": b"\x22" * 20} | fields))
    return str(client.call("eth_sendRawTransaction", "0x" + raw.hex()))


def test_the_pool_as_clients_see_it(still: tuple[ServedChain, Client]) -> None:
    chain, client = still
    first, second, later = send(client, 0, 0), send(client, 0, 1), send(client, 0, 3)
    address = KEYS[0].address.lower()
    assert client.call("eth_getTransactionCount", address, "latest") == "0x0"
    assert client.call("eth_getTransactionCount", address, "pending") == "0x2"
    assert client.call("txpool_status") == {"pending": "0x2", "queued": "0x1"}
    content = client.call("txpool_content")
    assert content["pending"][address]["0"]["hash"] == first
    assert content["queued"][address]["3"]["hash"] == later
    assert client.call("txpool_contentFrom", address) == {
        "pending": content["pending"][address],
        "queued": content["queued"][address],
    }
    assert client.call("txpool_contentFrom", KEYS[1].address) == {"pending": {}, "queued": {}}
    assert client.call("txpool_inspect")["pending"][address]["1"].startswith("0x" + "22" * 20 + ": 0 wei + 21000 gas")
    waiting = client.call("eth_getTransactionByHash", first)
    assert (waiting["blockHash"], waiting["blockNumber"], waiting["transactionIndex"]) == (None, None, None)
    assert waiting["gasPrice"] == waiting["maxFeePerGas"]
    assert client.call("eth_getTransactionBySenderAndNonce", address, "0x3")["hash"] == later
    assert client.call("eth_getRawTransactionByHash", first) is not None
    assert client.call("eth_getTransactionReceipt", first) is None

    pending = client.call("eth_getBlockByNumber", "pending", False)
    assert set(pending) == BLOCK_FIELDS
    assert (pending["number"], pending["hash"], pending["nonce"], pending["miner"]) == ("0x1", None, None, None)
    assert pending["transactions"] == [first, second]
    assert client.call("eth_getBlockTransactionCountByNumber", "pending") == "0x2"
    whole = client.call("eth_getBlockByNumber", "pending", True)
    assert [tx["hash"] for tx in whole["transactions"]] == [first, second]

    chain.sequencer.build_block()
    assert client.call("eth_getTransactionByHash", first)["blockNumber"] == "0x1"
    assert client.call("eth_getTransactionCount", address, "pending") == "0x2"
    assert client.call("eth_getBlockByNumber", "pending", False)["transactions"] == []


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"value": 10**30}, "insufficient funds for gas * price + value"),
        ({"gas": 20_000}, "intrinsic gas too low"),
        ({"gas": 10**9}, "exceeds block gas limit"),
        ({"maxFeePerGas": 1, "maxPriorityFeePerGas": 2}, "max priority fee per gas higher than max fee per gas"),
        ({"chain_id": 1}, "the transaction is signed for chain 1, this is chain 271"),
        ({"data": deployer(MANY) * 300, "to": None, "gas": 10**7}, "oversized data"),
        ({"data": bytes(50_000), "to": None, "gas": 10**7}, "max initcode size exceeded"),
    ],
)
def test_a_transaction_that_cannot_be_taken(
    still: tuple[ServedChain, Client], fields: dict[str, Any], words: str
) -> None:
    chain, client = still
    with pytest.raises(RpcFailure) as caught:
        send(client, 0, 0, **fields)
    assert caught.value.code == -32000
    assert words in caught.value.message
    assert len(chain.mempool) == 0


def test_nonces_and_replacements(still: tuple[ServedChain, Client]) -> None:
    chain, client = still
    first = send(client, 0, 0)
    for nonce, fields, words in (
        (0, {}, "already known"),
        (0, {"value": 1}, "replacement transaction underpriced"),
        (10**6, {}, "nonce too high"),
    ):
        with pytest.raises(RpcFailure, match=words):
            send(client, 0, nonce, **fields)
    better = send(client, 0, 0, maxFeePerGas=4 * GWEI, maxPriorityFeePerGas=3)
    assert client.call("eth_getTransactionByHash", first) is None
    chain.sequencer.build_block()
    assert client.call("eth_getTransactionReceipt", better)["status"] == "0x1"
    with pytest.raises(RpcFailure, match="nonce too low") as caught:
        send(client, 0, 0, value=2)
    assert caught.value.code == -32000


@pytest.mark.parametrize(
    ("raw", "code", "words"),
    [
        ("0x", -32602, "empty"),
        ("0x02c0", -32602, "expected a list of 12 fields"),
        ("0x71" + "00" * 50, -32000, "transaction type 0x71 (EIP-712) is not supported by this chain; send type 2"),
        ("0x03" + "00" * 50, -32000, "blob transactions (0x03) are not accepted on this chain"),
        ("0x7e" + "00" * 50, -32000, "sequencer only"),
        ("0x7f" + "00" * 50, -32000, "L1 only"),
        ("0x09", -32000, "unknown"),
        ("zz", -32602, "without 0x prefix"),
        (7, -32602, "expected hex data"),
    ],
)
def test_bytes_that_are_no_transaction(l1: Deployed, raw: Any, code: int, words: str) -> None:
    with pytest.raises(RpcFailure) as caught:
        l1.client.call("eth_sendRawTransaction", raw)
    assert (caught.value.code, words in caught.value.message) == (code, True), caught.value


def test_a_signature_that_is_none(l1: Deployed) -> None:
    fields = rlp.decode(sign(KEYS[0], 5, to=b"\x22" * 20)[1:])
    high_s = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141 - int.from_bytes(fields[11], "big")
    for at, value in ((10, b""), (11, high_s.to_bytes(32, "big").lstrip(b"\x00")), (9, b"\x02")):
        broken = [*fields[:at], value, *fields[at + 1 :]]
        with pytest.raises(RpcFailure) as caught:
            l1.client.call("eth_sendRawTransaction", "0x02" + rlp.encode(broken).hex())
        assert caught.value.code == -32000
        assert "out of range" in caught.value.message or "yParity" in caught.value.message


def test_send_and_wait_in_one_call(l1: Deployed) -> None:
    nonce = int(l1.client.call("eth_getTransactionCount", KEYS[6].address, "pending"), 16)
    raw = "0x" + sign(KEYS[6], nonce, to=b"\x22" * 20).hex()
    receipt = l1.client.call("eth_sendRawTransactionSync", raw)
    assert receipt == l1.client.call("eth_getTransactionReceipt", receipt["transactionHash"])
    with pytest.raises(RpcFailure, match="nonce too low"):
        l1.client.call("eth_sendRawTransactionSync", raw)


def test_send_and_wait_gives_up_with_the_hash(still: tuple[ServedChain, Client]) -> None:
    _, client = still
    raw = sign(KEYS[0], 0, to=b"\x22" * 20)
    began = time.monotonic()
    with pytest.raises(RpcFailure) as caught:
        client.call("eth_sendRawTransactionSync", "0x" + raw.hex(), 200)
    assert caught.value.code == 4
    assert caught.value.data == "0x" + keccak(raw).hex()
    assert time.monotonic() - began >= 0.2
    assert client.call("eth_getTransactionByHash", caught.value.data) is not None
