"""The conservation check on a running hub: every number read from the nodes, at one cut through all of them.

Each layer's block is fixed first; then every message is counted by whether its departure and its arrival lie before
the cut, so that traffic during the check does not disturb it. Nodes must serve state at recent blocks.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from eth_utils.address import to_checksum_address

from contracts.client import Log
from contracts.deposits import PriorityRequest, priority_request
from contracts.genesis import BASE_TOKEN_SUPPLY_BOUND
from shared_bridge import interfaces as abi
from shared_bridge.asset_ids import ETH, ZERO_ASSET
from shared_bridge.claims import inclusion
from shared_bridge.conservation import AssetReport, InFlight, Readers, report, require_whole
from shared_bridge.errors import UnknownMessage
from shared_bridge.formats import BaseTokenWithdrawal, BundleMessage, TokenWithdrawal, TransferData, read_message
from shared_bridge.hub import Chain, Hub
from shared_bridge.node import Node
from shared_bridge.receipts import RawMessage, raw_messages, receipt_of
from shared_bridge.records import Withdrawal

_LOG_RANGE: Final = 50_000
_ALIAS_OFFSET: Final = 0x1111000000000000000000000000000000001111
_NOWHERE: Final = "0x" + "00" * 20
_PRIORITY_REQUEST: Final = bytes.fromhex("4531cd5795773d7101c17bdeb9f5ab7f47d7056017506f937083be5d6e77a382")


@dataclass(frozen=True, slots=True)
class _Sent:
    """A message to L1 of a chain."""

    chain: Chain
    tx_hash: bytes
    receipt: dict[str, Any]
    raw: RawMessage


class Audit:
    """Adds up what exists, at the blocks that are the latest when it is made.

    Args:
        hub: A hub of which every chain is known; value on one that is not would be missing.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._chains = [hub.chain(name) for name in hub.names]
        # L1 first: what is claimed by then has left its chain long ago.
        self._l1_block = _head(hub.l1)
        self._heads = {chain.chain_id: _head(chain.node) for chain in self._chains}
        self._origins: dict[bytes, int] = {}
        self._in_flight: list[InFlight] = []
        for chain in self._chains:
            self._in_flight += self._deposits(chain)
            for sent in self._sent(chain):
                self._in_flight += self._outgoing(sent)

    def check(self, assets: Sequence[bytes] | None = None) -> list[AssetReport]:
        """Add up these assets, or all that L1 or a chain has registered.

        Raises:
            ConservationBroken: A sum does not come out.
        """
        return require_whole(self.reports(assets))

    def reports(self, assets: Sequence[bytes] | None = None) -> list[AssetReport]:
        """The sums of these assets, or of all, whether they come out or not."""
        ids = [self._hub.l1_chain_id, *(chain.chain_id for chain in self._chains)]
        readers = Readers(self._held, self._booked, self._supply, self._on_the_way)
        return [report(asset_id, ids, readers) for asset_id in (self._assets() if assets is None else assets)]

    # -- what exists ---------------------------------------------------------------------------------------------

    def _assets(self) -> list[bytes]:
        found = {chain.base_asset_id for chain in self._chains}
        registered = abi.TOKEN_REGISTERED
        for entry in _logs(self._hub.l1, self._hub.vault, registered, self._l1_block):
            found.add(entry.topics[1])
        for chain in self._chains:
            for entry in _logs(chain.node, abi.L2_VAULT, registered, self._heads[chain.chain_id]):
                found.add(entry.topics[1])
        return sorted(found)

    def _origin(self, asset: bytes) -> int:
        """Chain id of an asset's home, which it has for good."""
        if asset not in self._origins:
            self._origins[asset] = self._find_origin(asset)
        return self._origins[asset]

    def _find_origin(self, asset: bytes) -> int:
        origin = self._hub.l1.read(self._hub.vault, abi.ORIGIN_CHAIN, asset)
        if origin:
            return int(origin)
        for chain in self._chains:
            if there := chain.node.read(abi.L2_VAULT, abi.ORIGIN_CHAIN, asset):
                return int(there)
        return self._hub.l1_chain_id

    def _held(self, asset: bytes) -> int:
        origin = self._origin(asset)
        if origin == self._hub.l1_chain_id:
            return self._balance(self._hub.l1, self._hub.vault, asset, self._hub.vault, self._l1_block)
        node = self._hub.chain(origin).node
        return self._balance(node, abi.L2_VAULT, asset, abi.L2_VAULT, self._heads[origin])

    def _balance(self, node: Node, vault: str, asset: bytes, owner: str, block: int) -> int:
        token = to_checksum_address(node.read(vault, abi.TOKEN_ADDRESS, asset, block=block))
        if token == ETH:
            return node.balance(owner, block)
        return 0 if token == _NOWHERE else int(node.read(token, abi.BALANCE_OF, owner, block=block))

    def _booked(self, chain_id: int, asset: bytes) -> int | None:
        if chain_id == self._hub.l1_chain_id:
            return 0
        if chain_id == self._origin(asset):
            return None
        return int(self._hub.l1.read(self._hub.vault, abi.CHAIN_BALANCE, chain_id, asset, block=self._l1_block))

    def _supply(self, chain_id: int, asset: bytes) -> int:
        if chain_id == self._origin(asset):
            return 0
        if chain_id == self._hub.l1_chain_id:
            return self._total(self._hub.l1, self._hub.vault, asset, self._l1_block)
        chain, block = self._hub.chain(chain_id), self._heads[chain_id]
        if asset == chain.base_asset_id:
            return BASE_TOKEN_SUPPLY_BOUND - chain.node.balance(abi.BASE_TOKEN_HOLDER, block)
        return self._total(chain.node, abi.L2_VAULT, asset, block)

    def _total(self, node: Node, vault: str, asset: bytes, block: int) -> int:
        token = to_checksum_address(node.read(vault, abi.TOKEN_ADDRESS, asset, block=block))
        return 0 if token == _NOWHERE else int(node.read(token, abi.TOTAL_SUPPLY, block=block))

    # -- what is on its way --------------------------------------------------------------------------------------

    def _on_the_way(self, asset: bytes) -> Iterator[InFlight]:
        return (entry for entry in self._in_flight if entry.asset_id == asset)

    def _deposits(self, chain: Chain) -> Iterator[InFlight]:
        """Departed and not arrived counts once, arrived and not departed (as of the cut) counts against it."""
        with self._hub.l1.errors("requests"):
            latest = _head(self._hub.l1)
            found = [priority_request(each) for each in _logs(self._hub.l1, chain.zk_chain, _PRIORITY_REQUEST, latest)]
        for request in found:
            assert request is not None, "the topic is that of requests"
            departed = request.l1_block_number <= self._l1_block
            receipt = receipt_of(chain, request.canonical_hash)
            arrived = receipt is not None and int(receipt["blockNumber"], 16) <= self._heads[chain.chain_id]
            what = f"deposit 0x{request.canonical_hash.hex()}"
            yield InFlight(chain.base_asset_id, (departed - arrived) * request.transaction.mint_value, what)
            token = self._token_leg(request)
            if token is not None:
                asset, transfer = token
                failed = receipt is not None and not int(receipt["status"], 16)
                done = arrived if not failed else self._given_back(chain, request)
                yield InFlight(asset, (departed - done) * transfer.amount, what)

    def _token_leg(self, request: PriorityRequest) -> tuple[bytes, TransferData] | None:
        """Asset and transfer of a token deposit; ``None`` for any other request."""
        call = request.transaction
        if call.sender != _aliased(self._hub.asset_router) or call.to != bytes.fromhex(abi.L2_ASSET_ROUTER[2:]):
            return None
        arguments = abi.FINALIZE_DEPOSIT_L2.arguments(call.data)
        return None if arguments is None else (arguments[1], TransferData.decode(arguments[2]))

    def _given_back(self, chain: Chain, request: PriorityRequest) -> bool:
        key = (chain.chain_id, request.canonical_hash)
        happened = self._hub.l1.read(self._hub.nullifier, abi.DEPOSIT_HAPPENED, *key, block=self._l1_block)
        return bool(happened == bytes(32)) and request.l1_block_number <= self._l1_block

    def _sent(self, chain: Chain) -> Iterator[_Sent]:
        logs = _logs(chain.node, abi.L1_MESSENGER, abi.L1_MESSAGE_SENT, _head(chain.node))
        for tx_hash in dict.fromkeys(entry.transaction_hash for entry in logs):
            receipt = receipt_of(chain, tx_hash)
            if receipt is None:
                continue  # Its block was given up since.
            for raw in raw_messages(receipt):
                yield _Sent(chain, tx_hash, receipt, raw)

    def _outgoing(self, sent: _Sent) -> Iterator[InFlight]:
        try:
            content = read_message(sent.raw.sender, sent.raw.data)
        except UnknownMessage:
            return
        if content is None:
            return
        departed = int(sent.receipt["blockNumber"], 16) <= self._heads[sent.chain.chain_id]
        if isinstance(content, BundleMessage):
            arrived = self._is_executed(content)
            for asset, transfer in content.bundle.token_legs():
                yield InFlight(asset, (departed - arrived) * transfer.amount, f"bundle 0x{content.bundle_hash.hex()}")
            return
        asset, amount = _withdrawn(sent.chain, content)
        claimed = self._is_claimed(sent)
        yield InFlight(asset, (departed - claimed) * amount, f"withdrawal 0x{sent.tx_hash.hex()}")

    def _is_executed(self, content: BundleMessage) -> bool:
        there = self._hub.chain(content.bundle.destination_chain_id)
        block = self._heads[there.chain_id]
        return bool(there.node.read(abi.INTEROP_HANDLER, abi.IS_EXECUTED, content.bundle_hash, block=block))

    def _is_claimed(self, sent: _Sent) -> bool:
        handle = Withdrawal(ZERO_ASSET, 0, _NOWHERE, _NOWHERE, sent.chain.chain_id, sent.tx_hash, sent.raw.index)
        found = inclusion(self._hub, handle, sent.receipt)
        if found is None:
            return False
        key = (sent.chain.chain_id, found.batch_number, found.index)
        return bool(self._hub.l1.read(self._hub.nullifier, abi.IS_FINALIZED, *key, block=self._l1_block))


def _withdrawn(chain: Chain, content: BaseTokenWithdrawal | TokenWithdrawal) -> tuple[bytes, int]:
    if isinstance(content, BaseTokenWithdrawal):
        return chain.base_asset_id, content.amount
    return content.asset_id, content.transfer.amount


def _aliased(contract: str) -> bytes:
    """Address under which a contract of L1 acts on chains."""
    return ((int(contract, 16) + _ALIAS_OFFSET) % 2**160).to_bytes(20)


def _head(node: Node) -> int:
    return int(node.rpc("eth_blockNumber"), 16)


def _logs(node: Node, address: str, topic: bytes, last: int) -> Iterator[Log]:
    for first in range(0, last + 1, _LOG_RANGE):
        with node.errors("events"):
            yield from node.client.get_logs(address, [topic], first, min(last, first + _LOG_RANGE - 1))
