"""A chain, or the embedded L1, as an actor."""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import ray
import structlog

from chain_template.config import ChainConfig
from cluster.errors import ActorFailed
from cluster.handles import NodeInfo
from cluster.logs import log_as_actor
from cluster.names import L1_ACTOR, chain_actor
from cluster.node_metrics import node_metrics
from cluster.ports import is_free, pick_port
from cluster.ray_private import own_restarts
from cluster.remote_pool import RemotePool
from zkhub.errors import HubError

if TYPE_CHECKING:
    # Whoever places a node imports this module too; the executor's second of imports is for the node's process alone.
    from chain_template.node import ChainNode, NodeStatus
    from chain_template.store.records import BatchRecord
    from cluster.proof_service import ProofCleaner

log = structlog.get_logger(__name__)

#: Questions are answered by other threads than those that start and stop things.
NODE_GROUPS = {"io": 4}
#: Seconds a restarted node waits for its port: the process before it may be about to let go of it.
_PORT_WAIT_S = 10.0


class NodeActor:
    """Serves from its first moment, so that a restart needs no caller.

    What keeps the node from starting (a damaged store, a full disk) is raised by :meth:`ready`, which tries again each
    time, rather than by the constructor, after which Ray would give the actor up for good.
    """

    def __init__(self, config_json: str, pool_name: str | None) -> None:
        config = ChainConfig.model_validate_json(config_json)
        log_as_actor(L1_ACTOR if config.l1 is None else chain_actor(config.name))
        self._config = config.model_copy(update={"rpc": config.rpc.model_copy(update={"port": lasting_port(config)})})
        self._pool = RemotePool(pool_name) if pool_name is not None else None
        self._cleaner: ProofCleaner | None = None
        self._started_at = time.time()
        self._restarts = own_restarts()
        self._node: ChainNode | None = None
        self._error: HubError | None = None
        self._start()

    def _start(self) -> None:
        from chain_template.node import ChainNode
        from cluster.proof_service import ProofCleaner, RayProofService

        host, port = self._config.rpc.host, self._config.rpc.port
        deadline = time.monotonic() + _PORT_WAIT_S
        while not is_free(host, port) and time.monotonic() < deadline:
            time.sleep(0.05)
        try:
            node = ChainNode(self._config, RayProofService(self._pool) if self._pool is not None else None)
            try:
                node.start()
            except BaseException:
                node.stop()
                raise
        except HubError as error:
            log.exception("the node cannot start")
            self._error = error
        except Exception as error:
            log.exception("the node cannot start")
            name = self._config.name
            self._error = ActorFailed(f"{name} cannot start: {type(error).__name__}: {error}", actor=name)
        else:
            self._node, self._error = node, None
            if self._pool is not None:
                self._cleaner = ProofCleaner(node, self._pool)
                self._cleaner.start()

    @property
    def _running(self) -> "ChainNode":
        if self._node is None:
            assert self._error is not None
            raise self._error
        return self._node

    def ready(self) -> NodeInfo:
        """Where the node serves; tries to start it again if it could not be.

        Raises:
            HubError: What keeps it from starting.
        """
        if self._node is None:
            self._start()
        return self._info()

    def stop(self) -> None:
        """Close it cleanly; nothing can be asked of it afterwards."""
        if self._cleaner is not None:
            self._cleaner.stop()
        if self._node is not None:
            self._node.stop()

    def pause(self) -> None:
        """Seal no more blocks."""
        self._running.pause()

    def resume(self) -> None:
        """Seal blocks again."""
        self._running.resume()

    def drain(self) -> None:
        """Accept no more transactions, include what is pending, settle everything."""
        self._running.drain()

    @ray.method(concurrency_group="io")
    def info(self) -> NodeInfo:
        """Where the node serves."""
        return self._info()

    def _info(self) -> NodeInfo:
        node = self._running
        return NodeInfo(
            name=self._config.name,
            chain_id=self._config.chain_id,
            rpc_url=node.rpc_url,
            ws_url=node.ws_url,
            pid=os.getpid(),
            node_id=ray.get_runtime_context().get_node_id(),
            restarts=self._restarts,
        )

    @ray.method(concurrency_group="io")
    def settled(self) -> bool:
        """Whether everything is executed on L1."""
        return self._running.is_settled()

    @ray.method(concurrency_group="io")
    def status(self) -> "NodeStatus":
        """How the node is doing."""
        return self._running.status()

    @ray.method(concurrency_group="io")
    def batches(self, first: int, last: int) -> "list[BatchRecord]":
        """Sealed batches with these numbers."""
        with self._running.store.snapshot() as snapshot:
            return snapshot.batches(first, last)

    @ray.method(concurrency_group="io")
    def metrics(self) -> dict[str, float]:
        """Figures by name."""
        return node_metrics(self._running.status(), self._started_at, self._restarts)


def lasting_port(config: ChainConfig) -> int:
    """The port of the settings, or for 0 one that is picked at the first start and kept in the chain's directory."""
    if config.rpc.port != 0:
        return config.rpc.port
    path = Path(config.data_dir) / "rpc.port"
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        port = pick_port(config.rpc.host)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{port}\n")
        return port
