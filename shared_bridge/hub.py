"""What L1 says about the hub: its contracts, its chains, and tokens on both sides.

Everything is read from L1, starting with the Bridgehub; a chain's own node is only asked which Bridgehub it belongs
to, and that answer must agree with L1's. So a lying node cannot send deposits elsewhere.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from eth_utils.address import to_checksum_address

from shared_bridge import interfaces as abi
from shared_bridge.asset_ids import ETH, ZERO_ASSET, TokenName, asset_id_of, eth_asset_id
from shared_bridge.errors import BridgeRefused, NotAHub, RpcLost, UnknownChain, UnknownToken
from shared_bridge.node import Node

_NOWHERE: Final = "0x" + "00" * 20


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain of the hub.

    Attributes:
        name: As the user calls it.
        chain_id: Its id.
        node: Its JSON-RPC.
        zk_chain: Its contract on L1.
        base_asset_id: What pays for gas there.
    """

    name: str
    chain_id: int
    node: Node
    zk_chain: str
    base_asset_id: bytes


class Hub:
    """A hub's contracts on L1 and the chains that a user named.

    Args:
        l1: L1's node.
        chains: Chains' nodes by name.
        bridgehub: Address of the Bridgehub. Without it the chains are asked, and must agree; give it when the chains'
            nodes are somebody else's.
    """

    def __init__(self, l1: Node, chains: Mapping[str, Node], bridgehub: str | None = None) -> None:
        self.l1 = l1
        self._nodes = dict(chains)
        self._given = bridgehub
        self._chains: dict[str, Chain] = {}

    @cached_property
    def l1_chain_id(self) -> int:
        """Chain id of L1."""
        return int(self.l1.rpc("eth_chainId"), 16)

    @cached_property
    def bridgehub(self) -> str:
        """The Bridgehub: what was given, or what the first chain that answers says. Every chain used must agree.

        Raises:
            NotAHub: There is none at this address, or no chain was named.
            RpcLost: No chain answers.
        """
        address = self._given or self._said_by_chains()
        if not self.l1.has_code(address):
            raise NotAHub(f"there is no Bridgehub at {address} on L1 ({self.l1.url})")
        return to_checksum_address(address)

    def _said_by_chains(self) -> str:
        lost: RpcLost | None = None
        for node in self._nodes.values():
            try:
                return str(node.rpc("zks_getBridgehubContract"))
            except RpcLost as error:
                lost = error
        raise lost or NotAHub("neither a chain nor the Bridgehub was named")

    @cached_property
    def asset_router(self) -> str:
        """L1AssetRouter: what users approve."""
        return self._address(self.bridgehub, abi.ASSET_ROUTER)

    @cached_property
    def vault(self) -> str:
        """L1NativeTokenVault: what holds everything."""
        return self._address(self.asset_router, abi.VAULT)

    @cached_property
    def nullifier(self) -> str:
        """L1Nullifier: what takes claims."""
        return self._address(self.asset_router, abi.NULLIFIER)

    @cached_property
    def message_root(self) -> str:
        """MessageRoot."""
        return self._address(self.bridgehub, abi.MESSAGE_ROOT)

    def _address(self, contract: str, function: abi.Function) -> str:
        return to_checksum_address(self.l1.read(contract, function))

    # -- chains --------------------------------------------------------------------------------------------------

    @property
    def names(self) -> list[str]:
        """Names of the chains."""
        return sorted(self._nodes)

    def chain(self, chain: str | int) -> Chain:
        """A chain by name or id.

        Raises:
            UnknownChain: It was not given.
            NotAHub: Its node serves another chain than L1 knows.
        """
        if isinstance(chain, int):
            return self._chain_by_id(chain)
        if chain not in self._nodes:
            near = difflib.get_close_matches(chain, self.names, 1)
            raise UnknownChain(chain, self.names, near=near[0] if near else None)
        if chain not in self._chains:
            self._chains[chain] = self._look_up(chain)
        return self._chains[chain]

    def _chain_by_id(self, chain_id: int) -> Chain:
        """The chain with this id; other chains' nodes may be down."""
        for known in self._chains.values():
            if known.chain_id == chain_id:
                return known
        lost: RpcLost | None = None
        for name in self.names:
            try:
                if self.chain(name).chain_id == chain_id:
                    return self.chain(name)
            except RpcLost as error:
                lost = error
        raise lost or UnknownChain(chain_id, self.names)

    def _look_up(self, name: str) -> Chain:
        node = self._nodes[name]
        said = str(node.rpc("zks_getBridgehubContract"))
        if said.lower() != self.bridgehub.lower():
            raise NotAHub(f"chain {name} belongs to another hub: its Bridgehub is {said}, not {self.bridgehub}")
        chain_id = int(node.rpc("eth_chainId"), 16)
        zk_chain = to_checksum_address(self.l1.read(self.bridgehub, abi.GET_ZK_CHAIN, chain_id))
        if zk_chain == _NOWHERE:
            raise NotAHub(f"the node at {node.url} serves chain {chain_id}, which the hub does not have")
        base = self.l1.read(self.bridgehub, abi.BASE_TOKEN_ASSET, chain_id)
        return Chain(name, chain_id, node, zk_chain, base)

    # -- tokens --------------------------------------------------------------------------------------------------

    def asset_on_l1(self, token: str | bytes) -> tuple[bytes, str]:
        """Asset id and L1 address of a token.

        Raises:
            UnknownToken: There is no such token on L1.
        """
        named = TokenName.parse(token, self.l1_chain_id)
        if named.asset_id == eth_asset_id(self.l1_chain_id):
            return named.asset_id, ETH
        if named.asset_id is not None:
            address = self.token_on_l1(named.asset_id)
            if address is None:
                raise UnknownToken("0x" + named.asset_id.hex(), "L1", "no token of this asset id is registered")
            return named.asset_id, address
        assert named.address is not None, "parse sets one of the two"
        self._require_token(self.l1, named.address)
        known = self.l1.read(self.vault, abi.ASSET_ID, named.address)
        # The first deposit registers the token by itself.
        return (known if known != ZERO_ASSET else asset_id_of(self.l1_chain_id, named.address)), named.address

    def asset_on_chain(self, chain: Chain, token: str | bytes) -> tuple[bytes, str]:
        """Asset id of a token and its address on a chain; the base token's is 0x800a.

        Raises:
            UnknownToken: There is no such token on the chain.
        """
        if isinstance(token, str) and token.strip().lower() in ("base", abi.L2_BASE_TOKEN.lower()):
            return chain.base_asset_id, abi.L2_BASE_TOKEN
        named = TokenName.parse(token, self.l1_chain_id)
        if named.asset_id == chain.base_asset_id:
            return chain.base_asset_id, abi.L2_BASE_TOKEN
        if named.asset_id is not None:
            address = self.token_on_chain(chain, named.asset_id)
            if address is None:
                raise UnknownToken("0x" + named.asset_id.hex(), chain.name, "it was never bridged there")
            return named.asset_id, address
        assert named.address is not None, "parse sets one of the two"
        self._require_token(chain.node, named.address)
        known = chain.node.read(abi.L2_VAULT, abi.ASSET_ID, named.address)
        return (known if known != ZERO_ASSET else asset_id_of(chain.chain_id, named.address)), named.address

    def token_on_l1(self, asset_id: bytes) -> str | None:
        """Address of an asset on L1, or ``None`` if it was never bridged there; ether's place holder for ether."""
        address = to_checksum_address(self.l1.read(self.vault, abi.TOKEN_ADDRESS, asset_id))
        return None if address == _NOWHERE else address

    def token_on_chain(self, chain: Chain, asset_id: bytes) -> str | None:
        """Address of an asset on a chain, or ``None`` if it was never bridged there."""
        if asset_id == chain.base_asset_id:
            return abi.L2_BASE_TOKEN
        address = to_checksum_address(chain.node.read(abi.L2_VAULT, abi.TOKEN_ADDRESS, asset_id))
        return None if address == _NOWHERE else address

    def _require_token(self, node: Node, address: str) -> None:
        if not node.has_code(address):
            raise UnknownToken(address, node.name, "there is no contract at this address")
        try:
            node.read(address, abi.TOTAL_SUPPLY)
        except BridgeRefused as error:
            raise UnknownToken(address, node.name, "the contract there is no ERC-20 token") from error
