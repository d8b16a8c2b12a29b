"""A cluster and an L1 that exist in memory only."""

import shutil
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from chain_template.config import ChainConfig, DataAvailability
from chain_template.settlement.proofs import ProofJob
from cluster.autoscaling import GpuUse
from cluster.errors import ActorUnavailable, MessageMissing, MessageNotRetryable, OrderConflict
from cluster.pool import Progress, ProverPool, WorkerCard
from cluster.router.messages import MessageInfo, MessageKind, Order, id_of_found, id_of_request
from cluster.settings import PoolSettings
from cluster.workers.checking import check_for
from contracts.addresses import ChainAddresses, EcosystemAddresses
from contracts.errors import L1Unavailable
from ecosystem.errors import ConfigError, HubStarting
from ecosystem.keys import ChainKeys, KeyStore
from ecosystem.lifecycle import Lifecycle
from ecosystem.registry import ECOSYSTEM_FACT, Registry
from ecosystem.settings import ChainSettings, DevAccountSettings, HubSettings
from ecosystem.views import BatchView, NodeView
from shared_bridge.errors import UnknownMessage
from shared_bridge.stages import MessageStage
from zkhub.errors import HubError

ADDRESS = "0x" + 39 * "0" + "1"
ECOSYSTEM = EcosystemAddresses.from_json(
    {
        field.name: {"l1_chain_id": 31_337, "deploy_block": 0}.get(field.name, ADDRESS)
        for field in fields(EcosystemAddresses)
    }
)


#: How far the fake worker is.


class FakeNode:
    """A chain's process; ``down`` makes every call fail as a killed actor's do."""

    def __init__(self, config: ChainConfig) -> None:
        self.config = config
        self.down = False
        self.start_error: HubError | None = None
        self.paused = False
        self.draining = False
        self.stopped = False
        self.sealed = 3
        self.executed = 3
        self.proving: int | None = None
        self.calls: list[str] = []

    def wait_ready(self, timeout_s: float) -> NodeView:
        if self.start_error is not None:
            raise self.start_error
        return self.view()

    def view(self) -> NodeView:
        self._check("view")
        url = f"127.0.0.1:{self.config.rpc.port}"
        return NodeView(
            rpc_url=f"http://{url}",
            ws_url=f"ws://{url}",
            pid=4242,
            restarts=0,
            head=7,
            head_at_ms=1_000,
            batches={"sealed": self.sealed, "committed": self.sealed, "executed": self.executed},
            mempool=1,
            paused=self.paused,
            last_error="",
            protocol_version="0.29.0",
        )

    def pause(self) -> None:
        self._check("pause")
        self.paused = True

    def resume(self) -> None:
        self._check("resume")
        self.paused = False

    def drain(self) -> None:
        self._check("drain")
        self.draining = True

    def settled(self) -> bool:
        self._check("settled")
        if self.draining and self.executed < self.sealed:
            self.executed += 1
            return False
        return self.executed == self.sealed

    def stop(self) -> None:
        self._check("stop")
        self.stopped = True

    def batches(self, first: int, last: int) -> list[BatchView]:
        self._check("batches")
        return [self._batch(number) for number in range(max(1, first), min(last, self.sealed) + 1)]

    def _batch(self, number: int) -> BatchView:
        return BatchView(
            chain=self.config.name,
            number=number,
            stage="executed" if number <= self.executed else "proving" if number == self.proving else "committed",
            first_block=number,
            last_block=number,
            transactions=2,
            l1_transactions_included=1,
            pubdata_bytes=100,
            seal_reason="age",
            proof="none",
            parts_submitted=0,
            parts=0,
            progress=None,
            state_commitment="0x" + "11" * 32,
            batch_output_hash="0x" + "22" * 32,
            public_input="0x" + "33" * 32,
            stage_times_ms={"sealed": 1_000, "executed": 3_500},
            l1_transactions={"executed": "0x" + "44" * 32},
        )

    def _check(self, call: str) -> None:
        self.calls.append(call)
        if self.down:
            raise ActorUnavailable(f"chain-{self.config.name} is down or restarting")


class FakeRuntime:
    """A cluster; nodes that were stopped are gone from it."""

    def __init__(self) -> None:
        self.nodes: dict[str, FakeNode] = {}
        self.workers: int | None = None
        self.starts: list[str] = []
        self.on_start: Callable[[FakeNode], None] = lambda node: None
        self.pool_down = False
        self.message_router = FakeRouter()
        self._pool: FakePool | None = None

    def start_l1(self, config: ChainConfig) -> FakeNode:
        return self._start(config)

    def start_chain(self, config: ChainConfig) -> FakeNode:
        return self._start(config)

    def _start(self, config: ChainConfig) -> FakeNode:
        found = self._alive(config.name)
        if found is None:
            found = self.nodes[config.name] = FakeNode(config)
            self.starts.append(config.name)
            self.on_start(found)
        return found

    def l1(self) -> FakeNode | None:
        return self._alive("l1")

    def chain(self, name: str) -> FakeNode | None:
        return self._alive(name)

    def _alive(self, name: str) -> FakeNode | None:
        node = self.nodes.get(name)
        return None if node is None or node.stopped else node

    def start_provers(
        self, directory: Path, workers: int, backend: str, memory_bytes: int | None, gpus: GpuUse
    ) -> None:
        self.workers = workers

    def provers_running(self, workers: int) -> bool:
        return self.workers == workers

    def prover_pool(self) -> "FakePool":
        if self.pool_down:
            raise ActorUnavailable("prover-pool is down or restarting")
        if self._pool is None:
            self._pool = FakePool(Path(tempfile.mkdtemp(prefix="zkhub-pool-")))
        return self._pool

    def close(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.close()
            shutil.rmtree(pool._directory)

    def stop_provers(self) -> None:
        self.workers = None

    def start_router(self, directory: Path, relayer_key: str, *, auto_relay: bool) -> None:
        assert len(relayer_key) == 66
        self.message_router.running = True
        self.message_router.auto_relay = auto_relay

    def router(self) -> "FakeRouter | None":
        return self.message_router if self.message_router.running else None


class FakePool(ProverPool):
    """A real pool; batches 1 to 3 of chain 271 are proved, a worker is at the 4th, and two more wait."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory, PoolSettings())
        self._store.change("PRAGMA synchronous = OFF")
        for batch in range(1, 7):
            content = b"input of batch %d" % batch
            self.submit(ProofJob(271, "alpha", batch, bytes(32), content, content.ljust(32)))
        self.worker = WorkerCard("prover-worker-0", "first-life", "unproven", 4243, "node", 16 * 10**9, "node/0")
        for sequence in range(1, 5):
            taken = self.take(self.worker, sequence)
            assert taken is not None
            if sequence < 4:
                self.finish(self.worker, taken.lease, b"")
            else:
                self.heartbeat(self.worker, taken.lease, Progress("quotient", 7, 13, 0.45))

    def finish_checked(self, card: WorkerCard, lease: int, proof: bytes, backend: Any) -> None:
        super().finish_checked(card, lease, proof, check_for(backend))


class FakeRouter:
    """A message router whose messages go where a test says; ``refusal`` is raised by the next order."""

    def __init__(self) -> None:
        self.running = False
        self.auto_relay = False
        self.chains: dict[str, str] = {}
        self.kept: dict[str, MessageInfo] = {}
        self.signed: list[bytes] = []
        self.refusal: HubError | None = None
        self.in_trouble = ""

    def trouble(self) -> str:
        return self.in_trouble

    def connect(self, l1_url: str, chains: Mapping[str, str]) -> None:
        self.chains = dict(chains)

    def submit(
        self, order: Order, private_key: bytes, request: str, *, relay: bool = True, wait_s: float = 10.0
    ) -> MessageInfo:
        if self.refusal is not None:
            raise self.refusal
        message_id = id_of_request(request)
        if message_id in self.kept:
            if self.kept[message_id].order != order:
                raise OrderConflict(request)
            return self.kept[message_id]
        self.signed.append(private_key)
        return self.add(order, message_id, request=request, relay=relay)

    def add(self, order: Order, message_id: str, *, request: str = "", relay: bool = True) -> MessageInfo:
        stage = MessageStage.INCLUDED
        message = MessageInfo(
            message_id, order, request, b"\x77" * 32, 0, "{}", stage, {stage: 1.0}, None, relay, 0, 2.0, ""
        )
        self.kept[message_id] = message
        return message

    def track(self, source: str, transaction_hash: bytes, *, relay: bool = True) -> list[MessageInfo]:
        if transaction_hash == bytes(32):
            raise UnknownMessage(f"{source} has no such transaction")
        order = Order(MessageKind.WITHDRAWAL, source, "l1", "eth", 7, ADDRESS, ADDRESS)
        return [self.add(order, id_of_found(source, transaction_hash, 0), relay=relay)]

    def message(self, message_id: str) -> MessageInfo:
        if message_id not in self.kept:
            raise MessageMissing(message_id)
        return self.kept[message_id]

    def messages(
        self, chain: str | None = None, stage: MessageStage | None = None, limit: int = 100
    ) -> list[MessageInfo]:
        found = [
            message
            for message in self.kept.values()
            if chain in (None, message.order.source, message.order.destination) and stage in (None, message.stage)
        ]
        return found[::-1][:limit]

    def counts(self) -> dict[MessageStage, int]:
        return {stage: sum(m.stage is stage for m in self.kept.values()) for stage in MessageStage}

    def move(self, message_id: str, stage: MessageStage, error: str = "") -> None:
        old = self.kept[message_id]
        times = {**old.times, stage: old.since + 1.5}
        self.kept[message_id] = replace(old, stage=stage, times=times, error=error)

    def retry(self, message_id: str) -> MessageInfo:
        if self.message(message_id).stage is not MessageStage.DEAD:
            raise MessageNotRetryable(message_id, self.kept[message_id].stage.value)
        self.move(message_id, MessageStage.CLAIMABLE)
        return self.kept[message_id]

    def claim(self, message_id: str) -> MessageInfo:
        self.kept[message_id] = replace(self.message(message_id), relay=True)
        return self.kept[message_id]

    def stop(self) -> None:
        self.running = False


class FakeSettlement:
    """An L1; ``outages`` many calls fail before the next one gets through."""

    program_id = b"\x01" * 32

    def __init__(self, url: str = "http://127.0.0.1:1") -> None:
        self.url = url
        self.outages = 0
        self.refusal: HubError | None = None
        self.deployed = False
        self.registry: Registry
        self.created: dict[int, bytes] = {}
        self.tokens: dict[str, tuple[str, str]] = {}
        self.origins: dict[str, tuple[int, str]] = {}
        self.paid: dict[str, int] = {}
        self.lock = threading.Lock()

    def close(self) -> None:
        pass

    def check(self) -> None:
        self._reach()

    def head(self) -> int:
        self._reach()
        return 42

    def deploy(self) -> EcosystemAddresses:
        self._reach()
        self.deployed = True
        self.registry.set_fact(ECOSYSTEM_FACT, ECOSYSTEM.to_json())
        return ECOSYSTEM

    def fund(self, label: str, addresses: Sequence[str], wei: int) -> int:
        return self._pay(label, addresses, wei)

    def deposit(self, label: str, chain_id: int, addresses: Sequence[str], wei: int) -> int:
        assert chain_id in self.created
        return self._pay(label, addresses, wei)

    def create_chain(
        self,
        chain_id: int,
        *,
        base_token: str,
        genesis_hash: bytes,
        genesis_timestamp: int,
        data_availability: DataAvailability,
        minimal_l2_gas_price_wei: int,
        keys: ChainKeys,
    ) -> ChainAddresses:
        self._reach()
        assert self.deployed and genesis_timestamp > 0
        assert self.created.setdefault(chain_id, genesis_hash) == genesis_hash, "another genesis"
        return ChainAddresses(chain_id=chain_id, zk_chain="0x" + f"{chain_id:040x}", create_block=5)

    def base_token(self, token: str, *, register: bool) -> tuple[str, str]:
        self._reach()
        if token not in self.tokens:
            raise ConfigError("base_token", f"there is no ERC-20 token at {token} on L1")
        return self.tokens[token]

    def base_token_origin(self, token: str) -> tuple[int, str]:
        self._reach()
        return self.origins.get(token, (31_337, token))

    def balances(self, url: str, addresses: Sequence[str]) -> list[int]:
        self._reach()
        return [10**21 for _ in addresses]

    def _pay(self, label: str, addresses: Sequence[str], wei: int) -> int:
        self._reach()
        if not self.deployed:
            raise HubStarting("not deployed")
        with self.lock:
            new = [address for address in addresses if f"{label}/{address}" not in self.paid]
            self.paid |= {f"{label}/{address}": wei for address in new}
        return len(new)

    def _reach(self) -> None:
        if self.refusal is not None:
            raise self.refusal
        if self.outages > 0:
            self.outages -= 1
            raise L1Unavailable(self.url, "connection refused")


def settings(directory: Path, **changes: object) -> HubSettings:
    """Settings of a hub in ``directory``: alpha and beta, any free ports."""
    values: dict[str, object] = {
        "data_dir": directory,
        "proofs": "none",
        "l1": {"port": 0},
        "chains": {"alpha": ChainSettings(id=271), "beta": ChainSettings(id=272)},
        "dev_accounts": DevAccountSettings(count=2),
    }
    return HubSettings.model_validate(values | changes)


def lifecycle(hub: HubSettings, registry: Registry, runtime: FakeRuntime, settlement: FakeSettlement) -> Lifecycle:
    """The lifecycle of a hub on fakes."""
    keys = KeyStore(hub.data_dir).prepare()
    settlement.registry = registry
    return Lifecycle(hub, registry, keys, runtime, lambda url: settlement, lambda registry, token, url, key: ADDRESS)
