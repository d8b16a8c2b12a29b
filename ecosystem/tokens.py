"""Tokens for development: deployed once each, whatever dies, and known by their symbols."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace

from eth_utils.address import to_checksum_address

from contracts.abi import encode_call, encode_deploy
from contracts.artifacts import load
from contracts.client import L1Client, Receipt
from contracts.sender import Sender
from ecosystem.errors import TokenExists, UnknownSymbol
from ecosystem.payments import is_under_way
from ecosystem.records import L1Payment
from ecosystem.registry import TOKENS_FACT, Registry
from shared_bridge.asset_ids import asset_id_of
from shared_bridge.interfaces import L2_VAULT, TOKEN_ADDRESS
from shared_bridge.node import Node
from zkhub.errors import HubError

#: Words for a chain's own token, which no other may have as its symbol.
RESERVED_SYMBOLS = frozenset({"eth", "ether", "base"})
_NOWHERE = "0x" + "00" * 20


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """A token that the hub deployed.

    Attributes:
        where: ``l1`` or the name of the chain it was born on.
        chain_id: Its id.
        supply: What was made for ``owner``, in the smallest unit; decimal.
        address: Where it is there; empty while it is being deployed.
    """

    where: str
    chain_id: int
    symbol: str
    name: str
    decimals: int
    supply: str
    owner: str
    address: str

    @property
    def asset_id(self) -> str:
        """Its name on every layer, 0x-hex."""
        return "0x" + asset_id_of(self.chain_id, self.address).hex()


class TokenDesk:
    """Deploys tokens and finds them again. Thread-safe.

    Args:
        registry: Remembers them, and what was signed for them.
        deployer: Puts one on its layer.
    """

    def __init__(self, registry: Registry, deployer: "Deployer") -> None:
        self._registry = registry
        self._deployer = deployer
        self._lock = threading.Lock()

    def all(self) -> list[TokenRecord]:
        """The tokens, in the order of their deployment."""
        return [TokenRecord(**kept) for kept in self._registry.fact(TOKENS_FACT) or [] if kept["address"]]

    def named(self, token: str, chain_id: int) -> str:
        """What the bridge calls a token that leaves from a chain: its address there, its asset id, or ``eth``.

        Raises:
            UnknownSymbol: It looks like a symbol, and no token has it.
        """
        word = token.strip()
        if word.lower() in RESERVED_SYMBOLS or word.lower().startswith("0x"):
            return word
        known = self.all()
        for record in known:
            if record.symbol.lower() == word.lower():
                return record.address if record.chain_id == chain_id else record.asset_id
        raise UnknownSymbol(word, [record.symbol for record in known])

    def deploy(self, wanted: TokenRecord, url: str, private_key: bytes) -> TokenRecord:
        """Deploy a token and make its supply, or find that done; every transaction is recorded before it is sent.

        Raises:
            TokenExists: Another token has this symbol.
            L1Error: The layer refused or does not answer; repeating it is safe.
        """
        with self._lock:
            kept = self._begun(wanted)
            done = replace(wanted, address=self._deployer(self._registry, kept, url, private_key))
            self._keep(done)
            return done

    def addresses(self, token: TokenRecord, urls: Mapping[str, str], l1_vault: str) -> dict[str, str]:
        """Where a token is: layer → address, on every layer that knows it and answers."""
        found = {token.where: token.address}
        for layer, url in urls.items():
            if layer == token.where:
                continue
            node = Node(layer, url, retries=0)
            try:
                vault = l1_vault if layer == "l1" else L2_VAULT
                address = str(node.read(vault, TOKEN_ADDRESS, bytes.fromhex(token.asset_id[2:])))
            except HubError:
                continue
            finally:
                node.close()
            if address != _NOWHERE:
                found[layer] = to_checksum_address(address)
        return found

    def _begun(self, wanted: TokenRecord) -> TokenRecord:
        """The record of a token, made now if there is none, so that its symbol is taken before anything is sent."""
        for record in [TokenRecord(**kept) for kept in self._registry.fact(TOKENS_FACT) or []]:
            if record.symbol.lower() == wanted.symbol.lower():
                if replace(record, address="") != wanted:
                    raise TokenExists(record.symbol, record.where)
                return record
        self._keep(wanted)
        return wanted

    def _keep(self, record: TokenRecord) -> None:
        others = [
            kept for kept in self._registry.fact(TOKENS_FACT) or [] if kept["symbol"].lower() != record.symbol.lower()
        ]
        self._registry.set_fact(TOKENS_FACT, [*others, asdict(record)])


Deployer = Callable[[Registry, TokenRecord, str, bytes], str]
"""Puts a token on the layer at a URL, with a private key that pays, and makes its supply; returns its address.

It may be repeated: what was signed is in the registry.
"""


def deploy_token(registry: Registry, token: TokenRecord, url: str, private_key: bytes) -> str:
    """The real :data:`Deployer`."""
    with L1Client(url) as client:
        sender = Sender(client, private_key, chain_id=token.chain_id)
        artifact = load("TestToken")
        key = f"token/{token.symbol.lower()}"
        create = encode_deploy(artifact, [token.name, token.symbol, token.decimals])
        address = token.address or _created(_once(registry, sender, f"{key}/create", None, create))
        if int(token.supply):
            data = encode_call(artifact, "mint", [token.owner, int(token.supply)])
            _once(registry, sender, f"{key}/mint", address, data)
        return address


def _once(registry: Registry, sender: Sender, key: str, to: str | None, data: bytes) -> Receipt:
    """Send a transaction that must happen once, or find the one that was sent."""
    recorded = registry.payments(key).get(key)
    if recorded is not None and is_under_way(sender.client, recorded):
        return sender.client.wait_for_receipt(recorded.hash, what=key)

    def record(transaction_hash: bytes, raw: bytes) -> None:
        registry.record_payments([L1Payment(key, transaction_hash, raw)])

    sent = sender.send(to, data, what=key, record=record)
    return sender.client.wait_for_receipt(sent.hash, what=key)


def _created(receipt: Receipt) -> str:
    assert receipt.contract_address is not None, "a creation has an address"
    return to_checksum_address(receipt.contract_address)
