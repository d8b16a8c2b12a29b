"""What every account must have, to the wei, on L1 and on every chain: gas, refunds, and values on their way included.

Every transaction of a command is known, since the library tells of it when it signs; what it did is written down as an
entry with the block in which it happened. At any time the entries up to a block of each layer are the balances there.
"""

import contextlib
from collections import defaultdict
from dataclasses import dataclass

from eth_utils.address import to_checksum_address

from contracts.deposits import priority_requests
from shared_bridge import interfaces
from shared_bridge.asset_ids import ETH
from shared_bridge.node import on_signing
from tests.e2e.bridge.lab import ALICE, BOB, RELAYER

L1 = "l1"
OWNERS = {"Alice": ALICE.address, "Bob": BOB.address, "the relayer": RELAYER.address}


@dataclass
class PendingDeposit:
    """What a chain owes for a request of L1's."""

    chain: str
    receiver: str
    asset: bytes
    amount: int
    mint_value: int
    l2_hash: bytes


class Ledger:
    """The books of a laboratory's users.

    Args:
        lab: The laboratory; whatever its users have now is where the books begin, and nothing is on its way.
        assets: All assets by name.
    """

    def __init__(self, lab, assets):
        self.lab, self.bridge, self.assets = lab, lab.bridge, assets
        self.layers = [L1, *lab.nodes]
        self.base = {L1: assets["eth"]} | {name: lab.bridge.hub.chain(name).base_asset_id for name in lab.nodes}
        self._entries = []
        self._deposits = []
        self._addresses = {}
        cut = self.cut()
        for key in self._accounts():
            self._entries.append((key, cut[key[1]], self._has(key, cut)))

    # -- writing ---------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def paying(self, layer, payer=ALICE):
        """What is sent inside costs gas on this layer."""
        hashes = []
        with on_signing(lambda identity, tx_hash, raw: hashes.append(tx_hash)):
            yield hashes
        for tx_hash in hashes:
            self.gas(layer, tx_hash, payer)

    def gas(self, layer, tx_hash, payer=ALICE):
        receipt = self.client(layer).get_receipt(tx_hash)
        if receipt is not None:
            paid = receipt.gas_used * receipt.effective_gas_price
            self.enter(payer.address, layer, self.base[layer], -paid, receipt.block_number)

    def enter(self, owner, layer, asset, amount, block):
        if owner in OWNERS.values():
            self._entries.append(((owner, layer, asset), block, amount))

    def deposited(self, deposit, name):
        """A deposit of Alice's is in L1's queue."""
        chain = self.bridge.hub.chain(name)
        receipt = self.client(L1).get_receipt(deposit.l1_transaction_hash)
        (request,) = priority_requests(receipt, chain.zk_chain)
        mint, block = request.transaction.mint_value, receipt.block_number
        self.enter(deposit.sender, L1, self.base[name], -mint, block)
        if deposit.asset_id != self.base[name]:
            self.enter(deposit.sender, L1, deposit.asset_id, -deposit.amount, block)
        owed = (name, deposit.receiver, deposit.asset_id, deposit.amount, mint, deposit.l2_transaction_hash)
        self._deposits.append(PendingDeposit(*owed))

    def left(self, message, name):
        """A withdrawal or a transfer left a chain."""
        receipt = self.client(name).get_receipt(message.l2_transaction_hash)
        self.enter(message.sender, name, message.asset_id, -message.amount, receipt.block_number)

    def arrived(self, message, layer, receiver, tx_hash):
        """It was claimed on another layer."""
        receipt = self.client(layer).get_receipt(tx_hash)
        self.enter(receiver, layer, message.asset_id, message.amount, receipt.block_number)

    def _settle_deposits(self):
        """What chains have executed meanwhile: the value for the receiver, what is left of the gas for who asked."""
        for owed in list(self._deposits):
            receipt = self.client(owed.chain).get_receipt(owed.l2_hash)
            if receipt is None:
                continue
            self._deposits.remove(owed)
            base, block = self.base[owed.chain], receipt.block_number
            left = owed.mint_value - receipt.gas_used * receipt.effective_gas_price
            if receipt.succeeded:
                self.enter(owed.receiver, owed.chain, owed.asset, owed.amount, block)
                left -= owed.amount if owed.asset == base else 0
            self.enter(ALICE.address, owed.chain, base, left, block)

    # -- comparing -------------------------------------------------------------------------------------------------

    def client(self, layer):
        hub = self.bridge.hub
        return hub.l1.client if layer == L1 else hub.chain(layer).node.client

    def cut(self):
        """A block of every layer."""
        return {layer: self.client(layer).block_number() for layer in self.layers}

    def check(self):
        """Every balance is what the books say."""
        cut = self.cut()
        self._settle_deposits()
        expected = defaultdict(int)
        for key, block, amount in self._entries:
            if block <= cut[key[1]]:
                expected[key] += amount
        names = {asset: name for name, asset in self.assets.items()}
        wrong = [
            f"{who} has {has} of {names[asset]} on {layer}, not {expected[owner, layer, asset]}"
            for who, owner in OWNERS.items()
            for layer in self.layers
            for asset in self._kinds(owner, layer)
            if (has := self._has((owner, layer, asset), cut)) != expected[owner, layer, asset]
        ]
        assert not wrong, "; ".join(wrong)

    def _accounts(self):
        return [
            (owner, layer, asset)
            for owner in OWNERS.values()
            for layer in self.layers
            for asset in self._kinds(owner, layer)
        ]

    def _kinds(self, owner, layer):
        """The relayer pays gas and never has anything else."""
        return [self.base[layer]] if owner == RELAYER.address else list(self.assets.values())

    def _has(self, key, cut):
        owner, layer, asset = key
        node = self.bridge.hub.l1 if layer == L1 else self.bridge.hub.chain(layer).node
        token = self._address(node, layer, asset, cut[layer])
        if token is None:
            return 0
        if token in (ETH, interfaces.L2_BASE_TOKEN):
            return node.balance(owner, cut[layer])
        return node.read(token, interfaces.BALANCE_OF, owner, block=cut[layer])

    def _address(self, node, layer, asset, block):
        """Once a token is somewhere, it stays there."""
        if (layer, asset) not in self._addresses:
            vault = self.bridge.hub.vault if layer == L1 else interfaces.L2_VAULT
            found = to_checksum_address(node.read(vault, interfaces.TOKEN_ADDRESS, asset, block=block))
            if not int(found, 16):
                return None
            self._addresses[layer, asset] = found
        return self._addresses[layer, asset]
