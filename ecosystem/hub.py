"""The hub as clients see it: every question and request of the API, answered by the controller's process."""

import contextlib
import os
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from cluster.router.messages import MessageInfo
from ecosystem.bridge_desk import BridgeDesk, Wish
from ecosystem.chain_config import L1_NAME
from ecosystem.config import public
from ecosystem.controller import HubController
from ecosystem.errors import HubStarting, HubUnavailable, UnknownBatch, UnknownChain
from ecosystem.prover_questions import ProverQuestions
from ecosystem.records import ChainRecord
from ecosystem.settings import ChainSettings
from ecosystem.states import ChainState, Goal, Phase
from ecosystem.tokens import TokenRecord
from ecosystem.views import (
    AccountView,
    BatchView,
    BookView,
    ChainView,
    EventView,
    HealthView,
    HubView,
    L1View,
    MessageView,
    OperationView,
    ProgressView,
    TokenView,
)
from zkhub import __version__
from zkhub.errors import HubError


class Hub(ProverQuestions):
    """Answers in the words of :mod:`ecosystem.views`. Safe to call from several threads.

    Args:
        controller: The controller behind it.
    """

    def __init__(self, controller: HubController) -> None:
        super().__init__(controller)
        self._started_ms = time.time_ns() // 1_000_000
        self._desk = BridgeDesk(controller.lifecycle)

    # -- the whole --------------------------------------------------------------------------------------

    def hub(self) -> HubView:
        """The hub at a glance."""
        return HubView(
            name=self._settings.name,
            version=__version__,
            state=self.health().status,
            proofs=self._settings.proofs,
            profile=self._settings.proof_profile if self._settings.proofs != "none" else "",
            started_at_ms=self._started_ms,
            uptime_s=round(time.time() - self._started_ms / 1000, 3),
            data_dir=str(self._settings.data_dir.absolute()),
            chains=dict(Counter(chain.state for chain in self.chains())),
            operations=[operation.id for operation in self._registry.operations(open_only=True)],
            pid=os.getpid(),
        )

    def health(self) -> HealthView:
        """Whether everything that should run does."""
        problems = []
        l1 = self.l1()
        if not l1.healthy:
            problems.append(f"the L1 does not answer: {l1.error or 'it is being started'}")
        chains = self.chains()
        for chain in chains:
            if chain.state in (ChainState.DOWN, ChainState.FAILED):
                problems.append(f"{chain.name} is {chain.state}: {chain.error}")
            elif chain.error:
                problems.append(f"{chain.name}: {chain.error}")
        problems += self._controller.router_problems
        if self._controller.stopping:
            return HealthView("stopping", problems)
        states = {chain.state for chain in chains}
        if not l1.contracts or states & {ChainState.CREATING, ChainState.STARTING}:
            return HealthView("starting", problems)
        return HealthView("degraded" if problems else "ok", problems)

    def l1(self) -> L1View:
        """The settlement layer."""
        settings = self._settings.l1
        seen = self._controller.observed(L1_NAME)
        contracts: dict[str, str] = {}
        url, ws_url, head, error = settings.url or "", "", None, seen.error
        try:
            addresses = self._controller.lifecycle.ecosystem.to_json()
            contracts = {name: value for name, value in addresses.items() if isinstance(value, str)}
        except HubStarting:
            error = error or "its contracts are not deployed yet"
        if seen.view is not None:
            url, ws_url, head, error = seen.view.rpc_url, seen.view.ws_url, seen.view.head, seen.view.last_error
        elif not settings.embedded:
            head, error = self._external_head()
        return L1View(
            kind="embedded" if settings.embedded else "external",
            url=url,
            ws_url=ws_url,
            chain_id=settings.expected_chain_id,
            healthy=head is not None,
            head=head,
            contracts=contracts,
            pid=seen.view.pid if seen.view is not None else None,
            error=error,
        )

    def _external_head(self) -> tuple[int | None, str]:
        try:
            return self._controller.lifecycle.settlement.head(), ""
        except HubError as error:
            return None, error.message

    # -- chains -----------------------------------------------------------------------------------------

    def chains(self) -> list[ChainView]:
        """All chains, removed ones last."""
        views = [self._chain_view(chain) for chain in self._registry.chains()]
        return sorted(views, key=lambda view: view.state == ChainState.REMOVED)

    def chain(self, name: str) -> ChainView:
        """A chain; raises :class:`UnknownChain`."""
        return self._chain_view(self._registry.chain(name))

    def create_chain(self, name: str, settings: ChainSettings) -> OperationView:
        """Begin to create a chain; see :meth:`HubController.create_chain` for what is refused."""
        return OperationView.of(self._controller.create_chain(name, settings))

    def pause(self, name: str) -> OperationView:
        """Begin to pause a chain."""
        return OperationView.of(self._controller.pause(name))

    def resume(self, name: str) -> OperationView:
        """Begin to resume a paused chain."""
        return OperationView.of(self._controller.resume(name))

    def remove(self, name: str) -> OperationView:
        """Begin to remove a chain."""
        return OperationView.of(self._controller.remove(name))

    def rpc_url(self, name: str) -> str:
        """Where a chain (or ``l1``) serves JSON-RPC.

        Raises:
            UnknownChain: There is none of this name, or it is removed.
            HubUnavailable: It does not serve yet.
        """
        if name == L1_NAME:
            url = self.l1().url
        else:
            chain = self._registry.chain(name)
            if chain.phase is Phase.REMOVED:
                raise UnknownChain(name)
            url = f"http://{chain.settings.host}:{chain.facts.port}" if chain.facts.port else ""
        if not url:
            raise HubUnavailable(f'"{name}" does not serve JSON-RPC yet')
        return url

    def _chain_view(self, chain: ChainRecord) -> ChainView:
        seen = self._controller.observed(chain.name)
        view = seen.view
        open_operations = self._registry.operations(chain=chain.name, open_only=True, limit=1)
        facts = chain.facts
        state = _state(chain, running=view is not None, paused=view is not None and view.paused, error=seen.error)
        address = f"{chain.settings.host}:{facts.port}" if facts.port else ""
        return ChainView(
            name=chain.name,
            id=chain.chain_id,
            goal=chain.goal.value,
            state=state.value,
            rpc_url=f"http://{address}" if address else "",
            ws_url=f"ws://{address}" if address else "",
            base_token=chain.settings.base_token,
            data_availability=chain.settings.data_availability.value,
            proofs=self._settings.proofs,
            executor=chain.settings.executor,
            head=view.head if view else None,
            head_at_ms=view.head_at_ms if view else None,
            batches=view.batches if view else {},
            mempool=view.mempool if view else 0,
            contract=facts.zk_chain or "",
            protocol_version=view.protocol_version if view else "",
            operation=open_operations[0].id if open_operations else "",
            pid=view.pid if view else None,
            restarts=view.restarts if view else 0,
            created_at_ms=chain.created_at_ms,
            error=chain.error or (view.last_error if view else seen.error),
            settings=public(chain.settings),
        )

    # -- operations -------------------------------------------------------------------------------------

    def operations(self, chain: str | None = None, limit: int = 100) -> list[OperationView]:
        """Operations, the latest first."""
        return [OperationView.of(o) for o in self._registry.operations(chain=chain, limit=limit)]

    def operation(self, operation_id: str) -> OperationView:
        """An operation; raises :class:`UnknownOperation`."""
        return OperationView.of(self._registry.operation(operation_id))

    def events(self, after: int, operation_id: str | None = None, limit: int = 500) -> list[EventView]:
        """Changes of operations and steps with a higher number than ``after``, in order."""
        if operation_id is not None:
            self._registry.operation(operation_id)
        events = self._registry.events_after(after, operation_id=operation_id, limit=limit)
        return [EventView.of(event) for event in events]

    # -- batches, provers, accounts -----------------------------------------------------------------------

    def batches(self, name: str, before: int | None = None, limit: int = 50) -> list[BatchView]:
        """Batches of a chain with numbers below ``before``, the latest first."""
        node = self._controller.node(name)
        last = node.view().batches.get("sealed", 0)
        if before is not None:
            last = min(last, before - 1)
        first = max(1, last - limit + 1)
        found = self._with_progress(name, node.batches(first, last) if last >= 1 else [])
        return sorted(found, key=lambda batch: -batch.number)

    def batch(self, name: str, number: int) -> BatchView:
        """A batch of a chain; raises :class:`UnknownBatch`."""
        node = self._controller.node(name)
        found = node.batches(number, number)
        if not found:
            raise UnknownBatch(name, number, node.view().batches.get("sealed", 0))
        return self._with_progress(name, found)[0]

    def _with_progress(self, name: str, batches: list[BatchView]) -> list[BatchView]:
        """The same under the chain's name, and with what their provers say, where some are at work."""
        at_work: dict[str, ProgressView | None] = {}
        if any(batch.stage == "proving" for batch in batches):
            # A pool that does not answer is no reason not to show what the chain knows.
            with contextlib.suppress(HubError):
                at_work = {worker.job: worker.progress for worker in self.provers().workers if worker.job}
        return [replace(batch, chain=name, progress=at_work.get(f"{name}/{batch.number}")) for batch in batches]

    # -- the bridge ---------------------------------------------------------------------------------------

    def move(self, wish: Wish) -> MessageView:
        """Send value over the bridge; see :meth:`BridgeDesk.move` for what is refused."""
        return _message_view(self._desk.move(wish))

    def track_message(self, source: str, transaction_hash: bytes) -> list[MessageView]:
        """Follow and claim what a transaction sent."""
        return [_message_view(message) for message in self._desk.track(source, transaction_hash)]

    def message(self, message_id: str) -> MessageView:
        """A message."""
        return _message_view(self._desk.message(message_id))

    def messages(self, chain: str | None, stage: str | None, limit: int) -> list[MessageView]:
        """Messages, the newest first; ``chain`` is either end."""
        return [_message_view(message) for message in self._desk.messages(chain, stage, limit)]

    def message_counts(self) -> dict[str, int]:
        """Stage → how many messages are in it."""
        return {stage.value: count for stage, count in self._desk.counts().items()}

    def retry_message(self, message_id: str) -> MessageView:
        """Try again to claim a message."""
        return _message_view(self._desk.retry(message_id))

    def claim_message(self, message_id: str) -> MessageView:
        """Have a message claimed as soon as that is possible."""
        return _message_view(self._desk.claim(message_id))

    def deploy_token(self, where: str, symbol: str, name: str, decimals: int, supply: int, account: str) -> TokenView:
        """Deploy a token for development."""
        return self._token_view(self._desk.deploy_token(where, symbol, name, decimals, supply, account))

    def tokens(self) -> list[TokenView]:
        """The tokens that the hub deployed."""
        return [self._token_view(token) for token in self._desk.tokens()]

    def books(self) -> list[BookView]:
        """Whether every asset's sums come out."""
        symbols, names = self._desk.symbols(), {chain.chain_id: chain.name for chain in self._registry.chains()}
        return [
            BookView(
                asset_id=(asset_id := "0x" + report.asset_id.hex()),
                symbol=symbols.get(asset_id, ""),
                held=str(report.held),
                booked=None if report.booked is None else str(report.booked),
                supplies={names.get(at, L1_NAME): str(amount) for at, amount in report.supplies.items()},
                in_flight=str(report.in_flight),
                faults=report.faults(),
            )
            for report in self._desk.books()
        ]

    def _token_view(self, token: TokenRecord) -> TokenView:
        return TokenView(
            symbol=token.symbol,
            name=token.name,
            decimals=token.decimals,
            origin=token.where,
            asset_id=token.asset_id,
            owner=token.owner,
            supply=token.supply,
            addresses=self._desk.addresses(token),
        )

    def accounts(self) -> list[AccountView]:
        """The development accounts and what they have; a chain that does not answer is left out."""
        lifecycle = self._controller.lifecycle
        accounts = lifecycle.keys.dev_accounts(self._settings.dev_accounts)
        addresses = [account.address for account in accounts]
        balances: dict[str, Sequence[int]] = {}
        for name in (L1_NAME, *(chain.name for chain in self._registry.chains() if chain.facts.zk_chain)):
            try:
                balances[name] = lifecycle.settlement.balances(self.rpc_url(name), addresses)
            except HubError:
                continue
        return [
            AccountView(address, {name: str(wei[index]) for name, wei in balances.items()})
            for index, address in enumerate(addresses)
        ]


def _message_view(message: MessageInfo) -> MessageView:
    return MessageView.of(message, time.time())


def _state(chain: ChainRecord, *, running: bool, paused: bool, error: str) -> ChainState:
    if chain.phase is not Phase.READY:
        return ChainState(chain.phase.value)
    if not running:
        return ChainState.DOWN if error else ChainState.STARTING
    # A pause that is asked for but not done yet, or undone by a restart, is not a pause yet.
    return ChainState.PAUSED if paused and chain.goal is Goal.PAUSED else ChainState.RUNNING
