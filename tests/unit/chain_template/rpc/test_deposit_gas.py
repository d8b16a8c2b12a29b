"""zks_estimateGasL1ToL2: what it says for a token's deposit, in the older form clients ask in, covers the real call."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from eth_abi.abi import encode

from chain_template.primitives import ZERO_HASH, apply_alias, keccak
from chain_template.store.records import L1Cursor, PriorityOperation
from contracts.genesis import L2_ASSET_ROUTER, asset_id
from tests.support import ETHER, KEYS, address_of
from tests.unit.chain_template.rpc.served import Client, RpcFailure, ServedChain, l2_config
from tests.unit.chain_template.test_transactions import canonical

L1_CHAIN_ID = 31337
ROUTER_ON_L1 = b"\x04" * 20
TOKEN = b"\x70" * 20
RECEIVER = address_of(KEYS[1])
META = {"type": "0x71", "eip712Meta": {"gasPerPubdata": "0x0320"}}


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[ServedChain]:
    chain = ServedChain(l2_config(tmp_path))
    chain.start()
    yield chain
    chain.stop()


def described(name: str) -> list[bytes]:
    return [encode(["string"], [name]), encode(["string"], ["GLD"]), encode(["uint256"], [6])]


def estimate(client: Client, name: str) -> int:
    """As viem and zksync-ethers ask."""
    values = [KEYS[0].address, "0x" + RECEIVER.hex(), "0x" + TOKEN.hex(), 5, encode(["bytes"] * 3, described(name))]
    data = bytes.fromhex("cfe7af7c") + encode(["address", "address", "address", "uint256", "bytes"], values)
    sender = "0x" + apply_alias(ROUTER_ON_L1).hex()
    router = "0x" + L2_ASSET_ROUTER.hex()
    asked = {"from": sender, "to": router, "data": "0x" + data.hex(), "value": "0x0", **META}
    return int(client.call("zks_estimateGasL1ToL2", asked), 16)


def deposit(chain: ServedChain, operation_id: int, gas: int, name: str) -> dict[str, Any]:
    """The operation that L1's asset router really makes, with this much gas."""
    metadata = b"\x01" + encode(["uint256", "bytes", "bytes", "bytes"], [L1_CHAIN_ID, *described(name)])
    values = [KEYS[0].address, "0x" + RECEIVER.hex(), "0x" + TOKEN.hex(), 5, metadata]
    transfer = encode(["address", "address", "address", "uint256", "bytes"], values)
    arguments = [L1_CHAIN_ID, asset_id(L1_CHAIN_ID, TOKEN), transfer]
    encoded = canonical(
        **{
            "nonce": operation_id,
            "from": int.from_bytes(apply_alias(ROUTER_ON_L1), "big"),
            "to": int.from_bytes(L2_ASSET_ROUTER, "big"),
            "value": 0,
            "gasLimit": gas,
            "data": bytes.fromhex("9c884fd1") + encode(["uint256", "bytes32", "bytes"], arguments),
            "reserved": (ETHER, 3, 0, 0),
        }
    )
    operation = PriorityOperation(operation_id, keccak(encoded), encoded, 1, ZERO_HASH, ZERO_HASH)
    chain.store.add_priority_operations([operation], L1Cursor(1 + operation_id, ZERO_HASH))
    return chain.client.receipt("0x" + keccak(encoded).hex())


@pytest.mark.parametrize("name", ["", "Gold", "A token with a name that is longer than most are " * 20])
def test_it_covers_the_first_deposit_and_every_other(chain: ServedChain, name: str) -> None:
    first = estimate(chain.client, name)
    receipt = deposit(chain, 0, first, name)
    assert receipt["status"] == "0x1"
    assert int(receipt["gasUsed"], 16) < first < 2 * int(receipt["gasUsed"], 16)
    second = estimate(chain.client, name)
    assert second < first, "the twin is there already"
    assert deposit(chain, 1, second, name)["status"] == "0x1"


def test_the_estimate_is_no_more_than_what_is_needed_by_much(chain: ServedChain) -> None:
    gas = estimate(chain.client, "Gold")
    assert deposit(chain, 0, gas // 2, "Gold")["status"] == "0x0"


def test_only_the_router_may_deposit(chain: ServedChain) -> None:
    data = bytes.fromhex("cfe7af7c") + encode(
        ["address", "address", "address", "uint256", "bytes"],
        [KEYS[0].address, KEYS[0].address, KEYS[0].address, 1, encode(["bytes"] * 3, described("x"))],
    )
    asked = {"from": KEYS[0].address, "to": "0x" + L2_ASSET_ROUTER.hex(), "data": "0x" + data.hex(), **META}
    with pytest.raises(RpcFailure, match="execution reverted"):
        chain.client.call("zks_estimateGasL1ToL2", asked)


def test_an_empty_sender_and_plain_value(chain: ServedChain) -> None:
    """viem's ``requestExecute`` comes from an address nobody has used; L1 has a least gas of its own."""
    asked = {"from": "0x" + "5e" * 20, "to": KEYS[2].address, "data": "0x", "value": hex(ETHER), **META}
    assert int(chain.client.call("zks_estimateGasL1ToL2", asked), 16) == 351 * 800
    with pytest.raises(RpcFailure, match="viem sends null") as caught:
        chain.client.call("zks_estimateGasL1ToL2", None)
    assert caught.value.code == -32602
