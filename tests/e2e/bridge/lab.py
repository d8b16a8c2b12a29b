"""A bridge laboratory: one L1, the real contracts, several chains with their JSON-RPC, and the library between them."""

import contextlib
import time

from eth_account import Account

from chain_template.config import (
    BatchSettings,
    BlockSettings,
    ChainConfig,
    GenesisSettings,
    L1Link,
    OperatorKeys,
    RpcSettings,
    SettlementSettings,
)
from chain_template.genesis import build_genesis
from chain_template.node import ChainNode
from contracts.abi import encode_call, encode_deploy
from contracts.artifacts import load
from contracts.chain_params import ChainParams, Validators
from contracts.client import L1Client
from contracts.deploy import create_chain, deploy_ecosystem, register_base_token
from contracts.sender import Sender, address_of
from shared_bridge import Bridge, MessageStage
from shared_bridge.asset_ids import ETH, asset_id_of
from tests.e2e.settlement.lab import L1_CHAIN_IDS, L1S, PROGRAM_ID, RICH_KEY, ROLE_KEYS, ROLES, LocalProver

ETHER = 10**18
ALICE = Account.from_key("0x" + "a1" * 32)
BOB = Account.from_key("0x" + "b0" * 32)
RELAYER = Account.from_key("0x" + "c4" * 32)
TIMEOUT_S = 60.0


class BridgeLab:
    """A hub of chains ``a``, ``b``, ``c`` … with ids 271, 272, 273 …, based on ether, and ``g`` (300) based on gold."""

    def __init__(self, kind, url, directory, chains=2, with_gold=False, **params):
        self.kind = kind
        self.url = url
        self.directory = directory
        self.client = L1Client(url)
        self.rich = Sender(self.client, RICH_KEY)
        self.ecosystem = deploy_ecosystem(self.rich, program_id=PROGRAM_ID)
        for account in (ALICE, BOB, RELAYER):
            self.rich.transact(account.address, value=100 * ETHER, gas=21_000)
        for key in ROLE_KEYS.values():
            self.rich.transact(address_of(key), value=10 * ETHER, gas=21_000)
        names = "abcdefgh"[:chains]
        self.configs = {name: self._create(name, 271 + at, params) for at, name in enumerate(names)}
        if with_gold:
            self.gold = self._register_gold()
            self.configs["g"] = self._create("g", 300, params, self.gold)
        self.nodes = {}
        for name in self.configs:
            self.start(name)
        self.bridge = Bridge(url, {name: node.rpc_url for name, node in self.nodes.items()})

    def _register_gold(self):
        """A token of Alice's that chains may have as base token; its address."""
        gold = self.deploy_token(ALICE)
        register_base_token(self.ecosystem, gold, owner=self.rich)
        return gold

    def add_chain(self, name, chain_id, base, origin):
        """A chain more, which runs at once; its base token is known on L1 by ``base``, and was born at ``origin``."""
        register_base_token(self.ecosystem, base, owner=self.rich)
        self.configs[name] = self._create(name, chain_id, {}, base, origin)
        self.start(name)
        self.bridge.close()
        self.bridge = Bridge(self.url, {name: node.rpc_url for name, node in self.nodes.items()})

    def _create(self, name, chain_id, params, base=ETH, origin=None):
        """A chain on L1, and its settings; ``origin`` is (chain id, address there) of a base token not born on L1."""
        eco = self.ecosystem
        origin_chain_id, origin_token = origin or (L1_CHAIN_IDS[self.kind], base)
        asset = asset_id_of(origin_chain_id, origin_token)
        link = L1Link(
            url=self.url,
            l1_chain_id=L1_CHAIN_IDS[self.kind],
            bridgehub=eco.bridgehub,
            zk_chain="0x" + "00" * 20,
            validator_timelock=eco.validator_timelock,
            base_token_asset_id="0x" + asset.hex(),
            base_token=base,
            base_token_origin_chain_id=origin_chain_id,
            base_token_origin=origin_token,
            **({} if base == ETH else self._names(base)),
            contracts={
                "asset_router": eco.asset_router,
                "native_token_vault": eco.native_token_vault,
                "nullifier": eco.l1_nullifier,
                "message_root": eco.message_root,
            },
            ecosystem_block=eco.deploy_block,
        )
        config = ChainConfig(
            name=name,
            chain_id=chain_id,
            data_dir=self.directory / name,
            genesis=GenesisSettings(timestamp=int(time.time())),
            fee_recipient="0x" + "fe" * 20,
            block=BlockSettings(interval_ms=20),
            batch=BatchSettings(max_age_ms=200),
            settlement=SettlementSettings(poll_interval_ms=50),
            rpc=RpcSettings(),
            l1=link,
            operator_keys=OperatorKeys(**{role: ROLE_KEYS[role].hex() for role in ROLES}),
        )
        genesis = build_genesis(config).header
        chain = create_chain(
            eco,
            ChainParams(chain_id, genesis.hash, genesis.timestamp, base_token_asset_id=asset, **params),
            owner=self.rich,
            admin=self.rich,
            validators=Validators(*(address_of(ROLE_KEYS[role]) for role in ROLES)),
        )
        link = link.model_copy(update={"zk_chain": chain.zk_chain, "start_block": chain.create_block})
        return config.model_copy(update={"l1": link})

    def _names(self, token):
        """What a base token calls itself, for the chain's settings."""
        erc20 = load("TestToken")
        return {f"base_token_{each}": self.client.read(erc20, token, each) for each in ("name", "symbol")}

    # -- life ----------------------------------------------------------------------------------------------------

    def start(self, name, prover=None):
        config = self.configs[name]
        self.nodes[name] = ChainNode(config, prover or LocalProver())
        self.nodes[name].start()
        # A chain that comes back is found where it was.
        rpc = RpcSettings(port=int(self.nodes[name].rpc_url.rsplit(":", 1)[1]))
        self.configs[name] = config.model_copy(update={"rpc": rpc})

    def stop(self, name):
        self.nodes.pop(name).stop()

    def close(self):
        if hasattr(self, "bridge"):
            self.bridge.close()
        for name in list(self.nodes):
            self.stop(name)
        self.client.close()

    # -- acting --------------------------------------------------------------------------------------------------

    def wait(self, message, stage=MessageStage.CLAIMED):
        try:
            return self.bridge.wait(message, stage, TIMEOUT_S)
        except Exception as exc:
            states = {name: node.status() for name, node in self.nodes.items()}
            raise AssertionError(f"{exc}; {states}") from exc

    def fund(self, account, *chains, amount=10 * ETHER):
        """Ether on chains, to pay with."""
        for deposit in [self.bridge.deposit(account, chain, "eth", amount) for chain in chains]:
            self.wait(deposit)

    def sender(self, account, chain=None):
        """Sends raw transactions on a chain, or on L1."""
        client = self.client if chain is None else self.bridge.hub.chain(chain).node.client
        return Sender(client, bytes(account.key))

    def deploy_token(self, account, chain=None, supply=1_000 * ETHER, name="Gold", decimals=18):
        """A token born on L1 or on a chain, all of it in an account's hands; its address."""
        artifact = load("TestToken")
        sender = self.sender(account, chain)
        address = sender.transact(None, encode_deploy(artifact, [name, name[:4].upper(), decimals])).contract_address
        sender.transact(address, encode_call(artifact, "mint", [account.address, supply]))
        return address

    def relay(self, message, payer=RELAYER):
        """Wait until a message can be claimed, and claim it."""
        self.wait(message, MessageStage.CLAIMABLE)
        return self.bridge.claim(payer, message)


@contextlib.contextmanager
def bridge_lab(kind, directory, **settings):
    """A laboratory with a fresh L1."""
    with L1S[kind](directory) as (url, l1):
        lab = BridgeLab(kind, url, directory, **settings)
        lab.l1 = l1
        try:
            yield lab
        finally:
            lab.close()
