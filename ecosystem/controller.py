"""Holds goal and reality together: starts what is missing, does what is asked, remembers how far it came.

One loop compares the registry's goals with what runs. What takes time is an operation, made of repeatable steps, in a
thread of its own; a controller that is killed finds its open operations in the registry and goes on with them.
"""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import structlog

from cluster.autoscaling import WorkerGoal
from cluster.pool.jobs import WAITING, JobState
from ecosystem.adoption import check_fits, remember_l1
from ecosystem.errors import ChainBusy, ConfigError, PortInUse, WrongChainState
from ecosystem.lifecycle import Lifecycle
from ecosystem.operations import Interrupted, OperationRunner
from ecosystem.ports import is_free
from ecosystem.records import ChainRecord, OperationRecord
from ecosystem.seams import Node, Router
from ecosystem.settings import ChainSettings, check_chain_name
from ecosystem.states import Goal, OperationKind, Phase
from ecosystem.views import NodeView
from shared_bridge.stages import MessageStage
from zkhub.errors import HubError

#: Seconds between two looks at what runs; a request wakes the loop at once.
TICK_S = 1.0
#: Pauses before a part that failed to start is tried again, seconds.
FIRST_RETRY_S = 2.0
LONGEST_RETRY_S = 60.0
#: Seconds between two looks at how many workers the queue is worth.
SCALING_S = 5.0
_log = structlog.get_logger("controller")


@dataclass(frozen=True, slots=True)
class Observation:
    """What a process said when it was last asked: its view, or why there is none."""

    view: NodeView | None
    error: str = ""


@dataclass(slots=True)
class _Backoff:
    """When a part that failed to start may be tried again (monotonic seconds)."""

    pause_s: float = FIRST_RETRY_S
    not_before: float = 0.0

    def failed(self) -> None:
        self.not_before = time.monotonic() + self.pause_s
        self.pause_s = min(2 * self.pause_s, LONGEST_RETRY_S)


class HubController:
    """Goal and reality of one hub.

    Args:
        lifecycle: What the operations are made of.
        tick_s: Seconds between two looks.
    """

    def __init__(self, lifecycle: Lifecycle, tick_s: float = TICK_S) -> None:
        self.lifecycle = lifecycle
        self.registry = lifecycle.registry
        self.settings = lifecycle.settings
        self._runtime = lifecycle.runtime
        self._tick_s = tick_s
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._runner = OperationRunner(self.registry, self._stopping)
        self._lock = threading.Lock()
        self._reconciling = threading.Lock()
        self._routed: dict[str, str] = {}
        self._at_work: dict[str, threading.Thread] = {}
        self._backoff: dict[str, _Backoff] = {}
        provers = self.settings.provers
        self._worker_goal = (
            None
            if provers.max_workers is None
            else WorkerGoal(provers.workers, max(provers.workers, provers.max_workers), provers.queue_target_s)
        )
        self._next_scaling = 0.0
        self._router_problems: list[str] = []
        self._observed: dict[str, Observation] = {}
        self._watchers = ThreadPoolExecutor(max_workers=16, thread_name_prefix="watch")
        self._loop = threading.Thread(target=self._reconcile_forever, name="reconcile", daemon=True)

    # -- life -------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Register the chains of the settings and begin to reconcile."""
        self.adopt_settings()
        self._loop.start()

    def stop(self, timeout_s: float = 30.0) -> None:
        """Leave what is under way to the next controller, and stop the hub's parts cleanly, chains first."""
        self.leave(timeout_s)
        _stop_quietly(self._runtime.router())
        with ThreadPoolExecutor(max_workers=16) as pool:
            chains = [self._runtime.chain(chain.name) for chain in self.registry.chains()]
            list(pool.map(_stop_quietly, chains))
        try:
            self._runtime.stop_provers()
        except HubError as error:
            _log.warning("provers did not stop cleanly", reason=error.message)
        _stop_quietly(self._runtime.l1())

    def leave(self, timeout_s: float = 30.0) -> None:
        """Stop reconciling; the hub's parts go on."""
        self._stopping.set()
        self._wake.set()
        self._runner.wake()
        deadline = time.monotonic() + timeout_s
        for thread in [self._loop, *self._at_work.values()]:
            if thread.is_alive():
                thread.join(max(0.0, deadline - time.monotonic()))
        self._watchers.shutdown(wait=False, cancel_futures=True)
        self.lifecycle.close()

    @property
    def stopping(self) -> bool:
        """Whether the hub is going down."""
        return self._stopping.is_set()

    def adopt_settings(self) -> None:
        """Register the chains that the settings name and the registry lacks; take over what may change.

        Raises:
            ConfigError: They contradict what the hub was created with.
        """
        check_fits(self.settings, self.registry)
        remember_l1(self.settings, self.registry)
        known = {chain.name: chain for chain in self.registry.chains()}
        for name, settings in self.settings.chains.items():
            chain = known.get(name)
            if chain is None or chain.phase is Phase.FAILED:
                self._add_chain(name, settings)
            elif chain.phase is not Phase.REMOVED:
                self.registry.update_settings(name, settings)

    # -- requests ---------------------------------------------------------------------------------------

    def create_chain(self, name: str, settings: ChainSettings) -> OperationRecord:
        """Begin to create a chain.

        Raises:
            ConfigError: The name is no chain name, or the id is the L1's.
            ChainExists: The name or the id is taken.
            PortInUse: Its port is.
        """
        try:
            check_chain_name(name)
        except ValueError as error:
            raise ConfigError("name", str(error)) from error
        if settings.id == self.settings.l1.expected_chain_id:
            raise ConfigError("id", f"{settings.id} is the L1's own chain id")
        if settings.port and not is_free(settings.host, settings.port):
            raise PortInUse(f'chain "{name}"', settings.host, settings.port, "port")
        if settings.base_token != "eth" and self.lifecycle.l1_is_up():
            self.lifecycle.settlement.base_token(settings.base_token, register=False)
        operation = self._add_chain(name, settings)
        self._wake.set()
        return operation

    def pause(self, name: str) -> OperationRecord:
        """Begin to pause a chain: no new blocks, its batches go on settling."""
        return self._change_goal(name, Goal.PAUSED, OperationKind.PAUSE)

    def resume(self, name: str) -> OperationRecord:
        """Begin to resume a paused chain."""
        return self._change_goal(name, Goal.RUNNING, OperationKind.RESUME)

    def remove(self, name: str) -> OperationRecord:
        """Begin to remove a chain: stop accepting, settle all, halt. Its data, its name and its id stay."""
        with self._lock:
            chain = self.registry.chain(name)
            self._refuse_busy(name)
            if chain.phase is Phase.FAILED:
                # It was never open to anyone: there is nothing to settle.
                steps, phase = ["halt"], None
            elif chain.phase in (Phase.READY, Phase.REMOVING):
                steps, phase = self._steps(OperationKind.REMOVE), Phase.REMOVING
            else:
                raise WrongChainState(name, chain.phase, "removed")
            operation = self.registry.set_goal(name, Goal.REMOVED, OperationKind.REMOVE, steps, phase)
        self._wake.set()
        return operation

    def _change_goal(self, name: str, goal: Goal, kind: OperationKind) -> OperationRecord:
        with self._lock:
            chain = self.registry.chain(name)
            self._refuse_busy(name)
            if chain.phase is not Phase.READY:
                raise WrongChainState(name, chain.phase, goal.value if goal is Goal.PAUSED else "resumed")
            operation = self.registry.set_goal(name, goal, kind, self._steps(kind))
        self._wake.set()
        return operation

    def _refuse_busy(self, name: str) -> None:
        for operation in self.registry.operations(chain=name, open_only=True):
            raise ChainBusy(name, operation.id)

    def _add_chain(self, name: str, settings: ChainSettings) -> OperationRecord:
        with self._lock:
            self.registry.check_free(name, settings.id)
            # The keys that are given are kept at once: the registry keeps no secrets.
            self.lifecycle.keys.chain_keys(name, settings.keys)
            port = self.lifecycle.choose_port(settings)
            return self.registry.add_chain(name, settings, self._steps(OperationKind.CREATE), port)

    def _steps(self, kind: OperationKind) -> list[str]:
        return self.lifecycle.step_names(kind)

    # -- what is seen -----------------------------------------------------------------------------------

    def observed(self, name: str) -> Observation:
        """What a chain (or ``l1``) said when it was last asked."""
        return self._observed.get(name, Observation(None))

    @property
    def router_problems(self) -> list[str]:
        """What kept messages from arriving when the router was last asked."""
        return self._router_problems

    def scale_provers(self, workers: int) -> None:
        """Have so many prover workers from now on, until the settings say otherwise."""
        self.lifecycle.remember_workers(workers)
        self._wake.set()

    def node(self, name: str) -> Node:
        """A chain's process.

        Raises:
            UnknownChain: There is no such chain.
            HubUnavailable: It does not run.
        """
        self.registry.chain(name)
        return self.lifecycle.node(name)

    # -- the loop ---------------------------------------------------------------------------------------

    def _reconcile_forever(self) -> None:
        while not self._stopping.is_set():
            try:
                self.reconcile()
            except Exception:
                # The loop is what brings everything else back; it must outlive any single failure.
                _log.exception("reconcile failed")
            self._wake.wait(self._tick_s)
            self._wake.clear()

    def reconcile(self) -> None:
        """Compare goal and reality once and set to work what closes the gap. One caller at a time."""
        with self._reconciling:
            chains = self.registry.chains()
            self._start_missing_parts()
            self._start_missing_chains(chains)
            self._keep_router(chains)
            for operation in reversed(self.registry.operations(open_only=True, limit=1_000)):
                self._set_to_work(operation)
            asked_at_ms = time.time_ns() // 1_000_000
            self._observe(chains)
            self._correct_pauses(asked_at_ms)

    def _start_missing_parts(self) -> None:
        """The L1 with the hub's contracts, and the prover pool."""
        lifecycle = self.lifecycle
        self._scale_with_queue()
        if not lifecycle.l1_is_up():
            self._begin(OperationKind.START_L1, "")
        if not self._runtime.provers_running(self.lifecycle.prover_workers):
            self._begin(OperationKind.START_PROVERS, "")

    def _scale_with_queue(self) -> None:
        """Let workers come with the queue and go again, where the settings allow that."""
        if self._worker_goal is None or time.monotonic() < self._next_scaling:
            return
        self._next_scaling = time.monotonic() + SCALING_S
        try:
            stats = self._runtime.prover_pool().stats()
        except HubError:
            # A pool that does not answer is started again elsewhere.
            return
        waiting = sum(stats.by_state[state] for state in WAITING)
        running = stats.by_state[JobState.RUNNING]
        present = self.lifecycle.prover_workers
        wanted = self._worker_goal.workers(time.monotonic(), present, waiting, running, stats.backlog_s)
        if wanted != present:
            _log.info("scaling the provers", workers=wanted, before=present, waiting=waiting)
            self.lifecycle.remember_workers(wanted)

    def _start_missing_chains(self, chains: list[ChainRecord]) -> None:
        for chain in chains:
            if chain.phase is Phase.READY and self._runtime.chain(chain.name) is None:
                self._begin(OperationKind.START, chain.name)

    def _keep_router(self, chains: list[ChainRecord]) -> None:
        """The message router, which comes last, so that nothing waits for it; it is told where the chains are."""
        router = self._runtime.router()
        if router is None:
            if self.lifecycle.l1_is_up() and not self.registry.operations(open_only=True, limit=1):
                self._begin(OperationKind.START_ROUTER, "")
            return
        serving = {
            chain.name: f"http://{chain.settings.host}:{chain.facts.port}"
            for chain in chains
            if chain.phase in (Phase.READY, Phase.REMOVING)
        }
        if not serving or self._routed == serving:
            return
        try:
            router.connect(self.lifecycle.l1_url, serving)
        except HubError as error:
            _log.warning("the message router does not answer", reason=error.message)
        else:
            self._routed = serving

    def _begin(self, kind: OperationKind, chain: str) -> None:
        """Register an operation unless one is open, or the last one failed a moment ago."""
        same = [o for o in self.registry.operations(chain=chain, open_only=True) if chain or o.kind is kind]
        backoff = self._backoff.get(f"{kind} {chain}")
        if same or (backoff is not None and time.monotonic() < backoff.not_before):
            return
        self.registry.add_operation(kind, chain, self._steps(kind))

    def _set_to_work(self, operation: OperationRecord) -> None:
        key = operation.chain or operation.kind.value
        thread = self._at_work.get(key)
        if (thread is not None and thread.is_alive()) or self._stopping.is_set():
            return
        # The thread that had it may have ended it after it was read.
        operation = self.registry.operation(operation.id)
        if not operation.status.is_open:
            return
        thread = threading.Thread(target=self._work, args=(operation,), name=f"operation {key}", daemon=True)
        self._at_work[key] = thread
        thread.start()

    def _work(self, operation: OperationRecord) -> None:
        log = _log.bind(operation=operation.id, kind=operation.kind.value, chain=operation.chain)
        log.info("operation begins")
        try:
            error = self._runner.run(operation, self.lifecycle.steps(operation.kind, operation.chain))
        except Interrupted:
            return
        if error is None:
            log.info("operation done")
            self._backoff.pop(f"{operation.kind} {operation.chain}", None)
        else:
            log.error("operation failed", reason=error.message, hint=error.hint)
            self._backoff.setdefault(f"{operation.kind} {operation.chain}", _Backoff()).failed()
            if operation.kind is OperationKind.CREATE:
                self.registry.set_phase(operation.chain, Phase.FAILED, error.message)
        self._wake.set()

    def _observe(self, chains: list[ChainRecord]) -> None:
        """Ask all processes at once what they do."""
        nodes: dict[str, Node | None] = {
            chain.name: self._runtime.chain(chain.name) for chain in chains if chain.phase is not Phase.REMOVED
        }
        if self.settings.l1.embedded:
            nodes["l1"] = self._runtime.l1()
        answers = self._watchers.map(_ask, nodes.values())
        self._router_problems = _ask_router(self._runtime.router())
        self._observed = dict(zip(nodes, answers, strict=True))

    def _correct_pauses(self, asked_at_ms: int) -> None:
        """A process that was restarted does not know that it is to be paused.

        Args:
            asked_at_ms: Before the processes were asked: what was done to a chain since, the answer may not show.
        """
        for chain in self.registry.chains():
            view = self.observed(chain.name).view
            latest = self.registry.operations(chain=chain.name, limit=1)
            if latest and (latest[0].ended_at_ms or asked_at_ms) >= asked_at_ms:
                continue
            if chain.phase is Phase.READY and view is not None and view.paused != (chain.goal is Goal.PAUSED):
                self._begin(OperationKind.PAUSE if chain.goal is Goal.PAUSED else OperationKind.RESUME, chain.name)


def _ask(node: Node | None) -> Observation:
    if node is None:
        return Observation(None)
    try:
        return Observation(node.view())
    except HubError as error:
        return Observation(None, error.message)


def _ask_router(router: Router | None) -> list[str]:
    """What keeps messages from arriving; nothing while the router is being started."""
    if router is None:
        return []
    try:
        trouble, dead = router.trouble(), router.counts()[MessageStage.DEAD]
    except HubError as error:
        return [f"the message router does not answer: {error.message}"]
    problems = [f"the message router: {trouble}"] if trouble else []
    if dead:
        problems.append(f"{dead} messages were given up: `zkhub message ls --stage dead` lists them")
    return problems


def _stop_quietly(node: Node | Router | None) -> None:
    if node is None:
        return
    try:
        node.stop()
    except HubError as error:
        _log.warning("a process did not stop cleanly", reason=error.message)
