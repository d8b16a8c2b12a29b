"""What has to be done to start the hub's parts and to create, start, pause, resume and remove a chain: the steps.

Every step may be repeated: it looks first at what is there, and takes what it needs from the registry.
"""

import contextlib
import time
from collections.abc import Callable, Sequence

from chain_template.genesis import Genesis
from cluster.errors import ReservedTooMuch
from contracts.addresses import EcosystemAddresses
from contracts.sender import address_of
from ecosystem.chain_config import chain_config, chain_genesis, key_bytes, l1_config
from ecosystem.errors import HubStarting, HubUnavailable, PortInUse
from ecosystem.keys import KeyStore
from ecosystem.operations import Step
from ecosystem.ports import FIRST_CHAIN_PORT, FIRST_L1_PORT, first_free, wait_free
from ecosystem.records import ChainRecord
from ecosystem.registry import ECOSYSTEM_FACT, L1_FACT, L1_PREMINE_FACT, PROVERS_FACT, Registry
from ecosystem.seams import Node, Runtime, Settlement
from ecosystem.settings import ETHER, ChainProverSettings, ChainSettings, HubSettings
from ecosystem.states import Goal, OperationKind, Phase
from ecosystem.tokens import Deployer, TokenDesk, deploy_token
from shared_bridge.stages import MessageStage
from zkhub.errors import HubError

READY_TIMEOUT_S = 60.0
#: How long the port of a part that is to be started may still be held by what a killed hub left behind.
PORT_TIMEOUT_S = 8.0
#: What the hub's own deployer has on an embedded L1; it pays the operators and the development accounts' deposits.
DEPLOYER_PREMINE_WEI = 10**12 * ETHER
#: Steps whose work ends with the hub's processes.
_OF_THIS_RUN = frozenset({"start process", "wait for health"})

SettlementFactory = Callable[[str], Settlement]
"""Makes the settlement for an L1 at a URL."""


class StillWorking(HubUnavailable):
    """Something that takes its time has not finished yet; it is looked at again in a moment."""


class Lifecycle:
    """Steps of the hub's operations.

    Args:
        settings: The hub's.
        registry: What is known.
        keys: The secrets.
        runtime: The cluster.
        settlement_for: Makes the settlement once the L1's URL is known.
        token_deployer: Puts tokens for development on L1 and on chains.
    """

    def __init__(
        self,
        settings: HubSettings,
        registry: Registry,
        keys: KeyStore,
        runtime: Runtime,
        settlement_for: SettlementFactory,
        token_deployer: Deployer = deploy_token,
    ) -> None:
        self.settings = settings
        self.registry = registry
        self.keys = keys
        self.runtime = runtime
        self.tokens = TokenDesk(registry, token_deployer)
        self._settlement_for = settlement_for
        self._settlement: Settlement | None = None
        self._ecosystem: EcosystemAddresses | None = None

    # -- what the others need ---------------------------------------------------------------------------

    @property
    def settlement(self) -> Settlement:
        """The dealings on L1; raises :class:`HubStarting` before the L1 answers."""
        if self._settlement is None:
            raise HubStarting("the L1 is not up yet")
        return self._settlement

    @property
    def ecosystem(self) -> EcosystemAddresses:
        """The hub's contracts; raises :class:`HubStarting` before they are deployed.

        They are known from the last start before the L1 answers, so that everything can start at once.
        """
        if self._ecosystem is not None:
            return self._ecosystem
        kept = self.registry.fact(ECOSYSTEM_FACT)
        if kept is None:
            raise HubStarting("the hub's contracts are not deployed on L1 yet")
        return EcosystemAddresses.from_json(kept)

    @property
    def l1_url(self) -> str:
        """Where the L1 is, or will be; raises :class:`HubStarting` before the embedded one has its port."""
        if self.settings.l1.url is not None:
            return self.settings.l1.url
        facts = self.registry.fact(L1_FACT)
        if facts is None:
            raise HubStarting("the L1 is not up yet")
        return f"http://{self.settings.l1.host}:{facts['port']}"

    def close(self) -> None:
        """Close the connections to the L1."""
        if self._settlement is not None:
            self._settlement.close()

    def l1_is_up(self) -> bool:
        """Whether the L1 has been started and the contracts are known."""
        started = not self.settings.l1.embedded or self.runtime.l1() is not None
        return started and self._ecosystem is not None

    def steps(self, kind: OperationKind, chain: str) -> list[Step]:
        """The steps of an operation, always the same for a kind."""
        plain: dict[OperationKind, Sequence[tuple[str, Callable[[], str]]]] = {
            OperationKind.START_L1: (("start L1", self._start_l1), ("deploy contracts on L1", self._deploy)),
            OperationKind.START_PROVERS: (("start prover pool", self._start_provers),),
            OperationKind.START_ROUTER: (("start message router", self._start_router),),
        }
        of_chain: dict[OperationKind, Sequence[tuple[str, Callable[[str], str]]]] = {
            OperationKind.CREATE: (
                ("make keys", self._make_keys),
                ("fund operators on L1", self._fund_operators),
                ("build genesis", self._build_genesis),
                ("create on L1", self._create_on_l1),
                ("start process", self._start_process),
                ("deposit to accounts", self._deposit),
                ("wait for health", self._wait_for_health),
                ("wait for deposits", self._wait_for_deposits),
                ("ready", self._ready),
            ),
            OperationKind.START: (
                ("start process", self._start_process),
                ("wait for health", self._wait_for_health),
            ),
            OperationKind.PAUSE: (("pause", self._pause),),
            OperationKind.RESUME: (("resume", self._resume),),
            OperationKind.REMOVE: (
                ("start process", self._start_process),
                ("stop accepting transactions", self._drain),
                ("settle everything", self._settle),
                ("halt", self._halt),
            ),
        }
        if kind in plain:
            return [Step(name, run) for name, run in plain[kind]]
        return [Step(name, _bound(run, chain), lasts=name not in _OF_THIS_RUN) for name, run in of_chain[kind]]

    def step_names(self, kind: OperationKind) -> list[str]:
        """Names of an operation's steps."""
        return [step.name for step in self.steps(kind, "")]

    # -- the hub ----------------------------------------------------------------------------------------

    def _start_l1(self) -> str:
        url = self.settings.l1.url or self._start_embedded_l1()
        settlement = self._settlement_for(url)
        try:
            settlement.check()
        except HubError:
            settlement.close()
            raise
        self.close()
        self._settlement = settlement
        return f"chain {self.settings.l1.expected_chain_id} at {url}"

    def _start_embedded_l1(self) -> str:
        running = self.runtime.l1()
        if running is None:
            running = self.runtime.start_l1(l1_config(self.settings, **self._l1_facts(), premine=self._premine()))
        return running.wait_ready(READY_TIMEOUT_S).rpc_url

    def _l1_facts(self) -> dict[str, int]:
        """Port and genesis timestamp of the embedded L1, chosen at its first start."""
        host, wanted = self.settings.l1.host, self.settings.l1.port
        facts: dict[str, int] = self.registry.fact(L1_FACT) or {}
        port = wanted or facts.get("port") or first_free(host, FIRST_L1_PORT, self._taken_ports())
        if not wait_free(host, port, PORT_TIMEOUT_S):
            raise PortInUse("the embedded L1", host, port, "l1.port")
        facts = {"port": port, "genesis_timestamp": facts.get("genesis_timestamp", int(time.time()))}
        self.registry.set_fact(L1_FACT, facts)
        return facts

    def _premine(self) -> dict[str, int]:
        accounts = self.keys.dev_accounts(self.settings.dev_accounts)
        premine = {account.address: self.settings.dev_accounts.l1_balance_wei for account in accounts}
        deployer = address_of(key_bytes(self.keys.deployer(self.settings.l1)))
        # The premine is part of block 0: what it was at the first start, it must be at every later one.
        kept: dict[str, int] | None = self.registry.fact(L1_PREMINE_FACT)
        if kept is None:
            kept = premine | {deployer: DEPLOYER_PREMINE_WEI}
            self.registry.set_fact(L1_PREMINE_FACT, kept)
        return kept

    def _deploy(self) -> str:
        self._ecosystem = self.settlement.deploy()
        return f"Bridgehub {self._ecosystem.bridgehub}"

    def _start_provers(self) -> str:
        provers, backend = self.settings.provers, self.settings.prover_backend
        directory = self.settings.data_dir.absolute() / "provers"
        workers = self.prover_workers
        self.runtime.start_provers(directory, workers, backend, provers.memory_bytes, provers.gpus)
        return "; ".join([f"{workers} × {backend}", *self._tell_shares()])

    @property
    def prover_workers(self) -> int:
        """How many workers there shall be: what the settings say, unless someone has said otherwise since."""
        said: dict[str, int] | None = self.registry.fact(PROVERS_FACT)
        settings = self.settings.provers.workers
        return said["workers"] if said is not None and said["settings"] == settings else settings

    def remember_workers(self, workers: int) -> None:
        """Have so many workers until the settings change."""
        self.registry.set_fact(PROVERS_FACT, {"workers": workers, "settings": self.settings.provers.workers})

    def _tell_shares(self) -> list[str]:
        """Tell the pool what the settings of the chains say of their shares; what they leave open stays.

        Returns what could not be had beside the shares that others were given since: provers at work come first.
        """
        refused = []
        for chain in self.registry.chains():
            try:
                if chain.phase is Phase.REMOVED:
                    self.runtime.prover_pool().set_share(chain.chain_id, 1.0, 0.0, 0.0)
                else:
                    self._tell_share(chain)
            except ReservedTooMuch as error:
                refused.append(f"{chain.name}: {error.message}")
        return refused

    def _tell_share(self, chain: ChainRecord) -> None:
        share = chain.settings.provers
        if share != ChainProverSettings():
            pool = self.runtime.prover_pool()
            pool.set_share(chain.chain_id, share.weight, share.reserved, share.deadline_s)

    def _start_router(self) -> str:
        auto = self.settings.relay.auto
        self.runtime.start_router(self.settings.data_dir.absolute() / "router", self.keys.relayer(), auto_relay=auto)
        return "relays all messages" if auto else "relays what it is asked to"

    # -- creating a chain -------------------------------------------------------------------------------

    def choose_port(self, settings: ChainSettings) -> int:
        """The port a new chain will have for ever: the one it wants, or a free one that no part of the hub has."""
        return settings.port or first_free(settings.host, FIRST_CHAIN_PORT, self._taken_ports())

    def _make_keys(self, name: str) -> str:
        keys = self.keys.chain_keys(name)
        return f"committer {address_of(key_bytes(keys.committer))}"

    def _build_genesis(self, name: str) -> str:
        chain = self.registry.chain(name)
        if chain.facts.genesis_timestamp is None:
            chain = self._choose_genesis(chain)
        genesis = self._genesis(chain)
        return f"block 0 is 0x{genesis.header.hash.hex()}"

    def _choose_genesis(self, chain: ChainRecord) -> ChainRecord:
        """Fix what block 0 depends on, once."""
        name = symbol = origin = ""
        origin_chain_id: int | None = None
        if chain.settings.base_token != "eth":
            name, symbol = self.settlement.base_token(chain.settings.base_token, register=True)
            origin_chain_id, origin = self.settlement.base_token_origin(chain.settings.base_token)
        self.registry.update_facts(
            chain.name,
            genesis_timestamp=int(time.time()),
            base_token_name=name,
            base_token_symbol=symbol,
            base_token_origin_chain_id=origin_chain_id,
            base_token_origin=origin,
        )
        return self.registry.chain(chain.name)

    def _genesis(self, chain: ChainRecord) -> Genesis:
        return chain_genesis(self.settings, chain, self.keys.chain_keys(chain.name), self.ecosystem)

    def _fund_operators(self, name: str) -> str:
        keys = self.keys.chain_keys(name)
        roles = (keys.admin, keys.committer, keys.prover, keys.executor, keys.reverter)
        addresses = list(dict.fromkeys(address_of(key_bytes(key)) for key in (*roles, self.keys.relayer())))
        wei = self.settings.l1.operator_grant_wei
        if wei == 0:
            return "left to the operators"
        sent = self.settlement.fund(f"{name}/operators", addresses, wei)
        return f"{sent} paid, {len(addresses) - sent} had been"

    def _create_on_l1(self, name: str) -> str:
        chain = self.registry.chain(name)
        genesis = self._genesis(chain)
        created = self.settlement.create_chain(
            chain.chain_id,
            base_token=chain.settings.base_token,
            genesis_hash=genesis.header.hash,
            genesis_timestamp=chain.facts.genesis_timestamp or 0,
            data_availability=chain.settings.data_availability,
            minimal_l2_gas_price_wei=chain.settings.fees.min_l2_gas_price_wei,
            keys=self.keys.chain_keys(name),
        )
        self.registry.update_facts(name, zk_chain=created.zk_chain, create_block=created.create_block)
        return f"contract {created.zk_chain}"

    def _deposit(self, name: str) -> str:
        chain = self.registry.chain(name)
        wei = self.settings.dev_accounts.deposit_wei(self.settings.l1)
        relayer = [address_of(key_bytes(self.keys.relayer()))]
        symbol = chain.facts.base_token_symbol or "ETH"
        if chain.facts.funded:
            return "nothing to deposit"
        if wei == 0:
            # On an L1 of others the relayer begins with a tenth of what an operator gets there.
            grant = self.settings.l1.operator_grant_wei // 10
            sent = self.settlement.deposit(f"{name}/deposits", chain.chain_id, relayer, grant) if grant else 0
            return f"{sent} deposits of {grant / ETHER:g} {symbol}"
        sent = self.settlement.deposit(f"{name}/deposits", chain.chain_id, [*self._dev_addresses(), *relayer], wei)
        if not sent and chain.settings.base_token != "eth":
            # Nothing will arrive; who has the token deposits it.
            self.registry.update_facts(name, funded=True)
            return f"the hub has no {symbol} to deposit"
        return f"{sent} deposits of {wei / ETHER:g} {symbol}"

    def _wait_for_deposits(self, name: str) -> str:
        chain = self.registry.chain(name)
        wei = self.settings.dev_accounts.deposit_wei(self.settings.l1)
        addresses = self._dev_addresses()
        if chain.facts.funded or wei == 0 or not addresses:
            return "nothing to wait for"
        url = self.node(name).view().rpc_url
        # Counted here and not by balances, which a user may have begun to spend.
        missing = sum(balance == 0 for balance in self.settlement.balances(url, addresses))
        if missing:
            raise StillWorking(f"{missing} of {len(addresses)} deposits have not arrived on {name}")
        self.registry.update_facts(name, funded=True)
        return f"{len(addresses)} accounts"

    def _ready(self, name: str) -> str:
        with contextlib.suppress(ReservedTooMuch):
            # The chain is ready without it; `zkhub prover share` says what is in the way.
            self._tell_share(self.registry.chain(name))
        self.registry.set_phase(name, Phase.READY)
        return self.node(name).view().rpc_url

    # -- a chain's process ------------------------------------------------------------------------------

    def node(self, name: str) -> Node:
        """A chain's process; raises :class:`HubUnavailable` while there is none."""
        node = self.runtime.chain(name)
        if node is None:
            raise HubUnavailable(f'the process of "{name}" does not run')
        return node

    def _start_process(self, name: str) -> str:
        if self.runtime.chain(name) is not None:
            return "runs already"
        chain = self.registry.chain(name)
        if not wait_free(chain.settings.host, chain.facts.port or 0, PORT_TIMEOUT_S):
            if chain.phase is not Phase.CREATING or chain.settings.port:
                raise PortInUse(f'chain "{name}"', chain.settings.host, chain.facts.port or 0, f"chains.{name}.port")
            # Nobody knows the new chain's address yet: whoever took its port may have it.
            self.registry.update_facts(name, port=self.choose_port(chain.settings))
            chain = self.registry.chain(name)
        keys, program_id = self.keys.chain_keys(name), self.settlement.program_id
        config = chain_config(self.settings, chain, keys, self.ecosystem, self.l1_url, program_id)
        self.runtime.start_chain(config)
        return f"port {chain.facts.port}"

    def _wait_for_health(self, name: str) -> str:
        view = self.node(name).wait_ready(READY_TIMEOUT_S)
        return f"{view.rpc_url}, block {view.head}"

    def _pause(self, name: str) -> str:
        self.node(name).pause()
        return ""

    def _resume(self, name: str) -> str:
        self.node(name).resume()
        return ""

    def _drain(self, name: str) -> str:
        self.node(name).wait_ready(READY_TIMEOUT_S)
        self.node(name).drain()
        return ""

    def _settle(self, name: str) -> str:
        node = self.node(name)
        # Said again each time: the process may have been restarted since.
        node.drain()
        if not node.settled():
            batches = node.view().batches
            raise StillWorking(f"batch {batches.get('executed', 0)} of {batches.get('sealed', 0)} is executed on L1")
        waiting = self._unclaimed(name)
        if waiting:
            raise StillWorking(f"{waiting} messages of {name} are not claimed yet")
        return f"{node.view().batches.get('executed', 0)} batches are executed on L1"

    def _unclaimed(self, name: str) -> int:
        """Messages from a chain that the router can still bring to where they go: their proofs come from its process.

        What the router has given up, or cannot deliver because their destination rests, is not waited for: those of a
        rollup can be claimed for ever with what it published on L1.
        """
        router = self.runtime.router()
        if router is None:
            return 0
        chains = self.registry.chains()
        open_ends = {"l1"} | {
            chain.name for chain in chains if chain.phase is Phase.READY and chain.goal is Goal.RUNNING
        }
        return sum(
            message.relay and message.order.source == name and message.order.destination in open_ends
            for stage in (MessageStage.INCLUDED, MessageStage.PROVEN, MessageStage.CLAIMABLE)
            for message in router.messages(name, stage, 500)
        )

    def _halt(self, name: str) -> str:
        node = self.runtime.chain(name)
        if node is not None:
            node.stop()
        with contextlib.suppress(HubError):
            # What was reserved for it is free for others; a pool that is down is told at its next start.
            self.runtime.prover_pool().set_share(self.registry.chain(name).chain_id, 1.0, 0.0, 0.0)
        self.registry.set_phase(name, Phase.REMOVED)
        return "its data and its name stay"

    def _dev_addresses(self) -> list[str]:
        return [account.address for account in self.keys.dev_accounts(self.settings.dev_accounts)]

    def _taken_ports(self) -> set[int]:
        """Ports that belong to a part of the hub, running or not."""
        chains = self.registry.chains()
        taken = {chain.facts.port or chain.settings.port for chain in chains}
        l1_port = (self.registry.fact(L1_FACT) or {}).get("port", self.settings.l1.port)
        return taken | {self.settings.api.port, l1_port}


def _bound(run: Callable[[str], str], chain: str) -> Callable[[], str]:
    return lambda: run(chain)
