"""What the controller acts on, as protocols: the cluster and the settlement layer.

:mod:`ecosystem.runtime` and :mod:`ecosystem.l1` are the real ones; tests have fakes.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from chain_template.config import ChainConfig, DataAvailability
from cluster.autoscaling import GpuUse
from cluster.pool.decisions import Explanation
from cluster.pool.jobs import Assignment, JobInfo, JobState, PoolStats, Progress, WorkerCard, WorkerInfo
from cluster.pool.outside import OutsideProver
from cluster.router.messages import MessageInfo, Order
from contracts.addresses import ChainAddresses, EcosystemAddresses
from ecosystem.keys import ChainKeys
from ecosystem.views import BatchView, NodeView
from shared_bridge.stages import MessageStage


class Node(Protocol):
    """The process of a chain or of the embedded L1.

    Every method may raise :class:`cluster.errors.ActorError` (it is down; trying again is right) and
    :class:`chain_template.errors.ChainError`.
    """

    def wait_ready(self, timeout_s: float) -> NodeView:
        """Wait until it serves; raises what keeps it from that."""

    def view(self) -> NodeView:
        """What it says of itself right now."""

    def pause(self) -> None:
        """Seal no more blocks."""

    def resume(self) -> None:
        """Seal blocks again."""

    def drain(self) -> None:
        """Accept no more transactions and settle everything; returns at once."""

    def settled(self) -> bool:
        """Whether everything is executed on L1."""

    def stop(self) -> None:
        """Close it cleanly and end it."""

    def batches(self, first: int, last: int) -> list[BatchView]:
        """Sealed batches with these numbers."""


class Router(Protocol):
    """The message router; every method may raise :class:`cluster.errors.ActorError`."""

    def connect(self, l1_url: str, chains: Mapping[str, str]) -> None:
        """Say where the L1 and the chains (name → URL) are."""

    def submit(
        self, order: Order, private_key: bytes, request: str, *, relay: bool = True, wait_s: float = 10.0
    ) -> MessageInfo:
        """Send an order's transaction, once for each ``request``; returns after ``wait_s`` at the latest.

        Raises:
            OrderConflict: The name stands for another order.
            BridgeError: The bridge refused; nothing was sent.
        """

    def track(self, source: str, transaction_hash: bytes, *, relay: bool = True) -> list[MessageInfo]:
        """Follow what a transaction on a chain (or ``l1``) sent."""

    def message(self, message_id: str) -> MessageInfo:
        """A message; raises :class:`cluster.errors.MessageMissing`."""

    def messages(
        self, chain: str | None = None, stage: MessageStage | None = None, limit: int = 100
    ) -> list[MessageInfo]:
        """Messages, the newest first; ``chain`` is either end."""

    def counts(self) -> dict[MessageStage, int]:
        """How many messages are in each stage."""

    def trouble(self) -> str:
        """What keeps the router from its work as a whole; empty when nothing does."""

    def retry(self, message_id: str) -> MessageInfo:
        """Try again to claim a message."""

    def claim(self, message_id: str) -> MessageInfo:
        """Have a message claimed as soon as that is possible."""

    def stop(self) -> None:
        """Finish what is at hand and end it."""


class ProverPool(Protocol):
    """The prover pool as the hub uses it; every method may raise :class:`cluster.errors.ActorError`.

    What each does and refuses is said by :class:`cluster.pool.ProverPool`.
    """

    def jobs(self, chain_id: int | None = None, state: JobState | None = None, limit: int = 100) -> list[JobInfo]:
        """Jobs, the newest first."""

    def workers(self) -> list[WorkerInfo]:
        """Every worker the pool knows."""

    def stats(self) -> PoolStats:
        """The pool in figures."""

    def find(self, chain_id: int, batch_number: int) -> JobInfo:
        """The latest job of a batch."""

    def why(self, job_id: int) -> Explanation:
        """Why a job runs, waits, or went before another."""

    def retry(self, chain_id: int, batch_number: int) -> JobInfo:
        """Queue a failed or refused job again."""

    def cancel(self, chain_id: int, batch_number: int) -> JobInfo:
        """End a waiting or running job."""

    def prioritise(
        self, chain_id: int, batch_number: int, *, urgent: bool = True, due_in_s: float | None = None
    ) -> JobInfo:
        """Have a batch go before others."""

    def set_share(
        self,
        chain_id: int,
        weight: float | None = None,
        reserved: float | None = None,
        deadline_s: float | None = None,
    ) -> None:
        """Set what a chain gets of the pool."""

    def drain(self, worker: str = "") -> None:
        """Give a worker, or by the empty name all, no more jobs."""

    def resume(self, worker: str = "") -> None:
        """Undo :meth:`drain`."""

    def create_token(self, name: str) -> str:
        """Let a prover join over HTTP."""

    def revoke_token(self, name: str) -> None:
        """Shut a prover from outside out."""

    def outside(self) -> list[OutsideProver]:
        """Every prover that was ever given a token."""

    def outside_prover(self, token: str) -> OutsideProver:
        """Whose token it is."""

    def take(self, card: WorkerCard, sequence: int, wait_s: float) -> Assignment | None:
        """The next job for a worker."""

    def heartbeat(self, card: WorkerCard, lease: int | None, progress: Progress | None = None) -> bool:
        """A sign of life; False: give the lease up."""

    def refuse(self, card: WorkerCard, lease: int, error: str) -> None:
        """Say that the batch is wrong."""

    def fail(self, card: WorkerCard, lease: int, error: str, needs_bytes: int = 0) -> None:
        """Say that the attempt failed."""

    def leave(self, card: WorkerCard) -> None:
        """Say goodbye."""


class CheckingPool(ProverPool, Protocol):
    """A pool that checks what strangers hand in."""

    def finish_checked(self, card: WorkerCard, lease: int, proof: bytes, backend: str) -> None:
        """Take a proof from outside, if what checks that backend's proofs finds that it holds."""


class Runtime(Protocol):
    """The cluster that everything runs on."""

    def start_l1(self, config: ChainConfig) -> Node:
        """Start the embedded L1, or find it; returns before it is ready."""

    def start_chain(self, config: ChainConfig) -> Node:
        """Start a chain, or find it; returns before it is ready."""

    def l1(self) -> Node | None:
        """The embedded L1 if it has been started."""

    def chain(self, name: str) -> Node | None:
        """A chain if it has been started."""

    def start_provers(
        self, directory: Path, workers: int, backend: str, memory_bytes: int | None, gpus: GpuUse
    ) -> None:
        """Start the prover pool and its workers, or scale them; waits until they look for work.

        Args:
            directory: Of the pool's queue.
            workers: How many.
            backend: What proves.
            memory_bytes: What one proof may take, where that is limited.
            gpus: Which workers get a GPU; those that must wait for one are not waited for.
        """

    def provers_running(self, workers: int) -> bool:
        """Whether the pool and that many workers have been started."""

    def prover_pool(self) -> CheckingPool:
        """The prover pool, wherever it runs."""

    def stop_provers(self) -> None:
        """Close the pool and its workers; unfinished jobs stay in its queue."""

    def start_router(self, directory: Path, relayer_key: str, *, auto_relay: bool) -> None:
        """Start the message router, or find it; waits until its memory is open."""

    def router(self) -> Router | None:
        """The message router if it has been started."""


class Settlement(Protocol):
    """The hub's dealings on L1. Every method may raise :class:`contracts.errors.L1Error`."""

    url: str

    @property
    def program_id(self) -> bytes:
        """The batch program that this hub proves, 32 bytes."""

    def close(self) -> None:
        """Close the connections."""

    def check(self) -> None:
        """Raise :class:`L1Mismatch` unless the L1 is the one that is expected."""

    def head(self) -> int:
        """Number of the latest block."""

    def deploy(self) -> EcosystemAddresses:
        """The hub's contracts: deployed now, or found where the registry says they are."""

    def fund(self, label: str, addresses: Sequence[str], wei: int) -> int:
        """Send ``wei`` to each address, once for each ``label`` and address; returns how many were sent."""

    def base_token(self, token: str, *, register: bool) -> tuple[str, str]:
        """Name and symbol of an ERC-20 token of L1; with ``register`` new chains may be based on it from now on.

        Raises:
            ConfigError: No chain can be based on it.
        """

    def base_token_origin(self, token: str) -> tuple[int, str]:
        """Where a token of L1 was born: chain id, and address there."""

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
        """Create a chain with its operators' roles, or find it and do what is missing."""

    def deposit(self, label: str, chain_id: int, addresses: Sequence[str], wei: int) -> int:
        """Deposit ``wei`` of the base token to each address on a chain, once for each ``label`` and address.

        Nothing is deposited, and 0 returned, where the hub has too little of a base token that is not ether.
        """

    def balances(self, url: str, addresses: Sequence[str]) -> list[int]:
        """Wei of each address, by the JSON-RPC of the L1 or of a chain."""
