"""web3.py, unmodified, against a chain."""

import json

import pytest
from web3 import Web3
from web3.exceptions import ContractCustomError, ContractLogicError, Web3RPCError

from tests.e2e.clients.conftest import Target
from tests.support import KEYS

pytestmark = pytest.mark.npm


def test_web3py(target: Target) -> None:
    w3 = Web3(Web3.HTTPProvider(target.rpc_url))
    assert w3.is_connected()
    assert w3.client_version.startswith("zkhub/")
    account = KEYS[6]
    w3.eth.default_account = account.address
    artifact = json.loads(target.artifact.read_text())
    chain_id = w3.eth.chain_id

    def send(transaction: dict[str, object]) -> dict[str, object]:
        """Fill, sign and send as the documentation does; wait for the receipt."""
        filled = {"chainId": chain_id, "nonce": w3.eth.get_transaction_count(account.address, "pending")} | transaction
        signed = account.sign_transaction(filled)
        tx_hash = w3.eth.send_raw_transaction(signed.raw_transaction)
        return dict(w3.eth.wait_for_transaction_receipt(tx_hash, timeout=20, poll_latency=0.02))

    factory = w3.eth.contract(abi=artifact["abi"], bytecode=artifact["bytecode"])
    deployed = send(factory.constructor(40).build_transaction({"value": 5}))
    assert deployed["status"] == 1
    counter = w3.eth.contract(address=deployed["contractAddress"], abi=artifact["abi"])
    assert w3.eth.get_balance(counter.address) == 5

    log_filter = counter.events.Increased.create_filter(from_block="latest")
    block_filter = w3.eth.filter("latest")
    receipt = send(counter.functions.increase(2).build_transaction())
    assert counter.functions.number().call() == 42
    assert counter.functions.given(account.address).call() == 2
    (event,) = counter.events.Increased().process_receipt(receipt)
    assert (event["args"]["by"], event["args"]["number"]) == (account.address, 42)
    assert [entry["args"]["number"] for entry in log_filter.get_new_entries()] == [42]
    assert log_filter.get_new_entries() == []
    assert receipt["blockHash"] in block_filter.get_new_entries()
    found = counter.events.Increased().get_logs(from_block=0, argument_filters={"by": account.address})
    assert [entry["transactionHash"] for entry in found] == [receipt["transactionHash"]]

    block = w3.eth.get_block(receipt["blockNumber"], full_transactions=True)
    assert receipt["transactionHash"] in [tx["hash"] for tx in block["transactions"]]
    assert w3.eth.get_transaction(receipt["transactionHash"])["blockNumber"] == receipt["blockNumber"]
    assert w3.eth.fee_history(2, "latest", [50])["reward"]
    assert w3.eth.get_storage_at(counter.address, 0)[-1] == 42
    assert w3.eth.get_proof(counter.address, [0])["storageProof"][0]["value"][-1] == 42

    with w3.batch_requests() as batch:
        batch.add(w3.eth.get_block("latest"))
        batch.add(counter.functions.number())
        head, number = batch.execute()
    assert (head["number"], number) == (receipt["blockNumber"], 42)

    with pytest.raises(ContractLogicError, match="nothing to add"):
        counter.functions.increase(0).build_transaction()
    with pytest.raises(ContractCustomError):
        counter.functions.reset().call({"from": "0x000000000000000000000000000000000000dEaD"})
    with pytest.raises(Web3RPCError, match="nonce too low"):
        price = {"maxFeePerGas": w3.eth.gas_price, "maxPriorityFeePerGas": 0, "gas": 21_000}
        send({"nonce": 0, "to": counter.address, **price})
    with pytest.raises(Web3RPCError, match="insufficient funds"):
        send({"to": account.address, "value": 10**30, **price})
