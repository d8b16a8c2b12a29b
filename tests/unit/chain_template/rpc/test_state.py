"""eth_: the chain, accounts, code, storage, proofs, and the ways to name a block."""

from typing import Any

import pytest
import rlp
from trie import HexaryTrie

from chain_template.primitives import EMPTY_CODE_HASH, EMPTY_TRIE_ROOT, keccak
from tests.unit.chain_template.rpc.asm import MANY
from tests.unit.chain_template.rpc.conftest import Deployed
from tests.unit.chain_template.rpc.served import KEYS, RpcFailure

NOBODY = "0x" + "12" * 20
ZERO_SLOT = "0x" + "00" * 32


def test_what_the_chain_says_of_itself(l1: Deployed) -> None:
    call = l1.client.call
    assert call("eth_chainId") == "0x10f"
    assert call("net_version") == "271"
    assert call("eth_syncing") is False
    assert call("eth_accounts") == []
    assert call("eth_coinbase") == "0x" + "fe" * 20
    assert call("eth_mining") is False
    assert call("eth_hashrate") == "0x0"
    assert call("net_listening") is True
    assert call("net_peerCount") == "0x0"
    assert int(call("eth_protocolVersion"), 16) > 0
    assert call("web3_clientVersion").startswith("zkhub/v")
    assert call("web3_sha3", "0x68656c6c6f") == "0x" + keccak(b"hello").hex()


def test_accounts(l1: Deployed) -> None:
    call = l1.client.call
    assert call("eth_getBalance", KEYS[7].address, "earliest") == hex(100 * 10**18)
    assert call("eth_getBalance", NOBODY) == "0x0"
    assert call("eth_getCode", l1.many, "latest") == "0x" + MANY.hex()
    assert call("eth_getCode", l1.many, "0x0") == "0x"
    assert call("eth_getCode", KEYS[0].address) == "0x"
    assert call("eth_getTransactionCount", KEYS[0].address, "latest") == "0x1"
    assert call("eth_getTransactionCount", KEYS[0].address, "earliest") == "0x0"
    assert call("eth_getStorageAt", l1.many, "0x5", "latest") == "0x" + 64 * "0"


def test_storage_changes_and_older_states_stay(l1: Deployed) -> None:
    call = l1.client.call
    before = call("eth_getStorageAt", l1.many, "0x0")
    receipt = l1.client.receipt(l1.send())
    number = int(receipt["blockNumber"], 16)
    assert int(call("eth_getStorageAt", l1.many, ZERO_SLOT, "latest"), 16) == int(before, 16) + 1
    assert call("eth_getStorageAt", l1.many, "0x0", hex(number - 1)) == before


@pytest.mark.parametrize(
    "block",
    ["latest", "pending", "earliest", "safe", "finalized", "committed", "l1_committed", "0x0", 0, "0x00", None],
)
def test_every_way_to_name_a_block(l1: Deployed, block: Any) -> None:
    assert l1.client.call("eth_getBalance", NOBODY, block) == "0x0"


def test_eip_1898_objects(l1: Deployed) -> None:
    call = l1.client.call
    genesis = call("eth_getBlockByNumber", "0x0", False)["hash"]
    expected = hex(100 * 10**18)
    for block in (
        {"blockNumber": "0x0"},
        {"blockHash": genesis},
        {"blockHash": genesis, "requireCanonical": True},
        genesis,
    ):
        assert call("eth_getBalance", KEYS[0].address, block) == expected
    for block in ({}, {"blockHash": genesis, "blockNumber": "0x0"}):
        refused(l1, -32602, "exactly one of blockNumber and blockHash", "eth_getBalance", NOBODY, block)
    refused(l1, -32000, "header not found", "eth_getBalance", NOBODY, {"blockHash": "0x" + "ab" * 32})


def refused(deployed: Deployed, code: int, words: str, method: str, *params: Any) -> None:
    with pytest.raises(RpcFailure) as caught:
        deployed.client.call(method, *params)
    assert (caught.value.code, words in caught.value.message) == (code, True), caught.value


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ([], "missing value for required argument 0 (address)"),
        ([None], "missing value for required argument 0 (address)"),
        (["0x12"], "invalid argument 0 (address): hex string has length 2, want 40 for an address"),
        (["12" * 20], "hex string without 0x prefix"),
        (["0x" + "zz" * 20], "invalid hex string"),
        (["0x" + "1" * 39], "hex string of odd length"),
        ([7], "expected hex data"),
        ([NOBODY, "lattest"], 'no block number or tag; did you mean "latest"?'),
        ([NOBODY, "0x"], '"0x" is not a number'),
        ([NOBODY, "-0x1"], "no block number or tag"),
        ([NOBODY, -1], "non-negative"),
        ([NOBODY, True], "expected a hex quantity"),
        ([NOBODY, hex(2**64)], "hex number > 64 bits"),
        ([NOBODY, "latest", "more"], "too many arguments, want at most 2"),
    ],
)
def test_wrong_parameters_say_what_is_wrong(l1: Deployed, params: list[Any], words: str) -> None:
    refused(l1, -32602, words, "eth_getBalance", *params)


def test_a_block_that_is_not_there_yet(l1: Deployed) -> None:
    refused(l1, -32000, "header not found: there is no block 1000000", "eth_getBalance", NOBODY, hex(10**6))


def prove(root: bytes, key: bytes, nodes: list[str]) -> bytes:
    return bytes(HexaryTrie.get_from_proof(root, keccak(key), [rlp.decode(bytes.fromhex(n[2:])) for n in nodes]))


def test_proofs_hold_against_the_header(l1: Deployed) -> None:
    l1.client.receipt(l1.send())
    header = l1.client.call("eth_getBlockByNumber", "latest", False)
    root = bytes.fromhex(header["stateRoot"][2:])
    proof = l1.client.call("eth_getProof", l1.many, [ZERO_SLOT, "0x7"], header["number"])
    account = rlp.decode(prove(root, bytes.fromhex(l1.many[2:]), proof["accountProof"]))
    storage_root = bytes.fromhex(proof["storageHash"][2:])
    assert account == [b"\x01", b"", storage_root, keccak(MANY)]
    assert (proof["nonce"], proof["balance"], proof["codeHash"]) == ("0x1", "0x0", "0x" + keccak(MANY).hex())
    used, unused = proof["storageProof"]
    assert (used["key"], unused["key"]) == (ZERO_SLOT, "0x7")
    assert rlp.decode(prove(storage_root, bytes(32), used["proof"])) == int(used["value"], 16).to_bytes(1, "big")
    assert unused["value"] == "0x0"
    assert prove(storage_root, (7).to_bytes(32, "big"), unused["proof"]) == b""


def test_an_absent_account_is_proven_absent(l1: Deployed) -> None:
    header = l1.client.call("eth_getBlockByNumber", "latest", False)
    proof = l1.client.call("eth_getProof", NOBODY, ["0x0"], header["number"])
    assert prove(bytes.fromhex(header["stateRoot"][2:]), bytes.fromhex(NOBODY[2:]), proof["accountProof"]) == b""
    assert proof["codeHash"] == "0x" + EMPTY_CODE_HASH.hex()
    assert proof["storageHash"] == "0x" + EMPTY_TRIE_ROOT.hex()
    assert proof["storageProof"] == [{"key": "0x0", "value": "0x0", "proof": []}]


def test_too_many_proof_keys_are_refused(l1: Deployed) -> None:
    refused(l1, -32602, "at most 1024", "eth_getProof", NOBODY, ["0x0"] * 1025, "latest")
