"""What users ask of the bridge: orders for the message router, questions about messages, tokens for development.

The hub signs for its development accounts only. Whoever has another key sends with :mod:`shared_bridge` and hands the
transaction in to be followed.
"""

import secrets
from dataclasses import dataclass

from eth_utils.address import is_address, to_checksum_address

from cluster.router.messages import MessageInfo, MessageKind, Order
from contracts.genesis import eth_asset_id
from ecosystem.chain_config import L1_NAME, key_bytes
from ecosystem.errors import (
    HubStarting,
    UnknownAccount,
    UnknownChain,
    UnknownStage,
    WrongChainState,
)
from ecosystem.lifecycle import Lifecycle
from ecosystem.records import ChainRecord
from ecosystem.seams import Router
from ecosystem.states import Goal, Phase
from ecosystem.tokens import TokenRecord
from shared_bridge import Bridge
from shared_bridge.conservation import AssetReport
from shared_bridge.stages import MessageStage

#: Seconds a question may wait for an order's transaction: below what the API gives the controller.
SUBMIT_WAIT_S = 8.0


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to move, in his own words.

    Attributes:
        token: ``eth``, the symbol of a token the hub deployed, an address where the value leaves from, an asset id.
        amount: In the token's smallest unit.
        to: Receiver; the account itself where left out.
        account: Address of the development account that pays; the first one where left out.
        request: A name: repeating a wish under the same name moves nothing twice. Empty for a new one.
        relay: Whether the router claims it; the hub's setting where left out.
    """

    source: str
    destination: str
    token: str
    amount: int
    to: str = ""
    account: str = ""
    request: str = ""
    relay: bool | None = None


class BridgeDesk:
    """Turns wishes into orders. Thread-safe.

    Args:
        lifecycle: Of the hub.
    """

    def __init__(self, lifecycle: Lifecycle) -> None:
        self._lifecycle = lifecycle
        self._registry = lifecycle.registry
        self._tokens = lifecycle.tokens

    def move(self, wish: Wish) -> MessageInfo:
        """Send what is wished for; repeating a wish that has a name is safe.

        Raises:
            UnknownChain, WrongChainState, UnknownAccount: Nothing was sent.
            BridgeError: The bridge refused; nothing was sent.
        """
        kind = self._kind(wish)
        key, sender = self.account(wish.account)
        receiver = to_checksum_address(wish.to) if is_address(wish.to) else wish.to or sender
        origin = self._chain_id(wish.source)
        token = self._tokens.named(wish.token, origin)
        order = Order(kind, wish.source, wish.destination, token, wish.amount, sender, receiver)
        relay = self._lifecycle.settings.relay.auto if wish.relay is None else wish.relay
        request = wish.request or secrets.token_hex(8)
        return self._router().submit(order, key, request, relay=relay, wait_s=SUBMIT_WAIT_S)

    def _kind(self, wish: Wish) -> MessageKind:
        ends = (wish.source, wish.destination)
        for name in ends:
            if name != L1_NAME:
                self._require_open(self._registry.chain(name))
        if wish.source == wish.destination:
            others = [chain.name for chain in self._registry.chains() if chain.name != wish.source]
            raise UnknownChain(wish.destination, others)
        if wish.source == L1_NAME:
            return MessageKind.DEPOSIT
        return MessageKind.WITHDRAWAL if wish.destination == L1_NAME else MessageKind.TRANSFER

    def _require_open(self, chain: ChainRecord) -> None:
        if chain.phase is not Phase.READY:
            raise WrongChainState(chain.name, chain.phase, "sent to or from")
        if chain.goal is Goal.PAUSED:
            raise WrongChainState(chain.name, "paused", "sent to or from")

    def account(self, address: str) -> tuple[bytes, str]:
        """Key and address of a development account, the first one where none is named.

        Raises:
            UnknownAccount: The hub has no key of it.
        """
        accounts = self._lifecycle.keys.dev_accounts(self._lifecycle.settings.dev_accounts)
        for account in accounts:
            if not address or account.address.lower() == address.lower():
                return key_bytes(account.private_key), account.address
        raise UnknownAccount(address, [account.address for account in accounts])

    def track(self, source: str, transaction_hash: bytes) -> list[MessageInfo]:
        """Follow and claim what a transaction sent, whoever sent it; raises UnknownMessage."""
        self._chain_id(source)
        return self._router().track(source, transaction_hash, relay=True)

    def message(self, message_id: str) -> MessageInfo:
        """A message; raises :class:`cluster.errors.MessageMissing`."""
        return self._router().message(message_id)

    def messages(self, chain: str | None, stage: str | None, limit: int) -> list[MessageInfo]:
        """Messages, the newest first; ``chain`` is either end."""
        if chain is not None:
            self._chain_id(chain)
        stages = {each.value: each for each in MessageStage}
        if stage is not None and stage not in stages:
            raise UnknownStage(stage, list(stages))
        return self._router().messages(chain, None if stage is None else stages[stage], limit)

    def counts(self) -> dict[MessageStage, int]:
        """How many messages are in each stage."""
        return self._router().counts()

    def retry(self, message_id: str) -> MessageInfo:
        """Try again to claim a message."""
        return self._router().retry(message_id)

    def claim(self, message_id: str) -> MessageInfo:
        """Have a message claimed as soon as that is possible."""
        return self._router().claim(message_id)

    # -- tokens -----------------------------------------------------------------------------------------

    def deploy_token(self, where: str, symbol: str, name: str, decimals: int, supply: int, account: str) -> TokenRecord:
        """Deploy a token for development and make ``supply`` of it for an account; repeating it is safe."""
        chain_id = self._chain_id(where)
        if where != L1_NAME:
            self._require_open(self._registry.chain(where))
        key, owner = self.account(account)
        wanted = TokenRecord(where, chain_id, symbol, name or symbol, decimals, str(supply), owner, "")
        return self._tokens.deploy(wanted, self._url(where), key)

    def tokens(self) -> list[TokenRecord]:
        """The tokens that the hub deployed."""
        return self._tokens.all()

    def addresses(self, token: TokenRecord) -> dict[str, str]:
        """Where a token is: layer → address, on every layer that knows it and answers."""
        urls = {L1_NAME: self._url(L1_NAME)}
        urls |= {c.name: self._url(c.name) for c in self._registry.chains() if c.phase is Phase.READY}
        return self._tokens.addresses(token, urls, self._lifecycle.ecosystem.native_token_vault)

    def books(self) -> list[AssetReport]:
        """Every asset's sums at this moment: what its home holds, what exists elsewhere, what is on its way.

        Raises:
            WrongChainState: A chain does not run, so nobody can say what exists on it.
        """
        chains = [chain for chain in self._registry.chains() if chain.phase not in (Phase.CREATING, Phase.FAILED)]
        for chain in chains:
            if chain.phase is Phase.REMOVED:
                raise WrongChainState(chain.name, chain.phase, "added up")
        with Bridge(self._url(L1_NAME), {chain.name: self._url(chain.name) for chain in chains}) as bridge:
            return bridge.books()

    def symbols(self) -> dict[str, str]:
        """Asset id → symbol, of what the hub knows by name."""
        ether = "0x" + eth_asset_id(self._lifecycle.settings.l1.expected_chain_id).hex()
        return {ether: "ETH", **{token.asset_id: token.symbol for token in self.tokens()}}

    # -- small parts ------------------------------------------------------------------------------------

    def _url(self, layer: str) -> str:
        if layer == L1_NAME:
            return self._lifecycle.l1_url
        chain = self._registry.chain(layer)
        return f"http://{chain.settings.host}:{chain.facts.port}"

    def _chain_id(self, layer: str) -> int:
        """Chain id of ``l1`` or of a chain; raises :class:`UnknownChain`."""
        if layer == L1_NAME:
            return self._lifecycle.settings.l1.expected_chain_id
        return self._registry.chain(layer).chain_id

    def _router(self) -> Router:
        router = self._lifecycle.runtime.router()
        if router is None:
            raise HubStarting("the message router is not up yet")
        return router
