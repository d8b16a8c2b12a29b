"""What other chains are shown: proof words from the RPC against the real verification contract, and false roots."""

import contextlib

import pytest
from eth_abi.abi import encode

from chain_template.primitives import keccak
from contracts.abi import encode_call
from contracts.artifacts import load
from contracts.errors import TransactionReverted
from contracts.genesis import (
    INTEROP_CENTER,
    L1_MESSENGER,
    L2_BRIDGEHUB,
    L2_INTEROP_ROOT_STORAGE,
    L2_MESSAGE_VERIFICATION,
    L2_NATIVE_TOKEN_VAULT,
    asset_id,
)
from tests.e2e.bridge.lab import ALICE, BridgeLab
from tests.e2e.settlement.conftest import on_anvil_in_soak
from tests.e2e.settlement.lab import L1S, wait_until

MESSAGE = b"seen from elsewhere"


@pytest.fixture(scope="module", params=["embedded", on_anvil_in_soak])
def lab(request, tmp_path_factory):
    directory = tmp_path_factory.mktemp(request.param)
    with L1S[request.param](directory) as (url, _):
        lab = BridgeLab(request.param, url, directory, chains=2)
        with contextlib.closing(lab):
            lab.fund(ALICE, "a", "b")
            yield lab


def rpc(lab, chain, method, *params):
    return lab.bridge.hub.chain(chain).node.client.rpc(method, list(params))


def address(raw):
    return "0x" + raw.hex()


def is_proven(lab, chain, receipt, proof, message=MESSAGE, chain_id=271, batch=None):
    """What 0x10009 says; False where it reverts, which a proof of a wrong shape makes it do."""
    index = int(receipt["l1BatchTxIndex"], 16)
    arguments = [chain_id, proof["batchNumber"] if batch is None else batch, proof["id"]]
    arguments += [(index, ALICE.address, message), [bytes.fromhex(word[2:]) for word in proof["proof"]]]
    data = encode_call(load("L2MessageVerification"), "proveL2MessageInclusionShared", arguments)
    client = lab.bridge.hub.chain(chain).node.client
    try:
        return bool(int.from_bytes(client.call(address(L2_MESSAGE_VERIFICATION), data), "big"))
    except TransactionReverted:
        return False


@pytest.fixture(scope="module")
def sent(lab):
    """A message of chain a, executed on L1: its receipt."""
    data = bytes.fromhex("62f84b24") + encode(["bytes"], [MESSAGE])
    tx_hash = address(lab.sender(ALICE, "a").transact(address(L1_MESSENGER), data).transaction_hash)
    assert rpc(lab, "a", "zks_getL2ToL1LogProof", tx_hash, 0, "messageRoot") is None, "not executed yet"
    wait_until(lambda: rpc(lab, "a", "zks_getL2ToL1LogProof", tx_hash, 0, "messageRoot"), what="the proof")
    return rpc(lab, "a", "eth_getTransactionReceipt", tx_hash)


def test_the_words_are_what_the_verification_contract_takes(lab, sent):
    proof = rpc(lab, "a", "zks_getL2ToL1LogProof", sent["transactionHash"], 0, "proof_based_gw")
    details = rpc(lab, "a", "zks_getL1BatchDetails", proof["batchNumber"])
    executed = lab.client.get_receipt(bytes.fromhex(details["executeTxHash"][2:]))
    assert proof["gatewayBlockNumber"] == executed.block_number, "where clients look the root up"
    asked = rpc(lab, "b", "zkhub_requestInteropRoot", hex(proof["gatewayBlockNumber"]))
    assert asked["root"] == proof["root"]
    done = wait_until(lambda: _imported(lab, "b", proof["gatewayBlockNumber"]), what="the import")
    assert done["root"] == proof["root"]
    l1_chain_id = lab.client.chain_id()
    read = encode_call(load("L2InteropRootStorage"), "interopRoots", [l1_chain_id, proof["gatewayBlockNumber"]])
    client = lab.bridge.hub.chain("b").node.client
    assert client.call(address(L2_INTEROP_ROOT_STORAGE), read).hex() == proof["root"][2:]

    assert is_proven(lab, "b", sent, proof)
    assert not is_proven(lab, "b", sent, proof, message=b"something else")
    assert not is_proven(lab, "b", sent, proof, chain_id=272)
    assert not is_proven(lab, "b", sent, proof, batch=proof["batchNumber"] + 1)
    final = rpc(lab, "a", "zks_getL2ToL1LogProof", sent["transactionHash"], 0)
    assert not is_proven(lab, "b", sent, final), "L1's proof is none here"
    for at in range(len(proof["proof"])):
        word = bytearray.fromhex(proof["proof"][at][2:])
        word[-1] ^= 1
        mutated = [*proof["proof"][:at], address(bytes(word)), *proof["proof"][at + 1 :]]
        assert not is_proven(lab, "b", sent, proof | {"proof": mutated}), f"word {at}"


def _imported(lab, chain, l1_block):
    asked = rpc(lab, chain, "zkhub_requestInteropRoot", hex(l1_block))
    return asked if asked["blockNumber"] is not None else None


def test_a_later_root_proves_it_too(lab, sent):
    """Chain b executes a batch; its block's root has the message under it as well."""
    lab.sender(ALICE, "b").transact(ALICE.address, value=1)
    wait_until(lab.nodes["b"].is_settled, what="settlement of b")
    # Roots that come in meanwhile may have made another batch, which is not executed yet.
    batch = lab.nodes["b"].status().batches["executed"]
    details = rpc(lab, "b", "zks_getL1BatchDetails", batch)
    later = lab.client.get_receipt(bytes.fromhex(details["executeTxHash"][2:])).block_number
    asked = wait_until(lambda: _imported(lab, "b", later), what="the import")
    proof = rpc(lab, "a", "zks_getL2ToL1LogProof", sent["transactionHash"], 0, "messageRoot", later)
    assert (proof["gatewayBlockNumber"], proof["root"]) == (later, asked["root"])
    assert is_proven(lab, "b", sent, proof)
    assert rpc(lab, "a", "zks_getL2ToL1LogProof", sent["transactionHash"], 0, "messageRoot", 1) is None


def test_a_batch_with_a_false_root_is_never_executed(lab):
    node = lab.nodes["b"]
    wait_until(node.is_settled, what="settlement of b")
    executed = node.status().batches["executed"]
    # A block of L1 in which nothing was executed: the operator invents what others said there.
    assert node.import_interop_root(1, keccak(b"they owe me everything"))
    wait_until(lambda: node.status().batches["verified"] > executed, what="the proof of the false batch")
    wait_until(lambda: "settlement" in node.status().errors, what="L1's refusal")
    assert "Root" in node.status().errors["settlement"]
    assert node.status().batches["executed"] == executed
    node.settlement.revert_batches(executed)
    wait_until(lambda: node.settlement.sender.rollback_wanted is None, what="the revert")
    assert not node.interop_roots.has_requests() and node.interop_roots.imported(1) is None
    wait_until(lambda: not node.status().errors, what="recovery")


def test_l1_is_told_of_a_token_before_the_batch_that_sends_it(lab):
    """Sent past the library, by whoever knows the contracts: nobody else tells L1 where the token was born."""
    token = lab.deploy_token(ALICE, "a", supply=2**200)
    sender, vault = lab.sender(ALICE, "a"), address(L2_NATIVE_TOKEN_VAULT)
    sender.transact(vault, encode_call(load("L2NativeTokenVault"), "ensureTokenIsRegistered", [token]))
    sender.transact(token, encode_call(load("TestToken"), "approve", [vault, 2**256 - 1]))
    asset = asset_id(271, bytes.fromhex(token[2:]))
    center = address(INTEROP_CENTER)

    def send(amount):
        arguments = [272, asset, amount, "0x" + "e7" * 20]
        return sender.transact(center, encode_call(load("InteropCenter"), "sendToken", arguments))

    wait_until(lambda: _knows(lab, "a", 272), what="a's knowing of b")
    # As much of it as may be away leaves, in two transfers; L1 would refuse a batch that sends more.
    send(2**127 - 8)
    send(7)
    with pytest.raises(TransactionReverted, match="AssetAmountTooHigh"):
        send(1)
    wait_until(lab.nodes["a"].is_settled, what="settlement of a")
    on_l1 = load("L1NativeTokenVault")
    at = lab.ecosystem.native_token_vault
    assert lab.client.read(on_l1, at, "originChainId", [asset]) == 271
    assert lab.client.read(on_l1, at, "chainBalance", [272, asset]) == 2**127 - 1
    assert not lab.nodes["a"].status().errors


def _knows(lab, chain, other):
    data = encode_call(load("L2Bridgehub"), "baseTokenAssetId", [other])
    found = lab.bridge.hub.chain(chain).node.client.call(address(L2_BRIDGEHUB), data)
    return int.from_bytes(found, "big") != 0
