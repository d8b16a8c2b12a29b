"""Chains that the tests of one file share: making one takes longer than asking it."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.unit.chain_template.rpc.asm import MANY, contract_address, deployer
from tests.unit.chain_template.rpc.served import KEYS, Client, ServedChain, address_of, l1_config, l2_config, sign


@dataclass
class Deployed:
    """A chain with the contract ``MANY`` on it."""

    chain: ServedChain
    client: Client
    many: str
    created_by: str

    def send(self, key: int = 1, **fields: object) -> str:
        """Send a transaction with the key's next nonce; returns its hash."""
        sender = KEYS[key]
        nonce = int(self.client.call("eth_getTransactionCount", sender.address, "pending"), 16)
        values = {"gas": 200_000, "to": bytes.fromhex(self.many[2:])} | fields
        return str(self.client.call("eth_sendRawTransaction", "0x" + sign(sender, nonce, **values).hex()))


def serve(chain: ServedChain) -> Deployed:
    client = chain.start()
    if chain.config.l1 is not None:
        for index, key in enumerate(KEYS):
            client.receipt(chain.deposit(index, address_of(key), 10**20))
    raw = sign(KEYS[0], 0, to=None, data=deployer(MANY), gas=1_000_000)
    tx_hash = client.call("eth_sendRawTransaction", "0x" + raw.hex())
    receipt = client.receipt(tx_hash)
    assert receipt["status"] == "0x1"
    many = "0x" + contract_address(address_of(KEYS[0]), 0).hex()
    assert receipt["contractAddress"] == many
    return Deployed(chain, client, many, tx_hash)


@pytest.fixture(scope="module")
def l1(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """A chain without a settlement layer."""
    yield from _served(ServedChain(l1_config(tmp_path_factory.mktemp("l1"))))


@pytest.fixture(scope="module")
def l2(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """A chain that settles."""
    yield from _served(ServedChain(l2_config(tmp_path_factory.mktemp("l2"))))


def _served(chain: ServedChain) -> Iterator[Deployed]:
    try:
        yield serve(chain)
    finally:
        chain.stop()
