"""The message router: a durable list of messages, each followed from its source to its destination.

Nothing depends on this process: what it knows it can read from the chains again, what it sends is recorded, signed,
before it is handed in, and a claim that somebody else made counts as made. So it may die at any moment.
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import suppress
from dataclasses import replace
from itertools import groupby
from math import inf
from pathlib import Path

import structlog

from chain_template.loops import Loop
from cluster.errors import (
    MessageMissing,
    MessageNotRetryable,
    NoEndpoints,
    OrderConflict,
    RouterClosed,
)
from cluster.router.messages import (
    Found,
    Look,
    MessageInfo,
    Order,
    id_of_found,
    id_of_request,
    may_pass_to,
)
from cluster.router.seams import Bridge, Endpoints
from cluster.router.store import MessageStore
from cluster.settings import RouterSettings
from shared_bridge.errors import AlreadyClaimed, BridgeRefused, NotClaimable, RpcLost, UnknownMessage
from shared_bridge.stages import MessageStage, Refund
from zkhub.errors import HubError

#: Messages that are looked at in one step.
_AT_ONCE = 200
#: Seconds between two steps when nothing moves.
_IDLE_S = 0.2
_SUBMITTERS = 16
_LANES_A_DESTINATION = 8
_CLAIMABLE = (MessageStage.CLAIMABLE, MessageStage.DEAD)
_log = structlog.get_logger("router")

BridgeFactory = Callable[[Endpoints], Bridge]
"""Makes the bridge to an L1 and its chains."""


class MessageRouter:
    """Follows, relays and claims. Thread-safe.

    Args:
        directory: Where its memory is kept.
        settings: How it treats messages.
        bridge_for: Makes its bridge once it is told where the chains are.
        clock: Seconds since the epoch.

    Raises:
        RouterStoreError: Its memory cannot be opened.
    """

    def __init__(
        self,
        directory: Path,
        settings: RouterSettings,
        bridge_for: BridgeFactory,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._settings = settings
        self._bridge_for = bridge_for
        self._clock = clock
        self._store = MessageStore(directory / "router.db")
        self._lock = threading.RLock()
        self._closed = False
        self._endpoints = self._store.endpoints()
        self._bridge = bridge_for(self._endpoints) if self._endpoints is not None else None
        self._next_follow: dict[str, float] = {}
        self._submitting: dict[str, Future[None]] = {}
        self._submitters = ThreadPoolExecutor(_SUBMITTERS, "submit")
        self._lanes = ThreadPoolExecutor(settings.lanes, "relay")
        self._loop = Loop("route messages", self.step, idle_s=_IDLE_S)
        self._fail_unsigned()

    # -- life -------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to follow and to relay."""
        self._loop.start()

    def close(self) -> None:
        """Finish what is at hand and close the memory."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        self._loop.stop()
        self._submitters.shutdown(wait=True, cancel_futures=True)
        self._lanes.shutdown(wait=True)
        with self._lock:
            self._store.close()

    def connect(self, l1_url: str, chains: Mapping[str, str]) -> None:
        """Say where the L1 and the chains are now; nothing happens when that is known."""
        endpoints = Endpoints(l1_url, dict(chains))
        with self._lock:
            self._refuse_closed()
            if endpoints == self._endpoints:
                return
            with self._store.transaction():
                self._store.set_endpoints(endpoints)
            self._endpoints, self._bridge = endpoints, self._bridge_for(endpoints)
        self._loop.wake()

    @property
    def trouble(self) -> str:
        """What keeps the router from its work as a whole; empty when nothing does."""
        return self._loop.lasting_error or ""

    def _fail_unsigned(self) -> None:
        """Orders of an earlier life that died before signing: nothing of them was sent."""
        reason = "interrupted before anything was signed; nothing was sent"
        with self._lock:
            for message in self._store.unsent():
                self._update(message, self._staged(message, MessageStage.FAILED, reason))

    # -- orders -----------------------------------------------------------------------------------------

    def submit(
        self, order: Order, private_key: bytes, request: str, *, relay: bool = True, wait_s: float = 10.0
    ) -> MessageInfo:
        """Send an order's transaction, once for each ``request``: repeating it is safe.

        Returns when the transaction is handed in, or after ``wait_s`` while that goes on.

        Raises:
            OrderConflict: The name stands for another order.
            BridgeError: The bridge refused; nothing was sent.
            NoEndpoints: It is not known yet where the chains are.
        """
        message_id = id_of_request(request)
        with self._lock:
            self._refuse_closed()
            bridge = self._connected()
            message = self._store.find(message_id)
            if message is not None and message.order != order:
                raise OrderConflict(request)
            running = self._submitting.get(message_id)
            if running is None and (message is None or self._was_never_sent(message)):
                message = self._begin(message, message_id, order, request, relay)
                running = self._submitters.submit(self._send, bridge, message, private_key)
                self._submitting[message_id] = running
        if running is not None:
            with suppress(FutureTimeout):
                running.result(wait_s)
        return self.message(message_id)

    def _was_never_sent(self, message: MessageInfo) -> bool:
        return message.stage is MessageStage.FAILED and message.transaction_hash is None

    def _begin(
        self, known: MessageInfo | None, message_id: str, order: Order, request: str, relay: bool
    ) -> MessageInfo:
        message = MessageInfo(
            id=message_id,
            order=order,
            request=request,
            transaction_hash=None,
            position=0,
            handle="",
            stage=MessageStage.SENT,
            times={MessageStage.SENT: self._clock()},
            claim_transaction=None,
            relay=relay,
            attempts=0,
            not_before=0.0,
            error="",
        )
        with self._store.transaction():
            if known is not None:
                # The one row whose stage goes back: nothing was ever sent for it.
                self._store.remove(message_id)
            self._store.add(message)
        return message

    def _send(self, bridge: Bridge, message: MessageInfo, private_key: bytes) -> None:
        def record(transaction_hash: bytes, raw: bytes) -> None:
            with self._lock:
                self._store.keep_raw(message.id, transaction_hash, raw)

        try:
            found = bridge.submit(message.order, private_key, record)
        except HubError as error:
            if self._unsure(message.id, error):
                return
            raise
        else:
            with self._lock:
                kept = self._required(message.id)
                self._update(kept, replace(kept, transaction_hash=found.transaction_hash, handle=found.handle))
        finally:
            with self._lock:
                self._submitting.pop(message.id, None)
            self._loop.wake()

    def _unsure(self, message_id: str, error: HubError) -> bool:
        """Note what kept an order from being sent; True if it may have been sent all the same."""
        with self._lock:
            kept = self._required(message_id)
            if isinstance(error, RpcLost) and kept.transaction_hash is not None:
                # The looks will tell, and hand it in again if it did not arrive.
                self._update(kept, replace(kept, error=error.message))
                return True
            # Only a transaction in a block has a hash that anybody can look up.
            in_block = isinstance(error, BridgeRefused) and error.transaction_hash is not None
            failed = self._staged(kept, MessageStage.FAILED, error.message)
            self._update(kept, failed if in_block else replace(failed, transaction_hash=None))
            return False

    def track(self, source: str, transaction_hash: bytes, *, relay: bool = True) -> list[MessageInfo]:
        """Follow what a transaction sent, whoever sent it.

        Raises:
            UnknownMessage: It sent nothing, or is in no block.
        """
        with self._lock:
            bridge = self._connected()
        found = bridge.find(source, transaction_hash)
        self._remember(found, relay)
        with self._lock:
            known = [self._store.at(source, transaction_hash, each.position) for each in found]
        self._loop.wake()
        return [message for message in known if message is not None]

    # -- questions --------------------------------------------------------------------------------------

    def message(self, message_id: str) -> MessageInfo:
        """A message; raises :class:`MessageMissing`."""
        with self._lock:
            return self._required(message_id)

    def messages(
        self, chain: str | None = None, stage: MessageStage | None = None, limit: int = 100
    ) -> list[MessageInfo]:
        """Messages, the newest first; ``chain`` is either end."""
        with self._lock:
            self._refuse_closed()
            return self._store.newest(chain, stage, limit)

    def counts(self) -> dict[MessageStage, int]:
        """How many messages are in each stage."""
        with self._lock:
            self._refuse_closed()
            return self._store.counts()

    def retry(self, message_id: str) -> MessageInfo:
        """Try again to claim a message, from the dead-letter list or before its next attempt is due.

        Raises:
            MessageNotRetryable: There is nothing to claim yet, or any more.
        """
        with self._lock:
            message = self._required(message_id)
            if message.stage not in _CLAIMABLE:
                raise MessageNotRetryable(message_id, message.stage.value)
            fresh = self._staged(message, MessageStage.CLAIMABLE, "")
            message = self._update(message, replace(fresh, attempts=0, not_before=0.0, relay=True))
        self._loop.wake()
        return message

    def claim(self, message_id: str) -> MessageInfo:
        """Have a message claimed as soon as that is possible; repeating it is safe."""
        with self._lock:
            message = self._required(message_id)
            if message.stage is MessageStage.DEAD:
                return self.retry(message_id)
            if not message.stage.is_final or message.is_refund_open:
                message = self._update(message, replace(message, relay=True, not_before=0.0))
        self._loop.wake()
        return message

    # -- work -------------------------------------------------------------------------------------------

    def step(self) -> bool:
        """Read what the chains have sent, look at what is due, claim what can be; True if something moved."""
        with self._lock:
            if self._closed or self._bridge is None or self._endpoints is None:
                return False
            bridge, endpoints = self._bridge, self._endpoints
        moved = self._settings.auto_relay and any([self._follow(bridge, chain) for chain in endpoints.chains])
        with self._lock:
            due = self._store.due(self._clock(), _AT_ONCE)
            self._store.forget_oldest(self._settings.keep_records)
        lanes = groupby(sorted(due, key=_lane), key=_lane)
        served = [self._lanes.submit(self._serve, bridge, list(messages)) for _, messages in lanes]
        return any([lane.result() for lane in served]) or moved

    def _follow(self, bridge: Bridge, chain: str) -> bool:
        """Read the next blocks of a chain; True if there was a message in them."""
        with self._lock:
            first = self._store.cursor(chain)
        if self._clock() < self._next_follow.get(chain, 0.0):
            return False
        self._next_follow[chain] = self._clock() + self._settings.follow_s
        try:
            last = min(bridge.head(chain), first + self._settings.follow_blocks - 1)
            if last < first:
                return False
            found = bridge.sent(chain, first, last)
        except HubError as error:
            # The others must not wait for this one.
            _log.warning("a chain cannot be followed", chain=chain, reason=error.message)
            return False
        self._remember(found, True, chain, last + 1)
        if last + 1 == first + self._settings.follow_blocks:
            self._next_follow[chain] = 0.0
        return bool(found)

    def _remember(self, found: Iterable[Found], relay: bool, chain: str = "", next_block: int = 0) -> None:
        """Add what is not known, together with how far the chain was read."""
        with self._lock:
            self._refuse_closed()
            with self._store.transaction():
                for each in found:
                    self._store.add(self._found(each, relay))
                if chain:
                    self._store.set_cursor(chain, next_block)

    def _found(self, found: Found, relay: bool) -> MessageInfo:
        return MessageInfo(
            id=id_of_found(found.order.source, found.transaction_hash, found.position),
            order=found.order,
            request="",
            transaction_hash=found.transaction_hash,
            position=found.position,
            handle=found.handle,
            stage=MessageStage.INCLUDED,
            times={MessageStage.INCLUDED: self._clock()},
            claim_transaction=None,
            relay=relay,
            attempts=0,
            not_before=0.0,
            error="",
        )

    def _serve(self, bridge: Bridge, messages: list[MessageInfo]) -> bool:
        """Look at messages of one lane, one after the other."""
        return any([self._look_at(bridge, message) for message in messages])

    def _look_at(self, bridge: Bridge, message: MessageInfo) -> bool:
        try:
            message = self._with_handle(bridge, message)
            seen = bridge.look(message)
            moved = (seen.stage, seen.refund) != (message.stage, message.refund)
            message = self._apply(message, seen)
            if message.relay and (message.stage is MessageStage.CLAIMABLE or message.refund is Refund.CLAIMABLE):
                moved = self._claim(bridge, message) or moved
        except HubError as error:
            self._put_off(message, error.message)
            return False
        return moved

    def _with_handle(self, bridge: Bridge, message: MessageInfo) -> MessageInfo:
        """The message with what the bridge knows it by; an order has that once its transaction is in a block."""
        if message.handle or message.transaction_hash is None:
            return message
        source = message.order.source
        try:
            found = bridge.find(source, message.transaction_hash)
        except UnknownMessage:
            with self._lock:
                raw = self._store.raw(message.id)
            if raw is not None:
                bridge.resend(source, raw)
            raise
        for each in found:
            if each.position == message.position:
                with self._lock:
                    return self._update(self._required(message.id), replace(message, handle=each.handle))
        raise UnknownMessage(f"transaction 0x{message.transaction_hash.hex()} did not send what was ordered")

    def _apply(self, message: MessageInfo, seen: Look) -> MessageInfo:
        with self._lock:
            kept = self._required(message.id)
            if not may_pass_to(kept.stage, seen.stage):
                # L1 itself went back behind what it had executed: the first look after it has caught up will do.
                return self._update(kept, replace(kept, not_before=self._clock() + self._settings.longest_look_s))
            fresh = self._staged(kept, seen.stage, seen.detail if seen.stage is MessageStage.FAILED else "")
            if kept.stage is MessageStage.CLAIMED and fresh.stage is MessageStage.CLAIMABLE:
                _log.warning("a claim was undone", message=kept.id)
                fresh = replace(fresh, claim_transaction=None)
            fresh = replace(fresh, refund=seen.refund)
            return self._update(kept, replace(fresh, not_before=self._clock() + self._pause_s(fresh)))

    def _pause_s(self, message: MessageInfo) -> float:
        """Seconds until a message is looked at again; they grow with the time it is in its stage."""
        waited_s = self._clock() - message.since
        if message.stage is MessageStage.CLAIMED:
            return max(waited_s, self._settings.longest_look_s) if waited_s < self._settings.watch_claims_s else inf
        return min(max(waited_s / 8, self._settings.shortest_look_s), self._settings.longest_look_s)

    def _claim(self, bridge: Bridge, message: MessageInfo) -> bool:
        """Claim a message that can be, or a failed deposit back; True if it is claimed now."""
        try:
            transaction = bridge.claim(message)
        except AlreadyClaimed:
            transaction = None
        except NotClaimable as error:
            self._put_off(message, error.message)
            return False
        except RpcLost:
            raise
        except HubError as error:
            self._failed_claim(message, error.message)
            return False
        with self._lock:
            kept = self._required(message.id)
            if kept.is_refund_open:
                back = replace(kept, refund=Refund.CLAIMED)
            else:
                back = self._staged(kept, MessageStage.CLAIMED, "")
                back = replace(back, not_before=self._clock() + self._pause_s(back))
            self._update(kept, replace(back, claim_transaction=transaction))
        return True

    def _put_off(self, message: MessageInfo, reason: str) -> None:
        """Look again later: it is not the message's fault."""
        with self._lock:
            if self._closed:
                return
            kept = self._required(message.id)
            if kept.stage is MessageStage.CLAIMED:
                # It is at its end, and its chain may be gone for good.
                self._update(kept, replace(kept, not_before=self._clock() + self._pause_s(kept)))
                return
            waited_s = max(0.0, self._clock() - kept.since)
            pause_s = min(max(waited_s / 4, self._settings.shortest_look_s), self._settings.longest_look_s)
            self._update(kept, replace(kept, error=reason, not_before=self._clock() + pause_s))

    def _failed_claim(self, message: MessageInfo, reason: str) -> None:
        with self._lock:
            kept = self._required(message.id)
            attempts = kept.attempts + 1
            if attempts >= self._settings.max_attempts and not kept.is_refund_open:
                _log.error("message is dead", message=kept.id, attempts=attempts, reason=reason)
                self._update(kept, replace(self._staged(kept, MessageStage.DEAD, reason), attempts=attempts))
                return
            pause_s = self._settings.retry_delay_s * 2 ** (attempts - 1)
            pause_s = min(pause_s, self._settings.max_retry_delay_s)
            self._update(kept, replace(kept, attempts=attempts, error=reason, not_before=self._clock() + pause_s))

    # -- small parts ------------------------------------------------------------------------------------

    def _staged(self, message: MessageInfo, stage: MessageStage, error: str) -> MessageInfo:
        """The message in a stage; the time when it got there stays when it was there already."""
        if stage is message.stage:
            return replace(message, error=error)
        return replace(message, stage=stage, times={**message.times, stage: self._clock()}, error=error)

    def _update(self, old: MessageInfo, new: MessageInfo) -> MessageInfo:
        self._refuse_closed()
        if new.stage is not old.stage:
            _log.info("message moved", message=new.id, kind=new.order.kind.value, stage=new.stage.value)
        return self._store.update(old, new)

    def _required(self, message_id: str) -> MessageInfo:
        self._refuse_closed()
        message = self._store.find(message_id)
        if message is None:
            raise MessageMissing(message_id)
        return message

    def _connected(self) -> Bridge:
        self._refuse_closed()
        if self._bridge is None:
            raise NoEndpoints("the router was not told yet where the chains are")
        return self._bridge

    def _refuse_closed(self) -> None:
        if self._closed:
            raise RouterClosed("the message router is stopping")


def _lane(message: MessageInfo) -> tuple[str, int]:
    """Messages in different lanes are served at the same time: a claim waits for a block most of its time."""
    return message.order.destination, int(message.id[-1], 16) % _LANES_A_DESTINATION
