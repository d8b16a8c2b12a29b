"""The message router as an actor."""

from collections.abc import Mapping
from pathlib import Path

import ray

from cluster.logs import log_as_actor
from cluster.names import ROUTER_ACTOR
from cluster.router import MessageInfo, MessageRouter, Order
from cluster.router.bridge import RealBridge
from cluster.settings import RouterSettings
from shared_bridge.stages import MessageStage
from zkhub.errors import HubError

#: Threads: ``submit`` sends orders, which takes some blocks each; ``io`` is everything else.
ROUTER_GROUPS = {"submit": 16, "io": 8}


class MessageRouterActor:
    """Carries calls to a :class:`MessageRouter`; all state is in its directory, so a restart continues.

    Args:
        directory: Where that is.
        settings_json: :class:`RouterSettings`.
        relayer_key: Private key (hex) that pays for claims.
    """

    def __init__(self, directory: str, settings_json: str, relayer_key: str) -> None:
        log_as_actor(ROUTER_ACTOR)
        self._directory = Path(directory)
        self._settings = RouterSettings.model_validate_json(settings_json)
        self._relayer_key = bytes.fromhex(relayer_key.removeprefix("0x"))
        self._opened: MessageRouter | None = None
        self._error: HubError | None = None
        self.reopen()

    def reopen(self) -> None:
        """Open the router, unless it is open; what keeps it shut is raised by every call until then."""
        if self._opened is not None:
            return
        try:
            self._opened = MessageRouter(
                self._directory, self._settings, lambda endpoints: RealBridge(endpoints, self._relayer_key)
            )
            self._opened.start()
            self._error = None
        except HubError as error:
            self._error = error

    @property
    def _router(self) -> MessageRouter:
        if self._opened is None:
            assert self._error is not None
            raise self._error
        return self._opened

    def ready(self) -> None:
        """Try once more if the router could not be opened."""
        self.reopen()
        assert self._router

    def stop(self) -> None:
        """Finish what is at hand and close the memory."""
        if self._opened is not None:
            self._opened.close()

    @ray.method(concurrency_group="io")
    def connect(self, l1_url: str, chains: Mapping[str, str]) -> None:
        """Say where the L1 and the chains are."""
        self._router.connect(l1_url, chains)

    @ray.method(concurrency_group="submit")
    def submit(self, order: Order, private_key: bytes, request: str, relay: bool, wait_s: float) -> MessageInfo:
        """Send an order's transaction."""
        return self._router.submit(order, private_key, request, relay=relay, wait_s=wait_s)

    @ray.method(concurrency_group="submit")
    def track(self, source: str, transaction_hash: bytes, relay: bool) -> list[MessageInfo]:
        """Follow what a transaction sent."""
        return self._router.track(source, transaction_hash, relay=relay)

    @ray.method(concurrency_group="io")
    def message(self, message_id: str) -> MessageInfo:
        """A message."""
        return self._router.message(message_id)

    @ray.method(concurrency_group="io")
    def messages(self, chain: str | None, stage: MessageStage | None, limit: int) -> list[MessageInfo]:
        """Messages, the newest first."""
        return self._router.messages(chain, stage, limit)

    @ray.method(concurrency_group="io")
    def counts(self) -> dict[MessageStage, int]:
        """How many messages are in each stage."""
        return self._router.counts()

    @ray.method(concurrency_group="io")
    def trouble(self) -> str:
        """What keeps the router from its work."""
        return self._router.trouble

    @ray.method(concurrency_group="io")
    def retry(self, message_id: str) -> MessageInfo:
        """Try again to claim a message."""
        return self._router.retry(message_id)

    @ray.method(concurrency_group="io")
    def claim(self, message_id: str) -> MessageInfo:
        """Have a message claimed as soon as that is possible."""
        return self._router.claim(message_id)
