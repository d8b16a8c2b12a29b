"""Typed handles to the hub's actors: every call has a time limit, every failure is one of our errors."""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from cluster.errors import ActorDied, ActorFailed, ActorMissing, ActorTimeout, ActorUnavailable, NotConnected
from cluster.names import NAMESPACE, chain_actor, worker_actor
from zkhub.errors import HubError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chain_template.node import NodeStatus
    from chain_template.store.records import BatchRecord
    from cluster.pool.jobs import JobInfo, JobState, PoolStats, WorkerInfo
    from cluster.router.messages import MessageInfo, Order
    from shared_bridge.stages import MessageStage

#: Seconds an ordinary call may take: far above the milliseconds it needs, far below a user's patience.
CALL_TIMEOUT_S = 10.0


def translate(error: BaseException, actor: str, method: str, timeout_s: float) -> HubError:
    """The hub's error for what Ray raised when ``actor`` was asked for ``method``."""
    from ray import exceptions as ray_errors

    if isinstance(error, HubError) and not isinstance(error, ray_errors.RayTaskError):
        return error
    if isinstance(error, ray_errors.RayTaskError):
        cause = error.cause
        if isinstance(cause, HubError):
            return cause
        return ActorFailed(f"{actor}.{method} raised {type(cause).__name__}: {cause}", actor=actor)
    if isinstance(error, ray_errors.GetTimeoutError | TimeoutError):
        return ActorTimeout(f"{actor} did not answer {method} within {timeout_s:g} s", actor=actor)
    if isinstance(error, ray_errors.ActorDiedError):
        # Ray's last line says why: who ended it, or what its constructor raised.
        reason = (str(error).strip().splitlines() or ["no reason given"])[-1].strip()
        return ActorDied(f"{actor} is down: {reason}", actor=actor, hint="Start it again.")
    if isinstance(error, ray_errors.RayActorError):
        return ActorUnavailable(f"{actor} is being restarted", actor=actor, hint="Try again in a moment.")
    return ActorFailed(f"{actor}.{method} failed: {type(error).__name__}: {error}", actor=actor)


@dataclass(frozen=True)
class ActorRef:
    """One named actor.

    Attributes:
        name: Its name in the namespace ``zkhub``.
        actor: Ray's own handle.
    """

    name: str
    actor: Any

    @classmethod
    def lookup(cls, name: str) -> Self:
        """The actor of this name.

        Raises:
            ActorMissing: There is none.
            NotConnected: This process is in no cluster.
        """
        import ray

        if not ray.is_initialized():
            raise NotConnected(f"{name}: this process has neither started nor joined a Ray cluster")
        try:
            return cls(name, ray.get_actor(name, namespace=NAMESPACE))
        except ValueError as error:
            raise ActorMissing(f"there is no actor {name!r}", actor=name) from error

    def call(self, method: str, *args: Any, timeout_s: float = CALL_TIMEOUT_S) -> Any:
        """Call a method and wait for its result.

        Raises:
            HubError: What the method raised, if it is one of ours.
            ActorUnavailable, ActorTimeout, ActorFailed: The call did not go through.
        """
        import ray

        try:
            return ray.get(getattr(self.actor, method).remote(*args), timeout=timeout_s)
        except Exception as error:
            raise translate(error, self.name, method, timeout_s) from error

    async def acall(self, method: str, *args: Any, timeout_s: float = CALL_TIMEOUT_S) -> Any:
        """The same as :meth:`call`, for an event loop."""
        try:
            return await asyncio.wait_for(getattr(self.actor, method).remote(*args), timeout_s)
        except Exception as error:
            raise translate(error, self.name, method, timeout_s) from error

    def kill(self) -> None:
        """End the actor for good, without asking it."""
        import ray

        ray.kill(self.actor, no_restart=True)


@dataclass(frozen=True, slots=True)
class NodeInfo:
    """Where a chain or the L1 serves.

    Attributes:
        pid: Process id on the machine it runs on.
        node_id: Ray's id of that machine.
        restarts: How often its process was started again.
    """

    name: str
    chain_id: int
    rpc_url: str
    ws_url: str
    pid: int
    node_id: str
    restarts: int


class NodeHandle(ActorRef):
    """A chain, or the embedded L1."""

    @classmethod
    def chain(cls, chain_name: str) -> Self:
        """Handle of a running chain.

        Raises:
            ActorMissing: It does not run.
        """
        return cls.lookup(chain_actor(chain_name))

    def ready(self, timeout_s: float = 60.0) -> NodeInfo:
        """Wait until it serves, and say where.

        Raises:
            ChainError: It could not start (damaged store, full disk …). Calling again tries again.
            ActorError: Its process is down, or took longer than ``timeout_s``.
        """
        info: NodeInfo = self.call("ready", timeout_s=timeout_s)
        return info

    def status(self, timeout_s: float = CALL_TIMEOUT_S) -> "NodeStatus":
        """How the chain is doing: head, batches by stage, pool size, errors."""
        status: NodeStatus = self.call("status", timeout_s=timeout_s)
        return status

    def metrics(self, timeout_s: float = CALL_TIMEOUT_S) -> dict[str, float]:
        """Figures by name, for monitoring."""
        figures: dict[str, float] = self.call("metrics", timeout_s=timeout_s)
        return figures

    def batches(self, first: int, last: int) -> "list[BatchRecord]":
        """The chain's records of sealed batches with these numbers."""
        records: list[BatchRecord] = self.call("batches", first, last)
        return records

    def pause(self) -> None:
        """Seal no more blocks; reads are still served."""
        self.call("pause")

    def resume(self) -> None:
        """Seal blocks again."""
        self.call("resume")

    def drain(self) -> None:
        """Accept no more transactions, include what is pending, settle everything; returns at once."""
        self.call("drain")

    def settled(self) -> bool:
        """Whether everything is executed on L1, and after :meth:`drain` nothing is left to include."""
        return bool(self.call("settled"))

    def stop(self, timeout_s: float = 30.0) -> None:
        """Close the store cleanly and end the actor; what was confirmed is on disk."""
        try:
            self.call("stop", timeout_s=timeout_s)
        finally:
            self.kill()


class PoolHandle(ActorRef):
    """The prover pool."""

    def ready(self, timeout_s: float = 60.0) -> None:
        """Wait until the queue is open.

        Raises:
            PoolError: Its database cannot be opened.
        """
        self.call("ready", timeout_s=timeout_s)

    def stats(self, timeout_s: float = CALL_TIMEOUT_S) -> "PoolStats":
        """Queues by chain, workers, waiting and running times."""
        stats: PoolStats = self.call("stats", timeout_s=timeout_s)
        return stats

    def jobs(self, chain_id: int | None = None, state: "JobState | None" = None, limit: int = 100) -> "list[JobInfo]":
        """Jobs, the newest first."""
        jobs: list[JobInfo] = self.call("jobs", chain_id, state, limit)
        return jobs

    def workers(self) -> "list[WorkerInfo]":
        """Every worker the pool knows."""
        workers: list[WorkerInfo] = self.call("workers")
        return workers

    def retry(self, chain_id: int, batch_number: int) -> "JobInfo":
        """Queue a failed or refused job again with fresh attempts.

        Raises:
            UnknownJob: There is no job of this batch.
            IllegalJobTransition: It has not failed.
        """
        job: JobInfo = self.call("retry", chain_id, batch_number)
        return job

    def stop(self, timeout_s: float = 10.0) -> None:
        """Close the queue and end the actor."""
        try:
            self.call("stop", timeout_s=timeout_s)
        finally:
            self.kill()


#: Seconds the router may take to answer above what it was told to wait.
_SUBMIT_MARGIN_S = 10.0


class RouterHandle(ActorRef):
    """The message router."""

    def ready(self, timeout_s: float = 60.0) -> None:
        """Wait until its memory is open; raises :class:`cluster.errors.RouterStoreError`."""
        self.call("ready", timeout_s=timeout_s)

    def connect(self, l1_url: str, chains: "Mapping[str, str]") -> None:
        """Say where the L1 and the chains (name → URL) are."""
        self.call("connect", l1_url, dict(chains))

    def submit(
        self, order: "Order", private_key: bytes, request: str, *, relay: bool = True, wait_s: float = 10.0
    ) -> "MessageInfo":
        """Send an order's transaction, once for each ``request``; returns after ``wait_s`` at the latest.

        Raises:
            OrderConflict: The name stands for another order.
            BridgeError: The bridge refused; nothing was sent.
        """
        timeout_s = wait_s + _SUBMIT_MARGIN_S
        message: MessageInfo = self.call("submit", order, private_key, request, relay, wait_s, timeout_s=timeout_s)
        return message

    def track(self, source: str, transaction_hash: bytes, *, relay: bool = True) -> "list[MessageInfo]":
        """Follow what a transaction on a chain (or ``l1``) sent; raises UnknownMessage."""
        messages: list[MessageInfo] = self.call("track", source, transaction_hash, relay)
        return messages

    def message(self, message_id: str) -> "MessageInfo":
        """A message; raises :class:`cluster.errors.MessageMissing`."""
        message: MessageInfo = self.call("message", message_id)
        return message

    def messages(
        self, chain: str | None = None, stage: "MessageStage | None" = None, limit: int = 100
    ) -> "list[MessageInfo]":
        """Messages, the newest first; ``chain`` is either end."""
        messages: list[MessageInfo] = self.call("messages", chain, stage, limit)
        return messages

    def counts(self) -> "dict[MessageStage, int]":
        """How many messages are in each stage."""
        counts: dict[MessageStage, int] = self.call("counts")
        return counts

    def trouble(self) -> str:
        """What keeps the router from its work as a whole; empty when nothing does."""
        return str(self.call("trouble"))

    def retry(self, message_id: str) -> "MessageInfo":
        """Try again to claim a message; raises :class:`cluster.errors.MessageNotRetryable`."""
        message: MessageInfo = self.call("retry", message_id)
        return message

    def claim(self, message_id: str) -> "MessageInfo":
        """Have a message claimed as soon as that is possible."""
        message: MessageInfo = self.call("claim", message_id)
        return message

    def stop(self, timeout_s: float = 30.0) -> None:
        """Finish what is at hand and end the actor."""
        try:
            self.call("stop", timeout_s=timeout_s)
        finally:
            self.kill()


class WorkerHandle(ActorRef):
    """A prover worker."""

    @classmethod
    def index(cls, index: int) -> Self:
        """Handle of the worker with this index.

        Raises:
            ActorMissing: It does not run.
        """
        return cls.lookup(worker_actor(index))

    def ready(self, timeout_s: float = 60.0) -> None:
        """Wait until it looks for work."""
        self.call("ready", timeout_s=timeout_s)

    def stop(self, timeout_s: float = 5.0) -> None:
        """Give its job back to the pool and end it."""
        try:
            self.call("stop", timeout_s=timeout_s)
        finally:
            self.kill()
