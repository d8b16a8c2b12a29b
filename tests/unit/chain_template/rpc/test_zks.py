"""zks_ methods and ZK Stack's extra members, on a chain whose batches are moved on by the test."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from eth_abi.abi import encode

from chain_template.batcher.log_tree import root_of_proof
from chain_template.primitives import keccak
from chain_template.store.records import BatchStage
from tests.unit.chain_template.rpc.conftest import Deployed, serve
from tests.unit.chain_template.rpc.served import (
    GENESIS_TIME,
    KEYS,
    Client,
    RpcFailure,
    ServedChain,
    Settled,
    address_of,
    l2_config,
)
from zkvm.guest import run_natively

MESSENGER = bytes.fromhex("8008".rjust(40, "0"))
MESSAGE = b"a word from the chain"
L1_HASH = {stage: "0x" + f"{n:02x}" * 32 for n, stage in enumerate(("committed", "verified", "executed"), 0xC0)}


@dataclass
class Settling:
    """A chain that settles, and transactions of every kind in its blocks.

    Attributes:
        deposit: Hash of an operation from L1.
        message: Hash of a transaction that sends two messages to L1 … one each, as the contract takes one a call.
    """

    deployed: Deployed
    deposit: str
    failed_deposit: str
    message: str

    @property
    def client(self) -> Client:
        return self.deployed.client

    def receipt(self, tx_hash: str) -> dict[str, Any]:
        return dict(self.client.call("eth_getTransactionReceipt", tx_hash))

    def seal(self) -> int:
        batcher = self.deployed.chain.batcher()
        batcher.seal_now()
        assert batcher.step()
        with self.deployed.chain.store.snapshot() as snapshot:
            return snapshot.last_batch_number()

    def move(self, number: int, *stages: BatchStage) -> None:
        for stage in stages:
            tx_hash = L1_HASH.get(stage.value)
            self.deployed.chain.store.update_batch(
                number,
                stage=stage,
                at_ms=1_800_000_000_123,
                l1_transaction=None if tx_hash is None else (stage.value, tx_hash),
            )


@pytest.fixture(scope="module")
def settling(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settling]:
    chain = ServedChain(l2_config(tmp_path_factory.mktemp("settling")))
    try:
        deployed = serve(chain)
        user = address_of(KEYS[1])
        first = chain.deposit(len(KEYS), user, 5)
        many = bytes.fromhex(deployed.many[2:])
        failed = chain.deposit(len(KEYS) + 1, user, 7, to=many, data=b"\x01")
        deployed.client.receipt(failed)
        sent = deployed.send(to=MESSENGER, data=bytes.fromhex("62f84b24") + encode(["bytes"], [MESSAGE]))
        assert deployed.client.receipt(sent)["status"] == "0x1"
        yield Settling(deployed, first, failed, sent)
    finally:
        chain.stop()


def test_before_anything_is_batched(settling: Settling) -> None:
    call = settling.client.call
    receipt = settling.receipt(settling.message)
    assert (receipt["l1BatchNumber"], receipt["l1BatchTxIndex"]) == (None, None)
    (log,) = receipt["logs"]
    assert (log["l1BatchNumber"], log["transactionLogIndex"], log["logType"]) == (None, "0x0", None)
    (sent,) = receipt["l2ToL1Logs"]
    assert sent == {
        "blockHash": receipt["blockHash"],
        "blockNumber": receipt["blockNumber"],
        "l1BatchNumber": None,
        "logIndex": "0x0",
        "transactionIndex": "0x0",
        "transactionHash": settling.message,
        "transactionLogIndex": "0x0",
        "txIndexInL1Batch": None,
        "shardId": "0x0",
        "isService": True,
        "sender": "0x" + MESSENGER.hex(),
        "key": "0x" + KEYS[1].address[2:].lower().rjust(64, "0"),
        "value": "0x" + keccak(MESSAGE).hex(),
    }
    tx = call("eth_getTransactionByHash", settling.message)
    assert (tx["l1BatchNumber"], tx["l1BatchTxIndex"]) == (None, None)
    block = call("eth_getBlockByNumber", receipt["blockNumber"], False)
    assert (block["l1BatchNumber"], block["l1BatchTimestamp"]) == (None, None)
    assert call("zks_L1BatchNumber") == call("zks_batchNumber") == "0x0"
    assert call("zks_getL2ToL1LogProof", settling.message, 0) is None
    details = call("zks_getTransactionDetails", settling.message)
    assert (details["status"], details["ethCommitTxHash"], details["isL1Originated"]) == ("included", None, False)
    assert call("zks_getBatchByBlockNumber", int(receipt["blockNumber"], 16)) is None
    for tag in ("safe", "finalized", "l1_committed"):
        assert call("eth_getBlockByNumber", tag, False)["number"] == "0x0"
    assert call("eth_getBlockByNumber", "committed", False)["number"] == call("eth_blockNumber")


def test_an_operation_from_l1_as_clients_read_it(settling: Settling) -> None:
    receipt = settling.receipt(settling.deposit)
    tx = settling.client.call("eth_getTransactionByHash", settling.deposit)
    assert (tx["type"], tx["nonce"], tx["from"], tx["value"]) == (
        "0x7f",
        hex(len(KEYS)),
        KEYS[1].address.lower(),
        "0x5",
    )
    assert (tx["v"], tx["r"], tx["s"], tx["yParity"]) == ("0x0",) * 4
    assert tx["maxFeePerGas"] == tx["gasPrice"] == receipt["effectiveGasPrice"]
    assert (receipt["type"], receipt["status"], receipt["contractAddress"]) == ("0x7f", "0x1", None)
    (log,) = receipt["l2ToL1Logs"]
    assert (log["sender"], log["key"], int(log["value"], 16)) == ("0x" + "8001".rjust(40, "0"), settling.deposit, 1)
    failed = settling.receipt(settling.failed_deposit)
    assert (failed["status"], int(failed["l2ToL1Logs"][0]["value"], 16)) == ("0x0", 0)
    details = settling.client.call("zks_getTransactionDetails", settling.failed_deposit)
    assert (details["isL1Originated"], details["status"], details["gasPerPubdata"]) == (True, "failed", "0x320")


def test_a_batch_on_its_way_to_l1(settling: Settling) -> None:
    call = settling.client.call
    number = settling.seal()
    assert number == 1
    assert call("zks_L1BatchNumber") == "0x1"
    receipt = settling.receipt(settling.message)
    last = call("eth_blockNumber")
    assert (receipt["l1BatchNumber"], receipt["logs"][0]["l1BatchNumber"]) == ("0x1", "0x1")
    assert receipt["l2ToL1Logs"][0]["l1BatchNumber"] == "0x1"
    index = int(receipt["l1BatchTxIndex"], 16)
    assert receipt["l2ToL1Logs"][0]["txIndexInL1Batch"] == hex(index)
    assert call("eth_getTransactionByHash", settling.message)["l1BatchTxIndex"] == hex(index)
    assert settling.receipt(settling.deposit)["l1BatchTxIndex"] == hex(index - 2)
    logs = call("eth_getLogs", {"fromBlock": receipt["blockNumber"], "address": "0x" + MESSENGER.hex()})
    assert [log["l1BatchNumber"] for log in logs] == ["0x1"]
    block = call("eth_getBlockByNumber", last, False)
    first = call("eth_getBlockByNumber", "0x1", False)
    assert (block["l1BatchNumber"], block["l1BatchTimestamp"]) == ("0x1", first["timestamp"])
    assert call("zks_getL1BatchBlockRange", 1) == ["0x1", last]
    assert call("zks_getL1BatchBlockRange", 0) == ["0x0", "0x0"]
    assert call("zks_getL1BatchBlockRange", 2) is None

    sealed = call("zks_getL1BatchDetails", 1)
    assert (sealed["number"], sealed["status"], sealed["commitTxHash"], sealed["executedAt"]) == (
        1,
        "sealed",
        None,
        None,
    )
    assert (sealed["l1TxCount"], sealed["l2TxCount"]) == (len(KEYS) + 2, 2)
    assert sealed["timestamp"] == int(first["timestamp"], 16)
    assert sealed["rootHash"] == block["stateRoot"]

    settling.move(1, BatchStage.COMMITTED)
    assert call("eth_getBlockByNumber", "safe", False)["number"] == last
    assert call("eth_getBlockByNumber", "l1_committed", False)["number"] == last
    assert call("eth_getBlockByNumber", "finalized", False)["number"] == "0x0"
    assert call("eth_getBalance", KEYS[1].address, "safe") == call("eth_getBalance", KEYS[1].address, "latest")
    assert call("eth_getBalance", KEYS[1].address, "finalized") == "0x0"
    assert call("zks_getL2ToL1LogProof", settling.message, 0) is None

    settling.move(1, BatchStage.PROVING, BatchStage.PROVED, BatchStage.VERIFIED)
    assert call("zks_getTransactionDetails", settling.message)["status"] == "included"
    settling.move(1, BatchStage.EXECUTED)
    assert call("eth_getBlockByNumber", "finalized", False)["number"] == last
    executed = call("zks_getL1BatchDetails", 1)
    assert executed["status"] == "verified"
    assert executed["executedAt"] == executed["committedAt"] == "2027-01-15T08:00:00.123Z"
    for step, stage in (("commit", "committed"), ("prove", "verified"), ("execute", "executed")):
        assert executed[f"{step}TxHash"] == L1_HASH[stage]
        assert executed[f"{step}ChainId"] == 31337
    details = call("zks_getTransactionDetails", settling.message)
    assert (details["status"], details["ethProveTxHash"]) == ("verified", L1_HASH["verified"])
    assert details["initiatorAddress"] == KEYS[1].address.lower()
    assert details["fee"] == hex(int(receipt["gasUsed"], 16) * int(receipt["effectiveGasPrice"], 16))
    assert call("zks_getTransactionDetails", settling.failed_deposit)["status"] == "failed"

    ours = call("zks_getBatchByNumber", 1)
    assert (ours["stage"], ours["firstBlock"], ours["lastBlock"], ours["proofMode"]) == (
        "executed",
        "0x1",
        last,
        "none",
    )
    assert ours["stateCommitment"] == block["hash"]
    assert ours["l1Transactions"] == L1_HASH
    assert ours["stageTimes"]["committed"] == "2027-01-15T08:00:00.123Z"
    assert call("zks_getBatchByBlockNumber", int(last, 16)) == ours
    assert call("zks_getBatchByNumber", 2) is None
    check_log_proofs(settling, ours["l2LogsTreeRoot"])


def check_log_proofs(settling: Settling, root: str) -> None:
    """Every log of every transaction is proven against what L1 stores for the batch."""
    for tx_hash in (settling.deposit, settling.failed_deposit, settling.message):
        receipt = settling.receipt(tx_hash)
        for index, log in enumerate(receipt["l2ToL1Logs"]):
            proof = settling.client.call("zks_getL2ToL1LogProof", tx_hash, index, None)
            assert (proof["root"], proof["batchNumber"]) == (root, 1)
            leaf = (
                b"\x00\x01"
                + int(receipt["l1BatchTxIndex"], 16).to_bytes(2, "big")
                + bytes.fromhex(log["sender"][2:] + log["key"][2:] + log["value"][2:])
            )
            words = [bytes.fromhex(word[2:]) for word in proof["proof"]]
            assert "0x" + root_of_proof(leaf, proof["id"], words).hex() == root
    assert settling.client.call("zks_getL2ToL1LogProof", settling.message) == settling.client.call(
        "zks_getL2ToL1LogProof", settling.message, "0x0", "l1BatchRoot"
    )
    check_message_root_proofs(settling)
    with pytest.raises(RpcFailure, match="index out of range: the transaction has 1 L2→L1 logs"):
        settling.client.call("zks_getL2ToL1LogProof", settling.message, 1)
    assert settling.client.call("zks_getL2ToL1LogProof", "0x" + "ab" * 32, 0) is None


def check_message_root_proofs(settling: Settling) -> None:
    """The same path, and what settlement says of the way from the batch to L1's message root."""

    def proof(*params: Any) -> Any:
        return settling.client.call("zks_getL2ToL1LogProof", settling.message, 0, *params)

    final, under_root = proof(), proof("messageRoot")
    assert under_root == proof("proof_based_gw") == proof("messageRoot", 7)
    assert (under_root["id"], under_root["batchNumber"]) == (final["id"], 1)
    assert (under_root["root"], under_root["gatewayBlockNumber"]) == ("0x" + "07" * 32, 7)
    assert under_root["proof"][0] == "0x010f0100" + "00" * 28
    assert under_root["proof"][1:16] == final["proof"][1:16]
    assert under_root["proof"][16:] == ["0x" + "01" * 32, "0x" + "02" * 32]
    assert proof("messageRoot", 8) is None
    with pytest.raises(RpcFailure, match=r'invalid argument 2 .target.: "gateway" is no target of proofs'):
        proof("gateway")


def test_an_interop_root_is_asked_for_by_its_l1_block(settling: Settling) -> None:
    asked = settling.client.call("zkhub_requestInteropRoot", "0x7")
    assert asked == {"l1BlockNumber": "0x7", "root": "0x" + "07" * 32, "blockNumber": None}
    with pytest.raises(RpcFailure, match="L1 has no message root for its block 8") as caught:
        settling.client.call("zkhub_requestInteropRoot", 8)
    assert caught.value.code == -32000


def test_a_batch_input_runs_to_the_public_input(settling: Settling) -> None:
    data = settling.client.call("zkhub_getBatchInput", "0x1")
    with settling.deployed.chain.store.snapshot() as snapshot:
        batch = snapshot.batch(1)
    assert batch is not None
    assert run_natively(bytes.fromhex(data[2:])).public_input == batch.public_input
    assert settling.client.call("zkhub_getBatchInput", "0x63") is None


def test_blocks_and_their_transactions(settling: Settling) -> None:
    call = settling.client.call
    receipt = settling.receipt(settling.message)
    number = int(receipt["blockNumber"], 16)
    details = call("zks_getBlockDetails", number)
    block = call("eth_getBlockByNumber", receipt["blockNumber"], False)
    assert (details["number"], details["rootHash"]) == (number, block["hash"])
    assert details["operatorAddress"] == "0x" + "fe" * 20
    assert details["l1BatchNumber"] == 1
    assert call("zks_getBlockDetails", 10**6) is None
    genesis = call("zks_getBlockDetails", 0)
    assert (genesis["l1BatchNumber"], genesis["status"], genesis["timestamp"]) == (0, "verified", GENESIS_TIME)
    assert call("zks_getL1BatchDetails", 0)["status"] == "verified"

    (raw,) = call("zks_getRawBlockTransactions", number)
    assert raw["raw_bytes"] == call("eth_getRawTransactionByHash", settling.message)
    assert raw["common_data"]["L2"]["initiatorAddress"] == KEYS[1].address.lower()
    assert raw["execute"]["contractAddress"] == "0x" + MESSENGER.hex()
    deposit = settling.receipt(settling.deposit)
    (first, *_) = call("zks_getRawBlockTransactions", int(deposit["blockNumber"], 16))
    data = first["common_data"]["L1"]
    assert (data["canonicalTxHash"], data["serialId"]) == (settling.deposit, len(KEYS))
    assert data["toMint"] == hex(5 + 10**18)


def test_a_block_of_the_open_batch_names_the_batch_to_come(settling: Settling) -> None:
    receipt = settling.client.receipt(settling.deployed.send())
    details = settling.client.call("zks_getBlockDetails", int(receipt["blockNumber"], 16))
    with settling.deployed.chain.store.snapshot() as snapshot:
        assert details["l1BatchNumber"] == snapshot.last_batch_number() + 1
    assert details["status"] == "sealed"


def test_a_transaction_in_the_pool(settling: Settling) -> None:
    settling.deployed.chain.sequencer.paused = True
    try:
        tx_hash = settling.deployed.send()
        details = settling.client.call("zks_getTransactionDetails", tx_hash)
        assert (details["status"], details["ethCommitTxHash"]) == ("pending", None)
    finally:
        settling.deployed.chain.sequencer.paused = False
    settling.client.receipt(tx_hash)
    assert settling.client.call("zks_getTransactionDetails", "0x" + "ab" * 32) is None


def test_where_contracts_are(settling: Settling) -> None:
    call = settling.client.call
    assert call("zks_L1ChainId") == "0x7a69"
    assert call("zks_getBridgehubContract") == "0x" + "0b" * 20
    assert call("zks_getMainContract") == "0x" + "02" * 20
    assert call("zks_getBaseTokenL1Address") == "0x" + "1".rjust(40, "0")
    assert call("zks_getTestnetPaymaster") is None
    assert call("zks_getBridgeContracts") == {
        "l1SharedDefaultBridge": "0x" + "04" * 20,
        "l2SharedDefaultBridge": "0x" + "10003".rjust(40, "0"),
        "l1Erc20DefaultBridge": "0x" + "04" * 20,
        "l2Erc20DefaultBridge": "0x" + "10003".rjust(40, "0"),
        "l1WethBridge": None,
        "l2WethBridge": None,
        "l2LegacySharedBridge": None,
        "l1Nullifier": "0x" + "0c" * 20,
        "l1NativeTokenVault": None,
    }
    code = call("eth_getCode", settling.deployed.many, "latest")
    by_hash = call("zks_getBytecodeByHash", "0x" + keccak(bytes.fromhex(code[2:])).hex())
    assert bytes(by_hash) == bytes.fromhex(code[2:])
    assert call("zks_getBytecodeByHash", "0x" + "ab" * 32) is None


def test_the_protocol_version_is_that_of_the_chain_s_contract(
    settling: Settling, monkeypatch: pytest.MonkeyPatch
) -> None:
    minors = []
    for known in (None, 30 << 32 | 7):
        monkeypatch.setattr(Settled, "protocol_version", known)
        answer = settling.client.call("zks_getProtocolVersion", None)
        minors.append((answer["minorVersion"], answer["version_id"]))
    assert minors == [(29, 29), (30, 30)]


def test_prices(settling: Settling) -> None:
    call = settling.client.call
    assert call("zks_getL1GasPrice") == hex(3_000_000_000)
    assert call("zks_gasPerPubdata") == "0x320"
    params = call("zks_getFeeParams")["V2"]
    assert (params["l1_gas_price"], params["l1_pubdata_price"]) == (3_000_000_000, 17 * 3_000_000_000)
    assert params["config"]["max_gas_per_batch"] == settling.deployed.chain.config.batch.max_gas
    assert int(call("zks_getBatchFeeInput")["fair_pubdata_price"], 16) == 17 * 3_000_000_000
    fee = call("zks_estimateFee", {"from": KEYS[1].address, "to": KEYS[2].address, "value": "0x1"})
    assert fee["gas_limit"] == hex(21_000)
    assert fee["max_fee_per_gas"] == call("eth_gasPrice")
    assert (fee["max_priority_fee_per_gas"], fee["gas_per_pubdata_limit"]) == ("0x0", "0x320")


def test_estimating_an_operation_from_l1(settling: Settling) -> None:
    """As clients ask: of an address nobody has used, labelled 0x71, with a padded gasPerPubdata."""
    stranger = "0x" + "5e" * 20
    request = {
        "from": stranger,
        "to": settling.deployed.many,
        "value": hex(10**18),
        "data": "0x",
        "type": "0x71",
        "eip712Meta": {"gasPerPubdata": "0x0320"},
    }
    estimate = int(settling.client.call("zks_estimateGasL1ToL2", request), 16)
    needed = int(settling.client.call("eth_estimateGas", {"from": KEYS[1].address, "to": settling.deployed.many}), 16)
    assert estimate >= needed
    # L1 refuses less than what proving and publishing an empty operation costs.
    assert estimate >= 351 * 800
    with pytest.raises(RpcFailure, match="chainConfig"):
        settling.client.call("zks_estimateGasL1ToL2", None)
    with pytest.raises(RpcFailure, match="execution reverted: no"):
        settling.client.call("zks_estimateGasL1ToL2", request | {"data": "0x01"})
